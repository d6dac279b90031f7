"""Pictures (PNG, JPEG, GIF: the first frame) to one bilevel page.

What always holds: the number of pixels is checked in the header before anything is decoded; a picture is printed at
its true size when it names one (at 96 pixels per inch when it does not), reduced when the page is smaller, and never
enlarged; a broad one is turned. Black and white pictures stay sharp; all others are screened with a small
line-shaped dot, which codes to fewer octets than an irregular one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from codec.errors import DocumentError, DocumentFault
from codec.limits import Limits
from codec.page import Bitmap, Resolution
from codec.raster_paper import PT_PER_INCH, Geometry, PageWidth, Paper, geometry, paper_for

_FORMATS = ("PNG", "JPEG", "GIF")
_USUAL_DPI = 96.0
_SENSIBLE_DPI = (50.0, 2400.0)
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8])
_STRIP_ROWS = 256
# A cell of the screen is about half a millimetre square at every resolution: pels across, lines down.
_CELL = {Resolution.STANDARD: (8, 2), Resolution.FINE: (4, 4), Resolution.SUPERFINE: (4, 8)}
# Off-white paper becomes white and dark print black before screening.
_BLACK_TO, _WHITE_FROM = 26, 235


@dataclass(frozen=True)
class Header:
    """Pixels and density as the picture's header gives them, turned upright."""

    width: int
    height: int
    dpi_x: float
    dpi_y: float
    turn: Image.Transpose | None

    @property
    def paper(self) -> Paper:
        return paper_for(self.width / self.dpi_x * PT_PER_INCH, self.height / self.dpi_y * PT_PER_INCH)


def opened(path: Path, limits: Limits) -> tuple[Image.Image, Header]:
    """The picture, not yet decoded. Raises DocumentError for a broken header or too many pixels."""
    Image.MAX_IMAGE_PIXELS = None
    try:
        picture = Image.open(path, formats=_FORMATS)
        # In a PNG this mark may stand behind the picture, so that looking for it would decode everything.
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1)) if picture.format == "JPEG" else None
        dpi = _density(picture.info.get("dpi"))
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(error) from error
    width, height = picture.size
    if width * height > limits.image_pixels:
        raise DocumentError(
            DocumentFault.TOO_LARGE,
            f"The picture has {width} x {height} pixels; at most {limits.image_pixels // 1_000_000} million can go.",
        )
    if turn in _SIDEWAYS:
        return picture, Header(height, width, dpi[1], dpi[0], turn)
    return picture, Header(width, height, dpi[0], dpi[1], turn)


def _density(given: object) -> tuple[float, float]:
    low, high = _SENSIBLE_DPI
    if isinstance(given, tuple) and len(given) == 2:
        try:
            x, y = float(given[0]), float(given[1])
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            return _USUAL_DPI, _USUAL_DPI
        if low <= x <= high and low <= y <= high:
            return x, y
    return _USUAL_DPI, _USUAL_DPI


def _damaged(error: Exception) -> DocumentError:
    return DocumentError(DocumentFault.DAMAGED, "This picture is damaged and cannot be read whole.", repr(error))


def bitmap(path: Path, resolution: Resolution, width: PageWidth, limits: Limits) -> Bitmap:
    """The picture's page. Raises DocumentError."""
    picture, header = opened(path, limits)
    _, target, _ = _place(header, resolution, width)
    try:
        # JPEG can decode at a fraction of its size, as long as that is still larger than what is needed.
        picture.draft("L", (max(target) * 2, max(target) * 2))
        grey = _grey(picture)
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(error) from error
    return drawn(grey, header, resolution, width)


def boxed(path: Path, resolution: Resolution, box: tuple[int, int], limits: Limits) -> Bitmap:
    """The picture alone, as large as a box of so many pixels across and rows down allows. Raises DocumentError."""
    picture, header = opened(path, limits)
    try:
        grey = _grey(picture)
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(error) from error
    if header.turn is not None:
        grey = grey.transpose(header.turn)
    shape = geometry(Paper.A4, resolution)
    across = header.width / header.dpi_x * shape.density_x
    down = header.height / header.dpi_y * shape.density_y
    scale = min(box[0] / across, box[1] / down)
    size = max(1, min(box[0], round(across * scale))), max(1, min(box[1], round(down * scale)))
    bilevel = sum(grey.histogram()[1:255]) == 0
    shrinks = grey.width >= size[0] and grey.height >= size[1]
    grey = grey.resize(size, Image.Resampling.BOX if shrinks or bilevel else Image.Resampling.BICUBIC)
    ink = _threshold(grey) if bilevel else _screen(grey, resolution)
    return Bitmap(*size, ink.tobytes())


