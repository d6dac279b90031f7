"""The plainest way to decide what the schedule decides: by looking at everything each time.

It knows the rules of ``spooler.schedule`` and none of its indexes. Slow, and meant to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from fax.settings import OutboundRule
from spooler.schedule_types import RANKS, Assignment, Candidate, Deadline, Decision, Rules
from spooler.schedule_window import Window

DAY = timedelta(days=1)


@dataclass
class Waiting:
    """A job that waits, with its deadlines as the clock has left them."""

    about: Candidate
    told: Candidate
    ages_from: timedelta


@dataclass
class Call:
    jobs: list[int]
    number: str
    port: str
    begun: list[datetime]  # none, or the one instant that counts


class Reference:
    def __init__(self, rules: Rules, now: datetime) -> None:
        self.rules = rules
        self.now = now
        self.forward = timedelta()
        self.waiting: dict[int, Waiting] = {}
        self.calls: list[Call] = []
        self.history: dict[str, list[datetime]] = {}
        self.barred: dict[str, Deadline] = {}
        self.free: set[str] = set()
        self.turns: dict[str, int] = {}
        self.served: dict[tuple[str, int], timedelta] = {}

    def put(self, candidate: Candidate) -> None:
        if self.call_of(candidate.job) is not None:
            return
        known = self.waiting.get(candidate.job)
        if known is not None and known.told == candidate:
            return
        ages_from = self.forward - max(timedelta(), self.now - candidate.since) + candidate.behind
        self.waiting[candidate.job] = Waiting(candidate, candidate, ages_from)

    def drop(self, job: int) -> None:
        self.waiting.pop(job, None)

    def set_port(self, name: str, free: bool) -> None:
        self.free.discard(name)
        if free and all(call.port != name for call in self.calls):
            self.free.add(name)

    def bar(self, number: str, until: Deadline | None) -> None:
        self.barred.pop(number, None)
        if until is not None:
            self.barred[number] = until

    def recall(self, number: str, begun: datetime) -> None:
        if begun + DAY > self.now:
            self.history.setdefault(number, []).append(min(begun, self.now))

    def begin(self, jobs: Sequence[int], number: str, port: str) -> None:
        self.calls.append(Call(list(jobs), number, port, []))
        for job in jobs:
            self.drop(job)
        self.free.discard(port)

    def end(self, job: int, dialled: bool = True) -> None:
        if (call := self.call_of(job)) is not None:
            self.calls.remove(call)
            if dialled:
                self.history.setdefault(call.number, []).extend(call.begun)

    def leave(self, job: int) -> None:
        if (call := self.call_of(job)) is not None:
            call.jobs.remove(job)
            if not call.jobs:
                self.calls.remove(call)

    def decide(self, now: datetime) -> Decision:
        expired = self.advance(now)
        calls: list[Assignment] = []
        while not self.rules.paused and (decided := self.next()) is not None:
            calls.append(decided)
        return Decision(calls=tuple(calls), expired=tuple(expired))

    def advance(self, now: datetime) -> list[int]:
        """The clock stands at ``now``. Returns the jobs whose time is up by it."""
        self.forward += max(timedelta(), now - self.now)
        self.now = now
        for waiting in self.waiting.values():
            self.kept(waiting)
        self.barred = {number: kept for number, until in self.barred.items() if (kept := until.kept(now)).at > now}
        self.history = {number: recent(times, now) for number, times in self.history.items()}
        for call in self.calls:
            call.begun = recent(call.begun, now)
        expired = sorted(
            job for job, known in self.waiting.items() if known.about.expires and known.about.expires.at <= now
        )
        for job in expired:
            del self.waiting[job]
        return expired

    def next(self) -> Assignment | None:
        able = [job for job in self.waiting if self.able(job, self.now)]
        if not able:
            return None
        first = min(able, key=self.order)
        about = self.waiting[first].about
        port = next(port for port in self.pool(about) if port in self.free)
        others = [
            job
            for job in able
            if job != first
            and self.waiting[job].about.number == about.number
            and self.waiting[job].about.line == about.line
            and port in self.pool(self.waiting[job].about)
        ]
        others.sort(key=lambda job: (-self.rank(job), self.waiting[job].ages_from, job))
        jobs = [first, *others[: self.rules.documents_per_call - 1]]
        shares = [(self.waiting[job].about.user, self.rank(job)) for job in jobs]
        for user in dict.fromkeys(user for user, _ in shares):
            self.turns[user] = max(self.turns.values(), default=0) + 1
        for share in shares:
            self.served[share] = self.forward
        self.begin(jobs, about.number, port)
        self.calls[-1].begun = [self.now]
        return Assignment(jobs=tuple(jobs), number=about.number, port=port)

    def able(self, job: int, now: datetime) -> bool:
        """Nothing stands in the job's way at ``now``, as things stand."""
        about = self.waiting[job].about
        return (
            (about.not_before is None or about.not_before.at <= now)
            and (not about.discount or self.rules.window.is_open(now))
            and self.number_open(about.number, now)
            and any(port in self.free for port in self.pool(about))
        )

    def number_open(self, number: str, now: datetime) -> bool:
        begun = [
            *self.history.get(number, ()),
            *(at for call in self.calls if call.number == number for at in call.begun),
        ]
        recent = [at for at in begun if at + DAY > now]
        limit = self.rules.calls_a_day
        return (
            all(call.number != number for call in self.calls)
            and (number not in self.barred or self.barred[number].at <= now)
            and (not limit or len(recent) < limit)
        )

    def order(self, job: int) -> tuple[int, int, timedelta, int]:
        known = self.waiting[job]
        user, rank = known.about.user, self.rank(job)
        waited = self.forward - max(known.ages_from, self.served.get((user, rank), known.ages_from))
        level = min(2, rank + max(0, waited // self.rules.ageing))
        return (-level, self.turns.get(user, 0), known.ages_from, job)

    def rank(self, job: int) -> int:
        return RANKS[self.waiting[job].about.priority]

    def pool(self, about: Candidate) -> list[str]:
        """The ports that may make the job's call, in the order in which they are tried."""
        senders = [port.name for port in sorted(self.rules.ports, key=lambda port: port.priority) if port.sends]
        group, port = about.group, ""
        if not group:
            fitting = [rule for rule in self.rules.outbound if self.fits(rule, about.number)]
            if fitting:
                best = max(fitting, key=lambda rule: (rule.country != "", rule.area != ""))
                group, port = best.group, best.port
        if port:
            return [port] if port in senders else []
        return [name for name in self.rules.groups.get(group, ()) if name in senders] if group else senders

    def next_change(self) -> datetime | None:
        """The first instant from now on at which time alone lets a job go out that cannot go now, or ends its wait."""
        instants: list[datetime] = []
        for job, known in self.waiting.items():
            about = known.about
            if about.expires is not None:
                instants.append(about.expires.at)
            begun = [*self.history.get(about.number, ()), *(at for call in self.calls for at in call.begun)]
            moments = [at + DAY for at in begun]
            moments += [until.at for until in (about.not_before, self.barred.get(about.number)) if until is not None]
            moments = [max(moment, self.now) for moment in moments] + [self.now]
            moments += [opens(self.rules.window, moment) for moment in moments if about.discount]
            instants += [at for at in moments if self.able(job, at) and not self.able(job, self.now)]
        return min(instants, default=None)

    @staticmethod
    def fits(rule: OutboundRule, number: str) -> bool:
        return not rule.country or number.startswith("+" + rule.country + rule.area)

    def call_of(self, job: int) -> Call | None:
        return next((call for call in self.calls if job in call.jobs), None)

    def kept(self, waiting: Waiting) -> None:
        about = waiting.about
        not_before = about.not_before and about.not_before.kept(self.now)
        expires = about.expires and about.expires.kept(self.now)
        waiting.about = replace(about, not_before=not_before, expires=expires)


def recent(times: list[datetime], now: datetime) -> list[datetime]:
    """Those of the last day; what happened in the future happened now."""
    return [min(at, now) for at in times if at + DAY > now]


def opens(window: Window, after: datetime) -> datetime:
    """When the window is open next, found minute by minute."""
    if window.is_open(after):
        return after
    instant = after.astimezone(UTC).replace(second=0, microsecond=0)
    while not window.is_open(instant):
        instant += timedelta(minutes=1)
    return instant
