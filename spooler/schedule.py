"""The schedule: which jobs go out in a call on which port next, and why the others wait.

A state machine: events and times in, decisions out. What always holds: at most one call at a time per port and per
number; a job starts when its time has come, in its period, and not before; a number is called at most as often as the
rules say; ports that may not send are never used; a job that waits can always be reached (a time that ``wake_at``
names, or a port, a number or a rule being changed, brings it back). Jobs for one number share a call. The order among
ready jobs is that of ``schedule_queues``.

The clock may be set: a time in the future counts as it stands when a person asked for it; a pause that we decided on is
never longer than it was meant to be (``Deadline``); what has happened "in the future" happened now; ageing only counts
the time that the clock went forward. A clock that is set forward makes what is due by it due.

One ``decide`` does a bounded piece of work and hands out one call, so that nobody waits long for it: an hour's ageing
of 100,000 senders, all calls of 64 ports that are free, are many of them. What is told in between acts as if it were
told when the clock had been read and all that follows from it done, and before any further call is found.

Must not: read a clock or a database, choose at random, or start anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import islice

from spooler.schedule_queues import Queues
from spooler.schedule_routes import Pool, Routes
from spooler.schedule_state import Begun, CallMade, Destination, Line, WaitingJob
from spooler.schedule_table import Table
from spooler.schedule_types import (
    RANKS,
    Assignment,
    Candidate,
    Deadline,
    Decision,
    Rules,
    Wait,
    WaitReason,
)
from spooler.schedule_window import DAY

STEPS = 16  # that one ``decide`` goes at most; one may move an entry within a list of all jobs
_MICROSECOND = timedelta(microseconds=1)


class Schedule:
    """``now``: where the wall clock stands; it moves with ``decide``. All ports begin not free."""

    def __init__(self, rules: Rules, now: datetime) -> None:
        self._rules = rules
        self._now = now
        self._elapsed = 0  # microseconds that the clock went forward: what ageing counts
        self._routes = Routes(rules)
        self._queues = Queues(rules.ageing // _MICROSECOND, 0)
        self._jobs: Table[int, WaitingJob] = Table()
        self._in_call: dict[int, CallMade] = {}
        self._numbers: Table[str, Destination] = Table()
        self._ports: dict[str, Line] = {port.name: Line() for port in rules.ports}
        self._count = 0
        # Hints: an entry says "look at this at that time", and looking decides.
        self._expiries: list[tuple[datetime, int, WaitingJob]] = []
        self._timers: list[tuple[datetime, str]] = []
        # Told since we last knew how late it is.
        self._fresh: list[WaitingJob] = []
        self._fresh_bars: set[str] = set()
        # What a decision has begun: the first has to be gone through, the second may be begun anew.
        self._advancing: Iterator[None] | None = None
        self._finding: Iterator[None] | None = None
        self._expired: list[int] = []  # to be told with the next decision
        self._calls: list[Assignment] = []

    def put(self, candidate: Candidate) -> None:
        """The job waits like this; replaces what was known of it. A job in a call is left alone."""
        self._finish()
        if candidate.job in self._in_call:
            return
        known = self._jobs.get(candidate.job)
        if known is not None:
            if known.about == candidate:
                return
            self._drop(candidate.job)
        age = max(0, (self._now - candidate.since) // _MICROSECOND)
        since = self._elapsed - age + candidate.behind // _MICROSECOND
        job = WaitingJob(candidate, since, candidate.not_before, candidate.expires)
        self._jobs[candidate.job] = job
        self._expect(job)
        self._admit(job)
        # A pause that looks too long by the time we know is looked at again by the time it is.
        if any(until is not None and until.kept(self._now) is not until for until in (job.not_before, job.expires)):
            self._fresh.append(job)

    def drop(self, job: int) -> None:
        """The job does not wait (any more): held, cancelled, without a number."""
        self._finish()
        self._drop(job)

    def set_rules(self, rules: Rules) -> None:
        """The settings have changed: they act at once."""
        self._finish()
        before, self._rules = self._rules, rules
        laid_out = (before.ports, before.groups, before.outbound, before.ageing)
        if laid_out != (rules.ports, rules.groups, rules.outbound, rules.ageing):
            self._lay_out()
        if before.calls_a_day != rules.calls_a_day:
            for number in list(self._numbers):
                self._settle(number)

    def set_port(self, name: str, *, free: bool, down: str | None = None) -> bool:
        """``free``: ready for a call; ``down``: why it cannot make one, if it is not just busy. A port with a call of
        ours is not free until ``end``, whatever is said here.

        Returns whether it became free by this.
        """
        port = self._ports.setdefault(name, Line())
        before, port.free = port.free, free and not port.calls
        port.down = None if free else down
        if port.free != before:
            self._finding = None
            self._show(name, port)
        return port.free and not before

    def recall(self, number: str, begun: datetime) -> None:
        """This number was called then, before we were made."""
        self._finish()
        self._numbers.setdefault(number, Destination()).begun.append(Begun(min(begun, self._now)))
        self._settle(number)

    def bar(self, number: str, until: Deadline | None) -> None:
        """No call to this number until then; None: it may be called again."""
        self._finish()
        self._numbers.setdefault(number, Destination()).barred = until
        self._fresh_bars.add(number)
        self._settle(number)

    def begin(self, jobs: Sequence[int], number: str, port: str) -> None:
        """These jobs are in a call, as was found at start. When it began is told by ``recall``."""
        self._finish()
        self._begin(jobs, number, port, None)

    def end(self, job: int, *, dialled: bool = True) -> None:
        """The call that this job is in is over, for all of its jobs; its port stays not free until ``set_port``.

        ``dialled`` False: it does not count as a call to its number.
        """
        self._finish()
        if (call := self._in_call.pop(job, None)) is None:
            return
        for other in call.jobs:
            self._in_call.pop(other, None)
        number = self._numbers[call.number]
        number.calls.remove(call)
        if not dialled and call.begun in number.begun:
            number.begun.remove(call.begun)
        if call.port in self._ports:
            self._ports[call.port].calls.remove(call)
        self._settle(call.number)

    def number_of(self, job: int) -> str | None:
        """The number of the call that the job is in."""
        call = self._in_call.get(job)
        return None if call is None else call.number

    def leave(self, job: int) -> None:
        """The job is not in the call that it was given to; the others go on. ``put`` lets it wait again."""
        call = self._in_call.get(job)
        if call is None:
            return
        if len(call.jobs) == 1:
            self.end(job, dialled=False)
        else:
            self._finish()
            call.jobs.discard(job)
            del self._in_call[job]

    def decide(self, now: datetime) -> Decision:
        """The next piece of what is to be done at ``now``; it is taken as done. To be asked with the same ``now`` until
        there is no more: with another, all that the one before asked for is done first."""
        if now != self._now:
            self._finish()
        left = STEPS
        if self._finding is None:
            advancing = self._advancing or self._advance(now)
            left -= sum(1 for _ in islice(advancing, left))
            self._advancing = None if left else advancing
            self._finding = self._find() if left else None
        if self._finding is not None and left > sum(1 for _ in islice(self._finding, left)):
            self._finding = None
        calls, self._calls = self._calls, []
        expired, self._expired = self._expired, []
        more = bool(calls) or self._advancing is not None or self._finding is not None
        return Decision(calls=tuple(calls), expired=tuple(sorted(expired)), more=more)

    def wake_at(self) -> datetime | None:
        """When ``decide`` is to be asked again if nothing happens before; None: not for a time's sake. Asked when a
        decision says that there is no more."""
        times = [heap[0][0] for heap in (self._expiries, self._timers) if heap]
        if (opening := self._queues.next_opening()) is not None:
            times.append(opening)
        window = self._rules.window
        if self._queues.holds_discount and not window.is_open(self._now):
            times.append(window.opens(self._now))
        return min(times, default=None)

    def why(self, job: int, now: datetime) -> Wait | None:
        """Why the job is not in a call, and when it can be tried next; None: it does not wait."""
        known = self._jobs.get(job)
        if known is None:
            return None
        about, rules = known.about, self._rules
        until, reason = now, WaitReason.NEXT
        if known.not_before is not None and known.not_before.at > until:
            until, reason = known.not_before.at, WaitReason.RETRY if about.retrying else WaitReason.SEND_TIME
        number = self._numbers.get(about.number)
        closed = None if number is None else number.closed_until(now, rules.calls_a_day)
        if closed is not None and closed[0] > until:
            until, reason = closed
        if about.discount and (opening := rules.window.opens(until)) > until:
            until, reason = opening, WaitReason.DISCOUNT
        time = until if until > now else None
        if rules.paused:
            return Wait(reason=WaitReason.QUEUE_PAUSED, until=time)
        if time is not None:
            return Wait(reason=reason, until=time, number=about.number, limit=rules.calls_a_day)
        if number is not None and number.calls:
            return Wait(reason=WaitReason.NUMBER_IN_CALL, number=about.number)
        return self._why_no_port(self._pool(about))

    def _why_no_port(self, pool: Pool) -> Wait:
        if not pool.ports:
            return Wait(reason=WaitReason.NO_SUCH_GROUP if pool.name else WaitReason.NO_PORTS, group=pool.name)
        ports = {name: self._ports[name] for name in pool.ports if name in self._ports}
        if pool.first_free is not None:
            return Wait(reason=WaitReason.NEXT)
        if any(port.calls or port.down is None for port in ports.values()):
            return Wait(reason=WaitReason.PORTS_BUSY, group=pool.name)
        faults = tuple((name, port.down or "") for name, port in ports.items())
        return Wait(reason=WaitReason.PORTS_DOWN, ports=faults, group=pool.name)

    def _begin(self, jobs: Sequence[int], number: str, port: str, begun: datetime | None) -> None:
        call = CallMade(set(jobs), number, port, None if begun is None else Begun(begun))
        for job in jobs:
            self._drop(job)
            self._in_call[job] = call
        about = self._numbers.setdefault(number, Destination())
        about.calls.append(call)
        if call.begun is not None:
            about.begun.append(call.begun)
        self._queues.block(number)
        used = self._ports.setdefault(port, Line())
        used.calls.append(call)
        used.free = False
        self._show(port, used)

    def _finish(self) -> None:
        """What is told now finds all done that the clock's last reading asked for."""
        if self._advancing is not None:
            deque(self._advancing, maxlen=0)
        self._advancing = self._finding = None

    def _drop(self, job: int) -> None:
        if (known := self._jobs.pop(job)) is not None:
            self._queues.withdraw(job, known.since)

    def _find(self) -> Iterator[None]:
        """The next call, if there is one to be made."""
        if self._rules.paused:
            return
        yield from self._queues.settle()
        discount = self._rules.window.is_open(self._now)
        if (found := self._queues.first(discount)) is None:
            return
        job, port = found
        limit = self._rules.documents_per_call - 1
        jobs = (job, *(yield from self._queues.companions(job, port, discount, limit)))
        number = self._jobs[job].about.number
        shares: dict[str, set[int]] = {}
        for each in jobs:
            about = self._jobs[each].about
            shares.setdefault(about.user, set()).add(RANKS[about.priority])
        self._begin(jobs, number, port, self._now)
        for user, ranks in shares.items():
            self._queues.serve(user, ranks)
        self._calls.append(Assignment(jobs=jobs, number=number, port=port))

    def _advance(self, now: datetime) -> Iterator[None]:
        """The clock stands at ``now``: what follows from it."""
        before, self._now = self._now, now
        self._elapsed += max(0, (now - before) // _MICROSECOND)
        if now < before:
            yield from self._queues.set_back(now)
        for job in self._jobs.values() if now < before else self._fresh:
            if self._jobs.get(job.about.job) is job:
                self._keep(job)
                yield
        for number in list(self._numbers if now < before else self._fresh_bars):
            self._keep_number(number, before)
            yield
        self._fresh.clear()
        self._fresh_bars.clear()
        yield from self._queues.advance(self._elapsed, now)
        while self._timers and self._timers[0][0] <= now:
            self._settle(heappop(self._timers)[1])
            yield
        # What would be looked at in vain goes too, so that nobody wakes for it.
        while self._expiries and (self._expiries[0][0] <= now or not self._expires(*self._expiries[0][::2])):
            at, _, job = heappop(self._expiries)
            if self._expires(at, job):
                self._expired.append(job.about.job)
                self._drop(job.about.job)
            yield

    def _keep(self, job: WaitingJob) -> None:
        """No pause of ours is longer than it was meant, though the clock was set back."""
        expires = job.expires
        job.not_before = None if job.not_before is None else job.not_before.kept(self._now)
        job.expires = None if expires is None else expires.kept(self._now)
        if job.expires is not expires:
            self._expect(job)
        if self._opens(job) != self._queues.opens(job.about.job):
            self._queues.withdraw(job.about.job, job.since)
            self._admit(job)

    def _keep_number(self, number: str, before: datetime) -> None:
        """As ``_keep``; what was over by ``before`` does not come back."""
        about = self._numbers.get(number)
        if about is None:
            return
        about.begun = [begun for begun in about.begun if begun.at + DAY > before]
        for begun in about.begun:
            begun.at = min(begun.at, self._now)
        if about.barred is not None:
            over = about.barred.at <= before and number not in self._fresh_bars
            about.barred = None if over else about.barred.kept(self._now)
        self._fresh_bars.discard(number)
        self._settle(number)

    def _expect(self, job: WaitingJob) -> None:
        """Look at the job when its time is up."""
        if job.expires is not None:
            self._count += 1
            heappush(self._expiries, (job.expires.at, self._count, job))

    def _opens(self, job: WaitingJob) -> datetime | None:
        """When the job's time comes; None: it has come."""
        return job.not_before.at if job.not_before is not None and job.not_before.at > self._now else None

    def _admit(self, job: WaitingJob) -> None:
        self._queues.admit(job.about, job.since, self._pool(job.about), self._opens(job))

    def _expires(self, at: datetime, job: WaitingJob) -> bool:
        return self._jobs.get(job.about.job) is job and job.expires is not None and job.expires.at == at

    def _settle(self, number: str) -> None:
        """Let the number be closed or open as its calls and times say; look again when a time changes that."""
        about = self._numbers.get(number)
        if about is None:
            return
        about.begun = [begun for begun in about.begun if begun.at + DAY > self._now]
        if about.barred is not None and about.barred.at <= self._now and number not in self._fresh_bars:
            about.barred = None
        closed = about.closed_until(self._now, self._rules.calls_a_day)
        if about.calls or closed is not None:
            self._queues.block(number)
        else:
            self._queues.unblock(number)
        if about.calls:
            return  # ``end`` looks again
        if closed is not None:
            heappush(self._timers, (closed[0], number))
        elif about.begun:
            heappush(self._timers, (min(begun.at for begun in about.begun) + DAY, number))
        elif about.barred is None:
            del self._numbers[number]

    def _pool(self, job: Candidate) -> Pool:
        pool, fresh = self._routes.pool(job)
        if fresh:
            for name in pool.ports:
                pool.set_free(name, self._ports[name].free)
        return pool

    def _show(self, name: str, port: Line) -> None:
        for pool in self._routes.pools:
            pool.set_free(name, port.free)

    def _lay_out(self) -> None:
        """Other ports, groups or rules: everything finds its place anew."""
        for rule in self._rules.ports:
            self._ports.setdefault(rule.name, Line())
        self._routes = Routes(self._rules)
        queues = Queues(self._rules.ageing // _MICROSECOND, self._elapsed)
        queues.take_over(self._queues)
        self._queues = queues
        for name, port in self._ports.items():
            self._show(name, port)
        for job in self._jobs.values():
            self._admit(job)
