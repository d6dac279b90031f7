"""ECM against scripted far ends: blocks, PPR, RNR, CTC and EOR."""

from __future__ import annotations

import pytest

from codec.coder import decode
from codec.page import Coding
from modem.outcome import Cause, Fate
from modem.t30 import hdlc
from modem.t30.capabilities import Bits, parse_dcs
from modem.t30.frames import Frame, Type
from modem.t30.notes import PageAnswered
from modem.t30.supply import CodedPages, Sheet
from tests.modem.t30.play import (
    BAD,
    CFR,
    CRP,
    CTR,
    DCN,
    ECM,
    ERR,
    FTT,
    GREETING_ECM,
    LOST,
    MCF,
    PIN,
    PIP,
    RNR,
    RTN,
    RTP,
    Played,
    Reply,
    dis,
    page,
    play,
    ppr,
    ppr_map,
)

TRAINED: list[list[Reply]] = [GREETING_ECM, [CFR]]
FOUR_PPR: list[list[Reply]] = [[ppr(1)], [ppr(1)], [ppr(1)], [ppr(1)]]
SMALL = page(rows=40)
LONG = page(rows=60, noise=1)  # a hundred frames
HUGE = page(rows=200, noise=1)  # more than one block
PAGES = [page(rows=40), page(rows=41)]
ONE_DIMENSIONAL = ("mh",)


def after_training(played: Played) -> list[str]:
    return played.commands[played.commands.index("TCF 14400") + 1 :]


def blocks(played: Played) -> list[list[int]]:
    """Frame numbers of each block that was sent."""
    return [
        [frame[3] for frame in hdlc.deframe(stream) if frame[2] == Type.FCD.value]
        for stream in played.streams
        if stream.startswith(b"\x7e\x7e")
    ]


def pps(played: Played) -> list[tuple[int, ...]]:
    return [tuple(frame.fif) for frame in played.frames if frame.type is Type.PPS]


def frame_count() -> int:
    return len(blocks(play([*TRAINED, [MCF]], [LONG]))[0])


def test_one_page_is_one_block_that_holds_the_whole_page() -> None:
    played = play([*TRAINED, [MCF]], [LONG], codings=("mmr",))
    count = len(blocks(played)[0])
    assert after_training(played) == [f"block 14400 short {count}", "PPS-EOP", "DCN", "hang up"]
    assert pps(played) == [(0x2F, 0, 0, count - 1)]
    data = b"".join(frame[4:] for frame in hdlc.deframe(played.streams[1]) if frame[2] == Type.FCD.value)
    assert len(data) == 256 * count
    code = decode(data, Coding.MMR, LONG.width)
    assert code.clean
    assert code.rows == LONG.rows
    assert played.fates == [Fate.CONFIRMED]
    assert parse_dcs(played.frame("DCS").fif).format.scan_time_ms == 0


def test_a_block_has_at_most_256_frames_and_the_page_goes_on_in_the_next() -> None:
    played = play([*TRAINED, [MCF], [MCF], [MCF]], [HUGE, SMALL])
    first, second, third = blocks(played)
    assert first == list(range(256))
    assert second == list(range(len(second)))
    assert [tuple(each[:3]) for each in pps(played)] == [(0x00, 0, 0), (0x4F, 0, 1), (0x2F, 1, 0)]
    assert [each[3] for each in pps(played)] == [255, len(second) - 1, len(third) - 1]
    assert after_training(played)[1] == "PPS-NULL"
    assert [note.index for note in played.notes if isinstance(note, PageAnswered)] == [0, 1]
    assert played.fates == [Fate.CONFIRMED] * 2


def test_a_page_of_which_one_block_is_confirmed_is_not_confirmed() -> None:
    played = play([*TRAINED, [MCF], [DCN]], [HUGE, SMALL])
    assert played.fates == [Fate.UNCERTAIN, Fate.NOT_SENT]


@pytest.mark.parametrize("missing", [(0,), (7,), (-1,), (0, -1), (1, 2, 3, 9)])
def test_only_the_frames_that_are_missing_are_sent_again(missing: tuple[int, ...]) -> None:
    count = frame_count()
    asked = sorted(number % count for number in missing)
    played = play([*TRAINED, [ppr(*asked)], [MCF]], [LONG])
    assert blocks(played) == [list(range(count)), asked]
    assert pps(played)[1] == (0x2F, 0, 0, len(asked) - 1)
    assert played.sender.frames_resent == len(asked)
    assert "block 14400 short" in played.sent[-4]
    assert played.fates == [Fate.CONFIRMED]


