"""The receiver's phases C and D without ECM, against scripted senders: copy quality, answers, repeats, ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codec.page import Coding, Resolution
from modem.outcome import Cause
from modem.t30.frames import FINAL, Type
from modem.t30.receiver_abilities import CopyQuality, ReceiverPolicy
from modem.t30.receiver_notes import Receipt
from tests.modem.t30.receiver_play import Played, play
from tests.modem.t30.receiver_script import (
    DCN,
    EOL,
    EOP,
    FINE,
    MPS,
    MR,
    TSI,
    V17,
    Image,
    Script,
    Silence,
    bitmap,
    code_of,
    coded_rows,
    dcs,
    hear,
    in_octets,
    page_image,
    rows_with_damage,
    say,
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


def test_three_eols_of_an_rtc_are_enough_when_the_carrier_goes() -> None:
    rows = "".join(EOL + code for code in coded_rows(100))
    done = one_page(in_octets(rows + EOL * 3), "MCF")
    assert done.pages[0].decoded.bitmap == bitmap(100)


@pytest.mark.parametrize("tail", ["", "0" * 40, "1" * 40, "01" * 40])
def test_a_page_cut_behind_a_row_is_refused_though_its_tail_looks_like_an_eol(tail: str) -> None:
    """Of 100 rows 60 come in, with the EOL of the last one; what the dying carrier says begins as an EOL does."""
    rows = "".join(EOL + code for code in coded_rows(100)[:60])
    done = one_page(in_octets(rows + EOL * 2 + tail), "RTN")
    assert done.confirmed == []


def test_a_sender_whose_rtc_has_two_eols_is_believed_the_second_time() -> None:
    code = in_octets("".join(EOL + row for row in coded_rows(100)) + EOL * 2)

    def script() -> Script:
        yield from begin()
        yield image(code)
        yield say(EOP)
        yield hear("RTN")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")
        yield image(code)
        yield from finish()

    assert play(script()).pages[0].decoded.bitmap == bitmap(100)


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
