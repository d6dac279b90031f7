"""A confirmation sheet: a heading, facts, lists and a picture, as a PDF of one or more pages.

What always holds: nothing is cut off: what does not fit flows on to further pages; a character that no font of this
machine can draw becomes a question mark, since a sheet is about a fax that is over and must not fail for a name.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from coverpage.errors import CoverPageError
from coverpage.layout import PAPERS, PaperName
from coverpage.pdf_text import LEADING, RISE, Face, broken, face_for

MARGIN_PT = 54.0
TEXT_PT = 9.5
SMALL_PT = 8.0
HEADING_PT = 16.0
VERDICT_PT = 11.0
LABEL_PT = 90.0
GAP_PT = 10.0
PICTURE_LEAST_PT = 160.0


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What stands on it. ``lists``: a heading, then rows of cells; ``picture``: octets of a PNG."""

    title: str
    heading: str
    verdict: str
    facts: Sequence[tuple[str, str]] = ()
    lists: Sequence[tuple[str, Sequence[Sequence[str]]]] = ()
    foot: str = ""
    picture: bytes | None = None


def drawn_sheet(sheet: Sheet, page: PaperName) -> bytes:
    """The sheet as PDF; the same input gives the same octets."""
    return _Drawing(sheet, *PAPERS[page]).whole()


class _Drawing:
    """One sheet. ``_y``: how far down it is written, in points from the top."""

    def __init__(self, sheet: Sheet, width: float, height: float) -> None:
        self._sheet = sheet
        self._width, self._height = width, height
        self._buffer = io.BytesIO()
        self._canvas: Any = Canvas(self._buffer, pagesize=(width, height), invariant=1, pageCompression=1)
        self._canvas.setTitle(sheet.title)
        self._canvas.setCreator("Platen")
        self._y = MARGIN_PT

    @property
    def _measure(self) -> float:
        return self._width - 2 * MARGIN_PT

    @property
    def _left_pt(self) -> float:
        """Room that is left above the foot."""
        return self._height - MARGIN_PT - 2 * SMALL_PT - self._y

    def whole(self) -> bytes:
        sheet = self._sheet
        self._paragraph(sheet.heading, HEADING_PT, bold=True)
        self._y += GAP_PT / 2
        self._paragraph(sheet.verdict, VERDICT_PT, bold=False)
        self._rule()
        self._rows([(f"{label}:", value) for label, value in sheet.facts], [LABEL_PT])
        for heading, rows in sheet.lists:
            self._y += GAP_PT
            if self._left_pt < 4 * TEXT_PT * LEADING:
                self._next_page()
            self._paragraph(heading, TEXT_PT, bold=True)
            self._rows(rows, self._columns(rows))
        if sheet.picture is not None:
            self._picture(sheet.picture)
        self._foot()
        self._canvas.save()
        return self._buffer.getvalue()

    def _columns(self, rows: Sequence[Sequence[str]]) -> list[float]:
        """Widths of all columns but the last, which takes what is left."""
        if not rows:
            return []
        widths = [
            max(_width(row[column], TEXT_PT) for row in rows) + GAP_PT for column in range(max(0, len(rows[0]) - 1))
        ]
        most = self._measure * 0.6
        return [width * min(1.0, most / sum(widths)) for width in widths]

    def _rows(self, rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        last = self._measure - sum(widths)
        for row in rows:
            cells = [_lines(cell, TEXT_PT, width - 4) for cell, width in zip(row, [*widths, last], strict=True)]
            for at in range(max(len(cell) for cell in cells)):
                self._room(TEXT_PT * LEADING)
                x = MARGIN_PT
                for cell, width in zip(cells, [*widths, last], strict=True):
                    if at < len(cell):
                        self._write(cell[at], x, TEXT_PT, bold=False)
                    x += width
                self._y += TEXT_PT * LEADING

    def _paragraph(self, text: str, size_pt: float, *, bold: bool) -> None:
        for line in _lines(text, size_pt, self._measure, bold=bold):
            self._room(size_pt * LEADING)
            self._write(line, MARGIN_PT, size_pt, bold=bold)
            self._y += size_pt * LEADING

    def _write(self, text: str, x: float, size_pt: float, *, bold: bool) -> None:
        face, text = _face(text, bold)
        face.draw(self._canvas, text, x, self._height - self._y - RISE * size_pt, size_pt)

    def _rule(self) -> None:
        self._y += GAP_PT / 2
        self._canvas.setLineWidth(0.5)
        self._canvas.line(MARGIN_PT, self._height - self._y, self._width - MARGIN_PT, self._height - self._y)
        self._y += GAP_PT / 2

    def _picture(self, png: bytes) -> None:
        self._y += GAP_PT
        if self._left_pt < PICTURE_LEAST_PT:
            self._next_page()
        picture = ImageReader(io.BytesIO(png))
        wide, high = picture.getSize()
        scale = min(self._measure * 0.75 / wide, self._left_pt / high)
        x, y = MARGIN_PT, self._height - self._y - high * scale
        self._canvas.drawImage(picture, x, y, wide * scale, high * scale)
        self._canvas.setLineWidth(0.5)
        self._canvas.rect(x, y, wide * scale, high * scale)
        self._y += high * scale

    def _room(self, needed_pt: float) -> None:
        if self._left_pt < needed_pt:
            self._next_page()

    def _next_page(self) -> None:
        self._foot()
        self._canvas.showPage()
        self._y = MARGIN_PT

    def _foot(self) -> None:
        face, text = _face(f"{self._sheet.foot}   {self._canvas.getPageNumber()}".strip(), bold=False)
        face.draw(self._canvas, text, MARGIN_PT, MARGIN_PT - SMALL_PT, SMALL_PT)


def _face(text: str, bold: bool) -> tuple[Face, str]:
    """The face, and the text as far as it can be drawn."""
    try:
        return face_for(text, bold), text
    except CoverPageError:
        known = "".join(mark if _drawable(mark) else "?" for mark in text)
        return face_for(known, bold), known


def _drawable(mark: str) -> bool:
    try:
        face_for(mark, False)
    except CoverPageError:
        return False
    return True


def _width(text: str, size_pt: float) -> float:
    face, text = _face(text, False)
    return face.width(text, size_pt)


def _lines(text: str, size_pt: float, width_pt: float, *, bold: bool = False) -> list[str]:
    face, text = _face(text, bold)
    return broken(text, face, size_pt, width_pt)
