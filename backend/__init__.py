"""The door for CUPS: from a print job to a fax job.

- ``main`` is the backend program: a small parent over a worker (``hand_over``), which reads the job's options
  (``options``, ``numbers``, ``asked``), its documents (``documents``), perhaps what stands in them (``embedded``), and
  hands both to the daemon or to the incoming folder.
- ``install`` writes the programs and ``queue`` the queues, as ``platen queue`` wants them; ``checks`` looks whether
  CUPS can run them; ``private`` runs a CUPS of our own, for the demo and tests.
- May import: ``fax``, ``ipp``, ``ppd``, the standard library; ``cups`` (pycups) inside the functions that administer.
"""
