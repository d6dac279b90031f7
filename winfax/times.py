"""SYSTEMTIME and FILETIME, and ways from and to ``datetime``.

What always holds: a SYSTEMTIME of the API is UTC, but for FAX_COVERPAGE_INFO.TimeSent, which is local; a zeroed one is
no time. A FILETIME counts 100 ns since 1601 in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

__all__ = [
    "FILETIME",
    "SYSTEMTIME",
]

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TICK_US = 10  # ticks of a microsecond


@dataclass
class SYSTEMTIME:
    """A point in time by its parts. ``wDayOfWeek``: Sunday is 0; not looked at when a time is read."""

    wYear: int = 0
    wMonth: int = 0
    wDayOfWeek: int = 0
    wDay: int = 0
    wHour: int = 0
    wMinute: int = 0
    wSecond: int = 0
    wMilliseconds: int = 0

    @classmethod
    def from_datetime(cls, at: datetime, zone: tzinfo = UTC) -> SYSTEMTIME:
        """``at`` (with a time zone) as the clock in ``zone`` shows it."""
        there = at.astimezone(zone)
        return cls(
            wYear=there.year,
            wMonth=there.month,
            wDayOfWeek=there.isoweekday() % 7,
            wDay=there.day,
            wHour=there.hour,
            wMinute=there.minute,
            wSecond=there.second,
            wMilliseconds=there.microsecond // 1000,
        )

    def to_datetime(self, zone: tzinfo = UTC) -> datetime | None:
        """None where it is zeroed. Raises ValueError when there is no such time."""
        if self == SYSTEMTIME():
            return None
        return datetime(
            self.wYear,
            self.wMonth,
            self.wDay,
            self.wHour,
            self.wMinute,
            self.wSecond,
            self.wMilliseconds * 1000,
            tzinfo=zone,
        )


@dataclass
class FILETIME:
    """Ticks of 100 ns since 1601-01-01 UTC, in two halves."""

    dwLowDateTime: int = 0
    dwHighDateTime: int = 0

    @classmethod
    def from_ticks(cls, ticks: int) -> FILETIME:
        return cls(dwLowDateTime=ticks & 0xFFFFFFFF, dwHighDateTime=ticks >> 32)

    @classmethod
    def from_datetime(cls, at: datetime | None) -> FILETIME:
        """Zero for None."""
        return cls() if at is None else cls.from_ticks((at - EPOCH) // timedelta(microseconds=1) * _TICK_US)

    @property
    def ticks(self) -> int:
        return self.dwHighDateTime << 32 | self.dwLowDateTime

    def to_datetime(self) -> datetime | None:
        """None for zero."""
        return EPOCH + timedelta(microseconds=self.ticks // _TICK_US) if self.ticks else None
