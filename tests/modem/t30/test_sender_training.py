"""Phases A and B against scripted far ends (the sending half of T.30's conformance titles, and what hides between)."""

from __future__ import annotations

import pytest

from codec.page import Coding, Resolution
from modem.outcome import Cause, Fate, Phase
from modem.t30 import line
from modem.t30.capabilities import parse_dcs
from modem.t30.frames import Frame, Type, ident_fif, ident_text
from modem.t30.notes import FarEnd
from modem.t30.sender import Sender, SenderPolicy
from modem.t30.supply import CodedPages, Sheet
from tests.modem.t30.play import (
    ALL_CODES,
    BAD,
    CFR,
    CRP,
    CSI,
    DCN,
    ECM,
    FLAGS,
    FTT,
    GREETING,
    GREETING_ECM,
    LOST,
    MCF,
    PLAIN,
    Reply,
    dis,
    far,
    page,
    play,
)

GOOD_END = ["page 14400 short", "EOP", "DCN", "hang up"]


def rates(sent: list[str]) -> list[int]:
    return [int(word.split()[1]) for word in sent if word.startswith("TCF")]


def test_the_shortest_good_call() -> None:
    played = play([GREETING, [CFR], [MCF]])
    assert played.sent == ["TSI", "DCS", "TCF 14400", *GOOD_END]
    assert played.cause is Cause.OK
    assert played.fates == [Fate.CONFIRMED]
    assert all(frame.x == 1 for frame in played.frames)
    assert [frame.final for frame in played.frames] == [False, True, True, True]
    assert ident_text(played.frames[0].fif) == "+1 555 1001"


def test_the_training_check_is_a_second_and_a_half_of_zeros() -> None:
    played = play([GREETING, [CFR], [MCF]])
    assert 2700 <= len(played.streams[0]) <= 2900
    assert not any(played.streams[0])


def test_no_tsi_without_an_identification() -> None:
    assert play([GREETING, [CFR], [MCF]], policy=SenderPolicy()).sent[0] == "DCS"


def test_the_called_station_is_noted() -> None:
    played = play([GREETING, [CFR], [MCF]])
    assert played.sender.far_ident == "+1 555 2001"
    assert [note.ident for note in played.notes if isinstance(note, FarEnd)] == ["+1 555 2001"]


@pytest.mark.parametrize("seconds", [30.0, 20.0])
def test_a_dis_within_t1_is_taken(seconds: float) -> None:
    assert play([[seconds, PLAIN], [CFR], [MCF]]).cause is Cause.OK


def test_without_a_dis_within_t1_the_call_ends_with_dcn() -> None:
    played = play([[]])
    assert played.cause is Cause.NO_FAX
    assert played.sent == ["DCN", "hang up"]
    assert 30 + 11 <= played.seconds <= 40 + 11 + 3


def test_a_dis_after_40_seconds_is_too_late() -> None:
    assert play([[40.0, PLAIN], [CFR], [MCF]]).cause is Cause.NO_FAX


NOISE: list[list[Reply]] = [
    [BAD, PLAIN],
    [BAD, BAD, PLAIN],
    [FLAGS, PLAIN],
    [CSI, BAD, CSI, PLAIN],
    [far(Type.NSF, b"\xb5\0\1abcdefgh", final=False), CSI, PLAIN],
    [CFR, PLAIN],
    [MCF, PLAIN],
    [Frame(0x13, 0x77, b"abc"), Frame(0x13, 0x57), PLAIN],
    [Frame(0x03, 0x77, b"abc"), PLAIN],
    [far(Type.CSI, ident_fif("final by mistake")), CSI, PLAIN],
]


@pytest.mark.parametrize("greeting", NOISE)
def test_what_comes_before_the_dis_does_not_matter(greeting: list[Reply]) -> None:
    played = play([greeting, [CFR], [MCF]])
    assert played.cause is Cause.OK
    assert played.commands[:2] == ["DCS", "TCF 14400"]


def test_a_far_end_that_babbles_for_ever_is_left() -> None:
    played = play([[CSI] * 10_000])
    assert played.cause is Cause.NO_FAX
    assert played.seconds < 70


def test_dcn_instead_of_a_dis() -> None:
    played = play([[CSI, DCN]])
    assert played.cause is Cause.FAR_END_DISCONNECTED
    assert played.sent == ["hang up"]
    assert played.sender.ended is not None
    assert played.sender.ended.phase is Phase.B


def test_a_far_end_that_cannot_receive_gets_dcn() -> None:
    cannot = far(Type.DIS, bytes.fromhex("000C00"))
    played = play([[cannot]])
    assert played.cause is Cause.CANNOT_RECEIVE
    assert played.sent == ["DCN", "hang up"]


def test_nothing_in_common() -> None:
    assert play([GREETING], codes=frozenset()).cause is Cause.INCOMPATIBLE
    played = play([[dis(rates=0b0000)]], codes=frozenset((96,)))
    assert played.cause is Cause.INCOMPATIBLE
    assert played.sent == ["DCN", "hang up"]


