"""Whether a call that is handed over can be made: its plan, its pages, its journal.

What always holds: a call is accepted at most once, since its journal is created exclusively; only with every page
proved; and when it is refused for what it is, its journal says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from codec.page import Page
from modem import journal
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault, Outcome, Retry
from modem.plan import CallPlan
from modem.port.messages import CallAnswer, CallReply
from modem.port.pages import PlanError, load_pages, load_plan
from modem.port.store import PageStore
from modem.received import fetched_path

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accepted:
    """A call that is to be dialled."""

    plan: CallPlan
    pages: tuple[Page, ...]
    writer: JournalWriter
    store: PageStore | None  # for the document that is to be fetched


@dataclass(frozen=True)
class Refused:
    """A call that never can be; its journal is open and wants its end."""

    plan: CallPlan
    writer: JournalWriter
    outcome: Outcome
    reason: str


def known(journal_path: Path) -> CallReply:
    """The answer for a call that has a journal already."""
    try:
        written = journal.is_being_written(journal_path)
        lines, _ = journal.read(journal_path)
    except OSError as error:
        return CallReply(answer=CallAnswer.DEAD, reason=f"its journal cannot be read: {error}")
    if any(line.kind == "end" for line in lines):
        return CallReply(answer=CallAnswer.DONE)
    if written:
        return CallReply(answer=CallAnswer.BUSY, reason="this call is under way in another process")
    return CallReply(answer=CallAnswer.DEAD)


def accept(plan_path: Path, journal_path: Path) -> Accepted | Refused | CallReply:
    """Take a call over from its plan. A ``CallReply``: neither accepted nor refused; nothing was made."""
    plan = CallPlan(call="", dial="", documents=())
    pages: tuple[Page, ...] = ()
    refusal = ""
    fetched = None
    try:
        plan = load_plan(plan_path)
        pages = load_pages(plan)
        fetched = fetched_path(plan, journal_path)
        if fetched is not None and fetched.exists():
            raise PlanError(f"{fetched} exists already")
    except PlanError as error:
        refusal = str(error)
    try:
        writer = JournalWriter(journal_path)
    except FileExistsError:
        return known(journal_path)
    except OSError as error:
        return CallReply(answer=CallAnswer.DOWN, reason=f"the journal cannot be created: {error}")
    if refusal:
        log.error("call %s is not dialled: %s", plan.call or "?", refusal)
        text = f"Not sent: {refusal}."
        outcome = journal.outcome_not_dialled(plan, Cause.PLAN_INVALID, Fault.CALLER, Retry.NEVER, text)
        return Refused(plan, writer, outcome, refusal)
    return Accepted(plan, pages, writer, PageStore(fetched) if fetched is not None else None)
