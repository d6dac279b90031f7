"""The sending half of the conformance titles (TSB-85), each with what a tester would look at: bits, order of signals,
timers, repeats, silence.

A burst of frames takes 1.2 s on this line, so two repeats of a command lie T4 and 1.2 s apart.
"""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from codec.coder import decode, page_from_bitmap
from codec.operations import reduce_rows, same_pixels
from codec.page import BitOrder, Page, Resolution
from modem.outcome import Cause, Fate, Phase
from modem.t30.capabilities import T85, Bits, parse_dcs
from modem.t30.frames import Frame, Type
from modem.t30.notes import PageAnswered, PageStarted
from tests.modem.t30.play import (
    BAD,
    CFR,
    CRP,
    CSI,
    DCN,
    FTT,
    GREETING,
    MCF,
    PLAIN,
    RTN,
    RTP,
    Played,
    Reply,
    dis,
    page,
    play,
)

T4 = (2.55, 3.45)
BURST_S = 1.2
TRAINED: list[list[Reply]] = [GREETING, [CFR]]
# Pages and answers so that each post-page command comes once as the first one: pages, what follows an MCF to it.
ENDS: dict[str, tuple[list[Page], list[Reply]]] = {
    "EOP": ([page(rows=40)], []),
    "MPS": ([page(rows=40), page(rows=41)], []),
    "EOM": ([page(rows=40, dpi_y=98), page(rows=41, dpi_y=196)], [6.0, CSI, PLAIN]),
}
# How each call goes on behind the answer to its first page.
REST: dict[str, list[list[Reply]]] = {"EOP": [], "MPS": [[MCF]], "EOM": [[CFR], [MCF]]}


def dcs_bits(played: Played, nth: int = 0) -> Bits:
    return Bits(played.frame("DCS", nth).fif)


def image_of(played: Played, nth: int = 1) -> Page:
    """The page in the n-th fast transmission without ECM (0 is the TCF), as a receiver decodes it."""
    form = parse_dcs(played.frame("DCS").fif).format
    assert form.coding is not T85
    decoded = decode(played.streams[nth], form.coding, form.width, order=BitOrder.LSB)
    assert decoded.clean
    return page_from_bitmap(decoded.bitmap, 204, form.resolution.dpi_y)


def lines_of(stream: bytes) -> list[int]:
    """Bits of each coded line with its EOL, RTC apart."""
    bits = f"{int.from_bytes(stream, 'little'):0{8 * len(stream)}b}"[::-1]
    ends = [match.end() for match in re.finditer("0{11,}1", bits)]
    gaps = [second - first for first, second in pairwise(ends)]
    return gaps[: next(at for at, gap in enumerate(gaps) if gap == 12)]


def in_t4(seconds: float, sent_s: float) -> bool:
    return T4[0] <= seconds - sent_s <= T4[1]


# Phase B: what the DIS says.


def test_a_far_end_with_standard_only_gets_the_page_converted_and_says_so_in_no_bit() -> None:
    sheet = page(rows=80, dpi_y=196)
    played = play([[dis()], [CFR], [MCF]], [sheet])
    bits = dcs_bits(played)
    assert bits[10]
    assert not any(bits[number] for number in (9, 15, 16, 26, 27, 28, 31, 41, 42, 43, 44, 78))
    assert len(played.frame("DCS").fif) == 3
    assert not bits[24]
    received = image_of(played)
    assert received.rows == 40
    assert same_pixels(received, reduce_rows(sheet, Resolution.STANDARD)) is None
    assert played.cause is Cause.OK


@pytest.mark.parametrize(("code", "ms"), [(0b001, 5), (0b100, 40), (0b010, 10), (0b000, 20)])
def test_no_line_is_shorter_than_the_far_end_prints(code: int, ms: int) -> None:
    asked = [21 + place for place in range(3) if code >> place & 1]
    played = play([[dis(15, *asked)], [CFR], [MCF]], [page(rows=60)])
    assert dcs_bits(played).field(21, 23) == code
    lines = lines_of(played.streams[1])
    assert len(lines) == 60
    assert min(lines) >= 14400 * ms // 1000
    assert min(lines) < 14400 * ms // 1000 + 50  # and none is filled up without need


