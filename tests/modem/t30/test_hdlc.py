"""ECM's bit stream, against a framer written bit by bit."""

from __future__ import annotations

import random

import pytest

from modem.t30 import hdlc
from modem.t30.frames import fcs


def slow_stream(frames: list[bytes], lead_flags: int, trail_flags: int) -> list[int]:
    """HDLC by the book: one bit after the other."""
    flag = [0, 1, 1, 1, 1, 1, 1, 0]
    bits = flag * lead_flags
    for frame in frames:
        ones = 0
        for octet in frame + fcs(frame):
            for place in range(8):
                bit = octet >> place & 1
                bits.append(bit)
                ones = ones + 1 if bit else 0
                if ones == 5:
                    bits.append(0)
                    ones = 0
        bits += flag
    return bits + flag * (trail_flags - 1)


def bits_of(octets: bytes) -> list[int]:
    return [octet >> place & 1 for octet in octets for place in range(8)]


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_is_what_a_framer_bit_by_bit_makes(seed: int) -> None:
    chance = random.Random(seed)
    frames = [
        bytes(chance.choice((0xFF, 0x00, 0x7E, 0x1F, chance.randrange(256))) for _ in range(chance.randrange(2, 80)))
        for _ in range(chance.randrange(1, 6))
    ]
    expected = slow_stream(frames, 9, 2)
    made = bits_of(hdlc.stream(frames, 9))
    assert made[: len(expected)] == expected
    assert len(made) - len(expected) < 8
    assert hdlc.deframe(hdlc.stream(frames, 9)) == frames


def test_a_block_begins_with_200_ms_of_flags_and_ends_with_three_rcp() -> None:
    data = [(number, bytes((number,)) * 256) for number in range(3)]
    octets = hdlc.block_stream(data, 14400)
    lead = octets[: 14400 // 40]
    assert set(lead) == {0x7E}
    frames = hdlc.deframe(octets)
    assert frames[:3] == [bytes((0xFF, 0x03, 0x06, number)) + block for number, block in data]
    assert frames[3:] == [bytes.fromhex("FF0386")] * 3


def test_a_received_stream_may_begin_at_any_bit_and_end_in_garbage() -> None:
    frames = [b"\xff\x03\x06\x00" + bytes(64), b"\xff\x03\x06\x01" + b"\xff" * 64]
    octets = hdlc.stream(frames, 20)
    number = int.from_bytes(octets, "little")
    for shift in range(8):
        shifted = (number >> shift).to_bytes(len(octets), "little") + random.Random(shift).randbytes(30)
        assert hdlc.deframe(shifted) == frames


def test_a_damaged_frame_is_dropped_and_the_others_are_kept() -> None:
    frames = [bytes((0xFF, 0x03, 0x06, number)) + bytes((number,)) * 64 for number in range(5)]
    octets = bytearray(hdlc.stream(frames, 20))
    octets[20 + 2 * 71 + 30] ^= 0x10
    found = hdlc.deframe(bytes(octets))
    assert frames[2] not in found
    assert [frame for frame in found if frame in frames] == [frames[0], frames[1], frames[3], frames[4]]


def test_random_octets_are_survived() -> None:
    chance = random.Random(1)
    for _ in range(500):
        hdlc.deframe(chance.randbytes(chance.randrange(200)))
    assert hdlc.deframe(b"") == []
