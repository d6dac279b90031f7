"""Reads our TIFF-F files, page by page.

What always holds: every offset, count and length is checked before it is used; what is wrong raises ``TiffError``. The
directories are walked when a file is opened, a strip is read when its page is asked for.
What it must not do: read TIFFs of others (``codec.foreign`` does), decode code, or hold a file in memory.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import overload

from codec.errors import TiffError
from codec.page import Page
from codec.tiff_tags import (
    ASCII,
    LONG,
    MAX_PAGES,
    MAX_TEXT,
    ORIGIN_TAGS,
    RATIONAL,
    SHORT,
    SIZES,
    T6,
    Clean,
    Entry,
    FaxOrigin,
    FaxTags,
)

_MAX_ENTRIES = 256
_MAX_SIDE = 1_000_000


@dataclass(frozen=True)
class Place:
    """Where a page stands in its file. For this package only, as ``Walk`` is."""

    width: int
    rows: int
    dpi_x: int
    dpi_y: int
    offset: int
    length: int
    lsb_first: bool
    tags: FaxTags
    link_at: int
    """Where the directory names the next one."""
    total_at: int | None
    """Where PageNumber holds the number of pages; None without one."""
    values_at: int
    """Where the first value outside the directory stands."""
    end: int
    """Behind the last octet of strip, directory and values."""


class MissingError(TiffError):
    """The file ends before something that its directories name."""


class Walk:
    """The directories of an open file, each read and checked. ``first``: where the first one stands, 0: nowhere."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.size = os.fstat(fd).st_size
        mark = self.read(0, 8, "the header")
        if mark[:4] not in (b"II*\0", b"MM\0*"):
            raise TiffError("this is not a TIFF")
        self.order = "<" if mark[:2] == b"II" else ">"
        (self.first,) = struct.unpack(self.order + "I", mark[4:])

    def read(self, at: int, length: int, what: str) -> bytes:
        if at < 0 or length < 0 or at + length > self.size:
            raise MissingError(f"{what} stands outside the file")
        data = os.pread(self.fd, length, at)
        if len(data) != length:
            raise TiffError(f"{what} cannot be read whole")
        return data

    def place(self, at: int, number: int) -> tuple[Place, int]:
        """Page ``number`` (for what is said of it) by its directory at ``at``, and where the next directory stands."""
        (count,) = struct.unpack(self.order + "H", self.read(at, 2, f"the directory of page {number}"))
        if not 1 <= count <= _MAX_ENTRIES:
            raise TiffError(f"the directory of page {number} has {count} entries")
        octets = self.read(at + 2, 12 * count + 4, f"the directory of page {number}")
        found: dict[int, Entry] = {}
        link_at = at + 2 + 12 * count
        values_at, end, total_at = self.size, link_at + 4, None
        for index in range(count):
            tag, kind, values = struct.unpack_from(self.order + "HHI", octets, 12 * index)
            length = SIZES.get(kind, 0) * values
            value = octets[12 * index + 8 : 12 * index + 12]
            place = at + 2 + 12 * index + 8
            if length > 4:
                (place,) = struct.unpack(self.order + "I", value)
                values_at = min(values_at, place)
            end = max(end, place + length)
            if (tag, kind, values) == (297, SHORT, 2):
                total_at = place + 2
            if tag in found or tag not in _KNOWN or not 0 < length <= MAX_TEXT:
                continue
            if length > 4:
                value = self.read(place, length, f"tag {tag} of page {number}")
            found[tag] = Entry(tag, kind, values, value[:length])
        (following,) = struct.unpack_from(self.order + "I", octets, 12 * count)
        fields = _Fields(self.order, number, found)
        return fields.place(self.size, link_at, total_at, values_at, end), following