def test_frames_that_are_sent_again_are_the_same_octets() -> None:
    played = play([*TRAINED, [ppr(3, 5)], [MCF]], [LONG])
    first = {frame[3]: frame for frame in hdlc.deframe(played.streams[1]) if frame[2] == Type.FCD.value}
    again = [frame for frame in hdlc.deframe(played.streams[2]) if frame[2] == Type.FCD.value]
    assert again == [first[3], first[5]]


@pytest.mark.parametrize(
    "octets", [b"\xff" * 32, b"\x02" + b"\xff" * 40, b"\x02", b"", bytes(32)], ids=["all", "long", "short", "none", "0"]
)
def test_a_map_of_any_shape_asks_for_frames_that_exist(octets: bytes) -> None:
    count = frame_count()
    played = play([*TRAINED, [ppr_map(octets)], [MCF]], [LONG])
    again = blocks(played)[1]
    assert again
    assert set(again) <= set(range(count))
    assert played.cause is Cause.OK


def test_after_the_fourth_ppr_the_rate_stays_when_half_of_the_frames_came_through() -> None:
    played = play([*TRAINED, *FOUR_PPR, [CTR], [MCF]], [LONG])
    count = frame_count()
    assert after_training(played) == [
        f"block 14400 short {count}",
        "PPS-EOP",
        "block 14400 short 1",
        "PPS-EOP",
        "block 14400 short 1",
        "PPS-EOP",
        "block 14400 short 1",
        "PPS-EOP",
        "CTC",
        "block 14400 long 1",
        "PPS-EOP",
        "DCN",
        "hang up",
    ]
    assert Bits(played.frame("CTC").fif).field(11, 14) == 0b1000
    assert played.fates == [Fate.CONFIRMED]


def test_after_ctr_training_is_long_once() -> None:
    played = play([*TRAINED, *FOUR_PPR, [CTR], [ppr(1)], [MCF]], [LONG])
    trainings = [word.split()[2] for word in played.sent if word.startswith("block")]
    assert trainings == ["short"] * 4 + ["long", "short"]


