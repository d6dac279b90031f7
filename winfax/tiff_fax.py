"""Whether a TIFF is a fax as it stands, which goes out as it is (MS fax service: "Fax TIFF").

Must not: decode an image (the server does).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from os import PathLike

from winfax.tiff_file import NotATiffError, pages

IMAGE_WIDTH, COMPRESSION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 256, 259, 282, 283, 296
COMPRESSIONS = ("1", "4")  # none, Group 4
CENTIMETRE = "3"
FAX_WIDTH = "1728"
X_MOST_DPI, Y_MOST_DPI = 204, 200
STANDARD_MOST_DPI = 150


def fax_rows_dpi(path: str | PathLike[str]) -> int | None:
    """The rows per inch of a TIFF that is a fax as it stands: uncompressed or in Group 4, 1728 pixels wide, at most 204
    by 200 dpi, all pages alike. None for every other file. Raises OSError."""
    try:
        found = {_rows(tags) for tags in pages(path)}
    except NotATiffError:
        return None
    return found.pop() if len(found) == 1 else None


def _rows(tags: Mapping[int, str]) -> int | None:
    scale = Fraction("2.54") if tags.get(RESOLUTION_UNIT) == CENTIMETRE else 1
    try:
        across = round(Fraction(tags.get(X_RESOLUTION, "0")) * scale)
        down = round(Fraction(tags.get(Y_RESOLUTION, "0")) * scale)
    except (ValueError, ZeroDivisionError):
        return None
    fits = 0 < across <= X_MOST_DPI and 0 < down <= Y_MOST_DPI
    packed = tags.get(COMPRESSION, "1") in COMPRESSIONS
    return down if fits and packed and tags.get(IMAGE_WIDTH) == FAX_WIDTH else None
