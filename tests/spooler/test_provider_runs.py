"""What a provider says and does becomes the journal of a call, whatever it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codec.coder import page_from_bitmap
from codec.page import Bitmap, Page
from codec.tiff import read_pages
from fax import provider as fs
from fax.provider import FAX_DEV_STATUS
from modem import journal
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fate, Outcome, Retry
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from spooler.event_codes import Code, of_end
from spooler.provider_run import Limits
from spooler.provider_sending import SendRun
from spooler.provider_status import Seen, fates, outcome

JOB = 7
PAGES: list[Page] = [page_from_bitmap(Bitmap(1728, rows, bytes(216 * rows)), 204, 98) for rows in (100, 110, 120)]
PLAN = CallPlan(
    call="c1",
    dial="5552001",
    documents=(
        PlannedDocument(
            job=JOB,
            pages=tuple(
                PlannedPage(file="x", index=at, digest=page.digest, number=at + 1) for at, page in enumerate(PAGES)
            ),
            pages_total=3,
        ),
    ),
    policy=LinePolicy(header_line=False),
)
QUICK = Limits(poll_s=0.01, give_up_s=0.05, stall_s=60.0)


class Module(SimpleNamespace):
    """A provider whose FaxDevSend is ``send(self, post)``."""

    def __init__(self, send: Any, start: bool = True) -> None:
        super().__init__()
        self.order: list[str] = []
        self.status = FAX_DEV_STATUS(StatusId=fs.FS_INITIALIZING)
        self.aborted = threading.Event()
        self.file: list[Page] = []
        self.post: Callable[[object], None] = lambda status: None
        self._send, self._start = send, start

    def FaxDevStartJob(self, line: object, device: int, port: Any, key: object) -> object:
        self.order.append("start")
        self.post = lambda status: port.put((key, status))
        return (True, "handle") if self._start else False

    def FaxDevSend(self, handle: str, wanted: fs.FAX_SEND, callback: Any) -> object:
        self.order.append("send")
        self.file = read_pages(Path(wanted.FileName))
        return self._send(self)

    def FaxDevReportStatus(self, handle: str) -> object:
        return True, self.status

    def FaxDevAbortOperation(self, handle: str) -> bool:
        self.aborted.set()
        return True

    def FaxDevEndJob(self, handle: str) -> bool:
        self.order.append("end")
        return True


def sent(folder: Path, module: Module, act: Any = None) -> tuple[Outcome, list[journal.Line]]:
    """The outcome that the journal tells."""
    writer = JournalWriter(folder / "journal.jsonl")
    run = SendRun(PLAN, PAGES, 1, module, writer, lambda: None, QUICK)  # type: ignore[arg-type]
    run.start()
    if act is not None:
        act(run)
    while not run.over.wait(0.01):
        run.tick()
    lines, _ = journal.read(folder / "journal.jsonl")
    found = journal.outcome_of(lines, PLAN)
    assert found is not None
    return found, lines


def told(outcome: Outcome) -> list[str]:
    return [page.fate.value for page in outcome.pages]


def at(page: int) -> FAX_DEV_STATUS:
    return FAX_DEV_STATUS(StatusId=fs.FS_TRANSMITTING, PageCount=page, CSI="FAR")


def test_a_call_that_completes_has_every_page_confirmed_in_the_order_of_the_contract(tmp_path: Path) -> None:
    def send(module: Module) -> bool:
        module.post(at(2))
        module.status = FAX_DEV_STATUS(StatusId=fs.FS_COMPLETED)
        return True

    module = Module(send)
    outcome, lines = sent(tmp_path, module)
    assert (outcome.cause, outcome.retry, told(outcome)) == (Cause.OK, Retry.NO_NEED, ["confirmed"] * 3)
    assert module.order[:2] == ["start", "send"]
    assert [page.digest for page in module.file] == [page.digest for page in PAGES]
    kinds = [line.kind for line in lines if line.kind.startswith("page") or line.kind == "handed-over"]
    assert kinds == ["handed-over", *["page-intent", "page-answer", "page-intent", "page-answer", "page-answer"]]
    assert not (tmp_path / "handed.tif").exists()


def test_what_a_process_that_was_killed_had_in_hand_may_all_have_left(tmp_path: Path) -> None:
    hold = threading.Event()

    def send(module: Module) -> bool:
        module.post(at(2))
        hold.wait()
        return False

    writer = JournalWriter(tmp_path / "journal.jsonl")
    run = SendRun(PLAN, PAGES, 1, Module(send), writer, lambda: None, QUICK)  # type: ignore[arg-type]
    run.start()
    while not any(line.kind == "page-answer" for line in journal.read(tmp_path / "journal.jsonl")[0]):
        time.sleep(0.01)
    lines, _ = journal.read(tmp_path / "journal.jsonl")
    dead = journal.outcome_after_death(lines, PLAN)
    assert (dead.cause, told(dead)) == (Cause.PORT_DIED, ["confirmed", "uncertain", "uncertain"])
    assert dead.retry is Retry.LATER
    hold.set()
    run.over.wait()


def test_an_exception_is_a_failure_and_the_job_is_ended_all_the_same(tmp_path: Path) -> None:
    def send(module: Module) -> bool:
        module.post(at(1))
        raise ZeroDivisionError("oh")

    module = Module(send)
    outcome, _ = sent(tmp_path, module)
    assert outcome.cause is Cause.PROTOCOL_ERROR
    assert "ZeroDivisionError" in outcome.text
    assert told(outcome) == ["uncertain", "not-sent", "not-sent"]


@pytest.mark.parametrize("rubbish", [None, 7, "done", (True, "x"), FAX_DEV_STATUS(StatusId="x")])  # type: ignore[arg-type]
def test_rubbish_confirms_nothing(tmp_path: Path, rubbish: Any) -> None:
    def send(module: Module) -> object:
        module.post(rubbish)
        module.status = rubbish
        return rubbish

    outcome, _ = sent(tmp_path, Module(send))
    assert outcome.cause is Cause.PROTOCOL_ERROR
    assert "confirmed" not in told(outcome)


def test_a_job_that_cannot_be_started_costs_no_try(tmp_path: Path) -> None:
    outcome, lines = sent(tmp_path, Module(None, start=False))
    assert (outcome.retry, told(outcome)) == (Retry.DEVICE, ["not-sent"] * 3)
    assert "dialling" not in [line.kind for line in lines]


def test_a_call_that_is_cancelled_is_aborted_and_ends(tmp_path: Path) -> None:
    def send(module: Module) -> bool:
        module.post(at(1))
        module.aborted.wait()
        return False

    outcome, _ = sent(tmp_path, Module(send), lambda run: run.cancel())
    assert (outcome.cause, outcome.retry) == (Cause.CANCELLED, Retry.NEVER)


def test_an_operation_that_does_not_even_end_then_is_given_up(tmp_path: Path) -> None:
    hold, begun = threading.Event(), threading.Event()

    def send(module: Module) -> bool:
        module.post(at(1))
        begun.set()
        hold.wait()
        return True

    def cancel(run: SendRun) -> None:
        begun.wait()
        run.cancel()

    outcome, _ = sent(tmp_path, Module(send), cancel)
    assert outcome.cause is Cause.PORT_DIED
    assert told(outcome) == ["uncertain"] * 3
    hold.set()


@pytest.mark.parametrize(
    ("status", "cause", "retry"),
    [
        (fs.FS_BUSY, Cause.BUSY, Retry.SOON),
        (fs.FS_NO_ANSWER, Cause.NO_ANSWER, Retry.LATER),
        (fs.FS_LINE_UNAVAILABLE, Cause.DEVICE_MISSING, Retry.DEVICE),
        (fs.FS_BAD_ADDRESS, Cause.BAD_NUMBER, Retry.NEVER),
        (fs.FS_CALL_BLACKLISTED, Cause.BLACKLISTED, Retry.NEVER),
        (fs.FS_USER_ABORT, Cause.CANCELLED, Retry.NEVER),
        (fs.FS_DISCONNECTED, Cause.FAR_END_DISCONNECTED, Retry.LATER),
        (fs.FS_NOT_FAX_CALL, Cause.NO_FAX, Retry.LATER),
        (fs.FS_FATAL_ERROR, Cause.PROTOCOL_ERROR, Retry.LATER),
        (fs.FS_CALL_DELAYED, Cause.DELAYED, Retry.LATER),
        (0x12345, Cause.PROTOCOL_ERROR, Retry.LATER),
    ],
)
def test_each_status_is_retried_as_the_windows_fax_service_does(status: int, cause: Cause, retry: Retry) -> None:
    ended = outcome(PLAN, Seen(), FAX_DEV_STATUS(StatusId=status), False, 1.0)
    assert (ended.cause, ended.retry) == (cause, retry)
    assert {page.fate for page in ended.pages} == {Fate.NOT_SENT}


def test_what_a_provider_has_taken_over_is_not_tried_again_and_told_as_such() -> None:
    ended = outcome(PLAN, Seen(), FAX_DEV_STATUS(StatusId=fs.FS_HANDLED), True, 1.0)
    assert (ended.cause, ended.retry) == (Cause.HANDLED, Retry.NEVER)
    assert {page.fate for page in ended.pages} == {Fate.UNCERTAIN}
    assert of_end(ended.cause.value) is Code.HANDLED


def test_pages_are_told_by_the_page_in_progress() -> None:
    def after(*said: FAX_DEV_STATUS, status: int = fs.FS_DISCONNECTED, succeeded: bool = False) -> list[str]:
        seen = Seen()
        for each in said:
            seen = seen.after(each)
        return [page.fate.value for page in fates(PLAN, seen, status, succeeded)[0]]

    assert after() == ["not-sent"] * 3
    assert after(at(1)) == ["uncertain", "not-sent", "not-sent"]
    assert after(at(3), at(2)) == ["confirmed", "confirmed", "uncertain"]
    assert after(at(99)) == ["confirmed", "confirmed", "uncertain"]
    assert after(at(0)) == ["uncertain"] * 3, "it does not say which page"
    assert after(FAX_DEV_STATUS(StatusId=fs.FS_DIALING, PageCount=3)) == ["not-sent"] * 3
    assert after(at(1), status=fs.FS_COMPLETED) == ["uncertain"] * 3, "it failed and says that it has completed"
    assert after(at(2), status=fs.FS_HANDLED, succeeded=True) == ["uncertain"] * 3
    assert after(status=fs.FS_COMPLETED, succeeded=True) == ["confirmed"] * 3
