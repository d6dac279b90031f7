"""ECM when blocks do not get through: CTC, EOR, RR and RNR, and ends in the middle of a page."""

from __future__ import annotations

import pytest

from modem.outcome import Cause
from modem.t30.frames import Frame, Type
from modem.t30.rates import Rate
from modem.t30.receiver_notes import Receipt
from tests.modem.t30.receiver_play import play
from tests.modem.t30.receiver_script import (
    CRP,
    DCN,
    ECM,
    EOM,
    EOP,
    FINE,
    MMR,
    MPS,
    RR,
    TSI,
    V17,
    V27,
    V29,
    HearAny,
    Script,
    Silence,
    bitmap,
    block,
    code_of,
    ctc,
    dcs,
    eor,
    frames_of,
    hear,
    near,
    pps,
    say,
    small_page,
    tcf,
)
from tests.modem.t30.test_receiver_ecm import COUNT, FRAMES, PAGE, begin, missing, only, without


@pytest.mark.parametrize("rate", [None, V17, V29, V27])
def test_four_pprs_ctc_and_on_with_long_training(rate: Rate | None) -> None:
    def script() -> Script:
        yield from begin()
        yield block(without(1, 2))
        for _ in range(3):
            yield say(pps(EOP, 0, 0, COUNT))
            ppr = yield hear("PPR")
            assert missing(ppr.last) == [1, 2]
            yield block(without(1, 2))
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("PPR")
        yield say(ctc(rate))
        ctr = yield hear("CTR")
        assert ctr.last.fcf == 0xC4
        yield block(only(1), rate or V17, short=False)
        yield say(pps(EOP, 0, 0, 1))
        ppr = yield hear("PPR")
        assert missing(ppr.last) == [2]
        yield block(only(2), rate or V17)
        yield say(pps(EOP, 0, 0, 1))
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.pages[0].decoded.bitmap == bitmap(200)


@pytest.mark.parametrize("end", [None, MPS, EOP, EOM])
def test_four_pprs_eor_and_on_without_the_frames(end: Frame | None) -> None:
    code = code_of(PAGE)
    frames = frames_of(code)
    middle = len(frames) // 2
    some = [frame for frame in frames if frame[0] != middle]

    def script() -> Script:
        yield from begin(20)
        yield block(some)
        for _ in range(4):
            yield say(pps(end, 0, 0, len(frames)))
            yield hear("PPR")
            yield block([])
        yield say(eor(end))
        err = yield hear("ERR")
        assert err.last.fcf == 0x1C
        yield say(eor(end), after=3.2)
        yield hear("ERR")
        if end is None:
            yield block(frames)
            yield say(pps(EOP, 0, 1, len(frames)))
            yield hear("MCF")
        elif end is MPS:
            yield block(frames)
            yield say(pps(EOP, 1, 0, len(frames)))
            yield hear("MCF")
        elif end is EOM:
            yield hear("DIS")
        yield say(DCN)

    done = play(script())
    assert done.receipts[0] is Receipt.DAMAGED
    assert done.confirmed[0] == (1, "MCF" if end is None else "ERR")
    assert len(done.pages) == (2 if end is MPS else 1)
    assert done.pages[0].decoded.rows > 100


