"""The call as a whole, where no line is needed: numbers, plans, header texts, ends before dialling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modem.briefing import dial_string
from modem.call import Call
from modem.outcome import Cause, Fate, Fault, Phase, Retry
from modem.plan import LinePolicy
from tests.modem.line import picture, plan_for

PAGE = picture(1, rows=20)


@pytest.mark.parametrize(
    ("number", "dialled"),
    [
        ("5552001", "5552001"),
        ("+15552001", "15552001"),
        ("0w5552001", "0W5552001"),
        ("0p5552001", "0,5552001"),
        ("0,*55#1", "0,*55#1"),
        ("", ""),
        ("+", ""),
        (",,", ""),
        ("555-2001", ""),
        ("5552001;rm", ""),
        ("12\r34", ""),
        ("555x", ""),
    ],
)
def test_dial_strings(number: str, dialled: str) -> None:
    assert dial_string(number) == dialled


def test_a_number_that_cannot_be_dialled_ends_the_call_before_the_modem_is_touched() -> None:
    call = Call(plan_for([PAGE], dial="555-fax"), [PAGE], now=5.0)
    assert call.outcome is not None
    assert (call.outcome.cause, call.outcome.fault, call.outcome.retry) == (Cause.BAD_NUMBER, Fault.CALLER, Retry.NEVER)
    assert call.outcome.phase is Phase.SETUP
    assert [page.fate for page in call.outcome.pages] == [Fate.NOT_SENT]
    assert call.take_output() == b""
    assert [entry.kind for entry in call.take_entries()] == ["begin", "end"]
    assert call.deadline is None


def test_pages_that_are_not_the_plans_are_refused() -> None:
    with pytest.raises(ValueError, match="2 pages"):
        Call(plan_for([PAGE]), [PAGE, PAGE], now=0.0)


def test_a_silent_modem_is_not_this_faxs_fault() -> None:
    call = Call(plan_for([PAGE]), [PAGE], now=0.0)
    now = 0.0
    while call.outcome is None:
        call.take_output()
        assert call.deadline is not None
        now = max(now, call.deadline)
        assert now < 120
        call.tick(now)
    assert (call.outcome.cause, call.outcome.retry) == (Cause.DEVICE_SILENT, Retry.DEVICE)
    assert call.outcome.phase is Phase.SETUP
    assert call.outcome.figures.line_seconds is None
    assert call.deadline is None


def test_after_the_end_nothing_changes_any_more() -> None:
    call = Call(plan_for([PAGE]), [PAGE], now=0.0)
    call.hung_up(1.0)
    outcome = call.outcome
    assert outcome is not None
    assert outcome.cause is Cause.DEVICE_MISSING
    call.take_entries()
    call.receive(b"OK\r\n", 2.0)
    call.tick(3.0)
    call.cancel(4.0)
    call.synced(10, 5.0)
    call.hung_up(6.0)
    assert call.outcome is outcome
    assert call.take_entries() == []


def test_cancelling_before_the_modem_is_ready() -> None:
    call = Call(plan_for([PAGE]), [PAGE], now=0.0)
    call.take_output()
    call.cancel(0.5)
    call.take_output()
    call.receive(b"\r\nOK\r\n", 0.6)
    assert call.take_output() in (b"", b"ATH0\r")
    call.receive(b"\r\nOK\r\n", 0.7)
    assert call.outcome is not None
    assert call.outcome.cause is Cause.CANCELLED


def test_the_same_inputs_make_the_same_call() -> None:
    def run() -> tuple[bytes, list[object]]:
        call = Call(plan_for([PAGE], LinePolicy(header_line=False)), [PAGE], now=0.0)
        written = call.take_output()
        for answer in (b"\r\nOK\r\n",) * 9 + (b"\r\nBUSY\r\n",) * 2 + (b"\r\nOK\r\n",) * 2:
            call.receive(answer, 1.0)
            written += call.take_output()
        return written, [replace(entry) for entry in call.take_entries()]

    assert run() == run()


@pytest.mark.parametrize(
    "changes",
    [
        {"tsid": "x" * 21},
        {"tsid": "Büro"},
        {"policy": LinePolicy(codings=("jpeg",))},
        {"sub_address": "1" * 21},
        {"password": "a\nb"},
    ],
)
def test_a_plan_that_no_frame_can_say_ends_before_the_modem_is_touched(changes: dict[str, object]) -> None:
    plan = plan_for([PAGE])
    (document,) = plan.documents
    if changes.keys() & {"sub_address", "password"}:
        plan = replace(plan, documents=(replace(document, **changes),))  # type: ignore[arg-type]
    else:
        plan = replace(plan, **changes)  # type: ignore[arg-type]
    call = Call(plan, [PAGE], now=0.0)
    assert call.outcome is not None
    assert (call.outcome.cause, call.outcome.retry) == (Cause.PLAN_INVALID, Retry.NEVER)
    assert call.take_output() == b""
    assert len(call.outcome.text) > 60
