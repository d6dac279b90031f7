"""Answering and receiving over Class 1, against modems of paper; image data in any pieces; rings and caller ids."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from modem.class1.profile import FALLBACK_CODES, Profile
from modem.class1.reader import Block, Line, Piece, Reader, Result, Token, escape
from modem.class1.ringing import GONE_S, CallerId, RingWatch
from modem.t30.frames import Type, build, fcs
from modem.t30.line import (
    Carrier,
    Data,
    DataEnd,
    Failed,
    Failure,
    FlagsUp,
    FrameHeard,
    GetReady,
    HangUp,
    LineEvent,
    LineLost,
    Listen,
    OnHook,
    PickUp,
    RaiseFlags,
    Ready,
    ReceiveFast,
    SendFrames,
    Sent,
    Signal,
)
from tests.modem.class1.desk import CONNECT, Desk, ok

MCF = build(Type.MCF, x=0).octets
DCS = build(Type.DCS, b"\x00\x62\x78").octets
DCS += fcs(DCS)
END = b"\x10\x03"
BOTH = pytest.mark.parametrize("one_by_one", [False, True], ids=["whole", "octets"])


def answered(desk: Desk, codes: str = "24,48,72,96") -> None:
    said = desk.perform(GetReady())
    while said:
        (command,) = said.split(b"\r")[:-1]
        said = desk.says((ok(codes) if command.endswith(b"=?") else b"") + ok())


# Getting ready and picking up.


@BOTH
def test_getting_ready_resets_nothing_and_asks_what_can_be_received(one_by_one: bool) -> None:
    desk = Desk(one_by_one=one_by_one)
    answered(desk)
    commands = [line[2:] for line in desk.log if line.startswith("> ")]
    assert commands == ["AT+FCLASS=1", "ATE0", "AT+FAR=1", "AT+FTM=?", "AT+FRM=?"]
    assert desk.event() == Ready(frozenset((24, 48, 72, 96)), frozenset((24, 48, 72, 96)))


def test_a_modem_that_lists_nothing_can_do_what_all_can() -> None:
    desk = Desk()
    answered(desk, codes="?")
    assert desk.event() == Ready(FALLBACK_CODES, FALLBACK_CODES)


def test_a_modem_without_adaptive_reception_is_used_all_the_same() -> None:
    desk = Desk()
    said = desk.perform(GetReady())
    while said:
        said = desk.says(ok("ERROR") if b"+FAR" in said else ok("24") + ok() if b"?" in said else ok())
    assert isinstance(desk.event(), Ready)


@pytest.mark.parametrize(("answer", "failure"), [(ok("ERROR"), Failure.ERROR), (b"", Failure.SILENT)])
def test_a_modem_that_will_not_go_into_class_1(answer: bytes, failure: Failure) -> None:
    desk = Desk()
    desk.perform(GetReady())
    desk.says(answer)
    desk.passes(10)
    event = desk.event()
    assert isinstance(event, Failed) and event.failure is failure


@BOTH
def test_ata_comes_to_connect_and_the_first_frames_need_no_command(one_by_one: bool) -> None:
    desk = Desk(one_by_one=one_by_one)
    assert desk.perform(PickUp()) == b"ATA\r"
    assert desk.says(ok("RING")) == b""  # one more, crossing our command
    assert desk.says(CONNECT) == b""
    assert desk.event() == FlagsUp()
    assert desk.perform(SendFrames((MCF, MCF))) == MCF + END
    assert desk.says(CONNECT) == MCF + END
    desk.says(ok())
    assert desk.event() == Sent()


@pytest.mark.parametrize("result", ["NO CARRIER", "ERROR"])
def test_nobody_there_when_we_answer(result: str) -> None:
    desk = Desk()
    desk.perform(PickUp())
    desk.says(ok(result))
    assert desk.event() == LineLost()


def test_a_modem_that_never_gets_through_its_tone() -> None:
    desk = Desk()
    desk.perform(PickUp())
    desk.passes(60)
    assert isinstance(desk.event(), Failed)


# Flags first, the frame later.


def test_flags_are_raised_and_the_frame_follows_when_it_is_known() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(146))
    desk.says(CONNECT + b"abc" + END + ok("NO CARRIER"))
    desk.events.clear()
    assert desk.perform(RaiseFlags()) == b"AT+FTS=7\r"
    assert desk.says(ok()) == b"AT+FTH=3\r"
    desk.says(CONNECT)
    assert desk.event() == FlagsUp()
    assert desk.passes(2.0) == b""
    assert desk.perform(SendFrames((MCF,))) == MCF + END
    desk.says(ok())
    assert desk.event() == Sent()


def test_flags_that_are_not_wanted_any_more_are_ended_before_anything_else() -> None:
    desk = Desk()
    desk.perform(PickUp())
    desk.says(CONNECT)
    desk.events.clear()
    assert desk.perform(Listen()) == END
    assert desk.says(ok()) == b"AT+FRH=3\r"


@pytest.mark.parametrize("answer", ["OK", "NO CARRIER"])
def test_hanging_up_while_answering_ends_that_first_since_its_octet_is_lost(answer: str) -> None:
    desk = Desk()
    desk.perform(PickUp())
    assert desk.perform(HangUp()) == b"\r"
    assert desk.says(ok(answer)) == b"ATH0\r"
    desk.says(ok())
    assert desk.event() == OnHook(True)


def test_hanging_up_when_the_answer_has_just_come_about_ends_the_flags() -> None:
    desk = Desk()
    desk.perform(PickUp())
    assert desk.perform(HangUp()) == b"\r"
    assert desk.says(CONNECT) == END
    assert desk.says(ok()) == b"ATH0\r"


def test_hanging_up_under_our_own_flags() -> None:
    desk = Desk()
    desk.perform(PickUp())
    desk.says(CONNECT)
    desk.events.clear()
    assert desk.perform(HangUp()) == END
    assert desk.says(ok()) == b"ATH0\r"
    desk.says(ok())
    assert desk.event() == OnHook(True)


# The fast carrier.


def image_of(events: list[LineEvent]) -> bytes:
    return b"".join(event.octets for event in events if isinstance(event, Data))


@BOTH
def test_an_image_is_passed_on_as_it_comes(one_by_one: bool) -> None:
    desk = Desk(one_by_one=one_by_one)
    image = bytes(range(256)) * 5 + b"\x10\x10\x03\r\nOK\r\n"
    assert desk.perform(ReceiveFast(145)) == b"AT+FRM=145\r"
    desk.says(CONNECT)
    assert desk.event() == Carrier()
    desk.says(escape(image[:700]))
    assert image_of(desk.events) == image[:700]
    desk.says(escape(image[700:]) + END)
    assert DataEnd() not in desk.events
    desk.says(ok("NO CARRIER"))
    assert image_of(desk.events) == image
    assert desk.events[-1] == DataEnd()


def test_a_carrier_that_goes_without_end_of_data() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(145))
    desk.says(CONNECT + b"abcd" + ok("NO CARRIER"))
    assert desk.events[-1] == DataEnd()
    assert image_of(desk.events).startswith(b"abcd")


def test_v21_instead_of_the_carrier_is_heard_with_adaptive_reception() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(146))
    desk.says(ok("+FRH:3"))
    assert desk.event() == Signal()
    desk.says(CONNECT + DCS + END + ok())
    assert desk.event() == FrameHeard(DCS, True)


def test_v21_instead_of_the_carrier_is_heard_without_it_too() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(146))
    assert desk.says(ok("+FCERROR")) == b"AT+FRH=3\r"
    desk.says(CONNECT + DCS + END + ok())
    assert desk.events == [Signal(), FrameHeard(DCS, True)]


def test_no_carrier_at_once_is_tried_again_without_spinning() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(146))
    assert desk.says(ok("NO CARRIER")) == b"AT+FRM=146\r"
    assert desk.says(ok("NO CARRIER")) == b""
    assert desk.passes(0.1) == b"AT+FRM=146\r"


def test_no_carrier_later_means_that_one_has_passed_untrained() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(146))
    desk.passes(2.5)
    assert desk.says(ok("NO CARRIER")) == b""
    assert desk.event() == DataEnd()


def test_errors_mean_that_we_are_on_hook() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(146))
    for _ in range(3):
        desk.says(ok("ERROR"))
        desk.passes(0.1)
    assert desk.event() == LineLost()


def test_a_receive_is_aborted_before_anything_else_is_said() -> None:
    desk = Desk()
    desk.perform(ReceiveFast(146))
    desk.says(CONNECT + b"abc")
    assert desk.perform(Listen()) == b"\x18"
    assert desk.says(b"xyz" + END + ok()) == b"AT+FRH=3\r"


def test_a_modem_without_fts_waits_by_our_clock() -> None:
    desk = Desk(Profile(silence=None))
    desk.perform(ReceiveFast(146))
    desk.says(CONNECT + b"abc" + END + ok("NO CARRIER"))
    assert desk.perform(RaiseFlags()) == b""
    assert desk.passes(0.08) == b"AT+FTH=3\r"


# The parser.


def drained(reader: Reader) -> list[Token]:
    found: list[Token] = []
    while (token := reader.next()) is not None:
        found.append(token)
    return found


def pieces(seed: int) -> Callable[[bytes], list[bytes]]:
    chance = random.Random(seed)

    def cut(octets: bytes) -> list[bytes]:
        parts = []
        while octets:
            size = chance.choice((1, 1, 2, 3, 17, 300))
            parts.append(octets[:size])
            octets = octets[size:]
        return parts

    return cut


@pytest.mark.parametrize("seed", range(30))
def test_data_in_any_pieces_come_out_whole(seed: int) -> None:
    chance = random.Random(seed)
    data = bytes(chance.choice((0x10, 0x03, 0x1A, 0x0D, 0x0A, chance.randrange(256))) for _ in range(2000))
    reader = Reader()
    reader.expect_data()
    found: list[Token] = []
    for part in pieces(seed)(escape(data) + END + ok("NO CARRIER")):
        reader.feed(part)
        found += drained(reader)
    assert b"".join(token.octets for token in found if isinstance(token, Piece)) == data
    assert found[-2:] == [Block(b""), Line("NO CARRIER", Result.NO_CARRIER)]


def test_dle_sub_is_two_dle_and_other_pairs_are_nothing() -> None:
    reader = Reader()
    reader.expect_data()
    reader.feed(b"a\x10\x1ab\x10\x07c" + END)
    assert drained(reader) == [Piece(b"a\x10\x10bc"), Block(b"")]


def test_anything_at_all_raises_nothing_in_data() -> None:
    chance = random.Random(5)
    for _ in range(300):
        reader = Reader()
        reader.expect_data()
        for _ in range(20):
            reader.feed(chance.randbytes(chance.randrange(30)))
            drained(reader)


# Rings.


def test_rings_are_counted_and_the_caller_is_told_between_them() -> None:
    watch = RingWatch()
    watch.receive(b"\r\nRI", 1.0)
    assert watch.rings == 0
    watch.receive(b"NG\r\n", 1.1)
    watch.receive(b"\r\nDATE = 0102\r\nTIME = 1530\r\nNMBR = 5559000\r\nNAME = SOMEBODY ELSE\r\n", 3.0)
    watch.receive(ok("RING"), 6.0)
    assert watch.rings == 2
    assert watch.caller == CallerId(number="5559000", name="SOMEBODY ELSE", at="0102 1530")


@pytest.mark.parametrize("text", ["RING", "ring", "RING A", "RING 2", "2"])
def test_rings_are_spelt_in_many_ways(text: str) -> None:
    watch = RingWatch()
    watch.receive(ok(text), 0.0)
    assert watch.rings == 1


@pytest.mark.parametrize("text", ["CALLER NUMBER: 5559000", "NMBR=5559000", "DDN_NMBR= 123"])
def test_numbers_are_told_in_many_ways(text: str) -> None:
    watch = RingWatch()
    watch.receive(ok("RING") + ok(text), 0.0)
    assert watch.caller.number == ("" if "DDN" in text else "5559000")


@pytest.mark.parametrize("hidden", ["P", "O", "p"])
def test_a_caller_who_hides_has_no_number(hidden: str) -> None:
    watch = RingWatch()
    watch.receive(ok(f"NMBR = {hidden}"), 0.0)
    assert watch.caller == CallerId()


def test_a_caller_who_gives_up_is_forgotten() -> None:
    watch = RingWatch()
    watch.receive(ok("RING") + ok("NMBR = 1"), 0.0)
    watch.tick(GONE_S - 0.1)
    assert watch.rings == 1
    assert watch.deadline == GONE_S
    watch.tick(GONE_S)
    assert (watch.rings, watch.caller) == (0, CallerId())
    assert watch.deadline is None
    watch.receive(ok("RING"), 100.0)
    watch.receive(ok("RING"), 100.0 + GONE_S + 1)  # another call
    assert watch.rings == 1


def test_anything_at_all_raises_nothing_while_idle() -> None:
    chance = random.Random(5)
    watch = RingWatch()
    for number in range(2000):
        watch.receive(chance.randbytes(chance.randrange(60)), number / 10)
        watch.tick(number / 10)
