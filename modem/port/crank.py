"""One call under way, whichever way it goes: turns the crank of its core between the device and the journal.

What always holds: octets go to the modem before entries go to the journal, and neither waits for the disk; a call
always ends, and with an outcome: a device that vanishes, a journal that cannot be written, a call that does not move
and a fault of our own included. No page is reported better than the journal's entries say.

What it must not do: decide anything about T.30.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from typing import Generic, Protocol, TypeVar

import msgspec

from modem.device import DeviceGoneError
from modem.entries import Entry
from modem.journal import IMAGE
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Outcome, Retry
from modem.port.store import PageStore
from modem.receipt import AnswerOutcome, ReceivedPage

CANCEL_SECONDS = 20.0  # a polite end may have to wait for the end of a frame or of a far end's answer
STALL_SECONDS = 300.0  # without any event; the longest timer of T.30 is T5, 60 s
TAKE_LIMIT = 1000  # a core that produces without end is broken
LAST_PAGES_S = 10.0  # for pages on their way to the disk when the modem is gone

log = logging.getLogger(__name__)


class Why(Enum):
    """Why a call is ended before its time: only the first is a person's wish, and only that one may end a fax."""

    PERSON = "cancelled"
    DISK = "the journal cannot be written"
    SHUTDOWN = "the process is to end"
    STALL = "nothing moves"


class ByteChannel(Protocol):
    """What a call needs of a device: see ``modem.device.Device``. Both raise DeviceGoneError."""

    def read(self) -> bytes: ...

    def write(self, octets: bytes) -> int: ...


Out = TypeVar("Out", Outcome, AnswerOutcome)
Found = TypeVar("Found", Outcome, AnswerOutcome, covariant=True)


class Core(Protocol[Found]):
    """A call without I/O: see ``modem.call`` and ``modem.answer``."""

    @property
    def outcome(self) -> Found | None: ...

    @property
    def deadline(self) -> float | None: ...

    @property
    def on_hook(self) -> bool: ...

    def take_output(self) -> bytes: ...

    def take_entries(self) -> list[Entry]: ...

    def receive(self, octets: bytes, now: float) -> None: ...

    def tick(self, now: float) -> None: ...

    def synced(self, count: int, now: float) -> None: ...

    def cancel(self, now: float) -> None: ...

    def hung_up(self, now: float) -> None: ...

    def take_pages(self) -> list[ReceivedPage]: ...

    def stored(self, count: int, now: float) -> None: ...

    def store_failed(self, text: str, now: float) -> None: ...


