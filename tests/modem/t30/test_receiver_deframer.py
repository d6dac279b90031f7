"""The deframer against the framer, against the plain one on whole blocks, and against anything at all."""

from __future__ import annotations

import random

import pytest

from codec.page import Coding, Resolution
from modem.t30 import hdlc
from modem.t30.capabilities import PageFormat
from modem.t30.frames import fcs
from modem.t30.receiver_deframer import FRAME_MAX, Deframer
from modem.t30.receiver_page import EcmPage, RowStream, zeros_s


def in_pieces(octets: bytes, seed: int) -> list[bytes]:
    chance = random.Random(seed)
    deframer = Deframer()
    found = []
    while octets:
        size = chance.choice((1, 2, 7, 50, 400))
        found += deframer.feed(octets[:size])
        octets = octets[size:]
    return found


def shifted(octets: bytes, bits: int) -> bytes:
    """A receiver's stream begins anywhere in an octet."""
    value = int.from_bytes(octets, "little") << bits | ((1 << bits) - 1)
    return value.to_bytes(len(octets) + 1, "little")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("bits", [0, 1, 3, 7])
def test_what_was_framed_is_found_whatever_the_pieces_and_the_bit_it_begins_with(seed: int, bits: int) -> None:
    chance = random.Random(seed)
    size = chance.choice((64, 256))
    content = [bytes(chance.choice((0xFF, 0x7E, 0x00, chance.randrange(256))) for _ in range(size)) for _ in range(30)]
    frames = [hdlc.fcd(number, data) for number, data in enumerate(content)]
    stream = shifted(hdlc.block_stream(list(enumerate(content)), 14400), bits) + chance.randbytes(30)
    found = in_pieces(stream, seed)
    assert found[: len(frames)] == frames
    assert [frame[2] for frame in found[len(frames) :]] == [0x86] * hdlc.RCP_COUNT


@pytest.mark.parametrize("seed", range(60))
def test_damage_costs_only_what_it_hit_and_both_deframers_agree(seed: int) -> None:
    chance = random.Random(seed)
    content = [(number, chance.randbytes(64)) for number in range(20)]
    stream = bytearray(hdlc.block_stream(content, 9600))
    for _ in range(chance.randrange(8)):
        stream[chance.randrange(len(stream))] ^= 1 << chance.randrange(8)
    assert in_pieces(bytes(stream), seed) == [
        frame for frame in hdlc.deframe(bytes(stream)) if len(frame) + 2 <= FRAME_MAX
    ]


def test_flags_that_share_their_zero_and_runs_of_ones_are_no_frames() -> None:
    shared = "0" + "1111110" * 50
    bits = shared + "1" * 40 + shared
    octets = bytes(int(bits[at : at + 8][::-1].rjust(8, "0"), 2) for at in range(0, len(bits) - 7, 8))
    assert Deframer().feed(octets) == []


def test_memory_is_bounded_however_long_a_frame_seems_to_be() -> None:
    deframer = Deframer()
    deframer.feed(b"\x7e" + b"\x55" * 1_000_000)
    assert len(deframer._octets) <= FRAME_MAX + 8


def test_anything_at_all_raises_nothing() -> None:
    chance = random.Random(3)
    form = PageFormat(coding=Coding.MMR, resolution=Resolution.FINE, width=1728, ecm=True)
    plain = PageFormat(coding=Coding.MR, resolution=Resolution.FINE, width=1728, ecm=False)
    for _ in range(300):
        page, rows = EcmPage(form, 14400), RowStream(plain, 14400)
        for _ in range(5):
            octets = chance.randbytes(chance.randrange(400))
            if chance.random() < 0.5:
                body = bytes((0xFF, 0x03, chance.choice((0x06, 0x86, 0x46)))) + chance.randbytes(chance.randrange(280))
                octets = hdlc.stream([body], 2)
                assert fcs(body)
            page.feed(octets)
            rows.feed(octets)
            page.missing(chance.randrange(1, 257))
        page.close_block()
        page.decoded(form)
        rows.decoded()


def test_the_longest_row_of_zeros_decides_on_a_training_check() -> None:
    assert zeros_s(b"", 14400) == 0
    assert zeros_s(b"\xff" * 50 + bytes(1800) + b"\x01" * 9, 14400) == 1.0
    assert zeros_s((b"\x01" + bytes(100)) * 30, 14400) < 0.1