@pytest.mark.parametrize(("bits", "width"), [((), 1728), ((17,), 2048), ((18,), 2432), ((17, 18), 2432)])
def test_a_page_wider_than_the_far_end_takes_is_made_as_wide_as_it_takes(bits: tuple[int, ...], width: int) -> None:
    played = play([[dis(15, *bits)], [CFR], [MCF]], [page(width=2432)])
    assert parse_dcs(played.frame("DCS").fif).format.width == width
    assert played.cause is Cause.OK


@pytest.mark.parametrize(
    ("bits", "modem", "policy", "expected"),
    [
        (0b1011, ALL_CODES, SenderPolicy(), 14400),
        (0b0011, ALL_CODES, SenderPolicy(), 9600),
        (0b0010, ALL_CODES, SenderPolicy(), 4800),
        (0b0000, ALL_CODES, SenderPolicy(), 2400),
        (0b1011, frozenset((24, 48, 72, 96)), SenderPolicy(), 9600),
        (0b1011, ALL_CODES, SenderPolicy(max_rate_bps=12000), 12000),
        (0b1011, ALL_CODES, SenderPolicy(v17=False), 9600),
    ],
)
def test_the_first_rate_is_the_fastest_that_far_end_modem_and_policy_allow(
    bits: int, modem: frozenset[int], policy: SenderPolicy, expected: int
) -> None:
    played = play([[dis(15, rates=bits)], [CFR], [MCF]], policy=policy, codes=modem)
    assert played.cause is Cause.OK
    assert rates(played.sent) == [expected]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_each_ftt_lowers_the_rate(count: int) -> None:
    played = play([GREETING, *[[FTT]] * count, [CFR], [MCF]])
    assert played.cause is Cause.OK
    assert rates(played.sent) == [14400, 12000, 9600, 7200, 4800][: count + 1]
    dcs = [parse_dcs(frame.fif) for frame in played.frames if frame.type is Type.DCS]
    assert [each.rate.bps for each in dcs] == rates(played.sent)
    training = "short" if count == 1 else "only"
    assert f"page {rates(played.sent)[-1]} {training}" in played.sent


def test_ftt_for_ever_tries_the_lowest_rate_twice() -> None:
    played = play([GREETING, *[[FTT]] * 50])
    assert played.cause is Cause.CANNOT_TRAIN
    assert rates(played.sent) == [14400, 12000, 9600, 7200, 4800, 2400, 2400]
    assert played.sent[-2:] == ["DCN", "hang up"]
    assert played.fates == [Fate.NOT_SENT]


REPEATED: list[list[Reply]] = [[], [BAD], [CRP], [PLAIN], [CSI, PLAIN], [FLAGS], [far(Type.DTC, PLAIN.fif)]]


@pytest.mark.parametrize("answer", REPEATED)
def test_dcs_and_tcf_are_sent_again_and_go_on(answer: list[Reply]) -> None:
    played = play([GREETING, answer, answer, [CFR], [MCF]])
    assert played.cause is Cause.OK
    assert rates(played.sent) == [14400, 14400, 12000]


@pytest.mark.parametrize("answer", REPEATED)
def test_dcs_and_tcf_are_sent_three_times_at_most(answer: list[Reply]) -> None:
    played = play([GREETING, *[answer] * 10])
    assert played.cause is Cause.NO_ANSWER_TO_TRAINING
    assert len(rates(played.sent)) == 3
    assert played.sent[-2:] == ["DCN", "hang up"]


def test_the_repeat_waits_for_t4() -> None:
    played = play([GREETING, [], [CFR], [MCF]])
    assert 2.55 <= played.waits[1] <= 3.45


@pytest.mark.parametrize("kind", [Type.MCF, Type.RTN, Type.RTP, Type.PPR, Type.PIP, Type.RNR, Type.ERR, Type.CTR])
def test_a_late_answer_to_something_else_is_let_pass(kind: Type) -> None:
    played = play([GREETING, [far(kind), CFR], [MCF]])
    assert rates(played.sent) == [14400]
    assert played.cause is Cause.OK


def test_our_own_echo_is_no_answer() -> None:
    first = play([GREETING, [CFR], [MCF]])
    echo = first.frame("DCS")
    played = play([GREETING, [echo, CFR], [MCF]])
    assert played.commands == first.commands


def test_cfr_with_a_bad_fcs_is_no_cfr() -> None:
    played = play([GREETING, [BAD], [BAD], [CFR], [MCF]])
    assert len(rates(played.sent)) == 3
    assert played.cause is Cause.OK


def test_dcn_after_dcs() -> None:
    played = play([GREETING, [DCN]])
    assert played.cause is Cause.FAR_END_DISCONNECTED
    assert played.sent[-1] == "hang up"
    assert "DCN" not in played.sent


def test_a_field_that_is_not_valid_ends_the_call() -> None:
    played = play([GREETING, [far(Type.FNV, b"\x20")]])
    assert played.cause is Cause.INCOMPATIBLE


def test_a_line_that_is_lost_in_training() -> None:
    played = play([GREETING, [LOST]])
    assert played.cause is Cause.LINE_LOST
    assert played.sent[-1] == "hang up"
    assert played.fates == [Fate.NOT_SENT]


