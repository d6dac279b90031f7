"""What is asked in this session, and when it is no longer: the agent's core.

What always holds: a fax of which the server says that it waits is asked for or has been put off, never forgotten; no
fax is asked for twice at a time; one that was answered elsewhere (another session, the command line) is asked for no
longer. Pure: news in, actions out; no display, no clock, no connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from agent.facts import ADDRESS, Fax


@dataclass(frozen=True)
class Listed:
    """All of this user's faxes that wait for a recipient: said at first, and after each gap in the connection."""

    faxes: tuple[Fax, ...]


@dataclass(frozen=True)
class Changed:
    """A fax as it stands now."""

    fax: Fax


@dataclass(frozen=True)
class Gone:
    """A fax that waits no longer. ``state``: where it stands; empty when it was deleted."""

    fax: int
    state: str


@dataclass(frozen=True)
class Lost:
    """The server does not answer; it is tried again."""

    text: str


News = Listed | Changed | Gone | Lost


@dataclass(frozen=True)
class Notify:
    """Tell the person that this fax waits."""

    fax: Fax


@dataclass(frozen=True)
class Open:
    """Show the dialogue for this fax, or bring it to the front."""

    fax: Fax


@dataclass(frozen=True)
class Withdraw:
    """Take back notification and dialogue. ``state``: what the fax has become elsewhere."""

    fax: int
    state: str


Action = Notify | Open | Withdraw


class Stage(Enum):
    """How far the asking is."""

    NOTIFIED = "notified"
    OPEN = "open"
    PUT_OFF = "put off"  # not asked again in this session unless the person wants it


class Asking:
    """``at_once``: the dialogue opens without a notification before it."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once = at_once
        self._waiting: dict[int, Fax] = {}
        self._stages: dict[int, Stage] = {}

    @property
    def waiting(self) -> tuple[Fax, ...]:
        """What waits, oldest first."""
        return tuple(self._waiting[id] for id in sorted(self._waiting))

    def stage(self, fax: int) -> Stage | None:
        """None: it does not wait."""
        return self._stages.get(fax)

    def heard(self, news: News) -> list[Action]:
        """What follows from what the server says."""
        match news:
            case Listed(faxes):
                listed = {fax.id for fax in faxes}
                # What became of the others is not known after a gap.
                gone = [self._withdrawn(id, "") for id in sorted(self._waiting) if id not in listed]
                return _flat([*gone, *(self._met(fax) for fax in faxes)])
            case Changed(fax):
                return self._met(fax) if fax.state == ADDRESS else self._withdrawn(fax.id, fax.state)
            case Gone(id, state):
                return self._withdrawn(id, state)
            case Lost():
                return []

    def wanted(self, fax: int) -> list[Action]:
        """The person wants to answer this one."""
        if fax not in self._waiting:
            return []
        self._stages[fax] = Stage.OPEN
        return [Open(self._waiting[fax])]

    def all_wanted(self) -> list[Action]:
        """The person wants to see whatever waits, also what was put off."""
        return _flat([self.wanted(fax.id) for fax in self.waiting])

    def unnoticed(self, fax: int) -> list[Action]:
        """The notification cannot be shown: the dialogue stands in for it."""
        return self.wanted(fax) if self._stages.get(fax) is Stage.NOTIFIED else []

    def put_off(self, fax: int) -> list[Action]:
        """The person closed the dialogue, or the notification: the fax goes on waiting."""
        if fax in self._waiting:
            self._stages[fax] = Stage.PUT_OFF
        return []

    def dismissed(self, fax: int) -> list[Action]:
        """The notification was closed; a dialogue that is open stays."""
        return self.put_off(fax) if self._stages.get(fax) is Stage.NOTIFIED else []

    def _met(self, fax: Fax) -> list[Action]:
        known = fax.id in self._waiting
        self._waiting[fax.id] = fax
        if known:
            return []
        if self.at_once:
            return self.wanted(fax.id)
        self._stages[fax.id] = Stage.NOTIFIED
        return [Notify(fax)]

    def _withdrawn(self, fax: int, state: str) -> list[Action]:
        if self._waiting.pop(fax, None) is None:
            return []
        del self._stages[fax]
        return [Withdraw(fax, state)]


def _flat(lists: Sequence[list[Action]]) -> list[Action]:
    return [action for each in lists for action in each]
