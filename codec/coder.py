"""T.4 and T.6 code: bitmaps to code, code to bitmaps with a report of bad rows, code to other code.

What always holds: bitmaps and pages are as ``codec.page`` says; the C part (``t4.h``) bounds every buffer, so that no
input can do worse than raise ``CodeError``; calls may run in any number of threads and do not hold the interpreter.
What it must not do: guess a geometry, or read files.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import Enum
from typing import Any

from codec._t4 import ffi, lib
from codec.errors import CodeError
from codec.page import Bitmap, BitOrder, Coding, Page

MAX_WIDTH = 65_535
MAX_ROWS = 65_535
"""Rows that are decoded at most when the caller names no number."""
_MAX_PIXELS = 1 << 30
_ROOM = 4 << 20
"""Octets that are taken for the pixels of a page before it is known how many of its rows there are."""
_BEHIND = 8
"""Octets that the C part may write behind the last row."""

_CODINGS = {Coding.MH: lib.T4_MH, Coding.MR: lib.T4_MR, Coding.MMR: lib.T4_MMR}

lib.t4_init()


class End(Enum):
    """Why decoding stopped."""

    MARK = 0
    """RTC or EOFB."""
    DATA = 1
    """No more octets."""
    ROWS = 2
    """As many rows as were asked for, and no end mark behind them."""
    CODE = 3
    """MMR: a code word that cannot be; what came before it was decoded."""


@dataclass(frozen=True)
class Decoded:
    """What became of coded data.

    ``bitmap`` holds every row found; a bad row shows the last good one above it (white at the top).
    """

    bitmap: Bitmap
    bad_rows: tuple[int, ...]
    """Numbers of the bad rows, from 0, ascending."""
    longest_bad_run: int
    end: End
    bits_used: int
    """Up to and with the last thing understood; for ``End.CODE`` the position of the wrong code word, in bits."""

    @property
    def rows(self) -> int:
        return self.bitmap.rows

    @property
    def clean(self) -> bool:
        """No bad row, and no code word that cannot be."""
        return not self.bad_rows and self.end is not End.CODE


def checked(result: int, what: str) -> None:
    """Turns the C part's verdict into an exception. For this package only."""
    if result == lib.T4_NO_MEMORY:
        raise MemoryError
    if result == lib.T4_BAD_ARGUMENT:
        raise CodeError(f"{what}: impossible geometry or parameters")
    if result != lib.T4_OK:
        raise CodeError(f"{what}: the code is damaged or does not fit the geometry")


def new_octets() -> Any:
    """A buffer that the C part fills. For this package only."""
    return ffi.gc(ffi.new("t4_octets *"), lib.t4_free)


def taken(octets: Any) -> bytes:
    """What the C part put into the buffer, which is given back. For this package only."""
    data = ffi.buffer(octets.data, octets.length)[:] if octets.length else b""
    lib.t4_free(octets)
    return data


def _form(
    coding: Coding,
    order: BitOrder,
    k: int = 4,
    min_row_bits: int = 0,
    rtc: bool = True,
    eol_aligned: bool = False,
) -> Any:
    if k < 1 or not 0 <= min_row_bits <= 1_000_000:
        raise CodeError(f"k {k} or minimum of {min_row_bits} bits per row is impossible")
    form = ffi.new("t4_form *")
    form.coding = _CODINGS[coding]
    form.k = k
    form.min_row_bits = min_row_bits
    form.return_code = rtc
    form.eol_aligned = eol_aligned
    form.lsb_first = order is BitOrder.LSB
    return form


def check_width(width: int, rows: int | None = None) -> None:
    """Raises CodeError when no page can be so wide or have so many rows."""
    if not 1 <= width <= MAX_WIDTH:
        raise CodeError(f"a width of {width} pixels is impossible")
    if rows is not None and not 0 <= rows <= lib.T4_MAX_ROWS:
        raise CodeError(f"{rows} rows are impossible")


