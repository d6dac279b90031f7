"""Plain text to bilevel pages: 80 columns, 66 lines, as a line printer does it, in DejaVu Sans Mono.

What always holds: nothing of the text is left out; a line longer than the page goes on in the next line, a form feed
begins a page, a tab goes to the next eighth column, and what cannot be shown stands as U+FFFD. Drawn on a canvas of
twice the width at superfine and reduced from there, so that a page looks the same at each resolution.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

from codec.errors import RenderError
from codec.page import Bitmap, Resolution
from codec.raster_paper import LINES, Geometry

COLUMNS = 80
LINES_PER_PAGE = 66
TAB = 8
_MARGIN_LINES = 2
_FONT = "DejaVuSansMono.ttf"
# The type's height within the line pitch: DejaVu's accents need more room than a typewriter's.
_TYPE = 0.92
# Grey from the reduction that still counts as black; thin strokes must survive at 98 lines per inch.
_BLACK_BELOW = 150
_COARSEST = LINES[Resolution.SUPERFINE]


def is_blank(text: str) -> bool:
    return not text or text.isspace()


def pages(text: str) -> Iterator[list[str]]:
    """``text`` as pages of at most 66 lines of at most 80 columns. A page may be empty; an end of text opens none."""
    page: list[str] = []
    for part_number, part in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\f")):
        if part_number:
            yield page
            page = []
        lines = part.split("\n")
        if not lines[-1]:
            lines.pop()
        for line in lines:
            for piece in wrapped(line):
                if len(page) == LINES_PER_PAGE:
                    yield page
                    page = []
                page.append(piece)
    if page:
        yield page


def wrapped(line: str) -> Iterator[str]:
    """``line`` in pieces of at most 80 columns, tabs as spaces; at least one piece."""
    piece: list[str] = []
    column = 0
    for character in line:
        if character == "\t":
            width = TAB - column % TAB
            shown = " " * width
        else:
            width = columns(character)
            shown = (
                character if character.isprintable() or unicodedata.category(character) in ("Cf", "Zs") else "\ufffd"
            )
        if column + width > COLUMNS:
            yield "".join(piece)
            piece, column = [], 0
            if character == "\t":
                continue
        piece.append(shown)
        column += width
    yield "".join(piece)


def columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


class Typewriter:
    """Draws pages of one geometry. Raises RenderError when the font is missing."""

    def __init__(self, shape: Geometry, resolution: Resolution) -> None:
        self.shape = shape
        self.canvas = (shape.width * 2, shape.rows * LINES[Resolution.SUPERFINE] // LINES[resolution])
        self.pitch = self.canvas[1] / (LINES_PER_PAGE + 2 * _MARGIN_LINES)
        try:
            self.font = ImageFont.truetype(_FONT, self.pitch * _TYPE)
        except OSError as error:
            raise RenderError(f"The font {_FONT} is missing: install the Debian package 'fonts-dejavu-core'") from error
        self.margin = (self.canvas[0] - self.font.getlength("0" * COLUMNS)) / 2

    def draw(self, lines: list[str]) -> Bitmap:
        sheet = Image.new("L", self.canvas, 255)
        pen = ImageDraw.Draw(sheet)
        for number, line in enumerate(lines):
            if line and not line.isspace():
                # The base line at four fifths of the pitch leaves room for descenders. It lies on a scan line at every
                # resolution, so that each line of text reduces alike.
                base = round((_MARGIN_LINES + number + 0.8) * self.pitch / _COARSEST) * _COARSEST
                pen.text((self.margin, base), line, fill=0, font=self.font, anchor="ls")
        small = sheet.resize((self.shape.width, self.shape.rows), Image.Resampling.BOX)
        ink = small.point([255 if grey < _BLACK_BELOW else 0 for grey in range(256)], "1")
        return Bitmap(self.shape.width, self.shape.rows, ink.tobytes())
