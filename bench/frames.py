"""Random and mutated octets into everything that reads what a far end or a modem says: only FrameError may come out.

What always holds: an input is made from its seed and number alone, so one that breaks something can be made again
(``--seed``, ``--first``). Frames go through parse, event, meaning and, by what they claim to be, DIS, DCS, PPS, PPR and
CTC; image streams through both deframers, whole and in pieces, which must find the same frames; a modem's octets
through the Class 1 reader.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing import get_context

from codec.page import Resolution
from modem.class1.reader import Block, Line, Piece, Reader
from modem.t30 import receiver_states, states
from modem.t30.capabilities import build_dcs, parse_dcs, parse_dis
from modem.t30.ecm import EcmPage
from modem.t30.frames import Frame, FrameError, Type, build, fcs, ident_text, parse
from modem.t30.hdlc import deframe, fcd, stream
from modem.t30.meaning import describe
from modem.t30.receiver_deframer import FRAME_MAX, Deframer

CHUNK = 50_000
_TYPES = tuple(Type)
_WORDS = (
    b"OK",
    b"CONNECT",
    b"NO CARRIER",
    b"ERROR",
    b"RING",
    b"+FCERROR",
    b"\x10\x03",
    b"\x10\x10",
    b"\xff\x13",
    b"\r\n",
)


@dataclass
class Found:
    """What came out. ``escaped``: input number, its octets and what they raised."""

    counts: Counter[str] = field(default_factory=Counter)
    escaped: list[tuple[int, str, str]] = field(default_factory=list)


def _whole(body: bytes) -> bytes:
    return body + fcs(body)


def _frame(chance: random.Random) -> bytes:
    """A frame that could be one: any type, any FIF, a good FCS."""
    length = chance.choice((0, 0, 1, 2, 3, 4, 6, 10, 20, 32, 33, 77, 130))
    frame = build(chance.choice(_TYPES), chance.randbytes(length), final=chance.random() < 0.7, x=chance.randrange(2))
    return _whole(frame.octets)


def _mutated(octets: bytes, chance: random.Random) -> bytes:
    made = bytearray(octets)
    for _ in range(chance.choice((1, 1, 2, 5))):
        act = chance.randrange(4)
        at = chance.randrange(len(made)) if made else 0
        if act == 0 and made:
            made[at] ^= 1 << chance.randrange(8)
        elif act == 1 and made:
            del made[at : at + chance.choice((1, 2, 50))]
        elif act == 2:
            made[at:at] = chance.randbytes(chance.choice((1, 3, 40)))
        elif made:
            made[at] = chance.choice((0x00, 0xFF, 0x7E, 0x10, 0x03, 0x13))
    return bytes(made)


def _read_frame(octets: bytes) -> str:
    try:
        frame = parse(octets)
    except FrameError:
        return "refused"
    read_meaning(frame)
    return "frame"


def read_meaning(frame: Frame) -> None:
    """Everything that is ever read out of a frame."""
    text = describe(frame)
    assert text and text.isprintable(), text
    states.event_of(frame, ())
    receiver_states.event_of(frame, ())
    ident_text(frame.fif)
    can = parse_dis(frame.fif)
    for resolution in Resolution:
        can.scan_time_ms(resolution)
    assert can.rates and can.codings
    asked = parse_dcs(frame.fif)
    assert parse_dcs(build_dcs(asked)).format.width == asked.format.width
    page = EcmPage(bytes(300), 0)
    page.take_ppr(frame.fif)
    assert page.pending and set(page.pending) <= {0, 1}


def _read_stream(octets: bytes, chance: random.Random) -> str:
    whole = Deframer().feed(octets)
    pieces = Deframer()
    found: list[bytes] = []
    at = 0
    while at < len(octets):
        step = chance.choice((1, 2, 7, 300))
        found += pieces.feed(octets[at : at + step])
        at += step
    assert found == whole, "in pieces it reads otherwise"
    other = [frame for frame in deframe(octets) if len(frame) + 2 <= FRAME_MAX]
    assert [frame for frame in other if frame in whole] == [frame for frame in whole if frame in other]
    return "stream with frames" if whole else "stream without"


def _stream(chance: random.Random) -> bytes:
    frames = [
        fcd(chance.randrange(256), chance.randbytes(chance.choice((0, 5, 64)))) for _ in range(chance.randrange(4))
    ]
    octets = stream(frames, chance.randrange(1, 12), chance.randrange(1, 4))
    return octets if chance.random() < 0.2 else _mutated(octets, chance)


def _read_modem(octets: bytes, chance: random.Random) -> str:
    reader = Reader()
    tokens = 0
    for at in range(0, len(octets), 9):
        if chance.random() < 0.3:
            chance.choice((reader.expect_frame, reader.expect_data, reader.expect_text))()
        reader.feed(octets[at : at + 9])
        while (token := reader.next()) is not None:
            assert isinstance(token, (Line, Block, Piece))
            tokens += 1
            assert tokens <= len(octets)
    return "modem's octets"


def read(number: int, seed: int) -> tuple[str, bytes]:
    """Input ``number`` of a seed, read; what it was, and its octets. Raises what escapes."""
    chance = random.Random(seed * 1_000_003 + number)
    octets, kind = b"", number % 16
    try:
        if kind == 0:
            octets = chance.randbytes(chance.randrange(160))
            return _read_frame(octets), octets
        if kind == 1:
            octets = b"".join(chance.choice(_WORDS) + chance.randbytes(chance.randrange(5)) for _ in range(8))
            return _read_modem(octets, chance), octets
        if kind == 2:
            octets = _stream(chance)
            return _read_stream(octets, chance), octets
        octets = _frame(chance)
        if kind >= 6:
            octets = _mutated(octets, chance)
            # Half of them with an FCS that is right again, so that they get further.
            if kind >= 10:
                octets = _whole(octets)
        return _read_frame(octets), octets
    except Exception as error:
        raise Escaped(octets, error) from error


class Escaped(Exception):
    """An input that raised something that it must not."""

    def __init__(self, octets: bytes, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error} on {octets.hex()}")
        self.octets = octets


def run(job: tuple[int, range]) -> Found:
    seed, numbers = job
    found = Found()
    for number in numbers:
        try:
            kind, _ = read(number, seed)
            found.counts[kind] += 1
        except Escaped as error:
            found.counts["escaped"] += 1
            found.escaped.append((number, error.octets.hex(), str(error)))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--count", type=int, default=200_000, help="inputs (default 200,000; the full run is 10,000,000)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    end = given.first + given.count
    jobs = [(given.seed, range(at, min(at + CHUNK, end))) for at in range(given.first, end, CHUNK)]
    started = time.perf_counter()
    total = Found()
    with get_context("spawn").Pool(given.processes) as pool:
        for found in pool.imap_unordered(run, jobs):
            total.counts.update(found.counts)
            total.escaped += found.escaped
    seconds = time.perf_counter() - started
    print(f"{sum(total.counts.values())} inputs in {seconds:.0f} s")
    for kind, count in total.counts.most_common():
        print(f"{count:10} {kind}")
    print(f"escaped: {len(total.escaped)}")
    for number, _, text in sorted(total.escaped)[:20]:
        print(f"  --seed {given.seed} --first {number} --count 1: {text[:300]}")
    return 1 if total.escaped else 0


if __name__ == "__main__":
    sys.exit(main())
