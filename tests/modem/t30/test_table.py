"""The sender's transition table is complete, unambiguous, and leads to an end from everywhere."""

from __future__ import annotations

from collections import Counter

from modem.outcome import Cause
from modem.t30.endings import ENDINGS
from modem.t30.sender import Sender
from modem.t30.states import Event, State
from modem.t30.table import ROWS, TRANSITIONS


def test_each_state_and_event_has_exactly_one_row() -> None:
    counted = Counter((state, event) for states, events, _ in ROWS for state in states for event in events)
    missing = [(state, event) for state in State for event in Event if (state, event) not in counted]
    assert missing == []
    assert [pair for pair, count in counted.items() if count > 1] == []


def test_each_act_is_a_method_of_the_sender_and_each_method_is_used() -> None:
    acts = {"_on_" + act for act in TRANSITIONS.values()}
    methods = {name for name in dir(Sender) if name.startswith("_on_")}
    assert acts == methods


def test_every_waiting_state_does_something_about_time_and_a_lost_line() -> None:
    for state in State:
        if state is not State.ENDED:
            assert TRANSITIONS[state, Event.TIMEOUT] not in ("ignore", "listen_on")
        if state not in (State.SET_UP, State.HANG_UP, State.ENDED):
            assert TRANSITIONS[state, Event.LINE_LOST] != "ignore"


def test_every_cause_has_an_ending() -> None:
    assert set(ENDINGS) == set(Cause)
