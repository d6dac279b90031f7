"""The Class 1 driver against modems of paper: each dialogue, whole and octet by octet, and each way to go wrong."""

from __future__ import annotations

import random

import pytest

from modem.class1.profile import Profile
from modem.t30.line import (
    Connected,
    Dial,
    DialFailed,
    DialResult,
    Failed,
    Failure,
    FrameHeard,
    HangUp,
    LineLost,
    Listen,
    OnHook,
    Ready,
    SendFast,
    SendFrames,
    SetUp,
    Signal,
    SignalLost,
    Wish,
)
from tests.modem.class1.desk import CONNECT, EOP, MCF, TSI, Desk, ok, set_up

BOTH = pytest.mark.parametrize("one_by_one", [False, True], ids=["whole", "octets"])


@BOTH
@pytest.mark.parametrize("echo", [False, True])
def test_set_up_finds_out_what_the_modem_can(one_by_one: bool, echo: bool) -> None:
    desk = Desk(one_by_one=one_by_one)
    set_up(desk, echo=echo)
    assert desk.event() == Ready(frozenset((24, 48, 72, 96, 145, 146)))
    commands = [line[2:] for line in desk.log if line.startswith("> ")]
    assert commands[0] == "ATZ"
    assert commands.index("AT+FCLASS=1") < commands.index("AT+FTM=?")
    assert commands[commands.index("AT+FCLASS=1") + 1] == "ATE0"
    assert not any(line.startswith("< AT") for line in desk.log)


def test_a_modem_that_answers_the_third_time_is_set_up() -> None:
    desk = Desk()
    assert desk.perform(SetUp()) == b"ATZ\r"
    desk.passes(3.1)
    desk.passes(4.0)
    assert "> ATZ" in desk.log
    assert desk.says(ok())
    assert desk.events == []


def test_a_modem_that_never_answers_is_silent() -> None:
    desk = Desk()
    desk.perform(SetUp())
    octets = desk.passes(60.0)
    assert octets.count(b"ATZ\r") == 2
    assert b"\x10\x03\x18" in octets
    failed = desk.event()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.SILENT


@pytest.mark.parametrize("classes", ["0,2,2.0", "0"])
def test_a_modem_without_class_1_is_no_fax(classes: str) -> None:
    desk = Desk()
    said = desk.perform(SetUp())
    while said and not desk.events:
        said = desk.says((ok(classes) if b"FCLASS=?" in said else b"") + ok())
    failed = desk.event()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.NOT_FAX


def test_a_modem_that_refuses_class_1_is_no_fax() -> None:
    desk = Desk()
    said = desk.perform(SetUp())
    while said and not desk.events:
        said = desk.says(ok("ERROR") if b"FCLASS" in said else ok())
    failed = desk.event()
    assert isinstance(failed, Failed)
    assert failed.failure is Failure.NOT_FAX


def test_a_modem_that_lists_no_modulations_has_the_old_ones() -> None:
    desk = Desk()
    said = desk.perform(SetUp())
    while said:
        said = desk.says(ok())
    assert desk.event() == Ready(frozenset((24, 48, 72, 96)))


@BOTH
def test_dialling_hears_the_first_frame_without_being_asked(one_by_one: bool) -> None:
    desk = Desk(one_by_one=one_by_one)
    assert desk.perform(Dial("5552001")) == b"ATDT5552001\r"
    desk.says(CONNECT)
    assert desk.event() == Connected(listening=True)
    desk.says(MCF + b"\x10\x03" + ok())
    assert desk.event() == FrameHeard(MCF, True)


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("BUSY", DialResult.BUSY),
        ("NO DIALTONE", DialResult.NO_DIAL_TONE),
        ("NO DIAL TONE", DialResult.NO_DIAL_TONE),
        ("NO ANSWER", DialResult.NO_ANSWER),
        ("NO CARRIER", DialResult.NO_CARRIER),
        ("BLACKLISTED", DialResult.BLACKLISTED),
        ("DELAYED", DialResult.DELAYED),
        ("ERROR", DialResult.ERROR),
    ],
)
def test_dial_results(said: str, result: DialResult) -> None:
    desk = Desk()
    desk.perform(Dial("1"))
    desk.says(ok("RING") + ok("MADE BY NOBODY") + ok(said))
    assert desk.event() == DialFailed(result)


def test_fcerror_while_dialling_means_that_somebody_answered() -> None:
    desk = Desk()
    desk.perform(Dial("1"))
    desk.says(ok("+FCERROR"))
    assert desk.event() == Connected(listening=False)


def test_a_connect_without_a_frame_goes_on_listening() -> None:
    desk = Desk()
    desk.perform(Dial("1"))
    assert desk.says(CONNECT + ok("NO CARRIER")) == b"AT+FRH=3\r"
    assert desk.events == [Connected(listening=True), SignalLost()]
    desk.events.clear()
    desk.says(CONNECT + MCF + b"\x10\x03" + ok())
    assert desk.events == [Signal(), FrameHeard(MCF, True)]