def test_the_last_dis_counts() -> None:
    smaller = dis(rates=0b0010)
    played = play([GREETING, [CSI, smaller], [CFR], [MCF]])
    assert rates(played.sent) == [14400, 4800]
    assert played.cause is Cause.OK
    assert parse_dcs(played.frame("DCS", 1).fif).format.resolution is Resolution.STANDARD


def test_a_fine_page_is_sent_standard_when_that_is_all_the_far_end_takes() -> None:
    played = play([[dis()], [CFR], [MCF]], [page(rows=40, dpi_y=196)])
    assert parse_dcs(played.frame("DCS").fif).format.resolution is Resolution.STANDARD
    assert played.cause is Cause.OK


@pytest.mark.parametrize(
    ("dpi", "bits", "expected"),
    [
        (391, (15, 41), Resolution.SUPERFINE),
        (391, (15,), Resolution.FINE),
        (391, (), Resolution.STANDARD),
        (196, (15, 41), Resolution.FINE),
        (98, (15, 41), Resolution.STANDARD),
    ],
)
def test_resolution_is_the_pages_or_the_next_that_is_taken(
    dpi: int, bits: tuple[int, ...], expected: Resolution
) -> None:
    played = play([[dis(*bits)], [CFR], [MCF]], [page(dpi_y=dpi)])
    assert parse_dcs(played.frame("DCS").fif).format.resolution is expected


@pytest.mark.parametrize(("code", "standard", "fine"), [(1, 5, 5), (4, 40, 40), (0, 20, 20), (3, 20, 10)])
def test_lines_are_filled_up_to_the_minimum_scan_line_time(code: int, standard: int, fine: int) -> None:
    bits = [21 + place for place in range(3) if code >> place & 1]
    for dpi, ms in ((98, standard), (196, fine)):
        played = play([[dis(15, *bits)], [CFR], [MCF]], [page(rows=50, dpi_y=dpi)])
        assert parse_dcs(played.frame("DCS").fif).format.scan_time_ms == ms
        assert len(played.streams[1]) * 8 >= 50 * 14400 * ms // 1000


@pytest.mark.parametrize(
    ("bits", "allowed", "expected"),
    [
        ((27, 31), (), {Coding.MMR}),
        ((16,), (), {Coding.MR, Coding.MH}),
        ((), (), {Coding.MH}),
        ((31,), (), {Coding.MH}),
        ((16, 27, 31), ("mh",), {Coding.MH}),
        ((16, 27, 31), ("mr",), {Coding.MR}),
        ((27, 31), ("mr",), {Coding.MH}),
    ],
)
def test_the_coding_is_one_that_both_can(
    bits: tuple[int, ...], allowed: tuple[str, ...], expected: set[Coding]
) -> None:
    ends: list[list[Reply]] = [[dis(15, *bits)], [CFR], [MCF]]
    played = play(ends, codings=allowed)
    assert parse_dcs(played.frame("DCS").fif).format.coding in expected
    assert played.cause is Cause.OK


def test_the_smallest_coding_is_chosen() -> None:
    noisy = page(rows=100, noise=3)
    played = play([GREETING_ECM, [CFR], [MCF]], [noisy])
    assert parse_dcs(played.frame("DCS").fif).format.coding is Coding.MH
    sparse = page(rows=100)
    played = play([GREETING_ECM, [CFR], [MCF]], [sparse])
    assert parse_dcs(played.frame("DCS").fif).format.coding is not Coding.MH


def test_ecm_is_used_only_when_both_want_it() -> None:
    for greeting, policy, expected in (
        (ECM, SenderPolicy(), True),
        (PLAIN, SenderPolicy(), False),
        (ECM, SenderPolicy(ecm=False), False),
    ):
        played = play([[greeting], [CFR], [MCF]], policy=policy)
        assert parse_dcs(played.frame("DCS").fif).format.ecm is expected
        assert played.cause is Cause.OK


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (line.DialResult.BUSY, Cause.BUSY),
        (line.DialResult.NO_DIAL_TONE, Cause.NO_DIAL_TONE),
        (line.DialResult.NO_ANSWER, Cause.NO_ANSWER),
        (line.DialResult.NO_CARRIER, Cause.NO_CARRIER),
        (line.DialResult.BLACKLISTED, Cause.BLACKLISTED),
        (line.DialResult.DELAYED, Cause.DELAYED),
        (line.DialResult.ERROR, Cause.DEVICE_ERROR),
    ],
)
def test_what_dialling_can_end_with(result: line.DialResult, cause: Cause) -> None:
    sender = Sender("1", CodedPages([Sheet(page())]), SenderPolicy(), 0.0)
    sender.handle(line.Ready(ALL_CODES), 1.0)
    sender.handle(line.DialFailed(result), 9.0)
    sender.handle(line.OnHook(True), 9.1)
    assert sender.ended is not None
    assert (sender.ended.cause, sender.ended.phase) == (cause, Phase.A)
    assert sender.fates == [Fate.NOT_SENT]
