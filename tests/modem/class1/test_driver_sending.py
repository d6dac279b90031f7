"""The Class 1 driver sends: frames and fast data, aborted receives, silence, flow, and waiting for the journal."""

from __future__ import annotations

import pytest

from modem.class1.profile import Profile
from modem.t30.line import (
    Failed,
    Failure,
    FlagsUp,
    Given,
    LineLost,
    Listen,
    RaiseFlags,
    SendFast,
    SendFrames,
    Sent,
    StopFast,
)
from tests.modem.class1.desk import CONNECT, EOP, TSI, Desk, listening, ok

BOTH = pytest.mark.parametrize("one_by_one", [False, True], ids=["whole", "octets"])


@BOTH
def test_a_burst_of_two_frames(one_by_one: bool) -> None:
    desk = Desk(one_by_one=one_by_one)
    listening(desk)
    assert desk.perform(SendFrames((TSI, EOP))) == b"AT+FTS=7\r"
    assert desk.says(ok()) == b"AT+FTH=3\r"
    assert desk.says(CONNECT) == TSI + b"\x10\x03"
    assert desk.says(CONNECT) == EOP + b"\x10\x03"
    assert desk.events == []
    desk.says(ok())
    assert desk.event() == Sent()


def test_dle_in_a_frame_is_doubled() -> None:
    desk = Desk()
    desk.perform(SendFrames((b"\xff\x13\x10\x10\x03",)))
    assert desk.says(CONNECT) == b"\xff\x13\x10\x10\x10\x10\x03\x10\x03"


def test_a_receive_is_aborted_before_we_send_and_needs_no_more_silence() -> None:
    desk = Desk()
    desk.perform(Listen())
    assert desk.perform(SendFrames((EOP,))) == b"\x18"
    assert desk.says(ok()) == b"AT+FTH=3\r"


def test_an_abort_that_is_not_confirmed_is_over_all_the_same() -> None:
    desk = Desk()
    desk.perform(Listen())
    desk.perform(SendFrames((EOP,)))
    assert desk.passes(1.0) == b"AT+FTH=3\r"


def test_a_signal_that_comes_as_its_receive_is_aborted_does_not_put_the_answers_out_of_step() -> None:
    desk = Desk()
    desk.perform(Listen())
    assert desk.perform(SendFrames((EOP,))) == b"\x18"
    assert desk.says(CONNECT) == b""  # it was on its way when the abort was
    assert desk.says(ok()) == b"AT+FTH=3\r"
    assert desk.says(CONNECT) == EOP + b"\x10\x03"


@pytest.mark.parametrize("wish", [SendFrames((EOP,)), RaiseFlags(), SendFast(146, 14400, bytes(10))])
def test_the_late_ok_of_an_abort_is_not_the_answer_to_the_next_command(
    wish: SendFrames | RaiseFlags | SendFast,
) -> None:
    desk = Desk()
    desk.perform(Listen())
    desk.perform(wish)
    assert desk.passes(1.0).startswith(b"AT+FT")
    desk.says(ok())
    assert desk.events == []
    desk.says(CONNECT)
    if not isinstance(wish, RaiseFlags):
        desk.passes(0.2)
        desk.says(ok())
    assert desk.events[-1] in (Sent(), FlagsUp())


@pytest.mark.parametrize("wish", [SendFrames((EOP,)), RaiseFlags(), SendFast(146, 14400, bytes(10))])
def test_a_modem_that_has_nothing_but_ok_for_a_transmit_command_fails(
    wish: SendFrames | RaiseFlags | SendFast,
) -> None:
    desk = Desk()
    desk.perform(wish)
    desk.says(ok())
    desk.passes(20.0)
    assert isinstance(desk.event(), Failed)


def test_a_receive_is_aborted_in_the_middle_of_a_frame() -> None:
    desk = Desk()
    desk.perform(Listen())
    desk.says(CONNECT + b"\xff\x13")
    assert desk.perform(SendFrames((EOP,))) == b"\x18"
    assert desk.says(b"\x10\x03" + ok()) == b"AT+FTH=3\r"


def test_a_modem_that_forgets_the_ok_to_silence_does_not_hold_us_up() -> None:
    desk = Desk()
    listening(desk)
    desk.perform(SendFrames((EOP,)))
    assert desk.passes(1.5) == b"AT+FTH=3\r"


def test_a_modem_without_silence_command_is_waited_for() -> None:
    desk = Desk(Profile(silence=None))
    listening(desk)
    assert desk.perform(SendFrames((EOP,))) == b""
    assert desk.passes(0.08) == b"AT+FTH=3\r"


@pytest.mark.parametrize("said", ["ERROR", "NO CARRIER"])
@pytest.mark.parametrize("wish", [SendFrames((EOP,)), SendFast(146, 14400, bytes(10))])
def test_a_transmit_command_that_is_refused_means_that_the_line_is_gone(said: str, wish: SendFrames | SendFast) -> None:
    desk = Desk()
    desk.perform(wish)
    desk.says(ok(said))
    assert desk.event() == LineLost()


