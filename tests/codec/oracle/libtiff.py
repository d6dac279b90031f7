"""libtiff, through pylibtiff, as a second opinion on T.4 and T.6 code."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codec.page import Bitmap, BitOrder, Coding

COMPRESSION = {Coding.MH: 3, Coding.MR: 3, Coding.MMR: 4}


@dataclass(frozen=True)
class LibtiffDecoded:
    bitmap: Bitmap
    said_good: bool


def _opened(path: Path, mode: str) -> Any:
    from libtiff import libtiff_ctypes

    libtiff_ctypes.libtiff.TIFFSetErrorHandler(None)
    libtiff_ctypes.libtiff.TIFFSetWarningHandler(None)
    return libtiff_ctypes.TIFF.open(str(path), mode)


def _described(tiff: Any, width: int, rows: int, coding: Coding, order: BitOrder, aligned: bool) -> None:
    fields = {
        "ImageWidth": width,
        "ImageLength": rows,
        "BitsPerSample": 1,
        "SamplesPerPixel": 1,
        "Photometric": 0,
        "Compression": COMPRESSION[coding],
        "RowsPerStrip": rows,
        "FillOrder": order.value,
        "XResolution": 204.0,
        # libtiff takes K = 4 above 150 dpi, else 2.
        "YResolution": 196.0,
        "ResolutionUnit": 2,
    }
    for name, value in fields.items():
        tiff.SetField(name, value)
    if coding is not Coding.MMR:
        tiff.SetField("T4Options", (coding is Coding.MR) | aligned << 2)


def encode(
    path: Path, bitmap: Bitmap, coding: Coding, *, order: BitOrder = BitOrder.MSB, aligned: bool = False
) -> bytes:
    """The strip that libtiff writes: without RTC, with EOFB; the file stays at ``path``."""
    tiff = _opened(path, "w")
    _described(tiff, bitmap.width, bitmap.rows, coding, order, aligned)
    data = ctypes.create_string_buffer(bitmap.data, len(bitmap.data))
    tiff.WriteEncodedStrip(0, data, len(bitmap.data))
    tiff.close()
    tiff = _opened(path, "r")
    raw = ctypes.create_string_buffer(len(bitmap.data) * 8 + 1000)
    length = tiff.ReadRawStrip(0, raw, len(raw))
    tiff.close()
    return raw.raw[:length]


def decode(
    path: Path, code: bytes, coding: Coding, width: int, rows: int, *, order: BitOrder = BitOrder.MSB
) -> LibtiffDecoded:
    """What libtiff makes of the code as one strip."""
    tiff = _opened(path, "w")
    _described(tiff, width, rows, coding, order, False)
    tiff.WriteRawStrip(0, ctypes.create_string_buffer(code, len(code)), len(code))
    tiff.close()
    tiff = _opened(path, "r")
    octets = (width + 7) // 8 * rows
    pixels = ctypes.create_string_buffer(octets)
    length = tiff.ReadEncodedStrip(0, pixels, octets)
    tiff.close()
    return LibtiffDecoded(Bitmap(width, rows, pixels.raw), length == octets)
