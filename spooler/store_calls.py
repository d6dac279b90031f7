"""Calls in the database: the intent before the act, the journal taken in, the end.

What always holds: a call is here before its port hears of it; a journal's line is taken in once (``calls.next_n``, and
the ledger's key); a page's confirmation is never taken back; when a call ends, each of its jobs has its verdict in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import func, insert, select, update

from fax.types import Call, CallId, Fate, JobState, Poll, Recipient, Sender
from modem.journal import Line
from modem.memory import NOTHING_KNOWN, LineMemory
from modem.outcome import Cause, Outcome, Retry
from modem.plan import CallPlan, PlannedDocument, PlannedPage
from spooler import store_numbers, store_records
from spooler.jobs import KEPT, AfterCall, RetryRules, merged, verdict
from spooler.ledger import PageNews, Projection, project, refused, settled
from spooler.numbers import printable
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_jobs import JobRow, finish, restate, row
from spooler.store_numbers import NOT_DIALLED
from spooler.store_pages import CoverOrder, OutgoingPage, continued_order, freeze, mend, outgoing
from spooler.store_statistics import count, memory_of
from spooler.store_tables import call_jobs, calls, job_pages, jobs, ledger

MENDS_LIMIT = 2  # times that a job's pages are made again after damage on our disk


@dataclass(frozen=True, kw_only=True)
class DocumentOrder:
    """One job's share of a call. ``pages``: those the far end does not have."""

    job: int
    recipient: Recipient
    sender: Sender
    pages: tuple[OutgoingPage, ...]
    pages_total: int
    poll: Poll | None = None  # a document of the far end's is to be fetched for this job
    continued: CoverOrder | None = None  # the cover page that goes before them, since they are not the first


@dataclass(frozen=True, kw_only=True)
class CallOrder:
    """Everything a plan is made of."""

    call: str
    port: str
    number: str
    tsid: str  # the jobs' own; empty: none
    documents: tuple[DocumentOrder, ...]
    memory: LineMemory = NOTHING_KNOWN  # of the number


@dataclass(frozen=True, kw_only=True)
class OpenCall:
    """A call that has not been settled."""

    call: str
    port: str
    number: str
    started: datetime
    jobs: tuple[int, ...]
    next_n: int
    offset: int
    cancelling: bool


def intend(
    tx: Transaction, wanted: Sequence[int], number: str, port: str, master_files: Mapping[int, str]
) -> CallOrder | None:
    """Write down that these jobs are called now, in one call. A job that does not wait under this number any more, or
    whose cover page is still to be frozen, is left out; None: all of them.

    ``master_files``: by job, relative to the spool.
    """
    able = [row(tx, job) for job in wanted]
    able = [about for about in able if about.state == JobState.WAITING.value and about.number == number]
    able = [about for about in able if about.frozen or about.cover is None]
    if not able:
        return None
    call = f"{able[0].id}-{able[0].attempts + 1}"
    tx.connection.execute(insert(calls).values(id=call, port=port, number=number, started=tx.now, next_n=0, offset=0))
    documents = tuple(
        _intend_job(tx, about, call, position, master_files[about.id]) for position, about in enumerate(able)
    )
    memory = memory_of(tx, number)
    return CallOrder(call=call, port=port, number=number, tsid=able[0].tsid, documents=documents, memory=memory)


def _intend_job(tx: Transaction, about: JobRow, call: str, position: int, master_file: str) -> DocumentOrder:
    job = about.id
    if not about.frozen:
        freeze(tx, job, master_file, "", ())
    pages = outgoing(tx, job)
    tx.connection.execute(insert(call_jobs).values(call=call, job=job, position=position))
    values = {"call": call, "attempts": about.attempts + 1, "until": None, "reason": None, "cause": None}
    tx.connection.execute(update(jobs).where(jobs.c.id == job).values(cancelling=False, **values))
    restate(tx, job)
    return DocumentOrder(
        job=job,
        recipient=msgspec.json.decode(about.recipient, type=Recipient),
        sender=msgspec.json.decode(about.sender, type=Sender),
        pages=tuple(page for page in pages if not page.kept),
        pages_total=len(pages),
        poll=None if about.poll is None else msgspec.json.decode(about.poll, type=Poll),
        continued=continued_order(tx, job),
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
        started=about.started,
        jobs=of_call,
        next_n=about.next_n,
        offset=about.offset,
        cancelling=any(cancelling),
    )


