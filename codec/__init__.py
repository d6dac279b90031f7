"""Documents become bilevel pages, pages become T.4 / T.6 code, and both live in TIFF-F files.

May import: nothing of ours. Raises its own errors only (``codec.errors``).
"""
