"""The ledger made anew from the journals of calls that we made: what they said, each page's fate, missing records.

What always holds: the same functions bring the fates up to date as when the calls were made, call by call in their
order, so what comes out is what the live projection is (a test compares); where a journal is lost, what the database
took in of it counts; a call to another number, or with other pages than the job has now, says nothing of them.

Must not: change a job's state, or touch a journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from sqlalchemy import delete, func, insert, select, update

from fax.types import Fate
from modem.journal import Line, outcome_after_death, outcome_of
from modem.plan import CallPlan
from spooler import store_records
from spooler.ledger import project, settled
from spooler.numbers import printable
from spooler.store import Transaction
from spooler.store_calls import count_confirmed, lines_taken_in, merge, plan_remembered
from spooler.store_received import INBOUND
from spooler.store_tables import call_jobs, calls, events, job_pages, jobs, ledger


@dataclass(frozen=True, kw_only=True)
class Book:
    """What lies in a call's folder. ``plan`` None: it cannot be read. ``octets``: the journal's whole lines."""

    call: str
    plan: CallPlan | None
    lines: tuple[Line, ...]
    octets: int


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What was gone through: calls with a journal, calls that the database did not know, pages with a fate."""

    calls: int
    found: int
    pages: int


def rebuild(tx: Transaction, books: Mapping[str, Book]) -> Rebuilt:
    """Make ledger and fates anew from ``books``, by call."""
    found = sum(_enrol(tx, book) for book in books.values())
    known = tx.connection.execute(select(calls).order_by(calls.c.started, calls.c.id)).all()
    lines = {about.id: _lines(tx, about.id, books.get(about.id)) for about in known}
    tx.connection.execute(delete(ledger))
    rows = [
        {"call": call, "n": line.n, "kind": line.kind, "t": line.t, "fields": msgspec.json.encode(line.fields).decode()}
        for call, of_call in lines.items()
        for line in project(of_call, 0, "").kept
    ]
    if rows:
        tx.connection.execute(insert(ledger), rows)
    began_anew = _begun_anew(tx)
    fresh = {"fate": Fate.NOT_SENT.value, "call": None, "refusals": 0, "maybe_printed": False}
    # What came in is said by the calls that brought it, and those are not gone through here.
    came_in = select(jobs.c.id).where(jobs.c.type.in_(INBOUND))
    tx.connection.execute(update(job_pages).where(job_pages.c.job.not_in(came_in)).values(fresh))
    for about in known:
        book, of_call = books.get(about.id), lines[about.id]
        if book is not None and book.lines:
            values = {"next_n": max(line.n for line in of_call) + 1, "offset": book.octets}
            tx.connection.execute(update(calls).where(calls.c.id == about.id).values(values))
        _apply(tx, about.id, of_call, book, about.ended, about.started, began_anew)
    for job in tx.connection.scalars(
        select(jobs.c.id).where(jobs.c.frozen.is_(True), jobs.c.type.not_in(INBOUND))
    ).all():
        count_confirmed(tx, job)
    told = select(func.count()).select_from(job_pages).where(job_pages.c.fate != Fate.NOT_SENT.value)
    return Rebuilt(
        calls=sum(bool(book.lines) for book in books.values()), found=found, pages=tx.connection.scalar(told) or 0
    )


def _enrol(tx: Transaction, book: Book) -> bool:
    """Make a call known that the database does not know, where one of its jobs is known."""
    if book.plan is None or not book.lines:
        return False
    if tx.connection.scalar(select(calls.c.id).where(calls.c.id == book.call)) is not None:
        return False
    wanted = [document.job for document in book.plan.documents]
    there = set(tx.connection.scalars(select(jobs.c.id).where(jobs.c.id.in_(wanted))))
    if not there:
        return False
    outcome = outcome_after_death(book.lines, book.plan)
    values = {
        "id": book.call,
        "port": "",
        "number": book.plan.dial,
        "started": _time_of(book.lines[0]) or tx.now,
        "ended": _time_of(book.lines[-1]) or tx.now,
        "cause": outcome.cause.value,
        "text": outcome.text,
        "line_seconds": outcome.figures.line_seconds,
        "next_n": 0,
        "offset": 0,
    }
    tx.connection.execute(insert(calls).values(values))
    tx.connection.execute(
        insert(call_jobs),
        [{"call": book.call, "job": job, "position": at} for at, job in enumerate(wanted) if job in there],
    )
    return True


