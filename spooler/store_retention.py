"""What is let go of: ended jobs with all that belongs to them, old events, and the files that nothing refers to.

What always holds: a job goes with its pages, and with its calls once none of their jobs is left, in one transaction
that also writes down which files are waste from then on, so that a file goes only after the database forgot it and
none is forgotten; its key goes on giving the first answer as long as it is remembered; its id is never used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, func, insert, or_, select

from fax.errors import Cause, RequestError
from fax.types import JobState, JobType
from spooler import store_received
from spooler.access import SERVER
from spooler.jobs import GIVEN_UP
from spooler.store import Transaction
from spooler.store_access import write_audit
from spooler.store_events import emit
from spooler.store_jobs import finish, refuse_state, row
from spooler.store_routing_tables import received
from spooler.store_tables import (
    call_jobs,
    calls,
    job_pages,
    jobs,
    jobs_gone,
    ledger,
    master_documents,
    master_pages,
    masters,
    submissions,
    waste,
)
from spooler.store_waste import RECEIVED, throw_away, throw_covers_away

KEYS_KEPT = timedelta(days=30)  # a key is good for so long after the last job that it gave


def remove(tx: Transaction, id: int, text: str = "Deleted") -> None:
    """Let go of a job that has ended. Raises RequestError."""
    about = row(tx, id)
    if not JobState(about.state).ended:
        raise refuse_state(id, about.state, "deleted")
    of_job = select(call_jobs.c.call).where(call_jobs.c.job == id)
    calls_of_job = list(tx.connection.scalars(of_job))
    going_on = select(calls.c.id).where(calls.c.id.in_(calls_of_job), calls.c.ended.is_(None))
    if tx.connection.scalar(going_on.limit(1)) is not None:
        raise RequestError(Cause.WRONG_STATE, f"Job {id} cannot be deleted before its call has ended")
    emit(tx, "deleted", id, text=text, state=JobState(about.state))
    throw_covers_away(tx, id)
    store_received.forget(tx, id)
    tx.connection.execute(delete(job_pages).where(job_pages.c.job == id))
    tx.connection.execute(delete(call_jobs).where(call_jobs.c.job == id))
    for call in calls_of_job:
        if tx.connection.scalar(select(func.count()).where(call_jobs.c.call == call)) == 0:
            tx.connection.execute(delete(ledger).where(ledger.c.call == call))
            tx.connection.execute(delete(calls).where(calls.c.id == call))
            throw_away(tx, "call", call)
    tx.connection.execute(delete(jobs).where(jobs.c.id == id))
    tx.connection.execute(insert(jobs_gone).values(id=id, submission=about.submission, gone=tx.now))
    if about.master is not None:
        _forget_master(tx, about.master)
    tx.changed_jobs.add(id)


def _forget_master(tx: Transaction, key: str) -> None:
    """Let go of a master that no job refers to any more; its documents go by themselves after a while."""
    if tx.connection.scalar(select(jobs.c.id).where(jobs.c.master == key).limit(1)) is not None:
        return
    tx.connection.execute(delete(master_pages).where(master_pages.c.master == key))
    tx.connection.execute(delete(master_documents).where(master_documents.c.master == key))
    tx.connection.execute(delete(masters).where(masters.c.key == key))
    throw_away(tx, "master", key)


def overdue(tx: Transaction, sent_before: datetime | None, unsent_before: datetime | None, limit: int) -> list[int]:
    """Outgoing jobs that ended before these times, those first that ended first; None: never."""
    open_call = (
        exists()
        .where(call_jobs.c.job == jobs.c.id, call_jobs.c.call == calls.c.id, calls.c.ended.is_(None))
        .correlate(jobs)
    )
    found: list[int] = []
    for state, before in (
        (JobState.DONE, sent_before),
        (JobState.FAILED, unsent_before),
        (JobState.CANCELLED, unsent_before),
    ):
        if before is not None:
            sent = jobs.c.type == JobType.SEND.value
            old = select(jobs.c.id).where(sent, jobs.c.state == state.value, jobs.c.ended < before, ~open_call)
            found += tx.connection.scalars(old.order_by(jobs.c.ended).limit(limit))
    return found[:limit]


def remove_overdue(
    tx: Transaction, sent_before: datetime | None, unsent_before: datetime | None, limit: int
) -> list[int]:
    """Let go of them; returns those that went."""
    found = overdue(tx, sent_before, unsent_before, limit)
    for id in found:
        about = row(tx, id)
        remove(tx, id, "Deleted: kept for as long as the settings say")
        write_audit(tx, SERVER, "job deleted", f"job {id} of {about.user}", about.state, "kept long enough")
    return found


def give_up_forgotten(tx: Transaction, before: datetime, limit: int) -> list[int]:
    """Fail outgoing jobs that have waited for a person since before this time: held, or without a recipient. (Those
    that wait for a call are the schedule's.) Returns them."""
    since = func.coalesce(jobs.c.queued, jobs.c.created)
    forgotten = select(jobs.c.id, jobs.c.state).where(
        jobs.c.state.in_((JobState.HELD.value, JobState.ADDRESS.value)),
        jobs.c.type == JobType.SEND.value,
        since < before,
        or_(jobs.c.schedule_at.is_(None), jobs.c.schedule_at < before),
    )
    found = tx.connection.execute(forgotten.order_by(jobs.c.id).limit(limit)).all()
    for id, state in found:
        what = "nobody resumed it" if state == JobState.HELD.value else "nobody named its recipient"
        finish(tx, id, JobState.FAILED, cause=GIVEN_UP, reason=f"Given up: {what} for as long as unsent faxes are kept")
    return [id for id, _ in found]


def forget_keys(tx: Transaction, limit: int) -> int:
    """Let go of what submissions gave whose jobs are gone for long; returns how many."""
    there = exists().where(jobs.c.submission == jobs_gone.c.submission)
    recent = jobs_gone.alias()
    younger = exists().where(recent.c.submission == jobs_gone.c.submission, recent.c.gone >= tx.now - KEYS_KEPT)
    query = select(jobs_gone.c.submission).where(jobs_gone.c.gone < tx.now - KEYS_KEPT, ~there, ~younger)
    found = list(tx.connection.scalars(query.distinct().limit(limit)))
    tx.connection.execute(delete(jobs_gone).where(jobs_gone.c.submission.in_(found)))
    tx.connection.execute(delete(submissions).where(submissions.c.id.in_(found)))
    return len(found)


@dataclass(frozen=True, kw_only=True)
class TakenCall:
    """An incoming call that was taken in. ``fax``: it had pages, and became a job."""

    call: str
    port: str
    ended: datetime
    fax: bool


def taken_calls(tx: Transaction, before: datetime, after: TakenCall | None, limit: int) -> list[TakenCall]:
    """Incoming calls that ended before this time, oldest first, behind ``after``."""
    query = select(received).where(received.c.ended < before).order_by(received.c.ended, received.c.call)
    if after is not None:
        later = and_(received.c.ended == after.ended, received.c.call > after.call)
        query = query.where(received.c.ended >= after.ended, or_(received.c.ended > after.ended, later))
    return [
        TakenCall(call=each.call, port=each.port, ended=each.ended, fax=each.job is not None)
        for each in tx.connection.execute(query.limit(limit))
    ]


def let_go_of_calls(tx: Transaction, calls: Sequence[TakenCall]) -> None:
    """The folders of these calls, none of which became a fax, are waste."""
    for each in calls:
        name = store_received.folder_of(each.port, each.call)
        known = select(waste.c.id).where(waste.c.kind == RECEIVED, waste.c.name == name)
        if tx.connection.scalar(known) is None:
            throw_away(tx, RECEIVED, name)
