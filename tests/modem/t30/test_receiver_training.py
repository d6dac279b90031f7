"""The receiver's phase B against scripted senders: DIS, DCS, the training check, T1, T2 and T4."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modem.outcome import Cause, Phase
from modem.t30.frames import FINAL, NON_FINAL, Frame, Type, ident_fif
from modem.t30.rates import Rate
from tests.modem.t30.receiver_play import play
from tests.modem.t30.receiver_script import (
    CRP,
    DCN,
    EOP,
    FINE,
    MPS,
    TSI,
    V17,
    V17_12000,
    V27,
    V29,
    Image,
    Script,
    Silence,
    dcs,
    hear,
    near,
    page_image,
    say,
    say_badly,
    small_page,
    tcf,
)


def rest(page_after: float = 0.075) -> Script:
    """One page and the end."""
    yield page_image(small_page(), after=page_after)
    yield say(EOP)
    yield hear("MCF")
    yield say(DCN)


# Conformance: what a tester does in phase B.


def test_the_whole_of_a_basic_call() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs(FINE))
        yield tcf()
        cfr = yield hear("CFR")
        assert (cfr.last.fcf, cfr.last.control, cfr.last.fif) == (0x84, FINAL, b"")
        assert cfr.waited >= 0.055
        yield from rest()

    done = play(script())
    assert done.cause is Cause.OK
    assert done.receiver.far_ident == "+1 555 1001"
    assert [burst.last.x for burst in done.bursts] == [0, 0, 0]


def test_a_dcs_of_eight_octets_and_tsi_with_extension_octets_are_taken() -> None:
    def script() -> Script:
        yield hear("DIS")
        tsi = near(Type.TSI, ident_fif("+1 555 1001") + b"\x80\x00", final=False)
        yield say(tsi, dcs(FINE, octets=8))
        yield tcf()
        yield hear("CFR")
        yield from rest()

    done = play(script())
    assert done.cause is Cause.OK
    assert done.pages[0].dpi_y == 196


@pytest.mark.parametrize("after", [0.055, 2.55])
def test_a_dcs_may_come_at_once_or_late(after: float) -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs(), after=after)
        yield tcf()
        yield hear("CFR")
        yield from rest()

    done = play(script())
    assert done.sent == ["DIS", "CFR", "MCF"]


@pytest.mark.parametrize("seconds", [1.35, 1.5, 1.65])
def test_a_training_check_of_about_the_right_length_is_good(seconds: float) -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(dcs())
        yield tcf(seconds=seconds)
        yield hear("CFR")
        yield from rest()

    play(script())


@pytest.mark.parametrize("rate", [V17, V17_12000, V29, V27])
def test_ones_before_and_rubbish_behind_the_zeros_do_no_harm(rate: Rate) -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(dcs(rate=rate))
        zeros = tcf(rate=rate).octets
        yield Image(b"\xff" * 20 + b"\x55" * 10 + zeros + b"\x93\x5a" * 16, rate, short=False)
        yield hear("CFR")
        yield say(DCN)

    play(script())


@pytest.mark.parametrize("check", [tcf(octet=0x55), tcf(octet=0xAA), tcf(seconds=0.75), tcf(octet=0xFF)])
def test_a_bad_or_short_training_check_gets_ftt_and_a_good_one_then_cfr(check: Image) -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield check
        ftt = yield hear("FTT")
        assert ftt.last.fcf == 0x44
        yield say(TSI, dcs(rate=V29))
        yield tcf(V29)
        yield hear("CFR")
        yield page_image(small_page(), rate=V29)
        yield say(EOP)
        yield hear("MCF")
        yield say(DCN)

    done = play(script())
    assert done.cause is Cause.OK
    assert done.receiver.rate_used is V29


def test_no_answer_to_dis_twice_then_a_dcs() -> None:
    def script() -> Script:
        first = yield hear("DIS")
        second = yield hear("DIS")
        third = yield hear("DIS")
        for before, after in ((first, second), (second, third)):
            assert 2.55 <= after.begun - before.ended <= 3.45 + 0.1  # T4
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield from rest()

    assert play(script()).sent == ["DIS", "DIS", "DIS", "CFR", "MCF"]


def test_a_dcs_with_a_wrong_fcs_twice() -> None:
    def script() -> Script:
        for _ in range(2):
            yield hear("DIS")
            yield say_badly(TSI, dcs())
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield from rest()

    play(script())


def test_crp_twice_for_a_dis() -> None:
    def script() -> Script:
        for _ in range(2):
            yield hear("DIS")
            yield say(CRP)
        dis = yield hear("DIS")
        assert dis.waited < 1.0  # asked for, so at once
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield from rest()

    play(script())


def test_dcs_without_training_check_twice_gets_ftt_within_nine_seconds() -> None:
    def script() -> Script:
        yield hear("DIS")
        for _ in range(2):
            yield say(TSI, dcs())
            ftt = yield hear("FTT")
            assert ftt.waited <= 9.0
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield from rest()

    play(script())


def test_a_check_on_which_the_modem_did_not_train_gets_ftt_at_once() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield replace(tcf(), untrained=True)
        ftt = yield hear("FTT")
        assert ftt.waited < 0.5
        yield say(DCN)

    play(script())


def test_the_dcs_again_instead_of_the_training_check_is_read() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield say(TSI, dcs(FINE), after=3.0)
        yield tcf()
        yield hear("CFR")
        yield from rest()

    done = play(script())
    assert done.pages[0].dpi_y == 196


def test_cfr_was_lost_so_dcs_comes_again() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield say_badly(TSI, dcs(), after=3.0)
        yield tcf()
        yield say(TSI, dcs(), after=3.0)
        yield tcf()
        yield hear("CFR")
        yield say(TSI, dcs(), after=3.0)  # and one without a check
        yield hear("FTT")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield from rest()

    done = play(script())
    assert done.cause is Cause.OK
    assert done.confirmed == [(1, "MCF")]


def test_a_modem_that_does_not_tell_of_v21_hears_it_when_no_image_comes() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")  # lost, let us say
        yield say(MPS, after=3.2)
        yield say(MPS, after=3.2)
        yield hear("MCF")
        yield from rest()

    done = play(script(), adaptive=False)
    assert done.confirmed == [(1, "MCF"), (2, "MCF")]


@pytest.mark.parametrize("after", [0.055, 5.0])
def test_a_page_may_begin_at_once_or_late(after: float) -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield page_image(small_page(), after=after)
        yield say(MPS)
        yield hear("MCF")
        yield from rest(page_after=after)

    assert play(script()).confirmed == [(1, "MCF"), (2, "MCF")]


def test_dcn_after_dis_and_after_cfr_ends_cleanly() -> None:
    def after_dis() -> Script:
        yield hear("DIS")
        yield say(DCN)

    def after_cfr() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield say(DCN)

    for script in (after_dis(), after_cfr()):
        done = play(script)
        assert done.cause is Cause.FAR_END_DISCONNECTED
        assert "DCN" not in done.sent
        assert done.pages == []


ODD: dict[str, Frame | bytes] = {
    "unknown final": Frame(FINAL, 0x77),
    "unknown non-final": Frame(NON_FINAL, 0x77, b"\x01\x02"),
    "a long one": Frame(FINAL, 0x77, bytes(120)),
    "a response": near(Type.MCF),
    "no address": b"\x00\x13\x82\x00\x62\x78\x11\x22",
    "too short": b"\xff\x13",
    "nothing": b"",
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_frame_instead_of_a_dcs_is_passed_over(odd: str) -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(ODD[odd])
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield from rest()

    play(script())


def test_our_own_echo_is_no_dis_of_the_caller() -> None:
    def script() -> Script:
        burst = yield hear("DIS")
        yield say(*burst.frames, after=0.4)
        yield hear("DIS")
        yield say(DCN)

    play(script())


def test_nobody_there_t1_and_then_dcn() -> None:
    def script() -> Script:
        while True:
            yield Silence(1000.0)

    done = play(script(), whole=False)
    assert done.cause is Cause.NO_FAX
    assert done.sent[-1] == "DCN"
    assert set(done.sent[:-1]) == {"DIS"}
    answered = done.bursts[0].begun
    assert 30.0 <= done.bursts[-1].begun - answered <= 40.0 + 5.0  # T1, to the next turn of ours


def test_a_caller_that_babbles_for_ever_gets_t1_too() -> None:
    def script() -> Script:
        while True:
            yield say(near(Type.NSS, bytes(30), final=False), after=0.2)

    done = play(script(), whole=False)
    assert done.cause is Cause.NO_FAX
    assert done.seconds < 120


def test_training_that_never_works_comes_to_an_end() -> None:
    def script() -> Script:
        yield hear("DIS")
        while True:
            yield say(TSI, dcs())
            yield tcf(octet=0x55)
            yield Silence(2.0)

    done = play(script(), whole=False)
    assert done.cause is Cause.CANNOT_TRAIN
    assert done.receiver.ended is not None and done.receiver.ended.phase is Phase.B


def test_after_cfr_silence_t2_and_dcn() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        cfr = yield hear("CFR")
        dcn = yield hear("DCN")
        assert 6.0 <= dcn.begun - cfr.ended <= 11.0

    assert play(script()).cause is Cause.LINE_LOST


def test_a_rate_that_the_modem_cannot_receive_gets_ftt() -> None:
    def script() -> Script:
        yield hear("DIS")
        yield say(TSI, dcs(rate=V17))
        yield tcf(V17)
        yield hear("FTT")
        yield say(TSI, dcs(rate=V29))
        yield tcf(V29)
        yield hear("CFR")
        yield say(DCN)

    play(script(), codes=frozenset((24, 48, 72, 96)))
