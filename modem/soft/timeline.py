"""Virtual time for parties that act at moments: whatever is due next happens next, and nothing in between costs time.

What always holds: acts happen in the order of their times, and of their asking when the times are equal; ``now`` never
goes back. What it must not do: look at a clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

_Act = Callable[[], None]


class Ticket:
    """Something that is planned; ``cancel`` takes it back."""

    __slots__ = ("act",)

    def __init__(self, act: _Act) -> None:
        self.act: _Act | None = act

    def cancel(self) -> None:
        self.act = None


class Timeline:
    """Times are seconds from 0."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Ticket]] = []
        self._order = 0

    def after(self, seconds: float, act: _Act) -> Ticket:
        """Plan ``act`` for so many seconds from now."""
        ticket = Ticket(act)
        self._order += 1
        heapq.heappush(self._due, (self.now + max(0.0, seconds), self._order, ticket))
        return ticket

    @property
    def next_due(self) -> float | None:
        """When the next act is due."""
        due = self._due
        while due and due[0][2].act is None:
            heapq.heappop(due)
        return due[0][0] if due else None

    def run_to(self, time: float) -> None:
        """Let time pass until ``time``; all that is due by then happens."""
        while (due := self.next_due) is not None and due <= time:
            self.step()
        self.now = max(self.now, time)

    def step(self) -> None:
        """Go to the next act and do it. There must be one: see ``next_due``."""
        time, _, ticket = heapq.heappop(self._due)
        self.now = max(self.now, time)
        act, ticket.act = ticket.act, None
        if act is not None:
            act()
