"""Plain text to bilevel pages: 80 columns, 66 lines, as a line printer does it, in DejaVu Sans Mono.

What always holds: nothing of the text is left out; a line longer than the page goes on in the next line, a form feed
begins a page, a tab goes to the next eighth column, and what cannot be shown stands as U+FFFD. Each
character is drawn at twice the width and at superfine and reduced from there, so that a page looks the same at each
resolution.
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
# A column is 18 of 1728 pels wide: 11 characters to the inch, so that 80 leave a margin of 18 mm on A4.
_COLUMN_PELS = 18
_ACROSS = 2
_CELLS = 4096
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
        self.down = _COARSEST // LINES[resolution]
        self.pitch = shape.rows * self.down / (LINES_PER_PAGE + 2 * _MARGIN_LINES)
        self.column = shape.width * _COLUMN_PELS // 1728
        self.margin = (shape.width - COLUMNS * self.column) // 2
        try:
            em = 100 / ImageFont.truetype(_FONT, 100).getlength("0")
            self.font = ImageFont.truetype(_FONT, self.column * _ACROSS * em)
        except OSError as error:
            raise RenderError(f"The font {_FONT} is missing: install the Debian package 'fonts-dejavu-core'") from error
        # A line's strip: what reaches above and below the base line, in whole scan lines of every resolution.
        self.above = _whole(1.2 * self.pitch)
        self.below = _whole(0.6 * self.pitch)
        self.cells: dict[str, Image.Image] = {}

    def draw(self, lines: list[str]) -> Bitmap:
        sheet = Image.new("1", (self.shape.width, self.shape.rows), 0)
        for number, line in enumerate(lines):
            # The base line lies on a scan line at every resolution, so that all lines of text reduce alike.
            base = _whole((_MARGIN_LINES + number + 0.8) * self.pitch)
            top = (base - self.above) // self.down
            if _needs_shaping(line):
                sheet.paste(1, (0, top), self.ink(line, self.shape.width, self.margin))
                continue
            left = self.margin - self.column
            for character in line:
                if character != " ":
                    sheet.paste(1, (left, top), self.cell(character))
                left += self.column * columns(character)
        return Bitmap(self.shape.width, self.shape.rows, sheet.tobytes())

    def cell(self, character: str) -> Image.Image:
        """The ink of one character, with a column to spare on either side."""
        found = self.cells.get(character)
        if found is None:
            if len(self.cells) >= _CELLS:
                self.cells.clear()
            found = self.cells[character] = self.ink(character, self.column * (columns(character) + 2), self.column)
        return found

    def ink(self, text: str, width: int, left: int) -> Image.Image:
        """A strip of ``width`` pels at the page's resolution, ink being 1."""
        large = Image.new("L", (width * _ACROSS, self.above + self.below), 255)
        ImageDraw.Draw(large).text((left * _ACROSS, self.above), text, fill=0, font=self.font, anchor="ls")
        small = large.reduce((_ACROSS, self.down))
        return small.point([255 if grey < _BLACK_BELOW else 0 for grey in range(256)], "1")


def _whole(rows: float) -> int:
    return round(rows / _COARSEST) * _COARSEST


def _needs_shaping(line: str) -> bool:
    """Whether the characters of the line depend on one another: written from the right, or combining."""
    return not line.isascii() and any(
        not columns(character) or unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in line
    )
