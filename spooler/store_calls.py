"""Calls in the database: the intent before the act, the journal taken in, the end.

What always holds: a call is here before its port hears of it; a journal's line is taken in once (``calls.next_n``, and
the ledger's key); a page's confirmation is never taken back; when a call ends, each of its jobs has its verdict in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import func, insert, select, update

from fax.types import Call, CallId, Fate, JobState, Recipient, Sender
from modem.journal import Line
from modem.outcome import Cause, Outcome, Retry
from modem.plan import CallPlan, PlannedDocument, PlannedPage
from spooler.jobs import KEPT, AfterCall, RetryRules, merged, verdict
from spooler.ledger import PageNews, Projection, project, settled
from spooler.numbers import printable
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_jobs import finish, restate, row
from spooler.store_pages import OutgoingPage, freeze, mend, outgoing
from spooler.store_tables import call_jobs, calls, job_pages, jobs, ledger

MENDS_LIMIT = 2  # times that a job's pages are made again after damage on our disk


@dataclass(frozen=True, kw_only=True)
class CallOrder:
    """Everything a plan is made of. ``pages``: those the far end does not have."""

    call: str
    port: str
    job: int
    number: str
    recipient: Recipient
    sender: Sender
    pages: tuple[OutgoingPage, ...]
    pages_total: int


@dataclass(frozen=True, kw_only=True)
class OpenCall:
    """A call that has not been settled."""

    call: str
    port: str
    number: str
    jobs: tuple[int, ...]
    next_n: int
    offset: int
    cancelling: bool


def intend(tx: Transaction, job: int, number: str, port: str, master_file: str) -> CallOrder | None:
    """Write down that this job is called now. None: it does not wait under this number any more, or its cover page
    is still to be frozen."""
    about = row(tx, job)
    if about.state != JobState.WAITING.value or about.number != number:
        return None
    if not about.frozen:
        if about.cover is not None:
            return None
        freeze(tx, job, master_file, "", ())
    pages = outgoing(tx, job)
    attempts = about.attempts + 1
    call = f"{job}-{attempts}"
    tx.connection.execute(insert(calls).values(id=call, port=port, number=number, started=tx.now, next_n=0, offset=0))
    tx.connection.execute(insert(call_jobs).values(call=call, job=job))
    values = {"call": call, "attempts": attempts, "until": None, "reason": None, "cause": None, "cancelling": False}
    tx.connection.execute(update(jobs).where(jobs.c.id == job).values(values))
    restate(tx, job)
    return CallOrder(
        call=call,
        port=port,
        job=job,
        number=number,
        recipient=msgspec.json.decode(about.recipient, type=Recipient),
        sender=msgspec.json.decode(about.sender, type=Sender),
        pages=tuple(page for page in pages if not page.kept),
        pages_total=len(pages),
    )


def open_calls(tx: Transaction) -> list[OpenCall]:
    """Calls that are not settled, oldest first."""
    return [
        _open_call(tx, found.id)
        for found in tx.connection.execute(select(calls.c.id).where(calls.c.ended.is_(None)).order_by(calls.c.started))
    ]


def _open_call(tx: Transaction, id: str) -> OpenCall:
    about = tx.connection.execute(select(calls).where(calls.c.id == id)).one()
    of_call = _jobs_of(tx, id)
    cancelling = [
        tx.connection.scalar(select(jobs.c.cancelling).where(jobs.c.id == job, jobs.c.call == id)) for job in of_call
    ]
    return OpenCall(
        call=id,
        port=about.port,
        number=about.number,
        jobs=of_call,
        next_n=about.next_n,
        offset=about.offset,
        cancelling=any(cancelling),
    )


def _jobs_of(tx: Transaction, call: str) -> tuple[int, ...]:
    return tuple(tx.connection.scalars(select(call_jobs.c.job).where(call_jobs.c.call == call)))


def take_in(tx: Transaction, call: str, lines: Sequence[Line], offset: int) -> Projection:
    """Take lines of the call's journal in, up to the file's octet ``offset``; lines known already change nothing."""
    about = tx.connection.execute(select(calls).where(calls.c.id == call)).one()
    projection = project(lines, about.next_n, printable(about.number))
    if about.ended is not None or not (projection.kept or offset > about.offset):
        return projection
    for line in projection.kept:
        fields = msgspec.json.encode(line.fields).decode()
        tx.connection.execute(insert(ledger).values(call=call, n=line.n, kind=line.kind, t=line.t, fields=fields))
    of_call = _jobs_of(tx, call)
    for job in _merge(tx, call, projection.pages):
        _count_confirmed(tx, job)
    for news in projection.news:
        for job in of_call if news.job is None else (news.job,):
            total = row(tx, job).pages_total
            emit(tx, news.kind, job, call=call, page=news.page, pages=total, text=_of(news.text, news.page, total))
            tx.changed_jobs.add(job)
    values = {"next_n": projection.next_n, "offset": max(offset, about.offset)}
    tx.connection.execute(update(calls).where(calls.c.id == call).values(values))
    return projection


def lines_taken_in(tx: Transaction, call: str) -> list[Line]:
    """The lines of the call's journal that were taken in, as far as they are kept."""
    columns = select(ledger.c.n, ledger.c.kind, ledger.c.t, ledger.c.fields)
    found = tx.connection.execute(columns.where(ledger.c.call == call).order_by(ledger.c.n))
    return [Line(kind, t, msgspec.json.decode(fields), False, n) for n, kind, t, fields in found]


