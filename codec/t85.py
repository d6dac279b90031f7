"""T.85, the JBIG of fax machines: bitmaps to code and back, through libjbig.

What always holds: code begins with its 20 octets of BIH (T.82 6.2); the octets are those of the line as they stand, not
reversed as those of T.4 and T.6 are; memory is bounded by the limits given, whatever the code says of itself.
What it must not do: guess a resolution; JBIG says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from codec._t85 import ffi, lib
from codec.coder import MAX_WIDTH, check_bitmap, most_rows
from codec.errors import CodeError
from codec.page import Bitmap

STRIPE_ROWS = 128
"""T.85 basic: what every machine with T.85 takes (DIS bit 78)."""
_TPBON, _LRLTWO = 0x08, 0x40


@dataclass(frozen=True)
class DecodedT85:
    """What became of T.85 code. ``complete``: every row that the code announced is there."""

    bitmap: Bitmap
    complete: bool
    octets_used: int


def encode_t85(
    bitmap: Bitmap, *, stripe_rows: int = STRIPE_ROWS, at_window: int = 127, two_lines: bool = False
) -> bytes:
    """A bitmap as T.85 code, with typical prediction.

    ``stripe_rows``: L0, 128 unless the far end takes others (DIS bit 79). ``at_window``: MX, how far (0 to 127 pixels)
    the adaptive pixel may move; halftones are much shorter with it. ``two_lines``: the two-line template. Raises
    CodeError; a page of no rows cannot be said in T.85.
    """
    check_bitmap(bitmap)
    if not bitmap.rows or not 1 <= stripe_rows <= 0x7FFFFFFF or not 0 <= at_window <= 127:
        raise CodeError("T.85: impossible geometry or parameters")
    out = ffi.gc(ffi.new("t85_octets *"), lib.t85_free)
    options = _TPBON | (_LRLTWO if two_lines else 0)
    data = ffi.from_buffer("uint8_t[]", bitmap.data)
    if lib.t85_encode(data, bitmap.width, bitmap.rows, options, stripe_rows, at_window, out) != lib.T85_OK:
        raise MemoryError
    return bytes(ffi.buffer(out.data, out.length)[:])


def decode_t85(data: bytes, *, rows: int | None = None) -> DecodedT85:
    """T.85 code as a bitmap of at most ``rows`` rows; as far as it goes when the code is cut off.

    Raises CodeError when it is no T.85 or not one row can be read.
    """
    image = ffi.new("t85_image *")
    image.max_width = MAX_WIDTH
    width = int.from_bytes(data[4:8], "big")
    if not 1 <= width <= MAX_WIDTH:
        raise CodeError("this is no T.85 code")
    image.max_rows = most_rows(width) if rows is None else min(rows, most_rows(width))
    try:
        result = lib.t85_decode(ffi.from_buffer("uint8_t[]", data), len(data), image)
        if result == lib.T85_NO_MEMORY:
            raise MemoryError
        if result == lib.T85_BAD_CODE:
            raise CodeError("this is no T.85 code")
        pixels = ffi.buffer(image.bits.data, image.bits.length)[:] if image.bits.length else b""
        bitmap = Bitmap(image.width, image.rows, pixels)
    finally:
        lib.t85_free(ffi.addressof(image, "bits"))
    return DecodedT85(bitmap, result == lib.T85_OK, image.octets_used)
