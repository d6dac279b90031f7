"""The schedule: which job goes out on which port next. Pure: no I/O, no clock.

What always holds: at most one call at a time per port and per destination number; a job starts when its time has come
and not before; among ready jobs the one with the lowest id that may start starts first; a job that waits can always be
reached (a time, a port or a number being freed brings it back). A decision costs time for what it decides, not for
what waits.

Must not: know why a job waits beyond its number and time, or start anything.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A job that waits for its call. ``ready_at`` None: at once."""

    job: int
    number: str
    ready_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A decision: ``job`` goes out on ``port`` now."""

    job: int
    number: str
    port: str


@dataclass
class _Port:
    free: bool = False
    down: str | None = None  # why no call can be made on it
    job: int | None = None


class Schedule:
    """``ports``: names in the order of preference. All begin not free."""

    def __init__(self, ports: tuple[str, ...]) -> None:
        self._ports = {name: _Port() for name in ports}
        self._waiting: dict[int, Candidate] = {}
        self._calls: dict[int, tuple[str, str]] = {}  # job: its number and port
        self._numbers: set[str] = set()  # in a call
        self._later: list[tuple[datetime, int]] = []
        # Hints only: an entry says "look at this job", and looking decides.
        self._ready: list[int] = []
        self._behind: dict[str, list[int]] = {}

    def put(self, candidate: Candidate) -> None:
        """The job waits, with this number and time; replaces what was known of it. A job in a call is left alone."""
        if candidate.job in self._calls:
            return
        self.drop(candidate.job)
        self._waiting[candidate.job] = candidate
        if candidate.ready_at is None:
            heapq.heappush(self._ready, candidate.job)
        else:
            heapq.heappush(self._later, (candidate.ready_at, candidate.job))

    def drop(self, job: int) -> None:
        """The job does not wait (any more): held, cancelled, without a number."""
        if (known := self._waiting.pop(job, None)) is not None and known.number not in self._numbers:
            self._release(known.number)

    def set_port(self, name: str, *, free: bool, down: str | None = None) -> bool:
        """``free``: ready for a call. A port with a call of ours is not free until ``end``, whatever is said here.

        Returns whether it became free by this.
        """
        port = self._ports[name]
        before, port.free = port.free, free and port.job is None
        port.down = None if free else down
        return port.free and not before

    def begin(self, job: int, number: str, port: str) -> None:
        """The job is in a call (found at start, or decided here)."""
        self.drop(job)
        self._calls[job] = (number, port)
        self._numbers.add(number)
        if port in self._ports:
            self._ports[port].job = job
            self._ports[port].free = False

    def end(self, job: int) -> None:
        """The job's call is over. Its port stays not free until ``set_port`` says so."""
        if (call := self._calls.pop(job, None)) is None:
            return
        number, port = call
        self._numbers.discard(number)
        if port in self._ports:
            self._ports[port].job = None
        self._release(number)

    def decide(self, now: datetime) -> list[Assignment]:
        """Every call that can start now; each is taken as begun."""
        while self._later and self._later[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1])
        free = [name for name, port in self._ports.items() if port.free]
        decided: list[Assignment] = []
        while self._ready and len(decided) < len(free):
            job = heapq.heappop(self._ready)
            candidate = self._waiting.get(job)
            if candidate is None:
                continue
            if candidate.ready_at is not None and candidate.ready_at > now:
                # It was put off, or the clock was set back.
                heapq.heappush(self._later, (candidate.ready_at, job))
                if candidate.number not in self._numbers:
                    self._release(candidate.number)
                continue
            if candidate.number in self._numbers:
                heapq.heappush(self._behind.setdefault(candidate.number, []), job)
                continue
            assignment = Assignment(job=job, number=candidate.number, port=free[len(decided)])
            self.begin(job, candidate.number, assignment.port)
            decided.append(assignment)
        return decided

    def wake_at(self) -> datetime | None:
        """When the next job's time comes; None: nothing waits for a time."""
        while self._later:
            ready_at, job = self._later[0]
            known = self._waiting.get(job)
            if known is not None and known.ready_at == ready_at:
                return ready_at
            heapq.heappop(self._later)
        return None

    def why(self, job: int, now: datetime) -> str | None:
        """Why a ready job is not in a call, as a sentence; None when its time has not come or it does not wait."""
        known = self._waiting.get(job)
        if known is None or (known.ready_at is not None and known.ready_at > now):
            return None
        if known.number in self._numbers:
            return "Waits for another fax to the same number"
        if not self._ports:
            return "No port is set up"
        if not any(port.free or port.job is not None for port in self._ports.values()):
            faults = [f"{name}: {port.down}" for name, port in self._ports.items() if port.down]
            return "No port is ready" + (f" ({'; '.join(faults)})" if faults else "")
        return "Waits for a free port"

    def job_on(self, port: str) -> int | None:
        return self._ports[port].job if port in self._ports else None

    def _release(self, number: str) -> None:
        """Bring back the first job that stood behind ``number``."""
        behind = self._behind.get(number)
        while behind:
            job = heapq.heappop(behind)
            known = self._waiting.get(job)
            if known is not None and known.number == number:
                heapq.heappush(self._ready, job)
                break
        if not behind:
            self._behind.pop(number, None)
