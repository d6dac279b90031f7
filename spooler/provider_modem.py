"""Serial modems and the software modem behind the contract of service providers: the FaxDev functions over port
processes.

The daemon speaks to its own modems without this (docs/providers.md says how each function is realised there); it is for
whoever wants them by the contract: a site's module of three lines, other programs, the tests.

    provider = ModemProvider(["/dev/ttyACM0"], Path("/var/lib/modems"))
    globals().update(provider.exports())

What always holds: a status says what the call's journal says; pages before the one in progress were confirmed; a
received page is confirmed to the far end only when it is on stable storage in the folder given.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from codec.errors import CodecError
from codec.tiff import read_pages
from fax import provider as fs
from fax.provider import (
    FAX_DEV_STATUS,
    FAX_RECEIVE,
    FAX_SEND,
    LINE_DEVSPECIFIC,
    LINEMESSAGE,
    REQUIRED_EXPORTS,
    CompletionPort,
    FaxSendCallback,
    SetLastError,
)
from modem import journal
from modem.entries import Entry
from modem.outcome import Cause, Fate, Outcome
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.port import client
from modem.port.client import AnswerSettings, CallAnswer, PortClient, PortError, PortState, PortStatus
from modem.receipt import AnswerOutcome
from modem.received import ReceivedCall

ERROR_NOT_READY = 21
LOOK_S = 0.2
TAIL_S = 0.05
LAUNCH_PAUSE_S = 5.0
PICKED_UP_S = 10.0  # until the call that was picked up is under way
JOB = 1
log = logging.getLogger(__name__)

CODES = {
    Cause.OK: fs.FS_COMPLETED,
    Cause.BUSY: fs.FS_BUSY,
    Cause.NO_ANSWER: fs.FS_NO_ANSWER,
    Cause.BAD_NUMBER: fs.FS_BAD_ADDRESS,
    Cause.NO_DIAL_TONE: fs.FS_NO_DIAL_TONE,
    Cause.NO_CARRIER: fs.FS_DISCONNECTED,
    Cause.FAR_END_DISCONNECTED: fs.FS_DISCONNECTED,
    Cause.LINE_LOST: fs.FS_DISCONNECTED,
    Cause.NO_FAX: fs.FS_NOT_FAX_CALL,
    Cause.DELAYED: fs.FS_CALL_DELAYED,
    Cause.BLACKLISTED: fs.FS_CALL_BLACKLISTED,
    Cause.CANCELLED: fs.FS_USER_ABORT,
    Cause.DEVICE_MISSING: fs.FS_LINE_UNAVAILABLE,
    Cause.DEVICE_SILENT: fs.FS_LINE_UNAVAILABLE,
    Cause.DEVICE_ERROR: fs.FS_LINE_UNAVAILABLE,
    Cause.DEVICE_NOT_FAX: fs.FS_LINE_UNAVAILABLE,
}
"""What is not here is FS_FATAL_ERROR."""


@dataclass
class _Modem:
    """One modem and its port process."""

    id: int
    name: str
    device: str
    folder: Path
    receives: bool = False
    rang: bool = False
    launched: float = -LAUNCH_PAUSE_S

    @property
    def client(self) -> PortClient:
        return PortClient(self.folder)


@dataclass(eq=False)
class Operation:
    """What FaxDevStartJob gives as its handle."""

    modem: _Modem
    post: Callable[[FAX_DEV_STATUS], None]
    status: FAX_DEV_STATUS = field(default_factory=lambda: FAX_DEV_STATUS(StatusId=fs.FS_INITIALIZING))
    call: str = ""
    aborted: bool = False

    def say(self, StatusId: int, PageCount: int = 0, CSI: str = "", CallerId: str = "", RoutingInfo: str = "") -> None:
        before = self.status
        self.status = FAX_DEV_STATUS(
            StatusId=StatusId,
            PageCount=PageCount or before.PageCount,
            CSI=CSI or before.CSI,
            CallerId=CallerId or before.CallerId,
            RoutingInfo=RoutingInfo or before.RoutingInfo,
        )
        self.post(self.status)


class ModemProvider:
    """``devices``: the modems' files. ``folder``: for what the port processes leave; it must outlive them.
    ``policy``: what calls may use."""

    def __init__(
        self,
        devices: Sequence[str],
        folder: Path,
        *,
        prefix: str = "modem",
        first_id: int = 1,
        lock_folder: Path | None = None,
        policy: LinePolicy | None = None,
    ) -> None:
        self._prefix = prefix
        self._first = first_id
        self._lock_folder = lock_folder
        self._policy = policy or LinePolicy(header_line=False)
        self._modems = [
            _Modem(first_id + n, f"{prefix}{n}", device, folder / f"{prefix}{n}") for n, device in enumerate(devices)
        ]
        self._ended = threading.Event()

    def exports(self) -> dict[str, Callable[..., object]]:
        """The contract's functions by name."""
        return {name: getattr(self, name) for name in (*REQUIRED_EXPORTS, "FaxDevShutdown")}

    def FaxDevVirtualDeviceCreation(self, CompletionPort: CompletionPort, CompletionKey: object) -> object:
        def rings(modem: _Modem) -> None:
            CompletionPort.put((CompletionKey, LINEMESSAGE(hDevice=modem.id)))

        threading.Thread(target=self._watch, args=(rings,), name="modems", daemon=True).start()
        return True, len(self._modems), self._prefix, self._first

    def FaxDevInitialize(self, LineAppHandle: object, HeapHandle: object, FaxServiceCallback: object) -> object:
        return True, self._line

    def FaxDevStartJob(
        self, LineHandle: object, DeviceId: int, CompletionPort: CompletionPort, CompletionKey: object
    ) -> object:
        modem = next((each for each in self._modems if each.id == DeviceId), None)
        status = _status(modem) if modem is not None else None
        if modem is None or status is None or status.state is not PortState.IDLE:
            why = status.reason or status.state.value if status is not None else "it has no process yet"
            SetLastError(ERROR_NOT_READY, f"the modem is not ready: {why}")
            return False
        return True, Operation(modem, lambda said: CompletionPort.put((CompletionKey, said)))

    def FaxDevSend(self, FaxHandle: Operation, FaxSend: FAX_SEND, FaxSendCallback: FaxSendCallback) -> bool:
        handle, modem = FaxHandle, FaxHandle.modem
        handle.call = f"fsp-{uuid.uuid4().hex[:16]}"
        folder = modem.folder / "calls" / handle.call
        try:
            folder.mkdir(parents=True)
            plan = self._plan(handle.call, FaxSend)
            plan.save(folder / "plan.json")
            reply = modem.client.start_call(folder / "plan.json", folder / "journal.jsonl")
        except (OSError, CodecError, PortError) as error:
            SetLastError(ERROR_NOT_READY, str(error))
            handle.say(fs.FS_LINE_UNAVAILABLE)
            return False
        if reply.answer in (CallAnswer.BUSY, CallAnswer.DOWN):
            SetLastError(ERROR_NOT_READY, reply.reason)
            handle.say(fs.FS_LINE_UNAVAILABLE)
            return False

        def heard(entry: Entry) -> None:
            _sending(handle, plan, entry)
            if not FaxSendCallback(handle, None, 0, 0):
                self.FaxDevAbortOperation(handle)

        outcome = journal.outcome_after_death(list(_tailed(folder / "journal.jsonl", heard)), plan)
        shutil.rmtree(folder, ignore_errors=True)
        SetLastError(0, outcome.text)
        handle.say(_code(outcome), CSI=outcome.figures.far_ident or "")
        kept = all(page.fate in (Fate.CONFIRMED, Fate.DAMAGED) for page in outcome.pages)
        return outcome.cause is Cause.OK and kept

    def FaxDevReceive(self, FaxHandle: Operation, CallHandle: object, FaxReceive: FAX_RECEIVE) -> bool:
        handle, modem = FaxHandle, FaxHandle.modem
        before = _status(modem)
        received = self._picked_up(handle, before.last_received if before is not None else None)
        if received is None:
            handle.say(fs.FS_LINE_UNAVAILABLE)
            return False
        handle.call = received.call
        handle.say(fs.FS_ANSWERED)
        for _ in _tailed(received.journal, lambda entry: _receiving(handle, entry)):
            pass
        outcome = received.outcome()
        if outcome is None:
            handle.say(fs.FS_FATAL_ERROR)
            return False
        if received.pages.exists():
            shutil.copyfile(received.pages, FaxReceive.FileName)
        SetLastError(0, outcome.text)
        handle.say(_code(outcome), RoutingInfo=outcome.sub_address, CallerId=outcome.caller.number)
        if outcome.cause is Cause.OK:
            shutil.rmtree(received.folder, ignore_errors=True)
        return outcome.cause is Cause.OK

    def FaxDevReportStatus(self, FaxHandle: Operation) -> object:
        return True, FaxHandle.status

    def FaxDevAbortOperation(self, FaxHandle: Operation) -> bool:
        FaxHandle.aborted = True
        with suppress(PortError):
            return FaxHandle.modem.client.cancel(FaxHandle.call)
        return False

    def FaxDevEndJob(self, FaxHandle: Operation) -> bool:
        return True

    def FaxDevShutdown(self) -> int:
        self._ended.set()
        for modem in self._modems:
            with suppress(PortError):
                modem.client.quit()
        return 0

    def _line(
        self, FaxHandle: object, hDevice: int, dwMessage: int, dwInstance: int, p1: int, p2: int, p3: int
    ) -> None:
        for modem in self._modems:
            if modem.id == hDevice and dwMessage == LINE_DEVSPECIFIC:
                modem.receives = bool(p1)

    def _plan(self, call: str, wanted: FAX_SEND) -> CallPlan:
        """Raises OSError, CodecError."""
        pages = tuple(
            PlannedPage(file=wanted.FileName, index=index, digest=page.digest, number=index + 1)
            for index, page in enumerate(read_pages(Path(wanted.FileName)))
        )
        document = PlannedDocument(
            job=JOB,
            pages=pages,
            pages_total=len(pages),
            header_from=wanted.CallerName,
            header_to=wanted.ReceiverName,
        )
        return CallPlan(
            call=call,
            dial=wanted.ReceiverNumber,
            documents=(document,),
            tsid=wanted.CallerNumber[:20],
            policy=self._policy,
        )

    def _picked_up(self, handle: Operation, last: str | None) -> ReceivedCall | None:
        """The call that is answered now; None: none is."""
        modem = handle.modem
        try:
            if not modem.client.pick_up():
                SetLastError(ERROR_NOT_READY, "the modem is in use, or is not set to receive")
                return None
        except PortError as error:
            SetLastError(ERROR_NOT_READY, str(error))
            return None
        until = time.monotonic() + PICKED_UP_S
        while time.monotonic() < until:
            status = _status(modem)
            found = None
            if status is not None and status.state is PortState.RECEIVING:
                found = status.call
            elif status is not None and status.last_received != last:
                found = status.last_received
            if found is not None:
                return ReceivedCall(modem.folder / "received" / found)
            time.sleep(TAIL_S)
        SetLastError(ERROR_NOT_READY, "the call was not answered")
        return None

    def _watch(self, rings: Callable[[_Modem], None]) -> None:
        while not self._ended.wait(LOOK_S):
            for modem in self._modems:
                try:
                    self._look(modem, rings)
                except (PortError, OSError) as error:
                    log.warning("%s: %s", modem.name, error)

    def _look(self, modem: _Modem, rings: Callable[[_Modem], None]) -> None:
        """See to it that its process lives and answers when it is to, and hear it ring. Raises PortError, OSError."""
        if not client.is_locked(modem.folder):
            if time.monotonic() >= modem.launched + LAUNCH_PAUSE_S:
                modem.launched = time.monotonic()
                client.launch(modem.name, modem.device, modem.folder, self._lock_folder)
            return
        status = modem.client.status()
        if status is None:
            return
        if status.answering != modem.receives:
            folder = str(modem.folder / "received")
            modem.client.set_answering(AnswerSettings(folder=folder, rings=0) if modem.receives else None)
        if status.rings and not modem.rang:
            rings(modem)
        modem.rang = bool(status.rings)


