"""The sender's transition table is complete, unambiguous, what the machine really does, and leads to an end."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import pytest

from modem.outcome import Cause
from modem.t30 import draw
from modem.t30.endings import ENDINGS
from modem.t30.sender import Sender
from modem.t30.states import Event, State
from modem.t30.table import ROWS, TRANSITIONS
from tests.modem.t30.explore import STARTS, Explored, clone, explore

IDLE = ("deaf", "stale", "over")
# Nothing has been sent yet, so nothing can come back.
CANNOT_HAPPEN = {(state, Event.ECHO) for state in (State.SET_UP, State.DIAL, State.WAIT_DIS)}


@lru_cache
def explored() -> Explored:
    found = Explored()
    for start in STARTS:
        explore(start, 30, found)
    return found


def test_each_state_and_event_has_exactly_one_row() -> None:
    counted = Counter((state, event) for row in ROWS for state in row.states for event in row.events)
    missing = [(state, event) for state in State for event in Event if (state, event) not in counted]
    assert missing == []
    assert [pair for pair, count in counted.items() if count > 1] == []


def test_no_row_is_a_catch_all() -> None:
    """A row that takes most of what there is has not been thought about."""
    assert all(len(row.events) < 0.7 * len(Event) for row in ROWS)
    assert all(len(row.states) < 0.5 * len(State) for row in ROWS)


def test_each_act_is_a_method_of_the_sender_and_each_method_is_used() -> None:
    acts = {"_on_" + row.act for row in ROWS}
    methods = {name for name in dir(Sender) if name.startswith("_on_")}
    assert acts == methods


def test_every_state_does_something_about_time_and_a_lost_line() -> None:
    for state in State:
        if state is not State.ENDED:
            assert TRANSITIONS[state, Event.TIMEOUT].act not in (*IDLE, "listen_on")
        if state not in (State.SET_UP, State.HANG_UP, State.ENDED):
            assert TRANSITIONS[state, Event.LINE_LOST].act not in (*IDLE, "listen_on")


def test_a_row_that_does_nothing_stays() -> None:
    assert all(row.leads_to == () for row in ROWS if row.act in (*IDLE, "listen_on", "signal", "ident"))


def test_each_event_has_been_tried_in_each_state() -> None:
    pairs = {(state, event) for state in State for event in Event}
    assert pairs - set(explored().led) == CANNOT_HAPPEN


def test_the_machine_goes_only_where_the_table_says() -> None:
    wrong = [
        (state, event, to)
        for (state, event), led in explored().led.items()
        for to in led
        if (None if to is state else to) not in TRANSITIONS[state, event].targets
    ]
    assert wrong == []


def test_the_machine_goes_everywhere_where_the_table_says() -> None:
    led = explored().led
    for row in ROWS:
        seen = {
            None if to is state else to
            for state in row.states
            for event in row.events
            for to in led.get((state, event), ())
        }
        assert row.targets - seen == set(), row


def test_from_every_state_the_end_can_be_reached() -> None:
    reach = {State.ENDED}
    while True:
        more = {state for (state, _), row in TRANSITIONS.items() if state not in reach and reach & set(row.leads_to)}
        if not more:
            break
        reach |= more
    assert reach == set(State)


def test_silence_ends_every_situation_within_its_timers() -> None:
    """No far end, no line, not even a modem: each situation ends by its deadlines alone."""
    for found in explored().situations:
        sender = clone(found)
        began, ticks = sender.now, 0
        while sender.state is not State.ENDED:
            assert sender.deadline is not None, sender.state
            sender.tick(max(sender.now, sender.deadline))
            ticks += 1
            assert ticks < 20, found.state
        # Twice what the line may take for a short burst, and hanging up: the driver is dead here, too.
        # An image has ten times its time on the line.
        image = found._parked is not None or found.state in (State.SEND_BLOCK, State.SEND_PAGE)
        assert sender.now - began < (1100 if image else 300)


@pytest.mark.parametrize("cut", ["cancel", "lost"])
def test_every_situation_can_be_ended_from_outside(cut: str) -> None:
    for found in explored().situations:
        sender = clone(found)
        if cut == "cancel":
            sender.cancel(sender.now)
        else:
            sender.hung_up(sender.now)
            assert sender.state is State.ENDED
        for _ in range(6):
            if sender.deadline is not None:
                sender.tick(sender.deadline)
        assert sender.state is State.ENDED


def test_every_cause_has_an_ending() -> None:
    assert set(ENDINGS) == set(Cause)


def test_the_drawn_table_is_this_table() -> None:
    assert draw.SENDER.read_text() == draw.sender_page(), "python -m modem.t30.draw makes it anew"


def test_the_drawing_names_every_state_and_event() -> None:
    text = draw.sender_page()
    for state in State:
        section = text.partition(f"### {state.value} (")[2].partition("###")[0]
        for event in Event:
            assert re.search(rf"[| ]{re.escape(event.value)}[,| ]", section), (state, event)
