"""Operations on finished pages: fewer or more rows, a strip above, crop, width, rotation, comparison, preview.

What always holds: pages are never changed, new ones are made; where several pixels become one, black wins, so that thin
lines survive; all work on run lists, without a bitmap of the page. Each function raises ``CodeError`` when a page's
code is damaged or the geometry asked for is impossible.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from codec._t4 import ffi, lib
from codec.coder import check_bitmap, checked, new_octets, taken
from codec.errors import CodeError
from codec.page import Bitmap, Page, Resolution

_LINES = {98: 1, 196: 2, 391: 4}


@dataclass(frozen=True, kw_only=True)
class _Edit:
    """What ``t4_edit`` says, with the page's own geometry for everything left out."""

    first_row: int = 0
    take_rows: int | None = None
    out_rows: int | None = None
    step: tuple[int, int] = (1, 1)
    scaled_width: int | None = None
    shift: int = 0
    out_width: int | None = None
    dpi_x: int | None = None
    dpi_y: int | None = None


def _edited(page: Page, edit: _Edit, strip: Bitmap | None = None) -> Page:
    take = page.rows - edit.first_row if edit.take_rows is None else edit.take_rows
    out_rows = take if edit.out_rows is None else edit.out_rows
    scaled = edit.scaled_width or page.width
    width = edit.out_width or scaled
    numbers = (edit.first_row, take, out_rows, *edit.step, scaled, edit.shift, width)
    if any(abs(number) > 0x7FFFFFFF for number in (*numbers, page.width, page.rows)):
        raise CodeError("impossible geometry")
    asked = ffi.new("t4_edit *", numbers)
    strip_data, strip_rows = ffi.NULL, 0
    if strip is not None:
        check_bitmap(strip)
        if strip.width != width:
            raise CodeError(f"a strip of {strip.width} pixels does not fit a page of {width}")
        strip_data, strip_rows = ffi.from_buffer("uint8_t[]", strip.data), strip.rows
    code = ffi.from_buffer("uint8_t[]", page.data)
    out = new_octets()
    checked(
        lib.t4_edit_page(code, len(page.data), page.width, page.rows, asked, strip_data, strip_rows, out),
        "changing a page",
    )
    return Page(width, out_rows + strip_rows, edit.dpi_x or page.dpi_x, edit.dpi_y or page.dpi_y, taken(out))


