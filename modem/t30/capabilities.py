"""DIS, DTC and DCS: what a far end can, and what a page is sent with (T.30 5.3.6.2, table 2).

What always holds: any octets can be read (missing bits are 0, unknown bits are ignored); a DCS that is built here has
at least three octets, right extension bits, and never asks for what its ``Parameters`` do not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from codec.choice import LineCoding
from codec.page import Coding, Resolution
from modem.t30.rates import BY_DCS, RATES, Rate, rates_offered

T85: Final = LineCoding.T85
PageCoding = Coding | Literal[LineCoding.T85]
PAGE_CODINGS: tuple[PageCoding, ...] = (*Coding, T85)
WIDTHS = (1728, 2048, 2432)
# Lines of a page of that length at 7.7 lines/mm (T.4): A4 297 mm, B4 364 mm.
_A4_MM, _B4_MM = 297, 364

_SCAN_TIMES = {  # bits 21-23 as a number (bit 21 = 1): ms at 3.85 and at 7.7 lines/mm
    0b000: (20, 20),
    0b001: (5, 5),
    0b010: (10, 10),
    0b011: (20, 10),
    0b100: (40, 40),
    0b101: (40, 20),
    0b110: (10, 5),
    0b111: (0, 0),
}
_SCAN_CODES = {20: 0b000, 5: 0b001, 10: 0b010, 40: 0b100, 0: 0b111}


class Bits:
    """A FIF as numbered bits: bit 1 is the first on the line."""

    def __init__(self, fif: bytes = b"") -> None:
        self._value = int.from_bytes(fif, "little")

    def __getitem__(self, number: int) -> bool:
        return bool(self._value >> (number - 1) & 1)

    def field(self, first: int, last: int) -> int:
        """Bits first to last as a number, the first one least significant."""
        return self._value >> (first - 1) & ((1 << (last - first + 1)) - 1)

    def set(self, number: int, value: int = 1) -> None:
        """Set the bits of ``value``, least significant first, from ``number`` on."""
        self._value |= value << (number - 1)

    def fif(self, at_least: int = 3) -> bytes:
        """Octets with extension bits (24, 32, 40 ...) set as long as another octet follows."""
        length = max(at_least, (self._value.bit_length() + 7) // 8)
        value = self._value
        for octet in range(3, length):
            value |= 1 << (8 * octet - 1)
        return value.to_bytes(length, "little")


def _significant(fif: bytes) -> bytes:
    """The octets up to the first whose extension bit is 0; a FIF that is cut short ends where it ends."""
    for index in range(2, len(fif)):
        if not fif[index] & 0x80:
            return fif[: index + 1]
    return fif


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a DIS (or DTC) says."""

    can_receive: bool
    has_document: bool
    rates: tuple[Rate, ...]
    resolutions: frozenset[Resolution]
    mr: bool
    mmr: bool  # only ever together with ecm
    t85: bool
    ecm: bool
    prefers_64: bool  # octets in an ECM frame
    width: int  # pixels: 1728, 2048 or 2432
    length_mm: int | None  # None: unlimited
    scan_time_code: int
    half_scan_time_above_fine: bool  # bit 46
    inch_preferred: bool
    sub_address: bool
    password: bool
    inch: bool = False  # bit 44: 200, 300 and 400 dpi are no news to it

    def scan_time_ms(self, resolution: Resolution) -> int:
        """Minimum scan line time without ECM (T.30 table 2, notes on bits 21-23 and 46)."""
        standard, fine = _SCAN_TIMES[self.scan_time_code]
        if resolution is Resolution.STANDARD:
            return standard
        if resolution is Resolution.SUPERFINE and self.half_scan_time_above_fine:
            return {40: 20, 20: 10}.get(fine, 5 if fine else 0)
        return fine

    @property
    def codings(self) -> tuple[PageCoding, ...]:
        offered: tuple[tuple[PageCoding, bool], ...] = (
            (Coding.MH, True),
            (Coding.MR, self.mr),
            (Coding.MMR, self.mmr and self.ecm),
            (T85, self.t85 and self.ecm),
        )
        return tuple(coding for coding, can in offered if can)