def _jobs_of(tx: Transaction, call: str) -> tuple[int, ...]:
    of_call = select(call_jobs.c.job).where(call_jobs.c.call == call)
    return tuple(tx.connection.scalars(of_call.order_by(call_jobs.c.position, call_jobs.c.job)))


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
    for job in merge(tx, call, projection.pages):
        count_confirmed(tx, job)
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


def merge(tx: Transaction, call: str, pages: Sequence[PageNews], *, last_word: bool = False) -> set[int]:
    """Bring the fates of pages up to date; returns the jobs concerned."""
    concerned: set[int] = set()
    refusals = refused(lines_taken_in(tx, call)) if last_word else {}
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
        if last_word and (more := max(refusals.get((news.job, news.number), 0), news.fate is Fate.REFUSED)):
            values["refusals"] = page.refusals + more
        if fate is Fate.UNCERTAIN:
            values["maybe_printed"] = True
        if values:
            tx.connection.execute(update(job_pages).where(*where).values(values))
    return concerned


def count_confirmed(tx: Transaction, job: int) -> tuple[int, int, int]:
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
    count(tx, about.port, about.number, outcome)
    store_records.write_sent(tx, call, outcome, ended)
    store_numbers.learn(tx, about.number, outcome, rules)
    final = settled(outcome)
    merge(tx, call, final, last_word=True)
    begun = {page.job for page in (*outcome.pages, *outcome.prefaces) if page.fate.value != Fate.NOT_SENT.value}
    for job in _jobs_of(tx, call):
        job_row = row(tx, job)
        if job_row.call != call:
            continue
        for page in final:
            if page.job == job and page.fate is Fate.UNCERTAIN:
                text = f"Whether page {page.number} of {job_row.pages_total} arrived is not known"
                emit(tx, "page-uncertain", job, call=call, page=page.number, pages=job_row.pages_total, text=text)
        pages, confirmed, refusals = count_confirmed(tx, job)
        known = AfterCall(
            tries=job_row.tries,
            faults=job_row.attempts - job_row.tries - 1,
            cancelling=job_row.cancelling,
            pages=pages,
            confirmed=confirmed,
            refusals=refusals,
            uncertain=sum(1 for page in final if page.job == job and page.fate is Fate.UNCERTAIN),
            reached=not begun or job in begun,
        )
        mended = outcome.cause is Cause.PLAN_INVALID and _may_mend(tx, job) and mend(tx, job, damaged)
        own = rules.of_job(job_row.retries, job_row.retry_delay_s)
        decided = verdict(known, replace(outcome, retry=Retry.DEVICE) if mended else outcome, own, tx.now)
        emit(tx, "call-ended", job, call=call, text=outcome.text)
        after = {"call": None, "tries": decided.tries, "cancelling": False}
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(after))
        if decided.state.ended:
            finish(tx, job, decided.state, cause=decided.cause, reason=decided.reason)
        else:
            again: dict[str, object] = {"cause": decided.cause, "reason": decided.reason}
            again |= {"until": decided.until, "pause_s": decided.pause_s}
            if decided.state is JobState.HELD:
                again["held"] = True
            tx.connection.execute(update(jobs).where(jobs.c.id == job).values(again))
            state = restate(tx, job)
            kind = "held" if state is JobState.HELD else "waiting"
            emit(tx, kind, job, text=decided.reason or "", state=state)


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
    """The call was never dialled: its record stays, its jobs wait until ``until`` as if it had not been begun; a job to
    which that has not happened before is not made to wait, since another line may do."""
    about = tx.connection.execute(select(calls).where(calls.c.id == call)).one()
    if about.ended is not None:
        return
    values = {"ended": tx.now, "cause": NOT_DIALLED, "text": reason}
    tx.connection.execute(update(calls).where(calls.c.id == call).values(values))
    for job in _jobs_of(tx, call):
        job_row = row(tx, job)
        if job_row.call != call:
            continue
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(call=None, cancelling=False))
        if job_row.cancelling:
            finish(tx, job, JobState.CANCELLED, cause="cancelled", reason="Cancelled")
            continue
        first = job_row.attempts - job_row.tries == 1
        pause_s = 0.0 if first else max(0.0, (until - tx.now).total_seconds())
        again = {"cause": NOT_DIALLED, "reason": reason, "until": tx.now if first else until, "pause_s": pause_s}
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
