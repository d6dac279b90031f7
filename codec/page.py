"""The values that the rest of the house handles: codings, resolutions, bitmaps, pages.

What always holds: a pixel bit of 1 is black; in packed rows the leftmost pixel is the most significant bit and each row
fills whole octets, the unused bits being 0; a ``Page`` holds T.6 code with EOFB, most significant bit first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from functools import cached_property


class Coding(Enum):
    """T.4 one-dimensional, T.4 two-dimensional, T.6."""

    MH = "mh"
    MR = "mr"
    MMR = "mmr"


class BitOrder(Enum):
    """Which bit of an octet comes first: MSB = TIFF FillOrder 1, LSB = FillOrder 2 = the order of the line."""

    MSB = 1
    LSB = 2


class Resolution(Enum):
    """Vertical resolution; horizontally all are 204 dpi (R8). T.4 table: 3.85, 7.7 and 15.4 lines/mm."""

    STANDARD = "standard"
    FINE = "fine"
    SUPERFINE = "superfine"

    @property
    def dpi_y(self) -> int:
        return {"standard": 98, "fine": 196, "superfine": 391}[self.value]


@dataclass(frozen=True)
class Bitmap:
    """Packed rows: ``data`` has ``rows * ((width + 7) // 8)`` octets."""

    width: int
    rows: int
    data: bytes


@dataclass(frozen=True)
class Page:
    """A finished page: T.6 code (with EOFB, MSB first) and its geometry."""

    width: int
    rows: int
    dpi_x: int
    dpi_y: int
    data: bytes

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 over geometry and code: the name of this page's content."""
        head = f"{self.width}x{self.rows}@{self.dpi_x}x{self.dpi_y}\n".encode()
        return hashlib.sha256(head + self.data).hexdigest()
