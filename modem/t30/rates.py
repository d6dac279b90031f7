"""The fast rates: modulation, DCS bits, Class 1 codes and the order of falling back (T.30 table 2, T.31 table 6).

What always holds: ``RATES`` is in the order in which a sender falls back, fastest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Modulation(Enum):
    V17 = "V.17"
    V29 = "V.29"
    V27TER = "V.27ter"


@dataclass(frozen=True)
class Rate:
    """One rate of one modulation."""

    bps: int
    modulation: Modulation
    dcs: int  # bits 11-14 as a number, bit 11 = 1, bit 12 = 2, bit 13 = 4, bit 14 = 8
    long_code: int  # +FTM/+FRM with long training
    short_code: int  # the same with short training; V.29 and V.27ter have one training only

    def octets_in(self, seconds: float) -> int:
        return int(self.bps * seconds / 8)


RATES = (
    Rate(14400, Modulation.V17, 0b1000, 145, 146),
    Rate(12000, Modulation.V17, 0b1010, 121, 122),
    Rate(9600, Modulation.V17, 0b1001, 97, 98),
    Rate(9600, Modulation.V29, 0b0001, 96, 96),
    Rate(7200, Modulation.V17, 0b1011, 73, 74),
    Rate(7200, Modulation.V29, 0b0011, 72, 72),
    Rate(4800, Modulation.V27TER, 0b0010, 48, 48),
    Rate(2400, Modulation.V27TER, 0b0000, 24, 24),
)
BY_DCS = {rate.dcs: rate for rate in RATES} | {
    0b0100: RATES[0],  # V.33, old: same speed, and no far end of today means it
    0b0110: RATES[1],
}
FTM_CODES = frozenset(code for rate in RATES for code in (rate.long_code, rate.short_code))


def modulations_offered(dis_bits: int) -> frozenset[Modulation]:
    """The modulations that bits 11-14 of a DIS offer; which of their rates: see ``rates_offered``."""
    if dis_bits in (0b0000, 0b0010):
        return frozenset((Modulation.V27TER,))
    if dis_bits == 0b0001:
        return frozenset((Modulation.V29,))
    if dis_bits == 0b1011:
        return frozenset(Modulation)
    return frozenset((Modulation.V27TER, Modulation.V29))


def rates_offered(dis_bits: int) -> tuple[Rate, ...]:
    """The rates that a DIS offers, in fall-back order. Reserved codes are read as V.27ter and V.29."""
    if dis_bits == 0b0000:
        return (RATES[-1],)
    modulations = modulations_offered(dis_bits)
    return tuple(rate for rate in RATES if rate.modulation in modulations)


def usable(
    offered: tuple[Rate, ...], codes: frozenset[int], max_rate_bps: int | None = None, v17: bool = True
) -> tuple[Rate, ...]:
    """The rates of ``offered`` that our modem lists (V.17 only with its short training too) and the policy allows."""
    return tuple(
        rate
        for rate in offered
        if {rate.long_code, rate.short_code} <= codes
        and (max_rate_bps is None or rate.bps <= max_rate_bps)
        and (v17 or rate.modulation is not Modulation.V17)
    )


def slower(rate: Rate, usable_rates: tuple[Rate, ...], v17_failures: int = 0) -> Rate | None:
    """The next step down, or None. After two failures V.17 is left for good when V.29 or V.27ter can be had."""
    if rate not in usable_rates:
        return None
    rest = usable_rates[usable_rates.index(rate) + 1 :]
    if v17_failures >= 2:
        rest = tuple(other for other in rest if other.modulation is not Modulation.V17) or rest
    if rate.modulation is not Modulation.V17:
        rest = tuple(other for other in rest if other.modulation is not Modulation.V17)
    return rest[0] if rest else None
