"""What a dialogue with a modem consists of: the steps that a script yields, and the answers that it gets.

What always holds: plain values; each step with a timeout is over by then, with None for an answer.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from modem.class1.reader import Block, Result
from modem.t30.line import LineEvent


@dataclass(frozen=True)
class Say:
    """Write octets; with a timeout, wait for a result code."""

    octets: bytes
    timeout_s: float | None = None
    command: str = ""


@dataclass(frozen=True)
class Until:
    """Wait for a result code."""

    timeout_s: float | None


@dataclass(frozen=True)
class Pause:
    """Wait, deaf to result codes."""

    timeout_s: float


@dataclass(frozen=True)
class ReadBlock:
    """Read a frame's octets up to <DLE><ETX>, or a result code that comes instead."""

    timeout_s: float | None


@dataclass(frozen=True)
class ReadData:
    """Pass on what the fast carrier brings, up to <DLE><ETX> or to a result code that comes instead."""

    timeout_s: float | None = None


@dataclass(frozen=True)
class Transmit:
    """Hand out fast data at the line's pace, then <DLE><ETX>. A result code that comes before the end is the answer."""

    octets: bytes
    bps: int


@dataclass(frozen=True)
class Drain:
    """Wait for the result code after all data: so long as they take on the line, and ``beyond_s``."""

    beyond_s: float


@dataclass(frozen=True)
class Hold:
    """Wait until the journal is on disk: then the answer is OK."""

    timeout_s: float = 30.0


@dataclass(frozen=True)
class Emit:
    event: LineEvent


Step = Say | Until | Pause | ReadBlock | ReadData | Transmit | Drain | Hold | Emit
Answer = Result | Block | None
Script = Generator[Step, Answer, None]
Part = Generator[Step, Answer, Result | None]
