"""The port process: a ``Port``, its control socket, its lock, and the signals.

What always holds: one process per folder (the lock), whatever happens to those who started it: SIGHUP is ignored.
SIGTERM and SIGINT end a call politely and then the process; a second one changes nothing, since ``kill -9`` is always
safe. A process whose folder was taken away ends too, since nobody can find it any more. A fax machine waits for nobody:
where the system lets it, the process goes before others, as its unit says too.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType

from modem.lock import LockedError, PortLock
from modem.port.control import ControlServer
from modem.port.engine import Port
from modem.port.loop import Watch, turn
from modem.port.messages import LOCK_NAME, SOCKET_NAME, PortStatus, Reply, Request
from modem.port.pages import PlanError

PRIORITY = -10  # nice
SWITCH_SECONDS = 0.0005  # the writer thread gives the interpreter back at once
LOOK_SECONDS = 10.0  # how often the process looks whether its folder is still there
TERMINATE_SECONDS = 15.0  # a polite end takes some 4 s, and up to 8 s of image may wait before the modem

log = logging.getLogger(__name__)


def house_version() -> str:
    try:
        return version("platen")
    except PackageNotFoundError:
        return "unknown"


class PortProcess:
    """Everything in the process; ``run`` returns its exit status."""

    def __init__(self, name: str, device: str, folder: Path, lock_folder: Path | None) -> None:
        """Raises LockedError when another process serves this folder, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._lock = PortLock(folder / LOCK_NAME)
        self._port = Port(device, lock_folder, time.monotonic)
        self._control = ControlServer(folder / SOCKET_NAME, self.handle)
        self._signals = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._terminated: float | None = None
        self._next_look = time.monotonic() + LOOK_SECONDS

    def run(self) -> int:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        sys.setswitchinterval(SWITCH_SECONDS)
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
        log.info("port %s on %s, process %d", self.name, self._port.device_path, os.getpid())
        try:
            while not self._finished():
                self._turn()
        finally:
            self._port.close()
            self._control.close()
            log.info("port %s ends", self.name)
        return 0

    def handle(self, request: Request) -> Reply:
        """Answer one request of the control socket."""
        if request.verb == "status":
            return Reply(status=self.status())
        if request.verb == "call":
            return Reply(call=self._port.start_call(Path(request.plan), Path(request.journal)))
        if request.verb == "answering":
            try:
                self._port.set_answering(request.answer)
            except OSError as error:
                return Reply(error=f"the folder for incoming calls cannot be made: {error}")
            except (PlanError, ValueError) as error:
                return Reply(error=str(error))
            return Reply(status=self.status())
        if request.verb == "pick-up":
            return Reply(picked_up=self._port.pick_up())
        if request.verb == "cancel":
            return Reply(cancelled=self._port.cancel(request.call))
        if request.verb == "quit":
            self._port.quitting = True
            return Reply(status=self.status())
        return Reply(error=f"no such verb: {request.verb}")

    def status(self) -> PortStatus:
        port = self._port
        answering = port.answering.settings
        return PortStatus(
            name=self.name,
            device=port.device_path,
            pid=os.getpid(),
            version=house_version(),
            state=port.state,
            reason=port.reason,
            call=port.call,
            journal=str(port.journal_path) if port.journal_path is not None else None,
            last_call=port.last_call,
            last_received=port.last_received,
            modem=port.modem,
            quitting=port.quitting,
            answering=answering is not None,
            answering_into=answering.folder if answering is not None else "",
            answering_after=answering.rings if answering is not None else 0,
            served_pages=port.answering.served_pages,
            rings=port.answering.rings,
            device_taken=port.device_taken,
        )

    def _finished(self) -> bool:
        if self._terminated is not None and time.monotonic() >= self._terminated + TERMINATE_SECONDS:
            return True
        return self._port.quitting and self._port.call is None

    def _turn(self) -> None:
        deadlines = [self._port.deadline, self._next_look]
        if self._terminated is not None:
            deadlines.append(self._terminated + TERMINATE_SECONDS)
        due = min((time_s for time_s in deadlines if time_s is not None), default=None)
        watches = [*self._port.watches, *self._control.watches, Watch(self._signals, self._terminate)]
        turn(watches, None if due is None else due - time.monotonic())
        self._port.tick()
        if time.monotonic() >= self._next_look:
            self._look()

    def _look(self) -> None:
        """A call is brought to its end first: its journal may lie elsewhere."""
        self._next_look = time.monotonic() + LOOK_SECONDS
        if not self._lock.is_ours() and not self._port.quitting:
            log.error("the folder of port %s is not its own any more: ending", self.name)
            self._port.quitting = True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        os.eventfd_write(self._signals, 1)

    def _terminate(self, readable: bool, writable: bool) -> None:
        os.eventfd_read(self._signals)
        if self._terminated is None:
            log.info("asked to end")
            self._terminated = time.monotonic()
            self._port.shut_down()


def serve(name: str, device: str, folder: Path, lock_folder: Path | None) -> int:
    """Be the port process. Exit status 0: ended as asked; 3: another process serves this folder; 1: cannot start."""
    try:
        process = PortProcess(name, device, folder, lock_folder)
    except LockedError as error:
        log.error("%s", error)
        return 3
    except OSError as error:
        log.error("cannot start: %s", error)
        return 1
    return process.run()
