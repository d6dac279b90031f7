"""How long decisions of the schedule take, and the cases that are hard for it.

What always holds: a case tells the schedule and the naive reference the same, and they must decide the same; a decision
is timed as ``bench.schedule`` says.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as day_time

from fax.types import Priority
from spooler.schedule import Schedule
from spooler.schedule_types import Assignment, Candidate, Deadline, PortRules, Rules
from spooler.schedule_window import Window
from tests.spooler.schedule_reference import Reference

START = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
LIMIT_MS = 1.0
HOUR = timedelta(hours=1)


@dataclass
class Life:
    """Of each moment: how long its decisions took, in ms, and what they were. The reference decides all at once."""

    took: list[list[float]]
    decided: list[tuple[Assignment, ...]]

    @property
    def flat(self) -> list[float]:
        return [each for took in self.took for each in took]


def decide(schedule: Schedule | Reference, now: datetime, begun: float, life: Life) -> tuple[Assignment, ...]:
    """All decisions of a moment. ``begun``: when the first began, by the thread's clock."""
    calls: list[Assignment] = []
    took: list[float] = []
    more = True
    while more:
        decision = schedule.decide(now)
        more = decision.more
        if isinstance(schedule, Schedule) and not more:
            schedule.wake_at()
        ended = time.thread_time()
        took.append((ended - begun) * 1000)
        calls += decision.calls
        begun = time.thread_time()
    life.took.append(took)
    life.decided.append(tuple(calls))
    return life.decided[-1]


def port_is(schedule: Schedule | Reference, name: str, free: bool) -> None:
    if isinstance(schedule, Schedule):
        schedule.set_port(name, free=free)
    else:
        schedule.set_port(name, free)


def shortest(lives: list[Life]) -> Life:
    """Of lives that are the same: each decision's shortest time."""
    took = [
        [min(each) for each in zip(*moments, strict=True)]
        for moments in zip(*(life.took for life in lives), strict=True)
    ]
    return Life(took, lives[0].decided)


