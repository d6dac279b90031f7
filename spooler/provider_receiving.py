"""A service provider receives: its TIFF becomes pages of ours in the folder of an incoming call, as ``modem.received``
describes it.

What always holds: a page counts as confirmed only when the provider has told the far end so and it is on stable storage
here; what the provider wrote is opened as a stranger's document is when it is not plainly one of ours; a file that
cannot be read stays where it is, for people. An abort discards what came in.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from codec.documents import convert
from codec.errors import CodecError
from codec.page import Page, Resolution
from codec.tiff import FaxTags, read_pages
from fax import provider as fs
from fax.provider import FAX_DEV_STATUS, FAX_RECEIVE
from modem import journal
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault, Figures, Phase
from modem.port.store import PageStore
from modem.receipt import AnswerOutcome, CallerId, PageReceipt, Receipt, ReceivedPage, fault_of, sentence
from modem.received import ReceivedCall, calls_in
from spooler import provider_status
from spooler.provider_module import Result, call
from spooler.provider_run import Limits, Run
from spooler.provider_status import Seen

ARRIVING_NAME = "arriving.tif"
SAVED = "-saved"
BY = "the provider"
STORE_S = 120.0  # for the pages to get to the disk
log = logging.getLogger(__name__)


class ReceiveRun(Run):
    """One call that comes in. ``ringing`` False: answered by command, without a ring."""

    def __init__(
        self,
        received: ReceivedCall,
        csi: str,
        ringing: bool,
        device: int,
        module: ModuleType,
        writer: JournalWriter,
        wake: Callable[[], None],
        limits: Limits,
    ) -> None:
        super().__init__(received.call, device, module, writer, wake, limits)
        self._received = received
        self._csi = csi
        self._ringing = ringing
        self._file = received.folder / ARRIVING_NAME
        self._wanted = FAX_RECEIVE(FileName=str(self._file))
        self._receipts: list[PageReceipt] = []
        self._caller = CallerId()
        self._routing = ""
        self._page = 0

    def prepare(self) -> bool:
        self.write("begin", call=self.id, dial="", incoming=True, caller={}, tsid=self._csi)
        try:
            os.close(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except OSError as error:
            self.finish(self._outcome(Cause.STORAGE, str(error.strerror or error)))
            return False
        return True

    def operate(self, handle: object) -> Result:
        return call(self.module.FaxDevReceive, handle, self.device if self._ringing else None, self._wanted)

    def not_begun(self, why: str) -> None:
        self._drop()
        self.finish(self._outcome(Cause.DEVICE_ERROR, why.rstrip(". ")))

    def ended(self, done: Result) -> None:
        status, why = self.final(done)
        cause = provider_status.cause_of(status.StatusId, done.ok)
        if self.cancelled and cause is not Cause.OK:
            cause, why = Cause.CANCELLED, self.why_cancelled
        if cause is Cause.CANCELLED:
            self._drop()
            self.finish(self._outcome(cause, why))
            return
        self._tell_receiver()
        try:
            pages = pages_of(self._file)
        except (CodecError, OSError) as error:
            log.error("call %s: what the provider wrote to %s cannot be read: %s", self.id, self._file, error)
            bad = self._outcome(Cause.PROTOCOL_ERROR, "what the provider wrote is no TIFF")
            self.finish(replace(bad, fault=Fault.DEVICE))
            return
        if not pages and cause is Cause.OK:
            cause = Cause.NO_FAX
        if not self._keep(pages, cause is Cause.OK):
            self.finish(self._outcome(Cause.STORAGE, why))
            return
        self._drop()
        outcome = self._outcome(cause, why.rstrip(". "))
        device = cause in (Cause.PROTOCOL_ERROR, Cause.DEVICE_MISSING)
        self.finish(replace(outcome, fault=Fault.DEVICE) if device else outcome)

    def broken(self, why: str) -> None:
        self.finish(self._outcome(Cause.PORT_DIED, why.rstrip(". ")))

    def went_on(self, before: Seen, status: FAX_DEV_STATUS) -> None:
        if self.seen.ident and self.seen.ident != before.ident:
            self.write("far-end", ident=self.seen.ident, abilities="")
        if status.StatusId in (fs.FS_ANSWERED, fs.FS_RECEIVING):
            self._page = max(self._page, status.PageCount)
        if status.CallerId.strip() and not self._caller.number:
            self._caller = CallerId(number=status.CallerId.strip()[:40])
            self.write("caller", number=self._caller.number)
        self._routing = status.RoutingInfo.strip()[:200] or self._routing

    @property
    def pages_so_far(self) -> int:
        return self._page

    def save(self, pages: list[Page], told: Sequence[Entry]) -> None:
        """Be the call that a process which was killed had in hand: ``pages`` are those that had come in, and what was
        ``told`` of it is told again. Whether the far end counts them as sent is not known."""
        self.write("begin", call=self.id, dial="", incoming=True, caller={}, tsid=self._csi)
        for entry in told:
            if entry.kind == "far-end":
                self.seen = replace(self.seen, ident=str(entry.fields.get("ident", "")))
                self.write("far-end", ident=self.seen.ident, abilities="")
            elif entry.kind == "caller":
                self._caller = CallerId(number=str(entry.fields.get("number", "")))
                self.write("caller", number=self._caller.number)
        kept = self._keep(pages, False)
        self.finish(self._outcome(Cause.PORT_DIED if kept else Cause.STORAGE))

    def _keep(self, pages: list[Page], whole: bool) -> bool:
        """Put them where received pages are; whether all of them are on stable storage."""
        if not pages:
            return True
        # At which page a call broke off is what the provider says; the far end has been told of those before it.
        told = len(pages) if whole else max(0, min(self.seen.page - 1, len(pages)))
        store = PageStore(self._received.pages)
        try:
            for number, page in enumerate(pages, 1):
                clean = number <= told
                receipt = Receipt.CLEAN if clean else Receipt.INCOMPLETE
                tags = FaxTags(
                    description=f"Fax from {self.seen.ident}" if self.seen.ident else "Fax",
                    bad_rows=0,
                    sub_address=self._routing[:20],
                    receive_time_s=round(self.seconds),
                )
                store.put([ReceivedPage(number=number, page=page, tags=tags)])
                self._receipts.append(
                    PageReceipt(
                        number=number, receipt=receipt, confirmed=False, rows=page.rows, bad_rows=0, digest=page.digest
                    )
                )
                self.write(
                    "page-received",
                    number=number,
                    receipt=receipt.value,
                    digest=page.digest,
                    width=page.width,
                    rows=page.rows,
                    bad_rows=0,
                    octets=len(page.data),
                    barrier=True,
                )
            store.wait(STORE_S)
            if store.failure or store.stored < len(pages):
                self.write("store-failed", text=store.failure or "it takes too long")
                return False
        finally:
            store.close()
        if not self.wait_for_journal():
            return False
        for number in range(1, len(pages) + 1):
            self.write("page-stored", number=number)
            if number <= told:
                self._receipts[number - 1] = replace(self._receipts[number - 1], confirmed=True)
                self.write("page-confirmed", number=number, by=BY)
        return True

    def _tell_receiver(self) -> None:
        name, number = str(self._wanted.ReceiverName or ""), str(self._wanted.ReceiverNumber or "")
        if name or number:
            self.write("receiver", name=name[:200], number=number[:200])

    def _outcome(self, cause: Cause, detail: str = "") -> AnswerOutcome:
        return AnswerOutcome(
            cause=cause,
            phase=Phase.E if cause is Cause.OK else Phase.C if self._receipts or self.seen.page else Phase.B,
            fault=fault_of(cause),
            text=sentence(cause, detail),
            pages=tuple(self._receipts),
            sub_address=self._routing,
            caller=self._caller,
            figures=Figures(line_seconds=round(self.seconds, 3), far_ident=self.seen.ident or None),
        )

    def _drop(self) -> None:
        Path(self._file).unlink(missing_ok=True)


def pages_of(file: Path) -> list[Page]:
    """Of a file that a provider has written, as ours. Raises CodecError, OSError."""
    if not file.stat().st_size:
        return []
    try:
        return read_pages(file)
    except CodecError as error:
        log.info("%s is not as our TIFFs are (%s): converting it", file, error)
    made = file.with_suffix(".made.tif")
    try:
        convert([file], made, Resolution.FINE)
        return read_pages(made)
    finally:
        made.unlink(missing_ok=True)


def salvage(folder: Path, csi: str, device: int, module: ModuleType) -> None:
    """What had come in when a process was killed in ``folder`` becomes a call of its own, ``ID-saved``, that did not
    end well; once, whatever is killed. What cannot be read stays where it is."""
    for left in calls_in(folder):
        file = left.folder / ARRIVING_NAME
        try:
            if not file.exists() or left.is_under_way:
                continue
            told, _ = journal.read(left.journal)
            if any(line.kind == "end" for line in told) or not (pages := pages_of(file)):
                continue
            saved = ReceivedCall.make(folder, f"{left.call}{SAVED}")
            run = ReceiveRun(saved, csi, True, device, module, JournalWriter(saved.journal), lambda: None, Limits())
            run.save(pages, told)
            file.unlink()
        except FileExistsError:
            continue
        except (OSError, CodecError) as error:
            log.warning("call %s: what had come in cannot be saved: %s", left.call, error)
