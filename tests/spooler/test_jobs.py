"""Where a job stands, and what becomes of it after a call."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fax.types import Fate, JobState
from modem.outcome import Cause, Fault, Outcome, Phase, Retry
from spooler.jobs import (
    KEPT,
    UNCERTAIN,
    AfterCall,
    Redial,
    RetryRules,
    again_after_rtn,
    at_time,
    merged,
    redial,
    standing,
    verdict,
)

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
RULES = RetryRules(retries=3, retry_delay_s=600, busy_delay_s=120, device_delay_s=30)


def outcome(cause: Cause, retry: Retry, text: str = "The number was busy.") -> Outcome:
    return Outcome(cause=cause, phase=Phase.A, fault=Fault.LINE, retry=retry, text=text, pages=())


def after(
    tries: int = 0,
    *,
    faults: int = 0,
    cancelling: bool = False,
    confirmed: int = 0,
    refusals: int = 0,
    uncertain: int = 0,
    reached: bool = True,
) -> AfterCall:
    return AfterCall(
        tries=tries,
        faults=faults,
        cancelling=cancelling,
        pages=3,
        confirmed=confirmed,
        refusals=refusals,
        uncertain=uncertain,
        reached=reached,
    )


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


@pytest.mark.parametrize("cause", [Cause.BAD_NUMBER, Cause.BLACKLISTED])
def test_a_number_that_cannot_be_dialled_is_never_dialled_again_whatever_hope_the_outcome_has(cause: Cause) -> None:
    assert verdict(after(), outcome(cause, Retry.LATER), RULES, NOW).state is JobState.FAILED


def test_the_jobs_own_retries_and_pause_count_before_the_settings() -> None:
    own = RULES.of_job(0, None)
    assert verdict(after(), outcome(Cause.NO_ANSWER, Retry.LATER), own, NOW).state is JobState.FAILED
    slow = verdict(after(), outcome(Cause.NO_ANSWER, Retry.LATER), RULES.of_job(None, 60), NOW)
    assert (slow.until, slow.pause_s) == (NOW + timedelta(seconds=60), 60)


def test_a_page_that_may_have_arrived_is_asked_about_where_the_settings_say_so() -> None:
    lost = outcome(Cause.LINE_LOST, Retry.LATER, "The line was lost.")
    assert verdict(after(uncertain=1), lost, RULES, NOW).state is JobState.WAITING
    asking = replace(RULES, ask_uncertain=True)
    decided = verdict(after(uncertain=1), lost, asking, NOW)
    assert (decided.state, decided.cause, decided.until) == (JobState.HELD, UNCERTAIN, None)
    assert decided.reason is not None and "a page may have arrived" in decided.reason
    assert verdict(after(), lost, asking, NOW).state is JobState.WAITING
    assert verdict(after(tries=3, uncertain=1), lost, asking, NOW).state is JobState.FAILED


def test_a_fax_that_the_call_did_not_come_to_loses_no_try_by_how_the_call_ended() -> None:
    for ended in (outcome(Cause.PAGE_REFUSED, Retry.LATER), outcome(Cause.INCOMPATIBLE, Retry.NEVER)):
        decided = verdict(after(tries=3, reached=False), ended, RULES, NOW)
        assert (decided.state, decided.tries) == (JobState.WAITING, 3)


def test_when_another_fax_of_the_call_is_cancelled_the_others_lose_no_try() -> None:
    decided = verdict(after(tries=3), outcome(Cause.CANCELLED, Retry.NEVER), RULES, NOW)
    assert (decided.state, decided.tries) == (JobState.WAITING, 3)
    assert decided.until == NOW + timedelta(seconds=30)


def test_a_number_that_was_called_in_vain_too_often_is_left_alone_for_a_while() -> None:
    rules = replace(RULES, redial_limit=3, redial_pause_s=7200)
    no_answer = outcome(Cause.NO_ANSWER, Retry.LATER)
    assert redial(0, BUSY, rules) == Redial(in_vain=1)
    assert redial(2, no_answer, rules) == Redial(in_vain=0, barred_s=7200)
    assert redial(2, outcome(Cause.LINE_LOST, Retry.LATER), rules) == Redial(in_vain=0), "a fax machine was there"
    assert redial(2, outcome(Cause.DEVICE_SILENT, Retry.DEVICE), rules) == Redial(in_vain=2)
    assert redial(99, BUSY, RULES) == Redial(in_vain=100), "no limit is set"


def test_when_the_modem_will_not_redial_yet_the_number_is_left_alone_whatever_is_set() -> None:
    assert redial(0, outcome(Cause.DELAYED, Retry.LATER), RULES) == Redial(in_vain=0, barred_s=600)


def test_a_page_goes_out_again_twice_after_refusals_in_whatever_calls() -> None:
    assert [again_after_rtn(refusals) for refusals in (0, 1, 2, 3)] == [2, 1, 0, 0]


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


@settings(deadline=None)
@given(
    st.sampled_from(list(Cause)),
    st.sampled_from(list(Retry)),
    st.integers(0, 5),
    st.booleans(),
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(0, 1),
    st.booleans(),
    st.booleans(),
)
def test_every_job_ends_with_a_word_or_waits_with_a_reason_and_a_time(
    cause: Cause,
    retry: Retry,
    tries: int,
    cancelling: bool,
    confirmed: int,
    refusals: int,
    uncertain: int,
    reached: bool,
    ask: bool,
) -> None:
    job = after(
        tries, cancelling=cancelling, confirmed=confirmed, refusals=refusals, uncertain=uncertain, reached=reached
    )
    decided = verdict(job, outcome(cause, retry), replace(RULES, ask_uncertain=ask), NOW)
    assert (decided.state is JobState.DONE) == (confirmed == 3)
    if decided.state is JobState.WAITING:
        assert decided.until is not None and decided.until > NOW and decided.reason
        assert decided.pause_s is not None and decided.until == NOW + timedelta(seconds=decided.pause_s)
        assert decided.tries == tries or decided.tries <= RULES.retries
    elif decided.state is JobState.HELD:
        assert ask and uncertain and decided.reason and decided.until is None
    else:
        assert decided.until is None
        assert decided.state.ended
        assert decided.state is JobState.DONE or (decided.reason and decided.cause)


@settings(deadline=None)
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
