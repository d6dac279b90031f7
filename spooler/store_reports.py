"""What reports and notices are written from: the facts of faxes, taken down in the transaction that they belong to.

What always holds: a report is in the outgoing box if and only if the end that it tells of is in the database, one for
each end; what it says is what held at that end, whatever becomes of the fax afterwards; a fax that waits for its number
is announced once.

Must not: know how a report is written (``report_words``) or sent (``mailbox``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import msgspec
from sqlalchemy import Row, bindparam, func, select, update

from fax.mail import MailKind
from fax.reports import ReportedCall, ReportedJob, ReportedPage
from fax.types import Fate, JobId, JobState, Recipient, ReportKind, Sender
from spooler import store_mail
from spooler.store import Transaction
from spooler.store_book import profile
from spooler.store_configuration import setting
from spooler.store_tables import call_jobs, calls, job_pages, jobs, ledger, master_pages

JOBS_AT_ONCE = 500
_ENDED = [state.value for state in JobState if state.ended]


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """What a report is written from. ``together``: it is about all faxes of a submission."""

    jobs: tuple[ReportedJob, ...]
    together: bool = False


@dataclass(frozen=True, kw_only=True)
class WaitingFacts:
    """What the notice is written from that a fax waits for its number."""

    job: int
    title: str
    created: datetime
    pages: int | None


_WANTED = (
    select(jobs.c.id, jobs.c.user, jobs.c.submission, jobs.c.report, jobs.c.report_address, jobs.c.report_together)
    .where(jobs.c.id.in_(bindparam("ids", expanding=True)), jobs.c.report != ReportKind.NONE.value)
    .order_by(jobs.c.id)
)
_IN_SUBMISSION = select(jobs.c.id).where(jobs.c.submission == bindparam("submission"))
# Faxes of a submission end in their order, more or less: the last ones are looked at first.
_OPEN = _IN_SUBMISSION.where(jobs.c.state.not_in(_ENDED)).order_by(jobs.c.id.desc()).limit(1)


def intend(tx: Transaction, ids: Sequence[int]) -> None:
    """The faxes ``ids`` have just ended: put the reports into the box that are wanted of them, if any. They may be
    thousands, and everybody waits: what they have in common is asked once."""
    addresses: dict[str, str] = {}
    told: set[str] = set()
    for first in range(0, len(ids), JOBS_AT_ONCE):
        wanted = tx.connection.execute(_WANTED, {"ids": ids[first : first + JOBS_AT_ONCE]}).all()
        if not wanted:
            continue
        new: list[store_mail.NewMail] = []
        facts = {job.job: job for job in reported(tx, [one.id for one in wanted if not one.report_together])}
        for one in wanted:
            about = [facts[one.id]] if one.id in facts else []
            if not about and one.submission not in told:
                about = _of_submission(tx, one.submission)
                told.add(one.submission)
            if not about:
                continue
            address = one.report_address
            if one.report != ReportKind.EMAIL.value:
                if one.user not in addresses:
                    addresses[one.user] = own_address(tx, one.user)
                address = addresses[one.user]
            together = len(about) > 1
            new.append(
                store_mail.NewMail(
                    kind=MailKind.REPORT,
                    user=one.user,
                    address=address,
                    facts=packed(ReportFacts(jobs=tuple(about), together=together)),
                    job=None if together else one.id,
                    submission=one.submission if together else None,
                )
            )
        store_mail.put(tx, new)


def _of_submission(tx: Transaction, submission: str) -> list[ReportedJob]:
    """All its faxes once the last has ended; nothing before."""
    if tx.connection.scalar(_OPEN, {"submission": submission}) is not None:
        return []
    return reported(tx, list(tx.connection.scalars(_IN_SUBMISSION, {"submission": submission})))


def packed(facts: ReportFacts | WaitingFacts) -> str:
    return msgspec.json.encode(facts).decode()


def own_address(tx: Transaction, user: str) -> str:
    """Where ``user`` reads mail; empty: nobody knows."""
    if address := profile(tx, user).mail_address:
        return address
    domain = setting(tx, "mail_domain")
    return f"{user}@{domain}" if domain else ""


def announce(tx: Transaction, before: datetime, limit: int) -> int:
    """Put a notice into the box for each fax from before this time that waits for its number and was not announced yet;
    returns how many faxes that were. Where nobody knows an owner's address, there is no notice."""
    waiting = (jobs.c.state == JobState.ADDRESS.value, jobs.c.announced.is_(False), jobs.c.created <= before)
    found = tx.connection.execute(
        select(jobs.c.id, jobs.c.user, jobs.c.title, jobs.c.created, jobs.c.pages_total)
        .where(*waiting)
        .order_by(jobs.c.id)
        .limit(limit)
    ).all()
    for about in found:
        tx.connection.execute(update(jobs).where(jobs.c.id == about.id).values(announced=True))
        if address := own_address(tx, about.user):
            facts = WaitingFacts(job=about.id, title=about.title, created=about.created, pages=about.pages_total)
            notice = store_mail.NewMail(
                kind=MailKind.WAITING, user=about.user, address=address, facts=packed(facts), job=about.id
            )
            store_mail.put(tx, [notice])
    return len(found)


