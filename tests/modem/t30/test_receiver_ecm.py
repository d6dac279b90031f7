"""The receiver in ECM against scripted senders: blocks, maps, corrections, frames given up, not ready, repeats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codec.page import Coding
from modem.outcome import Cause
from modem.t30 import hdlc
from modem.t30.frames import Frame, Type
from modem.t30.receiver_notes import Receipt
from tests.modem.t30.receiver_play import play
from tests.modem.t30.receiver_script import (
    DCN,
    ECM,
    EOM,
    EOP,
    FINE,
    MMR,
    MPS,
    SMALL,
    TSI,
    V17,
    Image,
    Script,
    Silence,
    bitmap,
    block,
    code_of,
    dcs,
    frames_of,
    hear,
    pps,
    say,
    say_badly,
    small_page,
    tcf,
)

PAGE = small_page(rows=200)
CODE = code_of(PAGE, Coding.MMR)
FRAMES = frames_of(CODE)
COUNT = len(FRAMES)


def begin(*bits: int) -> Script:
    yield hear("DIS")
    yield say(TSI, dcs(FINE, ECM, *(bits or (MMR,)), octets=4))
    yield tcf()
    yield hear("CFR")


def without(*numbers: int) -> list[tuple[int, bytes]]:
    return [frame for frame in FRAMES if frame[0] not in numbers]


def only(*numbers: int) -> list[tuple[int, bytes]]:
    return [frame for frame in FRAMES if frame[0] in numbers]


def missing(frame: Frame, count: int = COUNT) -> list[int]:
    """The frames that a PPR names, and that those beyond the last are set."""
    assert frame.type is Type.PPR
    assert (len(frame.fif), frame.fcf) == (32, 0xBC)
    bits = [number for number in range(256) if frame.fif[number // 8] >> (number % 8) & 1]
    assert [number for number in bits if number >= count] == list(range(count, 256))
    return [number for number in bits if number < count]


def test_a_page_of_several_frames() -> None:
    assert COUNT > 8

    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(EOP, 0, 0, COUNT))
        mcf = yield hear("MCF")
        assert mcf.last.fcf == 0x8C
        yield say(DCN)

    done = play(script())
    assert done.cause is Cause.OK
    assert done.pages[0].decoded.bitmap == bitmap(200)
    assert done.receipts == [Receipt.CLEAN]


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("coding", list(Coding), ids=lambda each: each.value)
def test_both_frame_sizes_and_every_coding(size: int, coding: Coding) -> None:
    bits = [*([SMALL] if size == 64 else []), *({Coding.MMR: [MMR], Coding.MR: [16], Coding.MH: []}[coding])]
    code = code_of(small_page(rows=40), coding)

    def script() -> Script:
        yield from begin(20, *bits)
        frames = frames_of(code, size)
        yield block(frames)
        yield say(pps(EOP, 0, 0, len(frames)))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).pages[0].decoded.bitmap == bitmap(40)


def test_a_short_last_frame_is_taken() -> None:
    def script() -> Script:
        yield from begin()
        yield block([*FRAMES[:-1], (COUNT - 1, CODE[256 * (COUNT - 1) :])])
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


def test_a_short_frame_in_the_middle_is_asked_for_again() -> None:
    def script() -> Script:
        yield from begin()
        yield block([*FRAMES[:3], (3, FRAMES[3][1][:200]), *FRAMES[4:]])
        yield say(pps(EOP, 0, 0, COUNT))
        ppr = yield hear("PPR")
        assert missing(ppr.last) == [3]
        yield block(only(3))
        yield say(pps(EOP, 0, 0, 1))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


def test_pps_null_pps_mps_and_eop() -> None:
    first, rest = FRAMES[:5], [(number - 5, data) for number, data in FRAMES[5:]]

    def script() -> Script:
        yield from begin()
        yield block(first)
        yield say(pps(None, 0, 0, 5))
        yield hear("MCF")
        yield block(rest)
        yield say(pps(MPS, 0, 1, len(rest)))
        yield hear("MCF")
        yield block(FRAMES)
        yield say(pps(EOP, 1, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert [page.decoded.bitmap for page in done.pages] == [bitmap(200)] * 2
    assert done.confirmed == [(1, "MCF"), (2, "MCF")]


def test_a_block_of_64_kilobytes() -> None:
    data = bytes(range(256)) * 256

    def script() -> Script:
        yield from begin(20)
        frames = frames_of(data)
        assert len(frames) == 256
        yield block(frames)
        yield say(pps(None, 0, 0, 256))
        yield hear("MCF")
        code = code_of(PAGE)
        yield block(frames_of(code))
        yield say(pps(EOP, 0, 1, len(frames_of(code))))
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.pages[0].octets >= 65536


@pytest.mark.parametrize("lost", [(0,), (COUNT - 1,), (3, 4, 7), (0, COUNT - 1), tuple(range(COUNT))])
def test_the_map_names_what_is_missing(lost: tuple[int, ...]) -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES, bad=lost)
        yield say(pps(EOP, 0, 0, COUNT))
        ppr = yield hear("PPR")
        assert missing(ppr.last) == list(lost)
        yield block(only(*lost))
        yield say(pps(EOP, 0, 0, len(lost)))
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.pages[0].decoded.bitmap == bitmap(200)
    assert done.receiver.frames_asked_again == len(lost)


def test_a_block_that_was_not_heard_at_all_is_asked_for_whole() -> None:
    def script() -> Script:
        yield from begin()
        yield Silence(9.0)  # as if its training had failed
        yield say(pps(EOP, 0, 0, COUNT))
        ppr = yield hear("PPR")
        assert missing(ppr.last) == list(range(COUNT))
        yield block(FRAMES)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


def test_a_block_on_which_the_modem_did_not_train_is_asked_for_whole() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(MPS, 0, 0, COUNT))
        yield hear("MCF")
        yield replace(block(FRAMES), untrained=True)
        yield say(pps(EOP, 1, 0, COUNT))
        ppr = yield hear("PPR")
        assert missing(ppr.last) == list(range(COUNT))
        assert ppr.waited < 2.5
        yield block(FRAMES)
        yield say(pps(EOP, 1, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    assert len(play(script()).confirmed) == 2


def test_frames_in_any_order_twice_and_with_wrong_numbers() -> None:
    def script() -> Script:
        yield from begin()
        odd = [*reversed(FRAMES), FRAMES[2], FRAMES[2]]
        yield block(odd)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


def test_a_block_without_rcp_is_a_block() -> None:
    def script() -> Script:
        yield from begin()
        yield Image(hdlc.stream([hdlc.fcd(*frame) for frame in FRAMES], 40), V17, short=True)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    play(script())


def test_a_carrier_that_drops_in_the_middle_costs_the_rest_of_the_block_only() -> None:
    def script() -> Script:
        yield from begin()
        whole = block(FRAMES)
        yield replace(whole, octets=whole.octets[: len(whole.octets) // 2])
        yield Silence(20.0)  # it is still being sent
        yield say(pps(EOP, 0, 0, COUNT))
        ppr = yield hear("PPR")
        lost = missing(ppr.last)
        assert 0 not in lost and COUNT - 1 in lost
        yield block(only(*lost))
        yield say(pps(EOP, 0, 0, len(lost)))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


def test_a_minute_of_flags_before_the_first_frame_is_no_end() -> None:
    def script() -> Script:
        yield from begin()
        whole = block(FRAMES)
        yield replace(whole, octets=b"\x7e" * (1800 * 50) + whole.octets)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    play(script())


def test_flags_for_ever_are_left() -> None:
    def script() -> Script:
        yield from begin()
        yield replace(block(FRAMES), octets=b"\x7e" * (1800 * 300))

    done = play(script(), whole=False)
    assert done.cause is Cause.LINE_LOST
    assert done.seconds < 120


@pytest.mark.parametrize("command", [EOM, MPS, EOP])
def test_the_same_pps_again_is_answered_the_same_and_counted_once(command: Frame) -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        for again in range(3):
            yield say(pps(command, 0, 0, COUNT), after=3.2 if again else 0.075)
            yield hear("MCF")
        yield say(DCN, after=0.2)

    done = play(script())
    assert done.confirmed == [(1, "MCF")]


def test_a_ppr_that_was_lost_is_said_again() -> None:
    def script() -> Script:
        yield from begin()
        yield block(without(2))
        yield say(pps(EOP, 0, 0, COUNT))
        first = yield hear("PPR")
        yield say(pps(EOP, 0, 0, COUNT), after=3.2)
        second = yield hear("PPR")
        assert first.frames == second.frames
        yield block(only(2))
        yield say(pps(EOP, 0, 0, 1))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).confirmed == [(1, "MCF")]


def test_a_block_that_is_sent_again_though_it_was_confirmed_counts_once() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(MPS, 0, 0, COUNT))
        yield hear("MCF")
        yield block(FRAMES)
        yield say(pps(MPS, 0, 0, COUNT))
        yield hear("MCF")
        yield block(FRAMES)
        yield say(pps(EOP, 1, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert len(done.pages) == 2
    assert [page.decoded.bitmap for page in done.pages] == [bitmap(200)] * 2


def test_a_block_out_of_turn_ends_the_call() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(None, 0, 0, COUNT))
        yield hear("MCF")
        yield block(FRAMES)
        yield say(pps(EOP, 0, 3, COUNT))
        yield hear("DCN")

    assert play(script()).cause is Cause.PROTOCOL_ERROR


def test_a_page_counter_that_does_not_begin_at_0_is_taken() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(MPS, 5, 0, COUNT))
        yield hear("MCF")
        yield block(FRAMES)
        yield say(pps(EOP, 6, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    assert len(play(script()).confirmed) == 2


@pytest.mark.parametrize("command", [MPS, EOP])
def test_a_command_without_ecm_after_all_is_answered_as_pps(command: Frame) -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(command)
        yield hear("MCF")
        yield say(DCN, after=0.2)

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


def test_a_pps_with_a_wrong_fcs_gets_no_answer() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say_badly(pps(EOP, 0, 0, COUNT))
        yield Silence(3.1)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).sent == ["DIS", "CFR", "MCF"]


def test_t6_without_the_ecm_bit_is_taken_for_ecm() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs(FINE, MMR, octets=4))
        yield tcf()
        yield hear("CFR")
        yield block(FRAMES)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    play(script())
