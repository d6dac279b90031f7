"""The discount period: a window of each day by the clock on the wall. Pure.

What always holds: the window is open exactly when the local time of day lies in it, start included and stop not; it
wraps over midnight where stop is before start; start and stop the same is "always", as an administrator who turns it
off would write it. What daylight saving leaves out does not open it, what daylight saving repeats opens it twice.

Must not: read the clock or the system's zone (``zone`` is an argument).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_DAYS_LOOKED_AT = 9  # a window inside an hour that daylight saving leaves out is missed once


@dataclass(frozen=True, kw_only=True)
class Window:
    """``start`` and ``stop``: whole minutes of the local day in ``zone``."""

    start: time = time(0)
    stop: time = time(0)
    zone: tzinfo = UTC

    @property
    def always(self) -> bool:
        return self.start == self.stop

    def is_open(self, now: datetime) -> bool:
        """``now``: aware."""
        if self.always:
            return True
        local = now.astimezone(self.zone).time()
        if self.start < self.stop:
            return self.start <= local < self.stop
        return local >= self.start or local < self.stop

    def opens(self, after: datetime) -> datetime:
        """The first instant from ``after`` on at which it is open (zones change their offset at whole minutes)."""
        if self.is_open(after):
            return after
        begin = after.astimezone(UTC)
        for _ in range(_DAYS_LOOKED_AT):
            end = begin + DAY
            # It opens at its start, or where daylight saving puts the clock into it.
            instants = {*self._starts(begin, end), *self._changes(begin, end)}
            if found := [instant for instant in instants if begin < instant <= end and self.is_open(instant)]:
                return min(found)
            begin = end
        return begin

    def _starts(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        # A day of 23 hours may lie between two others within 24.
        day, last = begin.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            local = datetime.combine(day, self.start, self.zone)
            for fold in (0, 1):
                yield local.replace(fold=fold).astimezone(UTC)
            day += DAY

    def _changes(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """Where the zone's offset changes, if it does in this day."""
        before, after = begin.replace(second=0, microsecond=0), end
        if self._offset(before) == self._offset(after):
            return
        while after - before > _MINUTE:
            middle = before + (after - before) // 2 // _MINUTE * _MINUTE
            if self._offset(middle) == self._offset(begin):
                before = middle
            else:
                after = middle
        yield after.replace(second=0, microsecond=0)

    def _offset(self, instant: datetime) -> timedelta | None:
        return instant.astimezone(self.zone).utcoffset()


ALWAYS = Window()