_JOBS = select(jobs).where(jobs.c.id.in_(bindparam("ids", expanding=True))).order_by(jobs.c.id)
_PREPARED = select(func.count()).select_from(master_pages).where(master_pages.c.master == bindparam("master"))


def reported(tx: Transaction, ids: Sequence[int]) -> list[ReportedJob]:
    """The faxes ``ids`` with their pages and calls, as they stand, in the order of their numbers."""
    found: list[ReportedJob] = []
    for first in range(0, len(ids), JOBS_AT_ONCE):
        rows = tx.connection.execute(_JOBS, {"ids": ids[first : first + JOBS_AT_ONCE]}).all()
        pages = _pages(tx, [about.id for about in rows if about.frozen])
        made = _calls(tx, [about.id for about in rows if about.attempts])
        prepared = {about.master: 0 for about in rows if about.master is not None and about.prepared}
        for master in prepared:
            prepared[master] = tx.connection.scalar(_PREPARED, {"master": master}) or 0
        for about in rows:
            unsent = () if about.id in pages else _unfrozen(about, prepared.get(about.master, 0))
            found.append(_reported(about, pages.get(about.id, unsent), made.get(about.id, ())))
    return found


def _reported(
    about: Row[tuple[object, ...]], pages: tuple[ReportedPage, ...], made: tuple[ReportedCall, ...]
) -> ReportedJob:
    recipient = msgspec.json.decode(about.recipient, type=Recipient)
    sender = msgspec.json.decode(about.sender, type=Sender)
    return ReportedJob(
        job=JobId(about.id),
        user=about.user,
        title=about.title,
        number=about.number,
        name=recipient.name,
        company=recipient.company,
        sender=sender.name,
        state=JobState(about.state),
        cause=about.cause,
        reason=about.reason,
        created=about.created,
        ended=about.ended,
        pages_total=about.pages_total,
        pages=pages,
        calls=made,
        billing_code=about.billing_code,
        fetches=about.poll is not None,
    )


def _pages(tx: Transaction, ids: Sequence[int]) -> dict[int, tuple[ReportedPage, ...]]:
    if not ids:
        return {}
    columns = job_pages.c.job, job_pages.c.number, job_pages.c.fate, job_pages.c.cover, job_pages.c.maybe_printed
    query = select(*columns).where(job_pages.c.job.in_(ids)).order_by(job_pages.c.job, job_pages.c.number)
    return {
        job: tuple(
            ReportedPage(
                number=page.number,
                fate=Fate(page.fate),
                cover=page.cover,
                # A page whose fate is uncertain went out once, as far as anybody knows.
                duplicate=page.maybe_printed and page.fate != Fate.UNCERTAIN.value,
            )
            for page in of_job
        )
        for job, of_job in groupby(tx.connection.execute(query), key=lambda page: page.job)
    }


def _unfrozen(about: Row[tuple[object, ...]], count: int) -> tuple[ReportedPage, ...]:
    """Pages of a fax with which nobody was called, of ``count`` pages without its cover page."""
    if not about.prepared or not count:
        return ()
    first = 1 + (about.cover is not None)
    cover = [ReportedPage(number=1, fate=Fate.NOT_SENT, cover=True)] if about.cover is not None else []
    return (*cover, *(ReportedPage(number=first + index, fate=Fate.NOT_SENT) for index in range(count)))


def _calls(tx: Transaction, ids: Sequence[int]) -> dict[int, tuple[ReportedCall, ...]]:
    if not ids:
        return {}
    query = (
        select(call_jobs.c.job, calls.c.id, calls.c.started, calls.c.line_seconds, calls.c.cause, calls.c.text)
        .join(calls, calls.c.id == call_jobs.c.call)
        .where(call_jobs.c.job.in_(ids))
        .order_by(call_jobs.c.job, calls.c.started, calls.c.id)
    )
    found = tx.connection.execute(query).all()
    idents = _idents(tx, {call.id for call in found})
    return {
        job: tuple(
            ReportedCall(
                started=call.started,
                line_seconds=call.line_seconds,
                cause=call.cause,
                text=call.text or "",
                far_ident=idents.get(call.id, ""),
            )
            for call in of_job
        )
        for job, of_job in groupby(found, key=lambda call: call.job)
    }


def _idents(tx: Transaction, of: Iterable[str]) -> dict[str, str]:
    """How the far end called itself in each call, where it did."""
    found: dict[str, str] = {}
    wanted = sorted(of)
    for first in range(0, len(wanted), JOBS_AT_ONCE):
        there = ledger.c.call.in_(wanted[first : first + JOBS_AT_ONCE]), ledger.c.kind == "far-end"
        for line in tx.connection.execute(select(ledger.c.call, ledger.c.fields).where(*there).order_by(ledger.c.n)):
            ident = msgspec.json.decode(line.fields).get("ident")
            if isinstance(ident, str) and ident.strip():
                found[line.call] = ident.strip()
    return found
