"""Where a job stands, and what becomes of it after a call."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fax.types import Fate, JobState
from modem.outcome import Cause, Fault, Outcome, Phase, Retry
from spooler.jobs import KEPT, AfterCall, RetryRules, at_time, merged, standing, verdict

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
RULES = RetryRules(retries=3, retry_delay_s=600, busy_delay_s=120, device_delay_s=30)


def outcome(cause: Cause, retry: Retry, text: str = "The number was busy.") -> Outcome:
    return Outcome(cause=cause, phase=Phase.A, fault=Fault.LINE, retry=retry, text=text, pages=())


def after(
    tries: int = 0, *, faults: int = 0, cancelling: bool = False, confirmed: int = 0, refusals: int = 0
) -> AfterCall:
    return AfterCall(tries=tries, faults=faults, cancelling=cancelling, pages=3, confirmed=confirmed, refusals=refusals)


BUSY = outcome(Cause.BUSY, Retry.SOON)


@pytest.mark.parametrize(
    ("in_call", "held", "prepared", "number", "state"),
    [
        (True, True, True, "1", JobState.SENDING),
        (False, True, False, None, JobState.HELD),
        (False, False, False, "1", JobState.PREPARING),
        (False, False, True, None, JobState.ADDRESS),
        (False, False, True, "1", JobState.WAITING),
    ],
)
def test_the_state_follows_from_the_facts(
    in_call: bool, held: bool, prepared: bool, number: str | None, state: JobState
) -> None:
    assert standing(in_call=in_call, held=held, prepared=prepared, number=number) is state


def test_busy_waits_its_own_pause_and_says_until_when() -> None:
    decided = verdict(after(), BUSY, RULES, NOW)
    assert decided.state is JobState.WAITING
    assert decided.until == NOW + timedelta(seconds=120)
    assert decided.reason == f"The number was busy; next try {at_time(decided.until, NOW)}"
    assert decided.cause == "busy"


def test_a_failed_line_waits_the_longer_pause() -> None:
    decided = verdict(after(), outcome(Cause.LINE_LOST, Retry.LATER), RULES, NOW)
    assert decided.until == NOW + timedelta(seconds=600)


def test_a_fault_of_the_device_never_uses_up_a_try() -> None:
    decided = verdict(after(tries=3), outcome(Cause.DEVICE_SILENT, Retry.DEVICE), RULES, NOW)
    assert (decided.state, decided.tries) == (JobState.WAITING, 3)
    assert decided.until == NOW + timedelta(seconds=30)
    later = [verdict(after(faults=n), outcome(Cause.DEVICE_SILENT, Retry.DEVICE), RULES, NOW).until for n in (1, 99)]
    assert later == [NOW + timedelta(seconds=60), NOW + timedelta(seconds=600)]


def test_the_last_try_fails_with_the_cause_and_the_number_of_tries() -> None:
    assert verdict(after(tries=2), BUSY, RULES, NOW).state is JobState.WAITING
    decided = verdict(after(tries=3), BUSY, RULES, NOW)
    assert (decided.state, decided.cause) == (JobState.FAILED, "busy")
    assert decided.reason == "The number was busy; given up after 4 tries"


def test_what_no_retry_can_help_fails_at_once() -> None:
    decided = verdict(after(), outcome(Cause.BAD_NUMBER, Retry.NEVER, "Not a number."), RULES, NOW)
    assert (decided.state, decided.reason) == (JobState.FAILED, "Not a number")


def test_a_page_refused_three_times_ends_the_job_whatever_tries_are_left() -> None:
    refused = outcome(Cause.PAGE_REFUSED, Retry.LATER, "Page 2 was refused.")
    assert verdict(after(refusals=2), refused, RULES, NOW).state is JobState.WAITING
    assert verdict(after(refusals=3), refused, RULES, NOW).state is JobState.FAILED


def test_a_cancelled_job_is_cancelled_however_its_call_ended() -> None:
    decided = verdict(after(cancelling=True, confirmed=1), BUSY, RULES, NOW)
    assert decided.state is JobState.CANCELLED
    assert decided.reason == "Cancelled; 1 of 3 pages had been received"


def test_a_call_that_was_ended_by_other_hands_does_not_fail_the_job() -> None:
    ended = outcome(Cause.CANCELLED, Retry.NEVER, "The call was ended.")
    assert verdict(after(), ended, RULES, NOW).state is JobState.WAITING


@given(
    st.sampled_from(list(Cause)),
    st.sampled_from(list(Retry)),
    st.integers(0, 5),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 4),
)
def test_every_job_ends_with_a_word_or_waits_with_a_reason_and_a_time(
    cause: Cause, retry: Retry, tries: int, cancelling: bool, confirmed: int, refusals: int
) -> None:
    job = after(tries, cancelling=cancelling, confirmed=confirmed, refusals=refusals)
    decided = verdict(job, outcome(cause, retry), RULES, NOW)
    assert (decided.state is JobState.DONE) == (confirmed == 3)
    if decided.state is JobState.WAITING:
        assert decided.until is not None and decided.until > NOW and decided.reason
        assert decided.tries <= RULES.retries or retry is Retry.DEVICE
    else:
        assert decided.until is None
        assert decided.state.ended
        assert decided.state is JobState.DONE or (decided.reason and decided.cause)


@given(st.sampled_from(list(Fate)), st.lists(st.sampled_from(list(Fate))))
def test_a_confirmation_is_never_taken_back_and_a_page_that_may_have_left_never_counts_as_unsent(
    known: Fate, news: list[Fate]
) -> None:
    fates = [known]
    for fate in news:
        fates.append(merged(fates[-1], fate))
    for before, later in itertools.pairwise(fates):
        assert before not in KEPT or later is before
        assert before is Fate.NOT_SENT or later is not Fate.NOT_SENT


def test_a_time_on_another_day_is_said_with_its_day() -> None:
    assert at_time(NOW + timedelta(days=2), NOW).startswith("on 2026-03-06 at ")
