"""When a job may go out: the time it is for, pauses, giving up, the discount period; and clocks that are set."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spooler.schedule import Schedule
from spooler.schedule_types import Deadline, Wait, WaitReason
from spooler.schedule_window import Window
from tests.spooler.schedule_desk import BERLIN, at, decide, decided, job, ready, rules, why
from tests.spooler.schedule_reference import opens

# Times


def test_a_job_waits_for_its_time_and_a_time_already_past_is_now() -> None:
    schedule = ready(job(1, not_before=Deadline(at=at(60))), job(2, not_before=Deadline(at=at(-60))))
    assert decided(schedule) == [("a", (2,))]
    schedule.end(2)
    schedule.set_port("a", free=True)
    assert decided(schedule, 59) == []
    assert schedule.wake_at() == at(60)
    assert why(schedule, 1, 59) == Wait(reason=WaitReason.SEND_TIME, until=at(60), number="1")
    assert decided(schedule, 60) == [("a", (1,))]


def test_a_pause_is_never_longer_than_it_was_meant_however_far_the_clock_is_set_back() -> None:
    pause = Deadline(at=at(600), within=timedelta(seconds=600))
    schedule = ready(job(1, not_before=pause, retrying=True))
    assert decided(schedule, -86400) == []
    assert schedule.wake_at() == at(-86400 + 600)
    assert why(schedule, 1, -86400).until == at(-86400 + 600)
    assert decided(schedule, -86400 + 600) == [("a", (1,))]


def test_a_pause_of_before_a_restart_is_kept_within_its_length_too() -> None:
    schedule = Schedule(rules("a"), at(-86400))
    schedule.set_port("a", free=True)
    schedule.put(job(1, not_before=Deadline(at=at(600), within=timedelta(seconds=600)), retrying=True))
    assert decided(schedule, -86400) == []
    assert schedule.wake_at() == at(-86400 + 600)


def test_a_pause_that_is_told_late_is_not_shortened() -> None:
    schedule = ready()
    schedule.put(job(1, not_before=Deadline(at=at(3600 + 600), within=timedelta(seconds=600)), retrying=True))
    assert decided(schedule, 3600) == []
    assert schedule.wake_at() == at(3600 + 600)


def test_the_time_that_a_person_named_stays_that_time_when_the_clock_is_set_back() -> None:
    schedule = ready(job(1, not_before=Deadline(at=at(60))))
    schedule.set_port("a", free=False)
    assert decided(schedule, 61) == []
    assert decided(schedule, 30) == []
    schedule.set_port("a", free=True)
    assert decided(schedule, 31) == []
    assert decided(schedule, 60) == [("a", (1,))]


def test_a_job_whose_time_is_up_is_given_up_even_while_the_queue_is_paused() -> None:
    schedule = ready(job(1, expires=Deadline(at=at(60))), under=rules("a", paused=True))
    assert decide(schedule, at(59)).expired == ()
    assert schedule.wake_at() == at(60)
    assert decide(schedule, at(60)).expired == (1,)
    assert schedule.why(1, at(60)) is None


def test_a_job_in_a_call_is_not_given_up() -> None:
    schedule = ready(job(1, expires=Deadline(at=at(60))))
    assert decided(schedule) == [("a", (1,))]
    assert decide(schedule, at(61)).expired == ()
    schedule.end(1)
    schedule.put(job(1, expires=Deadline(at=at(60))))
    assert decide(schedule, at(62)).expired == (1,)


# The discount period


def test_a_job_for_the_discount_period_waits_for_it_over_midnight_and_so_do_its_retries() -> None:
    night = Window(start=time(22), stop=time(6), zone=BERLIN)
    schedule = ready(job(1, discount=True), job(2, user="bob"), under=rules("a", window=night))
    assert decided(schedule) == [("a", (2,))]
    schedule.end(2)
    schedule.set_port("a", free=True)
    opening = datetime(2026, 1, 1, 21, tzinfo=UTC)
    assert schedule.wake_at() == opening
    assert why(schedule, 1) == Wait(reason=WaitReason.DISCOUNT, until=opening, number="1")
    assert decide(schedule, opening).calls[0].jobs == (1,)
    schedule.end(1)
    late = datetime(2026, 1, 2, 4, 59, tzinfo=UTC)
    pause = Deadline(at=late + timedelta(minutes=10), within=timedelta(minutes=10))
    schedule.put(job(1, discount=True, not_before=pause, retrying=True))
    schedule.set_port("a", free=True)
    assert decide(schedule, late + timedelta(minutes=10)).calls == ()
    retry = schedule.why(1, late)
    assert retry is not None
    assert (retry.reason, retry.until) == (WaitReason.DISCOUNT, opening + timedelta(days=1))


def test_a_discount_period_that_begins_when_it_ends_lasts_all_day() -> None:
    window = Window(start=time(7), stop=time(7), zone=BERLIN)
    assert decided(ready(job(1, discount=True), under=rules("a", window=window))) == [("a", (1,))]


@pytest.mark.parametrize(
    ("start", "stop", "after", "opening"),
    [
        # 02:30 does not exist on this day: the clock jumps from 02:00 to 03:00 and into the period.
        (time(2, 30), time(5), datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        # All of it is left out.
        (time(2, 10), time(2, 50), datetime(2026, 3, 29, 0, 0, tzinfo=UTC), datetime(2026, 3, 30, 0, 10, tzinfo=UTC)),
        # From late in the evening, 24 hours lead over the short day into the one after it.
        (time(17), time(21), datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2026, 3, 29, 15, tzinfo=UTC)),
        # The hour from 02:00 comes twice, and with it the period.
        (time(2), time(2, 30), datetime(2026, 10, 25, 0, 40, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ],
)
def test_daylight_saving_moves_the_discount_period_as_it_moves_the_clock(
    start: time, stop: time, after: datetime, opening: datetime
) -> None:
    window = Window(start=start, stop=stop, zone=BERLIN)
    assert not window.is_open(after)
    assert window.opens(after) == opening
    assert window.is_open(opening)


@settings(deadline=None)
@given(
    st.times().map(lambda found: found.replace(second=0, microsecond=0)),
    st.times().map(lambda found: found.replace(second=0, microsecond=0)),
    st.sampled_from([BERLIN, UTC, ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")]),
    st.sampled_from([datetime(2026, 3, 28), datetime(2026, 10, 24), datetime(2026, 4, 4), datetime(2026, 11, 1)]),
    st.integers(0, 3 * 86400),
)
def test_the_next_opening_is_the_one_that_is_found_minute_by_minute(
    start: time, stop: time, zone: ZoneInfo, day: datetime, seconds: int
) -> None:
    window = Window(start=start, stop=stop, zone=zone)
    after = day.replace(tzinfo=UTC) + timedelta(seconds=seconds)
    assert window.opens(after) == opens(window, after)
