"""The pages of a call as the sender wants them: fitted to the far end, header line above, in the best coding.

What always holds: below the header line each page that goes out has exactly the pixels of the page that was given,
unless the far end cannot take them (``fitting`` says what is done then). The coding is the one with the fewest octets
over the first pages of one form: one for all of them, since another coding would ask for a new phase B, which costs
more than any coding saves. Everything here is a function of its arguments: it may be asked in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codec import choice
from codec.choice import LineCoding
from codec.header import header_strip, strip_rows
from codec.operations import crop, prepend
from codec.page import Bitmap, Coding, Page, Resolution
from modem.plan import TooLong
from modem.t30.capabilities import PAGE_CODINGS, T85, Abilities, PageCoding, PageFormat
from modem.t30.fitting import Fitting, fit, fitting_for, is_inch, resolution_of, room
from modem.t30.notes import NOWHERE, Addressing, IncompatibleError
from modem.t30.rates import Rate

_WEIGHED = 8  # so many pages of one form decide on the coding
_K = {Resolution.STANDARD: 2, Resolution.FINE: 4, Resolution.SUPERFINE: 4}  # T.4 4.2.2
_WITH_ECM = (Coding.MMR, T85)


@dataclass(frozen=True)
class Header:
    """The line at the top of a page: its three texts. ``over``: on the page's own topmost rows, not above them."""

    left: str
    middle: str
    right: str
    over: bool = False


@dataclass(frozen=True)
class Sheet:
    """One page, the line above it, if any, and where at the far end it is to go."""

    page: Page
    header: Header | None = None
    addressing: Addressing = NOWHERE