def test_two_scan_times_in_a_dis_become_the_one_of_the_resolution() -> None:
    """Bits 21-23 = 110: 20 ms at 3.85, 10 ms at 7.7 lines/mm; a DCS has plain codes only."""
    for dpi, code in ((98, 0b000), (196, 0b010)):
        played = play([[dis(15, 21, 22)], [CFR], [MCF]], [page(dpi_y=dpi)])
        assert dcs_bits(played).field(21, 23) == code


def test_without_ecm_at_the_far_end_none_is_used_though_wanted() -> None:
    played = play([[dis(15, 16, 31, 21, 22, 23)], [CFR], [MCF]])  # T.6 without ECM cannot be meant
    bits = dcs_bits(played)
    assert not bits[27]
    assert not bits[31]
    assert played.commands == ["DCS", "TCF 14400", "page 14400 short", "EOP", "DCN", "hang up"]


def test_a_far_end_that_cannot_receive_gets_dcn_and_nothing_else() -> None:
    cannot = Frame(0x13, 0x80, bytes.fromhex("000C00"))
    played = play([[CSI, cannot]])
    assert played.sent == ["DCN", "hang up"]
    assert played.cause is Cause.CANNOT_RECEIVE
    assert played.times("hang up")[0] - played.times("DCN")[0] == pytest.approx(BURST_S)


@pytest.mark.parametrize(("seconds", "taken"), [(29.0, True), (38.8, False)])
def test_t1_is_35_seconds_from_the_answer(seconds: float, taken: bool) -> None:
    """The DIS has come at 30 s (its flags a second before), or at 40 s."""
    played = play([[seconds, PLAIN], [CFR], [MCF]], answer_s=0.0)
    if taken:
        assert played.cause is Cause.OK
    else:
        assert played.cause is Cause.NO_FAX
        assert played.sent == ["DCN", "hang up"]
        assert 30.0 <= played.times("DCN")[0] - 11.0 <= 40.0  # set up and dialled within 11 s


def test_dis_with_a_bad_fcs_twice_is_met_with_silence() -> None:
    played = play([[BAD, BAD, CSI, PLAIN], [CFR], [MCF]])
    assert played.commands[:2] == ["DCS", "TCF 14400"]
    assert played.times("TSI")[0] > 11.0 + 3 * 1.2
    assert played.cause is Cause.OK


# Phase B: training.


@pytest.mark.parametrize("answer", [[], [BAD], [CRP]])
def test_dcs_is_repeated_twice_with_the_whole_training(answer: list[Reply]) -> None:
    played = play([GREETING, answer, answer, [CFR], [MCF]])
    assert played.commands[:6] == ["DCS", "TCF 14400", "DCS", "TCF 14400", "DCS", "TCF 12000"]
    assert played.sent.count("TSI") == 3
    assert played.frame("DCS", 0) == played.frame("DCS", 1)
    first, second = played.waits[1:3]
    if answer == [CRP]:
        assert max(first, second) < 2.0  # asked for: no need to wait for T4
    else:
        assert all(T4[0] <= wait <= T4[1] + 1.5 for wait in (first, second))
    assert played.cause is Cause.OK


def test_a_bad_cfr_is_waited_out_before_dcs_is_repeated() -> None:
    """The repeat must not talk into what the far end still sends."""
    played = play([GREETING, [2.8, BAD], [CFR], [MCF]])
    assert played.waits[1] > 2.8 + 1.2
    assert played.cause is Cause.OK


