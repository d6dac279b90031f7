"""Calls that come in, as the supervisor of their port follows them: whether they are answered, what is told of them.

What always holds: a line answers when it is set to receive and not else; each call is told with its rings, its pages
and its end, from its journal, also when it was over before we looked, and several that came between two looks one after
the other; what a call left is handed to reception once it is over, until reception has taken it in.

Must not: know what becomes of a fax (``reception`` does).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fax.settings import Configuration
from modem import journal
from modem.port.client import AnswerSettings, PortClient, PortStatus
from modem.received import ReceivedCall, calls_in
from spooler.reception import Reception
from spooler.settings import PortSettings
from spooler.store_ports import PortRecord

log = logging.getLogger(__name__)
Tell = Callable[[str, str, str | None], None]
"""Tells an event of the line: its kind, its text, and how a call ended."""
SETTLED_NS = 2_000_000_000  # a folder that was changed so long ago shows all that is in it


@dataclass
class _Followed:
    """A call that is not taken in yet. ``read_to``: octets of its journal that were looked at."""

    call: ReceivedCall
    read_to: int = 0
    pages: int = 0
    quiet: bool = False  # it was over before we were there: its pages are not told as if they came in now


@dataclass
class _Folder:
    """What is known of the port's folder of received calls."""

    path: Path
    changed_ns: int = -1
    known: set[str] = field(default_factory=set)

    def new(self) -> list[ReceivedCall]:
        """Calls that were not there at the last look, oldest first. Raises OSError."""
        try:
            changed_ns = self.path.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        if changed_ns == self.changed_ns:
            return []
        # What was changed a moment ago may be changed again without looking changed.
        self.changed_ns = changed_ns if time.time_ns() - changed_ns > SETTLED_NS else -1
        found = calls_in(self.path)
        new = [call for call in found if call.call not in self.known]
        self.known = {call.call for call in found}
        return new


class Incoming:
    """Of one port. ``look`` blocks, and is called with each status of the process."""

    def __init__(self, port: str, client: PortClient, tell: Tell, reception: Reception) -> None:
        self._port = port
        self._client = client
        self._tell = tell
        self._reception = reception
        self._folder = _Folder(reception.folder(port))
        self._followed: list[_Followed] = []
        self._rang = False
        self._told_so: AnswerSettings | None = None
        self._pid = 0
        self._begun = False  # what an earlier daemon left was looked at
        self.pages = 0  # of the call that came in last

    def look(self, status: PortStatus, record: PortRecord | None, settings: PortSettings, now: Configuration) -> bool:
        """Have calls answered, or not, and tell what is new; whether a call is over now. Raises PortError, OSError."""
        wanted = self._wanted(record, settings, now)
        if status.pid != self._pid:
            # A process that was there before us keeps what it was told; a new one knows nothing.
            self._pid, self._told_so = status.pid, None
        if self._told_so != wanted or status.answering != (wanted is not None):
            self._client.set_answering(wanted)
            self._told_so = wanted
        if not self._begun:
            self._take_up()
        if status.rings and not self._rang:
            self._tell("ringing", "A call comes in", None)
            self._rang = True
        new = self._folder.new()
        for call in new:
            self._begin(call)
        if not new and not status.rings and status.call is None:
            self._rang = False
        return self._follow()

    def take_in(self) -> None:
        """Take in what is over, while there is no time to look. Raises OSError."""
        self._follow()

    def _take_up(self) -> None:
        """What an earlier daemon left: what is over is taken in without telling what was long ago."""
        known = self._reception.taken(self._port)
        for call in self._folder.new():
            if call.call not in known:
                goes_on = call.is_under_way
                self._followed.append(_Followed(call, quiet=not goes_on))
                if goes_on:
                    self._begin_telling()
        self._begun = True

    def _begin(self, call: ReceivedCall) -> None:
        self._followed.append(_Followed(call))
        self._begin_telling()

    def _begin_telling(self) -> None:
        if not self._rang:
            self._tell("ringing", "A call comes in", None)
        self._rang = False
        self.pages = 0
        self._tell("answered", "A call is answered", None)

    def _wanted(self, record: PortRecord | None, settings: PortSettings, now: Configuration) -> AnswerSettings | None:
        if record is None or not record.receive:
            return None
        return AnswerSettings(
            folder=str(self._folder.path),
            rings=record.rings,
            csi=record.csid,
            ecm=settings.ecm,
            v17=settings.v17,
            max_rate_bps=settings.max_rate_bps,
            allowed_callers=now.callers_allowed,
            refused_callers=now.callers_refused,
        )

    def _follow(self) -> bool:
        """Tell the pages of each call, and have those that are over taken in; whether there was one."""
        over = False
        for one in list(self._followed):
            ended = not one.call.is_under_way  # looked at first: what is told after that is all that there will be
            lines, one.read_to = journal.read(one.call.journal, one.read_to)
            for line in lines:
                if line.kind == "page-received":
                    one.pages += 1
                    if one.quiet:
                        continue
                    self._tell("receiving", f"Page {one.pages} has come in", None)
            self.pages = one.pages
            if ended and self._reception.take_in(self._port, one.call):
                self._followed.remove(one)
                over = True
        return over
