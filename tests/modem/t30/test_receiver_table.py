"""The receiver's transition table is complete, unambiguous, and leads to an end from everywhere."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from modem.t30 import draw
from modem.t30.receiver import Receiver
from modem.t30.receiver_states import Event, State
from modem.t30.receiver_table import LEADS_TO, ROWS, STAY, TRANSITIONS
from tests.modem.t30.receiver_explore import rare_ways, walk, watched

DOES_NOTHING = frozenset(("deaf", "stale", "later", "over"))


def test_each_state_and_event_has_exactly_one_row() -> None:
    counted = Counter((state, event) for states, events, _ in ROWS for state in states for event in events)
    missing = [(state, event) for state in State for event in Event if (state, event) not in counted]
    assert missing == []
    assert [pair for pair, count in counted.items() if count > 1] == []


def test_each_act_is_a_method_of_the_receiver_and_each_method_is_used() -> None:
    acts = {"_on_" + act for act in TRANSITIONS.values()}
    methods = {name for name in dir(Receiver) if name.startswith("_on_")}
    assert acts == methods
    assert set(LEADS_TO) == set(TRANSITIONS.values())


def test_what_does_nothing_does_nothing() -> None:
    for act in DOES_NOTHING:
        assert LEADS_TO[act] == {STAY}
        code = getattr(Receiver, "_on_" + act).__code__
        assert code.co_names == ()


def test_no_frame_is_passed_over_where_we_listen() -> None:
    frames = [
        event for event in Event if event is Event.DCN or (event.name in Event.__members__ and event.value.isupper())
    ]
    for state in State:
        if state.value.startswith("wait-"):
            assert not {TRANSITIONS[state, event] for event in frames} & DOES_NOTHING


def test_every_state_does_something_about_time_and_a_lost_line() -> None:
    for state in State:
        if state is not State.ENDED:
            assert TRANSITIONS[state, Event.TIMEOUT] not in DOES_NOTHING | {"listen_on"}
        if state not in (State.SET_UP, State.HANG_UP, State.LAST_PAGES, State.ENDED):
            assert TRANSITIONS[state, Event.LINE_LOST] not in DOES_NOTHING


def test_the_end_is_reached_from_every_state() -> None:
    ends = {State.ENDED}
    while True:
        more = {
            state
            for state in State
            for event in Event
            if any((target or state) in ends for target in LEADS_TO[TRANSITIONS[state, event]])
        }
        if more <= ends:
            break
        ends |= more
    assert ends == set(State)


def test_every_state_can_be_reached() -> None:
    reached = {State.SET_UP}
    while True:
        more = {
            target or state for state in reached for event in Event for target in LEADS_TO[TRANSITIONS[state, event]]
        }
        if more <= reached:
            break
        reached |= more
    assert reached == set(State)


def test_the_machine_goes_where_the_table_says_and_everywhere_that_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = watched(monkeypatch)
    chance = random.Random(1)
    for _ in range(6000):
        walk(chance)
    rare_ways()
    never = {act: targets - ways[act] for act, targets in LEADS_TO.items() if targets - ways[act]}
    assert never == {}


def test_time_alone_ends_every_call_from_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    watched(monkeypatch)
    chance = random.Random(2)
    for _ in range(500):
        receiver = walk(chance, chance.randrange(80))
        began = receiver.now
        for _ in range(200):
            receiver.take_outputs()
            if receiver.deadline is None:
                break
            receiver.tick(receiver.deadline)
        assert receiver.state is State.ENDED
        assert receiver.now - began < 4000  # the longest that a page may take, and what follows it


def test_the_device_may_be_gone_wherever_a_call_stands() -> None:
    chance = random.Random(3)
    for _ in range(300):
        receiver = walk(chance, chance.randrange(80))
        if receiver.state is State.ENDED:
            continue
        receiver.hung_up(receiver.now)
        receiver.stored(receiver._given, receiver.now)
        assert receiver.ended is not None


def test_the_drawn_table_is_this_table() -> None:
    assert draw.RECEIVER.read_text() == draw.receiver_page(), "python -m modem.t30.draw makes it anew"
