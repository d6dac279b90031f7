"""A page made to fit what the far end takes: resolution, width, length.

What always holds: pixels change only where the far end cannot take them as they are: rows are merged when it lacks the
resolution, all of the page is made smaller when it is too wide, and of a page that is too long first the white foot
goes. Rows are never added; nothing is lost but by ``TooLong.CUT``.
"""

from __future__ import annotations

from dataclasses import dataclass

from codec.operations import crop, crop_white_foot, reduce_rows, resample, scaled_to_width, with_width
from codec.page import Page, Resolution
from modem.plan import TooLong
from modem.t30.capabilities import Abilities, rows_limit
from modem.t30.notes import IncompatibleError

# Machines that say A4 print a little more than 297 mm: real pages have up to 2394 lines at 7.7 lines/mm, and ours have
# 2292 and a header line. Within this no page is touched.
LENGTH_TOLERANCE = 1.025
_INCH = {Resolution.STANDARD: 100, Resolution.FINE: 200, Resolution.SUPERFINE: 400}
_ORDER = (Resolution.SUPERFINE, Resolution.FINE, Resolution.STANDARD)
_EXACT = 100  # resolutions are whole numbers: so much finer for a scale that is nearly right


def resolution_of(page: Page) -> Resolution:
    """The class of its vertical resolution (metric and inch ones share the classes)."""
    return Resolution.STANDARD if page.dpi_y < 150 else Resolution.FINE if page.dpi_y < 300 else Resolution.SUPERFINE


def is_inch(page: Page) -> bool:
    """Whether the page is 200 dpi across rather than R8 (T.30 table 2, bit 44)."""
    return page.dpi_x == 200


@dataclass(frozen=True)
class Fitting:
    """What a page has to become. ``room``: rows, header line included; None: as many as there are."""

    resolution: Resolution
    width: int
    room: int | None
    too_long: TooLong


def room(resolution: Resolution, length_mm: int | None) -> int | None:
    """Rows that a page of that length may have; None: any number."""
    limit = rows_limit(resolution, length_mm)
    return None if limit is None else int(limit * LENGTH_TOLERANCE)


def fitting_for(page: Page, abilities: Abilities, too_long: TooLong) -> Fitting:
    """What the far end takes of this page."""
    own = resolution_of(page)
    resolution = next(other for other in _ORDER[_ORDER.index(own) :] if other in abilities.resolutions)
    width = min(page.width, abilities.width)
    return Fitting(resolution, width, room(resolution, abilities.length_mm), too_long)


def fit(page: Page, fitting: Fitting, header_rows: int) -> Page:
    """The page as it is to go out below a header line of so many rows. Raises IncompatibleError."""
    if resolution_of(page) is not fitting.resolution:
        if is_inch(page):
            page = resample(page, page.dpi_x, _INCH[fitting.resolution])
        else:
            page = reduce_rows(page, fitting.resolution)
    page = scaled_to_width(page, fitting.width)
    if fitting.room is None or page.rows + header_rows <= fitting.room:
        return page
    rows = fitting.room - header_rows
    if crop_white_foot(page).rows <= rows:
        return crop(page, rows=rows)
    if fitting.too_long is TooLong.REFUSE:
        raise IncompatibleError(f"the page has {page.rows} lines, the far end takes {rows}")
    if fitting.too_long is TooLong.CUT:
        return crop(page, rows=rows)
    return _smaller(crop_white_foot(page), rows)


def _smaller(page: Page, rows: int) -> Page:
    """All of the page in so many rows, its shape kept, in the middle of its width."""
    fine = Page(page.width, page.rows, page.dpi_x * _EXACT, page.dpi_y * _EXACT, page.data)
    factor = rows / page.rows
    small = resample(fine, int(fine.dpi_x * factor), int(fine.dpi_y * factor))
    small = crop(small, rows=min(rows, small.rows))
    small = with_width(small, page.width, shift=(page.width - small.width) // 2)
    return Page(small.width, small.rows, page.dpi_x, page.dpi_y, small.data)
