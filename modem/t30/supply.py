"""The pages of a call as the sender wants them: header line above, resolution and coding by what the far end takes.

What always holds: below the header line each page that goes out has exactly the pixels of the page that was given
(rows are merged only when the far end lacks the resolution); the coding is the one with the fewest octets over all
pages of one form, so that pages may follow one another without a new phase B. Everything here is a function of its
arguments: it may be asked in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codec.coder import transcode
from codec.header import header_strip
from codec.operations import prepend, reduce_rows
from codec.page import Bitmap, BitOrder, Coding, Page, Resolution
from modem.t30.capabilities import Abilities, PageFormat
from modem.t30.notes import IncompatibleError
from modem.t30.rates import Rate

_WEIGHED = 8  # so many pages of one form decide on the coding
_K = {Resolution.STANDARD: 2, Resolution.FINE: 4, Resolution.SUPERFINE: 4}  # T.4 4.2.2


@dataclass(frozen=True)
class Header:
    """The line above a page: its three texts."""

    left: str
    middle: str
    right: str


@dataclass(frozen=True)
class Sheet:
    """One page and the line above it, if any."""

    page: Page
    header: Header | None = None

    @property
    def resolution(self) -> Resolution:
        """The finest one that the page's lines fill."""
        dpi = self.page.dpi_y
        return Resolution.STANDARD if dpi < 150 else Resolution.FINE if dpi < 300 else Resolution.SUPERFINE


def min_row_bits(form: PageFormat, rate: Rate) -> int:
    """Bits that a line must have at least (T.4 4.1.3)."""
    return 0 if form.ecm else -(-rate.bps * form.scan_time_ms // 1000)


class CodedPages:
    """``notes.Pages`` over finished pages."""

    def __init__(self, sheets: Sequence[Sheet], codings: Sequence[str] = ("mh", "mr", "mmr")) -> None:
        self._sheets = sheets
        self._allowed = frozenset(Coding(name) for name in codings) or frozenset(Coding)
        self._made: dict[tuple[int, Resolution], Page] = {}
        self._coded: dict[tuple[int, Resolution, Coding, int], bytes] = {}

    def warm_up(self) -> None:
        """Do now, before the line costs money, what most far ends will make necessary: headers, T.6 and its kin."""
        for index, sheet in enumerate(self._sheets[:_WEIGHED]):
            for coding in self._allowed:
                self._code(index, sheet.resolution, coding, 0)

    @property
    def count(self) -> int:
        return len(self._sheets)

    def format(self, index: int, abilities: Abilities, ecm: bool, rate: Rate) -> PageFormat:
        """The best form for the page that the far end takes. Raises IncompatibleError."""
        sheet = self._sheets[index]
        width = sheet.page.width
        if width > abilities.width:
            raise IncompatibleError(f"the page is {width} pixels wide, the far end takes {abilities.width}")
        resolution = _taken(sheet.resolution, abilities)
        codings = [
            coding for coding in abilities.codings if coding in self._allowed and (ecm or coding is not Coding.MMR)
        ] or [Coding.MH]
        form = PageFormat(
            coding=codings[0],
            resolution=resolution,
            width=width,
            ecm=ecm,
            length_mm=abilities.length_mm,
            scan_time_ms=0 if ecm else abilities.scan_time_ms(resolution),
        )
        if len(codings) == 1:
            return form
        alike = [
            other
            for other, another in enumerate(self._sheets)
            if another.page.width == width and _taken(another.resolution, abilities) is resolution
        ][:_WEIGHED]
        bits = min_row_bits(form, rate)

        def octets(coding: Coding) -> int:
            return sum(len(self._code(other, resolution, coding, bits)) for other in alike)

        return PageFormat(
            coding=min(codings, key=octets),
            resolution=resolution,
            width=width,
            ecm=ecm,
            length_mm=form.length_mm,
            scan_time_ms=form.scan_time_ms,
        )

    def code(self, index: int, format: PageFormat, rate: Rate) -> bytes:
        """The page's code in line order, with RTC or EOFB and fill."""
        code = self._code(index, format.resolution, format.coding, min_row_bits(format, rate))
        for key in [key for key in self._coded if key[0] < index]:
            del self._coded[key]  # pages before this one have gone
        return code

    def _code(self, index: int, resolution: Resolution, coding: Coding, bits: int) -> bytes:
        key = (index, resolution, coding, bits)
        if key not in self._coded:
            page = self._page(index, resolution)
            self._coded[key] = transcode(
                page.data,
                Coding.MMR,
                coding,
                page.width,
                page.rows,
                k=_K[resolution],
                min_row_bits=0 if coding is Coding.MMR else bits,
                source_order=BitOrder.MSB,
                order=BitOrder.LSB,
            )
        return self._coded[key]

    def _page(self, index: int, resolution: Resolution) -> Page:
        """The page as it goes out, as T.6 code: in that resolution, the header line above."""
        key = (index, resolution)
        if key not in self._made:
            sheet = self._sheets[index]
            page = sheet.page
            if resolution is not sheet.resolution:
                page = reduce_rows(page, resolution)
            if sheet.header is not None:
                page = prepend(page, _strip(sheet.header, page.width, page.dpi_y))
            self._made[key] = page
        return self._made[key]


def _strip(header: Header, width: int, dpi_y: int) -> Bitmap:
    return header_strip(width, dpi_y, header.left, header.middle, header.right)


def _taken(resolution: Resolution, abilities: Abilities) -> Resolution:
    """The resolution itself, or the next coarser one that the far end takes."""
    order = (Resolution.SUPERFINE, Resolution.FINE, Resolution.STANDARD)
    return next(other for other in order[order.index(resolution) :] if other in abilities.resolutions)
