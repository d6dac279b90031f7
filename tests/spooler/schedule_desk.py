"""A schedule to play with: jobs, rules and times in few words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fax.settings import OutboundRule
from fax.types import Priority
from spooler.schedule import Schedule
from spooler.schedule_types import Assignment, Candidate, Deadline, Decision, PortRules, Rules, Wait
from spooler.schedule_window import Window

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def job(
    id: int,
    number: str | None = None,
    *,
    user: str = "ann",
    priority: Priority = Priority.NORMAL,
    since: datetime = START,
    not_before: Deadline | None = None,
    retrying: bool = False,
    expires: Deadline | None = None,
    discount: bool = False,
    group: str = "",
    line: str = "",
) -> Candidate:
    return Candidate(
        job=id,
        number=number or str(id),
        user=user,
        since=since,
        priority=priority,
        not_before=not_before,
        retrying=retrying,
        expires=expires,
        discount=discount,
        group=group,
        line=line,
    )


def rules(
    *ports: str,
    window: Window | None = None,
    documents_per_call: int = 10,
    calls_a_day: int = 0,
    paused: bool = False,
    groups: dict[str, tuple[str, ...]] | None = None,
    outbound: tuple[OutboundRule, ...] = (),
) -> Rules:
    return Rules(
        ports=tuple(PortRules(name=name) for name in ports),
        window=window or Window(),
        documents_per_call=documents_per_call,
        calls_a_day=calls_a_day,
        paused=paused,
        groups=groups or {},
        outbound=outbound,
    )


def ready(*jobs: Candidate, under: Rules | None = None) -> Schedule:
    """A schedule whose ports are free and these jobs wait."""
    under = under or rules("a")
    schedule = Schedule(under, START)
    for port in under.ports:
        schedule.set_port(port.name, free=True)
    for each in jobs:
        schedule.put(each)
    return schedule


def decide(schedule: Schedule, now: datetime) -> Decision:
    """All pieces of a decision together."""
    calls: list[Assignment] = []
    expired: list[int] = []
    while True:
        piece = schedule.decide(now)
        calls += piece.calls
        expired += piece.expired
        if not piece.more:
            return Decision(calls=tuple(calls), expired=tuple(sorted(expired)))


def decided(schedule: Schedule, seconds: float = 0) -> list[tuple[str, tuple[int, ...]]]:
    return [(call.port, call.jobs) for call in decide(schedule, at(seconds)).calls]


def in_turn(schedule: Schedule, count: int, port: str = "a", seconds: float = 0) -> list[int]:
    """The first jobs of so many calls on ``port``, one after the other."""
    found = []
    for _ in range(count):
        ((_, jobs),) = decided(schedule, seconds)
        found.append(jobs[0])
        schedule.end(jobs[0])
        schedule.set_port(port, free=True)
    return found


def why(schedule: Schedule, id: int, seconds: float = 0) -> Wait:
    found = schedule.why(id, at(seconds))
    assert found is not None
    return found
