"""A service provider sends: its plan as a TIFF, what it reports as entries of the call's journal.

What always holds: the pages that the provider gets were proved, bear their header line and are a copy that is read
only; before it has them the journal says so, so that no page is called unsent that may have left; a page is confirmed
when the provider is at a later one, or has completed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from codec.errors import CodecError
from codec.header import header_strip
from codec.operations import crop, prepend
from codec.page import Page
from codec.tiff import TiffWriter
from fax import provider as fs
from fax.provider import FAX_DEV_STATUS, FAX_SEND
from modem import journal
from modem.briefing import header_of, told
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault, Outcome, Retry
from modem.plan import CallPlan, PageOfCall
from spooler import provider_status
from spooler.provider_module import Result, call
from spooler.provider_run import Limits, Run
from spooler.provider_status import BEFORE_PAGES, Seen

HANDED_NAME = "handed.tif"
BY = "the provider"
log = logging.getLogger(__name__)


class SendRun(Run):
    """One call that goes out."""

    def __init__(
        self,
        plan: CallPlan,
        pages: Sequence[Page],
        device: int,
        module: ModuleType,
        writer: JournalWriter,
        wake: Callable[[], None],
        limits: Limits,
    ) -> None:
        super().__init__(plan.call, device, module, writer, wake, limits)
        self.plan = plan
        self._pages = pages
        self._planned = plan.pages
        self._file = writer.path.with_name(HANDED_NAME)
        self._connected = False

    def prepare(self) -> bool:
        plan = self.plan
        self.write(
            "begin",
            call=plan.call,
            dial=plan.dial,
            tsid=plan.tsid,
            documents=[{"job": each.job, "pages": [page.number for page in each.pages]} for each in plan.documents],
            plan=told(plan),
            sheets=[(page.width, page.rows, page.dpi_x, page.dpi_y) for page in self._pages],
        )
        if plan.fetch is not None:
            text = "A document cannot be fetched over this line: its provider only sends and receives."
            self._not_dialled(Cause.INCOMPATIBLE, Fault.CALLER, Retry.NEVER, text)
            return False
        try:
            write_handed(self._file, plan, self._pages)
        except (OSError, CodecError) as error:
            why = getattr(error, "strerror", None) or str(error)
            self._not_dialled(Cause.STORAGE, Fault.US, Retry.LATER, f"The pages could not be handed over: {why}.")
            return False
        return True

    def operate(self, handle: object) -> Result:
        self.write("dialling", number=self.plan.dial)
        self.write("handed-over", by=BY, barrier=True)
        if not self.wait_for_journal():
            return Result(False, (), 0, "the call's journal cannot be written")
        if self.cancelled:
            return Result(False, (), 0, "cancelled before it was begun")
        first = self.plan.documents[0]
        wanted = FAX_SEND(
            FileName=str(self._file),
            CallerName=first.header_from,
            CallerNumber=self.plan.tsid,
            ReceiverName=first.header_to,
            ReceiverNumber=self.plan.dial,
            Branding=self.plan.policy.header_line,
        )
        return call(self.module.FaxDevSend, handle, wanted, self._go_on)

    def not_begun(self, why: str) -> None:
        text = f"The provider could not begin the call: {why.rstrip('. ')}."
        self._not_dialled(Cause.DEVICE_ERROR, Fault.DEVICE, Retry.DEVICE, text)

    def ended(self, done: Result) -> None:
        status, why = self.final(done)
        if self.cancelled and not (done.ok and status.StatusId == fs.FS_COMPLETED):
            status = FAX_DEV_STATUS(StatusId=fs.FS_USER_ABORT, PageCount=status.PageCount, CSI=status.CSI)
            why = self.why_cancelled
        outcome = provider_status.outcome(self.plan, self.seen, status, done.ok, self.seconds, why)
        if self.cancelled and self.why_cancelled and outcome.cause is Cause.CANCELLED:
            # It was no wish of a person's, so the fax is not ended with it.
            outcome = provider_status.given_up(outcome, f"The call was ended: {self.why_cancelled}.")
        self._finish(outcome)

    def broken(self, why: str) -> None:
        status = FAX_DEV_STATUS(StatusId=fs.FS_FATAL_ERROR, PageCount=self.seen.page)
        known = provider_status.outcome(self.plan, self.seen, status, False, self.seconds)
        # It may go on sending: nothing that was handed over can be called unsent.
        pages, prefaces = journal.all_fates(self.entries, self.plan)
        known = replace(known, pages=pages, prefaces=prefaces)
        self._finish(provider_status.given_up(known, why if why.endswith(".") else f"{why}."))

    def went_on(self, before: Seen, status: FAX_DEV_STATUS) -> None:
        if status.StatusId in BEFORE_PAGES:
            return
        if self.seen.transmitting and not self._connected:
            self._connected = True
            self.write("connected")
        if self.seen.ident and self.seen.ident != before.ident:
            self.write("far-end", ident=self.seen.ident, abilities="")
        last = len(self._planned)
        for number in range(before.page, min(self.seen.page, last)):
            if number > 0:
                self._answer(number - 1)
            each = self._planned[number]
            self.write("page-intent", **each.said, digest=each.page.digest, index=number)

    def _answer(self, index: int) -> None:
        self.write("page-answer", **self._planned[index].said, fate="confirmed", by=BY, barrier=True)

    def _go_on(self, *arguments: object) -> bool:
        """FaxSendCallback."""
        return not self.cancelled

    def _finish(self, outcome: Outcome) -> None:
        if outcome.cause is Cause.OK:
            known = {journal.page_key(entry.fields) for entry in list(self.entries) if entry.kind == "page-answer"}
            for index, each in enumerate(self._planned):
                if journal.page_key(each.said) not in known:
                    self._answer(index)
        self._end(outcome)

    def _not_dialled(self, cause: Cause, fault: Fault, retry: Retry, text: str) -> None:
        self._end(journal.outcome_not_dialled(self.plan, cause, fault, retry, text))

    def _end(self, outcome: Outcome) -> None:
        self._file.unlink(missing_ok=True)
        self.finish(outcome)


def write_handed(path: Path, plan: CallPlan, pages: Sequence[Page]) -> None:
    """The pages of a plan with their header lines as a file that is only to be read. Raises OSError, CodecError."""
    path.unlink(missing_ok=True)
    with TiffWriter(path) as writer:
        for each, page in zip(plan.pages, pages, strict=True):
            writer.append(_with_header(plan, each, page))
    os.chmod(path, 0o440)  # noqa: PTH101


def _with_header(plan: CallPlan, each: PageOfCall, page: Page) -> Page:
    if not plan.policy.header_line:
        return page
    header = header_of(plan, each)
    strip = header_strip(page.width, page.dpi_y, header.left, header.middle, header.right)
    return prepend(crop(page, min(strip.rows, page.rows - 1)) if header.over else page, strip)