@BOTH
def test_listening_reports_flags_and_frame(one_by_one: bool) -> None:
    desk = Desk(one_by_one=one_by_one)
    assert desk.perform(Listen()) == b"AT+FRH=3\r"
    desk.says(CONNECT)
    assert desk.event() == Signal()
    desk.says(MCF + b"\x10\x03" + ok("ERROR"))
    assert desk.event() == FrameHeard(MCF, False)


@pytest.mark.parametrize("answer", ["OK", "ERROR"])
def test_a_modem_that_takes_the_fcs_off_is_believed_what_it_says_of_it(answer: str) -> None:
    desk = Desk(Profile(no_fcs=True))
    desk.perform(Listen())
    desk.says(CONNECT + MCF[:-2] + b"\x10\x03" + ok(answer))
    good = answer == "OK"
    assert desk.events == [Signal(), FrameHeard(MCF if good else MCF[:-2], good)]


@BOTH
def test_a_ring_in_front_of_a_frame_costs_nothing(one_by_one: bool) -> None:
    """Somebody else calls our line; some modems say so in the middle of a call."""
    desk = Desk(one_by_one=one_by_one)
    desk.perform(Listen())
    desk.says(CONNECT + ok("RING") + MCF + b"\x10\x03" + ok())
    assert desk.events == [Signal(), FrameHeard(MCF, True)]


def test_a_carrier_that_is_no_frame_is_listened_through() -> None:
    desk = Desk()
    desk.perform(Listen())
    assert desk.says(ok("NO CARRIER")) == b"AT+FRH=3\r"
    assert desk.says(ok("NO CARRIER")) == b""
    assert desk.passes(0.1) == b"AT+FRH=3\r"
    assert desk.events == []


def test_a_modem_that_answers_no_carrier_at_once_does_not_make_us_spin() -> None:
    desk = Desk()
    desk.perform(Listen())
    asked = 0
    for _ in range(100):
        asked += (desk.says(ok("NO CARRIER")) + desk.passes(0.01)).count(b"AT+FRH=3\r")
    assert asked < 30


def test_errors_to_a_receive_mean_that_the_line_is_gone() -> None:
    desk = Desk()
    desk.perform(Listen())
    for _ in range(3):
        assert desk.events == []
        desk.says(ok("ERROR"))
        desk.passes(0.1)
    assert desk.event() == LineLost()


def test_hanging_up() -> None:
    desk = Desk()
    assert desk.perform(HangUp()) == b"ATH0\r"
    desk.says(ok())
    assert desk.event() == OnHook(True)


def test_hanging_up_out_of_a_receive() -> None:
    desk = Desk()
    desk.perform(Listen())
    assert desk.perform(HangUp()) == b"\x18"
    assert desk.says(ok()) == b"ATH0\r"


def test_hanging_up_out_of_data() -> None:
    desk = Desk()
    desk.perform(SendFast(146, 14400, bytes(10_000)))
    desk.says(CONNECT)
    assert desk.perform(HangUp()) == b"\x10\x03"
    assert desk.says(ok()) == b"ATH0\r"


def test_hanging_up_while_dialling() -> None:
    desk = Desk()
    desk.perform(Dial("1"))
    assert desk.perform(HangUp()) == b"\r"
    assert desk.says(ok("NO CARRIER")) == b"ATH0\r"


def test_a_modem_that_says_no_carrier_to_hanging_up() -> None:
    desk = Desk()
    desk.perform(HangUp())
    desk.says(ok("NO CARRIER") + ok())
    assert desk.event() == OnHook(True)


def test_hanging_up_on_a_silent_modem_ends() -> None:
    desk = Desk()
    desk.perform(HangUp())
    assert desk.passes(60.0).count(b"ATH0\r") == 2
    assert desk.event() == OnHook(False)


def test_hanging_up_waits_where_the_modem_needs_it() -> None:
    desk = Desk(Profile(wait_before_hang_up_s=1.0))
    assert desk.perform(HangUp()) == b""
    assert desk.passes(1.1) == b"ATH0\r"


def test_whatever_a_modem_says_nothing_is_raised_and_every_wish_ends() -> None:
    chance = random.Random(3)
    wishes: list[Wish] = [SetUp(), Dial("1"), SendFrames((TSI, EOP)), SendFast(146, 14400, bytes(5000)), HangUp()]
    words = [ok(), CONNECT, ok("ERROR"), ok("NO CARRIER"), b"\x10\x03", MCF, b"\r\n", b"garbage", b"\xff", b"0\r"]
    for _ in range(300):
        desk = Desk()
        for _ in range(4):
            desk.perform(chance.choice(wishes))
            for _ in range(chance.randrange(8)):
                desk.says(chance.choice(words))
                desk.passes(chance.random())
        desk.passes(400.0)
        assert not desk.driver.busy or desk.driver.deadline is not None
