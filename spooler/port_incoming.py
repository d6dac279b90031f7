"""Calls that come in, as the supervisor of their port follows them: whether they are answered, what is told of them.

What always holds: a line answers when it is set to receive and not else; a call is told with its rings, its pages and
its end, from its journal, also when it was over before we looked.

Must not: take received faxes over. They lie where the port process puts them (``modem.received``), whole and for good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from modem import journal
from modem.port.client import AnswerSettings, PortClient, PortState, PortStatus
from modem.received import ReceivedCall
from spooler.settings import PortSettings
from spooler.store_ports import PortRecord

log = logging.getLogger(__name__)
Tell = Callable[[str, str, str | None], None]
"""Tells an event of the line: its kind, its text, and how a call ended."""


class Incoming:
    """Of one port. ``look`` blocks, and is called with each status of the process."""

    def __init__(self, folder: Path, client: PortClient, tell: Tell) -> None:
        self._folder = folder
        self._client = client
        self._tell = tell
        self._rang = False
        self._told_so: AnswerSettings | None = None
        self._pid = 0
        self._call: str | None = None
        self._last: str | None = None  # the call that was told last; None: nobody has looked yet
        self._read_to = 0
        self.pages = 0  # of the call that came in last

    def look(self, status: PortStatus, record: PortRecord | None, settings: PortSettings) -> bool:
        """Have calls answered, or not, and tell what is new; whether a call is over now. Raises PortError, OSError."""
        wanted = self._wanted(record, settings)
        if status.pid != self._pid:
            # A process that was there before us keeps what it was told; a new one knows nothing.
            self._pid, self._told_so = status.pid, None
        if self._told_so != wanted or status.answering != (wanted is not None):
            self._client.set_answering(wanted)
            self._told_so = wanted
        if status.rings and not self._rang:
            self._tell("ringing", "A call comes in", None)
            self._rang = True
        if self._last is None:
            self._last = status.last_received or ""
        if status.last_received not in (None, self._last, self._call):
            self._begin(str(status.last_received))
        if status.state is PortState.RECEIVING and status.call is not None and status.call != self._call:
            self._begin(status.call)
        elif not status.rings:
            self._rang = False
        self._follow()
        if self._call is None or status.call == self._call:
            return False
        self._finish()
        return True

    def _begin(self, call: str) -> None:
        self._finish()
        if not self._rang:
            self._tell("ringing", "A call comes in", None)
        self._call, self._last, self._read_to, self.pages, self._rang = call, call, 0, 0, False
        self._tell("answered", "A call is answered", None)

    def _wanted(self, record: PortRecord | None, settings: PortSettings) -> AnswerSettings | None:
        if record is None or not record.receive:
            return None
        return AnswerSettings(
            folder=str(self._folder),
            rings=record.rings,
            csi=record.csid,
            ecm=settings.ecm,
            v17=settings.v17,
            max_rate_bps=settings.max_rate_bps,
        )

    def _follow(self) -> None:
        if self._call is None:
            return
        lines, self._read_to = journal.read(ReceivedCall(self._folder / self._call).journal, self._read_to)
        for line in lines:
            if line.kind == "page-received":
                self.pages += 1
                self._tell("receiving", f"Page {self.pages} has come in", None)

    def _finish(self) -> None:
        """The call that was followed is over."""
        if self._call is None:
            return
        self._follow()
        call, self._call = ReceivedCall(self._folder / self._call), None
        outcome = call.outcome()
        if outcome is not None:
            log.info("Call %s ended: %s (%d pages, in %s)", call.call, outcome.text, self.pages, call.folder)
            self._tell("received", outcome.text, outcome.cause.value)
