"""Fax pages in pixels: how many across, how many scan lines, for which paper.

What always holds: the same paper has exactly twice as many scan lines at fine as at standard, and four times as many at
superfine, so that a page can be halved without a remainder. The rule: lines at standard resolution = the paper's height
in mm times 3.85, rounded down (A4: 1143, 2286, 4572). Widths are those of T.4: 1728 pels over 215 mm, 2048 over 255 mm,
2432 over 303 mm. The dots are drawn at these true densities; 204 x 98/196/391 are their nominal names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from codec.page import Resolution

MM_PER_INCH = 25.4
PT_PER_INCH = 72.0
# How far a page may be off and still be taken for a paper size: drivers round, and some cut a hairline off.
PAPER_TOLERANCE_PT = 6.0


class PageWidth(Enum):
    """Pels across: ISO A4, B4 and A3 class, T.4 table 1."""

    A4 = 1728
    B4 = 2048
    A3 = 2432

    @property
    def mm(self) -> float:
        return {1728: 215.0, 2048: 255.0, 2432: 303.0}[self.value]


class Paper(Enum):
    """Paper that a page is fitted to: width and height in mm."""

    A4 = (210.0, 297.0)
    LETTER = (215.9, 279.4)
    LEGAL = (215.9, 355.6)
    B4 = (250.0, 353.0)
    A3 = (297.0, 420.0)

    @property
    def standard_lines(self) -> int:
        return round(self.value[1] * 10) * 385 // 1000


LINES = {Resolution.STANDARD: 1, Resolution.FINE: 2, Resolution.SUPERFINE: 4}
DPI_X = 204


@dataclass(frozen=True)
class Geometry:
    """A page's raster: pels across, scan lines, true dots per inch both ways."""

    width: int
    rows: int
    density_x: float
    density_y: float

    @property
    def octets(self) -> int:
        return self.rows * ((self.width + 7) // 8)


def geometry(paper: Paper, resolution: Resolution, width: PageWidth = PageWidth.A4) -> Geometry:
    lines = LINES[resolution]
    return Geometry(
        width.value,
        paper.standard_lines * lines,
        width.value / width.mm * MM_PER_INCH,
        3.85 * lines * MM_PER_INCH,
    )


def paper_for(side_a_pt: float, side_b_pt: float, width: PageWidth = PageWidth.A4) -> Paper:
    """The paper for a page with these sides in points, upright or not: Letter and Legal stay what they are, all else is
    fitted to A4; on the wider rasters everything is fitted to B4 and A3."""
    if width is PageWidth.B4:
        return Paper.B4
    if width is PageWidth.A3:
        return Paper.A3
    short, long = sorted((side_a_pt, side_b_pt))
    for paper in (Paper.LETTER, Paper.LEGAL):
        paper_short, paper_long = (mm / MM_PER_INCH * PT_PER_INCH for mm in paper.value)
        if abs(short - paper_short) <= PAPER_TOLERANCE_PT and abs(long - paper_long) <= PAPER_TOLERANCE_PT:
            return paper
    return Paper.A4


_MEDIA = re.compile(
    rb"^%%DocumentMedia:[ \t]*\S+[ \t]+([\d.]+)[ \t]+([\d.]+)|/PageSize[ \t]*\[[ \t]*([\d.]+)[ \t]+([\d.]+)[ \t]*\]",
    re.MULTILINE,
)


def paper_named(head: bytes) -> Paper:
    """The paper that a PostScript program names near its beginning (DSC 3.0, section 5.2, or its first page size);
    A4 when it names none. A program's pages all go onto one paper, since their sizes are known only afterwards."""
    found = _MEDIA.search(head)
    if found is None:
        return Paper.A4
    try:
        sides = [float(side) for side in found.groups() if side is not None]
    except ValueError:
        return Paper.A4
    return paper_for(sides[0], sides[1])
