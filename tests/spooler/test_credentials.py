"""Tokens and passwords are kept as hashes, and guessing them takes time."""

from __future__ import annotations

import pytest

from spooler.credentials import (
    FORGIVEN_S,
    FREE_TRIES,
    KNOWN_MOST,
    LONGEST_PAUSE_S,
    Throttle,
    new_token,
    password_fits,
    password_hash,
    token_digest,
)


def test_a_password_fits_its_hash_and_no_other_does() -> None:
    kept = password_hash("correct horse")
    assert "correct" not in kept
    assert password_fits("correct horse", kept)
    assert not password_fits("Correct horse", kept)
    assert not password_fits("", kept)


def test_the_same_password_is_kept_differently_each_time() -> None:
    assert password_hash("correct horse") != password_hash("correct horse")


def test_tokens_are_long_and_differ_and_are_kept_as_hashes() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) >= 50 for token in made)
    assert not any(token[7:] in token_digest(token) for token in made)


def test_the_first_tries_are_free_and_then_each_costs_twice_the_time_of_the_one_before() -> None:
    throttle = Throttle()
    for _ in range(FREE_TRIES - 1):
        throttle.failed("a", 0.0)
        assert throttle.pause_s("a", 0.0) == 0
    pauses = []
    now = 0.0
    for _ in range(10):
        throttle.failed("a", now)
        pauses.append(throttle.pause_s("a", now))
        now += pauses[-1]
        assert throttle.pause_s("a", now) == 0
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert throttle.pause_s("b", 0.0) == 0


def test_a_success_and_a_quiet_time_are_a_new_beginning() -> None:
    for begin_anew in (lambda throttle: throttle.succeeded("a"), lambda throttle: None):
        throttle = Throttle()
        for _ in range(FREE_TRIES + 3):
            throttle.failed("a", 0.0)
        begin_anew(throttle)
        throttle.failed("a", FORGIVEN_S + 1)
        assert throttle.pause_s("a", FORGIVEN_S + 1) == 0


@pytest.mark.parametrize("step_s", [0.0, 1.0])
def test_who_guesses_from_many_places_does_not_fill_our_memory_and_the_latest_are_not_forgotten(step_s: float) -> None:
    throttle = Throttle(free_tries=1)
    for number in range(KNOWN_MOST + 50):
        throttle.failed(str(number), number * step_s)
    assert len(throttle._known) <= KNOWN_MOST
    last = KNOWN_MOST + 49
    assert throttle.pause_s(str(last), last * step_s) > 0
