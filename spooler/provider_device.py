"""One device of a service provider as the daemon sees it: an ordinary port process on an ordinary control socket.

What always holds: at most one call; a call is begun at most once, since its journal is created exclusively before; only
with every page proved; calls are answered only when ``answering`` says so. Answers come at once: whatever may take
time runs on the threads of an operation.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Protocol

from modem import journal
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.lock import PortLock
from modem.outcome import Outcome
from modem.plan import CallPlan
from modem.port.accepting import Refused, accept, known
from modem.port.control import ControlServer
from modem.port.loop import Watch
from modem.port.messages import (
    LOCK_NAME,
    SOCKET_NAME,
    AnswerSettings,
    CallAnswer,
    CallReply,
    PortState,
    PortStatus,
    Reply,
    Request,
)
from modem.received import ReceivedCall, make_folder
from spooler import VERSION
from spooler.provider_receiving import ReceiveRun, salvage
from spooler.provider_run import Limits, Run
from spooler.provider_sending import SendRun

log = logging.getLogger(__name__)


class Owner(Protocol):
    """The process that the device belongs to."""

    module: ModuleType
    quitting: bool
    limits: Limits

    def wake(self) -> None:
        """Turn the loop once more, from any thread."""
        ...

    def enabled(self) -> None:
        """Whether some device answers has changed."""
        ...

    def give_up(self, why: str) -> None:
        """The module does not let go of a device: the process is to end."""
        ...


class Device:
    """``serving``: the text by which the daemon tells one device's process from another's."""

    def __init__(self, name: str, id: int, serving: str, modem: str, folder: Path, owner: Owner) -> None:
        """Raises LockedError when another process serves this folder, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.id = id
        self.answering: AnswerSettings | None = None
        self._serving = serving
        self._modem = modem
        self._owner = owner
        self._lock = PortLock(folder / LOCK_NAME)
        self._control = ControlServer(folder / SOCKET_NAME, self.handle)
        self._run: Run | None = None
        self._over_at: float | None = None
        self._last_call: str | None = None
        self._last_received: str | None = None
        self._ringing = False
        self._made = 0

    @property
    def busy(self) -> bool:
        return self._run is not None

    @property
    def stuck(self) -> bool:
        """Its call has its end, and the module does not let go of it."""
        return self._run is not None and self._run.over.is_set()

    @property
    def watches(self) -> list[Watch]:
        return self._control.watches

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called, on the monotonic clock."""
        if self._run is None:
            return None
        return self._run.deadline if self._over_at is None else self._over_at + self._owner.limits.give_up_s

    def is_ours(self) -> bool:
        return self._lock.is_ours()

    def close(self) -> None:
        self._control.close()
        self._lock.close()

    def end_call(self) -> None:
        """The process is to end."""
        if self._run is not None:
            self._run.cancel("the process was told to end")

    def rings(self) -> None:
        """The provider says that a call comes in."""
        if self.answering is None:
            log.info("%s: a call that comes in is not answered: the line is not set to receive", self.name)
        elif self._owner.quitting or self._run is not None:
            log.info("%s: a call that comes in is not answered: the line is in use", self.name)
        else:
            self._ringing = True

    def tick(self) -> None:
        """To be called after every turn of the loop."""
        if self._run is not None:
            self._look(self._run)
        if self._run is None and self._ringing:
            self._ringing = False
            self._receive(ringing=True)

    def _look(self, run: Run) -> None:
        run.tick()
        if not run.over.is_set():
            return
        if run.returned.is_set():
            if isinstance(run, SendRun):
                self._last_call = run.id
            else:
                self._last_received = run.id
            self._run, self._over_at = None, None
        elif self._over_at is None:
            self._over_at = time.monotonic()
        elif time.monotonic() >= self._over_at + self._owner.limits.give_up_s:
            self._owner.give_up(f"{self.name}: the module does not let go of call {run.id}")

    def handle(self, request: Request) -> Reply:
        """Answer one request of the control socket."""
        match request.verb:
            case "status":
                return Reply(status=self.status())
            case "call":
                return Reply(call=self._call(Path(request.plan), Path(request.journal)))
            case "cancel":
                if self._run is None or self._run.id != request.call or self._run.over.is_set():
                    return Reply(cancelled=False)
                self._run.cancel()
                return Reply(cancelled=True)
            case "answering":
                return self._set_answering(request.answer)
            case "pick-up":
                free = self.answering is not None and self._run is None and not self._owner.quitting
                return Reply(picked_up=free and self._receive(ringing=False))
            case "quit":
                self._owner.quitting = True
                self._owner.wake()
                return Reply(status=self.status())
        return Reply(error=f"no such verb: {request.verb}")

    def status(self) -> PortStatus:
        run = self._run
        state = PortState.IDLE
        if run is not None and not run.over.is_set():
            state = PortState.SENDING if isinstance(run, SendRun) else PortState.RECEIVING
        elif run is not None:
            state = PortState.STARTING
        answering = self.answering
        under_way = run if run is not None and not run.over.is_set() else None
        ended = run if run is not None and run.over.is_set() else None
        return PortStatus(
            name=self.name,
            device=self._serving,
            pid=os.getpid(),
            version=VERSION,
            state=state,
            reason="the provider is ending a call" if state is PortState.STARTING else "",
            call=under_way.id if under_way else None,
            journal=str(under_way.writer.path) if under_way else None,
            last_call=ended.id if isinstance(ended, SendRun) else self._last_call,
            last_received=ended.id if isinstance(ended, ReceiveRun) else self._last_received,
            modem=self._modem,
            quitting=self._owner.quitting,
            answering=answering is not None,
            answering_into=answering.folder if answering is not None else "",
            answering_after=answering.rings if answering is not None else 0,
        )

    def _set_answering(self, settings: AnswerSettings | None) -> Reply:
        if settings is not None:
            try:
                make_folder(Path(settings.folder))
            except OSError as error:
                return Reply(error=f"the folder for incoming calls cannot be made: {error}")
            if self.answering is None:
                about = (Path(settings.folder), settings.csi, self.id, self._owner.module)
                threading.Thread(target=salvage, args=about, name=f"salvage {self.name}", daemon=True).start()
        changed = (self.answering is None) != (settings is None)
        self.answering = settings
        if changed:
            self._owner.enabled()
        return Reply(status=self.status())

    def _call(self, plan_path: Path, journal_path: Path) -> CallReply:
        run = self._run
        if run is not None and run.writer.path == journal_path and not run.over.is_set():
            return CallReply(answer=CallAnswer.STARTED)
        if journal_path.exists():
            return known(journal_path)
        if run is not None:
            return CallReply(answer=CallAnswer.BUSY, reason=f"call {run.id} is under way")
        if self._owner.quitting:
            return CallReply(answer=CallAnswer.DOWN, reason="the provider is ending")
        taken = accept(plan_path, journal_path)
        if isinstance(taken, CallReply):
            return taken
        if isinstance(taken, Refused):
            _end_refused(taken.plan, taken.writer, taken.outcome)
            return CallReply(answer=CallAnswer.DONE, reason=taken.reason)
        if taken.store is not None:
            taken.store.close()
        owner = self._owner
        self._run = SendRun(taken.plan, taken.pages, self.id, owner.module, taken.writer, owner.wake, owner.limits)
        self._run.start()
        return CallReply(answer=CallAnswer.STARTED)

    def _receive(self, ringing: bool) -> bool:
        settings, owner = self.answering, self._owner
        assert settings is not None
        self._made += 1
        id = f"in-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{self.id}-{self._made}"
        try:
            received = ReceivedCall.make(Path(settings.folder), id)
            writer = JournalWriter(received.journal)
        except OSError as error:
            log.error("%s: a call is not answered: its folder or journal cannot be made: %s", self.name, error)
            return False
        self._run = ReceiveRun(received, settings.csi, ringing, self.id, owner.module, writer, owner.wake, owner.limits)
        self._run.start()
        return True


def _end_refused(plan: CallPlan, writer: JournalWriter, outcome: Outcome) -> None:
    writer.append([Entry("begin", 0.0, {"call": plan.call, "dial": plan.dial}), journal.end_entry(0.0, outcome)])
    writer.close()
