"""Fax pages as a PDF: each page's T.6 code as it is, in a page of its own size; nothing is drawn or coded anew.

What always holds: the pixels are the pages' own, in the shape they have on paper; one page is held in memory at a time;
the same pages give the same file. What it must not do: read PDFs (``codec.precheck`` and the rasteriser do).
(ISO 32000-1 7.4.6 CCITTFaxDecode; 7.5 file structure.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from codec.errors import TiffError
from codec.page import Page, Resolution
from codec.raster_paper import MM_PER_INCH, Paper, geometry

_POINTS = 72
_RESOLUTIONS = {resolution.dpi_y: resolution for resolution in Resolution}
_CATALOG, _PAGES, _INFO = 1, 2, 3


class _Objects:
    """Numbered objects, written one behind the other."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0
        self._places: dict[int, int] = {}
        # The second line says that what follows is no text.
        self._write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def _write(self, octets: bytes) -> None:
        self._file.write(octets)
        self._at += len(octets)

    def put(self, number: int, value: str, stream: bytes | None = None) -> None:
        self._places[number] = self._at
        self._write(f"{number} 0 obj\n".encode())
        if stream is None:
            self._write(value.encode("ascii"))
        else:
            self._write(f"<<{value}/Length {len(stream)}>>\nstream\n".encode("ascii"))
            self._write(stream)
            self._write(b"\nendstream")
        self._write(b"\nendobj\n")

    def end(self) -> None:
        start, count = self._at, len(self._places) + 1
        self._write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        for number in range(1, count):
            self._write(f"{self._places[number]:010d} 00000 n \n".encode())
        trailer = f"<</Size {count}/Root {_CATALOG} 0 R/Info {_INFO} 0 R>>"
        self._write(f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode())


@dataclass(frozen=True)
class _Place:
    """A page's box and the picture's place in it, in points: ``left`` and ``foot`` of its lower left corner."""

    box: tuple[float, float]
    width: float
    height: float
    left: float = 0.0
    foot: float = 0.0


def write_pdf(pages: Iterable[Page], out: Path, title: str = "", *, for_paper: Paper | None = None) -> Path:
    """Write ``pages`` to the PDF ``out``, replacing one that is there; returns it.

    ``title``: any text, shown by viewers. ``for_paper``: the PDF is to be printed to a fax printer: its pages are of
    that paper, with the pixels where they come out as they are when the document is rasterised for it again; they must
    have the width of that paper's raster. Raises TiffError when there is no page, OSError when the disk refuses.
    """
    with out.open("wb") as file:
        objects = _Objects(file)
        kids: list[str] = []
        for page in pages:
            first = 4 + 3 * len(kids)
            _put_page(objects, page, first, _own_size(page) if for_paper is None else _printed(page, for_paper))
            kids.append(f"{first} 0 R")
        if not kids:
            raise TiffError("there is no page that could stand in a PDF")
        objects.put(_CATALOG, f"<</Type/Catalog/Pages {_PAGES} 0 R>>")
        objects.put(_PAGES, f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>")
        objects.put(_INFO, f"<</Producer(Platen)/Title {_text(title)}>>")
        objects.end()
    return out


def _own_size(page: Page) -> _Place:
    size = (page.width * _POINTS / page.dpi_x, page.rows * _POINTS / page.dpi_y)
    return _Place(size, *size)


def _printed(page: Page, paper: Paper) -> _Place:
    """So that the rasteriser's fitting (``raster_ghostscript.fitted``) takes pixels to pixels."""
    shape = geometry(paper, _RESOLUTIONS[page.dpi_y])
    # Printer descriptions and CUPS give paper in whole points.
    across, down = (round(mm / MM_PER_INCH * _POINTS) for mm in paper.value)
    raster = (shape.width * _POINTS / shape.density_x, shape.rows * _POINTS / shape.density_y)
    scale = min(raster[0] / across, raster[1] / down)
    width, height = page.width * _POINTS / shape.density_x / scale, page.rows * _POINTS / shape.density_y / scale
    top = (down - raster[1] / scale) / 2
    return _Place((across, down), width, height, (across - width) / 2, down - top - height)


def _put_page(objects: _Objects, page: Page, first: int, place: _Place) -> None:
    objects.put(
        first,
        f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 {place.box[0]:.2f} {place.box[1]:.2f}]"
        f"/Contents {first + 1} 0 R/Resources<</XObject<</P {first + 2} 0 R>>>>>>",
    )
    matrix = f"{place.width:.5f} 0 0 {place.height:.5f} {place.left:.5f} {place.foot:.5f}"
    objects.put(first + 1, "", f"{matrix} cm /P Do".encode())
    objects.put(
        first + 2,
        f"/Type/XObject/Subtype/Image/Width {page.width}/Height {page.rows}/ColorSpace/DeviceGray/BitsPerComponent 1"
        f"/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns {page.width}/Rows {page.rows}>>",
        page.data,
    )


def _text(text: str) -> str:
    """A text string of any characters (ISO 32000-1 7.9.2.2): UTF-16 with its mark, in hexadecimal."""
    octets = b"\xfe\xff" + text.encode("utf-16-be", "replace")
    return f"<{octets.hex()}>"