def parse_dis(fif: bytes) -> Abilities:
    """Read a DIS or DTC. Never fails: a bit that is not there is 0."""
    bits = Bits(_significant(fif))
    resolutions = {Resolution.STANDARD}
    if bits[15]:
        resolutions.add(Resolution.FINE)
    if bits[41]:
        resolutions.add(Resolution.SUPERFINE)
    ecm = bits[27]
    return Abilities(
        can_receive=bits[10],
        has_document=bits[9],
        rates=rates_offered(bits.field(11, 14)),
        resolutions=frozenset(resolutions),
        mr=bits[16],
        mmr=bits[31] and ecm,
        t85=bits[78] and ecm,
        ecm=ecm,
        prefers_64=bits[7],
        width=2432 if bits[18] else 2048 if bits[17] else 1728,
        length_mm=None if bits[20] else _B4_MM if bits[19] else _A4_MM,
        scan_time_code=bits.field(21, 23),
        half_scan_time_above_fine=bits[46],
        inch_preferred=bits[44] and not bits[45],
        sub_address=bits[49],
        password=bits[50],
        inch=bits[44],
    )


@dataclass(frozen=True, kw_only=True)
class PageFormat:
    """What two pages must share to follow one another without a new phase B (T.30 4.10: else EOM)."""

    coding: PageCoding
    resolution: Resolution
    width: int
    ecm: bool
    length_mm: int | None = None
    frame_octets: int = 256
    scan_time_ms: int = 0  # 0 with ECM
    inch: bool = False  # 200 dpi rather than R8, and said so (bit 44)

    @property
    def loses_page_on_gap(self) -> bool:
        """T.6 and T.85 cannot go on behind a frame that is missing: no EOR for them."""
        return self.coding in (Coding.MMR, T85)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What a DCS says."""

    format: PageFormat
    rate: Rate
    receive: bool = True  # bit 10
    sub_address: bool = False  # SUB is in front of this DCS
    password: bool = False  # SID is


def build_dcs(parameters: Parameters) -> bytes:
    """The FIF of a DCS."""
    form = parameters.format
    bits = Bits()
    bits.set(10, parameters.receive)
    bits.set(11, parameters.rate.dcs)
    if form.resolution is Resolution.FINE:
        bits.set(15)
    bits.set(16, form.coding is Coding.MR)
    bits.set(17, form.width == 2048)
    bits.set(18, form.width == 2432)
    bits.set(19, form.length_mm == _B4_MM)
    bits.set(20, form.length_mm is None)
    bits.set(21, _SCAN_CODES[0 if form.ecm else form.scan_time_ms])
    if form.ecm:
        bits.set(27)
        bits.set(28, form.frame_octets == 64)
        bits.set(31, form.coding is Coding.MMR)
        bits.set(78, form.coding is T85)
    if form.resolution is Resolution.SUPERFINE:
        bits.set(41)
    bits.set(44, form.inch)
    bits.set(49, parameters.sub_address)
    bits.set(50, parameters.password)
    return bits.fif(4 if form.ecm else 3)


def parse_dcs(fif: bytes) -> Parameters:
    """Read a DCS, forgiving what senders get wrong (T.6 means ECM). A reserved rate reads as 2400."""
    bits = Bits(_significant(fif))
    t85 = bits[78]
    mmr = bits[31] and not t85  # a machine is known to set both, and it means T.85
    ecm = bits[27] or mmr or t85
    standard, fine = _SCAN_TIMES[bits.field(21, 23)]
    resolution = Resolution.SUPERFINE if bits[41] else Resolution.FINE if bits[15] else Resolution.STANDARD
    return Parameters(
        format=PageFormat(
            coding=T85 if t85 else Coding.MMR if mmr else Coding.MR if bits[16] else Coding.MH,
            resolution=resolution,
            width=2432 if bits[18] else 2048 if bits[17] else 1728,
            ecm=ecm,
            length_mm=None if bits[20] else _B4_MM if bits[19] else _A4_MM,
            frame_octets=64 if bits[28] and bits[27] else 256,
            scan_time_ms=0 if ecm else standard if resolution is Resolution.STANDARD else fine,
            inch=bits[44],
        ),
        rate=BY_DCS.get(bits.field(11, 14), RATES[-1]),
        receive=bits[10],
        sub_address=bits[49],
        password=bits[50],
    )


def ctc_fif(rate: Rate) -> bytes:
    """DCS bits 1-16 with the rate only (T.30 Annex A 4.2)."""
    bits = Bits()
    bits.set(10)
    bits.set(11, rate.dcs)
    return bits.fif(2)


def rows_limit(resolution: Resolution, length_mm: int | None) -> int | None:
    """Scan lines of a page of that length, or None when there is no limit."""
    if length_mm is None:
        return None
    return int(length_mm * {Resolution.STANDARD: 3.85, Resolution.FINE: 7.7, Resolution.SUPERFINE: 15.4}[resolution])
