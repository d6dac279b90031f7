"""What a call carries besides plain pages: sub-addresses and passwords, T.85, small frames, rates that rise again."""

from __future__ import annotations

import pytest

from codec.page import Coding
from codec.t85 import decode_t85
from modem.outcome import Cause, Fate
from modem.t30 import hdlc
from modem.t30.capabilities import T85, Bits, parse_dcs
from modem.t30.frames import Frame, Type, ident_text
from modem.t30.meaning import describe
from modem.t30.notes import Addressing, AddressingLeftOut
from modem.t30.sender import SenderPolicy
from tests.modem.t30.play import (
    CFR,
    CSI,
    DCN,
    FTT,
    MCF,
    PLAIN,
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

KNOWS_BOTH = dis(15, 16, 20, 21, 22, 23, 49, 50)
KNOWS_SUB = dis(15, 16, 20, 21, 22, 23, 49)
ROOM_5 = Addressing("5", "secret")


def rates(played: Played) -> list[int]:
    return [int(word.split()[1]) for word in played.sent if word.startswith("TCF")]


def prologue(played: Played) -> list[str]:
    return played.sent[: played.sent.index("DCS") + 1]


# Sub-address and password.


def test_sub_and_sid_stand_between_tsi_and_dcs_and_are_announced_in_it() -> None:
    played = play([[CSI, KNOWS_BOTH], [CFR], [MCF]], addressings=[ROOM_5])
    assert prologue(played) == ["TSI", "SUB", "SID", "DCS"]
    assert ident_text(played.frame("SUB").fif) == "5"
    assert ident_text(played.frame("SID").fif) == "secret"
    for name in ("SUB", "SID"):
        assert len(played.frame(name).fif) == 20
        assert not played.frame(name).final
        assert played.frame(name).x == 1
    bits = Bits(played.frame("DCS").fif)
    assert (bits[49], bits[50], bits[24], bits[32], bits[40], bits[48], bits[56]) == (True,) * 6 + (False,)
    assert played.cause is Cause.OK


def test_a_repeated_dcs_repeats_them() -> None:
    played = play([[KNOWS_BOTH], [], [FTT], [CFR], [MCF]], addressings=[ROOM_5])
    assert played.sent.count("SUB") == played.sent.count("SID") == played.sent.count("DCS") == 3


@pytest.mark.parametrize(
    ("far", "said", "left_out"),
    [(KNOWS_SUB, ["TSI", "SUB", "DCS"], (False, True)), (PLAIN, ["TSI", "DCS"], (True, True))],
)
def test_a_far_end_that_does_not_know_them_is_sent_to_without_and_the_journal_hears_of_it(
    far: Frame, said: list[str], left_out: tuple[bool, bool]
) -> None:
    played = play([[far], [], [CFR], [MCF]], addressings=[ROOM_5])
    assert prologue(played) == said
    assert [note for note in played.notes if isinstance(note, AddressingLeftOut)] == [AddressingLeftOut(*left_out)]
    assert not Bits(played.frame("DCS").fif)[50]


def test_where_a_sub_address_is_required_a_far_end_without_is_left() -> None:
    played = play([[PLAIN]], addressings=[ROOM_5], policy=SenderPolicy(sub_address_required=True))
    assert played.sent == ["DCN", "hang up"]
    assert played.cause is Cause.INCOMPATIBLE


def test_a_far_end_that_refuses_the_password_leaves() -> None:
    played = play([[KNOWS_BOTH], [DCN]], addressings=[ROOM_5])
    assert played.cause is Cause.FAR_END_DISCONNECTED
    assert played.fates == [Fate.NOT_SENT]


def test_another_sub_address_asks_for_a_new_phase_b() -> None:
    pages = [page(rows=40), page(rows=41), page(rows=42)]
    places = [ROOM_5, ROOM_5, Addressing("6")]
    played = play([[KNOWS_BOTH], [CFR], [MCF], [MCF, 6.0, KNOWS_BOTH], [CFR], [MCF]], pages, addressings=places)
    assert [word for word in played.sent if word in ("MPS", "EOM", "EOP")] == ["MPS", "EOM", "EOP"]
    assert [ident_text(frame.fif) for frame in played.frames if frame.type is Type.SUB] == ["5", "6"]
    assert played.sent.count("SID") == 1
    assert played.fates == [Fate.CONFIRMED] * 3


def test_passwords_are_never_described() -> None:
    played = play([[KNOWS_BOTH], [CFR], [MCF]], addressings=[ROOM_5])
    assert "secret" not in describe(played.frame("SID"))


# T.85 and small frames.


def block_data(stream: bytes) -> bytes:
    return b"".join(frame[4:] for frame in hdlc.deframe(stream) if frame[2] == Type.FCD.value)


def test_t85_where_both_can_is_said_in_bit_78_and_not_reversed() -> None:
    sheet = page(rows=1000)
    far = dis(15, 16, 20, 21, 22, 23, 27, 31, 78)
    played = play([[far], [CFR], [MCF]], [sheet], codings=("t85",))
    bits = Bits(played.frame("DCS").fif)
    assert (bits[16], bits[27], bits[31], bits[78], bits[79]) == (False, True, False, True, False)
    assert all(bits[number] for number in (24, 32, 40, 48, 56, 64, 72))
    assert parse_dcs(played.frame("DCS").fif).format.coding is T85
    data = block_data(played.streams[1])
    assert data[:4] == bytes((0, 0, 1, 0))
    assert int.from_bytes(data[8:12], "big") == 1000
    found = decode_t85(data)
    assert found.complete
    assert found.bitmap.rows == 1000
    assert played.cause is Cause.OK


def test_without_ecm_bit_78_means_nothing() -> None:
    played = play([[dis(15, 16, 78)], [CFR], [MCF]], codings=("t85", "mr"))
    assert parse_dcs(played.frame("DCS").fif).format.coding is Coding.MR


def test_a_gap_in_t85_ends_in_dcn_rather_than_eor() -> None:
    far = dis(15, 27, 78)
    played = play([[far], [CFR], *[[ppr(0)]] * 30], codings=("t85",))
    assert not any(word.startswith("EOR") for word in played.sent)
    assert played.fates == [Fate.UNCERTAIN]


def test_a_dis_that_prefers_64_octets_gets_frames_of_64() -> None:
    played = play([[dis(7, 15, 27, 31)], [CFR], [MCF]], [page(rows=60, noise=1)], codings=("mmr",))
    bits = Bits(played.frame("DCS").fif)
    assert (bits[27], bits[28], bits[7]) == (True, True, False)
    data = [frame for frame in hdlc.deframe(played.streams[1]) if frame[2] == Type.FCD.value]
    assert {len(frame) for frame in data} == {4 + 64}
    assert len(data) == 256
    assert played.frame("PPS").fif[3] == 255


# Rates.

UNLIKE = [page(rows=40, dpi_y=98), page(rows=41), page(rows=42, dpi_y=98), page(rows=43)]
AGAIN: list[Reply] = [MCF, 6.0, PLAIN]


def test_a_call_begins_no_faster_than_the_number_s_memory_says_and_steps_up_after_clean_pages() -> None:
    policy = SenderPolicy(begin_rate_bps=9600)
    played = play([[PLAIN], [CFR], AGAIN, [CFR], AGAIN, [CFR], AGAIN, [CFR], [MCF]], UNLIKE, policy=policy)
    assert rates(played) == [9600, 12000, 14400, 14400]
    assert played.cause is Cause.OK


def test_a_rate_that_failed_is_tried_once_more_at_a_new_phase_b_and_then_left() -> None:
    replies: list[list[Reply]] = [[PLAIN], [FTT], [CFR], AGAIN, [FTT], [CFR], AGAIN, [CFR], AGAIN, [CFR], [MCF]]
    played = play(replies, UNLIKE)
    assert rates(played) == [14400, 12000, 14400, 12000, 12000, 12000]


def test_the_rate_does_not_rise_within_a_session() -> None:
    pages = [page(rows=rows) for rows in (40, 41, 42)]
    played = play([[PLAIN], [FTT], [CFR], [MCF], [RTP], [CFR], [MCF]], pages)
    assert rates(played) == [14400, 12000, 12000]


@pytest.mark.parametrize("trouble", [[RTP, 6.0, PLAIN], [RTN, 6.0, PLAIN]])
def test_after_a_page_that_was_not_clean_the_rate_does_not_rise(trouble: list[Reply]) -> None:
    policy = SenderPolicy(begin_rate_bps=9600)
    played = play([[PLAIN], [CFR], trouble, [CFR], AGAIN, [CFR], [MCF]], UNLIKE[:2], policy=policy)
    assert rates(played)[1] <= 9600


def test_a_memory_slower_than_all_that_the_far_end_has_takes_its_slowest() -> None:
    v29 = dis(15, rates=0b0001)
    played = play([[v29], [CFR], [MCF]], policy=SenderPolicy(begin_rate_bps=2400))
    assert rates(played) == [7200]


# What a call teaches.


def test_dcn_or_silence_at_the_first_v17_training_is_v17_trouble() -> None:
    assert play([[PLAIN], [DCN]]).sender.v17_trouble
    assert play([[PLAIN]]).sender.v17_trouble
    assert not play([[dis(15, rates=0b0011)], [DCN]]).sender.v17_trouble
    assert not play([[PLAIN], [CFR], [DCN]]).sender.v17_trouble
    assert not play([[KNOWS_BOTH], [DCN]], addressings=[ROOM_5]).sender.v17_trouble  # it may be the password


def test_a_good_training_and_not_one_frame_is_v17_trouble() -> None:
    far = dis(15, 27, 31)
    none = ppr_map(b"\xff" * 32)
    assert play([[far], [CFR], *[[none]] * 4], [page(rows=60, noise=1)]).sender.v17_trouble
    some = ppr(1)
    assert not play([[far], [CFR], *[[some]] * 4], [page(rows=60, noise=1)]).sender.v17_trouble


def test_a_first_block_that_is_never_answered_is_ecm_trouble() -> None:
    far = dis(15, 27, 31)
    assert play([[far], [CFR]]).sender.ecm_trouble
    assert play([[far], [CFR], [CFR], [CFR]]).sender.ecm_trouble
    assert not play([[far], [CFR], [MCF]], [page(), page(rows=41)]).sender.ecm_trouble
    assert not play([[PLAIN], [CFR]]).sender.ecm_trouble


def test_a_far_end_that_leaves_at_the_end_of_a_page_may_not_like_its_coding() -> None:
    assert play([[PLAIN], [CFR], [DCN]]).sender.coding_trouble
    assert not play([[PLAIN], [DCN]]).sender.coding_trouble
    assert not play([[PLAIN], [CFR], [MCF], [DCN]], [page(), page(rows=41)]).sender.coding_trouble
