"""The receiver against senders that change their mind in a page or say nothing of its end, and modems that say nothing:
no page that did not come in is confirmed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from codec.page import Coding
from modem.outcome import Cause
from modem.t30.frames import Frame
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_notes import Receipt
from modem.t30.receiver_states import State
from tests.modem.t30.receiver_play import Line, play
from tests.modem.t30.receiver_script import (
    DCN,
    ECM,
    EOP,
    FINE,
    MMR,
    MPS,
    SMALL,
    TSI,
    V17,
    HearAny,
    Image,
    Script,
    bitmap,
    block,
    code_of,
    dcs,
    frames_of,
    hear,
    page_image,
    pps,
    say,
    say_badly,
    small_page,
    tcf,
)
from tests.modem.t30.test_receiver_ecm import COUNT, FRAMES, PAGE, begin


def begin_without_ecm() -> Script:
    yield hear("DIS")
    yield say(TSI, dcs(FINE))
    yield tcf()
    yield hear("CFR")


# In ECM, a command that says nothing of blocks.


@pytest.mark.parametrize("command", [MPS, EOP])
def test_a_command_without_ecm_and_without_a_frame_confirms_nothing(command: Frame) -> None:
    def script() -> Script:
        yield from begin()
        yield say(command, after=1.0)
        yield hear("DCN")

    done = play(script())
    assert (done.cause, done.confirmed, done.pages) == (Cause.LINE_TOO_BAD, [], [])


def test_a_second_page_that_was_not_heard_is_not_confirmed_by_a_command_without_ecm() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(MPS, 0, 0, COUNT))
        yield hear("MCF")
        yield replace(block(FRAMES), lost=True)
        yield say(EOP)
        yield hear("DCN")

    assert play(script()).confirmed == [(1, "MCF")]


def test_a_last_block_on_which_the_modem_did_not_train_is_not_confirmed_by_a_command_without_ecm() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES[:4])
        yield say(pps(None, 0, 0, 4))
        yield hear("MCF")
        yield replace(block([(number - 4, data) for number, data in FRAMES[4:]]), untrained=True)
        yield say(EOP)
        yield hear("DCN")

    assert play(script()).confirmed == []


def test_blocks_that_were_all_confirmed_are_a_page_when_a_command_without_ecm_follows() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(None, 0, 0, COUNT))
        yield hear("MCF")
        yield say(EOP)
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.confirmed == [(1, "MCF")]
    assert done.pages[0].decoded.bitmap == bitmap(200)


# A new DCS in the middle of a page.


@pytest.mark.parametrize("small_first", [False, True])
def test_frames_may_have_another_size_after_a_new_dcs(small_first: bool) -> None:
    def script() -> Script:
        yield from begin(MMR, *([SMALL] if small_first else []))
        yield block(frames_of(code_of(PAGE, Coding.MMR), 64 if small_first else 256)[:4])
        yield say(pps(EOP, 0, 0, 5))
        yield hear("PPR")
        yield say(TSI, dcs(FINE, ECM, MMR, *([] if small_first else [SMALL]), octets=4))
        yield tcf()
        yield hear("CFR")
        frames = frames_of(code_of(PAGE, Coding.MMR), 256 if small_first else 64)
        yield block(frames)
        yield say(pps(EOP, 0, 0, len(frames)))
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.receipts == [Receipt.CLEAN]
    assert done.pages[0].decoded.bitmap == bitmap(200)


def test_half_a_page_in_ecm_that_comes_whole_without_is_one_page() -> None:
    def script() -> Script:
        yield from begin(20)
        frames = frames_of(code_of(PAGE))
        yield block(frames[:8])
        yield say(pps(None, 0, 0, 8))
        yield hear("MCF")
        yield say(TSI, dcs(FINE))
        yield tcf()
        yield hear("CFR")
        yield page_image(PAGE)
        yield say(EOP)
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.receipts == [Receipt.CLEAN]
    assert done.confirmed == [(1, "MCF")]


def test_after_a_dcs_of_another_form_a_page_cannot_go_on_in_its_middle() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES[:4])
        yield say(pps(None, 0, 0, 4))
        yield hear("MCF")
        yield say(TSI, dcs(FINE, ECM, 16, octets=4))
        yield tcf()
        yield hear("CFR")
        yield block([(number - 4, data) for number, data in FRAMES[4:]])
        yield say(pps(EOP, 0, 1, COUNT - 4))
        yield hear("DCN")

    assert play(script()).confirmed == []


# A modem that says nothing of a carrier on which it did not train.


@pytest.mark.parametrize("seconds", [4.5, 5.0, 5.5])
def test_a_page_of_seconds_of_which_the_modem_says_nothing_is_not_confirmed(seconds: float) -> None:
    """The MPS behind it is octet for octet the one before, and comes later than any repetition of that."""

    def script() -> Script:
        yield from begin_without_ecm()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")
        yield Image(bytes(V17.octets_in(seconds)), V17, short=True, lost=True)
        yield say(MPS)
        yield hear("DCN")

    assert play(script()).confirmed == [(1, "MCF")]


@pytest.mark.parametrize("t4_s", [2.55, 3.45, 4.5, 5.1])
def test_a_command_is_repeated_after_any_t4_and_counts_once(t4_s: float) -> None:
    def script() -> Script:
        yield from begin_without_ecm()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")
        yield say(MPS, after=t4_s - 1.4)  # our answer took the rest of it
        yield hear("MCF")
        yield page_image(small_page())
        yield say(EOP)
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).confirmed == [(1, "MCF"), (2, "MCF")]


def test_the_second_repetition_is_believed_when_the_first_was_heard_but_not_understood() -> None:
    def script() -> Script:
        yield from begin_without_ecm()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")
        yield say_badly(MPS, after=2.0)
        yield say(MPS, after=3.2)
        yield hear("MCF")
        yield page_image(small_page())
        yield say(EOP)
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).confirmed == [(1, "MCF"), (2, "MCF")]


# Pages longer than any, and a disk that fails early.


def test_a_page_of_which_rows_were_cut_off_is_not_called_clean() -> None:
    def script() -> Script:
        yield from begin()
        frames = frames_of(b"\xff" * 9000)  # 72,000 rows of one bit each
        yield block(frames)
        yield say(pps(EOP, 0, 0, len(frames)))
        yield HearAny()
        yield say(DCN)

    assert play(script()).receipts == [Receipt.DAMAGED]


def test_a_disk_that_fails_while_our_flags_rise_is_told_when_they_are_up() -> None:
    """One wish at a time: a modem that is about to say CONNECT takes no commands."""
    states: list[State] = []

    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("DCN")

    def fail(now: float, receiver: Receiver) -> None:
        if receiver.state is State.RAISE_FLAGS and not states:
            receiver.store_failed("no space left", now)
            states.append(receiver.state)

    line = Line(Receiver(ReceiverPolicy(), 0.0), script(), store_s=None)
    done = line.run(fail)
    assert states == [State.RAISE_FLAGS]
    assert (done.cause, done.confirmed) == (Cause.STORAGE, [])
    assert done.finished_script