def _time_of(line: Line) -> datetime | None:
    try:
        return datetime.fromisoformat(str(line.fields.get("at"))).astimezone(UTC)
    except ValueError:
        return None


def _lines(tx: Transaction, call: str, book: Book | None) -> list[Line]:
    """The call's lines: the journal's, and what was taken in of a journal that has lost some."""
    found = {line.n: line for line in lines_taken_in(tx, call)}
    if book is not None:
        found.update((line.n, line) for line in book.lines)
    return [found[n] for n in sorted(found)]


def _begun_anew(tx: Transaction) -> dict[int, datetime]:
    """When each job was last restarted by a person: refusals before that do not count."""
    last = func.max(events.c.at).label("at")
    query = select(events.c.job, last).where(events.c.kind == "restarted").group_by(events.c.job)
    return {found.job: found.at for found in tx.connection.execute(query)}


def _apply(
    tx: Transaction,
    call: str,
    lines: Sequence[Line],
    book: Book | None,
    ended: datetime | None,
    started: datetime,
    began_anew: Mapping[int, datetime],
) -> None:
    """What this call says of the pages that its jobs have now."""
    if not lines and ended is None:
        return
    plan = None if book is None else book.plan
    remembered = plan is None
    plan = plan or plan_remembered(tx, call)
    same = {} if remembered else _same_pages(tx, plan)
    theirs = _jobs_with_its_number(tx, call)

    def counts(job: int, number: int) -> bool:
        return job in theirs and (remembered or (job, number) in same)

    said = [news for news in project(lines, 0, printable(plan.dial)).pages if counts(news.job, news.number)]
    merge(tx, call, said)
    if ended is None or not lines:
        return
    outcome = outcome_of(lines, plan) or outcome_after_death(lines, plan)
    if book is not None:
        store_records.write_sent(tx, call, outcome, ended)
    final = [news for news in settled(outcome) if counts(news.job, news.number)]
    before = {
        (page.job, page.number): page.refusals
        for page in tx.connection.execute(select(job_pages).where(job_pages.c.job.in_(theirs)))
        if page.job in began_anew and started < began_anew[page.job]
    }
    merge(tx, call, final, last_word=True)
    for (job, number), refusals in before.items():
        where = (job_pages.c.job == job, job_pages.c.number == number)
        tx.connection.execute(update(job_pages).where(*where).values(refusals=refusals))


def _same_pages(tx: Transaction, plan: CallPlan) -> set[tuple[int, int]]:
    """The plan's pages that are still the job's: the same number, the same content."""
    found: set[tuple[int, int]] = set()
    for document in plan.documents:
        now = select(job_pages.c.number, job_pages.c.digest).where(job_pages.c.job == document.job)
        digests = {page.number: page.digest for page in tx.connection.execute(now)}
        found |= {(document.job, page.number) for page in document.pages if digests.get(page.number) == page.digest}
    return found


def _jobs_with_its_number(tx: Transaction, call: str) -> list[int]:
    """Jobs of the call that no later call, and no person, took to another number."""
    about = tx.connection.execute(select(calls.c.number, calls.c.started).where(calls.c.id == call)).one()
    theirs: list[int] = []
    for job, number in tx.connection.execute(
        select(jobs.c.id, jobs.c.number).join(call_jobs, call_jobs.c.job == jobs.c.id).where(call_jobs.c.call == call)
    ).all():
        later = (
            select(calls.c.id)
            .join(call_jobs, call_jobs.c.call == calls.c.id)
            .where(call_jobs.c.job == job, calls.c.started > about.started, calls.c.number != about.number)
        )
        if number == about.number and tx.connection.scalar(later.limit(1)) is None:
            theirs.append(job)
    return theirs