def _of(text: str, page: int | None, total: int | None) -> str:
    """ "page 2" becomes "page 2 of 3"."""
    if page is None or total is None:
        return text
    return text.replace(f"age {page}", f"age {page} of {total}", 1)


def _merge(tx: Transaction, call: str, pages: Sequence[PageNews], *, last_word: bool = False) -> set[int]:
    """Bring the fates of pages up to date; returns the jobs concerned."""
    concerned: set[int] = set()
    for news in pages:
        where = (job_pages.c.job == news.job, job_pages.c.number == news.number)
        page = tx.connection.execute(select(job_pages).where(*where)).first()
        if page is None:
            continue
        concerned.add(news.job)
        known = Fate(page.fate)
        fate = merged(known, news.fate)
        values: dict[str, object] = {}
        if fate is not known or (news.fate is not Fate.NOT_SENT and known not in KEPT):
            values |= {"fate": fate.value, "call": call}
        if last_word and news.fate is Fate.REFUSED:
            values["refusals"] = page.refusals + 1
        if fate is Fate.UNCERTAIN:
            values["maybe_printed"] = True
        if values:
            tx.connection.execute(update(job_pages).where(*where).values(values))
    return concerned


def _count_confirmed(tx: Transaction, job: int) -> tuple[int, int, int]:
    """Number of pages, how many the far end has, and refusals of the page refused most often."""
    kept = [fate.value for fate in KEPT]
    pages, most = tx.connection.execute(
        select(func.count(), func.max(job_pages.c.refusals)).where(job_pages.c.job == job)
    ).one()
    confirmed = tx.connection.scalar(
        select(func.count()).select_from(job_pages).where(job_pages.c.job == job, job_pages.c.fate.in_(kept))
    )
    tx.connection.execute(update(jobs).where(jobs.c.id == job).values(pages_confirmed=confirmed))
    tx.changed_jobs.add(job)
    return pages, confirmed or 0, most or 0


