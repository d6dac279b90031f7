"""The tags of a TIFF file's pages, as text, in plain Python.

What always holds: nothing but the header and directories is read, within the file's own bounds and at most PAGES_LIMIT
of them; whatever is no TIFF, or is cut off in these, raises ``NotATiffError``. (TIFF 6.0, section 2.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

_ASCII, _RATIONAL, _SIGNED_RATIONAL = 2, 5, 10
_FORMATS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_LONGEST = 65536
"""Octets of one value that are read at most."""


PAGES_LIMIT = 10_000


class NotATiffError(Exception):
    """The file is no TIFF, or one of its directories is damaged."""


def read_tags(path: str | PathLike[str]) -> dict[int, str]:
    """The tags of the first page with their values as text; numbers are parted by blanks. OSError, NotATiffError."""
    return next(pages(path))


def pages(path: str | PathLike[str]) -> Iterator[dict[int, str]]:
    """The tags of each page, of which there is one at least. OSError, NotATiffError."""
    with Path(path).open("rb") as file:
        head = file.read(8)
        order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(head[:4])
        if order is None or len(head) < 8:
            raise NotATiffError(f"{path} is no TIFF file")

        def part(place: int, octets: int) -> bytes:
            file.seek(place)
            found = file.read(octets)
            if len(found) < octets:
                raise NotATiffError(f"{path} is cut off")
            return found

        (directory,) = struct.unpack(f"{order}I", head[4:])
        read: set[int] = set()
        while directory or not read:
            if directory in read or len(read) >= PAGES_LIMIT:
                raise NotATiffError(f"{path} goes round, or has too many pages")
            read.add(directory)
            (count,) = struct.unpack(f"{order}H", part(directory, 2))
            entries = part(directory + 2, 12 * count)
            tags: dict[int, str] = {}
            for place in range(0, len(entries), 12):
                tag, kind, number = struct.unpack_from(f"{order}HHI", entries, place)
                size = _SIZES.get(kind, 0) * number
                if not 0 < size <= _LONGEST:
                    continue
                if size <= 4:
                    value = entries[place + 8 : place + 8 + size]
                else:
                    value = part(struct.unpack_from(f"{order}I", entries, place + 8)[0], size)
                tags[tag] = _text(order, kind, value)
            yield tags
            # Who asks for the first page only is not to fail by what follows it.
            (directory,) = struct.unpack(f"{order}I", part(directory + 2 + 12 * count, 4))


def _text(order: str, kind: int, value: bytes) -> str:
    if kind == _ASCII:
        return value.partition(b"\x00")[0].decode("utf-8", "replace")
    if kind in (_RATIONAL, _SIGNED_RATIONAL):
        code = "I" if kind == _RATIONAL else "i"
        numbers = struct.unpack(f"{order}{len(value) // 4}{code}", value)
        return " ".join(f"{above}/{below}" for above, below in zip(numbers[::2], numbers[1::2], strict=True))
    if kind not in _FORMATS:
        return value.hex()
    code = _FORMATS[kind]
    return " ".join(
        str(number) for number in struct.unpack(f"{order}{len(value) // struct.calcsize(code)}{code}", value)
    )
