"""The one drawer of text: any script, measured and drawn into bilevel pixels, for every page and every recipient.

What always holds: the same text in the same size is the same pixels, wherever and whenever it is drawn; its width is
the same at every resolution, so that lines break alike; a character without a glyph is a ``CoverPageError``.

Text is drawn at twice the fine resolution (392 dots per inch), and the dots of the page are then black from a share of
ink on. Pixels are taken to be square at 196 dpi: letters are 4 % narrower than drawn, which nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from codec.page import Bitmap, Resolution
from coverpage.errors import CoverPageError
from coverpage.fields import clean
from coverpage.fonts import BOLD, REGULAR, covers, dejavu, font_with, invisible
from coverpage.script import broken, is_right_to_left, stretches

DRAWN_DPI = 392
PT_PER_DRAWN_PIXEL = 72 / (2 * 204.14)
# Below half, so that thin strokes do not break.
_INK = 0.42
_BLACK = bytes(255 if level >= round(255 * _INK) else 0 for level in range(256))
# Drawn pixels to a pixel of the page: across, down.
_STEPS = {Resolution.STANDARD: (2, 4), Resolution.FINE: (2, 2), Resolution.SUPERFINE: (2, 1)}
_PIECE = re.compile(r"[0-9]| +|[^ 0-9]+")
_AIR = 16  # drawn pixels around a text, for what leans out of its box
_KEPT = 8192


@dataclass(frozen=True)
class Drawn:
    """A drawn text, or one word of it. ``left`` and ``top``: of its first pixel, from the pen and the baseline."""

    bitmap: Bitmap
    left: int
    top: int


@dataclass(frozen=True)
class _Run:
    text: str
    font: Path
    right_to_left: bool


def width(text: str, size: float, bold: bool, right_to_left: bool) -> float:
    """In points. Raises CoverPageError: a character has no glyph in any font."""
    return _length(text, pixels_of(size), bold, right_to_left) * PT_PER_DRAWN_PIXEL


def forget() -> None:
    """Everything that was measured and drawn before; fonts may be others now."""
    for each in (_length, lines, drawn, _word_length, _whole, _runs):
        each.cache_clear()


def pixels_of(size: float) -> int:
    return max(1, round(size * DRAWN_DPI / 72))


def check_letters(values: Iterable[object]) -> None:
    """Whether every character in the texts of these dataclasses has a glyph. Raises CoverPageError."""
    texts = (getattr(value, member.name) for value in values for member in fields(value))  # type: ignore[arg-type]
    seen = {character for text in texts if isinstance(text, str) for character in text}
    for character in sorted(seen):
        if clean(character).strip() and not invisible(character):
            font_with(character, (dejavu(REGULAR),))


@lru_cache(maxsize=_KEPT)
def _length(text: str, pixels: int, bold: bool, right_to_left: bool) -> float:
    runs = _runs(text, bold, right_to_left)
    if len(runs) == 1 and not right_to_left and _in_order(text):
        # As it is drawn.
        font = runs[0].font
        return sum(_word_length(piece, font, pixels) for piece in _pieces(text))
    return sum(_truetype(run.font, pixels).getlength(run.text, direction=_direction(run)) for run in runs)


@lru_cache(maxsize=_KEPT)
def lines(text: str, size: float, bold: bool, most: float) -> tuple[str, ...]:
    """``text`` broken into lines of at most ``most`` points, unless one single character is wider."""
    right_to_left = is_right_to_left(text)
    return tuple(broken(text, lambda part: width(part, size, bold, right_to_left), most))


@lru_cache(maxsize=_KEPT)
def drawn(text: str, size: float, bold: bool, right_to_left: bool, resolution: Resolution) -> tuple[Drawn, ...]:
    """The text's pixels. Raises CoverPageError.

    Words and digits of one font that stand in the order in which they are written are drawn one by one, each at a whole
    pixel: most of them have been drawn before.
    """
    pixels = pixels_of(size)
    runs = _runs(text, bold, right_to_left)
    if len(runs) > 1 or right_to_left or not _in_order(text):
        found = _whole(runs, pixels, resolution)
        return () if found is None else (found,)
    font = runs[0].font
    words: list[Drawn] = []
    pen = 0.0
    for piece in _pieces(text):
        if not piece.isspace():
            made = _whole((_Run(piece, font, False),), pixels, resolution)
            if made is not None:
                words.append(Drawn(made.bitmap, made.left + round(pen / _STEPS[resolution][0]), made.top))
        pen += _word_length(piece, font, pixels)
    return tuple(words)


@lru_cache(maxsize=_KEPT)
def _pieces(text: str) -> tuple[str, ...]:
    """Words, and the blanks between them; of numbers each digit, since every recipient has another."""
    return tuple(_PIECE.findall(text))


def _in_order(text: str) -> bool:
    """Whether no character of the text is drawn elsewhere than where it stands, nor in a word's context."""
    return text.isascii() or all(ord(character) < 0x590 for character in text)


