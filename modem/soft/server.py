"""The exchange in real time: one or several modems, each on a pty, until told to stop.

What always holds: line time keeps up with the clock, and when the machine stood still for long, line time stands still
with it rather than rushing past the hosts; with no call nothing runs but a look, twenty times a second, whether a
closed device was opened; links are gone after ``close``. What it must not do: know T.30; it moves octets and time.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from modem.soft.event import Event
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData
from modem.soft.modem import SoftModem
from modem.soft.pty import Host, Pty
from modem.soft.report import Reporter
from modem.soft.spandsp import SAMPLE_RATE

_TICK_S: Final = 0.01  # of the clock
_AT_ONCE_S: Final = 0.2  # the most line time between two looks at the hosts
_FORGIVE_S: Final = 1.0  # of the clock: when later than this, line time waits
_PATIENCE_S: Final = 0.05  # how long a hurried line waits for an image's octets before it goes by the clock
_LONG_PATIENCE_S: Final = 1.0  # ... and for a command or a frame
_PRIORITY: Final = -10  # where the system lets us: a telephone line waits for nobody
_LOOK_S: Final = 0.05  # how often closed devices are looked at
_IDLE_S: Final = 1.0  # the longest wait: a signal that came right before it is noticed at its end
_ENOUGH: Final = 2048  # octets in a modem, above which its pty is not read


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A modem asked for: its number at the exchange, and where its device shall be found."""

    number: str
    link: Path


class _Port:
    def __init__(self, asked: Asked, modem: SoftModem) -> None:
        self.modem = modem
        self.pty = Pty(asked.link)

    def events(self) -> int:
        """What to wait for."""
        reading = select.POLLIN if self.modem.backlog < _ENOUGH else 0
        return reading | (select.POLLOUT if self.pty.waiting else 0)

    def take(self) -> None:
        """From the host to the modem, as long as the modem has room."""
        while self.pty.host is Host.THERE and self.modem.backlog < _ENOUGH:
            octets = self.pty.read()
            if octets is None:
                self.gone()
                return
            if not octets:
                return
            self.modem.write(octets)
            self.give()

    def give(self) -> None:
        """From the modem to the host."""
        if octets := self.modem.read():
            self.pty.write(octets)

    def gone(self) -> None:
        self.pty.host_left()
        self.modem.drop_dtr()


