"""The state tables drawn for people: ``python -m modem.t30.draw`` writes docs/t30-sender.md and docs/t30-receiver.md.

What always holds: a file says what its table says and nothing else; a test holds both equal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path

from modem.outcome import Phase
from modem.t30 import receiver_states, receiver_table
from modem.t30.states import Event, State
from modem.t30.table import TRANSITIONS, Row

DOCS = Path(__file__).resolve().parents[2] / "docs"
SENDER = DOCS / "t30-sender.md"
RECEIVER = DOCS / "t30-receiver.md"

_HEAD = """# The sender's states (T.30)

Made by `python -m modem.t30.draw` from `modem/t30/table.py`: change the table, not this file. A test explores what the
machine really does from every situation and holds it equal to this table in both directions.

What is done for an event is a method of `Sender` of that name. Acts that do nothing say why: *deaf*: we are sending,
half duplex; *stale*: an event of an act of the line that has been given up; *over*: the call is ending.
"""

_CHARTS: tuple[tuple[str, frozenset[State]], ...] = (
    (
        "Phases A and B: calling, training",
        frozenset(
            (
                State.SET_UP,
                State.DIAL,
                State.WAIT_DIS,
                State.SEND_DCS,
                State.SEND_TCF,
                State.WAIT_CFR,
                State.SEND_PAGE,
                State.SEND_BLOCK,
            )
        ),
    ),
    (
        "Phases C and D without ECM",
        frozenset(
            (State.SEND_PAGE, State.SEND_PPM, State.WAIT_PPM, State.WAIT_DIS_AGAIN, State.SEND_DCS, State.SEND_DCN)
        ),
    ),
    (
        "Phases C and D with ECM",
        frozenset(
            (
                State.SEND_BLOCK,
                State.SEND_PPS,
                State.WAIT_PPS,
                State.SEND_RR,
                State.WAIT_RR,
                State.SEND_CTC,
                State.WAIT_CTR,
                State.SEND_EOR,
                State.WAIT_ERR,
                State.WAIT_DIS_AGAIN,
                State.SEND_DCN,
            )
        ),
    ),
    ("The end", frozenset((State.STOP, State.SEND_DCN, State.HANG_UP, State.ENDED))),
)
_PHASE_NAMES = {
    Phase.SETUP: "before dialling",
    Phase.A: "phase A",
    Phase.B: "phase B",
    Phase.C: "phase C",
    Phase.D: "phase D",
    Phase.E: "phase E",
}


def _words(values: Iterable[Enum]) -> str:
    return ", ".join(str(value.value) for value in values)


def _node(state: State) -> str:
    return state.value.replace("-", "_")


def chart(states: frozenset[State]) -> list[str]:
    """A mermaid diagram of the ways between these states."""
    lines = ["```mermaid", "stateDiagram-v2"]
    for state in State:
        if state not in states:
            continue
        lines.append(f'    state "{state.value}" as {_node(state)}')
        ways: dict[State, list[Event]] = {}
        for event in Event:
            for to in TRANSITIONS[state, event].leads_to:
                if to in states:
                    ways.setdefault(to, []).append(event)
        lines += [f"    {_node(state)} --> {_node(to)}: {_words(events)}" for to, events in ways.items()]
    return [*lines, "```"]


def _state_table(state: State, target: Callable[[Row], str]) -> list[str]:
    lines = ["| event | act | leads to | |", "|---|---|---|---|"]
    grouped: dict[int, tuple[Row, list[Event]]] = {}
    for event in Event:
        row = TRANSITIONS[state, event]
        grouped.setdefault(id(row), (row, []))[1].append(event)
    for row, events in grouped.values():
        lines.append(f"| {_words(events)} | {row.act.replace('_', ' ')} | {target(row)} | {row.why} |")
    return lines


def _target(row: Row) -> str:
    return _words(row.leads_to) + (", or stays" if row.stays else "") if row.leads_to else "(stays)"


def sender_page() -> str:
    """The text of docs/t30-sender.md."""
    lines = [_HEAD]
    for title, states in _CHARTS:
        lines += [f"## {title}", "", *chart(states), ""]
    lines += ["## Every state and every event", ""]
    for state in State:
        lines += [f"### {state.value} ({_PHASE_NAMES[state.phase]})", "", *_state_table(state, _target), ""]
    return "\n".join(lines).rstrip() + "\n"


_RECEIVER_HEAD = """# The receiver's states (T.30)

