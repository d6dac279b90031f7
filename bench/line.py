"""Seconds off-hook of a call that we make, in samples, beside the least that the standard asks for, signal by signal.

What always holds: the whole sender runs in virtual time over libspandsp's T.31 modem to libspandsp's fax machine; every
signal is measured in the samples of the line. The bound counts what nobody can save: dialling and the answer tone; the
far end's signals and pauses as they were; our mandatory signals as the modem really emits them (its own preamble,
training and turn-off); TSI; the page's code with ECM's frames, stuffing and 200 ms of flags at the rate; 75 ms between
signals (T.30 5.2). What is above it is told signal by signal.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import _coder_pages as coder_pages
from codec.coder import page_from_bitmap
from codec.page import Page
from modem.call import Call
from modem.entries import Entry
from modem.outcome import Cause
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, FarEnd
from modem.soft.framelevel import BPS, frame_s, training_s, turn_off_s
from modem.soft.line import Direction, Disturbance, Disturbs, Impairments, Moment
from modem.soft.spandsp import SAMPLE_RATE, Block
from modem.soft.virtual import VirtualModem, run_call
from modem.t30.frames import fcs
from modem.t30.hdlc import deframe

GAP_S = 0.075
FLAGS_S = 0.2
TCF_S = 1.5
# 30 dB: modems send at about -12 dBm0. With less loss the noise would be above the level at which libspandsp's
# receivers take a carrier for gone, and no carrier would ever end.
LOSS_DB, NOISE_DBM0 = 10.0, -52.0
PPR_ROUND_S = 4.5
SEEDS = 8
FAR = FarEnd(number="5552001", ident="+1 555 2001")
_LOUD = 40
_QUIET_SAMPLES = 100  # so many below it end a signal


@dataclass(frozen=True)
class Signal:
    """A signal on the line, seconds of line time."""

    ours: bool
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass(frozen=True)
class Part:
    """A stretch of the call: what it took, and what it has to."""

    name: str
    seconds: float
    bound: float

    @property
    def excess(self) -> float:
        return self.seconds - self.bound


@dataclass(frozen=True)
class Measured:
    """One call."""

    name: str
    seconds: float
    bound: float
    parts: tuple[Part, ...]

    @property
    def above(self) -> float:
        """Share above the bound."""
        return self.seconds / self.bound - 1


class Tap:
    """What goes over a virtual modem's line, and what its host writes."""

    def __init__(self, modem: VirtualModem) -> None:
        self._modem = modem
        self._sent: list[NDArray[np.int16]] = []
        self._heard: list[NDArray[np.int16]] = []
        self._since: float | None = None
        self.written = bytearray()
        transmit, receive, write = modem.modem.transmit, modem.modem.receive, modem.write

        def tapped_transmit(block: Block, count: int) -> None:
            if self._since is None:
                self._since = modem.now
            transmit(block, count)
            self._sent.append(block.samples[:count].copy())

        def tapped_receive(block: Block, count: int) -> None:
            self._heard.append(block.samples[:count].copy())
            receive(block, count)

        def tapped_write(octets: bytes) -> None:
            self.written += octets
            write(octets)

        modem.modem.transmit = tapped_transmit  # type: ignore[method-assign]
        modem.modem.receive = tapped_receive  # type: ignore[method-assign]
        modem.write = tapped_write  # type: ignore[method-assign]

    def signals(self) -> list[Signal]:
        """All signals in order, from the samples."""
        assert self._since is not None
        found = []
        for ours, pieces in ((True, self._sent), (False, self._heard)):
            loud = np.flatnonzero(np.abs(np.concatenate(pieces).astype(np.int32)) > _LOUD)
            breaks = np.flatnonzero(np.diff(loud) > _QUIET_SAMPLES)
            starts = np.concatenate((loud[:1], loud[breaks + 1]))
            ends = np.concatenate((loud[breaks], loud[-1:])) + 1
            for start, end in zip(starts, ends, strict=True):
                found.append(Signal(ours, self._since + start / SAMPLE_RATE, self._since + end / SAMPLE_RATE))
        return sorted(found, key=lambda signal: signal.began)

    def images(self) -> list[bytes]:
        """What was written after each +FTM, the doubling undone."""
        found = []
        for piece in bytes(self.written).split(b"AT+FTM=")[1:]:
            code, _, rest = piece.partition(b"\r")
            if not code.isdigit():
                continue
            at = 0
            while (at := rest.index(b"\x10", at)) >= 0 and rest[at + 1] != 0x03:
                at += 2
            found.append(rest[:at].replace(b"\x10\x10", b"\x10"))
        return found


