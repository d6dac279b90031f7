"""Busy, absent and vanishing far ends: each ends with its own cause, and the next call goes on where it must."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fax import JobState
from modem.soft.farend import Answers, FarEnd
from modem.soft.line import Moment
from script.house import House
from tests.whole.conftest import (
    NUMBER,
    QUICK,
    calls_of,
    check_calls,
    differences,
    letter,
    sent_pages,
    submit,
    wait_for,
    wait_for_end,
)

Build = Callable[..., House]
PATIENT = ("retries = 4", "retry_delay_s = 600", "busy_delay_s = 1.5", "device_delay_s = 600")


def test_a_busy_number_is_called_again_and_the_job_says_why_it_waits_and_until_when(build: Build) -> None:
    house = build(FarEnd(number=NUMBER, busy_calls=2), settings=PATIENT)
    job = submit(house, letter(house))
    waiting = wait_for(house.client, job, lambda found: found.state is JobState.WAITING and found.attempts > 0)
    assert waiting.reason is not None and "busy" in waiting.reason
    assert waiting.cause == "busy"
    assert waiting.until is not None and waiting.until > waiting.calls[-1].started
    done = wait_for_end(house, job)
    assert done.state is JobState.DONE
    assert [call.cause for call in done.calls] == ["busy", "busy", "ok"]
    assert differences(sent_pages(house, job), house.received_pages(NUMBER)) == []


@pytest.mark.parametrize(
    ("far_end", "dial_tone", "cause", "words"),
    [
        (FarEnd(number=NUMBER, answers=Answers.UNKNOWN), True, "no-carrier", "may not exist"),
        (FarEnd(number=NUMBER, answers=Answers.NO_ANSWER, rings=3), True, "no-answer", "Nobody answered"),
        (FarEnd(number=NUMBER, answers=Answers.VOICE), True, "no-carrier", "before a fax machine was heard"),
        (FarEnd(number=NUMBER), False, "no-dial-tone", "plugged in"),
    ],
    ids=["unknown number", "nobody answers", "a voice", "no dial tone"],
)
def test_each_way_not_to_reach_a_fax_machine_has_its_own_words(
    build: Build, far_end: FarEnd, dial_tone: bool, cause: str, words: str
) -> None:
    house = build(far_end, settings=PATIENT, dial_tone=dial_tone)
    job = submit(house, letter(house))
    found = wait_for(house.client, job, lambda found: bool(found.calls) and found.calls[-1].cause is not None)
    assert found.calls[-1].cause == cause
    waiting = wait_for(house.client, job, lambda found: found.state is JobState.WAITING and found.until is not None)
    assert waiting.reason is not None and words in waiting.reason
    assert all(page.fate.value == "not-sent" for page in waiting.pages)


def test_a_job_whose_tries_are_used_up_has_failed_with_the_last_cause(build: Build) -> None:
    house = build(FarEnd(number=NUMBER, answers=Answers.BUSY), settings=("retries = 1", *QUICK[1:]))
    job = wait_for_end(house, submit(house, letter(house)))
    assert job.state is JobState.FAILED
    assert job.attempts == 2
    assert job.cause == "busy"


def test_a_far_end_that_hangs_up_in_page_2_gets_page_2_and_the_rest_in_the_next_call(build: Build) -> None:
    house = build(FarEnd(number=NUMBER, hang_up=Moment(what="page", nth=2, delay_s=2.5)), speed=6.0)
    job = submit(house, letter(house, pages=3))
    first = wait_for(house.client, job, lambda found: bool(found.calls) and found.calls[0].cause is not None)
    assert first.calls[0].cause == "line-lost", first.calls[0]
    assert first.pages[0].fate.value == "confirmed"
    # It hangs up in page 2 of every call: the second call sends page 2 as its first.
    wait_for_end(house, job)
    check_calls(house, job)
    plans = calls_of(house, job)
    assert [page.number for page in plans[1].plan.documents[0].pages] == [2, 3]
