"""QR codes and Code 128 as pixels: whole modules of whole dots, since a scanner reads edges.

What always holds: every module has the same number of dots across, and the same down, at every resolution the same
size on paper; the quiet zone that the standard asks for is part of the picture.

The encoders are ReportLab's; drawing is ours.
"""

from __future__ import annotations

from functools import lru_cache

from codec.page import Bitmap, Resolution
from coverpage.errors import CoverPageError
from coverpage.template import Code

# ISO/IEC 18004 6.3.8 and 15417 4.2: light modules around.
QR_QUIET = 4
CODE128_QUIET = 10
QR_LIMIT = 500
CODE128_LIMIT = 48
_ROWS = {Resolution.STANDARD: 1, Resolution.FINE: 2, Resolution.SUPERFINE: 4}
_DPI_STANDARD = 98.0
_DPI_X = 204.14


@lru_cache(maxsize=4096)
def code(kind: Code, text: str, width: float, height: float, resolution: Resolution) -> Bitmap:
    """The code in a room of so many points; smaller than it, by what is left of whole modules.

    Raises CoverPageError: the text is too long for the room, or has characters that Code 128 lacks.
    """
    modules = _qr(text) if kind == "qr" else _code128(text)
    across = len(modules[0])
    rows = _ROWS[resolution]
    if kind == "qr":
        # Square on paper: a module is a whole number of standard rows high, and twice as many dots across.
        down = int(min(height * _DPI_STANDARD / 72 / len(modules), width * _DPI_X / 144 / across))
        dots = 2 * down
    else:
        dots = int(width * _DPI_X / 72 / across)
        dots = min(dots, 4)
        down = int(height * _DPI_STANDARD / 72)
    if dots < 2 or down < 1:
        raise CoverPageError(f"{text[:40]!r} does not fit a {_name(kind)} of this size; give it more room", text)
    pixels = across * dots
    octets = b"".join(_row(row, dots, pixels) * (down * rows) for row in modules)
    return Bitmap(pixels, len(modules) * down * rows, octets)


def _row(row: str, dots: int, pixels: int) -> bytes:
    bits = "".join(module * dots for module in row).ljust(-(-pixels // 8) * 8, "0")
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _name(kind: Code) -> str:
    return "QR code" if kind == "qr" else "Code 128"


@lru_cache(maxsize=1024)
def _qr(text: str) -> tuple[str, ...]:
    if len(text.encode()) > QR_LIMIT:
        raise CoverPageError(f"A QR code on a cover page holds at most {QR_LIMIT} octets", text[:80])
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    made = QRCode(None, QRErrorCorrectLevel.M)
    made.addData(text)
    made.make()
    across = made.getModuleCount()
    quiet = "0" * QR_QUIET
    blank = ("0" * (across + 2 * QR_QUIET),) * QR_QUIET
    rows = ("".join("1" if made.isDark(row, at) else "0" for at in range(across)) for row in range(across))
    return (*blank, *(quiet + row + quiet for row in rows), *blank)


@lru_cache(maxsize=1024)
def _code128(text: str) -> tuple[str]:
    if not text.isascii() or not text.isprintable() or len(text) > CODE128_LIMIT:
        raise CoverPageError(f"Code 128 holds at most {CODE128_LIMIT} printable ASCII characters", text[:80])
    from reportlab.graphics.barcode.code128 import Code128Auto

    made = Code128Auto(text, quiet=0)
    made.validate()
    made.encode()
    made.decompose()
    # Bars and spaces in turn: capital letters are bars, small ones spaces, the letter's place the number of modules.
    bars = "".join(("1" if mark.isupper() else "0") * (ord(mark.lower()) - ord("a") + 1) for mark in made.decomposed)
    quiet = "0" * CODE128_QUIET
    return (quiet + bars + quiet,)
