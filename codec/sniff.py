"""What a document is, told from its octets and never from its name.

What always holds: nothing is interpreted here, only looked at; octets that are not clearly of a known kind are
``UNKNOWN`` and never reach an interpreter. Several PDFs in a row, as CUPS hands them over for a job with several files,
are told apart without cutting a single PDF that has incremental updates or carries other PDFs inside.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

HEAD_OCTETS = 1024
UEL = b"\x1b%-12345X"


class Kind(Enum):
    """The kinds of documents that can be told apart."""

    PDF = "pdf"
    POSTSCRIPT = "postscript"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    GIF = "gif"
    TEXT = "text"
    EMPTY = "empty"
    OFFICE = "office"
    UNKNOWN = "unknown"

    @property
    def mime(self) -> str:
        return _MIME[self]

    @property
    def title(self) -> str:
        """The kind as a person calls it, with its article."""
        return _TITLE[self]

    @property
    def printable(self) -> bool:
        """Whether pages can be made of it."""
        return self not in (Kind.EMPTY, Kind.OFFICE, Kind.UNKNOWN)


_MIME = {
    Kind.PDF: "application/pdf",
    Kind.POSTSCRIPT: "application/postscript",
    Kind.PNG: "image/png",
    Kind.JPEG: "image/jpeg",
    Kind.TIFF: "image/tiff",
    Kind.GIF: "image/gif",
    Kind.TEXT: "text/plain",
    Kind.EMPTY: "application/x-empty",
    Kind.OFFICE: "application/octet-stream",
    Kind.UNKNOWN: "application/octet-stream",
}
_TITLE = {
    Kind.PDF: "a PDF",
    Kind.POSTSCRIPT: "PostScript",
    Kind.PNG: "a PNG picture",
    Kind.JPEG: "a JPEG picture",
    Kind.TIFF: "a TIFF picture",
    Kind.GIF: "a GIF picture",
    Kind.TEXT: "plain text",
    Kind.EMPTY: "empty",
    Kind.OFFICE: "an archive or an office document",
    Kind.UNKNOWN: "something else",
}

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"II+\x00", Kind.TIFF),
    (b"MM\x00+", Kind.TIFF),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"PK\x03\x04", Kind.OFFICE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OFFICE),
)

# A DOS EPS file wraps the PostScript in a binary header of its own: T.N. 5002, section 5.2.
_DOS_EPS = b"\xc5\xd0\xd3\xc6"
_PJL = re.compile(rb"(?:" + re.escape(UEL) + rb"|@PJL[^\n]*\n|[\x00\x04\r\n \t])+")
_PDF_HEADER = re.compile(rb"(?:^|[\r\n\x00])[ \t]*(%PDF-\d)")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True)
class Finding:
    """A kind, and where in the octets the document itself lies (``start`` to ``end``) without what printers' languages
    wrap around it."""

    kind: Kind
    start: int
    end: int


Octets = bytes | mmap.mmap


def sniff(data: Octets) -> Finding:
    """The kind of ``data``. Looks at the whole of it only when nothing but text is left."""
    size = len(data)
    if size == 0:
        return Finding(Kind.EMPTY, 0, 0)
    head = bytes(data[:HEAD_OCTETS])
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return Finding(kind, 0, size)
    if head.startswith(_DOS_EPS) and size >= 12:
        start, length = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little")
        if bytes(data[start : start + 2]) == b"%!":
            return Finding(Kind.POSTSCRIPT, start, min(size, start + length))
        return Finding(Kind.UNKNOWN, 0, size)
    wrapped = _PJL.match(bytes(data[: 64 * HEAD_OCTETS]))
    start = wrapped.end() if wrapped else 0
    opening = bytes(data[start : start + 5])
    if opening.startswith(b"%!"):
        return Finding(Kind.POSTSCRIPT, start, _unwrapped_end(data, start))
    if opening == b"%PDF-":
        return Finding(Kind.PDF, start, _unwrapped_end(data, start))
    # Some gateways leave lines of their own in front of a PDF; readers accept a header in the first 1024 octets.
    header = _PDF_HEADER.search(head)
    if header and data.rfind(b"startxref") > header.start(1):
        return Finding(Kind.PDF, header.start(1), _unwrapped_end(data, header.start(1)))
    if not head.startswith(UEL) and decode_text(bytes(data)) is not None:
        return Finding(Kind.TEXT, 0, size)
    return Finding(Kind.UNKNOWN, 0, size)


def sniff_file(path: Path) -> Finding:
    """``sniff`` for a file, which is mapped rather than read. Raises ``OSError``."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return Finding(Kind.EMPTY, 0, 0)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return sniff(data)


def _unwrapped_end(data: Octets, start: int) -> int:
    """Where the document ends when a UEL (and whatever PJL follows) or ^D closes it."""
    end = len(data)
    tail = max(start, end - 4 * HEAD_OCTETS)
    uel = data.find(UEL, tail)
    if uel > start and _PJL.fullmatch(bytes(data[uel:])):
        end = uel
    while end > start and data[end - 1] == 4:
        end -= 1
    return end


def decode_text(data: bytes) -> str | None:
    """The text in ``data`` (UTF-8, UTF-16 with its mark, else Windows-1252, which contains Latin-1), or None when it
    is no plain text: any control character but tab, line feed, form feed and carriage return, or more than half of
    the octets outside ASCII without being UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            return None
        return None if _CONTROL.search(text.encode("utf-8", "replace")) else text
    # DOS editors end a file with ^Z.
    body = data.rstrip(b"\x1a")
    if _CONTROL.search(body):
        return None
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if 2 * len(_HIGH.findall(body)) > len(body):
        return None
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return None


_SEAM = re.compile(rb"%%EOF[\r\n \x00]*(?=%PDF-\d)")
_STARTXREF = re.compile(rb"startxref\s+(\d+)\s+%%EOF")
_MORE_PDF = re.compile(rb"\b(?:obj|xref|startxref|trailer|endstream)\b")
_XREF_AT = re.compile(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)")


def split_pdfs(data: Octets, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """The extents of the PDFs that follow one another in ``data[start:end]``; one extent when there is only one.

    A seam is where ``%%EOF`` is followed by ``%PDF-``. Such octets also lie inside a PDF that carries PDFs as
    uncompressed attachments, so a seam counts only when what lies before it is whole by itself: its last ``startxref``
    names an offset, counted from its own header, at which there is a cross-reference table.
    """
    stop = len(data) if end is None else end
    pieces: list[tuple[int, int]] = []
    begin = start
    for seam in _SEAM.finditer(data, start, stop):
        if seam.end() > begin and _is_whole(data, begin, seam.end()):
            pieces.append((begin, seam.end()))
            begin = seam.end()
    pieces.append((begin, stop))
    return pieces


def pdf_end(data: Octets, start: int, end: int) -> int:
    """``end`` without octets that somebody added behind the PDF in ``data[start:end]``, unless they look like PDF."""
    mark = data.rfind(b"%%EOF", start, end)
    if mark < 0 or _MORE_PDF.search(data, mark + 5, end):
        return end
    return min(end, mark + 6)


def _is_whole(data: Octets, begin: int, end: int) -> bool:
    found = list(_STARTXREF.finditer(data, max(begin, end - 2 * HEAD_OCTETS), end))
    if not found:
        return False
    last = found[-1]
    target = begin + int(last.group(1))
    return target < last.start() and _XREF_AT.match(data, target) is not None
