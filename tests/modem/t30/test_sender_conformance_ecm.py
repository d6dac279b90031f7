"""The sending half of the conformance titles (TSB-85) with ECM: which frames come again, RR until T5, CTC, EOR."""

from __future__ import annotations

from itertools import pairwise

import pytest

from modem.outcome import Cause, Fate
from modem.t30 import hdlc
from modem.t30.capabilities import Bits
from modem.t30.frames import Type
from tests.modem.t30.play import CFR, CTR, ECM, ERR, GREETING_ECM, MCF, RNR, Played, Reply, page, play, ppr, ppr_map
from tests.modem.t30.test_sender_conformance import BURST_S, T4, dcs_bits, in_t4

TRAINED_ECM: list[list[Reply]] = [GREETING_ECM, [CFR]]


def blocks(played: Played) -> list[list[int]]:
    return [
        [frame[3] for frame in hdlc.deframe(stream) if frame[2] == Type.FCD.value]
        for stream in played.streams
        if stream.startswith(b"\x7e\x7e")
    ]


LONG = page(rows=60, noise=1)


@pytest.mark.parametrize("which", ["first", "last", "middle", "first and last"])
def test_ppr_brings_exactly_the_frames_that_it_names(which: str) -> None:
    count = len(blocks(play([*TRAINED_ECM, [MCF]], [LONG]))[0])
    asked = {"first": [0], "last": [count - 1], "middle": [count // 2], "first and last": [0, count - 1]}[which]
    beyond = b"".join(b"\xff" if at >= count else b"\0" for at in range(0, 256, 8))  # frames that do not exist: 1
    octets = bytearray(beyond)
    for number in range(count, (count + 7) // 8 * 8):
        octets[number // 8] |= 1 << number % 8
    for number in asked:
        octets[number // 8] |= 1 << number % 8
    played = play([*TRAINED_ECM, [ppr_map(bytes(octets))], [MCF]], [LONG])
    assert blocks(played) == [list(range(count)), asked]
    fifs = [tuple(frame.fif) for frame in played.frames if frame.type is Type.PPS]
    assert fifs == [(0x2F, 0, 0, count - 1), (0x2F, 0, 0, len(asked) - 1)]
    first, second = (hdlc.deframe(stream) for stream in played.streams[1:])
    assert [frame for frame in second if frame[2] == Type.FCD.value] == [first[number] for number in asked]
    assert [frame[2] for frame in second[-3:]] == [Type.RCP.value] * 3
    assert [word for word in played.sent if word.startswith("block")][1] == f"block 14400 short {len(asked)}"


def test_each_block_has_200_ms_of_flags_in_front() -> None:
    played = play([*TRAINED_ECM, [MCF]], [LONG])
    stream = played.streams[1]
    flags = len(stream) - len(stream.lstrip(b"\x7e"))
    assert 0.2 <= flags * 8 / 14400 <= 0.3


def test_rnr_for_ever_is_asked_with_rr_until_t5() -> None:
    played = play([*TRAINED_ECM, *[[RNR]] * 200])
    assert played.cause is Cause.NOT_READY_TOO_LONG
    assert played.commands[-2:] == ["DCN", "hang up"]
    begins = played.times("RR")
    assert 55 <= played.times("DCN")[0] - (begins[0] - 0.1) <= 65 + 3
    assert all(second - first - BURST_S < T4[1] for first, second in pairwise(begins))
    assert all(not frame.fif for frame in played.frames if frame.type is Type.RR)
    assert played.fates == [Fate.UNCERTAIN]


def test_rr_without_an_answer_is_sent_three_times() -> None:
    played = play([*TRAINED_ECM, [RNR]])
    assert played.sent.count("RR") == 3
    for first, second in pairwise(played.times("RR")):
        assert in_t4(second - first, BURST_S)
    assert played.commands[-2:] == ["DCN", "hang up"]


def test_four_pprs_bring_ctc_and_four_more_with_little_hope_eor() -> None:
    """With MH a gap can be borne: EOR, ERR, and the page is damaged, not lost and not clean."""
    row: list[list[Reply]] = [[ppr_map(b"\xff" * 32)]] * 4
    played = play([*TRAINED_ECM, *row, [CTR], *row, [CTR], *row, [ERR]], [LONG], codings=("mh",))
    words = [word for word in played.commands if word[:3] in ("CTC", "EOR", "DCN") or word.startswith("block")]
    count = len(blocks(played)[0])
    assert words == [
        *[f"block 14400 short {count}"] * 4,
        "CTC",
        f"block 9600 only {count}",
        *[f"block 9600 only {count}"] * 3,
        "CTC",
        f"block 4800 only {count}",
        *[f"block 4800 only {count}"] * 3,
        "EOR-EOP",
        "DCN",
    ]
    for frame, dcs in zip((f for f in played.frames if f.type is Type.CTC), (0b0001, 0b0010), strict=True):
        assert len(frame.fif) == 2
        assert Bits(frame.fif).field(11, 14) == dcs
        assert frame.final
    assert played.frame("EOR").fif == b"\x2f"
    assert played.fates == [Fate.DAMAGED]
    assert played.cause is Cause.OK


def test_after_ctr_the_long_training_comes_once() -> None:
    half = ppr(*range(20))
    played = play([*TRAINED_ECM, *[[half]] * 4, [CTR], [half], [MCF]], [LONG])
    words = [word.split()[:3] for word in played.sent if word.startswith("block")]
    assert words[4:] == [["block", "14400", "long"], ["block", "14400", "short"]]
    assert played.cause is Cause.OK


@pytest.mark.parametrize("command", ["CTC", "EOR"])
def test_ctc_and_eor_follow_t4_like_any_command(command: str) -> None:
    row: list[list[Reply]] = [[ppr_map(b"\xff" * 32)]] * 4
    lead = row if command == "CTC" else [*row, [CTR], *row, [CTR], *row]
    played = play([*TRAINED_ECM, *lead], [LONG], codings=("mh",))
    word = "CTC" if command == "CTC" else "EOR-EOP"
    assert played.sent.count(word) == 3
    for first, second in pairwise(played.times(word)):
        assert in_t4(second - first, BURST_S)
    assert played.commands[-2:] == ["DCN", "hang up"]
    assert played.fates == [Fate.UNCERTAIN]


def test_a_gap_in_t6_ends_in_dcn_rather_than_eor() -> None:
    row: list[list[Reply]] = [[ppr_map(b"\xff" * 32)]] * 4
    played = play([*TRAINED_ECM, *row, [CTR], *row, [CTR], *row, [ERR]], [LONG], codings=("mmr",))
    assert "EOR-EOP" not in played.sent
    assert played.cause is Cause.LINE_TOO_BAD
    assert played.fates == [Fate.UNCERTAIN]


def test_ecm_is_offered_with_256_octets_and_no_fill() -> None:
    bits = dcs_bits(play([[ECM], [CFR], [MCF]], [LONG]))
    assert bits[27]
    assert not bits[28]
    assert bits.field(21, 23) == 0b111