@lru_cache(maxsize=_KEPT)
def _word_length(word: str, font: Path, pixels: int) -> float:
    return _truetype(font, pixels).getlength(word)


@lru_cache(maxsize=_KEPT)
def _whole(runs: tuple[_Run, ...], pixels: int, resolution: Resolution) -> Drawn | None:
    """Runs drawn as one; None: there is no ink in them."""
    across, down = _STEPS[resolution]
    pieces = []
    pen, above, below = 0.0, 0, 0
    for run in runs:
        font = _truetype(run.font, pixels)
        _, top, _, bottom = font.getbbox(run.text, anchor="ls", direction=_direction(run))
        pieces.append((pen, run, font))
        above, below = max(above, -int(top)), max(below, int(bottom) + 1)
        pen += font.getlength(run.text, direction=_direction(run))
    above += -above % down
    wide = int(pen) + 2 * _AIR
    canvas = Image.new("L", (wide + -wide % across, above + below + -(above + below) % down), 0)
    brush = ImageDraw.Draw(canvas)
    for at, run, font in pieces:
        brush.text((_AIR + at, above), run.text, fill=255, font=font, anchor="ls", direction=_direction(run))
    grey = canvas.reduce((across, down))
    box = grey.getbbox()
    if box is None:
        return None
    ink = grey.crop(box)
    black = Image.frombytes("L", ink.size, ink.tobytes().translate(_BLACK)).convert("1", dither=Image.Dither.NONE)
    return Drawn(Bitmap(black.width, black.height, black.tobytes()), box[0] - _AIR // across, box[1] - above // down)


def _direction(run: _Run) -> str:
    return "rtl" if run.right_to_left else "ltr"


@lru_cache(maxsize=256)
def _truetype(path: Path, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.RAQM)


@lru_cache(maxsize=_KEPT)
def _runs(text: str, bold: bool, right_to_left: bool) -> tuple[_Run, ...]:
    """The text in stretches of one font each, from left to right."""
    names = (BOLD, REGULAR) if bold else (REGULAR,)
    first = tuple(dejavu(name) for name in names)
    for path in first:
        if covers(path, text):
            return (_Run(text, path, right_to_left),)
    _need_raqm()
    chosen: list[Path] = []
    for character in text:
        if invisible(character) or (chosen and covers(chosen[-1], character) and not character.isalnum()):
            chosen.append(chosen[-1] if chosen else first[0])
        else:
            chosen.append(font_with(character, first))
    if len(set(chosen)) == 1:
        return (_Run(text, chosen[0], right_to_left),)
    found = stretches(text, right_to_left, lambda one, two: chosen[one] == chosen[two])
    return tuple(_Run(text[first:last], chosen[first], leftwards) for first, last, leftwards in found)


@lru_cache(maxsize=1)
def _need_raqm() -> None:
    if not features.check("raqm"):
        raise CoverPageError("This text needs Raqm, which the installed Pillow lacks; install libfribidi0 too")
