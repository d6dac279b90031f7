"""How one kind of modem wants to be treated, as data. The default suits a modem that keeps to T.31."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modem.t30.rates import FTM_CODES

# What a modem that does not answer +FTM=? can do: V.27ter and V.29.
FALLBACK_CODES = frozenset((24, 48, 72, 96))


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Commands and times (seconds) that differ between modems."""

    reset: str = "ATZ"
    init: tuple[str, ...] = ("ATE0Q0V1X4", "ATS0=0", "ATS7=90", "ATS8=2")
    after_class: tuple[str, ...] = ("ATE0",)  # +FCLASS=1 resets echo and flow control in some
    dial: str = "ATDT"
    before_answer: tuple[str, ...] = ("AT+FAR=1",)  # +FRM tells of V.21 that comes instead
    answer: str = "ATA"
    silence: str | None = "AT+FTS=7"  # None: the modem has no +FTS, the host waits
    silence_s: float = 0.07
    data_delay_s: float = 0.0  # between CONNECT and the first octet of fast data
    ahead_octets: int = 1024  # how far fast data may run ahead of the line
    ahead_s: float = 0.0  # the same in line time; whichever is more. For modems that hold us back when they are full
    wait_before_hang_up_s: float = 0.0  # for modems whose OK comes before DCN is out
    no_fcs: bool = False  # the modem takes the FCS off the frames that it gives


def listed_codes(lines: list[str]) -> frozenset[int]:
    """The modulation codes in the answer to +FTM=?: lists, brackets and ranges. Empty: nothing that can be read."""
    codes = set()
    for line in lines:
        for first, last in re.findall(r"(\d+)\s*(?:-\s*(\d+))?", line.partition(":")[2] or line):
            low, high = int(first), int(last or first)
            codes |= {code for code in FTM_CODES if low <= code <= high}
    return frozenset(codes)


def lists_class_1(lines: list[str]) -> bool | None:
    """Whether the answer to +FCLASS=? names class 1; None when it cannot be read."""
    numbers = re.findall(r"\d+(?:\.\d+)?(?:-\d+)?", " ".join(line.partition(":")[2] or line for line in lines))
    if not numbers:
        return None
    for number in numbers:
        low, _, high = number.partition("-")
        if low == "1" or (high and float(low) <= 1 <= float(high)):
            return True
    return False
