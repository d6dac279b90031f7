"""Which archived faxes go by themselves: those that are too old, and the oldest when there are too many octets.

What always holds: the oldest goes first; what is younger than the age limit goes only while the archive is above its
high mark, and then until it is at its low mark or below, not one fax further; without limits nothing ever goes.
Pure: the time, the faxes and their sum are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from fax.settings import Configuration

MB = 1 << 20
_LOW_IN_TENTHS = 9  # of the high mark, where the low mark is not set


class Why(Enum):
    """Why a fax goes."""

    AGE = "age"
    QUOTA = "quota"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """``high``, ``low``: octets, low not above high; None: no limit."""

    keep: timedelta | None = None
    high: int | None = None
    low: int | None = None


def limits_of(configuration: Configuration) -> Limits:
    """The limits that the settings say."""
    days, high, low = configuration.archive_keep_days, configuration.archive_high_mb, configuration.archive_low_mb
    if high is not None:
        low = high * MB * _LOW_IN_TENTHS // 10 if low is None else low * MB
    return Limits(
        keep=timedelta(days=days) if days else None,
        high=None if high is None else high * MB,
        low=None if high is None else low,
    )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A fax of the archive."""

    id: int
    at: datetime
    octets: int


def going(oldest_first: Iterable[Kept], octets: int, limits: Limits, now: datetime) -> Iterator[tuple[Kept, Why]]:
    """The faxes that go at ``now``. ``octets``: sum of all that are in the archive.

    A fax that is as old as ``limits.keep`` goes; an archive that is as large as ``limits.high`` stays.
    """
    over = False
    for fax in oldest_first:
        if limits.keep is not None and fax.at + limits.keep <= now:
            yield fax, Why.AGE
        elif limits.high is not None and limits.low is not None:
            over = octets > (limits.low if over else limits.high)
            if not over:
                return
            yield fax, Why.QUOTA
        else:
            return
        octets -= fax.octets
