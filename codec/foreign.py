"""TIFFs of others to pages, through libtiff (pylibtiff): any compression, strips or tiles, colour, either byte order.

What always holds: a fax TIFF of the resolution asked for comes in pixel by pixel; a fax TIFF of another one has its
rows merged (black wins) or repeated; everything else is laid out on a sheet as a picture is. Sizes are checked before
anything is decoded. What it must not do: run outside a limited child, since libtiff reads what a stranger wrote.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from codec.coder import decode, page_from_bitmap
from codec.errors import CodeError, TiffError
from codec.operations import reduce_rows, resample, scaled_to_width, with_width
from codec.page import Bitmap, BitOrder, Coding, Page, Resolution
from codec.raster_image import Header, drawn
from codec.raster_paper import DPI_X, PageWidth

MAX_PIXELS = 80_000_000
MAX_COLOUR_PIXELS = 40_000_000
MAX_PAGES = 10_000

_THUMBNAIL_OR_MASK = 1 | 4
_FAX_WIDTHS = (1728, 2048, 2432)
_USUAL_DPI = 96.0
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)
_INVERTED = bytes(255 - octet for octet in range(256))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    # Imported here: loading libtiff costs more than all else that this package imports.
    from libtiff import libtiff_ctypes

    library = libtiff_ctypes.libtiff
    # Its messages go to stderr without saying which file they are about; what fails is seen from the results.
    library.TIFFSetErrorHandler(None)
    library.TIFFSetWarningHandler(None)
    try:
        # m: not mapped into memory, so that a file cut short while it is read is an error and not a signal.
        tiff = libtiff_ctypes.TIFF.open(str(path), "rm")
    except TypeError as error:
        raise TiffError("this is not a TIFF that libtiff can open") from error
    try:
        yield tiff
    finally:
        tiff.close()


def count_pages(path: Path) -> int:
    """How many pages ``read_foreign`` would find, without decoding any. Raises TiffError."""
    with _opened(path) as tiff:
        count = 0
        for _ in _directories(tiff):
            _Image(tiff).check()
            count += 1
        return count


def read_foreign(path: Path, resolution: Resolution, width: int = 1728) -> Iterator[Page]:
    """The pages of any TIFF, one after the other, at ``resolution`` and ``width`` pixels (1728, 2048 or 2432).

    Thumbnails and masks are left out. Only to be called in a limited child process: memory for the largest page that
    is taken is about 250 MB. Raises TiffError for a damaged file or one of a kind that libtiff does not read.
    """
    if width not in _FAX_WIDTHS:
        raise TiffError(f"a page of {width} pixels is no fax page")
    with _opened(path) as tiff:
        for _ in _directories(tiff):
            image = _Image(tiff)
            image.check()
            yield image.page(resolution, width)


def _directories(tiff: Any) -> Iterator[int]:
    number = 0
    while True:
        number += 1
        if number > MAX_PAGES:
            raise TiffError(f"more than {MAX_PAGES} pages")
        if not (tiff.GetField("SubFileType") or 0) & _THUMBNAIL_OR_MASK:
            yield number
        if tiff.LastDirectory():
            return
        if not tiff.ReadDirectory():
            raise TiffError(f"what follows page {number} is damaged")


class _Image:
    """The current directory of an open TIFF."""

    def __init__(self, tiff: Any) -> None:
        self.tiff = tiff
        self.width = self.number("ImageWidth", 0)
        self.rows = self.number("ImageLength", 0)
        self.bits = self.number("BitsPerSample", 1)
        self.samples = self.number("SamplesPerPixel", 1)
        self.photometric = self.number("Photometric", 0)
        self.orientation = self.number("Orientation", 1)
        self.compression = self.number("Compression", 1)

    def number(self, tag: str, default: int) -> int:
        value = self.tiff.GetField(tag)
        return default if value is None else int(value)

    @property
    def bilevel(self) -> bool:
        return self.bits == 1 and self.samples == 1 and self.photometric in (0, 1)

    def check(self) -> None:
        """Raises TiffError when the page is larger than we take."""
        most = MAX_PIXELS if self.bilevel else MAX_COLOUR_PIXELS
        if self.width < 1 or self.rows < 1 or self.width > 65_535 or self.rows > 500_000:
            raise TiffError(f"a page of {self.width} x {self.rows} pixels is impossible")
        if self.width * self.rows > most:
            raise TiffError(f"a page of {self.width} x {self.rows} pixels is too large; {most} pixels are taken")

    def densities(self) -> tuple[float, float] | None:
        factor = 2.54 if self.number("ResolutionUnit", 2) == 3 else 1.0
        given = self.tiff.GetField("XResolution"), self.tiff.GetField("YResolution")
        if given[0] is None or given[1] is None or self.number("ResolutionUnit", 2) == 1:
            return None
        x, y = float(given[0]) * factor, float(given[1]) * factor
        return (x, y) if 20 <= x <= 5000 and 20 <= y <= 5000 else None

    def fax_shape(self) -> tuple[int, int] | None:
        """Nominal dpi both ways if this is a page as fax machines have it, else None."""
        if not self.bilevel or self.orientation != 1 or self.width not in _FAX_WIDTHS:
            return None
        found = self.densities()
        if found is None:
            return DPI_X, 196 if self.rows > self.width * 3 // 4 else 98
        if not 195 <= found[0] <= 210:
            return None
        for dpi, low, high in ((98, 92, 106), (196, 188, 210), (391, 380, 412)):
            if low <= found[1] <= high:
                return DPI_X, dpi
        return None

    def page(self, resolution: Resolution, width: int) -> Page:
        shape = self.fax_shape()
        if shape is None:
            sheet = drawn(self.grey(), self.header(), resolution, PageWidth(width))
            return page_from_bitmap(sheet, DPI_X, resolution.dpi_y)
        page = page_from_bitmap(self.bitmap(), *shape)
        if page.width > width:
            page = scaled_to_width(page, width)
        elif page.width < width:
            page = with_width(page, width)
        if page.dpi_y > resolution.dpi_y:
            return reduce_rows(page, resolution)
        return page if page.dpi_y == resolution.dpi_y else resample(page, page.dpi_x, resolution.dpi_y)

    def header(self) -> Header:
        x, y = self.densities() or (_USUAL_DPI, _USUAL_DPI)
        turn = _TURNS.get(self.orientation)
        if self.orientation in _SIDEWAYS:
            return Header(self.rows, self.width, y, x, turn)
        return Header(self.width, self.rows, x, y, turn)

    def grey(self) -> Image.Image:
        """8-bit grey; what is transparent becomes white paper."""
        if self.bilevel:
            bitmap = self.bitmap()
            ink = Image.frombytes("1", (bitmap.width, bitmap.rows), bitmap.data.translate(_INVERTED))
            return ink.convert("L")
        library = _library()
        pixels = bytearray(self.width * self.rows * 4)
        raster = (ctypes.c_char * len(pixels)).from_buffer(pixels)
        # Orientation 1: rows from the top; the turn that the file asks for is made later.
        asked = self.orientation if self.orientation in range(1, 9) else 1
        if not library.TIFFReadRGBAImageOriented(self.tiff, self.width, self.rows, raster, asked, 1):
            raise TiffError("the picture is damaged or of a kind that libtiff does not read")
        colour = Image.frombuffer("RGBA", (self.width, self.rows), pixels, "raw", "RGBA", 0, 1)
        paper = Image.new("L", colour.size, 255)
        for top in range(0, self.rows, 256):
            strip = colour.crop((0, top, self.width, min(self.rows, top + 256)))
            paper.paste(strip.convert("L"), (0, top), strip.getchannel("A"))
        return paper

    def bitmap(self) -> Bitmap:
        octets = (self.width + 7) // 8
        data = self.tiles(octets) if self.tiff.IsTiled() else self.strips(octets)
        if self.photometric == 1:
            data = data.translate(_INVERTED)
        if self.width % 8:
            keep = 0xFF00 >> (self.width % 8) & 0xFF
            rows = bytearray(data)
            rows[octets - 1 :: octets] = rows[octets - 1 :: octets].translate(bytes(o & keep for o in range(256)))
            data = bytes(rows)
        return Bitmap(self.width, self.rows, data)

    def strips(self, octets: int) -> bytes:
        per_strip = min(self.rows, self.number("RowsPerStrip", self.rows) or self.rows)
        buffer = ctypes.create_string_buffer(per_strip * octets)
        found = bytearray()
        for strip in range(-(-self.rows // per_strip)):
            rows = min(per_strip, self.rows - strip * per_strip)
            wanted = rows * octets
            if int(self.tiff.ReadEncodedStrip(strip, buffer, wanted)) != wanted:
                found += self.repaired(strip, rows, octets)
            else:
                found += buffer.raw[:wanted]
        return bytes(found)

    def repaired(self, strip: int, rows: int, octets: int) -> bytes:
        """A strip of T.4 code that libtiff gives up, with bad rows repeated. Raises TiffError for anything else."""
        if self.compression != 3:
            raise TiffError(f"strip {strip} is damaged")
        size = int(_library().TIFFRawStripSize(self.tiff, strip).value)
        if not 0 < size <= 100_000_000:
            raise TiffError(f"strip {strip} is damaged")
        raw = ctypes.create_string_buffer(size)
        if int(self.tiff.ReadRawStrip(strip, raw, size)) != size:
            raise TiffError(f"strip {strip} is cut off")
        coding = Coding.MR if self.number("T4Options", 0) & 1 else Coding.MH
        order = BitOrder.LSB if self.number("FillOrder", 1) == 2 else BitOrder.MSB
        try:
            decoded = decode(raw.raw, coding, self.width, rows=rows, order=order)
        except CodeError as error:
            raise TiffError(f"strip {strip} is damaged") from error
        if len(decoded.bad_rows) * 2 > decoded.rows or decoded.rows * 2 < rows:
            raise TiffError(f"strip {strip} is damaged: of {rows} rows most cannot be read")
        return decoded.bitmap.data.ljust(rows * octets, b"\0")

    def tiles(self, octets: int) -> bytes:
        across, down = self.number("TileWidth", 0), self.number("TileLength", 0)
        if not (0 < across <= 65_536 and 0 < down <= 65_536) or across % 8:
            raise TiffError(f"tiles of {across} x {down} pixels are impossible")
        tile_octets = across // 8
        buffer = ctypes.create_string_buffer(tile_octets * down)
        sheet = bytearray(octets * self.rows)
        for top in range(0, self.rows, down):
            for left in range(0, self.width, across):
                if int(self.tiff.ReadTile(buffer, left, top, 0, 0).value) != len(buffer):
                    raise TiffError(f"the tile at {left}, {top} is damaged")
                begin = left // 8
                take = min(tile_octets, octets - begin)
                raw = buffer.raw
                for row in range(min(down, self.rows - top)):
                    at = (top + row) * octets + begin
                    sheet[at : at + take] = raw[row * tile_octets : row * tile_octets + take]
        return bytes(sheet)


def _library() -> Any:
    from libtiff import libtiff_ctypes

    return libtiff_ctypes.libtiff
