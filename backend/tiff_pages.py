"""Some pages of a TIFF: the chain of its directories is tied anew, nothing else is touched (TIFF 6.0 section 2).

CUPS' own filters choose pages in PDF only, and of a TIFF they know one page. What is no TIFF that can be followed stays
as it is, for the daemon to judge.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence

from backend.documents import Piece
from backend.main import unnamed_file

PAGES_LIMIT = 100_000
_RANGE = re.compile(r"(\d{1,9})?(-)?(\d{1,9})?")


def ranges(text: str) -> list[tuple[int, int]] | None:
    """``page-ranges`` as CUPS writes it (``1-3,7,9-``); None when it is not understood."""
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None or not (match[1] or match[3]):
            return None
        low = int(match[1] or 1)
        high = int(match[3]) if match[3] else PAGES_LIMIT if match[2] else low
        found.append((low, high))
    return found


def chosen_pages(piece: Piece, wanted: Sequence[tuple[int, int]]) -> Piece:
    """A TIFF with these of its pages, in its own order; without any page, an empty document."""
    data = bytearray(piece.rewind().read(piece.octets))
    links = _links(data)
    if links is None:
        return piece
    order, first, width, places = links
    kept = [place for number, place in enumerate(places, 1) if any(low <= number <= high for low, high in wanted)]
    out = unnamed_file()
    if kept:
        form = order + ("Q" if width == 8 else "I")
        targets = [struct.unpack_from(form, data, link)[0] for link, _ in kept] + [0]
        for link, target in zip([first, *(end for _, end in kept)], targets, strict=True):
            struct.pack_into(form, data, link, target)
        left = memoryview(data)
        while left:
            left = left[os.write(out, left) :]
    return Piece(out, 0, len(data) if kept else 0)


def _links(data: bytearray) -> tuple[str, int, int, list[tuple[int, int]]] | None:
    """Byte order, where the first link stands, how wide links are; for each page where the link to it and the link
    behind it stand. None: no TIFF, or one whose chain leads outside or into a circle."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None:
        return None
    try:
        (version,) = struct.unpack_from(order + "H", data, 2)
        if version == 42:
            first, width, entry, count_form = 4, 4, 12, "H"
        elif version == 43:
            first, width, entry, count_form = 8, 8, 20, "Q"
        else:
            return None
        link_form = order + ("Q" if width == 8 else "I")
        places: list[tuple[int, int]] = []
        seen: set[int] = set()
        link = first
        while at := struct.unpack_from(link_form, data, link)[0]:
            if at in seen or len(places) >= PAGES_LIMIT:
                return None
            seen.add(at)
            (count,) = struct.unpack_from(order + count_form, data, at)
            end = at + struct.calcsize(order + count_form) + entry * count
            struct.unpack_from(link_form, data, end)
            places.append((link, end))
            link = end
    except (struct.error, OverflowError, IndexError):
        return None
    return order, first, width, places
