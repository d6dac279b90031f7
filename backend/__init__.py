"""The door for CUPS: from a print job to a fax job.

- ``main`` is the backend program: a small parent over a worker (``hand_over``), which reads the job's options
  (``options``, ``asked``), its documents (``documents``), and hands both to the daemon or to the incoming folder.
- ``install`` writes the program, the filter and the queue; ``private`` runs a CUPS of our own, for the demo and tests.
- May import: ``fax``, ``ipp``, the standard library; ``cups`` (pycups) inside the functions that administer.
"""
