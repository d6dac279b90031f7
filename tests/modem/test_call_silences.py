"""What a tester's oscilloscope sees of our sender: silences between signals, lengths of signals, in samples.

The line is tapped behind both modems; a signal is a stretch that is louder than nothing, silences below 20 ms do not
part signals.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from codec.page import Page
from modem.soft import exchange as exchanges
from modem.soft.connection import Connection
from modem.soft.farend import FarEnd, Fax
from modem.soft.line import Impairments
from modem.soft.parties import Party
from modem.soft.spandsp import SAMPLE_RATE, Block
from tests.modem.line import FAX, Done, call_up, dense, picture

_LOUD = 200  # of 32768
_GAP_S = 0.02


@dataclass(frozen=True)
class Signal:
    """Seconds since the far end was reached."""

    ours: bool
    begins: float
    ends: float

    @property
    def seconds(self) -> float:
        return self.ends - self.begins


class Tap:
    """Which of the two is heard, in steps of the exchange (5 ms at most)."""

    def __init__(self) -> None:
        self.samples = 0
        self._on: dict[bool, list[list[float]]] = {True: [], False: []}

    def hear(self, ours: bool, block: Block, count: int) -> None:
        heard = [at for at in range(count) if abs(int(block.samples[at])) > _LOUD]
        if not heard:
            return
        begins, ends = (self.samples + at for at in (heard[0], heard[-1] + 1))
        stretches = self._on[ours]
        if stretches and begins / SAMPLE_RATE - stretches[-1][1] < _GAP_S:
            stretches[-1][1] = ends / SAMPLE_RATE
        else:
            stretches.append([begins / SAMPLE_RATE, ends / SAMPLE_RATE])

    @property
    def signals(self) -> list[Signal]:
        found = [Signal(ours, *stretch) for ours, stretches in self._on.items() for stretch in stretches]
        return sorted(found, key=lambda signal: signal.begins)


@contextmanager
def tapped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tap]:
    tap = Tap()

    class Tapped(Connection):
        def __init__(self, caller: Party, called: Party, impairments: Impairments) -> None:
            super().__init__(caller, called, impairments)
            self.both = (caller, called)

        def run(self, count: int) -> None:
            super().run(count)
            # What came through an unimpaired line is what was sent.
            tap.hear(True, self._from_caller, count)
            tap.hear(False, self._from_called, count)
            tap.samples += count

    monkeypatch.setattr(exchanges, "Connection", Tapped)
    yield tap


def heard(far: FarEnd, pages: list[Page], out: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Done, list[Signal]]:
    with tapped(monkeypatch) as tap:
        done = call_up(pages, far, out=out)
    return done, tap.signals


@pytest.mark.parametrize("ecm", [True, False])
@pytest.mark.parametrize("modulations", [("V27TER",), ("V27TER", "V29"), ("V27TER", "V29", "V17")])
def test_silences_and_lengths_are_those_of_the_standard(
    ecm: bool, modulations: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = replace(FAX, fax=Fax(ecm=ecm, modulations=modulations))
    done, signals = heard(far, [dense(1, rows=20), picture(2, rows=60)], tmp_path, monkeypatch)
    assert done.outcome.cause.value == "ok"
    # After the far end's CED and DIS everything alternates as T.30 has it.
    first = next(at for at, signal in enumerate(signals) if signal.ours and signal.begins > 1.0)  # behind CNG
    after = signals[first:]
    for one, two in pairwise(after):
        gap = two.begins - one.ends
        assert gap > 0, "both at once"
        if one.ours and two.ours:
            # V.17 and V.29 turn off with up to 20 ms in which nothing is heard any more.
            assert 0.055 <= gap <= 0.095 + 0.02, "75 ms, 20 more or less, between two signals of one station"
        elif two.ours:
            assert 0.055 <= gap <= 2.5, "a command begins when the answer has been off for 75 ms, and not late"
    own = [signal for signal in after if signal.ours]
    training = own[1]
    # Long training (0.25 to 1.4 s) and 1.5 s of zeros, ten per cent more or less.
    assert 1.35 + 0.2 <= training.seconds <= 1.65 + 1.5
    for burst in own:
        assert burst.seconds >= 1.0  # a preamble of 1 s, 15 % less at the least, and a frame; or an image
    assert signals[-1].ours  # DCN


def test_nothing_is_on_the_line_after_dcn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, signals = heard(FAX, [picture(1, rows=40)], tmp_path, monkeypatch)
    assert done.frames[-1] == "DCN"
    assert signals[-1].ours
    assert 1.0 <= signals[-1].seconds <= 1.5


def test_before_the_far_end_has_said_its_dis_we_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, signals = heard(FAX, [picture(1, rows=40)], tmp_path, monkeypatch)
    ced, dis, ours, *_ = (signal for signal in signals if signal.seconds > 1.0)
    assert (ced.ours, dis.ours, ours.ours) == (False, False, True)
    assert ours.begins - dis.ends >= 0.055
