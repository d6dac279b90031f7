"""A call that we make, under way.

What always holds: see ``modem.port.crank``; the fates of its pages are those that the journal's entries tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from codec.page import Page
from modem.call import Call
from modem.entries import Entry
from modem.journal import outcome_after_death, page_fates
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault, Outcome, Retry
from modem.plan import CallPlan
from modem.port.crank import ByteChannel, Run, Why
from modem.port.store import PageStore

__all__ = ["ByteChannel", "CallRun", "Why"]


class CallRun(Run[Outcome]):
    """Drives one call by its plan."""

    def __init__(
        self,
        plan: CallPlan,
        pages: Sequence[Page],
        device: ByteChannel,
        writer: JournalWriter,
        now: float,
        on_entry: Callable[[Entry], None] | None = None,
        store: PageStore | None = None,
    ) -> None:
        """``store``: for the document that is fetched, when the plan says so."""
        self.plan = plan
        super().__init__(plan.call, device, writer, now, on_entry, lambda: Call(plan, pages, now=now), store)

    def _broken(self, error: Exception) -> Outcome:
        outcome = outcome_after_death([entry for entry in self._entries if entry.kind != "end"], self.plan)
        text = f"An internal fault ended the call: {type(error).__name__}: {error}"
        return replace(outcome, cause=Cause.PORT_DIED, fault=Fault.US, text=text)

    def _told(self, outcome: Outcome, cause: Cause, retry: Retry, text: str) -> Outcome:
        return replace(outcome, cause=cause, fault=Fault.US, retry=retry, text=text)

    def _projected(self, outcome: Outcome) -> Outcome:
        return replace(outcome, pages=page_fates(self._entries, self.plan))
