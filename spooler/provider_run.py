"""One operation of a service provider, on a thread of its own: what sending and receiving have in common.

What always holds: the provider's functions are called in the contract's order, FaxDevEndJob always; what it says is in
the journal when it says it; the journal ends with exactly one ``end``, also when the provider never comes back; nothing
is written behind that.

Must not: touch the daemon's database, or wait on the thread of the loop for a function of the provider.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import msgspec

from fax import provider as fs
from fax.provider import FAX_DEV_STATUS
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Outcome
from modem.receipt import AnswerOutcome
from spooler.provider_module import Result, call
from spooler.provider_status import MARK, UNDER_WAY, Seen

POLL_S = 1.0  # how often it is asked how it is going
GIVE_UP_S = 60.0  # for an operation to come back after it was asked to end
STALL_S = 1800.0  # without any news
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """In seconds."""

    poll_s: float = POLL_S
    give_up_s: float = GIVE_UP_S
    stall_s: float = STALL_S


class Port:
    """The completion port of one operation: takes the provider's packets on any of its threads."""

    def __init__(self, heard: Callable[[object], None]) -> None:
        self._heard = heard

    def put(self, packet: tuple[object, object]) -> None:
        self._heard(packet[1] if isinstance(packet, tuple) and len(packet) == 2 else packet)