class Run(Generic[Out]):
    """Drives one call. ``outcome`` is None until it is over; by then the journal is closed."""

    def __init__(
        self,
        call: str,
        device: ByteChannel,
        writer: JournalWriter,
        now: float,
        on_entry: Callable[[Entry], None] | None,
        make: Callable[[], Core[Out]],
        store: PageStore | None = None,
    ) -> None:
        """``make``: begins the call; it may fail. ``store``: for pages that come in, when some may."""
        self.call = call
        self.writer = writer
        self.store = store
        self._told_stored = 0
        self._told_failure = False
        self.outcome: Out | None = None
        self.journal_whole = True  # whether all entries got to the disk; known at the end
        self.device_lost = False
        self._device = device
        self._on_entry = on_entry
        self._started = now
        self._moved = now
        self._cancelled: float | None = None
        self._why = Why.PERSON
        self._unsent = b""
        self._entries: list[Entry] = []
        self._call: Core[Out] | None = None
        self._guarded(now, lambda: self._begin(make))

    @property
    def wants_write(self) -> bool:
        return bool(self._unsent)

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called."""
        own = self._moved + STALL_SECONDS if self._cancelled is None else self._cancelled + CANCEL_SECONDS
        due = self._call.deadline if self._call is not None else None
        return own if due is None else min(own, due)

    @property
    def on_hook(self) -> bool:
        """Whether the modem has left the line, as far as it has said."""
        return self._call is None or self._call.on_hook

    def device_ready(self, readable: bool, writable: bool, now: float) -> None:
        """The device has octets or takes some."""
        self._moved = now
        try:
            octets = self._device.read() if readable else b""
            if writable:
                self._flush()
        except DeviceGoneError as error:
            self.device_gone(error, now)
            return
        if octets:
            self._guarded(now, lambda: self._core.receive(octets, now))

    def journal_ready(self, now: float) -> None:
        """The writer's ``wake_fd`` is readable."""
        self.writer.acknowledge()
        if self.writer.failure is not None and self._cancelled is None:
            log.error("journal %s: %s: ending the call", self.writer.path, self.writer.failure)
            self.cancel(now, Why.DISK)
        else:
            self._guarded(now, lambda: None)

    def pages_ready(self, now: float) -> None:
        """The store's ``wake_fd`` is readable."""
        if self.store is not None:
            self.store.acknowledge()
            self._guarded(now, lambda: None)

    def tick(self, now: float) -> None:
        """To be called at ``deadline``; more often does no harm."""
        if self._cancelled is not None and now >= self._cancelled + CANCEL_SECONDS:
            log.error("the call did not end within %g s: giving it up", CANCEL_SECONDS)
            self._give_up(now)
        elif self._cancelled is None and now >= self._moved + STALL_SECONDS:
            log.error("nothing has moved for %g s: ending the call", STALL_SECONDS)
            self.cancel(now, Why.STALL)
        else:
            self._guarded(now, lambda: self._core.tick(now))

    def cancel(self, now: float, why: Why = Why.PERSON) -> None:
        """End the call politely."""
        if self._cancelled is None:
            self._cancelled, self._why = now, why
            self._guarded(now, lambda: self._core.cancel(now))

    def device_gone(self, error: Exception, now: float) -> None:
        log.error("in the call: %s", error)
        self.device_lost = True
        self._give_up(now)

    @property
    def _core(self) -> Core[Out]:
        assert self._call is not None
        return self._call

    def _begin(self, make: Callable[[], Core[Out]]) -> None:
        self._call = make()

    # What differs with the way a call goes.

    def _broken(self, error: Exception) -> Out:
        """The outcome after a fault of our own: as if the process had died here, with the reason."""
        raise NotImplementedError

    def _told(self, outcome: Out, cause: Cause, retry: Retry, text: str) -> Out:
        """The outcome with another reason, which is ours."""
        raise NotImplementedError

    def _projected(self, outcome: Out) -> Out:
        """The outcome with what the entries say of its pages."""
        return outcome

    def _keep_pages(self, now: float) -> bool:
        """Carry pages to where they are stored; whether there was anything to do."""
        store = self.store
        if store is None:
            return False
        pages = self._core.take_pages()
        store.put(pages)
        news = bool(pages)
        if store.stored > self._told_stored:
            self._told_stored = store.stored
            self._core.stored(self._told_stored, now)
            news = True
        if store.failure and not self._told_failure:
            self._told_failure = True
            self._core.store_failed(store.failure, now)
            news = True
        return news

    def _keep_last_pages(self, now: float) -> None:
        """The core knows that the modem is gone; what it still waits for has to be waited for here."""
        if self.store is not None:
            self._keep_pages(now)
            self.store.wait(LAST_PAGES_S)
            self._keep_pages(now)

    def _guarded(self, now: float, act: Callable[[], None]) -> None:
        """Do one thing with the core, carry away what it made. A fault of our own ends the call, not the port."""
        if self.outcome is not None:
            return
        try:
            act()
            self._pump(now)
        except DeviceGoneError as error:
            self.device_gone(error, now)
        except Exception as error:
            log.exception("an internal fault in the call")
            self._finish(now, self._broken(error))

    def _pump(self, now: float) -> None:
        core = self._core
        for _ in range(TAKE_LIMIT):
            core.synced(self.writer.synced, now)
            moved = self._keep_pages(now)
            octets = core.take_output()
            if octets:
                self._moved = now
                self._unsent += octets
                self._flush()
            entries = core.take_entries()
            self._keep(entries)
            if core.outcome is not None:
                self._finish(now, core.outcome)
                return
            if not octets and not entries and not moved:
                return
        raise RuntimeError("the call produces output without end")

    def _keep(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        kept = [self._honest(entry) for entry in entries]
        self._entries += [entry for entry in kept if entry.kind != IMAGE]  # nobody looks at those again
        self.writer.append(kept)
        try:
            if self._on_entry is not None:
                for entry in kept:
                    self._on_entry(entry)
        except Exception:
            log.exception("whoever watches the call cannot follow it: the call goes on without")
            self._on_entry = None

    def _honest(self, entry: Entry) -> Entry:
        """When the disk ended the call, the end says so: it was no wish of a person."""
        if entry.kind != "end" or self._call is None or self._call.outcome is None:
            return entry
        return replace(self._end_entry(entry.t, self._explained(self._call.outcome)), barrier=entry.barrier)

    @staticmethod
    def _end_entry(t: float, outcome: Out) -> Entry:
        return Entry("end", t, {"outcome": msgspec.to_builtins(outcome)}, barrier=True)

    def _explained(self, outcome: Out) -> Out:
        if outcome.cause is not Cause.CANCELLED or self._why is Why.PERSON:
            return outcome
        if self._why is Why.DISK:
            failure = self.writer.failure
            reason = failure.strerror if failure is not None and failure.strerror else str(failure)
            cause, retry = Cause.STORAGE, Retry.LATER
            text = f"The call was ended because its journal could not be written: {reason}."
        elif self._why is Why.SHUTDOWN:
            cause, retry, text = Cause.PORT_DIED, Retry.DEVICE, "The port process was told to end in the call."
        else:
            cause, retry, text = Cause.PROTOCOL_ERROR, Retry.LATER, "The call did not go on, through a fault of ours."
        return self._told(outcome, cause, retry, text)

    def _flush(self) -> None:
        while self._unsent:
            taken = self._device.write(self._unsent)
            if not taken:
                return
            self._unsent = self._unsent[taken:]

    def _give_up(self, now: float) -> None:
        """The modem cannot be spoken to any more."""
        if self.outcome is not None:
            return
        self._unsent = b""
        try:
            self._core.hung_up(now)
            with suppress(DeviceGoneError):
                self._core.take_output()
            self._keep_last_pages(now)
            self._keep(self._core.take_entries())
            outcome = self._core.outcome or self._broken(RuntimeError("the call does not end without its modem"))
        except Exception as error:
            log.exception("an internal fault in the call")
            outcome = self._broken(error)
        self._finish(now, outcome)

    def _finish(self, now: float, outcome: Out) -> None:
        if self.store is not None and self.outcome is None:
            self.store.close()
        outcome = self._explained(outcome)
        if not any(entry.kind == "end" for entry in self._entries):
            # On the call's own clock: as far from the last entry as we are now.
            since = self._entries[-1].t if self._entries else 0.0
            self._keep([self._end_entry(max(since, now - self._started), outcome)])
        self.outcome = self._projected(outcome)
        self.journal_whole = self.writer.close()
