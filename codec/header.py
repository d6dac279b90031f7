"""The header line of a page as a strip of pixels (the 47 CFR 68.318(d) line: who, to whom, when, which page).

What always holds: the strip is as wide as asked and 12, 24 or 48 rows high at 98, 196 or 391 dpi; no glyph is cut: what
does not fit is shortened with an ellipsis, the right part last, since it holds the page number. Any script is drawn
that a font of this machine covers. What it must not do: touch the page; ``operations.prepend`` puts the strip above it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from codec.errors import CodeError
from codec.page import Bitmap

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_WANTED = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "FreeSans.ttf",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-zenhei.ttc",
    "unifont.otf",
)
# Drawn four times as large both ways and then shrunk, so that one drawing serves every shape of pixel.
_SCALE = 4
_FINE_ROWS = 24
_FONT_SIZE = 18
_BASELINE = 18
_MARGIN, _GAP = 40, 24
# A pixel is black from this share of ink on; below half, so that thin strokes do not break.
_INK = 0.42
_ELLIPSIS = "\u2026"


def header_strip(width: int, dpi_y: int, left: str, middle: str, right: str) -> Bitmap:
    """The header line: three texts at the left, in the middle and at the right of ``width`` pixels at 204 dpi.

    Raises CodeError when the strip would have no place for text.
    """
    rows = strip_rows(dpi_y)
    if not 2 * _MARGIN + 2 * _GAP < width <= 65_535:
        raise CodeError(f"a header line of {width} pixels is impossible")
    parts = _fitted((_plain(left), _plain(middle), _plain(right)), (width - 2 * _MARGIN) * _SCALE)
    picture = Image.new("L", (width * _SCALE, _FINE_ROWS * _SCALE), 0)
    draw = ImageDraw.Draw(picture)
    lengths = [_length(text) for text in parts]
    first, last = _MARGIN * _SCALE, (width - _MARGIN) * _SCALE
    # In the middle of the page if there is room, else in the middle of the room.
    low, high = first + lengths[0], last - lengths[2] - lengths[1]
    centre = (width * _SCALE - lengths[1]) // 2
    gap = _GAP * _SCALE
    at = centre if low + gap <= centre <= high - gap else (low + high) // 2
    for text, x in zip(parts, (first, at, last - lengths[2]), strict=True):
        if text:
            draw.text((x, _BASELINE * _SCALE), text, fill=255, font=_font_for(text), anchor="ls")
    grey = picture.resize((width, rows), Image.Resampling.BOX)
    level = round(255 * _INK)
    black = grey.point([255 if value >= level else 0 for value in range(256)]).convert("1", dither=Image.Dither.NONE)
    return Bitmap(width, rows, black.tobytes())


def strip_rows(dpi_y: int) -> int:
    """How many rows the header line takes at a vertical resolution."""
    if not 10 <= dpi_y <= 10_000:
        raise CodeError(f"a vertical resolution of {dpi_y} dpi is impossible")
    return round(dpi_y * _FINE_ROWS / 196)


def _plain(text: str) -> str:
    """On one line, without control characters."""
    return " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).split())


def _fitted(parts: tuple[str, str, str], room: int) -> tuple[str, str, str]:
    """The texts with gaps fitted into ``room``; the right one is shortened only when it alone is too long."""
    left, middle, right = parts
    gap = _GAP * _SCALE
    right = shortened(right, room, _length)
    room -= _length(right) + (gap if right else 0)
    room -= gap if left and middle else 0
    wide = _length(left), _length(middle)
    if sum(wide) <= room:
        return left, middle, right
    # The shorter one keeps its length as long as it takes no more than half.
    first = wide[0] if wide[0] <= room // 2 else max(room // 2, room - wide[1])
    left = shortened(left, max(0, first), _length)
    return left, shortened(middle, max(0, room - _length(left)), _length), right


def shortened(text: str, room: int, length: Callable[[str], int]) -> str:
    """The longest beginning of the text that fits ``room`` with an ellipsis; the text itself if it fits; maybe empty.

    A character is never parted from the marks that stand on it.
    """
    if length(text) <= room:
        return text
    ends = [i for i in range(len(text)) if not unicodedata.combining(text[i]) and text[i] not in "\u200c\u200d\ufe0f"]
    low, high = 0, len(ends)
    while low < high:
        half = (low + high) // 2
        if length(text[: ends[half]].rstrip() + _ELLIPSIS) <= room:
            low = half + 1
        else:
            high = half
    return text[: ends[low - 1]].rstrip() + _ELLIPSIS if low else ""


@lru_cache(maxsize=1)
def _fonts() -> tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, ...]:
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        for path in sorted(folder.rglob("*.[to]t[fc]")):
            found.setdefault(path.name, path)
    engine = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    fonts: list[ImageFont.FreeTypeFont | ImageFont.ImageFont] = []
    for name in _WANTED:
        if name in found:
            try:
                fonts.append(ImageFont.truetype(str(found[name]), _FONT_SIZE * _SCALE, layout_engine=engine))
            except OSError:
                continue
    return tuple(fonts) or (ImageFont.load_default(_FONT_SIZE * _SCALE),)


@lru_cache(maxsize=4096)
def _covers(font: int, character: str) -> bool:
    if character.isspace():
        return True
    face = _fonts()[font]
    drawn, missing = face.getmask(character), face.getmask("\U0010fffe")
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


def _font_for(text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that lacks the fewest of the text's characters, the first of those."""
    fonts = _fonts()
    return fonts[min(range(len(fonts)), key=lambda i: sum(not _covers(i, c) for c in set(text)))]


def _length(text: str) -> int:
    return int(-(-_font_for(text).getlength(text) // 1)) if text else 0
