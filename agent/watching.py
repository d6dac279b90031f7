"""Watches the daemon for this user's faxes that wait for a recipient.

What always holds: whatever waits is told of at least once, also what came while the daemon or the connection was away;
another user's faxes are never told of, even to somebody who may see them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from agent.api import Api
from agent.asking import Changed, Gone, Listed, Lost, News
from agent.facts import ADDRESS, Event, Refusal

PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Watcher:
    """``tell`` is called with news on the thread that runs ``run``."""

    def __init__(self, api: Api, tell: Callable[[News], None]) -> None:
        self._api = api
        self._tell = tell
        self._ended = threading.Event()
        self._failures = 0
        self._lost = False  # told of as lost, and not heard from since
        self._mine: set[int] = set()  # told of as waiting

    def run(self) -> None:
        """Watch until ``end``."""
        while not self._ended.is_set():
            try:
                self._follow()
            except Refusal as error:
                # Events that end in good order are no failure yet: the daemon may be back at once.
                if not self._lost:
                    self._lost = True
                    self._tell(Lost(error.text))
            self._ended.wait(PAUSES_S[min(self._failures, len(PAUSES_S) - 1)])
            self._failures += 1

    def end(self) -> None:
        """Let ``run`` return as soon as it hears something; any thread."""
        self._ended.set()

    def _follow(self) -> None:
        # The cursor first: what happens while we list is heard again rather than missed.
        after = self._api.cursor()
        user = self._api.user()
        faxes = self._api.waiting(user)
        self._mine = {fax.id for fax in faxes}
        self._tell(Listed(faxes))
        self._failures = 0
        self._lost = False
        for event in self._api.events(after):
            if self._ended.is_set():
                return
            if event is not None:
                self._heard(event, user)

    def _heard(self, event: Event, user: str) -> None:
        if event.fax is None:
            return
        if event.state == ADDRESS:
            try:
                fax = self._api.fax(event.fax)
            except Refusal as error:
                if error.cause in ("no-such-job", "not-allowed"):
                    return
                raise
            if fax.user != user:
                return
            if fax.state == ADDRESS:
                self._mine.add(fax.id)
            self._tell(Changed(fax))
        elif event.fax in self._mine and (event.state is not None or event.kind == "deleted"):
            self._mine.discard(event.fax)
            self._tell(Gone(event.fax, event.state or ""))
