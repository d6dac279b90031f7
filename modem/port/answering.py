"""Calls that come in: when they are answered, where their pages and journals go, and the call under way.

What always holds: without settings nothing is answered and nothing is looked at; an incoming call ``ID`` has its
journal in ``FOLDER/ID.journal`` and, from its first page on, its pages in ``FOLDER/ID.tif``; a call whose journal
cannot be made is not answered.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from modem.answer import Answer
from modem.class1.ringing import CallerId, RingWatch
from modem.entries import Entry
from modem.journal import JournalWriter
from modem.outcome import Cause, Fault, Phase, Retry
from modem.port.crank import ByteChannel, Run
from modem.port.messages import AnswerSettings
from modem.port.store import PageStore
from modem.receipt import AnswerOutcome
from modem.t30.receiver_abilities import ReceiverPolicy

_LAST_PAGES_S = 10.0


def policy_of(settings: AnswerSettings) -> ReceiverPolicy:
    return ReceiverPolicy(
        csi=settings.csi,
        ecm=settings.ecm,
        v17=settings.v17,
        max_rate_bps=settings.max_rate_bps,
        sub_addresses=settings.sub_addresses,
        sender_password=settings.sender_password,
    )


class AnswerRun(Run[AnswerOutcome]):
    """Drives one incoming call; its pages are stored by a thread."""

    def __init__(
        self,
        call: str,
        policy: ReceiverPolicy,
        caller: CallerId,
        device: ByteChannel,
        writer: JournalWriter,
        store: PageStore,
        now: float,
        on_entry: Callable[[Entry], None] | None = None,
    ) -> None:
        self.store = store
        self._caller = caller
        self._answer: Answer | None = None
        self._told_stored = 0
        self._told_failure = False

        def make() -> Answer:
            self._answer = Answer(call, policy, now, caller=caller)
            return self._answer

        super().__init__(call, device, writer, now, on_entry, make)

    def pages_ready(self, now: float) -> None:
        """The store's ``wake_fd`` is readable."""
        self.store.acknowledge()
        self._guarded(now, lambda: None)

    def _keep_pages(self, now: float) -> bool:
        answer = self._answer
        if answer is None:
            return False
        pages = answer.take_pages()
        self.store.put(pages)
        news = bool(pages)
        if self.store.stored > self._told_stored:
            self._told_stored = self.store.stored
            answer.stored(self._told_stored, now)
            news = True
        if self.store.failure and not self._told_failure:
            self._told_failure = True
            answer.store_failed(self.store.failure, now)
            news = True
        return news

    def _device_is_gone(self, now: float) -> None:
        self._keep_pages(now)
        self.store.wait(_LAST_PAGES_S)
        self._keep_pages(now)

    def _finish(self, now: float, outcome: AnswerOutcome) -> None:
        if self.outcome is None:
            self.store.close()
        super()._finish(now, outcome)

    def _broken(self, error: Exception) -> AnswerOutcome:
        return AnswerOutcome(
            cause=Cause.PORT_DIED,
            phase=Phase.E,
            fault=Fault.US,
            text=f"An internal fault ended the call: {type(error).__name__}: {error}",
            pages=self._answer.receipts if self._answer is not None else (),
            caller=self._caller,
        )

    def _told(self, outcome: AnswerOutcome, cause: Cause, retry: Retry, text: str) -> AnswerOutcome:
        return replace(outcome, cause=cause, fault=Fault.US, text=text)


class Answering:
    """Whether and how calls are answered, and the rings of the one that is coming in."""

    def __init__(self) -> None:
        self.settings: AnswerSettings | None = None
        self.wanted_now = False  # by a command, whether it rings or not
        self._ringing = RingWatch()
        self._made = 0

    @property
    def deadline(self) -> float | None:
        return self._ringing.deadline

    @property
    def rings(self) -> int:
        return self._ringing.rings

    def set(self, settings: AnswerSettings | None) -> None:
        """Raises OSError when the folder cannot be made."""
        if settings is not None:
            Path(settings.folder).mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self._ringing.forget()
        self.wanted_now = False

    def heard(self, octets: bytes, now: float) -> None:
        """Octets of the idle modem."""
        if self.settings is not None:
            self._ringing.receive(octets, now)

    def tick(self, now: float) -> None:
        self._ringing.tick(now)

    def not_now(self) -> None:
        """This call is let go: it is answered again when it rings on."""
        self._ringing.forget()
        self.wanted_now = False

    @property
    def due(self) -> bool:
        """Whether the call is to be answered now."""
        settings = self.settings
        if settings is None:
            return False
        return self.wanted_now or (settings.rings > 0 and self._ringing.rings >= settings.rings)

    def begin(self, device: ByteChannel, now: float, on_entry: Callable[[Entry], None] | None) -> AnswerRun:
        """Answer. Raises OSError when its journal cannot be made."""
        settings, caller = self.settings, self._ringing.caller
        assert settings is not None
        self._ringing.forget()
        self.wanted_now = False
        folder = Path(settings.folder)
        self._made += 1
        call = f"in-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{self._made}"
        writer = JournalWriter(folder / f"{call}.journal")
        store = PageStore(folder / f"{call}.tif")
        return AnswerRun(call, policy_of(settings), caller, device, writer, store, now, on_entry)