def test_the_rate_falls_when_less_than_half_came_through() -> None:
    count = frame_count()
    most = ppr(*range(count * 3 // 4))
    played = play([*TRAINED, *[[most]] * 4, [CTR], [MCF]], [LONG])
    assert Bits(played.frame("CTC").fif).field(11, 14) == 0b1010
    assert any(word.startswith("block 12000 long") for word in played.sent)


def test_the_modulation_is_left_when_nothing_came_through() -> None:
    everything = ppr(*range(frame_count()))
    played = play([*TRAINED, *[[everything]] * 4, [CTR], [MCF]], [LONG])
    assert Bits(played.frame("CTC").fif).field(11, 14) == 0b0001
    assert any(word.startswith("block 9600 only") for word in played.sent)


def rows_of_pprs(count: int) -> list[list[Reply]]:
    return [*FOUR_PPR, [CTR]] * count


def test_a_page_in_t6_is_never_given_up_with_a_gap() -> None:
    played = play([*TRAINED, *rows_of_pprs(9)], [LONG], codings=("mmr",))
    assert played.cause is Cause.LINE_TOO_BAD
    assert played.sent.count("CTC") == 2
    assert not any(word.startswith("EOR") for word in played.sent)
    assert played.sent[-2:] == ["DCN", "hang up"]
    assert played.fates == [Fate.UNCERTAIN]


def test_ctr_is_no_answer_to_eor_though_it_was_put_off() -> None:
    gives_up = [*TRAINED, *rows_of_pprs(2), *FOUR_PPR]
    played = play([*gives_up, [RNR], [CTR], [CTR], [CTR]], [LONG], codings=ONE_DIMENSIONAL)
    assert played.fates == [Fate.UNCERTAIN]


def test_a_far_end_that_begins_anew_in_the_middle_of_a_page_for_ever_is_left() -> None:
    turns: list[list[Reply]] = [[CFR], [ECM]]
    played = play([GREETING_ECM, *turns * 50], [HUGE, page(rows=40, dpi_y=98)])
    assert played.sent.count("PPS-NULL") == 3
    assert played.fates == [Fate.UNCERTAIN, Fate.NOT_SENT]


@pytest.mark.parametrize("answer", [[ERR], [MCF], [RNR, ERR]])
def test_a_page_in_t4_goes_on_damaged_after_eor(answer: list[Reply]) -> None:
    end: list[list[Reply]] = [[each] for each in answer]
    played = play([*TRAINED, *rows_of_pprs(2), *FOUR_PPR, *end], [LONG], codings=ONE_DIMENSIONAL)
    assert played.cause is Cause.OK
    assert "EOR-EOP" in played.sent
    assert played.fates == [Fate.DAMAGED]


def test_a_block_given_up_in_the_middle_damages_the_whole_page() -> None:
    played = play([*TRAINED, *rows_of_pprs(2), *FOUR_PPR, [ERR], [MCF], [MCF]], [HUGE, SMALL], codings=ONE_DIMENSIONAL)
    assert "EOR-NULL" in played.sent
    assert played.fates == [Fate.DAMAGED, Fate.CONFIRMED]


def test_eor_and_ctc_are_repeated_like_any_command() -> None:
    start: list[list[Reply]] = [*TRAINED, *FOUR_PPR]
    played = play([*start, [], [CRP], [CTR], [MCF]], [LONG])
    assert played.sent.count("CTC") == 3
    assert played.cause is Cause.OK
    played = play([*start, [], [BAD], []], [LONG])
    assert played.sent.count("CTC") == 3
    assert played.cause in (Cause.NO_ANSWER_TO_PAGE, Cause.LINE_LOST)
    gives_up: list[list[Reply]] = [*TRAINED, *rows_of_pprs(2), *FOUR_PPR]
    played = play([*gives_up, [], [], [ERR]], [LONG], codings=ONE_DIMENSIONAL)
    assert played.sent.count("EOR-EOP") == 3
    assert played.fates == [Fate.DAMAGED]


@pytest.mark.parametrize("answer", [MCF, PIP, RTP])
def test_each_confirmation_in_ecm(answer: Frame) -> None:
    played = play([*TRAINED, [answer], [answer]], PAGES)
    assert played.cause is Cause.OK
    assert played.fates == [Fate.CONFIRMED] * 2


@pytest.mark.parametrize("answer", [PIN, RTN])
def test_a_refusal_in_ecm_ends_the_call(answer: Frame) -> None:
    played = play([*TRAINED, [answer]], PAGES)
    assert played.cause is Cause.PAGE_REFUSED
    assert played.fates == [Fate.REFUSED, Fate.NOT_SENT]


def test_rnr_is_asked_with_rr_until_the_answer_comes() -> None:
    played = play([*TRAINED, [RNR], [RNR], [RNR], [MCF]])
    assert after_training(played)[1:] == ["PPS-EOP", "RR", "RR", "RR", "DCN", "hang up"]
    assert played.fates == [Fate.CONFIRMED]


def test_rnr_may_be_followed_by_ppr() -> None:
    played = play([*TRAINED, [RNR], [ppr(2)], [MCF]], [LONG])
    assert blocks(played)[1] == [2]
    assert played.cause is Cause.OK


def test_rnr_for_ever_ends_with_t5() -> None:
    played = play([*TRAINED, *[[RNR]] * 100], [SMALL])
    assert played.cause is Cause.NOT_READY_TOO_LONG
    asking = 2.6 * played.sent.count("RR")
    assert 60 <= asking <= 66
    assert played.fates == [Fate.UNCERTAIN]


def test_t5_begins_anew_with_each_row_of_rnr() -> None:
    pages = [page(rows=40), page(rows=41), page(rows=42)]
    played = play([*TRAINED, *[[RNR]] * 15, [MCF], *[[RNR]] * 15, [MCF], *[[RNR]] * 15, [MCF]], pages)
    assert played.cause is Cause.OK


def test_three_rr_without_an_answer_end_the_call() -> None:
    played = play([*TRAINED, [RNR], [], [BAD], []])
    assert played.sent.count("RR") == 3
    assert played.fates == [Fate.UNCERTAIN]
    assert played.sent[-2:] == ["DCN", "hang up"]


def test_rnr_to_ctc() -> None:
    played = play([*TRAINED, *FOUR_PPR, [RNR], [CTR], [MCF]], [LONG])
    assert any(word.startswith("block 14400 long") for word in played.sent)
    assert played.cause is Cause.OK


@pytest.mark.parametrize("answer", [[], [BAD], [CRP]])
def test_pps_is_repeated_twice_and_goes_on(answer: list[Reply]) -> None:
    played = play([*TRAINED, answer, answer, [MCF], [MCF]], PAGES)
    assert after_training(played)[1:4] == ["PPS-MPS"] * 3
    assert played.cause is Cause.OK
    assert len(set(pps(played)[:3])) == 1


@pytest.mark.parametrize("answer", [[], [BAD], [CRP]])
def test_pps_without_an_answer_leaves_the_page_uncertain(answer: list[Reply]) -> None:
    played = play([*TRAINED, *[answer] * 9], PAGES)
    assert sum(word == "PPS-MPS" for word in played.sent) == 3
    assert played.fates == [Fate.UNCERTAIN, Fate.NOT_SENT]
    assert played.sent[-2:] == ["DCN", "hang up"]


@pytest.mark.parametrize("answer", [DCN, LOST])
def test_the_far_end_leaving_in_ecm(answer: Reply) -> None:
    for replies in ([answer], [RNR], [ppr(1)]):
        played = play([*TRAINED, [replies[0]], [answer]], [LONG, SMALL])
        assert played.cause in (Cause.FAR_END_DISCONNECTED, Cause.LINE_LOST)
        assert played.fates == [Fate.UNCERTAIN, Fate.NOT_SENT]
        assert played.sent[-1] == "hang up"
        assert "DCN" not in played.sent


@pytest.mark.parametrize("frame", [CFR, FTT, ERR, Frame(0x13, 0x77)])
def test_an_answer_to_pps_that_cannot_be_is_let_pass_once(frame: Frame) -> None:
    assert play([*TRAINED, [frame], [MCF]]).cause is Cause.OK
    assert play([*TRAINED, [frame], [frame]]).cause is Cause.PROTOCOL_ERROR


def test_a_late_ctr_is_let_pass() -> None:
    assert play([*TRAINED, [CTR, MCF]]).fates == [Fate.CONFIRMED]


def test_pages_of_another_form_in_ecm() -> None:
    pages = [page(rows=40, dpi_y=98), page(rows=41)]
    played = play([*TRAINED, [MCF, 6.0, ECM], [CFR], [MCF]], pages)
    assert [word for word in played.sent if word.startswith("PPS")] == ["PPS-EOM", "PPS-EOP"]
    assert [each[1] for each in pps(played)] == [0, 1]  # the page counter goes on
    assert played.fates == [Fate.CONFIRMED] * 2


def test_the_page_counter_wraps_at_256() -> None:
    pages = [page(rows=4)] * 258
    played = play([*TRAINED, *[[MCF]] * 258], pages)
    assert played.cause is Cause.OK
    assert [each[1] for each in pps(played)][254:] == [254, 255, 0, 1]


def test_a_page_that_fits_its_frames_exactly() -> None:
    supply = CodedPages([Sheet(SMALL)])
    assert supply.count == 1
    played = play([*TRAINED, [MCF]], [SMALL])
    (numbers,) = blocks(played)
    assert numbers == list(range(len(numbers)))


def test_t6_is_chosen_when_it_is_smallest_and_both_can() -> None:
    played = play([[dis(15, 16, 20, 27, 31)], [CFR], [MCF]], [page(rows=300)])
    form = parse_dcs(played.frame("DCS").fif).format
    assert form.ecm
    assert form.coding in (Coding.MMR, Coding.MR)


def test_the_rate_is_kept_and_no_patience_lost_while_half_of_the_frames_come_through() -> None:
    count = len(blocks(play([*TRAINED, [MCF]], [LONG]))[0])
    replies: list[list[Reply]] = []
    missing = count
    while missing > 1:
        missing //= 2
        row: list[Reply] = [ppr(*range(missing))]
        replies += [row, row, row, row, [CTR]]
    played = play([*TRAINED, *replies, [MCF]], [LONG], codings=("mmr",))
    assert played.sent.count("CTC") > 4
    assert {word.split()[1] for word in played.sent if word.startswith("block")} == {"14400"}
    assert played.cause is Cause.OK
