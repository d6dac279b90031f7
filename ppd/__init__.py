"""The printer as desktops see it.

- ``platen-fax.ppd``: the queue's description. PDF goes through CUPS' pdftopdf, so that several files make one job.
- ``filter/platen-pass``: hands PostScript and TIFF on untouched, so that no interpreter runs on a user's input outside
  the limits of our own workers, and no page of a TIFF is lost.

No Python of ours lives here; ``backend.install`` puts the files where CUPS wants them.
"""