def min_row_bits(form: PageFormat, rate: Rate) -> int:
    """Bits that a line must have at least (T.4 4.1.3)."""
    return 0 if form.ecm else -(-rate.bps * form.scan_time_ms // 1000)


class CodedPages:
    """``notes.Pages`` over finished pages."""

    def __init__(
        self,
        sheets: Sequence[Sheet],
        codings: Sequence[str] = (),
        *,
        too_long: TooLong = TooLong.SCALE,
        small_frames: bool = False,
    ) -> None:
        """``codings``: values of ``PageCoding`` that may be used; none: all."""
        self._sheets = sheets
        self._too_long = too_long
        self._small_frames = small_frames
        self._allowed = frozenset(coding for coding in PAGE_CODINGS if not codings or coding.value in codings)
        self._made: dict[tuple[int, Fitting], Page] = {}
        self._coded: dict[tuple[int, Fitting, PageCoding, int], bytes] = {}
        self._sizes: dict[tuple[int, Fitting, PageCoding, int], int] = {}
        self.weighed: tuple[tuple[str, int], ...] = ()

    def warm_up(self) -> None:
        """Do now, before the line costs money, what most far ends will make necessary: headers, T.6 and its kin."""
        for index, sheet in enumerate(self._sheets[:_WEIGHED]):
            usual = Fitting(resolution_of(sheet.page), sheet.page.width, None, self._too_long)
            for coding in self._allowed:
                self._code(index, usual, coding, 0)

    @property
    def count(self) -> int:
        return len(self._sheets)

    def addressing(self, index: int) -> Addressing:
        """Where at the far end the page is to go."""
        return self._sheets[index].addressing

    def format(self, index: int, abilities: Abilities, ecm: bool, rate: Rate) -> PageFormat:
        """The best form for the page that the far end takes. Raises IncompatibleError."""
        fitting = self._fitting(index, abilities)
        self._page(index, fitting)
        codings: list[PageCoding] = [
            coding for coding in abilities.codings if coding in self._allowed and (ecm or coding not in _WITH_ECM)
        ] or [Coding.MH]
        form = PageFormat(
            coding=codings[0],
            resolution=fitting.resolution,
            width=fitting.width,
            ecm=ecm,
            length_mm=abilities.length_mm,
            scan_time_ms=0 if ecm else abilities.scan_time_ms(fitting.resolution),
            frame_octets=64 if ecm and (self._small_frames or abilities.prefers_64) else 256,
            inch=abilities.inch and is_inch(self._sheets[index].page),
        )
        return replace(form, coding=self._smallest(index, form, codings, abilities, rate))

    def _smallest(
        self, index: int, form: PageFormat, codings: list[PageCoding], abilities: Abilities, rate: Rate
    ) -> PageCoding:
        self.weighed = ()
        if len(codings) == 1:
            return codings[0]
        alike = []
        for other, sheet in enumerate(self._sheets):
            fitting = self._fitting(other, abilities)
            inch = abilities.inch and is_inch(sheet.page)
            if (fitting.resolution, fitting.width, inch) == (form.resolution, form.width, form.inch):
                alike.append((other, fitting))
        bits = min_row_bits(form, rate)

        def octets(coding: PageCoding) -> int:
            total = 0
            for other, fitting in alike[:_WEIGHED]:
                try:
                    total += self._size(other, fitting, coding, bits)
                except IncompatibleError:
                    continue  # it does not go out at all
            return total

        sizes = {coding: octets(coding) for coding in codings}
        self.weighed = tuple((coding.value, size) for coding, size in sizes.items())
        return min(codings, key=lambda coding: sizes[coding])

    def code(self, index: int, format: PageFormat, rate: Rate) -> bytes:
        """The page's code in line order, with RTC or EOFB and fill."""
        code = self._code(*self._wanted(index, format, rate))
        for key in [key for key in self._coded if key[0] < index]:
            del self._coded[key]  # pages before this one have gone
        return code

    def prepare(self, index: int, format: PageFormat, rate: Rate) -> None:
        """Code the page before its turn."""
        self._code(*self._wanted(index, format, rate))

    def _wanted(self, index: int, format: PageFormat, rate: Rate) -> tuple[int, Fitting, PageCoding, int]:
        rows = room(format.resolution, format.length_mm)
        fitting = Fitting(format.resolution, format.width, rows, self._too_long)
        return index, fitting, format.coding, min_row_bits(format, rate)

    def _fitting(self, index: int, abilities: Abilities) -> Fitting:
        return fitting_for(self._sheets[index].page, abilities, self._too_long)

    def _code(self, index: int, fitting: Fitting, coding: PageCoding, bits: int) -> bytes:
        fitting = self._plain(index, fitting)
        key = (index, fitting, coding, 0 if coding in _WITH_ECM else bits)
        if key not in self._coded:
            page = self._page(index, fitting)
            self._coded[key] = choice.code_for_line(
                page, LineCoding(coding.value), k=_K[fitting.resolution], min_row_bits=key[3]
            )
        return self._coded[key]

    def _size(self, index: int, fitting: Fitting, coding: PageCoding, bits: int) -> int:
        """Octets of the code. They are known for good; the code of pages that have gone is not kept."""
        key = (index, self._plain(index, fitting), coding, 0 if coding in _WITH_ECM else bits)
        if key not in self._sizes:
            self._sizes[key] = len(self._code(index, fitting, coding, bits))
        return self._sizes[key]

    def _plain(self, index: int, fitting: Fitting) -> Fitting:
        """A limit that the page does not reach is none: what has been made without it serves."""
        sheet = self._sheets[index]
        fits = fitting.room is not None and (
            resolution_of(sheet.page) is fitting.resolution
            and sheet.page.width == fitting.width
            and sheet.page.rows + self._header_rows(index, fitting) <= fitting.room
        )
        return replace(fitting, room=None) if fits else fitting

    def _header_rows(self, index: int, fitting: Fitting) -> int:
        """Rows that the header line adds to the page."""
        header = self._sheets[index].header
        return 0 if header is None or header.over else strip_rows(fitting.resolution.dpi_y)

    def _page(self, index: int, fitting: Fitting) -> Page:
        """The page as it goes out, as T.6 code: fitted, the header line above."""
        key = (index, self._plain(index, fitting))
        if key not in self._made:
            sheet = self._sheets[index]
            page = fit(sheet.page, key[1], self._header_rows(index, fitting))
            if sheet.header is not None:
                page = headed(page, sheet.header)
            self._made[key] = page
        return self._made[key]


def headed(page: Page, header: Header) -> Page:
    """The page with this line at its top."""
    strip = _strip(header, page.width, page.dpi_y)
    return prepend(crop(page, min(strip.rows, page.rows - 1)) if header.over else page, strip)


def _strip(header: Header, width: int, dpi_y: int) -> Bitmap:
    return header_strip(width, dpi_y, header.left, header.middle, header.right)
