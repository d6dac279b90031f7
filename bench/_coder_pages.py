"""The pages that the coder is measured with: letter, dense text, form, halftone; 1728 x 2292, drawn here.

What always holds: the same pages on every run with the same Pillow; no file is read but the fonts.
"""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFont

from codec.page import Bitmap

WIDTH, ROWS = 1728, 2292
_TEXT = (
    "the of and fax line page number call answer please find enclosed our offer for delivery within two weeks order "
    "invoice total amount due copy contract office department street telephone regards sincerely meeting agenda report"
)
_WORDS = _TEXT.split()


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("1", (WIDTH, ROWS), 0)
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    return picture, draw


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in ("DejaVuSerif.ttf", "DejaVuSans.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _bitmap(picture: Image.Image) -> Bitmap:
    return Bitmap(WIDTH, ROWS, picture.tobytes())


def _text(draw: ImageDraw.ImageDraw, seed: int, box: tuple[int, int, int, int], size: int, lead: int) -> None:
    chance, font = random.Random(seed), _font(size)
    left, top, right, bottom = box
    for y in range(top, bottom - lead, lead):
        line = chance.choice(_WORDS).capitalize()
        while True:
            longer = f"{line} {chance.choice(_WORDS)}"
            if font.getlength(longer) > right - left:
                break
            line = longer
        draw.text((left, y), line, fill=1, font=font)


def letter() -> Bitmap:
    picture, draw = _sheet()
    draw.text((180, 160), "Platen & Co.", fill=1, font=_font(64))
    _text(draw, 1, (180, 320, 760, 520), 30, 42)
    _text(draw, 2, (180, 760, 1560, 1500), 32, 48)
    draw.text((180, 1640), "Yours sincerely", fill=1, font=_font(32))
    return _bitmap(picture)


def dense_text() -> Bitmap:
    picture, draw = _sheet()
    _text(draw, 3, (100, 100, 1630, 2220), 24, 31)
    return _bitmap(picture)


def form() -> Bitmap:
    picture, draw = _sheet()
    for row in range(25):
        y = 160 + row * 80
        draw.line((120, y, 1608, y), fill=1, width=2)
    for x in (120, 360, 900, 1180, 1400, 1608):
        draw.line((x, 160, x, 160 + 24 * 80), fill=1, width=2)
    draw.rectangle((120, 160, 1608, 240), fill=1)
    chance, font = random.Random(4), _font(26)
    for row in range(1, 24):
        for x in (140, 380, 920, 1200, 1420):
            text = chance.choice(_WORDS) if x < 900 else str(chance.randrange(100_000))
            draw.text((x, 186 + row * 80), text, fill=1, font=font)
    return _bitmap(picture)


def _scene(width: int, rows: int) -> Image.Image:
    """Something like a photograph: soft shapes of all sizes, and grain."""
    chance = random.Random(5)
    scene = Image.new("L", (width, rows), 128)
    for cells, share in ((3, 0.6), (7, 0.45), (17, 0.3), (41, 0.2), (97, 0.12), (229, 0.08)):
        coarse = Image.frombytes("L", (cells, cells), bytes(chance.randrange(256) for _ in range(cells * cells)))
        scene = Image.blend(scene, coarse.resize((width, rows), Image.Resampling.BICUBIC), share)
    grain = Image.frombytes("L", (width, rows), chance.randbytes(width * rows))
    return Image.blend(scene, grain, 0.03)


def halftone() -> Bitmap:
    """A page with a photograph under a 4 x 4 screen whose dot grows along the rows, and its caption."""
    order = (12, 5, 6, 13, 4, 0, 1, 7, 11, 3, 2, 8, 15, 10, 9, 14)
    wide, high = 1440, 1880
    large = _scene(wide, high).tobytes()
    levels = [bytes(255 if value < (order[cell] + 0.5) * 16 else 0 for value in range(256)) for cell in range(16)]
    ink = bytearray(wide * high)
    for y in range(high):
        for x in range(4):
            part = slice(y * wide + x, (y + 1) * wide, 4)
            ink[part] = large[part].translate(levels[y % 4 * 4 + x])
    picture, draw = _sheet()
    picture.paste(Image.frombytes("L", (wide, high), bytes(ink)).point([0] * 128 + [1] * 128, "1"), (144, 140))
    _text(draw, 6, (144, 2060, 1584, 2200), 28, 40)
    return _bitmap(picture)


def pages() -> dict[str, Bitmap]:
    """All four, by name."""
    return {"letter": letter(), "dense text": dense_text(), "form": form(), "halftone": halftone()}
