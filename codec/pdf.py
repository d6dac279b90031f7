"""Fax pages as a PDF: each page's T.6 code as it is, in a page of its own size; nothing is drawn or coded anew.

What always holds: the pixels are the pages' own, in the shape they have on paper; one page is held in memory at a time;
the same pages give the same file. What it must not do: read PDFs (``codec.precheck`` and the rasteriser do).
(ISO 32000-1 7.4.6 CCITTFaxDecode; 7.5 file structure.)
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from codec.errors import TiffError
from codec.page import Page

_POINTS = 72
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


def write_pdf(pages: Iterable[Page], out: Path, title: str = "") -> Path:
    """Write ``pages`` to the PDF ``out``, replacing one that is there; returns it.

    ``title``: any text, shown by viewers. Raises TiffError when there is no page, OSError when the disk refuses.
    """
    with out.open("wb") as file:
        objects = _Objects(file)
        kids: list[str] = []
        for page in pages:
            first = 4 + 3 * len(kids)
            _put_page(objects, page, first)
            kids.append(f"{first} 0 R")
        if not kids:
            raise TiffError("there is no page that could stand in a PDF")
        objects.put(_CATALOG, f"<</Type/Catalog/Pages {_PAGES} 0 R>>")
        objects.put(_PAGES, f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>")
        objects.put(_INFO, f"<</Producer(Platen)/Title {_text(title)}>>")
        objects.end()
    return out


def _put_page(objects: _Objects, page: Page, first: int) -> None:
    width, height = page.width * _POINTS / page.dpi_x, page.rows * _POINTS / page.dpi_y
    objects.put(
        first,
        f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 {width:.2f} {height:.2f}]"
        f"/Contents {first + 1} 0 R/Resources<</XObject<</P {first + 2} 0 R>>>>>>",
    )
    objects.put(first + 1, "", f"{width:.2f} 0 0 {height:.2f} 0 0 cm /P Do".encode())
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