Made by `python -m modem.t30.draw` from `modem/t30/receiver_table.py`: change the table, not this file. Tests walk
through the machine in every way that it names, and find no other.

What is done for an event is a method of `Receiver` of that name. Acts that do nothing say why: *deaf*: we are sending,
or an image comes in, half duplex; *stale*: an event of an act of the line that has been given up; *later*: a page got
to the disk, which is looked at when an answer hangs on it; *over*: the call is ending.
"""
_R = receiver_states.State
_RECEIVER_CHARTS: tuple[tuple[str, frozenset[receiver_states.State]], ...] = (
    (
        "Phases A and B: answering, training",
        frozenset(
            (
                _R.SET_UP,
                _R.PICK_UP,
                _R.SEND_DIS,
                _R.WAIT_DCS,
                _R.WAIT_TCF,
                _R.RECEIVE_TCF,
                _R.SEND_ANSWER,
                _R.WAIT_RETRAIN,
                _R.WAIT_PAGE,
            )
        ),
    ),
    (
        "Phases C and D",
        frozenset(
            (
                _R.WAIT_PAGE,
                _R.RECEIVE_PAGE,
                _R.WAIT_PPM,
                _R.RAISE_FLAGS,
                _R.HOLD,
                _R.WAIT_RR,
                _R.SEND_ANSWER,
                _R.WAIT_T2,
                _R.WAIT_DCN,
            )
        ),
    ),
    ("The end", frozenset((_R.WAIT_DCN, _R.SEND_DCN, _R.HANG_UP, _R.LAST_PAGES, _R.ENDED))),
)


def _receiver_chart(states: frozenset[receiver_states.State]) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    for state in receiver_states.State:
        if state not in states:
            continue
        name = state.value.replace("-", "_")
        lines.append(f'    state "{state.value}" as {name}')
        ways: dict[receiver_states.State, list[receiver_states.Event]] = {}
        for event in receiver_states.Event:
            to = receiver_table.LEADS_TO[receiver_table.TRANSITIONS[state, event]]
            for target in sorted(
                (each for each in to if each in states and each is not None), key=lambda each: each.value
            ):
                ways.setdefault(target, []).append(event)
        lines += [f"    {name} --> {to.value.replace('-', '_')}: {_words(events)}" for to, events in ways.items()]
    return [*lines, "```"]


def receiver_page() -> str:
    """The text of docs/t30-receiver.md."""
    lines = [_RECEIVER_HEAD]
    for title, states in _RECEIVER_CHARTS:
        lines += [f"## {title}", "", *_receiver_chart(states), ""]
    lines += ["## Every state and every event", ""]
    for state in receiver_states.State:
        lines += [f"### {state.value} ({_PHASE_NAMES[state.phase]})", "", "| event | act | leads to |", "|---|---|---|"]
        grouped: dict[str, list[receiver_states.Event]] = {}
        for event in receiver_states.Event:
            grouped.setdefault(receiver_table.TRANSITIONS[state, event], []).append(event)
        for act, events in grouped.items():
            to = receiver_table.LEADS_TO[act]
            named = sorted(each.value for each in to if each is not None)
            stays = ["(stays)"] if None in to else []
            lines.append(f"| {_words(events)} | {act.replace('_', ' ')} | {', '.join(named + stays)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the pages; with ``--check`` only look whether they are as they should be."""
    pages = {SENDER: sender_page(), RECEIVER: receiver_page()}
    if "--check" in arguments:
        return 0 if all(path.is_file() and path.read_text() == text for path, text in pages.items()) else 1
    for path, text in pages.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
