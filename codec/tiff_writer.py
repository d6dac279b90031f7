"""Writes our TIFF-F files: one T.6 page per image, one strip each, most significant bit first, little endian.

What always holds: the file is a whole TIFF of the pages appended so far, at every moment: a page's strip and directory
are written behind all else, and only then linked, by four octets that no sector's border parts. With ``durable`` each
page is on stable storage when ``append`` returns. What a crash left behind the last whole page is cut off when the file
is opened again. What it must not do: hold more than one page in memory. (TIFF 6.0 2; RFC 2301 4, profile F.)
"""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

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
    T6,
    Entry,
    FaxOrigin,
    FaxTags,
)
from codec.tiff_torn import standing

_NO_TAGS = FaxTags()
_HEADER = struct.pack("<2sH", b"II", 42)


def _short(tag: int, *values: int) -> Entry:
    return Entry(tag, SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def _long(tag: int, value: int) -> Entry:
    return Entry(tag, LONG, 1, struct.pack("<I", value))


def _rational(tag: int, value: int) -> Entry:
    return Entry(tag, RATIONAL, 1, struct.pack("<II", value, 1))


def _text(tag: int, value: str) -> Entry:
    octets = "".join(c if " " <= c <= "~" else "?" for c in value)[: MAX_TEXT - 1].encode("ascii") + b"\0"
    return Entry(tag, ASCII, len(octets), octets)


def _origin(origin: FaxOrigin) -> list[Entry]:
    """Raises TiffError: its time has no zone."""
    entries = []
    for name, tag in ORIGIN_TAGS.items():
        value = getattr(origin, name)
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise TiffError("the time of a fax needs its zone")
            value = f"{value.astimezone(UTC).isoformat().removesuffix('+00:00')}Z"
        text = "" if value is None else str(value).replace("\0", " ")
        if text:
            # Cut between characters, not within one.
            octets = text.encode("utf-8", "replace")[: MAX_TEXT - 1].decode("utf-8", "ignore").encode() + b"\0"
            entries.append(Entry(tag, ASCII, len(octets), octets))
    return entries


def _entries(page: Page, strip_at: int, number: int, tags: FaxTags) -> list[Entry]:
    entries = [
        _long(254, 2),  # NewSubfileType: a page of several
        _long(256, page.width),
        _long(257, page.rows),
        _short(258, 1),
        _short(259, T6),
        _short(262, 0),  # white is zero
        _short(266, 1),
        _long(273, strip_at),
        _short(274, 1),
        _short(277, 1),
        _long(278, page.rows),
        _long(279, len(page.data)),
        _rational(282, page.dpi_x),
        _rational(283, page.dpi_y),
        _long(293, 0),  # T6Options
        _short(296, 2),  # inch
        _short(297, number, 0),
        _text(305, "Platen"),
    ]
    if tags.description:
        entries.append(_text(270, tags.description))
    if tags.date_time:
        entries.append(_text(306, tags.date_time))
    if tags.bad_rows is not None:
        entries += [_long(326, tags.bad_rows), _short(327, tags.clean.value), _long(328, tags.longest_bad_run)]
    if tags.sub_address:
        entries.append(_text(34909, tags.sub_address))
    if tags.receive_time_s is not None:
        entries.append(_long(34910, tags.receive_time_s))
    if tags.dcs:
        entries.append(_text(34911, tags.dcs))
    if tags.origin is not None:
        entries += _origin(tags.origin)
    return sorted(entries, key=lambda entry: entry.tag)


def _directory(entries: list[Entry], at: int) -> tuple[bytes, dict[int, int]]:
    """The octets of a directory that stands at ``at``, and where in the file each tag's value stands."""
    head = struct.pack("<H", len(entries))
    extra = b""
    behind = at + 2 + 12 * len(entries) + 4
    places: dict[int, int] = {}
    for index, entry in enumerate(entries):
        head += struct.pack("<HHI", entry.tag, entry.kind, entry.count)
        if len(entry.value) <= 4:
            places[entry.tag] = at + 2 + 12 * index + 8
            head += entry.value.ljust(4, b"\0")
        else:
            places[entry.tag] = behind + len(extra)
            head += struct.pack("<I", behind + len(extra))
            extra += entry.value + b"\0" * (len(entry.value) & 1)
    return head + struct.pack("<I", 0) + extra, places


class TiffWriter:
    """Writes pages to a new file, replacing one that is there. Use it in a ``with``; ``close`` puts the total in.

    ``reopen`` goes on with a file that is there. Raises OSError when the disk refuses, TiffError when the file would
    pass 4 GiB or a page has no rows.
    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self._durable = durable
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self._end = 8
        self._link = 4
        self._totals: list[int] = []
        try:
            self._begin(path.parent)
        except BaseException:
            os.close(self._fd)
            raise

    def _begin(self, folder: Path) -> None:
        self._write(_HEADER + bytes(4), 0)
        if self._durable:
            os.fsync(self._fd)
            sync_folder(folder)

    @classmethod
    def reopen(cls, path: Path, *, durable: bool = False) -> TiffWriter:
        """Goes on behind the last whole page of a file that a TiffWriter wrote, closed or not.

        What stands behind that page, linked or not, is the torn end of an append that did not come to its end: it is
        cut off. ``len`` says how many pages are there. Raises TiffError, and changes nothing, when the file was not
        written by a TiffWriter; OSError as ``open`` does, also when there is no file.
        """
        writer = cls.__new__(cls)
        writer._durable = durable
        writer._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            found = standing(writer._fd, _HEADER)
            writer._link, writer._end, writer._totals = found.link_at, found.end, list(found.totals_at)
            if not writer._totals:
                writer._begin(path.parent)
            else:
                # Unlinked before it is cut off, so that no link leads to nowhere even if this is not finished either.
                writer._write(bytes(4), writer._link)
                for place in writer._totals:
                    writer._write(bytes(2), place)
                writer._sync()
            os.ftruncate(writer._fd, writer._end)
            writer._sync()
        except BaseException:
            os.close(writer._fd)
            writer._fd = -1
            raise
        return writer

    def _write(self, data: bytes, at: int) -> None:
        view = memoryview(data)
        while view:
            done = os.pwrite(self._fd, view, at)
            view = view[done:]
            at += done

    def _sync(self) -> None:
        if self._durable:
            os.fdatasync(self._fd)

    def append(self, page: Page, tags: FaxTags = _NO_TAGS) -> None:
        """Adds a page behind the others."""
        if page.rows < 1 or page.width < 1:
            raise TiffError("a page without pixels cannot stand in a TIFF")
        number = len(self._totals)
        if number >= MAX_PAGES:
            raise TiffError(f"more than {MAX_PAGES} pages")
        strip_at = self._end
        # On a word's border (TIFF 6.0 2), and the link in it, 2 octets and entries of 12 behind, on one of four octets.
        padding = -(strip_at + len(page.data) + 2) & 3
        directory_at = strip_at + len(page.data) + padding
        entries = _entries(page, strip_at, min(number, 0xFFFF), tags)
        directory, places = _directory(entries, directory_at)
        end = directory_at + len(directory)
        if end > 0xFFFFFFFF:
            raise TiffError("a TIFF cannot be longer than 4 GiB")
        self._write(page.data + bytes(padding) + directory, strip_at)
        self._sync()
        self._write(struct.pack("<I", directory_at), self._link)
        self._sync()
        self._link = directory_at + 2 + 12 * len(entries)
        self._end = end
        self._totals.append(places[297] + 2)

    def close(self) -> None:
        """Writes the number of pages into each page's PageNumber and closes the file."""
        if self._fd < 0:
            return
        try:
            total = len(self._totals)
            if total <= 0xFFFF:
                for place in self._totals:
                    self._write(struct.pack("<H", total), place)
            self._sync()
        finally:
            os.close(self._fd)
            self._fd = -1

    def __len__(self) -> int:
        return len(self._totals)

    def __enter__(self) -> TiffWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sync_folder(folder: Path) -> None:
    """Puts the folder's entries on stable storage."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
