"""Calls by hand, for trying a modem or a line: the engine of ``platen call`` and ``platen answer``.

What always holds: it uses exactly the code of the port process (``modem.port.engine``), in this process and without a
control socket; it ends with one ``Outcome``, also when it is interrupted (politely at the first Ctrl-C, at once at
the second). The pages' resolution is that of the TIFF file.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from codec.tiff import read_pages
from modem.entries import Entry
from modem.journal import outcome_not_dialled
from modem.lock import usual_folder
from modem.outcome import Cause, Fault, Outcome, Retry
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedFetch, PlannedPage
from modem.port.engine import Port
from modem.port.loop import Watch, turn
from modem.port.messages import AnswerSettings, CallAnswer, PortState, ServedDocument
from modem.port.pages import PlanError
from modem.receipt import AnswerOutcome
from modem.received import ReceivedCall

JOB = 1
STOPS = (signal.SIGINT, signal.SIGTERM)
DIALABLE = re.compile(r"\+?[0-9*#,wWpP]*[0-9][0-9*#,wWpP]*")


@dataclass(frozen=True, kw_only=True)
class HandOptions:
    """What may be chosen. ``ident``: our number as the far end sees it, at most 20 printable ASCII characters."""

    ident: str = ""
    header_from: str = ""
    header_to: str = ""
    policy: LinePolicy = field(default_factory=LinePolicy)
    start_page: int = 1
    lock_folder: Path | None = field(default_factory=usual_folder)  # of UUCP locks; None: none are made
    journal: Path | None = None  # kept there; must not exist
    sub_address: str = ""
    password: str = ""
    fetch: PlannedFetch | None = None  # the far end's document, behind our pages if there are any


def served(tiff: Path, password: str = "", selection: str = "") -> ServedDocument:
    """All pages of a TIFF-F as a document that callers may fetch. Raises TiffError, OSError."""
    digests = tuple(page.digest for page in read_pages(tiff))
    return ServedDocument(file=str(tiff.absolute()), digests=digests, password=password, selection=selection)


def fetch_folder(out: Path) -> ReceivedCall:
    """A new folder in ``out`` for a document that is to be fetched. Raises OSError."""
    out.mkdir(parents=True, exist_ok=True)
    return ReceivedCall.make(out, f"poll-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")


def call_by_hand(
    number: str,
    tiff: Path | None,
    device: str,
    options: HandOptions | None = None,
    on_entry: Callable[[Entry], None] | None = None,
) -> Outcome:
    """Call ``number`` and send the pages of ``tiff`` from ``options.start_page`` on; then do as ``options.fetch`` says.

    Without a TIFF something has to be fetched. ``on_entry`` gets every journal entry as it happens, from this thread;
    it should return soon. Raises PlanError when there is nothing to send or the journal exists already,
    ``codec.errors.TiffError`` when the file is no TIFF of ours, OSError when a file cannot be read or written.
    """
    options = options or HandOptions()
    dial = re.sub(r"[\s.()/-]", "", number)
    plan = _plan(dial, tiff, options)
    if not DIALABLE.fullmatch(dial):
        text = f"{number} is not a fax number."
        return outcome_not_dialled(plan, Cause.BAD_NUMBER, Fault.CALLER, Retry.NEVER, text)
    with TemporaryDirectory(prefix="platen-call-") as folder:
        plan_path = Path(folder) / "plan.json"
        plan.save(plan_path)
        port = Port(device, options.lock_folder, time.monotonic, on_entry=on_entry)
        try:
            return _Hand(port, plan, plan_path, options.journal or Path(folder) / "journal").run()
        finally:
            port.close()


def answer_by_hand(
    device: str,
    settings: AnswerSettings,
    *,
    once: bool = False,
    now: bool = False,
    lock_folder: Path | None = None,
    on_entry: Callable[[Entry], None] | None = None,
    on_end: Callable[[str, AnswerOutcome], None] | None = None,
) -> AnswerOutcome | None:
    """Answer the calls that come in at ``device``, until Ctrl-C; with ``once`` until one was answered.

    ``now``: pick up at once, whether it rings or not. ``on_end`` gets each call's id and outcome; the last outcome is
    returned, None when no call was answered. A modem that is missing is waited for. Raises OSError when the folder
    cannot be made, PlanError or ValueError for settings that cannot be carried out.
    """
    port = Port(device, lock_folder, time.monotonic, on_entry=on_entry)
    try:
        port.set_answering(settings)
        return _Waiting(port, once, now, on_end).run()
    finally:
        port.close()


class _Waiting:
    """Turns a port that answers calls."""

    def __init__(self, port: Port, once: bool, now: bool, on_end: Callable[[str, AnswerOutcome], None] | None) -> None:
        self._port = port
        self._once = once
        self._now = now
        self._on_end = on_end
        self._interrupts = 0

    def run(self) -> AnswerOutcome | None:
        port = self._port
        with _interrupts() as fd:
            watch = Watch(fd, lambda readable, writable: self._interrupted(fd))
            told = None
            while self._interrupts < 2 and (port.call is not None or not self._interrupts):
                if self._now and port.pick_up():
                    self._now = False
                due = port.deadline
                turn([*port.watches, watch], None if due is None else due - time.monotonic())
                port.tick()
                if port.last_answer is not told and port.last_answer is not None:
                    told = port.last_answer
                    if self._on_end is not None and port.last_call is not None:
                        self._on_end(port.last_call, told)
                    if self._once:
                        break
            port.close()
        return port.last_answer

    def _interrupted(self, fd: int) -> None:
        self._interrupts += _read_interrupts(fd)
        if self._port.call is not None:
            self._port.cancel(self._port.call)


def _plan(dial: str, tiff: Path | None, options: HandOptions) -> CallPlan:
    if tiff is None and options.fetch is None:
        raise PlanError("there are no pages to send, and nothing is to be fetched")
    return CallPlan(
        call=f"by-hand-{os.getpid()}",
        dial=dial,
        documents=() if tiff is None else (_document(tiff, options),),
        fetch=options.fetch,
        tsid=options.ident,
        header_time=time.strftime("%Y-%m-%d %H:%M"),
        policy=options.policy,
    )


def _document(tiff: Path, options: HandOptions) -> PlannedDocument:
    pages = read_pages(tiff)
    chosen = tuple(
        PlannedPage(file=str(tiff.absolute()), index=index, digest=page.digest, number=index + 1)
        for index, page in enumerate(pages)
        if index + 1 >= options.start_page
    )
    if not chosen:
        raise PlanError(f"{tiff} has {len(pages)} pages: there is no page {options.start_page}")
    return PlannedDocument(
        job=JOB,
        pages=chosen,
        pages_total=len(pages),
        header_from=options.header_from,
        header_to=options.header_to,
        sub_address=options.sub_address,
        password=options.password,
    )


class _Hand:
    """Turns a port through one call."""

    def __init__(self, port: Port, plan: CallPlan, plan_path: Path, journal: Path) -> None:
        self._port = port
        self._plan = plan
        self._plan_path = plan_path
        self._journal = journal.absolute()
        self._interrupts = 0

    def run(self) -> Outcome:
        with _interrupts() as fd:
            watch = Watch(fd, lambda readable, writable: self._interrupted(fd))
            while self._port.state is PortState.STARTING and not self._interrupts:
                self._turn(watch)
            if self._interrupts:
                return self._not_dialled(Cause.CANCELLED, Fault.CALLER, Retry.NEVER, "Cancelled before dialling.")
            if self._port.state is PortState.DOWN:
                return self._not_dialled(
                    self._port.down_cause, Fault.DEVICE, Retry.DEVICE, f"Not dialled: {self._port.reason}."
                )
            reply = self._port.start_call(self._plan_path, self._journal)
            if reply.answer in (CallAnswer.DOWN, CallAnswer.DEAD, CallAnswer.BUSY):
                raise PlanError(reply.reason or f"there is a journal already: {self._journal}")
            while self._port.call is not None and self._interrupts < 2:
                self._turn(watch)
            self._port.close()
        if self._port.last_outcome is None:
            raise PlanError(f"there is a journal already: {self._journal}")
        return self._port.last_outcome

    def _turn(self, watch: Watch) -> None:
        due = self._port.deadline
        turn([*self._port.watches, watch], None if due is None else due - time.monotonic())
        self._port.tick()

    def _interrupted(self, fd: int) -> None:
        self._interrupts += _read_interrupts(fd)
        if self._port.call is not None:
            self._port.cancel(self._plan.call)

    def _not_dialled(self, cause: Cause, fault: Fault, retry: Retry, text: str) -> Outcome:
        return outcome_not_dialled(self._plan, cause, fault, retry, text)


@contextmanager
def _interrupts() -> Iterator[int]:
    """A descriptor from which SIGINT and SIGTERM can be read, an octet each; only the main thread can have signals.

    The interpreter writes them at once. A handler in Python would only run between two of its steps, and a signal that
    comes after the last step before a wait would be noticed at the end of that wait.
    """
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before, woken = {}, -1
    main = threading.current_thread() is threading.main_thread()
    if main:
        woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        before = {number: signal.signal(number, lambda *_: None) for number in STOPS}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if main:
            signal.set_wakeup_fd(woken)
        os.close(reading)
        os.close(writing)


def _read_interrupts(fd: int) -> int:
    """How many came since the last look."""
    try:
        octets = os.read(fd, 512)
    except BlockingIOError:
        return 0
    return sum(octets.count(number) for number in STOPS)
