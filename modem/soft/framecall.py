"""Calls at frame level in virtual time: who is called, and the crank of whoever has a Class 1 host to turn.

What always holds: a host's octets reach its modem at the moment at which it makes them, its journal is on disk
``journal_s`` later; time passes only when every host has nothing more to do now.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from modem.entries import Entry
from modem.soft.framelevel import CALLED, CALLER, FrameLine
from modem.soft.framemodem import FrameModem
from modem.soft.timeline import Timeline
from modem.soft.virtual import VirtualCall

_TURNS_AT_ONCE: Final = 2000


class FrameExchange:
    """A switch for modems that dial. ``place``: called with the modem and what it dialled when it does; it may return
    a result code that ends the call after ``set_up_s`` (BUSY ...), or what to do with the line when it is through."""

    def __init__(
        self,
        timeline: Timeline,
        place: Callable[[FrameModem, str], str | Callable[[FrameLine], None]],
        line: Callable[[], FrameLine],
        set_up_s: float = 3.0,
    ) -> None:
        self.lines: list[FrameLine] = []
        self._timeline = timeline
        self._place = place
        self._make_line = line
        self._set_up_s = set_up_s
        self._calls: dict[FrameModem, FrameLine | None] = {}
        self._ringing: dict[FrameModem, Callable[[], None]] = {}

    def dial(self, modem: FrameModem, dialled: str) -> None:
        self._calls[modem] = None
        found = self._place(modem, dialled)

        def through() -> None:
            if modem not in self._calls:
                return
            if isinstance(found, str):
                modem.refuse(found)
                return
            line = self._calls[modem] = self._make_line()
            self.lines.append(line)
            modem.connect(line, CALLER, dialled=True)
            found(line)

        self._timeline.after(self._set_up_s, through)

    def answer(self, modem: FrameModem) -> None:
        if pick_up := self._ringing.pop(modem, None):
            pick_up()

    def hang_up(self, modem: FrameModem) -> None:
        self._calls.pop(modem, None)

    def ring(self, modem: FrameModem, line: FrameLine, every_s: float = 5.0) -> None:
        """Ring a modem that shall be the called end of ``line``, until it answers."""
        self._ringing[modem] = lambda: modem.connect(line, CALLED, dialled=False)

        def again() -> None:
            if modem in self._ringing:
                modem.ring()
                self._timeline.after(every_s, again)

        again()


@dataclass
class Host:
    """A call and its modem."""

    call: VirtualCall[Entry]  # a ``Call`` or an ``Answer``
    modem: FrameModem
    journal_s: float = 0.0
    entries: list[Entry] = field(default_factory=list)
    ended_at: float | None = None
    poked: bool = False
    _pending: list[tuple[float, int]] = field(default_factory=list)

    def turn(self, now: float) -> bool:
        """Do what can be done now; whether anything was."""
        call, modem = self.call, self.modem
        moved, self.poked = self.poked, False
        if taken := list(call.take_entries()):
            self.entries += taken
            heapq.heappush(self._pending, (now + self.journal_s, len(self.entries)))
            moved = True
        if output := call.take_output():
            modem.write(output)
            moved = True
        if call.outcome is not None:
            self.ended_at = now if self.ended_at is None else self.ended_at
            return moved
        while self._pending and self._pending[0][0] <= now:
            call.synced(heapq.heappop(self._pending)[1], now)
            moved = True
        if heard := modem.read():
            call.receive(heard, now)
            return True
        deadline = call.deadline
        if deadline is not None and deadline <= now:
            call.tick(now)
            return True
        return moved

    def poke(self, act: Callable[[], None]) -> None:
        """Do something to the call from outside, within the timeline."""
        if self.call.outcome is None:
            act()
            self.poked = True

    @property
    def wanted(self) -> bool:
        """Whether there is something to do before the next deadline."""
        return self.poked or bool(self.modem.said)

    @property
    def next_due(self) -> float | None:
        times = [self._pending[0][0]] if self._pending else []
        if self.call.deadline is not None:
            times.append(self.call.deadline)
        return min(times, default=None)


def run_hosts(timeline: Timeline, hosts: Sequence[Host], max_seconds: float) -> None:
    """Turn all hosts until each has its outcome; a host that is put into ``hosts`` on the way is turned too.

    Raises TimeoutError after ``max_seconds``, RuntimeError when a host goes round and round without time passing.
    """
    give_up = timeline.now + max_seconds
    known = 0
    due: dict[int, float] = {}
    while True:
        for place, host in enumerate(hosts):
            if host.ended_at is None and (place >= known or host.wanted or due[place] <= timeline.now):
                _turn_out(host, timeline.now)
                due[place] = host.next_due if host.next_due is not None else give_up
        known = len(due)
        running = [place for place in range(known) if hosts[place].ended_at is None]
        if not running and known == len(hosts):
            break
        until = min((due[place] for place in running), default=timeline.now)
        watched = [hosts[place] for place in running]
        # Nothing is asked of a host as long as its modem has nothing to say.
        while (event := timeline.next_due) is not None and event <= until:
            timeline.step()
            if len(hosts) != known or any(host.wanted for host in watched):
                break
        else:
            if until >= give_up:
                raise TimeoutError(f"no outcome after {max_seconds} s of line time")
            timeline.run_to(until)
    for host in hosts:
        host.turn(timeline.now)


def _turn_out(host: Host, now: float) -> None:
    """Turn a host until it has nothing more to do now."""
    turns = 0
    while host.turn(now):
        turns += 1
        if turns > _TURNS_AT_ONCE:
            raise RuntimeError(f"a call goes round and round at {now:.3f} s")
