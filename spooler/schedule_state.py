"""What the schedule keeps of each job that waits, each call, each number and each port. Plain values.

What always holds: times are those of the wall clock, as far as it is known; ageing has a clock of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from spooler.schedule_types import Candidate, Deadline, WaitReason
from spooler.schedule_window import DAY


@dataclass(slots=True, eq=False)
class WaitingJob:
    """A job that waits. ``since``: when it began to age, by the clock of the queues."""

    about: Candidate
    since: int
    not_before: Deadline | None
    expires: Deadline | None


@dataclass(slots=True, eq=False)
class Begun:
    """A call that counts against its number's limit, and when it began, as far as the clock knows."""

    at: datetime


@dataclass(slots=True, eq=False)
class CallMade:
    jobs: set[int]
    number: str
    port: str
    begun: Begun | None


@dataclass(slots=True, eq=False)
class Destination:
    """A destination that was called within a day, is in a call, or is barred."""

    calls: list[CallMade] = field(default_factory=list)
    begun: list[Begun] = field(default_factory=list)
    barred: Deadline | None = None

    def closed_until(self, now: datetime, limit: int) -> tuple[datetime, WaitReason] | None:
        """Until when it is not to be called, as far as times decide."""
        found: tuple[datetime, WaitReason] | None = None
        if self.barred is not None and self.barred.at > now:
            found = (self.barred.at, WaitReason.NUMBER_BARRED)
        if limit and len(self.begun) >= limit:
            free = sorted(begun.at for begun in self.begun)[-limit] + DAY
            if free > (now if found is None else found[0]):
                found = (free, WaitReason.NUMBER_LIMIT)
        return found


@dataclass(slots=True, eq=False)
class Line:
    free: bool = False
    down: str | None = None  # why no call can be made on it
    calls: list[CallMade] = field(default_factory=list)
