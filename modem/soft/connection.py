"""Two parties and the line between them: what one sends, the other hears, sample by sample.

What always holds: in each step both parties send before either hears, so that neither side is ahead; a party that has
left is silence. What it must not do: decide who leaves when.
"""

from __future__ import annotations

from modem.soft.line import Direction, Disturbance, Impairments, Path
from modem.soft.parties import Party, Silent
from modem.soft.spandsp import Block


class Connection:
    """A line with two parties on it."""

    def __init__(self, caller: Party, called: Party, impairments: Impairments) -> None:
        self._caller = caller
        self._called = called
        self._to_called = Path(impairments, Direction.TO_CALLED)
        self._to_caller = Path(impairments, Direction.TO_CALLER)
        self._from_caller = Block()
        self._from_called = Block()

    def leave(self, party: Party) -> None:
        """From now on this end is silent."""
        if self._caller is party:
            self._caller = Silent()
        elif self._called is party:
            self._called = Silent()

    def disturb(self, disturbance: Disturbance) -> None:
        """Begin a disturbance now."""
        if disturbance.direction is not Direction.TO_CALLER:
            self._to_called.disturb(disturbance)
        if disturbance.direction is not Direction.TO_CALLED:
            self._to_caller.disturb(disturbance)

    def run(self, count: int) -> None:
        """Let ``count`` samples pass, at most a block."""
        forth, back = self._from_caller, self._from_called
        caller, called = self._caller, self._called
        caller.transmit(forth, count)
        called.transmit(back, count)
        if self._to_called.echoes:
            own_caller, own_called = forth.samples[:count].copy(), back.samples[:count].copy()
            self._to_called.apply(forth, count, own_called)
            self._to_caller.apply(back, count, own_caller)
        else:
            self._to_called.apply(forth, count)
            self._to_caller.apply(back, count)
        called.receive(forth, count)
        caller.receive(back, count)
