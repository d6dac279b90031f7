"""The printer as desktops see it.

- ``printer``: the queue's description (PPD), from one source for every queue; ``words`` are its names in English and
  German. Pure: ``backend.queue`` gives it to CUPS.
- ``icon.png``: the queue's picture.
- ``filter/platen-pdf``: CUPS' own pdftopdf with a mark behind each document, and without its talk.
- ``filter/platen-pass``: hands PostScript and TIFF on untouched, so that no interpreter runs on a user's input outside
  the limits of our own workers, and no page of a TIFF is lost.
- both filters end in ``backend/keeper.py``, which hands the fax over when the backend was killed; ``backend.install``
  puts them where CUPS wants them.
"""
