"""What is told of a line: its modem comes and goes, it is free, it could not be used.

What always holds: a modem that stays as it is is told once; what the database refuses is lost, as the line goes on.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from functools import partial

from modem.port.messages import PortState
from spooler import store_events
from spooler.store import Store

log = logging.getLogger(__name__)


class PortNews:
    """Of one port. Usable on any thread."""

    def __init__(self, name: str, store: Store) -> None:
        self._name = name
        self._store = store
        self._modem_on: bool | None = None  # None: nobody has looked yet

    def state(self, now: PortState, before: PortState, detail: str) -> None:
        """The line is ``now`` what it may have been ``before``."""
        if now is PortState.IDLE and before is not PortState.IDLE:
            if not self._modem_on:
                self.tell("modem-on", f"The modem of {self._name} is ready")
            self.tell("line-idle", f"{self._name} is free")
            self._modem_on = True
        elif now is PortState.DOWN and self._modem_on is not False:
            self.tell("modem-off", f"The modem of {self._name} is not ready: {detail}")
            self._modem_on = False

    def tell(self, kind: str, text: str, end: str | None = None, job: int | None = None) -> None:
        """``end``: how a call that came in ended."""
        told = self._store.submit(partial(store_events.emit, kind=kind, job=job, text=text, port=self._name, end=end))
        told.add_done_callback(_look_at)


def _look_at(told: Future[None]) -> None:
    if (error := told.exception()) is not None:
        log.warning("An event could not be told: %s", error)