def _status(modem: _Modem) -> PortStatus | None:
    with suppress(PortError):
        return modem.client.status()
    return None


def _tailed(path: Path, heard: Callable[[Entry], None]) -> Iterable[journal.Line]:
    """The lines of a journal as they are written, up to its end or its writer's."""
    offset, silent = 0, 0
    while True:
        lines, offset = journal.read(path, offset)
        for line in lines:
            heard(line)
            yield line
        if any(line.kind == "end" for line in lines):
            return
        silent = 0 if lines else silent + 1
        if silent > 3 and path.exists() and not journal.is_being_written(path):
            # A second look, since the end may have come between the two questions.
            yield from journal.read(path, offset)[0]
            return
        time.sleep(TAIL_S)


def _sending(handle: Operation, plan: CallPlan, entry: Entry) -> None:
    match entry.kind:
        case "dialling":
            handle.say(fs.FS_DIALING)
        case "far-end":
            handle.say(fs.FS_TRANSMITTING, PageCount=1, CSI=str(entry.fields.get("ident") or ""))
        case "page-intent" if isinstance(number := entry.fields.get("number"), int):
            handle.say(fs.FS_TRANSMITTING, PageCount=number)


def _receiving(handle: Operation, entry: Entry) -> None:
    match entry.kind:
        case "far-end":
            handle.say(fs.FS_RECEIVING, PageCount=1, CSI=str(entry.fields.get("ident") or ""))
        case "page-confirmed" if isinstance(number := entry.fields.get("number"), int):
            handle.say(fs.FS_RECEIVING, PageCount=number + 1)


def _code(outcome: Outcome | AnswerOutcome) -> int:
    return CODES.get(outcome.cause, fs.FS_FATAL_ERROR)
