"""The telephone line between two parties: one path for each direction, deterministic to the last sample.

What always holds: the same impairments, seed and signals give the same samples; a clean path changes nothing and costs
nothing; time is counted in samples. What it must not do: know what the signals mean. Disturbances that hang on a
moment of the call ("when the second page begins") are switched on by the call, which knows the moments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from modem.soft.spandsp import SAMPLE_RATE, Block

_FULL_SCALE_SINE_DBM0 = 3.14  # G.711: a sine at the clipping point


class Direction(Enum):
    TO_CALLED = "to-called"
    TO_CALLER = "to-caller"
    BOTH = "both"


class Disturbs(Enum):
    NOISE = "noise"  # added to the signal
    SILENCE = "silence"  # the signal is gone


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment of a call: the ``nth`` time that ``what`` happens, and ``delay_s`` later.

    ``what``: "answered"; "page" (the far fax machine is ready for the image of page n: its CFR, or its MCF to MPS, is
    on the way, about 1.3 s before the image begins); "sent X" or "received X" with a frame name such as "sent MCF",
    as seen by the far fax machine (a frame is "sent" when it goes to its modem, about a second before its end).
    """

    what: str = "answered"
    nth: int = 1
    delay_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """Something that goes wrong for a while."""

    kind: Disturbs
    start: Moment = Moment()
    seconds: float = 0.1
    dbm0: float = -10.0  # of the noise
    direction: Direction = Direction.BOTH


@dataclass(frozen=True, kw_only=True)
class Impairments:
    """What a line does to the signals. Defaults: nothing."""

    noise_dbm0: float | None = None  # white, both directions; modems send at about -12 dBm0
    loss_db: float = 0.0
    delay_ms: float = 0.0  # each way
    echo_db: float | None = None  # each party hears itself, so much weaker
    echo_delay_ms: float = 0.0
    seed: int = 1
    disturbances: tuple[Disturbance, ...] = ()


CLEAN = Impairments()


def noise_rms(dbm0: float) -> float:
    """The root mean square, in sample units, of a signal of so many dBm0."""
    return math.sqrt(0.5) * 32767.0 * math.exp((dbm0 - _FULL_SCALE_SINE_DBM0) / 20.0 * math.log(10.0))


class _Delay:
    """Holds samples back by a fixed number of samples."""

    def __init__(self, seconds: float) -> None:
        self._held: NDArray[np.int16] = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)

    def pass_on(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        joined = np.concatenate((self._held, samples))
        self._held = joined[len(samples) :]
        return joined[: len(samples)]


class Path:
    """One direction of a line."""

    def __init__(self, impairments: Impairments, direction: Direction) -> None:
        self._random = np.random.default_rng([impairments.seed, 1 if direction is Direction.TO_CALLED else 2])
        self._gain = 10.0 ** (-impairments.loss_db / 20.0)
        self._noise = 0.0 if impairments.noise_dbm0 is None else noise_rms(impairments.noise_dbm0)
        self._delay = _Delay(impairments.delay_ms / 1000) if impairments.delay_ms else None
        self._echo_gain = 0.0 if impairments.echo_db is None else 10.0 ** (-impairments.echo_db / 20.0)
        self._echo_delay = _Delay(impairments.echo_delay_ms / 1000)
        self._clean = not (self._noise or impairments.loss_db or self._delay or self._echo_gain)
        self._disturbed: list[tuple[int, Disturbance]] = []  # samples left

    @property
    def clean(self) -> bool:
        """Whether the next block will pass unchanged."""
        return self._clean and not self._disturbed

    @property
    def echoes(self) -> bool:
        return self._echo_gain > 0.0

    def disturb(self, disturbance: Disturbance) -> None:
        """Begin it with the next sample."""
        self._disturbed.append((round(disturbance.seconds * SAMPLE_RATE), disturbance))

    def apply(self, block: Block, count: int, own: NDArray[np.int16] | None = None) -> None:
        """Change the first ``count`` samples in place; ``own``: what the receiving party itself sends meanwhile."""
        if self.clean:
            return
        samples = block.samples[:count]
        if self._delay is not None:
            samples[:] = self._delay.pass_on(samples.copy())
        mixed = samples.astype(np.float64) * self._gain
        for left, disturbance in self._disturbed:
            span = min(left, count)
            if disturbance.kind is Disturbs.SILENCE:
                mixed[:span] = 0.0
            else:
                mixed[:span] += self._random.normal(0.0, noise_rms(disturbance.dbm0), span)
        self._disturbed = [(left - count, which) for left, which in self._disturbed if left > count]
        if own is not None:
            mixed += self._echo_delay.pass_on(own) * self._echo_gain
        if self._noise:
            mixed += self._random.normal(0.0, self._noise, count)
        samples[:] = np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
