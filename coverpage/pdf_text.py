"""Text of any script in a PDF that people read (confirmation sheets), measured and drawn. Fax pages: ``lettering``.

Text that needs no shaping is drawn by ReportLab with an embedded font. ReportLab puts Arabic and Hebrew in the wrong
order and cannot use every font, so all other text is shaped by Raqm (through Pillow) and drawn as a bilevel picture.

What always holds: a character without a glyph is a ``CoverPageError``; a line is never wider than its measure, unless
one single character is.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from PIL import Image, ImageDraw, ImageFont, features
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from coverpage import script
from coverpage.errors import CoverPageError
from coverpage.fonts import BOLD, REGULAR, covers, dejavu, font_with, invisible

LEADING = 1.25
"""Height of a line, in sizes; its baseline is ``RISE`` sizes below its top."""
RISE = 0.98
# Twice the fax's 204 dpi and twice the 196 (four times the 98): scaled down by whole steps, strokes stay even.
SHAPED_DPI_X = 408
SHAPED_DPI_Y = 392


class Face(Protocol):
    """How one text is drawn."""

    def width(self, text: str, size_pt: float) -> float:
        """In points."""

    def draw(self, canvas: Any, text: str, x: float, baseline: float, size_pt: float) -> None:
        """On a ReportLab canvas, from ``x`` rightwards; ``baseline`` counts from the page's bottom."""


@cache
def _registered(file_name: str) -> str:
    name = f"Platen-{file_name.partition('.')[0]}"
    pdfmetrics.registerFont(TTFont(name, str(dejavu(file_name))))
    return name


@dataclass(frozen=True)
class PlainFace:
    """A font that ReportLab embeds."""

    file_name: str

    def width(self, text: str, size_pt: float) -> float:
        return float(pdfmetrics.stringWidth(text, _registered(self.file_name), size_pt))

    def draw(self, canvas: Any, text: str, x: float, baseline: float, size_pt: float) -> None:
        canvas.setFont(_registered(self.file_name), size_pt)
        canvas.drawString(x, baseline, text)


@dataclass(frozen=True)
class ShapedFace:
    """Text shaped by Raqm; of several fonts when none has all its characters."""

    fonts: tuple[Path, ...]
    right_to_left: bool

    def width(self, text: str, size_pt: float) -> float:
        return sum(self._length(run, font) for run, font in self._runs(text, size_pt)) * 72 / SHAPED_DPI_X

    def draw(self, canvas: Any, text: str, x: float, baseline: float, size_pt: float) -> None:
        for run, font in self._runs(text, size_pt):
            picture, left, below = self._picture(run, font)
            if picture is not None:
                scale = 72 / SHAPED_DPI_X
                canvas.drawImage(
                    ImageReader(picture),
                    x + left * scale,
                    baseline - below * scale,
                    picture.width * scale,
                    picture.height * 72 / SHAPED_DPI_Y,
                    mask=[255, 255],
                )
            x += self._length(run, font) * 72 / SHAPED_DPI_X

    def _direction(self) -> str:
        return "rtl" if self.right_to_left else "ltr"

    def _length(self, run: str, font: ImageFont.FreeTypeFont) -> float:
        return font.getlength(run, direction=self._direction())

    def _picture(self, run: str, font: ImageFont.FreeTypeFont) -> tuple[Image.Image | None, float, float]:
        """The drawn run (0 black, 255 white), how far it begins right of the pen, how far it reaches below it."""
        left, top, right, bottom = font.getbbox(run, anchor="ls", direction=self._direction())
        if right <= left or bottom <= top:
            return None, 0, 0
        picture = Image.new("L", (int(right - left), int(bottom - top)), 255)
        pen = ImageDraw.Draw(picture)
        pen.fontmode = "1"
        pen.text((-left, -top), run, fill=0, font=font, anchor="ls", direction=self._direction())
        rows = max(1, round(picture.height * SHAPED_DPI_Y / SHAPED_DPI_X))
        return picture.resize((picture.width, rows), Image.Resampling.NEAREST), left, bottom

    def _runs(self, text: str, size_pt: float) -> list[tuple[str, ImageFont.FreeTypeFont]]:
        """The text in stretches of one font each, from left to right."""
        pixels = max(1, round(size_pt * SHAPED_DPI_X / 72))
        whole = next((path for path in self.fonts if covers(path, text)), None)
        if whole is not None:
            return [(text, _truetype(whole, pixels))]
        runs: list[tuple[str, Path]] = []
        for character in text:
            if runs and (invisible(character) or covers(runs[-1][1], character)):
                runs[-1] = (runs[-1][0] + character, runs[-1][1])
            else:
                path = self.fonts[0] if invisible(character) else font_with(character, self.fonts)
                runs.append((character, path))
        if self.right_to_left:
            runs.reverse()
        return [(run, _truetype(path, pixels)) for run, path in runs]


@cache
def _truetype(path: Path, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.RAQM)


def face_for(text: str, bold: bool) -> Face:
    """The face that can draw all of ``text``. Raises CoverPageError when a character has no glyph in any font."""
    names = (BOLD, REGULAR) if bold else (REGULAR,)
    if not any(_needs_shaping(character) for character in text):
        for name in names:
            if covers(dejavu(name), text):
                return PlainFace(name)
    if not features.check("raqm"):
        raise CoverPageError("This text needs Raqm, which the installed Pillow lacks", text[:80])
    first = tuple(dejavu(name) for name in names)
    visible = dict.fromkeys(character for character in text if not invisible(character))
    more = dict.fromkeys(font_with(character, first) for character in visible)
    return ShapedFace(tuple(dict.fromkeys((*first, *more))), script.is_right_to_left(text))


def _needs_shaping(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL", "AN") or unicodedata.category(character) in (
        "Mn",
        "Mc",
        "Me",
        "Cf",
    )


def broken(text: str, face: Face, size_pt: float, width_pt: float) -> list[str]:
    """``text`` (without line ends) as lines of at most ``width_pt`` points; an empty text is one empty line."""
    return script.broken(text, lambda part: face.width(part, size_pt), width_pt)