def plan_for(pages: Sequence[Page], policy: LinePolicy) -> CallPlan:
    planned = tuple(
        PlannedPage(file="-", index=index, digest=page.digest, number=index + 1) for index, page in enumerate(pages)
    )
    document = PlannedDocument(job=1, pages=planned, pages_total=len(pages), header_from="Us", header_to="Them")
    return CallPlan(
        call="line",
        dial=FAR.number,
        documents=(document,),
        tsid="+1 555 1001",
        header_time="2030-01-02 03:04",
        policy=policy,
    )


def call(pages: Sequence[Page], far: FarEnd = FAR) -> tuple[Call, list[Entry], Tap]:
    """One call to its end."""
    with tempfile.TemporaryDirectory(prefix="platen-line-") as folder:
        exchange = Exchange(ExchangeData(numbers=(far,)), out=Path(folder))
        modem = VirtualModem(exchange)
        tap = Tap(modem)
        # A modem with flow control: what a real one has.
        made = Call(plan_for(pages, LinePolicy(flow_control=True)), pages, now=modem.now)
        entries = run_call(made, modem)
        exchange.close()
    return made, entries, tap


def _burst_s(frames: Sequence[bytes]) -> float:
    """Frames without FCS, each with a flag behind it."""
    return sum(frame_s(frame + fcs(frame)) for frame in frames)


def _image_s(image: bytes, bps: int) -> float:
    """The least that the frames of an ECM image take: 200 ms of flags, the frames, a flag behind each."""
    bits = 0
    for frame in deframe(image):
        octets = frame + fcs(frame)
        text = f"{int.from_bytes(octets, 'little'):0{8 * len(octets)}b}"[::-1]
        bits += len(text) + text.count("11111") + 8
    return FLAGS_S + bits / bps


def _own_signals(entries: Sequence[Entry]) -> list[tuple[str, list[bytes]]]:
    """Our bursts and images in order: a name, and a burst's frames."""
    found: list[tuple[str, list[bytes]]] = []
    waiting: list[bytes] = []
    names: list[str] = []
    for entry in entries:
        if entry.kind == "frame" and entry.fields["dir"] == "out":
            waiting.append(bytes.fromhex(entry.fields["octets"]))
            names.append(entry.fields["name"])
        elif entry.kind == "command" and entry.fields["text"] == "AT+FTH=3":
            found.append((" + ".join(names), waiting))
            waiting, names = [], []
        elif entry.kind == "command" and (code := entry.fields["text"].removeprefix("AT+FTM=")).isdigit():
            found.append((code, []))
    return found


def measure(name: str, pages: Sequence[Page]) -> Measured:
    """A call on a clean line, taken apart."""
    made, entries, tap = call(pages)
    assert made.outcome is not None and made.outcome.cause is Cause.OK, made.outcome
    seconds = made.outcome.figures.line_seconds
    assert seconds is not None
    own = _own_signals(entries)
    images = tap.images()
    signals = tap.signals()
    # CNG comes from the modem, before the far end's first frame.
    first_frame = next(entry.t for entry in entries if entry.kind == "frame")
    ours = [signal for signal in signals if signal.ours and signal.began > first_frame]
    assert len(ours) == len(own), (len(ours), own)
    preamble = min(signal.seconds - _burst_s(frames) for signal, (_, frames) in zip(ours, own, strict=True) if frames)
    parts: list[Part] = []
    before: Signal | None = None
    number = trained = 0
    for signal in signals:
        if signal.ended <= first_frame or not signal.ours:
            # Up to the far end's DIS nothing is ours to save; later its pauses and signals are as they are.
            since = before.ended if before is not None else 0.0
            parts.append(Part("the far end", signal.ended - since, signal.ended - since))
            before = signal
            continue
        what, frames = own[number]
        number += 1
        assert before is not None
        parts.append(Part(f"silence before {_called(what, trained)}", signal.began - before.ended, GAP_S))
        if frames:
            bound = preamble + _burst_s(frames)
        else:
            code, image = int(what), images[trained]
            bps = BPS[code]
            data = TCF_S if trained == 0 else _image_s(image, bps)
            # The last 20 ms of a turn-off are silence: they stand before the next signal.
            bound = training_s(code) + data + turn_off_s(code) - 0.02
        parts.append(Part(_called(what, trained), signal.seconds, bound))
        if not frames:
            trained += 1
        before = signal
    assert before is not None
    parts.append(Part("from DCN to on-hook", seconds - before.ended, 0.0))
    total = sum(part.seconds for part in parts)
    assert abs(total - seconds) < 0.02, (total, seconds)
    return Measured(name, seconds, sum(part.bound for part in parts), tuple(parts))


