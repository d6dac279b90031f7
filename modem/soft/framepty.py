"""Frame-level modems on ptys in real time, each with a fax machine of its own that answers any number.

What always holds: line time follows the clock, and what is due happens before a host's octets are looked at; every
page that a fax machine received is kept. A hurried line (``speed`` seconds of it in one of the clock) waits a while
when it is a host's turn, and then goes by the clock; and it does not count the time by which we are late ourselves.
What it must not do: be in a hurry on behalf of a host; it only writes down how long hosts take (``reactions``).
"""

from __future__ import annotations

import math
import os
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from modem.soft.framecall import FrameExchange
from modem.soft.framefax import FrameFax
from modem.soft.framehabits import Habits
from modem.soft.framelevel import FrameLine
from modem.soft.framemodem import FrameModem
from modem.soft.pty import Host, Pty
from modem.soft.timeline import Timeline

_LOOK_S: Final = 0.05  # how often closed devices are looked at
_LATE_S: Final = 0.002  # by which everybody may be late
_PATIENCE_S: Final = 1.0  # how long a hurried line waits for a host before it goes by the clock


@dataclass(frozen=True)
class Reaction:
    """From a modem's result to the host's next octets, seconds of the clock."""

    seconds: float
    result: str
    octets: bytes  # the first of them


@dataclass
class FramePort:
    """One modem on a pty. ``faxes``: the far ends of its calls, in order; ``dialled``: their numbers."""

    pty: Pty
    modem: FrameModem
    faxes: list[FrameFax] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    waiting_since: float | None = None
    result: str = ""


class FramePtyServer:
    """See the module. ``habits``: those of the fax machine of the n-th call, from 0, over all ports.

    Raises OSError when a link cannot be made.
    """

    def __init__(
        self, links: Sequence[Path], habits: Callable[[int], Habits] | None = None, speed: float = 1.0
    ) -> None:
        self.ports: list[FramePort] = []
        self._timeline = Timeline()
        self._speed = speed
        self._before = time.monotonic()
        self._line_now = 0.0
        self._due_since: float | None = None
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        exchange = FrameExchange(self._timeline, self._place, lambda: FrameLine(self._timeline), set_up_s=1.0)
        self._habits = habits
        self._calls = 0
        for link in links:
            self.ports.append(FramePort(Pty(link), FrameModem(self._timeline, exchange)))
        self._by_modem = {port.modem: port for port in self.ports}

    def _place(self, modem: FrameModem, dialled: str) -> Callable[[FrameLine], None]:
        habits = self._habits(self._calls) if self._habits is not None else Habits()
        self._calls += 1

        def through(line: FrameLine) -> None:
            fax = FrameFax(self._timeline, line, habits)
            self._by_modem[modem].faxes.append(fax)
            self._by_modem[modem].dialled.append(dialled)
            self._timeline.after(0.5, fax.answer)

        return through

    def stop(self) -> None:
        """From a signal handler or another thread: ``run`` returns soon."""
        self._stopping = True
        os.write(self._wake_write, b"x")

    def run(self) -> None:
        """Serve until ``stop``."""
        poller = select.poll()
        poller.register(self._wake_read, select.POLLIN)
        by_fd = {port.pty.fd: port for port in self.ports}
        registered: set[int] = set()
        look_at = 0.0
        while not self._stopping:
            now = time.monotonic()
            if now >= look_at:
                look_at = now + _LOOK_S
                self._look(poller, registered)
            wait_s = self._timeout_s(look_at)
            ready = poller.poll(wait_s * 1000)
            now = time.monotonic()
            # What was due before these octets came, first.
            self._let_pass(now, wait_s)
            for fd, events in ready:
                if fd in by_fd:
                    self._serve(by_fd[fd], events, now)
                    if by_fd[fd].pty.host is Host.GONE and fd in registered:
                        poller.unregister(fd)
                        registered.discard(fd)
            for port in self.ports:
                if port.modem.said:
                    self._give(port)

    def close(self) -> None:
        """Links removed. Once ``run`` has returned."""
        for port in self.ports:
            port.pty.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _let_pass(self, now: float, waited_s: float) -> None:
        """Line time up to ``now``, when so much of the clock was to be waited for."""
        elapsed, self._before = now - self._before, now
        if self._speed <= 1.0:
            self._line_now += elapsed * self._speed
        else:
            elapsed = min(elapsed, waited_s + _LATE_S)
            ends = min((at for port in self.ports if (at := port.modem.given_until) > self._line_now), default=math.inf)
            self._line_now = min(self._line_now + elapsed * self._pace(now), ends)
        self._timeline.run_to(self._line_now)

    def _pace(self, now: float) -> float:
        """Seconds of a hurried line in one of the clock."""
        if not any(port.modem.host_is_due for port in self.ports):
            self._due_since = None
            return self._speed
        if self._due_since is None:
            self._due_since = now
        return 0.0 if now - self._due_since < _PATIENCE_S else 1.0

    def _timeout_s(self, look_at: float) -> float:
        now, due = time.monotonic(), self._timeline.next_due
        until = look_at if due is None else min(look_at, now + (due - self._line_now) / self._speed)
        return max(0.0, until - now)

    def _look(self, poller: select.poll, registered: set[int]) -> None:
        for port in self.ports:
            if port.pty.host is Host.GONE and port.pty.look() is Host.THERE:
                port.pty.host = Host.THERE
                poller.register(port.pty.fd, select.POLLIN)
                registered.add(port.pty.fd)

    def _serve(self, port: FramePort, events: int, now: float) -> None:
        octets = port.pty.read() if events & (select.POLLIN | select.POLLHUP) else b""
        if octets is None:
            port.pty.host_left()
            port.modem.drop_dtr()
            port.waiting_since = None
            return
        if not octets:
            return
        if port.waiting_since is not None:
            port.reactions.append(Reaction(now - port.waiting_since, port.result, octets[:16]))
            port.waiting_since = None
        port.modem.write(octets)
        self._give(port)

    def _give(self, port: FramePort) -> None:
        octets = port.modem.read()
        if not octets:
            return
        if port.modem.expects_host:
            port.result = octets.strip().rsplit(b"\n", 1)[-1].decode("ascii", "replace")
            port.waiting_since = time.monotonic()
        port.pty.write(octets)
