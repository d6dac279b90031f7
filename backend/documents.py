"""The data of a print job: read into a file, taken apart into its documents.

CUPS hands several files of one job to a backend as one stream. A PDF reader would see the last of them only, and a fax
would lack pages that nobody misses. What always holds: every octet read belongs to one document, or is white space
between two, a mark of our filter, or a banner page; a document is never cut inside, as far as its own form tells.

Must not: judge documents. The daemon does.
"""

from __future__ import annotations

import errno
import mmap
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.waking import Waking

LIMIT_OCTETS = 2 << 30
"""Of one job. The daemon has its own limit, and is the one that people meet; this one only bounds the disk."""
END_MARK = b"\n%%PlatenEndOfDocument\n"
FAILED_MARK = b"\n%%PlatenDocumentFailed\n"
"""What our filters (ppd/filter) write behind each document; the second when they could not give all of it."""

_BLOCK = 1 << 20
_WHITE = rb"[\x00\t\n\x0c\r ]*"
_NEXT_PDF = re.compile(rb"%%EOF" + _WHITE + rb"(?=%PDF-\d)")
_MARK = re.compile(re.escape(END_MARK) + b"|" + re.escape(FAILED_MARK))
# What can follow a PDF when our filter wrote it: another PDF, PostScript (perhaps with its transport marks), TIFF.
_NEXT_ANY = re.compile(rb"%%EOF" + _WHITE + rb"(?=%PDF-\d|[\x04]?%!|\x1b%-12345X|II\*\x00|MM\x00\*)")
_BANNER_TEXT = rb"#PDF-BANNER\r?\n(?:(?:Template|Show|Header|Footer|Notice|Image|Job)[^\n]*\r?\n|#[^\n]*\r?\n|\r?\n)*"
_BANNER = re.compile(_BANNER_TEXT)
_LAST_BANNER = re.compile(rb"(?<=%%EOF)" + _WHITE + _BANNER_TEXT + rb"\Z")
_BANNER_OCTETS = 64 * 1024
_NO_WHITE = re.compile(rb"[^\x00\t\n\x0c\r ]")


class TooLargeError(Exception):
    """The job is longer than ``LIMIT_OCTETS``."""


@dataclass
class Piece:
    """A document: the octets from ``start`` to ``end`` of an open file. ``read`` gives them once, in blocks."""

    handle: int
    start: int
    end: int
    _at: int = 0

    def read(self, size: int, /) -> bytes:
        block = os.pread(self.handle, min(size, self.octets - self._at), self.start + self._at)
        self._at += len(block)
        return block

    def rewind(self) -> Piece:
        self._at = 0
        return self

    @property
    def octets(self) -> int:
        return self.end - self.start


def drain(source: int, target: int, waking: Waking) -> int:
    """Move everything from the pipe ``source`` to the end of the file ``target``; the file's length.

    The kernel moves it (splice), so that a process which is killed at any moment has either left an octet in the pipe
    or put it into the file: whoever goes on with the same two loses nothing. A signal's handler that raises ends it.

    Raises TooLargeError; OSError when there is no room.
    """
    length = os.lseek(target, 0, os.SEEK_END)
    while True:
        while not waking.wait(source):
            pass
        try:
            moved = os.splice(source, target, _BLOCK)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            moved = _copy(source, target)  # no pipe, or a file system that cannot
        if not moved:
            return length
        length += moved
        if length > LIMIT_OCTETS:
            raise TooLargeError


def _copy(source: int, target: int) -> int:
    block = os.read(source, _BLOCK)
    left = memoryview(block)
    while left:
        left = left[os.write(target, left) :]
    return len(block)


@dataclass(frozen=True)
class Documents:
    """What a job holds: its documents in order, and how many more our filters could not give."""

    pieces: tuple[Piece, ...]
    failed: int


def split(handle: int) -> Documents:
    """The documents in an open file. An empty file has none."""
    length = os.fstat(handle).st_size
    if not length:
        return Documents((), 0)
    with mmap.mmap(handle, length, prot=mmap.PROT_READ) as data:
        places: list[tuple[int, int]] = []
        failed = at = 0
        for mark in _MARK.finditer(data):
            if mark[0] == END_MARK:
                places += _marked(data, at, mark.start())
            else:
                places += _marked(data, at, mark.start())[:-1]
                failed += 1
            at = mark.end()
        # on a raw queue a banner page arrives as the text that CUPS would have made it from
        if banner := _BANNER.match(data, at):
            at = banner.end()
        if banner := _LAST_BANNER.search(data, max(at, length - _BANNER_OCTETS)):
            length = banner.start()
        if _NO_WHITE.search(data, at, length):
            places += _pdfs(data, at, length, _NEXT_PDF)
        return Documents(tuple(Piece(handle, start, end) for start, end in places), failed)


def _marked(data: mmap.mmap, start: int, end: int) -> list[tuple[int, int]]:
    """PDFs, then the one document that our filter handed on, which may hold anything inside and is not looked into."""
    parts = _pdfs(data, start, end, _NEXT_ANY)
    for index, (begin, _) in enumerate(parts):
        if data[begin : begin + 5] != b"%PDF-":
            return [*parts[:index], (begin, end)]
    return parts


def _pdfs(data: mmap.mmap, start: int, end: int, border: re.Pattern[bytes]) -> list[tuple[int, int]]:
    borders = [match.end() for match in border.finditer(data, start, end)]
    starts = [start, *borders]
    return list(zip(starts, [*borders, end], strict=True))
