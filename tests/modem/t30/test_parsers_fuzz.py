"""Random and mutated octets into all that reads frames, image streams and a modem's words: see ``bench/frames.py``."""

from __future__ import annotations

import pytest

from bench import frames
from modem.t30.frames import Frame, FrameError

PER_CHUNK = 10_000


@pytest.mark.parametrize("chunk", range(5))
def test_nothing_but_their_own_error_comes_out_of_the_parsers(chunk: int) -> None:
    found = frames.run((7, range(chunk * PER_CHUNK, (chunk + 1) * PER_CHUNK)))
    assert found.escaped == []
    assert sum(found.counts.values()) == PER_CHUNK


def test_the_inputs_reach_all_that_they_are_meant_for() -> None:
    found = frames.run((7, range(PER_CHUNK)))
    assert set(found.counts) == {"frame", "refused", "stream with frames", "stream without", "modem's octets"}
    assert found.counts["frame"] > PER_CHUNK / 4


def test_what_escapes_is_told_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(octets: bytes) -> Frame:
        if len(octets) == 40:
            raise IndexError("planted")
        raise FrameError("no frame")

    monkeypatch.setattr(frames, "parse", broken)
    found = frames.run((7, range(2000)))
    assert found.escaped
    assert all(len(octets) == 80 and "planted" in text for _, octets, text in found.escaped)


@pytest.mark.parametrize("length", range(24))
def test_every_fif_of_ones_and_zeros_has_a_meaning(length: int) -> None:
    for control in (0x03, 0x13):
        for fcf in range(256):
            for fif in (bytes(length), b"\xff" * length, b"\x80" * length):
                frames.read_meaning(Frame(control, fcf, fif))