class TiffReader(Sequence[Page]):
    """The pages of one of our files. The directories are walked when it is opened, a page is read when asked for.

    Raises TiffError when the file is not of our kind or damaged, OSError when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._walk = Walk(self._fd)
            self._places = self._all()
        except BaseException:
            os.close(self._fd)
            self._fd = -1
            raise

    def _all(self) -> list[Place]:
        at = self._walk.first
        places: list[Place] = []
        seen: set[int] = set()
        while at:
            if at in seen or len(seen) >= MAX_PAGES:
                raise TiffError("the chain of pages has no end")
            seen.add(at)
            place, at = self._walk.place(at, len(places) + 1)
            places.append(place)
        return places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Page: ...
    @overload
    def __getitem__(self, index: slice) -> list[Page]: ...
    def __getitem__(self, index: int | slice) -> Page | list[Page]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = self._places[index]
        data = self._walk.read(place.offset, place.length, "a page's strip")
        if place.lsb_first:
            data = data.translate(_REVERSED)
        return Page(place.width, place.rows, place.dpi_x, place.dpi_y, data)

    def __iter__(self) -> Iterator[Page]:
        return (self[index] for index in range(len(self)))

    def tags(self, index: int) -> FaxTags:
        """What the file says about a page beside its pixels."""
        return self._places[index].tags

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> TiffReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            self.close()


_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_KNOWN = frozenset(
    (256, 257, 258, 259, 262, 266, 270, 273, 277, 279, 282, 283, 293, 296, 306, 326, 327, 328, 34909, 34910, 34911)
) | frozenset(ORIGIN_TAGS.values())


class _Fields:
    """One directory's values, checked."""

    def __init__(self, end: str, number: int, found: dict[int, Entry]) -> None:
        self.end, self.number, self.found = end, number, found

    def fail(self, text: str) -> TiffError:
        return TiffError(f"page {self.number}: {text}")

    def one(self, tag: int, default: int | None = None) -> int:
        entry = self.found.get(tag)
        if entry is None or entry.kind not in (SHORT, LONG):
            if default is None:
                raise self.fail(f"tag {tag} is missing")
            return default
        if entry.count != 1:
            raise self.fail(f"tag {tag} has {entry.count} values instead of one")
        return int.from_bytes(entry.value, "little" if self.end == "<" else "big")

    def density(self, tag: int, unit: int) -> int:
        entry = self.found.get(tag)
        if entry is None or entry.kind != RATIONAL or entry.count != 1:
            raise self.fail("the resolution is missing")
        above, below = struct.unpack(self.end + "II", entry.value)
        if not below:
            raise self.fail("the resolution is impossible")
        density: int = round(above / below * (2.54 if unit == 3 else 1))
        if not 1 <= density <= 100_000:
            raise self.fail("the resolution is impossible")
        return density

    def text(self, tag: int) -> str:
        entry = self.found.get(tag)
        if entry is None or entry.kind != ASCII:
            return ""
        return entry.value.partition(b"\0")[0].decode("ascii", "replace")

    def origin(self) -> FaxOrigin | None:
        said = {
            name: entry.value.partition(b"\0")[0].decode("utf-8", "replace")
            for name, tag in ORIGIN_TAGS.items()
            if (entry := self.found.get(tag)) is not None and entry.kind == ASCII
        }
        if not said:
            return None
        at, job = _instant(said.pop("at", "")), said.pop("job", "")
        return FaxOrigin(**said, at=at, job=int(job) if job.isascii() and job.isdigit() and len(job) < 12 else None)

    def place(self, size: int, link_at: int, total_at: int | None, values_at: int, end: int) -> Place:
        expected = {258: (1, 1), 259: (1, T6), 262: (1, 0), 277: (1, 1), 293: (0, 0)}
        for tag, (default, wanted) in expected.items():
            if self.one(tag, default) != wanted:
                raise self.fail(f"tag {tag} is not {wanted}: not a page of ours")
        width, rows = self.one(256), self.one(257)
        if not (1 <= width <= 65_535 and 1 <= rows <= _MAX_SIDE):
            raise self.fail(f"{width} x {rows} pixels are impossible")
        unit, fill = self.one(296, 2), self.one(266, 1)
        if unit not in (2, 3) or fill not in (1, 2):
            raise self.fail("resolution unit or fill order is unknown")
        offset, length = self.one(273), self.one(279)
        if offset + length > size:
            raise MissingError(f"page {self.number}: its strip stands outside the file")
        return Place(
            width=width,
            rows=rows,
            dpi_x=self.density(282, unit),
            dpi_y=self.density(283, unit),
            offset=offset,
            length=length,
            lsb_first=fill == 2,
            tags=self.tags(),
            link_at=link_at,
            total_at=total_at,
            values_at=values_at,
            end=max(end, offset + length),
        )

    def tags(self) -> FaxTags:
        clean = self.one(327, 0)
        tags = FaxTags(
            description=self.text(270),
            date_time=self.text(306),
            longest_bad_run=self.one(328, 0),
            clean=Clean(clean) if clean in (0, 1, 2) else Clean.DAMAGED,
            sub_address=self.text(34909),
            dcs=self.text(34911),
        )
        if 326 in self.found:
            tags = replace(tags, bad_rows=self.one(326, 0))
        if 34910 in self.found:
            tags = replace(tags, receive_time_s=self.one(34910, 0))
        if (origin := self.origin()) is not None:
            tags = replace(tags, origin=origin)
        return tags


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