def reduce_rows(page: Page, to: Resolution) -> Page:
    """The page at a lower vertical resolution: of 2 or 4 rows one is made that is black where any of them is.

    The page itself when it has that resolution already. CodeError when it has a lower one.
    """
    if page.dpi_y == to.dpi_y:
        return page
    if page.dpi_y < to.dpi_y:
        raise CodeError(f"a page of {page.dpi_y} dpi has no {to.dpi_y} dpi to give")
    if page.dpi_y in _LINES:
        step = (_LINES[page.dpi_y], _LINES[to.dpi_y])
        step = (step[0] // step[1], 1)
    else:
        step = (page.dpi_y, to.dpi_y)
    rows = -(-page.rows * step[1] // step[0])
    return _edited(page, _Edit(out_rows=rows, step=step, dpi_y=to.dpi_y))


def resample(page: Page, dpi_x: int, dpi_y: int, width: int | None = None) -> Page:
    """The page at another resolution of the same size on paper (metric and inch, standard to fine and back).

    ``width`` (pixels): the result is cut or filled with white on the right to this; None: as it comes.
    """
    if not (1 <= dpi_x <= 100_000 and 1 <= dpi_y <= 100_000):
        raise CodeError(f"{dpi_x} x {dpi_y} dpi are impossible")
    scaled = max(1, round(page.width * dpi_x / page.dpi_x))
    step = (_LINES[page.dpi_y], _LINES[dpi_y]) if {page.dpi_y, dpi_y} <= _LINES.keys() else (page.dpi_y, dpi_y)
    rows = -(-page.rows * step[1] // step[0])
    return _edited(
        page, _Edit(out_rows=rows, step=step, scaled_width=scaled, out_width=width, dpi_x=dpi_x, dpi_y=dpi_y)
    )


def prepend(page: Page, strip: Bitmap) -> Page:
    """The page with the strip's rows above its own. The strip must be as wide as the page."""
    return _edited(page, _Edit(), strip)


def overlay(page: Page, fields: Sequence[tuple[Bitmap, int, int]]) -> Page:
    """The page with the black pixels of each bitmap added; x and y of its upper left pixel stand beside it.

    What of a bitmap lies outside the page is left out.
    """
    asked = ffi.new("t4_field[]", max(1, len(fields)))
    kept = []
    for place, (bitmap, x, y) in zip(asked, fields, strict=False):
        check_bitmap(bitmap)
        if max(abs(x), abs(y)) > lib.T4_MAX_ROWS:
            raise CodeError(f"no page reaches to {x}, {y}")
        kept.append(ffi.from_buffer("uint8_t[]", bitmap.data))
        place.bits, place.width, place.rows, place.x, place.y = kept[-1], bitmap.width, bitmap.rows, x, y
    code = ffi.from_buffer("uint8_t[]", page.data)
    out = new_octets()
    checked(
        lib.t4_overlay_page(code, len(page.data), page.width, page.rows, asked, len(fields), out), "drawing over a page"
    )
    return Page(page.width, page.rows, page.dpi_x, page.dpi_y, taken(out))


def crop(page: Page, top: int = 0, rows: int | None = None) -> Page:
    """``rows`` rows of the page (all the rest when None) without its first ``top``."""
    left = page.rows - top
    if top < 0 or left < 0 or (rows is not None and not 0 <= rows <= left):
        raise CodeError(f"a page of {page.rows} rows has no {rows} rows behind row {top}")
    return _edited(page, _Edit(first_row=top, take_rows=left if rows is None else rows))


def crop_white_foot(page: Page, keep_rows: int = 0) -> Page:
    """The page without the white rows at its end, but for ``keep_rows`` of them; at least one row stays."""
    if keep_rows < 0:
        raise CodeError(f"{keep_rows} rows cannot be kept")
    left, out = ffi.new("int32_t *"), new_octets()
    code = ffi.from_buffer("uint8_t[]", page.data)
    keep = min(keep_rows, page.rows)
    checked(lib.t4_crop_foot(code, len(page.data), page.width, page.rows, keep, out, left), "looking at a page")
    return page if left[0] == page.rows else Page(page.width, left[0], page.dpi_x, page.dpi_y, taken(out))


def with_width(page: Page, width: int, shift: int = 0) -> Page:
    """The page moved right by ``shift`` pixels, then cut on the right or filled up with white to ``width`` pixels."""
    return page if width == page.width and not shift else _edited(page, _Edit(out_width=width, shift=shift))


def scaled_to_width(page: Page, width: int) -> Page:
    """The page with its pixels squeezed or stretched to another width class, both ways, so that its shape stays."""
    if width == page.width:
        return page
    rows = -(-page.rows * width // page.width)
    return _edited(page, _Edit(out_rows=rows, step=(page.width, width), scaled_width=width))


def same_pixels(one: Page, two: Page) -> int | None:
    """The first row (from 0) in which the pages differ, or None when they do not. Resolution is not looked at.

    Pages of different widths differ in row 0; of different lengths at the latest behind the shorter one's last row.
    """
    if one.width != two.width:
        return 0
    rows = min(one.rows, two.rows)
    row = ffi.new("int32_t *")
    first, second = ffi.from_buffer("uint8_t[]", one.data), ffi.from_buffer("uint8_t[]", two.data)
    checked(
        lib.t4_first_difference(first, len(one.data), second, len(two.data), one.width, rows, row), "comparing pages"
    )
    if row[0] >= 0:
        return int(row[0])
    return None if one.rows == two.rows else rows


def rotate90(page: Page, clockwise: bool = True) -> Page:
    """The page after a quarter turn; its two resolutions change places. CodeError when it has more than 65,535 rows."""
    code = ffi.from_buffer("uint8_t[]", page.data)
    out = new_octets()
    checked(lib.t4_turn_page(code, len(page.data), page.width, page.rows, clockwise, out), "turning a page")
    return Page(page.rows, page.width, page.dpi_y, page.dpi_x, taken(out))


def to_png(page: Page, box: int = 2) -> bytes:
    """A preview of the page as PNG of 16 greys, in the shape it has on paper: ``box`` pixels across become one."""
    if not 1 <= box <= 64:
        raise CodeError(f"a box of {box} pixels is impossible")
    # A row of standard resolution is twice as high as a pixel is wide: it is drawn twice rather than merged.
    ratio = page.dpi_y * box / page.dpi_x
    box_y = min(1024, max(1, round(ratio)))
    repeat = max(1, round(box_y / ratio)) if box_y == 1 else 1
    width, rows = -(-page.width // box), -(-page.rows // box_y)
    if repeat > 1024:
        raise CodeError(f"a page of {page.dpi_x} x {page.dpi_y} dpi is too flat to be drawn")
    code, out = ffi.from_buffer("uint8_t[]", page.data), new_octets()
    checked(lib.t4_preview(code, len(page.data), page.width, page.rows, box, box_y, repeat, out), "drawing a preview")
    packed = taken(out)
    head = struct.pack(">IIBBBBB", width, rows * repeat, 4, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
