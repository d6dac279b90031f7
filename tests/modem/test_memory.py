"""What calls to a number teach, and how it wears off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modem.memory import LEFT_OUT_CALLS, NOTHING_KNOWN, CallFacts, LineMemory, learned

CLEAN = CallFacts(answered=True, pages_through=2, rate_bps=14400, ecm=True, frames_sent=100, coding="mmr")


def test_a_clean_call_teaches_nothing() -> None:
    assert learned(NOTHING_KNOWN, CLEAN) == NOTHING_KNOWN


def test_a_call_that_nobody_answered_leaves_the_memory_as_it_was() -> None:
    memory = LineMemory(max_rate_bps=9600, without_v17=3)
    assert learned(memory, CallFacts(answered=False, pages_through=0)) == memory


def test_the_next_call_begins_where_this_one_had_to_step_down_to() -> None:
    after = learned(NOTHING_KNOWN, replace(CLEAN, rate_bps=9600, stepped_down=True))
    assert after.max_rate_bps == 9600


def test_after_clean_calls_the_rate_rises_by_steps_until_no_limit_is_left() -> None:
    memory = LineMemory(max_rate_bps=4800)
    seen = []
    for _ in range(6):
        rate = memory.max_rate_bps or 14400
        memory = learned(memory, replace(CLEAN, rate_bps=rate))
        seen.append(memory.max_rate_bps)
    assert seen == [7200, 9600, 12000, None, None, None]


def test_a_call_in_which_nothing_got_through_raises_nothing() -> None:
    memory = LineMemory(max_rate_bps=4800)
    assert learned(memory, replace(CLEAN, pages_through=0, rate_bps=4800)).max_rate_bps == 4800


@pytest.mark.parametrize(("fact", "field"), [("v17_trouble", "without_v17"), ("ecm_trouble", "without_ecm")])
def test_what_made_trouble_is_left_out_for_some_calls_and_then_tried_again(fact: str, field: str) -> None:
    trouble = CallFacts(
        answered=True, pages_through=0, v17_trouble=fact == "v17_trouble", ecm_trouble=fact == "ecm_trouble"
    )
    memory = learned(NOTHING_KNOWN, trouble)
    left_out = 0
    while getattr(memory, field):
        left_out += 1
        memory = learned(memory, CLEAN)
        assert left_out < 50
    assert left_out == LEFT_OUT_CALLS
    assert memory == NOTHING_KNOWN


def test_a_coding_that_made_trouble_is_left_out_too_but_never_mh() -> None:
    memory = learned(NOTHING_KNOWN, replace(CLEAN, coding_trouble=True))
    assert memory.without_codings == ("mmr",)
    memory = learned(memory, replace(CLEAN, coding="mr", coding_trouble=True))
    assert memory.without_codings == ("mmr", "mr")
    assert learned(NOTHING_KNOWN, replace(CLEAN, coding="mh", coding_trouble=True)) == NOTHING_KNOWN
    for _ in range(LEFT_OUT_CALLS):
        memory = learned(memory, CLEAN)
    assert memory == NOTHING_KNOWN


def test_many_frames_sent_again_ask_for_small_ones() -> None:
    assert learned(NOTHING_KNOWN, replace(CLEAN, frames_resent=30)).small_frames == LEFT_OUT_CALLS
    assert learned(NOTHING_KNOWN, replace(CLEAN, frames_resent=5)).small_frames == 0
