"""A telephone line on which frames and octets travel instead of sound, at their true times, with faults from a seed.

What always holds: two ends; what one sends the other hears a moment later, and nobody hears anything but by the line;
two signals at one ear at the same time spoil each other's frames; what a fault does is decided by the seed and the
order of signals alone. What it must not do: know T.30, or what a Class 1 modem is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Final, Protocol

from modem.soft.timeline import Timeline
from modem.t30.rates import RATES

PREAMBLE_S: Final = 1.0  # T.30 5.3.1: 1 s +-15 %
FLAG_S: Final = 8 / 300
TRAILING_FLAGS: Final = 2
CALLER, CALLED = 0, 1

_LONG: Final = {145: 1.393, 121: 1.393, 97: 1.393, 73: 1.393, 96: 0.253, 72: 0.253, 48: 0.708, 24: 0.943}
_SHORT_V17_S: Final = 0.1425
BPS: Final = {code: rate.bps for rate in RATES for code in (rate.long_code, rate.short_code)}


def training_s(code: int) -> float:
    """Seconds from the start of a fast carrier to its first data (V.17, V.29, V.27ter)."""
    return _LONG.get(code, _SHORT_V17_S)


def turn_off_s(code: int) -> float:
    """Seconds from the last data to the end of the carrier."""
    return {96: 0.013, 72: 0.013, 48: 0.020, 24: 0.027}.get(code, 0.033)


def frame_s(octets: bytes) -> float:
    """Seconds that a V.21 frame with its FCS and the flag behind it takes, zero insertion counted."""
    bits = f"{int.from_bytes(octets, 'little'):0{8 * len(octets)}b}"[::-1]
    return (len(bits) + bits.count("11111") + 8) / 300


class Kind(Enum):
    CED = "CED"
    V21 = "V.21"
    FAST = "fast"


@dataclass(eq=False)
class Signal:
    """One carrier from its start to its end. ``garbled``: it can be heard, and nothing can be made of it."""

    kind: Kind
    side: int
    code: int = 0  # FAST: as in +FTM
    began: float = 0.0
    ended: float | None = None
    garbled: bool = False
    octets: bytearray = field(default_factory=bytearray)  # FAST: all that was sent on it, before any fault
    frames: list[bytes] = field(default_factory=list)  # V21: the same
    origin: Signal | None = None  # a heard signal: the one that was sent


class Ear(Protocol):
    """Who is at an end of the line. Nothing here may be called by the other end directly."""

    def begins(self, signal: Signal) -> None: ...

    def frame(self, signal: Signal, octets: bytes, began: float) -> None:
        """A V.21 frame with its FCS, at its end."""
        ...

    def data(self, signal: Signal, octets: bytes) -> None:
        """Octets of a fast carrier have come."""
        ...

    def ends(self, signal: Signal) -> None: ...

    def dropped(self) -> None:
        """The line is dead."""
        ...


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How bad a line is: chances per signal or frame (0 to 1), times in seconds."""

    seed: int = 0
    lost: tuple[float, float] = (0.0, 0.0)  # a V.21 burst is not heard; by the side that sends it
    damaged: tuple[float, float] = (0.0, 0.0)  # a V.21 frame has wrong bits
    repeated: float = 0.0  # a V.21 burst is heard once more, a moment later
    delayed: float = 0.0  # a V.21 burst comes late
    most_delay_s: float = 0.6
    echo: float = 0.0  # a V.21 burst comes back to its sender
    echo_delay_s: float = 0.3
    bit_errors: float = 0.0  # a bit of fast data is wrong
    burst: float = 0.0  # fast data have a stretch of wrong octets
    garbled: float = 0.0  # a fast carrier's training fails
    cut: float = 0.0  # a fast carrier is lost at some point
    delay_s: float = 0.005  # one way
    dropped_at_s: float | None = None  # the line goes dead


@dataclass
class _Course:
    """What happens to one signal on its way to one ear."""

    delay_s: float
    heard: Signal
    damage: float = 0.0
    cut_at: int | None = None  # octets
    burst_at: int | None = None
    passed: int = 0
    repeat_after_s: float | None = None
    story: list[tuple[float, Callable[[Signal], None]]] = field(default_factory=list)


