"""Calls with no clock: a software modem whose time passes only when it is told to.

What always holds: the same octets at the same virtual times give the same answers at the same virtual times; a call
of a minute takes a few hundredths of a second of CPU. What it must not do: look at a real clock, sleep, or touch a tty.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from modem.soft.exchange import Exchange
from modem.soft.spandsp import SAMPLE_RATE

Entry_ = TypeVar("Entry_", covariant=True)
_Entry = TypeVar("_Entry")

_STEP = 40  # samples: 5 ms, how finely results of the modem are placed in time


class VirtualModem:
    """A modem at the exchange, with the exchange's clock in its hands.

    ``write`` takes any number of octets at once; the modem takes them as it has room, as from a tty with flow control.
    Several of them may share one exchange: then time passes for all when it passes for one.
    """

    def __init__(self, exchange: Exchange, number: str = "") -> None:
        self.exchange = exchange
        self.modem = exchange.attach(number)

    @property
    def now(self) -> float:
        """Virtual seconds since the exchange began."""
        return self.exchange.now

    @property
    def backlog(self) -> int:
        """Octets written that the modem has not taken yet."""
        return self.modem.backlog

    def write(self, octets: bytes) -> None:
        """From the host. Commands that need no line time are answered at once."""
        self.modem.write(octets)

    def read(self) -> bytes:
        """All that the modem has said since the last time; may be empty."""
        return self.modem.read()

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, rounded to a sample (1/8000 s)."""
        self.exchange.advance(round(seconds * SAMPLE_RATE))

    def read_until(self, ending: bytes, max_seconds: float) -> bytes:
        """Read until the modem's octets contain ``ending``. Raises TimeoutError with what was read."""
        heard = self.read()
        give_up = self.now + max_seconds
        while ending not in heard:
            if self.now >= give_up:
                raise TimeoutError(f"no {ending!r} within {max_seconds} s, but {heard[-200:]!r}")
            self.exchange.advance(_STEP)
            heard += self.read()
        return heard

    def drop_dtr(self) -> None:
        """The host closes the device."""
        self.modem.drop_dtr()


class VirtualCall(Protocol[Entry_]):
    """What ``run_call`` turns the crank of: see ``modem.call``."""

    @property
    def outcome(self) -> object | None: ...

    @property
    def deadline(self) -> float | None: ...

    def take_output(self) -> bytes: ...

    def take_entries(self) -> Iterable[Entry_]: ...

    def receive(self, octets: bytes, now: float) -> None: ...

    def tick(self, now: float) -> None: ...

    def synced(self, count: int, now: float) -> None: ...


def run_call(call: VirtualCall[_Entry], modem: VirtualModem, max_seconds: float = 3600.0) -> list[_Entry]:
    """Pump a call to its end and return its journal entries, in order.

    Every entry is on disk at once; the host reacts to the modem's octets within ``_STEP`` samples. Raises TimeoutError
    when the call has no outcome after ``max_seconds`` of virtual time.
    """
    entries: list[_Entry] = []
    give_up = modem.now + max_seconds
    idle_turns = 0
    while call.outcome is None:
        if taken := list(call.take_entries()):
            entries += taken
            call.synced(len(entries), modem.now)
            idle_turns = 0
            continue
        output = call.take_output()
        if output:
            modem.write(output)
        if heard := modem.read():
            call.receive(heard, modem.now)
            idle_turns = 0
            continue
        deadline = call.deadline
        if deadline is not None and deadline <= modem.now:
            call.tick(modem.now)
            idle_turns += 1
            if idle_turns > 1000:
                raise RuntimeError(f"the call asks again and again for {deadline}, which is past")
            continue
        if modem.now >= give_up:
            raise TimeoutError(f"the call has no outcome after {max_seconds} s of line time")
        idle_turns = 0
        samples = _STEP
        if deadline is not None:
            samples = max(1, min(_STEP, round((deadline - modem.now) * SAMPLE_RATE + 0.5)))
        modem.exchange.advance(samples)
    if output := call.take_output():
        modem.write(output)
        modem.read()
    entries += call.take_entries()
    return entries
