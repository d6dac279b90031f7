"""The receiver's phases C and D without ECM, against scripted senders: copy quality, answers, repeats, ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codec.page import Coding, Resolution
from modem.outcome import Cause, Phase
from modem.t30.frames import FINAL, NON_FINAL, Frame, Type
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import CopyQuality, ReceiverPolicy
from modem.t30.receiver_notes import Receipt
from tests.modem.t30.receiver_play import (
    CRP,
    DCN,
    EOL,
    EOM,
    EOP,
    FINE,
    MPS,
    MR,
    RR,
    TSI,
    V17,
    V27,
    Image,
    Line,
    Played,
    Script,
    Silence,
    bitmap,
    code_of,
    coded_rows,
    dcs,
    hear,
    in_octets,
    near,
    page_image,
    play,
    rows_with_damage,
    say,
    say_badly,
    small_page,
    tcf,
    with_fill,
)


def begin(*bits: int) -> Script:
    yield hear("DIS")
    yield say(TSI, dcs(*bits))
    yield tcf()
    yield hear("CFR")


def finish() -> Script:
    yield say(EOP)
    yield hear("MCF")
    yield say(DCN)


def image(octets: bytes) -> Image:
    return Image(octets, V17, short=True)


def one_page(octets: bytes, answer: str) -> Played:
    def script() -> Script:
        yield from begin()
        yield image(octets)
        yield say(EOP)
        yield hear(answer)
        yield say(DCN)

    return play(script())


def test_two_pages() -> None:
    def script() -> Script:
        yield from begin(FINE)
        yield page_image(small_page(seed=1))
        yield say(MPS)
        mcf = yield hear("MCF")
        assert (mcf.last.fcf, mcf.last.control) == (0x8C, FINAL)
        assert 0.055 <= mcf.waited <= 2.5
        yield page_image(small_page(seed=2))
        yield from finish()

    done = play(script())
    assert done.cause is Cause.OK
    assert done.confirmed == [(1, "MCF"), (2, "MCF")]
    assert [page.decoded.bitmap for page in done.pages] == [bitmap(60, 1), bitmap(60, 2)]
    assert done.sent == ["DIS", "CFR", "MCF", "MCF"]


@pytest.mark.parametrize(
    ("bits", "dpi"),
    [
        ((), (204, 98)),
        ((FINE,), (204, 196)),
        ((41,), (204, 391)),
        ((FINE, 41), (204, 391)),
        ((44,), (200, 100)),
        ((FINE, 44), (200, 200)),
        ((41, 44), (200, 400)),
    ],
)
def test_the_resolution_is_that_of_the_dcs(bits: tuple[int, ...], dpi: tuple[int, int]) -> None:
    def script() -> Script:
        yield from begin(*bits)
        yield page_image(small_page())
        yield from finish()

    page = play(script()).pages[0]
    assert (page.dpi_x, page.dpi_y) == dpi


def test_mr_is_read_by_its_tags() -> None:
    def script() -> Script:
        yield from begin(FINE, MR)
        yield page_image(small_page(rows=200), Coding.MR)
        yield from finish()

    assert play(script()).pages[0].decoded.bitmap == bitmap(200)


# Copy quality.


@pytest.mark.parametrize(
    ("bad", "answer", "receipt"),
    [
        (0, "MCF", Receipt.CLEAN),
        (49, "MCF", Receipt.DAMAGED),
        (50, "RTP", Receipt.DAMAGED),
        (149, "RTP", Receipt.DAMAGED),
    ],
)
def test_a_page_with_some_bad_rows_is_taken_and_repaired(bad: int, answer: str, receipt: Receipt) -> None:
    done = one_page(rows_with_damage(1000, bad), answer)
    assert done.receipts == [receipt]
    page = done.pages[0].decoded
    assert (page.rows, len(page.bad_rows)) == (1000, bad)
    if bad:
        at = next(row for row in page.bad_rows if row > 0)
        size = 216
        assert page.bitmap.data[at * size : at * size + size] == page.bitmap.data[(at - 1) * size : at * size]
    assert done.confirmed == [(1, answer)]


def test_a_page_with_too_many_bad_rows_is_refused_and_comes_again() -> None:
    def script() -> Script:
        yield from begin()
        yield image(rows_with_damage(1000, 151))
        yield say(EOP)
        yield hear("RTN")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield image(rows_with_damage(1000, 3))
        yield from finish()

    done = play(script())
    assert (done.refused, done.confirmed) == (1, [(1, "MCF")])
    assert len(done.pages) == 1


def test_a_refused_page_that_does_not_come_again_is_kept_but_not_confirmed() -> None:
    done = one_page(rows_with_damage(1000, 300), "RTN")
    assert done.cause is Cause.FAR_END_DISCONNECTED
    assert done.receipts == [Receipt.DAMAGED]
    assert done.confirmed == []


def test_rows_that_are_bad_in_sequence_ask_for_a_new_training() -> None:
    quality = CopyQuality()
    assert quality.answer(1000, 11, 11, Resolution.FINE) is Type.RTP
    assert quality.answer(1000, 10, 10, Resolution.FINE) is Type.MCF
    assert quality.answer(1000, 11, 11, Resolution.SUPERFINE) is Type.MCF
    assert quality.answer(1000, 6, 6, Resolution.STANDARD) is Type.RTP


def test_what_is_good_enough_is_the_policys() -> None:
    strict = ReceiverPolicy(quality=CopyQuality(mcf_below=0.001, rtp_below=0.01))

    def script() -> Script:
        yield from begin()
        yield image(rows_with_damage(1000, 20))
        yield say(EOP)
        yield hear("RTN")
        yield say(DCN)

    play(script(), strict)


@pytest.mark.parametrize(("seconds", "answer"), [(4.9, "MCF"), (5.1, "RTN")])
def test_a_scan_line_may_take_five_seconds_and_no_more(seconds: float, answer: str) -> None:
    row_bits = 700  # about what a row has anyway
    one_page(with_fill(60, int(seconds * V17.bps) - row_bits), answer)


def test_a_page_that_was_broken_off_is_never_confirmed() -> None:
    """The carrier drops in the middle, the sender does not know, and says EOP when it is through."""

    def script() -> Script:
        yield from begin()
        code = code_of(small_page(rows=400))
        yield image(code[: len(code) // 2])
        yield Silence(8.0)
        yield say(EOP)
        yield hear("RTN")
        yield say(DCN)

    done = play(script())
    assert done.confirmed == []
    assert 150 < done.pages[0].decoded.rows < 250


def test_a_sender_without_rtc_is_believed_the_second_time() -> None:
    code = code_of(small_page(rows=100))

    def script() -> Script:
        yield from begin()
        yield image(code[: len(code) - 9])
        yield say(EOP)
        yield hear("RTN")  # the carrier may have dropped just before the last rows
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield image(code[: len(code) - 9])
        yield from finish()

    done = play(script())
    assert done.pages[0].decoded.bitmap == bitmap(100)


@pytest.mark.parametrize("lost", [30, 200, 1000])
def test_a_page_that_ends_a_little_too_soon_is_refused_though_its_command_comes_at_once(lost: int) -> None:
    code = code_of(small_page(rows=100))
    done = one_page(code[: len(code) - lost], "RTN")
    assert done.confirmed == []


def test_two_eols_of_an_rtc_are_enough_when_the_carrier_goes() -> None:
    rows = "".join(EOL + code for code in coded_rows(100))
    done = one_page(in_octets(rows + EOL * 2), "MCF")
    assert done.pages[0].decoded.bitmap == bitmap(100)


def test_what_follows_rtc_is_not_part_of_the_page() -> None:
    done = one_page(code_of(small_page(rows=100)) + bytes(200) + b"\x9a\x33\x71" * 30, "MCF")
    assert done.pages[0].decoded.bitmap == bitmap(100)


def test_a_carrier_that_does_not_end_behind_its_rtc_is_left() -> None:
    def script() -> Script:
        yield from begin()
        yield image(code_of(small_page(rows=100)) + bytes(1800 * 7))
        yield from finish()

    done = play(script())
    assert done.pages[0].decoded.rows == 100


def test_nothing_but_noise_gets_no_rtn() -> None:
    """Some senders take RTN for a confirmation: a page of which nothing came in must not be lost so."""

    def script() -> Script:
        yield from begin()
        yield image(b"\xff" * 3000)
        yield say(EOP)
        yield hear("DCN")

    done = play(script())
    assert done.cause is Cause.LINE_TOO_BAD
    assert done.pages == []


def test_a_command_without_any_image_gets_no_confirmation() -> None:
    def script() -> Script:
        yield from begin()
        yield say(EOP, after=1.0)
        yield hear("DCN")

    assert play(script()).confirmed == []


def test_a_lost_second_page_is_not_taken_for_a_repeated_command() -> None:
    """MPS, MCF; the next page is not heard at all; the MPS behind it is octet for octet the one before."""

    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")
        yield Image(bytes(1800 * 4), V17, short=True, lost=True)
        yield Silence(4.2)
        yield say(MPS)
        yield hear("DCN")

    done = play(script())
    assert done.confirmed == [(1, "MCF")]


def test_a_page_on_which_the_modem_did_not_train_is_no_repeated_command_either() -> None:
    def script() -> Script:
        yield from begin()
        yield page_image(small_page())
        yield say(MPS)
        yield hear("MCF")
        yield replace(page_image(small_page()), untrained=True)
        yield say(MPS)  # soon, and octet for octet the one before
        yield hear("DCN")

    done = play(script())
    assert done.cause is Cause.LINE_TOO_BAD
    assert done.confirmed == [(1, "MCF")]


# What follows a page.


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
