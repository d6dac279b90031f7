"""The schedule: what it decides, compared with the plainest way to decide the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from spooler.schedule import Assignment, Candidate, Schedule

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def ready(*ports: str) -> Schedule:
    schedule = Schedule(ports)
    for port in ports:
        schedule.set_port(port, free=True)
    return schedule


def test_the_oldest_ready_job_goes_out_first() -> None:
    schedule = ready("a")
    schedule.put(Candidate(job=2, number="2"))
    schedule.put(Candidate(job=1, number="1"))
    assert schedule.decide(START) == [Assignment(job=1, number="1", port="a")]
    assert schedule.decide(START) == []


def test_one_call_at_a_time_per_number() -> None:
    schedule = ready("a", "b")
    schedule.put(Candidate(job=1, number="1"))
    schedule.put(Candidate(job=2, number="1"))
    schedule.put(Candidate(job=3, number="3"))
    assert [decided.job for decided in schedule.decide(START)] == [1, 3]
    assert schedule.why(2, START) == "Waits for another fax to the same number"
    schedule.end(1)
    schedule.set_port("a", free=True)
    assert [decided.job for decided in schedule.decide(START)] == [2]


def test_a_job_waits_for_its_time() -> None:
    schedule = ready("a")
    schedule.put(Candidate(job=1, number="1", ready_at=at(60)))
    assert schedule.decide(at(59)) == []
    assert schedule.wake_at() == at(60)
    assert schedule.why(1, at(59)) is None
    assert [decided.job for decided in schedule.decide(at(60))] == [1]
    assert schedule.wake_at() is None


def test_a_port_that_is_down_gets_nothing_and_the_job_says_so() -> None:
    schedule = Schedule(("a",))
    schedule.set_port("a", free=False, down="/dev/ttyS0 is missing")
    schedule.put(Candidate(job=1, number="1"))
    assert schedule.decide(START) == []
    assert schedule.why(1, START) == "No port is ready (a: /dev/ttyS0 is missing)"


def test_without_ports_the_job_says_so() -> None:
    schedule = Schedule(())
    schedule.put(Candidate(job=1, number="1"))
    assert schedule.why(1, START) == "No port is set up"


def test_a_call_found_at_start_holds_its_number_and_its_port() -> None:
    schedule = ready("a", "b")
    schedule.begin(1, "1", "a")
    schedule.put(Candidate(job=2, number="1"))
    schedule.put(Candidate(job=3, number="3"))
    schedule.set_port("a", free=True)
    assert schedule.decide(START) == [Assignment(job=3, number="3", port="b")]


@dataclass
class Reference:
    """The same decisions, by looking at everything each time."""

    ports: tuple[str, ...]
    free: dict[str, bool] = field(default_factory=dict)
    waiting: dict[int, Candidate] = field(default_factory=dict)
    calls: dict[int, tuple[str, str]] = field(default_factory=dict)

    def decide(self, now: datetime) -> list[Assignment]:
        decided: list[Assignment] = []
        for port in self.ports:
            if not self.free.get(port) or any(taken == port for _, taken in self.calls.values()):
                continue
            numbers = {number for number, _ in self.calls.values()}
            able = [
                job
                for job, known in self.waiting.items()
                if known.number not in numbers and (known.ready_at is None or known.ready_at <= now)
            ]
            if not able:
                break
            job = min(able)
            number = self.waiting.pop(job).number
            self.calls[job] = (number, port)
            decided.append(Assignment(job=job, number=number, port=port))
        return decided


class ScheduleAgainstReference(RuleBasedStateMachine):
    """Whatever is put in, dropped, ended, and however the clock jumps: both decide the same."""

    def __init__(self) -> None:
        super().__init__()
        self.ports = ("a", "b", "c")
        self.schedule = Schedule(self.ports)
        self.reference = Reference(self.ports)
        self.now_s = 0

    jobs = st.integers(1, 8)
    numbers = st.sampled_from(["1", "2", "3"])

    @rule(job=jobs, number=numbers, after_s=st.none() | st.integers(-10, 30))
    def put(self, job: int, number: str, after_s: int | None) -> None:
        candidate = Candidate(job=job, number=number, ready_at=None if after_s is None else at(self.now_s + after_s))
        self.schedule.put(candidate)
        if job not in self.reference.calls:
            self.reference.waiting[job] = candidate

    @rule(job=jobs)
    def drop(self, job: int) -> None:
        self.schedule.drop(job)
        self.reference.waiting.pop(job, None)

    @rule(port=st.sampled_from(["a", "b", "c"]), free=st.booleans())
    def port(self, port: str, free: bool) -> None:
        in_call = any(taken == port for _, taken in self.reference.calls.values())
        self.schedule.set_port(port, free=free)
        self.reference.free[port] = free and not in_call

    @rule(job=jobs)
    def end(self, job: int) -> None:
        self.schedule.end(job)
        if (call := self.reference.calls.pop(job, None)) is not None:
            self.reference.free[call[1]] = False

    @rule(seconds=st.integers(-20, 40))
    def decide(self, seconds: int) -> None:
        self.now_s += seconds
        now = at(self.now_s)
        assert self.schedule.decide(now) == self.reference.decide(now)
        in_call = {port for _, port in self.reference.calls.values()}
        if any(free and port not in in_call for port, free in self.reference.free.items()):
            woken = self.schedule.wake_at()
            later = [known.ready_at for known in self.reference.waiting.values() if known.ready_at is not None]
            future = [time for time in later if time > now]
            assert not future or (woken is not None and woken <= min(future))


ScheduleAgainstReference.TestCase.settings = hypothesis_settings(max_examples=150, stateful_step_count=40)
TestScheduleAgainstReference = ScheduleAgainstReference.TestCase