def test_t6_with_a_gap_is_kept_as_far_as_it_can_be_read() -> None:
    def script() -> Script:
        yield from begin()
        yield block(without(COUNT // 2))
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("PPR")
        yield say(eor(EOP))
        yield hear("ERR")
        yield say(DCN)

    done = play(script())
    page = done.pages[0]
    assert page.receipt is Receipt.DAMAGED
    sure = 60  # rows in front of the gap
    assert page.decoded.bitmap.data[: sure * 216] == bitmap(200).data[: sure * 216]


def test_nothing_but_an_eor_confirms_nothing() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES, bad=tuple(range(COUNT)))
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("PPR")
        yield say(eor(EOP))
        yield hear("DCN")

    assert play(script()).pages == []


# RR, RNR, CRP.


def test_rr_gets_the_answer_again() -> None:
    def script() -> Script:
        yield from begin()
        yield block(without(2))
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("PPR")
        yield say(RR)
        ppr = yield hear("PPR")
        assert missing(ppr.last) == [2]
        yield block(only(2))
        yield say(pps(EOP, 0, 0, 1))
        yield hear("MCF")
        yield say(CRP)
        yield hear("MCF")
        yield say(DCN)

    play(script())


def lenient() -> Script:
    """A sender that asks with RR until it is not told RNR."""
    yield from begin()
    yield block(FRAMES)
    yield say(pps(EOP, 0, 0, COUNT))
    while (yield HearAny()).name == "RNR":
        yield say(RR)
    yield say(DCN)


@pytest.mark.parametrize("store_s", [4.0, 15.0, 40.0])
def test_a_slow_disk_says_rnr_until_the_page_is_stored(store_s: float) -> None:
    done = play(lenient(), store_s=store_s)
    assert done.cause is Cause.OK
    assert done.sent[:2] == ["DIS", "CFR"]
    assert done.sent[-1] == "MCF"
    assert set(done.sent[2:-1]) == {"RNR"}
    for burst in done.bursts[2:]:
        assert burst.waited < 2.5
        assert burst.ended - burst.begun <= 3.0 * 1.15


def test_a_disk_that_never_answers_ends_the_call_within_the_senders_patience() -> None:
    played = play(lenient(), store_s=None, whole=False)
    assert played.cause is Cause.STORAGE
    assert played.sent[-1] == "DCN"
    assert played.confirmed == []
    rnrs = [burst for burst in played.bursts if burst.name == "RNR"]
    assert 55 <= played.bursts[-1].begun - rnrs[0].begun <= 75


def test_a_sender_that_does_not_ask_again_after_rnr() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("RNR")

    done = play(script(), store_s=5.0)
    assert done.cause is Cause.LINE_LOST
    assert done.confirmed == []
    assert len(done.pages) == 1


# Ends in the middle.


def test_a_call_that_ends_in_the_second_block_keeps_what_there_is() -> None:
    def script() -> Script:
        yield from begin(20)
        code = code_of(small_page(rows=400))
        frames = frames_of(code)
        half = len(frames) // 2
        yield block(frames[:half])
        yield say(pps(None, 0, 0, half))
        yield hear("MCF")
        yield block([(number - half, data) for number, data in frames[half:] if number != half + 2])
        yield say(DCN)

    done = play(script())
    assert done.receipts == [Receipt.INCOMPLETE]
    rows = done.pages[0].decoded.rows
    assert 200 < rows < 400
    assert done.pages[0].decoded.bitmap.data == bitmap(400).data[: rows * 216]


def test_a_dcs_in_the_middle_of_a_page_begins_it_anew() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES[:4])
        yield say(pps(None, 0, 0, 4))
        yield hear("MCF")
        yield say(TSI, dcs(FINE, ECM, MMR, rate=V29, octets=4))
        yield tcf(V29)
        yield hear("CFR")
        yield block(FRAMES, V29)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


def test_a_far_end_that_never_gets_a_block_through_comes_to_an_end() -> None:
    def script() -> Script:
        yield from begin()
        while True:
            yield block(without(1))
            yield say(pps(EOP, 0, 0, COUNT))
            yield hear("PPR")

    done = play(script(), whole=False)
    assert done.cause is Cause.LINE_TOO_BAD
    assert done.confirmed == []


def test_rubbish_for_a_pps_is_passed_over() -> None:
    def script() -> Script:
        yield from begin()
        yield block(FRAMES)
        yield say(near(Type.PPS, b"\x2f"))
        yield Silence(1.0)
        yield say(pps(EOP, 0, 0, COUNT))
        yield hear("MCF")
        yield say(DCN)

    play(script())