def most_rows(width: int) -> int:
    """How many rows are decoded when the caller names no number: no more than 128 MB of pixels."""
    return min(MAX_ROWS, _MAX_PIXELS // width)


def check_bitmap(bitmap: Bitmap) -> None:
    """Raises CodeError when the octets of the bitmap do not fit its geometry."""
    check_width(bitmap.width, bitmap.rows)
    if len(bitmap.data) != bitmap.rows * ((bitmap.width + 7) // 8):
        raise CodeError(f"{len(bitmap.data)} octets are not a bitmap of {bitmap.width} x {bitmap.rows}")


def encode(
    bitmap: Bitmap,
    coding: Coding,
    *,
    k: int = 4,
    min_row_bits: int = 0,
    rtc: bool = True,
    eol_aligned: bool = False,
    order: BitOrder = BitOrder.LSB,
) -> bytes:
    """A bitmap as T.4 or T.6 code, filled up with zeros to a whole octet.

    ``k``: MR, at most k-1 two-dimensional rows after a one-dimensional one (T.4 4.2.2). ``min_row_bits``: MH and MR,
    a row with the EOL that ends it takes at least so many bits (minimum scan line time). ``rtc``: end with RTC, for
    MMR with EOFB. ``eol_aligned``: MH and MR, each EOL ends on an octet's border. Raises CodeError.
    """
    check_bitmap(bitmap)
    out = new_octets()
    form = _form(coding, order, k, min_row_bits, rtc, eol_aligned)
    data = ffi.from_buffer("uint8_t[]", bitmap.data)
    checked(lib.t4_encode(data, bitmap.width, bitmap.rows, form, out), "encoding")
    return taken(out)


def decode(
    data: bytes, coding: Coding, width: int, *, rows: int | None = None, order: BitOrder = BitOrder.LSB
) -> Decoded:
    """Code as a bitmap of at most ``rows`` rows (``most_rows(width)`` when None), with a report.

    MH and MR find their way again at the next EOL: what is between two EOLs is one row, good or bad. MMR stops at the
    first code word that cannot be. Damage is reported, never raised; CodeError only for an impossible geometry.
    """
    check_width(width, rows)
    report = ffi.gc(ffi.new("t4_report *"), lib.t4_free_report)
    source = ffi.from_buffer("uint8_t[]", data)
    form, octets = _form(coding, order), (width + 7) // 8
    if rows is not None and rows * octets <= _ROOM:
        # The pixels are painted where they stay: a large copy costs as much as the decoding of a page of few pixels.
        pixels = io.BytesIO()
        pixels.seek(rows * octets + _BEHIND - 1)
        pixels.write(b"\0")
        with pixels.getbuffer() as view:
            bits = ffi.new("t4_octets *", {"data": ffi.from_buffer("uint8_t[]", view), "capacity": len(view)})
            checked(lib.t4_decode(source, len(data), form, width, rows, bits, report), "decoding")
            length = bits.length
            del bits
        pixels.truncate(length)
        bitmap = Bitmap(width, report.rows, pixels.getvalue())
    else:
        bits = new_octets()
        most = most_rows(width) if rows is None else rows
        checked(lib.t4_decode(source, len(data), form, width, most, bits, report), "decoding")
        bitmap = Bitmap(width, report.rows, taken(bits))
    bad = tuple(ffi.unpack(report.bad, report.bad_rows)) if report.bad_rows else ()
    return Decoded(bitmap, bad, report.longest_bad_run, End(report.end), report.bits_used)


def transcode(
    data: bytes,
    source: Coding,
    target: Coding,
    width: int,
    rows: int,
    *,
    k: int = 4,
    min_row_bits: int = 0,
    rtc: bool = True,
    eol_aligned: bool = False,
    source_order: BitOrder = BitOrder.MSB,
    order: BitOrder = BitOrder.LSB,
) -> bytes:
    """Code of one kind as code of another, run list by run list. Parameters as for ``encode``.

    Raises CodeError when ``data`` does not hold ``rows`` rows or any of them is bad: repair damage by ``decode`` first.
    """
    check_width(width, rows)
    out = new_octets()
    form = _form(target, order, k, min_row_bits, rtc, eol_aligned)
    code = ffi.from_buffer("uint8_t[]", data)
    checked(
        lib.t4_transcode(code, len(data), _form(source, source_order), width, rows, form, out),
        f"{source.value} to {target.value}",
    )
    return taken(out)


def page_from_bitmap(bitmap: Bitmap, dpi_x: int, dpi_y: int) -> Page:
    """A finished page of the bitmap's pixels. Raises CodeError."""
    code = encode(bitmap, Coding.MMR, order=BitOrder.MSB)
    return Page(bitmap.width, bitmap.rows, dpi_x, dpi_y, code)


def bitmap_of(page: Page) -> Bitmap:
    """The page's pixels. Raises CodeError when its code is damaged."""
    decoded = decode(page.data, Coding.MMR, page.width, rows=page.rows, order=BitOrder.MSB)
    if decoded.rows != page.rows:
        raise CodeError(f"a page of {page.rows} rows holds only {decoded.rows}")
    return decoded.bitmap