class Server:
    """Modems on ptys with one exchange. Raises OSError when a link cannot be made, ValueError, SpandspMissing.

    ``speed``: how many seconds of line time pass in one of the clock, for tests and shows: far ends and modems become
    so much faster, hosts and their timers do not. 1 is the truth. While it is a host's turn a hurried line waits a
    while, and then goes by the clock, so that hosts do not seem slower to far ends than they are.
    """

    def __init__(
        self,
        asked: Sequence[Asked],
        data: ExchangeData,
        *,
        out: Path | None = None,
        on_event: Callable[[Event], None] | None = None,
        speed: float = 1.0,
    ) -> None:
        if not 0.1 <= speed <= 20:
            raise ValueError(f"a speed of {speed} is not between 0.1 and 20")
        numbers = {each.number for each in asked}
        if wrong := next((incoming.to for incoming in data.incoming if incoming.to not in numbers), None):
            raise ValueError(f"an incoming call is for {wrong}, but there is no modem under that number")
        self._speed = speed
        self.exchange = Exchange(data, out=out, on_event=on_event)
        self._ports: list[_Port] = []
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False
        self._due_since: float | None = None
        try:
            for each in asked:
                self._ports.append(_Port(each, self.exchange.attach(each.number)))
        except BaseException:
            self.close()
            raise

    @property
    def devices(self) -> tuple[tuple[str, Path, Path], ...]:
        """Number, link and device of each modem."""
        return tuple((port.modem.number, port.pty.link, port.pty.device) for port in self._ports)

    def stop(self) -> None:
        """From a signal handler or another thread: ``run`` returns soon."""
        self._stopping = True
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"x")

    def run(self) -> None:
        """Serve until ``stop``."""
        before = time.monotonic()
        owed = 0.0  # line time that should have passed
        look_at = 0.0
        while not self._stopping:
            self._wait(self._timeout(owed))
            now = time.monotonic()
            if now >= look_at:
                self._look_for_hosts()
                look_at = now + _LOOK_S
            for port in self._ports:
                port.take()
            owed += (now - before) * self._pace(now)
            before = now
            if self.exchange.talking:
                owed = min(owed, _FORGIVE_S * self._speed)
                owed -= self._advance(min(owed, _AT_ONCE_S))
            else:
                owed -= self._advance(owed)
            for port in self._ports:
                port.give()

    def close(self) -> None:
        """Everybody on-hook, links removed."""
        for port in self._ports:
            port.pty.close()
        self._ports.clear()
        self.exchange.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _pace(self, now: float) -> float:
        """Seconds of line time in one of the clock. A host that gives an image no faster than a real modem would take
        it, as hosts without flow control do, must find a line that is no faster; and one that is to speak has as much
        time as on a real line. On a hurried line time stands still first, since a host that is only late by a moment,
        as on a machine that does much else, should not be taken for a slow one."""
        if self._speed <= 1.0 or not any(port.modem.host_is_due for port in self._ports):
            self._due_since = None
            return self._speed
        if self._due_since is None:
            self._due_since = now
        patience_s = _PATIENCE_S if any(port.modem.hungry for port in self._ports) else _LONG_PATIENCE_S
        return 0.0 if now - self._due_since < patience_s else 1.0

    def _advance(self, seconds: float) -> float:
        """Let line time pass; returns how much did."""
        if seconds < _TICK_S:
            return 0.0
        samples = int(seconds * SAMPLE_RATE)
        self.exchange.advance(samples)
        return samples / SAMPLE_RATE

    def _timeout(self, owed: float) -> float:
        """Seconds until something has to be done without a host's doing."""
        if self.exchange.talking:
            if self._due_since is not None:
                return _TICK_S  # octets of the host wake us before
            return max(0.0, (_TICK_S - owed) / self._speed)
        waits = [_IDLE_S]
        if self.exchange.next_due is not None:
            waits.append(max(0.0, self.exchange.next_due - self.exchange.now - owed) / self._speed + _TICK_S)
        if any(port.pty.host is Host.GONE for port in self._ports):
            waits.append(_LOOK_S)
        return min(waits)

    def _wait(self, timeout_s: float) -> None:
        poller = select.poll()
        poller.register(self._wake_read, select.POLLIN)
        by_fd = {port.pty.fd: port for port in self._ports if port.pty.host is Host.THERE}
        for fd, port in by_fd.items():
            poller.register(fd, port.events())
        for fd, found in poller.poll(int(timeout_s * 1000 + 0.999)):
            if fd not in by_fd:
                continue
            if found & select.POLLOUT:
                by_fd[fd].pty.flush()
            if found & select.POLLHUP and not found & select.POLLIN:
                by_fd[fd].gone()

    def _look_for_hosts(self) -> None:
        for port in self._ports:
            if port.pty.host is Host.GONE and port.pty.look() is Host.THERE:
                port.pty.host = Host.THERE


@contextlib.contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT call ``stop``; outside the main thread nothing is changed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def serve(
    asked: Sequence[Asked],
    data: ExchangeData,
    *,
    out: Path | None,
    as_json: bool = False,
    frames: bool = False,
    speed: float = 1.0,
) -> None:
    """Offer the modems until SIGTERM or SIGINT; one line on stdout when ready and one for each event of a call.

    ``out``: folder of the fax machines, ``out/NUMBER/0001.tif`` and ``.json``. ``as_json``: JSON Lines instead of text.
    ``frames``: also a line for each T.30 frame. ``speed``: see ``Server``. Raises OSError, ValueError, SpandspMissing.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
    reporter = Reporter(sys.stdout, as_json=as_json, frames=frames)
    server = Server(asked, data, out=out, on_event=reporter.event, speed=speed)
    try:
        with _stopped_by_signals(server.stop):
            reporter.ready(server.devices, data)
            server.run()
    finally:
        server.close()
