"""The printer as desktops see it.

- ``platen-fax.ppd``: the queue's description.
- ``filter/platen-pdf``: CUPS' own pdftopdf with a mark behind each document, and without its talk.
- both end in ``backend/keeper.py``, which hands the fax over when the backend was killed.
- ``filter/platen-pass``: hands PostScript and TIFF on untouched, so that no interpreter runs on a user's input outside
  the limits of our own workers, and no page of a TIFF is lost.

No Python of ours lives here; ``backend.install`` puts the files where CUPS wants them.
"""