@pytest.mark.parametrize("answers", [[], [CONNECT]])
@pytest.mark.parametrize("wish", [SendFrames((TSI, EOP)), SendFast(146, 14400, bytes(10))])
def test_a_modem_that_falls_silent_while_sending(answers: list[bytes], wish: SendFrames | SendFast) -> None:
    desk = Desk()
    desk.perform(wish)
    for answer in answers:
        desk.says(answer)
    desk.passes(120.0)
    failed = desk.events[-1]
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.SILENT


def test_fast_data_never_run_further_ahead_than_a_kilobyte() -> None:
    desk = Desk()
    data = bytes(range(256)) * 40
    desk.perform(SendFast(146, 14400, data))
    given = bytearray(desk.says(CONNECT))
    start = desk.now
    while len(given) < len(data):
        given += desk.passes(0.05)
        raw = len(given.replace(b"\x10\x10", b"\x10"))
        ahead = raw - (desk.now - start) * 1800
        assert ahead <= 1024 + 1
        assert raw == len(data) or ahead > 1024 - 400
    given += desk.passes(1.0)
    assert bytes(given) == data.replace(b"\x10", b"\x10\x10") + b"\x10\x03"
    assert desk.event() == Given()
    desk.says(ok())
    assert desk.event() == Sent()


def test_a_modem_that_holds_us_back_gets_seconds_ahead_and_time_to_drain() -> None:
    desk = Desk(Profile(ahead_s=8.0))
    desk.perform(SendFast(24, 2400, bytes(20_000)))
    given = len(desk.says(CONNECT))
    assert given == 2400
    given += len(desk.passes(59.0))
    assert given == 20_002
    assert desk.events == []
    desk.passes(60.0)
    assert desk.events == [Given()]
    desk.says(ok())
    assert desk.events == [Given(), Sent()]


def test_progress_is_told_while_data_go_out() -> None:
    desk = Desk()
    assert desk.driver.progress is None
    desk.perform(SendFast(146, 14400, bytes(10_000)))
    desk.says(CONNECT)
    desk.passes(1.0)
    assert desk.driver.progress is not None
    sent, total = desk.driver.progress
    assert 1400 < sent <= 1800
    assert total == 10_000


def test_data_that_are_stopped_end_at_once_and_are_not_called_given() -> None:
    desk = Desk()
    desk.perform(SendFast(146, 14400, bytes(10_000)))
    desk.says(CONNECT)
    assert desk.perform(StopFast()) == b"\x10\x03"
    desk.says(ok())
    assert desk.event() == Sent()


def test_data_that_are_stopped_before_connect_are_never_given() -> None:
    desk = Desk()
    listening(desk)
    desk.perform(SendFast(146, 14400, bytes(10_000)))
    desk.perform(StopFast())
    assert desk.says(ok()) == b"AT+FTM=146\r"
    assert desk.says(CONNECT) == b"\x10\x03"
    desk.says(ok())
    assert desk.event() == Sent()


def test_a_carrier_that_is_lost_in_the_data() -> None:
    desk = Desk()
    desk.perform(SendFast(146, 14400, bytes(10_000)))
    desk.says(CONNECT)
    desk.says(ok("NO CARRIER"))
    assert desk.event() == LineLost()


def test_a_delay_before_data_for_modems_that_lose_the_first_octets() -> None:
    desk = Desk(Profile(data_delay_s=0.4))
    desk.perform(SendFast(146, 14400, bytes(10)))
    assert desk.says(CONNECT) == b""
    assert desk.passes(0.5) == bytes(10) + b"\x10\x03"


@pytest.mark.parametrize(
    "wish", [SendFrames((EOP,), after_journal=True), SendFast(146, 14400, bytes(10), after_journal=True)]
)
def test_what_waits_for_the_journal_uses_the_time_for_its_silence(wish: SendFrames | SendFast) -> None:
    desk = Desk()
    listening(desk)
    assert desk.perform(wish) == b"AT+FTS=7\r"
    assert desk.says(ok()) == b""
    assert desk.passes(10.0) == b""
    assert desk.events == []
    desk.driver.release(desk.now)
    assert desk.written() in (b"AT+FTH=3\r", b"AT+FTM=146\r")


def test_a_journal_that_never_gets_to_the_disk_fails_the_wish() -> None:
    desk = Desk()
    desk.perform(SendFrames((EOP,), after_journal=True))
    assert b"+FTH" not in desk.passes(60.0)
    failed = desk.event()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.JOURNAL


def test_a_journal_that_is_faster_than_the_silence_costs_nothing() -> None:
    desk = Desk()
    listening(desk)
    desk.perform(SendFrames((EOP,), after_journal=True))
    desk.driver.release(desk.now)
    assert desk.says(ok()) == b"AT+FTH=3\r"