def _called(what: str, trained: int) -> str:
    if not what.isdigit():
        return what
    return "TCF" if trained == 0 else f"image {trained}"


@dataclass(frozen=True)
class Noisy:
    """One call on a bad line. ``allowed``: the clean figure, a round for each PPR, and the frames that were resent."""

    seed: int
    seconds: float
    rounds: int
    resent: int
    allowed: float


def noisy(pages: Sequence[Page], clean_s: float, seed: int) -> Noisy:
    burst = Disturbance(
        kind=Disturbs.NOISE,
        start=Moment(what="page", delay_s=3.0 + 0.9 * seed),
        seconds=0.25,
        dbm0=-12.0 - LOSS_DB,  # as loud as the signal
        direction=Direction.TO_CALLED,
    )
    line = Impairments(loss_db=LOSS_DB, noise_dbm0=NOISE_DBM0, seed=seed, disturbances=(burst,))
    made, entries, _ = call(pages, replace(FAR, line=line))
    assert made.outcome is not None and made.outcome.figures.line_seconds is not None
    figures = made.outcome.figures
    rounds = sum(entry.kind == "frame" and entry.fields["name"] == "PPR" for entry in entries)
    frame_time = 262 * 8 * 1.02 / (figures.rate_bps or 14400)
    allowed = clean_s + PPR_ROUND_S * rounds + figures.ecm_frames_resent * frame_time
    if made.outcome.cause is not Cause.OK:
        raise RuntimeError(f"seed {seed}: {made.outcome.text}")
    return Noisy(seed, figures.line_seconds or 0.0, rounds, figures.ecm_frames_resent, allowed)


def documents() -> dict[str, tuple[list[Page], float]]:
    """Name, pages, and the share above the bound that is allowed."""
    made = {name: page_from_bitmap(bitmap, 204, 196) for name, bitmap in coder_pages.pages().items()}
    return {
        "one-page letter": ([made["letter"]], 0.015),
        "dense text": ([made["dense text"]], 0.01),
        "three pages": ([made["letter"], made["dense text"], made["form"]], 0.01),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--all", action="store_true", help="every part of a call, also those without excess")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    results = [(measure(name, pages), allowed) for name, (pages, allowed) in documents().items()]
    letter = documents()["one-page letter"][0]
    bad = [noisy(letter, results[0][0].seconds, seed) for seed in range(1, SEEDS + 1)]
    if given.json:
        noisy_rows = [asdict(one) for one in bad]
        print(json.dumps({"clean": [asdict(result) for result, _ in results], "noisy": noisy_rows}, indent=2))
        return
    for result, allowed in results:
        over = result.seconds - result.bound
        print(
            f"{result.name}: {result.seconds:.3f} s off-hook, bound {result.bound:.3f} s, "
            f"{over * 1e3:.0f} ms or {100 * result.above:.2f} % above it (at most {100 * allowed:g} %)"
        )
        for part in result.parts:
            if given.all or abs(part.excess) >= 0.001:
                print(f"    {1e3 * part.excess:+7.1f} ms  {part.name:28} {part.seconds:8.4f} s of {part.bound:8.4f} s")
    print(f"one-page letter at 30 dB with a burst in the page, {SEEDS} seeds:")
    for one in bad:
        print(
            f"    seed {one.seed}: {one.seconds:.2f} s, {one.rounds} PPR, {one.resent} frames again, "
            f"allowed {one.allowed:.2f} s, {one.seconds - one.allowed:+.2f} s"
        )
    median = statistics.median(one.seconds - one.allowed for one in bad)
    print(f"    median: {median:+.2f} s against what is allowed (at most 0)")


if __name__ == "__main__":
    main()
