"""What the receiver answers behind a page without ECM: commands once and again, odd frames, ends, storing first."""

from __future__ import annotations

import pytest

from modem.outcome import Cause, Phase
from modem.t30.frames import FINAL, NON_FINAL, Frame, Type
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_notes import Receipt
from tests.modem.t30.receiver_play import Line, play
from tests.modem.t30.receiver_script import (
    CRP,
    DCN,
    EOM,
    EOP,
    FINE,
    MPS,
    RR,
    TSI,
    V27,
    Script,
    Silence,
    bitmap,
    code_of,
    dcs,
    hear,
    near,
    page_image,
    rows_with_damage,
    say,
    say_badly,
    small_page,
    tcf,
)
from tests.modem.t30.test_receiver_pages import begin, finish, image


@pytest.mark.parametrize("kind", [Type.EOM, Type.PRI_EOM, Type.EOS])
def test_eom_is_confirmed_and_dis_comes_after_t2(kind: Type) -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page(seed=1))
        yield say(near(kind))
        mcf = yield hear("MCF")
        dis = yield hear("DIS")
        assert 5.0 <= dis.begun - mcf.ended <= 7.0
        yield say(TSI, dcs(FINE))
        yield tcf()
        yield hear("CFR")
        yield page_image(small_page(seed=2))
        yield from finish()

    done = play(script())
    assert [page.dpi_y for page in done.pages] == [98, 196]


@pytest.mark.parametrize(("kind", "after"), [(Type.PRI_MPS, Type.MPS), (Type.PRI_EOP, Type.EOP)])
def test_an_operator_is_not_asked_for(kind: Type, after: Type) -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(near(kind))
        yield hear("MCF")
        if after is Type.MPS:
            yield page_image(small_page())
            yield from finish()
        else:
            yield say(DCN)

    assert play(script()).cause is Cause.OK


@pytest.mark.parametrize("command", [EOM, MPS, EOP])
def test_a_command_three_times_is_confirmed_three_times_and_counted_once(command: Frame) -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        answers = []
        for again in range(3):
            yield say(command, after=3.2 if again else 0.075)
            answers.append((yield hear("MCF")))
        assert len({answer.frames for answer in answers}) == 1
        yield say(DCN, after=0.2)

    done = play(script())
    assert done.confirmed == [(1, "MCF")]
    assert len(done.pages) == 1


@pytest.mark.parametrize("answer", ["RTP", "RTN"])
def test_a_command_again_gets_the_same_answer_whichever_it_was(answer: str) -> None:
    def script() -> Script:
        yield from begin()
        yield image(rows_with_damage(1000, 100 if answer == "RTP" else 200))
        for again in range(3):
            yield say(MPS, after=3.2 if again else 0.075)
            yield hear(answer)
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield page_image(small_page())
        yield from finish()

    done = play(script())
    assert len(done.pages) == (2 if answer == "RTP" else 1)
    assert done.refused == (answer == "RTN")


@pytest.mark.parametrize("asked_by", [CRP, RR])
def test_crp_and_rr_get_the_last_answer_again(asked_by: Frame) -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")
        yield say(asked_by)
        yield hear("MCF")
        yield page_image(small_page())
        yield say(EOP)
        yield hear("MCF")
        yield say(asked_by)
        yield hear("MCF")
        yield say(DCN)

    assert play(script()).confirmed == [(1, "MCF"), (2, "MCF")]


def test_crp_for_a_cfr() -> None:
    def script() -> Script:
        yield from begin()
        yield say(CRP)
        yield hear("CFR")
        yield page_image(small_page())
        yield from finish()

    play(script())


@pytest.mark.parametrize("command", [EOM, MPS, EOP])
def test_a_command_with_a_wrong_fcs_gets_no_answer_and_comes_again(command: Frame) -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        for _ in range(2):
            yield say_badly(command)
            yield Silence(3.1)
        yield say(command)
        mcf = yield hear("MCF")
        assert mcf.waited < 2.5
        yield say(DCN, after=0.2)

    done = play(script())
    assert done.sent == ["DIS", "CFR", "MCF"]
    assert done.confirmed == [(1, "MCF")]