def settle(
    tx: Transaction,
    call: str,
    outcome: Outcome,
    ended: datetime,
    rules: RetryRules,
    damaged: frozenset[str] = frozenset(),
) -> None:
    """The call is over: its pages' fates, its jobs' verdicts. A call that is settled already stays as it is.

    ``damaged``: after a call that was not made for its plan, the plan's files (relative to the spool) that do not hold
    their pages any more; what can be made again is.
    """
    about = tx.connection.execute(select(calls).where(calls.c.id == call)).one()
    if about.ended is not None:
        return
    values = {
        "ended": ended,
        "cause": outcome.cause.value,
        "text": outcome.text,
        "line_seconds": outcome.figures.line_seconds,
    }
    tx.connection.execute(update(calls).where(calls.c.id == call).values(values))
    final = settled(outcome)
    _merge(tx, call, final, last_word=True)
    for job in _jobs_of(tx, call):
        job_row = row(tx, job)
        if job_row.call != call:
            continue
        for page in final:
            if page.job == job and page.fate is Fate.UNCERTAIN:
                text = f"Whether page {page.number} of {job_row.pages_total} arrived is not known"
                emit(tx, "page-uncertain", job, call=call, page=page.number, pages=job_row.pages_total, text=text)
        pages, confirmed, refusals = _count_confirmed(tx, job)
        known = AfterCall(
            tries=job_row.tries,
            faults=job_row.attempts - job_row.tries - 1,
            cancelling=job_row.cancelling,
            pages=pages,
            confirmed=confirmed,
            refusals=refusals,
        )
        mended = outcome.cause is Cause.PLAN_INVALID and _may_mend(tx, job) and mend(tx, job, damaged)
        decided = verdict(known, replace(outcome, retry=Retry.DEVICE) if mended else outcome, rules, tx.now)
        emit(tx, "call-ended", job, call=call, text=outcome.text)
        after = {"call": None, "tries": decided.tries, "cancelling": False}
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(after))
        if decided.state.ended:
            finish(tx, job, decided.state, cause=decided.cause, reason=decided.reason)
        else:
            again = {"cause": decided.cause, "reason": decided.reason, "until": decided.until}
            tx.connection.execute(update(jobs).where(jobs.c.id == job).values(again))
            emit(tx, "waiting", job, text=decided.reason or "", state=restate(tx, job))


def _may_mend(tx: Transaction, job: int) -> bool:
    """What is damaged again and again is not worth more tries."""
    of_job = select(func.count()).select_from(calls).join(call_jobs, call_jobs.c.call == calls.c.id)
    known = tx.connection.scalar(of_job.where(call_jobs.c.job == job, calls.c.cause == Cause.PLAN_INVALID.value))
    return (known or 0) <= MENDS_LIMIT


def plan_remembered(tx: Transaction, call: str) -> CallPlan:
    """The call's plan as far as the database knows it, for a plan that was lost: which pages it was about."""
    about = tx.connection.execute(select(calls).where(calls.c.id == call)).one()
    documents = [
        PlannedDocument(
            job=job,
            pages=tuple(
                PlannedPage(file=page.file, index=page.index, digest=page.digest, number=page.number)
                for page in outgoing(tx, job)
                if not page.kept or page.call == call
            ),
            pages_total=row(tx, job).pages_total or 0,
        )
        for job in _jobs_of(tx, call)
    ]
    return CallPlan(call=call, dial=about.number, documents=tuple(documents))


def give_back(tx: Transaction, call: str, reason: str, until: datetime) -> None:
    """The call was never dialled: its record stays, its jobs wait until ``until`` as if it had not been begun."""
    about = tx.connection.execute(select(calls).where(calls.c.id == call)).one()
    if about.ended is not None:
        return
    values = {"ended": tx.now, "cause": "not-dialled", "text": reason}
    tx.connection.execute(update(calls).where(calls.c.id == call).values(values))
    for job in _jobs_of(tx, call):
        job_row = row(tx, job)
        if job_row.call != call:
            continue
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(call=None, cancelling=False))
        if job_row.cancelling:
            finish(tx, job, JobState.CANCELLED, cause="cancelled", reason="Cancelled")
            continue
        again = {"cause": "not-dialled", "reason": reason, "until": until}
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(again))
        emit(tx, "waiting", job, text=reason, state=restate(tx, job))


def calls_of(tx: Transaction, job: int) -> tuple[Call, ...]:
    """The job's calls, oldest first."""
    found = tx.connection.execute(
        select(calls)
        .join(call_jobs, call_jobs.c.call == calls.c.id)
        .where(call_jobs.c.job == job)
        .order_by(calls.c.started)
    )
    return tuple(
        Call(
            id=CallId(about.id),
            port=about.port,
            started=about.started,
            ended=about.ended,
            cause=about.cause,
            text=about.text,
            line_seconds=about.line_seconds,
        )
        for about in found
    )
