"""The text of a document's first page, and where it stands; and the document without a part of it.

Ghostscript does both, in a child with limits on time, memory and output, as the backend's user and with -dSAFER: a
document is somebody else's program. Where it finds nothing or fails, there is no text, and the fax goes its way
without.

Places are rectangles in points, from the left and from the top of the page as it is seen. What is taken out is painted
white: the text under it is gone from the image, which is all that a fax shows.
"""

from __future__ import annotations

import html
import os
import re
import resource
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.documents import Piece
from backend.main import say, unnamed_file

TIME_S = 30
MEMORY_OCTETS = 1 << 30
OUTPUT_OCTETS = 512 << 20
TEXT_LIMIT = 64 * 1024
"""Characters of a page that are looked at: patterns are somebody's, and can be slow."""
_AS_IT_IS = (
    "-sDEVICE=pdfwrite",
    "-dAutoRotatePages=/None",
    *(f"-dAutoFilter{kind}Images=false" for kind in ("Color", "Gray")),
    *(f"-d{kind}ImageFilter=/FlateEncode" for kind in ("Color", "Gray")),
)
_KINDS = (b"%PDF-", b"%!", b"\x04%!", b"\x1b%-12345X")
_TOKEN = re.compile(r'<line>|</line>|<span bbox="([\d -]+)"[^>]* size="([\d.]+)"|<char bbox="([\d -]+)" c="([^"]*)"')


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class FirstPage:
    """``places``: for each character of ``text`` where it stands; None for the blanks that we put between."""

    text: str
    places: tuple[Box | None, ...]

    def boxes(self, spans: Sequence[tuple[int, int]]) -> list[Box]:
        """Where these parts of the text stand."""
        found = {box for start, end in spans for box in self.places[start:end] if box is not None}
        merged: list[Box] = []
        for box in sorted(found, key=lambda box: (box.top, box.bottom, box.left)):
            last = merged[-1] if merged else None
            if last and (last.top, last.bottom) == (box.top, box.bottom) and box.left <= last.right + 6:
                merged[-1] = replace(last, right=max(last.right, box.right))
            else:
                merged.append(box)
        return merged


def read_first_page(piece: Piece) -> FirstPage:
    """Of a PDF or PostScript document; of anything else, nothing."""
    head = piece.rewind().read(16)
    if not head.startswith(_KINDS):
        return FirstPage("", ())
    options = ("-sDEVICE=txtwrite", "-dTextFormat=1", "-dFirstPage=1", "-dLastPage=1", "-sOutputFile=%stdout")
    # PostScript knows no last page: it runs to its end, or to the limits, and its first page is there all the same
    return _parsed(_run(piece, options)[1].decode("utf-8", "replace"))


def without(piece: Piece, boxes: Sequence[Box]) -> Piece | None:
    """The document as a PDF, with these rectangles of its first page painted white; None when it cannot be made."""
    rectangles = " ".join(
        f"{box.left:.1f} h {box.bottom:.1f} sub {box.right - box.left:.1f} {box.bottom - box.top:.1f} rectfill"
        for box in boxes
    )
    paint = (
        "<< /EndPage { exch 0 eq 1 index 0 eq and { gsave initgraphics 1 setgray"
        " /h currentpagedevice /PageSize get 1 get def " + rectangles + " grestore } if 2 ne } bind >> setpagedevice"
    )
    program, out = unnamed_file(), unnamed_file()
    os.write(program, paint.encode())  # an argument may be 2 KB long
    options = (*_AS_IT_IS, f"-sOutputFile=/proc/self/fd/{out}", f"/proc/self/fd/{program}")
    code = _run(piece, options, program, out)[0]
    os.close(program)
    length = os.lseek(out, 0, os.SEEK_END)
    if code or not length:
        return None
    return Piece(out, 0, length)


def _run(piece: Piece, options: Sequence[str], *handles: int) -> tuple[int, bytes]:
    """The exit code and what was written; ``handles``: open files that the options name."""
    source = piece.handle
    if piece.start or piece.end != os.fstat(source).st_size:
        source = unnamed_file()
        reader = piece.rewind()
        while block := reader.read(1 << 20):
            os.write(source, block)
    command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", *options, f"/proc/self/fd/{source}"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_S,
            pass_fds=(source, *handles),
            preexec_fn=_limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        say("DEBUG", "The document's first page took too long to be looked at")
        return 1, error.stdout or b""
    except OSError as error:
        say("DEBUG", f"The document's first page cannot be looked at: {error.strerror}")
        return 1, b""
    finally:
        if source != piece.handle:
            os.close(source)
    return done.returncode, done.stdout[: 64 * TEXT_LIMIT]


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (TIME_S, TIME_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_OCTETS, MEMORY_OCTETS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_OCTETS, OUTPUT_OCTETS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parsed(xml: str) -> FirstPage:
    """Of txtwrite's lines, spans and characters; it is not quite XML, and is read as what it is."""
    text: list[str] = []
    places: list[Box | None] = []
    page, _, _ = xml.partition("</page>")
    span: tuple[list[int], float] | None = None
    end: int | None = None
    for token in _TOKEN.finditer(page):
        if len(text) >= TEXT_LIMIT:
            break
        if token[0] == "<line>":
            end = None
        elif token[0] == "</line>":
            text.append("\n")
            places.append(None)
        elif token[1] is not None:
            span = _numbers(token[1]), float(token[2])
            begin = span[0][0]
            if end is not None and begin - end > 0.2 * span[1]:
                text.append(" ")
                places.append(None)
            end = span[0][2]
        elif span is not None:
            characters = html.unescape(token[4])
            text += characters
            places += [_box(_numbers(token[3]), span[1])] * len(characters)
    return FirstPage("".join(text), tuple(places))


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split()]


def _box(bbox: Sequence[int], size: float) -> Box:
    """txtwrite tells the base line; letters stand above it and reach below it."""
    left, top, right, bottom = bbox
    if top == bottom:
        return Box(left - 1, top - size, right + 1, top + 0.35 * size)
    # turned text: which side is up is not told
    return Box(min(left, right) - size, min(top, bottom) - 1, max(left, right) + size, max(top, bottom) + 1)