ODD: dict[str, Frame | bytes] = {
    "unknown final": Frame(FINAL, 0x77),
    "unknown non-final": Frame(NON_FINAL, 0x77, b"\x01\x02"),
    "a response": near(Type.CFR),
    "no address": b"\x00\x13\x2f\x11\x22\x33",
    "too short": b"\xff\x13",
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_frame_instead_of_a_command_is_passed_over(odd: str) -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(ODD[odd])
        yield Silence(2.0)
        yield from finish()

    assert play(script()).confirmed == [(1, "MCF")]


def test_dcn_after_mps_ends_cleanly_with_the_pages_so_far() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.cause is Cause.FAR_END_DISCONNECTED
    assert done.confirmed == [(1, "MCF")]
    assert "DCN" not in done.sent


def test_dcn_instead_of_a_command_keeps_the_page_as_incomplete() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(DCN)

    done = play(script())
    assert (done.receipts, done.confirmed) == ([Receipt.INCOMPLETE], [])


def test_a_line_that_dies_in_a_page_keeps_what_was_there() -> None:
    def script() -> Script:
        yield from begin()
        code = code_of(small_page(rows=400))
        yield image(code[: len(code) // 3])

    done = play(script())
    assert done.cause is Cause.LINE_LOST
    assert done.sent[-1] == "DCN"
    assert done.receipts == [Receipt.INCOMPLETE]
    assert done.confirmed == []


def test_dcs_instead_of_a_command_begins_the_page_anew() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page(seed=1))
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield page_image(small_page(seed=2))
        yield from finish()

    done = play(script())
    assert [page.decoded.bitmap for page in done.pages] == [bitmap(60, 2)]


def test_dcs_after_mps_without_having_been_asked_for_is_taken() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page(seed=1))
        yield say(MPS)
        yield hear("MCF")
        yield say(TSI, dcs(rate=V27))
        yield tcf(V27)
        yield hear("CFR")
        yield page_image(small_page(seed=2), rate=V27)
        yield from finish()

    assert len(play(script()).confirmed) == 2


def test_after_rtp_to_eop_a_sender_that_goes_has_all_it_wanted() -> None:
    def script() -> Script:
        yield from begin()
        yield image(rows_with_damage(1000, 100))
        yield say(EOP)
        yield hear("RTP")

    def with_dcn() -> Script:
        yield from script()
        yield say(DCN)

    for each in (script(), with_dcn()):
        done = play(each)
        assert done.cause is Cause.OK
        assert done.confirmed == [(1, "RTP")]
        assert "DCN" not in done.sent


def test_without_dcn_the_call_ends_after_t2() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(EOP)
        yield hear("MCF")

    done = play(script())
    assert done.cause is Cause.OK
    assert done.sent[-1] == "MCF"
    assert 5.0 <= done.seconds - done.bursts[-1].ended <= 8.0


def test_after_mcf_to_mps_silence_t2_and_dcn() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(MPS)
        mcf = yield hear("MCF")
        dcn = yield hear("DCN")
        assert 6.0 <= dcn.begun - mcf.ended <= 11.0

    done = play(script())
    assert done.cause is Cause.LINE_LOST
    assert done.receiver.ended is not None and done.receiver.ended.phase is Phase.C


def test_rows_at_the_slowest_rate() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs(rate=V27))
        yield tcf(V27)
        yield hear("CFR")
        yield page_image(small_page(rows=100), rate=V27)
        yield from finish()

    assert play(script()).pages[0].decoded.bitmap == bitmap(100)


# Storing before confirming.


@pytest.mark.parametrize("store_s", [0.0, 0.5, 1.5, 2.2])
def test_a_slow_disk_is_waited_for_with_flags(store_s: float) -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(MPS)
        mcf = yield hear("MCF")
        assert mcf.waited < 2.5
        assert mcf.ended - mcf.begun <= 3.0 * 1.15 + 0.2
        yield page_image(small_page())
        yield from finish()

    done = play(script(), store_s=store_s)
    assert done.sent == ["DIS", "CFR", "MCF", "MCF"]


def test_a_slower_one_has_the_command_repeated() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("CRP")
        yield say(MPS)
        yield hear("MCF")
        yield page_image(small_page())
        yield say(EOP)
        yield hear("CRP")
        yield say(EOP)
        yield hear("MCF")
        yield say(DCN)

    done = play(script(), store_s=4.0)
    assert done.confirmed == [(1, "MCF"), (2, "MCF")]


def test_a_disk_that_never_answers_confirms_nothing() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(EOP)
        yield hear("CRP")
        yield say(EOP)
        yield hear("CRP")
        yield say(EOP)
        yield hear("DCN")

    done = play(script(), store_s=None)
    assert done.cause is Cause.STORAGE
    assert done.confirmed == []


def test_a_disk_that_fails_confirms_nothing() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(EOP)
        yield hear("DCN")

    def fail(now: float, receiver: Receiver) -> None:
        if done.pages and not told:
            told.append(now)
            receiver.store_failed("no space left", now)

    told: list[float] = []
    line = Line(Receiver(ReceiverPolicy(), 0.0), script(), store_s=None)
    done = line.played
    line.run(fail)
    assert done.cause is Cause.STORAGE
    assert done.receiver.ended is not None and "no space left" in done.receiver.ended.detail
    assert done.confirmed == []
    assert done.finished_script