class FrameLine:
    """See the module. ``ends``: who listens; None is nobody. ``history``: every signal that was sent, in order."""

    def __init__(self, timeline: Timeline, faults: Faults | None = None) -> None:
        self.timeline = timeline
        self.ends: list[Ear | None] = [None, None]
        self.history: list[Signal] = []
        self.heard: list[list[Signal]] = [[], []]  # by ear: what reached it
        self.dead = False
        self._faults = faults or Faults()
        self._random = random.Random(self._faults.seed)
        self._courses: dict[Signal, list[_Course]] = {}
        self._audible: list[set[Signal]] = [set(), set()]
        if self._faults.dropped_at_s is not None:
            timeline.after(self._faults.dropped_at_s, self.drop)

    def attach(self, side: int, ear: Ear | None) -> None:
        self.ends[side] = ear

    def drop(self) -> None:
        """From now on nothing is heard by anybody."""
        if self.dead:
            return
        self.dead = True
        for side, ear in enumerate(self.ends):
            for signal in list(self._audible[side]):
                self._end_at(side, signal)
            if ear is not None:
                ear.dropped()

    # For who sends.

    def begin(self, side: int, kind: Kind, code: int = 0) -> Signal:
        """A carrier starts now."""
        signal = Signal(kind, side, code, self.timeline.now)
        self.history.append(signal)
        self._courses[signal] = self._plan(signal)
        for course in self._courses[signal]:
            self._travel(course, partial(self._begin_at, course.heard.side))
        return signal

    def frame(self, signal: Signal, octets: bytes) -> None:
        """A V.21 frame with its FCS has just left whole."""
        signal.frames.append(octets)
        length = frame_s(octets)
        for course in self._courses[signal]:
            heard = octets
            if course.damage and self._random.random() < course.damage:
                heard = self._spoilt(octets)
            self._travel(course, partial(self._frame_at, course.heard.side, heard, length))

    def data(self, signal: Signal, octets: bytes) -> None:
        """Octets have just left on a fast carrier."""
        signal.octets += octets
        for course in self._courses[signal]:
            heard = self._worn(course, octets)
            course.passed += len(octets)
            gone = course.cut_at is not None and course.passed >= course.cut_at
            if heard:
                self._travel(course, partial(self._data_at, course.heard.side, heard))
            if gone:
                self._travel(course, partial(self._end_at, course.heard.side))

    def end(self, signal: Signal) -> None:
        """The carrier ends now."""
        signal.ended = self.timeline.now
        for course in self._courses.pop(signal):
            self._travel(course, partial(self._end_at, course.heard.side))
            if course.repeat_after_s is not None:
                self._repeat(course)

    # On the way.

    def _plan(self, signal: Signal) -> list[_Course]:
        faults, chance = self._faults, self._random.random
        other = 1 - signal.side
        course = _Course(faults.delay_s, self._copy(signal, other))
        if signal.kind is Kind.CED:
            return [course]
        courses = [course]
        if signal.kind is Kind.V21:
            if chance() < faults.lost[signal.side]:
                courses = []
            course.damage = faults.damaged[signal.side]
            if faults.delayed and chance() < faults.delayed:
                course.delay_s += self._random.uniform(0.05, faults.most_delay_s)
            if faults.repeated and chance() < faults.repeated:
                course.repeat_after_s = self._random.uniform(0.05, 0.3)
            if faults.echo and chance() < faults.echo:
                courses.append(_Course(faults.echo_delay_s, self._copy(signal, signal.side)))
            return courses
        course.heard.garbled = chance() < faults.garbled
        if faults.cut and chance() < faults.cut:
            course.cut_at = self._random.randrange(6000)
        if faults.burst and chance() < faults.burst:
            course.burst_at = self._random.randrange(4000)
        return courses

    @staticmethod
    def _copy(signal: Signal, ear: int) -> Signal:
        return Signal(signal.kind, ear, signal.code, signal.began, origin=signal)

    def _travel(self, course: _Course, act: Callable[[Signal], None]) -> None:
        if course.repeat_after_s is not None:
            course.story.append((self.timeline.now, act))
        self.timeline.after(course.delay_s, partial(act, course.heard))

    def _repeat(self, course: _Course) -> None:
        assert course.repeat_after_s is not None and course.heard.origin is not None
        again = self._copy(course.heard.origin, course.heard.side)
        shift = self.timeline.now - course.story[0][0] + course.repeat_after_s + course.delay_s
        for time, act in course.story:
            self.timeline.after(time + shift - self.timeline.now, partial(act, again))

    def _spoilt(self, octets: bytes) -> bytes:
        made = bytearray(octets)
        for _ in range(self._random.randrange(1, 4)):
            made[self._random.randrange(len(made))] ^= 1 << self._random.randrange(8)
        if len(made) > 1 and self._random.random() < 0.2:
            del made[self._random.randrange(1, len(made)) :]
        return bytes(made)

    def _worn(self, course: _Course, octets: bytes) -> bytes:
        start, faults = course.passed, self._faults
        made = bytearray(octets)
        if faults.bit_errors:
            at = 0
            while True:
                at += int(self._random.expovariate(faults.bit_errors)) + 1
                if at > 8 * len(made):
                    break
                made[(at - 1) // 8] ^= 1 << (at - 1) % 8
        if course.burst_at is not None:
            for at in range(max(0, course.burst_at - start), min(len(made), course.burst_at + 60 - start)):
                made[at] ^= self._random.randrange(256)
        if course.cut_at is not None:
            del made[max(0, course.cut_at - start) :]
        return bytes(made)

    # At the ear.

    def _begin_at(self, ear: int, signal: Signal) -> None:
        if self.dead:
            return
        signal.began = self.timeline.now
        self._audible[ear].add(signal)
        self.heard[ear].append(signal)
        if (listener := self.ends[ear]) is not None:
            listener.begins(signal)

    def _frame_at(self, ear: int, octets: bytes, length_s: float, signal: Signal) -> None:
        if signal not in self._audible[ear]:
            return
        if len(self._audible[ear]) > 1:
            octets = self._spoilt(octets)
        if (listener := self.ends[ear]) is not None:
            listener.frame(signal, octets, self.timeline.now - length_s)

    def _data_at(self, ear: int, octets: bytes, signal: Signal) -> None:
        listener = self.ends[ear]
        if signal in self._audible[ear] and listener is not None and not signal.garbled:
            listener.data(signal, octets)

    def _end_at(self, ear: int, signal: Signal) -> None:
        if signal not in self._audible[ear]:
            return
        self._audible[ear].discard(signal)
        signal.ended = self.timeline.now
        if (listener := self.ends[ear]) is not None:
            listener.ends(signal)
