"""Whether a TIFF is a fax as it stands, which goes out as it is (MS fax service: "Fax TIFF").

Must not: decode an image (the server does).
"""

from __future__ import annotations

from collections.abc import Mapping
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
    scale = 2.54 if tags.get(RESOLUTION_UNIT) == CENTIMETRE else 1.0
    across, down = (round(_number(tags.get(tag, "0")) * scale) for tag in (X_RESOLUTION, Y_RESOLUTION))
    fits = 0 < across <= X_MOST_DPI and 0 < down <= Y_MOST_DPI
    packed = tags.get(COMPRESSION, "1") in COMPRESSIONS
    return down if fits and packed and tags.get(IMAGE_WIDTH) == FAX_WIDTH else None


def _number(text: str) -> float:
    """A number or a fraction; 0 for what is neither."""
    above, _, below = text.partition("/")
    try:
        return int(above) / int(below or "1")
    except (ValueError, ZeroDivisionError):
        return 0.0