class Run:
    """``over`` is set when the journal has its end; ``returned`` when the provider has let go of the device, too."""

    def __init__(
        self,
        id: str,
        device: int,
        module: ModuleType,
        writer: JournalWriter,
        wake: Callable[[], None],
        limits: Limits,
    ) -> None:
        self.id = id
        self.device = device
        self.module = module
        self.writer = writer
        self.limits = limits
        self.seen = Seen()
        self.entries: list[Entry] = []
        self.over = threading.Event()
        self.returned = threading.Event()
        self.cancelled = False
        self.why_cancelled = ""
        self._wake = wake
        self._lock = threading.RLock()
        self._began = self._moved = time.monotonic()
        self._asked_to_end: float | None = None
        self._nudge = threading.Event()
        self._back = threading.Event()  # the operation has come back: nobody aborts or asks any more
        self._handle: object = None
        self._named: FAX_DEV_STATUS | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"call {self.id}", daemon=True).start()

    @property
    def deadline(self) -> float:
        """When ``tick`` wants to be called, on the monotonic clock."""
        if self._asked_to_end is not None:
            return self._asked_to_end + self.limits.give_up_s
        return self._moved + self.limits.stall_s

    def tick(self) -> None:
        if self.over.is_set() or time.monotonic() < self.deadline:
            return
        if self._asked_to_end is None:
            log.error("call %s: no news for %g s: ending it", self.id, self.limits.stall_s)
            self.cancel("the provider has not said anything for too long")
            return
        log.error("call %s: the provider does not end it: giving it up", self.id)
        self._abandon()

    def cancel(self, why: str = "") -> None:
        """End it politely. ``why``: other than a person's wish."""
        with self._lock:
            if self._asked_to_end is not None or self.over.is_set():
                return
            self._asked_to_end = time.monotonic()
            self.cancelled, self.why_cancelled = True, why
            self.write("asked-to-end")
        self._nudge.set()
        self._wake()

    def write(self, kind: str, *, barrier: bool = False, **fields: object) -> None:
        with self._lock:
            if not self.over.is_set():
                entry = Entry(kind, time.monotonic() - self._began, fields, barrier)
                self.entries.append(entry)
                self.writer.append([entry])

    def heard(self, packet: object) -> None:
        """A packet of the provider's, or its answer to a question."""
        if not isinstance(packet, FAX_DEV_STATUS):
            log.warning("call %s: the provider posts what is no FAX_DEV_STATUS: %.200r", self.id, packet)
            return
        if not isinstance(packet.StatusId, int) or not isinstance(packet.PageCount, int):
            log.warning("call %s: a FAX_DEV_STATUS without numbers: %.200r", self.id, packet)
            return
        with self._lock:
            if self.over.is_set():
                return
            before, self.seen = self.seen, self.seen.after(packet)
            if self.seen != before or self._named is None or packet.StatusId != self._named.StatusId:
                self._moved = time.monotonic()
            self._named = packet
            self.went_on(before, packet)

    def finish(self, outcome: Outcome | AnswerOutcome) -> None:
        """The end of the journal. The first one counts."""
        with self._lock:
            if self.over.is_set():
                return
            self.write("end", outcome=msgspec.to_builtins(outcome), barrier=True)
            if not self.writer.close():
                log.error("call %s: its journal is not whole: %s", self.id, self.writer.failure)
            self.over.set()
        log.info("call %s ended: %s", self.id, outcome.text)
        self._wake()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def final(self, done: Result) -> tuple[FAX_DEV_STATUS, str]:
        """What the provider says at the end, and its own words for a failure; a code of its own where it names none."""
        status = self._ask()
        if status is None or status.StatusId in UNDER_WAY or not status.StatusId & MARK:
            # It names no end. One that it posted before may be one.
            posted = self._named.StatusId if self._named is not None else 0
            ended = posted if posted & MARK and posted not in UNDER_WAY else fs.FS_FATAL_ERROR
            page = max(self.seen.page, status.PageCount if status is not None else 0)
            status = FAX_DEV_STATUS(StatusId=ended, PageCount=page, CSI=self.seen.ident)
        self.heard(status)
        why = "" if done.ok else done.why
        if not why and status.ErrorCode:
            why = f"error {status.ErrorCode}"
        return status, why

    def wait_for_journal(self) -> bool:
        """Until all entries so far are on disk; False: they will never be."""
        while self.writer.synced < self.writer.appended:
            if self.writer.failure is not None:
                return False
            time.sleep(0.002)
        return True

    # What differs with the way a call goes.

    def prepare(self) -> bool:
        """Whatever comes before the provider is asked; False: it has been ended."""
        raise NotImplementedError

    def operate(self, handle: object) -> Result:
        """FaxDevSend or FaxDevReceive."""
        raise NotImplementedError

    def not_begun(self, why: str) -> None:
        """FaxDevStartJob failed."""
        raise NotImplementedError

    def ended(self, done: Result) -> None:
        """It came back; the device is still ours."""
        raise NotImplementedError

    def broken(self, why: str) -> None:
        """It did not come back, or we failed: the end as far as is known."""
        raise NotImplementedError

    def went_on(self, before: Seen, status: FAX_DEV_STATUS) -> None:
        """The provider said something new. Under the lock."""

    def _run(self) -> None:
        try:
            if self.prepare():
                self._drive()
        except Exception as error:
            log.exception("call %s: an internal fault", self.id)
            self.broken(f"an internal fault: {type(error).__name__}: {error}")
        finally:
            self.returned.set()
            self._wake()

    def _drive(self) -> None:
        started = call(self.module.FaxDevStartJob, None, self.device, Port(self.heard), self.id)
        if not started.ok:
            self.not_begun(started.why)
            return
        self._handle = started.values[0] if started.values else None
        threading.Thread(target=self._watch, name=f"watch {self.id}", daemon=True).start()
        try:
            self.ended(self.operate(self._handle))
        finally:
            self._back.set()
            self._nudge.set()
            call(self.module.FaxDevEndJob, self._handle)

    def _watch(self) -> None:
        """Ask how it is going, and tell it to end, beside the thread that it works on."""
        aborted = False
        while not self._back.is_set() and not self.over.is_set():
            self._nudge.wait(self.limits.poll_s)
            self._nudge.clear()
            if self._back.is_set():
                return
            if self.cancelled and not aborted:
                aborted = True
                call(self.module.FaxDevAbortOperation, self._handle)
            elif (status := self._ask()) is not None:
                self.heard(status)

    def _ask(self) -> FAX_DEV_STATUS | None:
        given = call(self.module.FaxDevReportStatus, self._handle)
        status = given.values[0] if given.ok and given.values else None
        return status if isinstance(status, FAX_DEV_STATUS) and isinstance(status.StatusId, int) else None

    def _abandon(self) -> None:
        self.broken("The provider does not end the call.")
