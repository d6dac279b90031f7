"""Calls that come in: when they are answered, where their pages and journals go, and the call under way.

What always holds: without settings nothing is answered and nothing is looked at; an incoming call has a folder of its
own, laid out as ``modem.received`` says; a call whose folder or journal cannot be made is not answered; a document that
callers may fetch was proved when it was named, and is kept in memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from codec.page import Page
from modem.answer import Answer
from modem.callers import is_one_of
from modem.class1.ringing import CallerId, RingWatch
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault, Phase, Retry
from modem.port.crank import ByteChannel, Run
from modem.port.messages import AnswerSettings
from modem.port.pages import load_served
from modem.port.store import PageStore
from modem.receipt import AnswerOutcome
from modem.received import ReceivedCall, make_folder
from modem.t30.capabilities import PAGE_CODINGS
from modem.t30.frames import ident_fif
from modem.t30.receiver_abilities import ReceiverPolicy


def policy_of(settings: AnswerSettings, caller: CallerId | None = None) -> ReceiverPolicy:
    """``caller``: who is known to call; one whose caller id is allowed may call itself what it likes."""
    document = settings.document
    known = caller is not None and is_one_of(settings.allowed_callers, caller.number)
    return ReceiverPolicy(
        csi=settings.csi,
        ecm=settings.ecm,
        v17=settings.v17,
        max_rate_bps=settings.max_rate_bps,
        codings=tuple(coding for coding in PAGE_CODINGS if coding.value in ("mh", *settings.codings)),
        sub_addresses=settings.sub_addresses,
        allowed_idents=() if known else settings.allowed_callers,
        refused_idents=settings.refused_callers,
        sender_password=settings.sender_password,
        poll_password=document.password if document is not None else "",
        poll_selection=document.selection if document is not None else "",
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
        document: Sequence[Page] = (),
    ) -> None:
        self._caller = caller
        self._answer: Answer | None = None

        def make() -> Answer:
            self._answer = Answer(call, policy, now, caller=caller, document=document)
            return self._answer

        super().__init__(call, device, writer, now, on_entry, make, store)

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
        self._document: tuple[Page, ...] = ()
        self._ringing = RingWatch()
        self._made = 0

    @property
    def deadline(self) -> float | None:
        return self._ringing.deadline

    @property
    def rings(self) -> int:
        return self._ringing.rings

    @property
    def served_pages(self) -> int:
        return len(self._document)

    def set(self, settings: AnswerSettings | None) -> None:
        """Raises OSError when the folder cannot be made, PlanError when the document is not what it is said to be,
        ValueError for a text that no frame can say; then nothing is changed."""
        document: tuple[Page, ...] = ()
        if settings is not None:
            for text in (settings.csi, policy_of(settings).poll_selection):
                ident_fif(text)
            if unknown := set(settings.codings) - {coding.value for coding in PAGE_CODINGS}:
                raise ValueError(f"no coding is called {min(unknown)!r}")
            if settings.document is not None:
                kept = self.settings is not None and settings.document == self.settings.document
                document = self._document if kept else load_served(settings.document)
            make_folder(Path(settings.folder))
        self.settings, self._document = settings, document
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
        if self.wanted_now:
            return True
        if is_one_of(settings.refused_callers, self._ringing.caller.number):
            return False
        return settings.rings > 0 and self._ringing.rings >= settings.rings

    def begin(self, device: ByteChannel, now: float, on_entry: Callable[[Entry], None] | None) -> AnswerRun:
        """Answer. Raises OSError when its folder or its journal cannot be made."""
        settings, caller = self.settings, self._ringing.caller
        assert settings is not None
        self._ringing.forget()
        self.wanted_now = False
        self._made += 1
        name = f"in-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{self._made}"
        received = ReceivedCall.make(Path(settings.folder), name)
        try:
            writer = JournalWriter(received.journal)
        except OSError:
            # Nobody is to take it for a call that was answered and died.
            with suppress(OSError):
                received.folder.rmdir()
            raise
        store = PageStore(received.pages)
        policy = policy_of(settings, caller)
        return AnswerRun(name, policy, caller, device, writer, store, now, on_entry, self._document)