def test_dis_in_training_repeats_dcs_at_the_same_rate_and_the_third_ends_it() -> None:
    again: list[Reply] = [CSI, PLAIN]
    played = play([GREETING, again, [CFR], [MCF]])
    assert played.commands[:4] == ["DCS", "TCF 14400", "DCS", "TCF 14400"]
    assert played.frame("DCS", 0) == played.frame("DCS", 1)
    played = play([GREETING, again, again, again, again])
    assert [word for word in played.commands if word != "DCS"][-2:] == ["DCN", "hang up"]
    assert played.commands.count("DCS") == 3
    assert played.cause is Cause.NO_ANSWER_TO_TRAINING


@pytest.mark.parametrize("count", [1, 2, 3])
def test_ftt_lowers_the_rate_and_the_page_goes_at_the_rate_of_the_last_dcs(count: int) -> None:
    played = play([GREETING, *[[FTT]] * count, [CFR], [MCF]])
    rates = [14400, 12000, 9600, 7200][: count + 1]
    said = [parse_dcs(frame.fif).rate for frame in played.frames if frame.type is Type.DCS]
    assert [rate.bps for rate in said] == rates
    assert [int(word.split()[1]) for word in played.sent if word.startswith("TCF")] == rates
    sent_at = [word for word in played.sent if word.startswith("page")]
    assert sent_at == [f"page {rates[-1]} {'short' if said[-1].modulation.value == 'V.17' else 'only'}"]
    for rate, tcf in zip(said, played.streams, strict=False):
        assert 1.35 <= len(tcf) * 8 / rate.bps <= 1.65
        assert not any(tcf)
    assert max(played.waits[1 : count + 1]) < 2.0  # an FTT is no repeat: nothing is waited for


def test_four_ftts_do_not_end_the_call() -> None:
    assert play([GREETING, [FTT], [FTT], [FTT], [FTT], [CFR], [MCF]]).cause is Cause.OK


# Phase D without ECM.


@pytest.mark.parametrize("command", ENDS)
@pytest.mark.parametrize("answer", [[], [BAD], [CRP]])
def test_the_post_page_command_is_repeated_twice_and_the_page_counts_once(command: str, answer: list[Reply]) -> None:
    pages, then = ENDS[command]
    played = play([*TRAINED, answer, answer, [MCF, *then], *REST[command]], pages)
    assert played.sent.count(command) == 3
    assert played.cause is Cause.OK
    first, second, third = played.times(command)
    for gap in (second - first, third - second):
        assert gap < BURST_S + 2.0 if answer == [CRP] else T4[0] <= gap - BURST_S <= T4[1] + 1.5
    repeats = [frame for frame in played.frames if frame.name == command]
    assert repeats[0] == repeats[1] == repeats[2]
    at = played.sent.index(command)
    assert played.sent[at : at + 3] == [command] * 3
    assert [note.index for note in played.notes if isinstance(note, PageAnswered)] == list(range(len(pages)))
    assert [note.index for note in played.notes if isinstance(note, PageStarted)] == list(range(len(pages)))


@pytest.mark.parametrize("command", ENDS)
def test_after_a_repeat_a_second_mcf_is_let_pass(command: str) -> None:
    """Both copies of the answer come: the second is not taken for the answer to what follows."""
    pages, then = ENDS[command]
    played = play([*TRAINED, [], [MCF, 0.0, MCF, *then], *REST[command]], pages, answer_s=0.1)
    assert played.cause is Cause.OK
    assert played.fates == [Fate.CONFIRMED] * len(pages)
    if command != "EOM":
        after = played.sent.index(command) + 2
        second_heard = played.times(command)[1] + BURST_S + 2 * (0.1 + 1.2)
        assert played.began[after] >= second_heard - 1e-6


@pytest.mark.parametrize("command", ["EOP", "MPS"])
def test_after_a_repeat_with_one_answer_the_line_is_listened_to_for_200_ms(command: str) -> None:
    pages, _ = ENDS[command]
    once = play([*TRAINED, [MCF], *REST[command]], pages)
    twice = play([*TRAINED, [], [MCF], *REST[command]], pages)
    assert twice.waits[3] - once.waits[2] == pytest.approx(0.2)