def line(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return f"{name:<22} p50 {statistics.median(times):9.3f} ms   p99 {p99:9.3f} ms   max {ordered[-1]:9.3f} ms"


def soon(life: Life) -> bool:
    """Whether every decision was soon enough; says how many were not."""
    late = sum(1 for each in life.flat if each >= LIMIT_MS)
    print(f"  decisions of {LIMIT_MS:g} ms and more: {late} of {len(life.flat)}")
    return not late


Job = Callable[[int, int], Candidate]
Happens = Callable[[Schedule | Reference, int], Iterator[datetime]]


@dataclass(frozen=True)
class Case:
    """``job``: of so many, the one with this number. ``happens``: what is told; yields when it is to be decided."""

    job: Job
    happens: Happens
    counted: bool = True  # whether what happens before a decision is part of its time


def _job(job: int, count: int) -> Candidate:
    """Everything its own: sender, number; they come in over two hours."""
    since = START - 2 * HOUR * (count - job) / count
    return Candidate(job=job, number=f"+4930{job}", user=f"person{job}", since=since, priority=Priority.LOW)


def _calls(schedule: Schedule | Reference, count: int) -> Iterator[datetime]:
    """Port after port is free again, and the calls before end."""
    for second in range(50):
        yield START + timedelta(seconds=second)
        for port in range(second, second + 3):
            for each in list(_open(schedule, f"line{port % 64}")):
                schedule.end(each)
            port_is(schedule, f"line{port % 64}", True)


def _open(schedule: Schedule | Reference, port: str) -> list[int]:
    """A job of each call on this port, as whoever made it knows."""
    if isinstance(schedule, Schedule):
        return [job for job, call in schedule._in_call.items() if call.port == port][:1]
    return [call.jobs[0] for call in schedule.calls if call.port == port]


def _jump(by: timedelta) -> Happens:
    def happens(schedule: Schedule | Reference, count: int) -> Iterator[datetime]:
        yield START
        yield START + by
        yield START + by + timedelta(seconds=1)

    return happens


def _back(schedule: Schedule | Reference, count: int) -> Iterator[datetime]:
    yield START + 30 * HOUR
    yield START
    yield START + 30 * HOUR


def _cancelled(schedule: Schedule | Reference, count: int) -> Iterator[datetime]:
    yield START
    for job in range(1, count):
        schedule.drop(job)
    yield START + timedelta(seconds=1)


def _at(at: datetime) -> Deadline:
    return Deadline(at=at, within=24 * HOUR)


CASES = {
    "one sender": Case(lambda job, count: replace(_job(job, count), user="ann"), _calls),
    "one number, one sender": Case(lambda job, count: replace(_job(job, count), user="ann", number="+49301"), _calls),
    "one number, a sender each": Case(lambda job, count: replace(_job(job, count), number="+49301"), _calls),
    "a sender each": Case(_job, _calls),
    "a sender each, an hour's jump": Case(_job, _jump(HOUR)),
    "a sender each, 376 of them, an hour's jump": Case(
        lambda job, count: replace(_job(job, count), user=f"person{job % 376}"), _jump(HOUR)
    ),
    "all for the discount period, which opens": Case(
        lambda job, count: replace(_job(job, count), discount=True), _jump(HOUR)
    ),
    "all for one instant": Case(
        lambda job, count: replace(_job(job, count), not_before=_at(START + HOUR)), _jump(HOUR)
    ),
    "each for an instant of its own, a day's jump": Case(
        lambda job, count: replace(_job(job, count), not_before=_at(START + 20 * HOUR * job / count)), _jump(24 * HOUR)
    ),
    "one sender, a hundred instants, a day's jump": Case(
        lambda job, count: replace(
            _job(job, count), user="ann", not_before=_at(START + timedelta(seconds=1 + job * 98 // count))
        ),
        _jump(24 * HOUR),
    ),
    "a clock 30 hours ahead is set back, and on again": Case(
        lambda job, count: replace(
            _job(job, count),
            not_before=_at(START + timedelta(seconds=1 + job * 100 // count)),
            expires=_at(START + 48 * HOUR),
        ),
        _back,
    ),
    "the time of all is up": Case(lambda job, count: replace(_job(job, count), expires=_at(START + HOUR)), _jump(HOUR)),
    "all but one are cancelled": Case(
        lambda job, count: replace(_job(job, count), user="ann", expires=_at(START + HOUR)), _cancelled, counted=False
    ),
}


def hard(name: str, case: Case, few: int, many: int, ports: int, lives: int) -> bool:
    """With a few jobs, whether schedule and reference decide the same; with many, whether all decisions are soon
    enough."""
    ours, naive = _live(Schedule, case, few, ports), _live(Reference, case, few, ports)
    same = ours.decided == naive.decided
    life = shortest([_live(Schedule, case, many, ports) for _ in range(lives)])
    print(f"{name}: {many} jobs, {sum(map(len, life.decided))} calls")
    print(line("  schedule", life.flat))
    longest = max(life.took, key=sum)
    print(f"  the longest moment: {sum(longest):.3f} ms in {len(longest)} decisions")
    print(f"  the same decisions as the naive reference, with {few} jobs: {'yes' if same else 'NO'}")
    return soon(life) and same


def _live(kind: type[Schedule] | type[Reference], case: Case, count: int, ports: int) -> Life:
    rules = Rules(
        window=Window(start=day_time(18), stop=day_time(6)),
        ports=tuple(PortRules(name=f"line{port}") for port in range(ports)),
    )
    schedule = kind(rules, START)
    for job in range(1, count + 1):
        schedule.put(case.job(job, count))
    decide(schedule, START, 0.0, Life([], []))
    for port in range(ports):
        port_is(schedule, f"line{port}", True)
    gc.collect()
    gc.freeze()
    life = Life([], [])
    moments = case.happens(schedule, count)
    while True:
        gc.disable()
        begun = time.thread_time()
        if (now := next(moments, None)) is None:
            break
        decide(schedule, now, begun if case.counted else time.thread_time(), life)
        gc.enable()
    gc.enable()
    return life
