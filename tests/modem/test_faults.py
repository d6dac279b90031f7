"""Random calls at frame level, from fixed seeds: whatever line and far end do, calls end and fates are true.

``script/bench faults`` makes many more of them; ``script/bench faults --seed N`` tells one line by line.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from modem.outcome import Cause, Fate
from modem.plan import LinePolicy
from modem.soft import framepair
from modem.soft.framefaults import Played, Scenario, play, scenario
from modem.soft.framehabits import Habits
from modem.soft.framelevel import Faults
from modem.soft.frameverdict import violations

CHUNKS = 10
PER_CHUNK = 100


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_sender_is_right_about_every_page_on_any_line(chunk: int) -> None:
    for seed in range(chunk * PER_CHUNK, (chunk + 1) * PER_CHUNK):
        assert violations(play(scenario(seed))) == [], f"script/bench faults --kind send --seed {seed}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_our_two_ends_agree_about_every_page_on_any_line(chunk: int) -> None:
    for seed in range(chunk * PER_CHUNK, (chunk + 1) * PER_CHUNK):
        wrong = framepair.violations(framepair.play(framepair.scenario(seed)))
        assert wrong == [], f"script/bench faults --kind both --seed {seed}"


@pytest.mark.parametrize("seed", [12518, 23237])
def test_an_image_that_passed_untrained_is_no_repeated_command(seed: int) -> None:
    assert framepair.violations(framepair.play(framepair.scenario(seed))) == []


@pytest.mark.parametrize("seed", [357, 10328, 13517, 13798, 14663])
def test_rr_is_not_asked_beyond_t5_when_its_answers_are_lost(seed: int) -> None:
    assert violations(play(scenario(seed))) == []


def test_a_far_end_that_asks_for_everything_again_for_ever_ends_the_call_even_at_2400_bps() -> None:
    assert violations(play(scenario(14951))) == []


# The judge itself: what it says to calls whose end was forged.


@pytest.fixture(scope="module")
def good() -> Played:
    """Three pages on a clean line."""
    policy = LinePolicy(header_line=False)
    return play(Scenario(seed=1, pages=(0, 1, 3), policy=policy, habits=Habits(), faults=Faults()))


def forged(played: Played, fates: list[Fate]) -> Played:
    """The same call with other fates, also in its journal."""
    assert played.outcome is not None
    pages = tuple(replace(page, fate=fate) for page, fate in zip(played.outcome.pages, fates, strict=True))
    return replace(played, outcome=replace(played.outcome, pages=pages))


def test_a_good_call_is_found_good(good: Played) -> None:
    assert violations(good) == []
    assert good.outcome is not None
    assert good.outcome.cause is Cause.OK
    assert good.fax is not None
    assert good.fax.answers == ["CFR", "MCF", "MCF", "MCF"]
    assert good.modem.starved == 0


def test_a_page_that_the_far_end_holds_must_not_be_not_sent(good: Played) -> None:
    wrong = violations(forged(good, [Fate.CONFIRMED, Fate.CONFIRMED, Fate.NOT_SENT]))
    assert any("is 'not sent', and the far end holds it" in text for text in wrong)


def test_a_page_that_was_not_confirmed_must_not_be_confirmed(good: Played) -> None:
    assert good.fax is not None
    answers = [page.answer for page in good.fax.pages]
    good.fax.pages[1].answer = "RTN"
    try:
        wrong = violations(good)
    finally:
        for page, answer in zip(good.fax.pages, answers, strict=True):
            page.answer = answer
    assert wrong == ["page 2 is 'confirmed', and the far end said ['RTN']"]


def test_a_page_that_differs_is_seen(good: Played) -> None:
    assert good.fax is not None
    page = good.fax.pages[0]
    code = page.code
    page.code = page.sent = code[:40] + bytes((code[40] ^ 0x11,)) + code[41:]
    try:
        wrong = violations(good)
    finally:
        page.code = page.sent = code
    assert any("none of ours" in text for text in wrong)


def test_silence_on_the_line_is_seen(good: Played) -> None:
    assert good.line is not None
    signal = good.line.history[-1]
    began = signal.began
    signal.began += 30.0
    try:
        wrong = violations(good)
    finally:
        signal.began = began
    assert any("s of silence" in text for text in wrong)


def test_a_seed_is_the_same_call_every_time() -> None:
    first, second = play(scenario(77)), play(scenario(77))
    assert first.entries == second.entries
    assert first.outcome == second.outcome
