"""The schedule decides what the plainest way to decide decides, whatever happens and however the clock jumps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from fax.settings import OutboundRule
from fax.types import Priority
from spooler import schedule as schedule_module
from spooler import schedule_queues
from spooler.schedule import Schedule
from spooler.schedule_types import Candidate, Deadline, PortRules, Rules, WaitReason
from spooler.schedule_window import Window
from tests.spooler.schedule_desk import decide
from tests.spooler.schedule_reference import Reference

ZONE = ZoneInfo("Europe/Berlin")
# Hours before the clocks go forward, and before they go back.
STARTS = (
    datetime(2026, 3, 28, 21, tzinfo=UTC),
    datetime(2026, 10, 24, 21, tzinfo=UTC),
    datetime(2026, 7, 1, tzinfo=UTC),
)
PORTS = ("a", "b", "c", "d")
GROUPS = ("", "", "", "g", "h", "none")

minutes = st.integers(0, 47).map(lambda half_hour: time(half_hour // 2, 30 * (half_hour % 2)))
windows = st.builds(Window, start=minutes, stop=minutes, zone=st.just(ZONE))
ports = st.lists(
    st.builds(
        PortRules, name=st.sampled_from(PORTS), priority=st.integers(1, 3), sends=st.sampled_from([True] * 4 + [False])
    ),
    unique_by=lambda port: port.name,
    max_size=4,
).map(tuple)
groups = st.fixed_dictionaries(
    {
        "g": st.lists(st.sampled_from(PORTS), max_size=3).map(tuple),
        "h": st.lists(st.sampled_from(PORTS), max_size=3).map(tuple),
    }
)
outbound = st.lists(
    st.builds(
        OutboundRule,
        country=st.sampled_from(["", "49", "1"]),
        area=st.sampled_from(["", "30"]),
        port=st.sampled_from(["", "", "a", "d"]),
        group=st.sampled_from(["", "g", "h", "none"]),
    ).filter(lambda found: bool(found.country) or not found.area),
    unique_by=lambda found: (found.country, found.area),
    max_size=4,
).map(tuple)
all_rules = st.builds(
    Rules,
    paused=st.sampled_from([False] * 5 + [True]),
    window=windows,
    ageing=st.sampled_from([timedelta(minutes=10), timedelta(hours=1)]),
    documents_per_call=st.integers(1, 3),
    calls_a_day=st.sampled_from([0, 0, 1, 3]),
    ports=ports,
    groups=groups,
    outbound=outbound,
)
spans = st.sampled_from([0, 1, 60, 600, 1800, 3600, 5400, 7200, 6 * 3600, 86400, 3 * 86400]).map(
    lambda seconds: timedelta(seconds=seconds)
)
backward = spans.map(lambda span: -span)
JOBS = st.integers(1, 12)
NUMBERS = st.sampled_from(["+49301", "+49301", "+49401", "+13012", "1234"])


class ScheduleAgainstReference(RuleBasedStateMachine):
    """Both are told the same and asked the same; at the end every job must have been reached."""

    def __init__(self) -> None:
        super().__init__()
        self.now = STARTS[0]
        self.untold: list[int] = []  # whose time is up, and of whom the schedule has not spoken yet

    @initialize(
        rules=all_rules,
        start=st.sampled_from(STARTS),
        small_lane=st.sampled_from([0, 1, 200]),
        steps=st.sampled_from([1, 2, 1000]),
    )
    def make(self, rules: Rules, start: datetime, small_lane: int, steps: int) -> None:
        schedule_queues.SMALL_LANE = small_lane  # both ways in which a time comes
        schedule_module.STEPS = steps  # much or little in one piece of a decision
        self.now = start
        self.schedule = Schedule(rules, start)
        self.reference = Reference(rules, start)

    def deadline(self, after: timedelta | None, bounded: bool) -> Deadline | None:
        if after is None:
            return None
        return Deadline(at=self.now + after, within=max(after, timedelta()) if bounded else None)

    @rule(
        jobs=st.lists(JOBS, min_size=1, max_size=6),
        number=NUMBERS,
        user=st.sampled_from(["ann", "bob", "cyd"]),
        priority=st.sampled_from(list(Priority)),
        age=spans | backward,
        behind=st.sampled_from([0, 0, 60, 7200]),
        wait=st.none() | st.none() | spans | backward,
        bounded=st.booleans(),
        lifetime=st.none() | st.none() | st.none() | spans,
        discount=st.sampled_from([False, False, True]),
        group=st.sampled_from(GROUPS),
        line=st.sampled_from(["", "", "x"]),
    )
    def put(
        self,
        jobs: list[int],
        number: str,
        user: str,
        priority: Priority,
        age: timedelta,
        behind: int,
        wait: timedelta | None,
        bounded: bool,
        lifetime: timedelta | None,
        discount: bool,
        group: str,
        line: str,
    ) -> None:
        for job in jobs:
            candidate = Candidate(
                job=job,
                number=number,
                user=user,
                since=self.now - age,
                behind=timedelta(seconds=behind),
                priority=priority,
                not_before=self.deadline(wait, bounded),
                retrying=bounded,
                expires=self.deadline(lifetime, bounded),
                discount=discount,
                group=group,
                line=line,
            )
            self.schedule.put(candidate)
            self.reference.put(candidate)

    @rule(job=JOBS)
    def put_again(self, job: int) -> None:
        if (known := self.reference.waiting.get(job)) is not None:
            self.schedule.put(known.told)
            self.reference.put(known.told)

    @rule(job=JOBS)
    def drop(self, job: int) -> None:
        self.schedule.drop(job)
        self.reference.drop(job)

    @rule(port=st.sampled_from(PORTS), free=st.sampled_from([True, True, False]))
    def port(self, port: str, free: bool) -> None:
        self.schedule.set_port(port, free=free)
        self.reference.set_port(port, free)

    @rule()
    def all_ports(self) -> None:
        for port in PORTS:
            self.port(port, True)

    @rule(job=JOBS, dialled=st.sampled_from([True, True, False]), freed=st.booleans())
    def end(self, job: int, dialled: bool, freed: bool) -> None:
        call = self.reference.call_of(job)
        self.schedule.end(job, dialled=dialled)
        self.reference.end(job, dialled=dialled)
        if freed and call is not None:
            self.port(call.port, True)

    @rule(job=JOBS)
    def leave(self, job: int) -> None:
        self.schedule.leave(job)
        self.reference.leave(job)

    @rule(job=JOBS, number=NUMBERS, port=st.sampled_from(PORTS))
    def found(self, job: int, number: str, port: str) -> None:
        if self.reference.call_of(job) is None:
            self.schedule.begin((job,), number, port)
            self.reference.begin((job,), number, port)

    @rule(number=NUMBERS, span=st.none() | spans, bounded=st.booleans())
    def bar(self, number: str, span: timedelta | None, bounded: bool) -> None:
        until = self.deadline(span, bounded)
        self.schedule.bar(number, until)
        self.reference.bar(number, until)

    @rule(number=NUMBERS, ago=spans | backward)
    def recall(self, number: str, ago: timedelta) -> None:
        self.schedule.recall(number, self.now - ago)
        self.reference.recall(number, self.now - ago)

    @rule(rules=all_rules)
    def other_rules(self, rules: Rules) -> None:
        self.schedule.set_rules(rules)
        self.reference.rules = rules

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.other_rules(replace(self.reference.rules, paused=paused))

    @rule(span=spans | backward)
    def decide(self, span: timedelta) -> None:
        self.now += span
        self.same()

    @rule(span=spans | backward, pieces=st.integers(1, 8))
    def begin_to_decide(self, span: timedelta, pieces: int) -> None:
        """What comes next is told in the midst of a decision."""
        self.now += span
        self.untold += self.reference.advance(self.now)
        for _ in range(pieces):
            piece = self.schedule.decide(self.now)
            for job in piece.expired:
                self.untold.remove(job)
            for call in piece.calls:
                assert call == self.reference.next()
            if not piece.more:
                assert not self.untold
                assert self.reference.rules.paused or self.reference.next() is None
                return

    @rule()
    def wake(self) -> None:
        """As the dispatcher does: exactly at the time that was named."""
        if (wake_at := self.schedule.wake_at()) is not None:
            self.now = max(self.now, wake_at)
        self.same()

    def same(self) -> None:
        expected = self.reference.decide(self.now)
        expected = replace(expected, expired=tuple(sorted([*self.untold, *expected.expired])))
        self.untold.clear()
        assert decide(self.schedule, self.now) == expected
        change, wake_at = self.reference.next_change(), self.schedule.wake_at()
        if not self.reference.rules.paused:
            assert change is None or (wake_at is not None and wake_at <= change)
        for job in self.reference.waiting:
            why = self.schedule.why(job, self.now)
            assert why is not None and why.reason is not WaitReason.NEXT
            assert why.until is None or why.until > self.now

    def teardown(self) -> None:
        """Once all ports are free and no rule forbids it, every job is reached by waiting for the times named."""
        schedule_queues.SMALL_LANE, schedule_module.STEPS = 200, 16
        if not hasattr(self, "schedule"):
            return
        names = tuple(PortRules(name=name) for name in PORTS)
        self.other_rules(Rules(window=self.reference.rules.window, ports=names, groups=dict.fromkeys(GROUPS, PORTS)))
        for _ in range(100):
            for call in list(self.reference.calls):
                self.end(call.jobs[0], True, False)
            self.all_ports()
            if not self.reference.waiting:
                return
            self.wake()
        raise AssertionError(f"never reached: {self.reference.waiting}")


ScheduleAgainstReference.TestCase.settings = hypothesis_settings(
    max_examples=200, stateful_step_count=40, deadline=None
)
TestScheduleAgainstReference = ScheduleAgainstReference.TestCase
