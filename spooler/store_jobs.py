"""Jobs in the database: shown, and changed by people.

What always holds: a job's ``state`` column is what ``jobs.standing`` says of its facts, or an end; a change that the
state forbids raises and changes nothing; every change tells its event in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Row, delete, func, select, update

from fax.errors import Cause, RequestError
from fax.types import CoverPage, Job, JobId, JobState, Recipient, Resolution, Sender, SubmissionId
from spooler.jobs import standing
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_tables import job_pages, jobs

JobRow = Row[tuple[object, ...]]


def packed(value: Recipient | Sender | CoverPage) -> str:
    """A value as it is kept."""
    return msgspec.json.encode(value).decode()


def row(tx: Transaction, id: int) -> JobRow:
    """Raises RequestError NO_SUCH_JOB."""
    found = tx.connection.execute(select(jobs).where(jobs.c.id == id)).first() if 0 < id < 1 << 31 else None
    if found is None:
        raise RequestError(Cause.NO_SUCH_JOB, f"There is no job {id}")
    return found


def restate(tx: Transaction, id: int) -> JobState:
    """Let the state follow the facts; an ended job stays as it is. Returns the state."""
    about = row(tx, id)
    state = JobState(about.state)
    if not state.ended:
        state = standing(in_call=about.call is not None, held=about.held, prepared=about.prepared, number=about.number)
        tx.connection.execute(update(jobs).where(jobs.c.id == id).values(state=state.value))
    tx.changed_jobs.add(id)
    return state


def finish(tx: Transaction, id: int, state: JobState, *, cause: str | None = None, reason: str | None = None) -> None:
    """End a job: DONE, FAILED or CANCELLED."""
    values = {"state": state.value, "cause": cause, "reason": reason, "until": None, "call": None}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    tx.changed_jobs.add(id)
    emit(
        tx, state.value, id, text=reason or {"done": "Sent", "cancelled": "Cancelled"}.get(state.value, ""), state=state
    )


def _refuse_state(id: int, state: str, wanted: str) -> RequestError:
    standing_now = {
        "sending": "is in a call",
        "done": "has been sent",
        "failed": "has failed",
        "cancelled": "has been cancelled",
        "preparing": "is being prepared",
        "address": "waits for a recipient",
        "waiting": "waits to be sent",
        "held": "is held",
    }[state]
    return RequestError(Cause.WRONG_STATE, f"Job {id} {standing_now}; it cannot be {wanted}")


def cancel(tx: Transaction, id: int) -> str | None:
    """End the job, at once or with its call, whose id is returned. Raises RequestError."""
    about = row(tx, id)
    if JobState(about.state).ended:
        raise _refuse_state(id, about.state, "cancelled")
    if about.call is None:
        finish(tx, id, JobState.CANCELLED, cause="cancelled", reason="Cancelled")
        return None
    values = {"cancelling": True, "reason": "Being cancelled"}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    return str(about.call)


def hold(tx: Transaction, id: int) -> None:
    """Raises RequestError."""
    about = row(tx, id)
    if about.state == JobState.HELD.value:
        return
    if about.state == JobState.SENDING.value or JobState(about.state).ended:
        raise _refuse_state(id, about.state, "held")
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(held=True))
    emit(tx, "held", id, text="Held", state=restate(tx, id))


def resume(tx: Transaction, id: int) -> None:
    """Raises RequestError."""
    about = row(tx, id)
    if about.state != JobState.HELD.value:
        raise _refuse_state(id, about.state, "resumed")
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(held=False))
    emit(tx, "resumed", id, text="Resumed", state=restate(tx, id))


def address(tx: Transaction, id: int, recipient: Recipient) -> None:
    """Name the recipient (number normalised). Another number than before begins the fax anew. Raises RequestError."""
    about = row(tx, id)
    if about.state == JobState.SENDING.value or JobState(about.state).ended:
        raise _refuse_state(id, about.state, "given another recipient")
    values: dict[str, object] = {"recipient": packed(recipient), "number": recipient.number}
    if recipient.number != about.number or about.attempts == 0:
        # What the old number has received counts for nothing at the new one, and the cover page names its reader.
        tx.connection.execute(delete(job_pages).where(job_pages.c.job == id))
        values |= {"frozen": False, "pages_confirmed": 0}
    if recipient.number != about.number:
        values |= {"until": None, "reason": None, "cause": None, "tries": 0}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    state = restate(tx, id)
    text = f"Addressed to {recipient.number}" if recipient.number else "The recipient was taken away"
    emit(tx, "addressed", id, text=text, state=state)


def listing(
    tx: Transaction,
    *,
    user: str | None,
    state: JobState | None,
    submission: str | None,
    after: int,
    limit: int,
) -> list[Job]:
    """Jobs without pages and calls, oldest first; ``user`` None: everybody's."""
    query = select(jobs).where(jobs.c.id > after).order_by(jobs.c.id).limit(limit)
    if user is not None:
        query = query.where(jobs.c.user == user)
    if state is not None:
        query = query.where(jobs.c.state == state.value)
    if submission is not None:
        query = query.where(jobs.c.submission == submission)
    return [job_of(found) for found in tx.connection.execute(query)]


def job_of(about: JobRow) -> Job:
    """The API's job, without pages and calls."""
    waits = about.state in (JobState.WAITING.value, JobState.PREPARING.value)
    # What it waited for before it was held counts again when it is resumed, and not before.
    reason = "Held" if about.state == JobState.HELD.value else about.reason
    return Job(
        id=JobId(about.id),
        submission=SubmissionId(about.submission),
        user=about.user,
        title=about.title,
        state=JobState(about.state),
        recipient=msgspec.json.decode(about.recipient, type=Recipient),
        sender=msgspec.json.decode(about.sender, type=Sender),
        cover=None if about.cover is None else msgspec.json.decode(about.cover, type=CoverPage),
        resolution=Resolution(about.resolution),
        created=about.created,
        reason=reason or {"address": "Waits for its recipient to be named"}.get(about.state),
        cause=about.cause,
        until=about.until if waits else None,
        attempts=about.attempts,
        pages_total=about.pages_total,
        pages_confirmed=about.pages_confirmed,
    )


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A job that waits for a call."""

    job: int
    number: str
    until: datetime | None


def waiting(tx: Transaction, ids: Sequence[int] | None = None) -> list[Waiting]:
    """Those of the jobs ``ids`` (None: of all) that wait for a call."""
    query = select(jobs.c.id, jobs.c.number, jobs.c.until).where(jobs.c.state == JobState.WAITING.value)
    if ids is not None:
        query = query.where(jobs.c.id.in_(ids))
    return [Waiting(job=found.id, number=found.number, until=found.until) for found in tx.connection.execute(query)]


def counts(tx: Transaction) -> dict[str, int]:
    """Number of jobs by state, every state named."""
    found = dict.fromkeys((state.value for state in JobState), 0)
    for state, number in tx.connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)):
        found[state] = number
    return found


def fail_waiting(tx: Transaction, id: int, cause: str, reason: str) -> None:
    """Fail a job that waits for its call; any other is left alone."""
    if row(tx, id).state == JobState.WAITING.value:
        finish(tx, id, JobState.FAILED, cause=cause, reason=reason)


def postpone(tx: Transaction, id: int, reason: str, until: datetime) -> None:
    """Let a job that waits for its call wait until ``until``; any other is left alone."""
    if row(tx, id).state == JobState.WAITING.value:
        tx.connection.execute(update(jobs).where(jobs.c.id == id).values(reason=reason, until=until))
        tx.changed_jobs.add(id)
        emit(tx, "waiting", id, text=reason, state=JobState.WAITING)