def _place(header: Header, resolution: Resolution, width: PageWidth) -> tuple[Geometry, tuple[int, int], bool]:
    """The sheet, the picture's size on it in pels and lines, and whether it is turned to stand upright."""
    paper = header.paper if width is PageWidth.A4 else paper_for(0, 0, width)
    shape = geometry(paper, resolution, width)
    broad = header.width / header.dpi_x > header.height / header.dpi_y
    across, down = (
        (header.height / header.dpi_y, header.width / header.dpi_x)
        if broad
        else (
            header.width / header.dpi_x,
            header.height / header.dpi_y,
        )
    )
    scale = min(1.0, shape.width / shape.density_x / across, shape.rows / shape.density_y / down)
    target = (
        min(shape.width, max(1, round(across * scale * shape.density_x))),
        min(shape.rows, max(1, round(down * scale * shape.density_y))),
    )
    return shape, target, broad


def drawn(grey: Image.Image, header: Header, resolution: Resolution, width: PageWidth) -> Bitmap:
    """The page of a picture that is decoded already: ``grey`` of mode L, turned and placed as ``header`` says."""
    shape, target, broad = _place(header, resolution, width)
    bilevel = sum(grey.histogram()[1:255]) == 0
    # Reduced first and turned afterwards: turning a large picture costs as much as decoding it.
    turns = [turn for turn in (header.turn, Image.Transpose.ROTATE_90 if broad else None) if turn is not None]
    size = target[::-1] if sum(turn in _SIDEWAYS for turn in turns) == 1 else target
    shrinks = grey.width >= size[0] and grey.height >= size[1]
    grey = grey.resize(size, Image.Resampling.BOX if shrinks or bilevel else Image.Resampling.BICUBIC)
    for turn in turns:
        grey = grey.transpose(turn)
    sheet = Image.new("L", (shape.width, shape.rows), 255)
    sheet.paste(grey, ((shape.width - target[0]) // 2, (shape.rows - target[1]) // 2))
    ink = _threshold(sheet) if bilevel else _screen(sheet, resolution)
    return Bitmap(shape.width, shape.rows, ink.tobytes())


def _grey(picture: Image.Image) -> Image.Image:
    """8-bit grey; what is transparent becomes white paper. Works in strips, so that a picture near the limit fits."""
    deep = picture.mode.startswith("I")
    clear = "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info
    if not deep and not clear:
        return picture.convert("L")
    picture.load()
    paper = Image.new("L", picture.size, 255)
    for top in range(0, picture.height, _STRIP_ROWS):
        strip = picture.crop((0, top, picture.width, min(picture.height, top + _STRIP_ROWS)))
        if deep:
            # 16-bit grey: ``convert`` would clip instead of scale.
            paper.paste(strip.convert("I").point(lambda value: value / 257).convert("L"), (0, top))
        else:
            strip = strip.convert("RGBA")
            paper.paste(strip.convert("L"), (0, top), strip.getchannel("A"))
    return paper


def _threshold(sheet: Image.Image) -> Image.Image:
    """Reduced black and white: a line that fills two fifths of a pixel still prints."""
    return sheet.point([255 if grey < 153 else 0 for grey in range(256)], "1")


def _screen(sheet: Image.Image, resolution: Resolution) -> Image.Image:
    across, down = _CELL[resolution]
    # The dot grows along the middle lines first: long runs, few code words.
    places = sorted(((y, x) for y in range(down) for x in range(across)), key=lambda p: _growth(p, across, down))
    threshold = {place: round(255 * (1 - (k + 0.5) / len(places))) for k, place in enumerate(places)}
    cell_rows = [bytes(threshold[y, x] for x in range(across)) for y in range(down)]
    repeats = -(-sheet.width // across)
    band = b"".join((row * repeats)[: sheet.width] for row in cell_rows)
    tile = Image.frombytes("L", sheet.size, (band * -(-sheet.height // down))[: sheet.width * sheet.height])
    span = _WHITE_FROM - _BLACK_TO
    levels = [min(255, max(0, (grey - _BLACK_TO) * 255 // span)) for grey in range(256)]
    lighter = ImageChops.subtract(sheet.point(levels), tile)
    return lighter.point([255] + [0] * 255, "1")


def _growth(place: tuple[int, int], across: int, down: int) -> tuple[float, float]:
    y, x = place
    return abs(y - (down - 1) / 2 + 0.1), abs(x - (across - 1) / 2 + 0.1)