def test_rtp_confirms_and_asks_for_training() -> None:
    played = play([*TRAINED, [RTP]], ENDS["EOP"][0])
    assert played.commands[-3:] == ["EOP", "DCN", "hang up"]
    played = play([*TRAINED, [RTP], [CFR], [MCF]], ENDS["MPS"][0])
    assert played.commands[3:] == ["MPS", "DCS", "TCF 14400", "page 14400 short", "EOP", "DCN", "hang up"]
    played = play([*TRAINED, [RTP, 6.0, CSI, PLAIN], [CFR], [MCF]], ENDS["EOM"][0])
    assert played.commands[3:6] == ["EOM", "DCS", "TCF 14400"]
    assert played.fates == [Fate.CONFIRMED] * 2
    assert played.cause is Cause.OK


@pytest.mark.parametrize("command", ENDS)
def test_rtn_brings_the_same_page_again_after_training_at_a_lower_rate(command: str) -> None:
    pages, then = ENDS[command]
    mcf: list[Reply] = [MCF, *then]
    played = play([*TRAINED, [RTN, *then], [CFR], mcf, *REST[command]], pages)
    at = played.sent.index(command)
    follows = [word for word in played.sent[at + 1 :] if word != "TSI"]
    assert follows[:4] == ["DCS", "TCF 12000", "page 12000 short", command]
    assert image_of(played, 1).data == image_of(played, 3).data
    assert [(note.index, note.fate) for note in played.notes if isinstance(note, PageAnswered)][:2] == [
        (0, Fate.REFUSED),
        (0, Fate.CONFIRMED),
    ]
    assert played.cause is Cause.OK


def test_rtn_to_the_end_sends_a_page_three_times_and_never_calls_it_confirmed() -> None:
    played = play([*TRAINED, *[[RTN], [CFR]] * 9])
    assert sum(word.startswith("page") for word in played.sent) == 3
    assert played.cause is Cause.PAGE_REFUSED
    assert played.fates == [Fate.REFUSED]
    assert played.commands[-2:] == ["DCN", "hang up"]


@pytest.mark.parametrize("where", ["DCS", *ENDS])
def test_dcn_from_the_far_end_is_not_answered_and_says_where_it_came(where: str) -> None:
    if where == "DCS":
        played = play([GREETING, [DCN]])
        assert played.fates == [Fate.NOT_SENT]
    else:
        pages, _ = ENDS[where]
        played = play([*TRAINED, [DCN]], pages)
        assert played.fates == [Fate.UNCERTAIN, *[Fate.NOT_SENT] * (len(pages) - 1)]
    ended = played.sender.ended
    assert ended is not None
    assert (ended.cause, ended.phase) == (Cause.FAR_END_DISCONNECTED, Phase.B if where == "DCS" else Phase.D)
    assert ended.after == where
    assert "DCN" not in played.sent
    assert played.sent[-1] == "hang up"


# No answers at all.


@pytest.mark.parametrize("phase", ["DIS", "DCS", *ENDS, "DIS after EOM"])
def test_silence_in_each_phase_ends_after_three_tries_with_dcn(phase: str) -> None:
    if phase == "DIS":
        played, command, tries = play([[]]), "DCS", 0
    elif phase == "DCS":
        played, command, tries = play([GREETING]), "DCS", 3
    elif phase == "DIS after EOM":
        played, command, tries = play([*TRAINED, [MCF]], ENDS["EOM"][0]), "EOM", 1
    else:
        played, command, tries = play(TRAINED, ENDS[phase][0]), phase, 3
    assert played.sent.count(command) == tries
    assert played.sent[-2:] == ["DCN", "hang up"]
    assert played.cause is not Cause.OK
    for first, second in pairwise(played.times(command)):
        between = 0.0 if command != "DCS" else len(played.streams[0]) * 8 / 14400 + 0.2
        assert in_t4(second - first, BURST_S + between)
