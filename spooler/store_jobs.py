"""Submissions and jobs in the database: accepted, shown, changed by people.

What always holds: a job's ``state`` column is what ``jobs.standing`` says of its facts, or an end; a change that the
state forbids raises and changes nothing; every change tells its event in the same transaction.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update

from fax.errors import Cause, RequestError
from fax.types import Accepted, CoverPage, Job, JobId, JobState, Recipient, Resolution, Sender, Submission, SubmissionId
from spooler.jobs import standing
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_tables import documents, job_pages, jobs, master_documents, masters, submissions

JobRow = Row[tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The answer to a submission; ``fresh`` False: the key was known and this is the first answer."""

    accepted: Accepted
    fresh: bool
    refused: str | None = None  # why the incoming folder's fax of this key was refused


def known(tx: Transaction, user: str, key: str) -> Acceptance | None:
    """The first answer to this user's ``key``, if there was one."""
    query = select(submissions.c.id, submissions.c.refused).where(submissions.c.user == user, submissions.c.key == key)
    row = tx.connection.execute(query).first()
    if row is None:
        return None
    ids = tx.connection.scalars(select(jobs.c.id).where(jobs.c.submission == row.id).order_by(jobs.c.id))
    accepted = Accepted(submission=SubmissionId(row.id), jobs=tuple(JobId(id) for id in ids))
    return Acceptance(accepted=accepted, fresh=False, refused=row.refused)


def submit(
    tx: Transaction, submission: Submission, user: str, key: str | None, submitter: str | None = None
) -> Acceptance:
    """Take in a submission whose numbers are normalised. ``submitter``: who asks for it, if not ``user``.

    Raises RequestError NO_SUCH_DOCUMENT.
    """
    if key is not None and (before := known(tx, user, key)) is not None:
        return before
    for number, document in enumerate(submission.documents, 1):
        if tx.connection.scalar(select(documents.c.id).where(documents.c.id == document)) is None:
            raise RequestError(
                Cause.NO_SUCH_DOCUMENT,
                f"Document {number} of the fax is not on the server (any more); upload it again",
                document,
            )
    master, prepared, pages = _master(tx, submission)
    id = _new_submission(tx, user, key, submitter=submitter or user)
    total = None if pages is None else pages + (submission.cover is not None)
    ids = tuple(
        _new_job(tx, id, user, submission, recipient, master=master, prepared=prepared, pages_total=total)
        for recipient in submission.recipients
    )
    return Acceptance(accepted=Accepted(submission=SubmissionId(id), jobs=ids), fresh=True)


def refuse(tx: Transaction, submission: Submission, user: str, key: str, cause: str, text: str) -> Acceptance:
    """Report a fax of the incoming folder that cannot be taken in: one failed job."""
    if (before := known(tx, user, key)) is not None:
        return before
    id = _new_submission(tx, user, key, submitter=user, refused=text)
    recipient = submission.recipients[0] if submission.recipients else Recipient()
    job = _insert_job(
        tx, id, user, submission, recipient, state=JobState.FAILED, prepared=False, held=False, cause=cause, reason=text
    )
    emit(tx, "failed", job, text=text, state=JobState.FAILED)
    accepted = Accepted(submission=SubmissionId(id), jobs=(JobId(job),))
    return Acceptance(accepted=accepted, fresh=True, refused=text)


def master_key(document_ids: Sequence[str], resolution: Resolution) -> str:
    """The name of what preparing these documents gives."""
    return hashlib.sha256(msgspec.json.encode(["master-1", list(document_ids), resolution.value])).hexdigest()


def _master(tx: Transaction, submission: Submission) -> tuple[str | None, bool, int | None]:
    """The master's key, whether it is ready, and its number of pages if known; it is wanted from now on."""
    if not submission.documents:
        return None, True, 0
    key = master_key(submission.documents, submission.resolution)
    found = tx.connection.execute(select(masters.c.state).where(masters.c.key == key)).first()
    tx.changed_masters.add(key)
    if found is None:
        tx.connection.execute(
            insert(masters).values(key=key, resolution=submission.resolution.value, state="wanted", tries=0)
        )
        tx.connection.execute(
            insert(master_documents),
            [
                {"master": key, "position": position, "document": document}
                for position, document in enumerate(submission.documents)
            ],
        )
    elif found.state == "failed":
        # Limits or programs may be other ones today.
        values = {"state": "wanted", "tries": 0, "retry_at": None, "cause": None, "text": None}
        tx.connection.execute(update(masters).where(masters.c.key == key).values(values))
    elif found.state == "ready":
        return key, True, master_pages_count(tx, key)
    return key, False, None


def master_pages_count(tx: Transaction, key: str) -> int:
    from spooler.store_tables import master_pages

    query = select(func.count()).select_from(master_pages).where(master_pages.c.master == key)
    return tx.connection.scalar(query) or 0


def _new_submission(tx: Transaction, user: str, key: str | None, *, submitter: str, refused: str | None = None) -> str:
    id = uuid.uuid4().hex
    values = {"id": id, "user": user, "submitter": submitter, "key": key, "refused": refused, "created": tx.now}
    tx.connection.execute(insert(submissions).values(values))
    return id


def submitter_of(tx: Transaction, id: int) -> str | None:
    """Who submitted the job, for its user or for themselves."""
    query = select(submissions.c.submitter).join(jobs, jobs.c.submission == submissions.c.id).where(jobs.c.id == id)
    return tx.connection.scalar(query)


def _new_job(
    tx: Transaction,
    submission_id: str,
    user: str,
    submission: Submission,
    recipient: Recipient,
    *,
    master: str | None,
    prepared: bool,
    pages_total: int | None,
) -> JobId:
    state = standing(in_call=False, held=submission.hold, prepared=prepared, number=recipient.number)
    job = _insert_job(
        tx,
        submission_id,
        user,
        submission,
        recipient,
        state=state,
        held=submission.hold,
        prepared=prepared,
        master=master,
        pages_total=pages_total,
    )
    emit(tx, "accepted", job, text="Accepted", state=state)
    if prepared:
        emit(tx, "prepared", job, text=prepared_text(pages_total or 0), pages=pages_total, state=state)
    return JobId(job)


def _insert_job(
    tx: Transaction,
    submission_id: str,
    user: str,
    submission: Submission,
    recipient: Recipient,
    *,
    state: JobState,
    held: bool,
    prepared: bool,
    master: str | None = None,
    pages_total: int | None = None,
    cause: str | None = None,
    reason: str | None = None,
) -> int:
    done = tx.connection.execute(
        insert(jobs).values(
            submission=submission_id,
            user=user,
            title=submission.title,
            state=state.value,
            held=held,
            prepared=prepared,
            number=recipient.number,
            recipient=_packed(recipient),
            sender=_packed(submission.sender),
            cover=None if submission.cover is None else _packed(submission.cover),
            resolution=submission.resolution.value,
            master=master,
            created=tx.now,
            pages_total=pages_total,
            cause=cause,
            reason=reason,
        )
    )
    assert done.inserted_primary_key is not None
    id = int(done.inserted_primary_key[0])
    tx.changed_jobs.add(id)
    return id


def _packed(value: Recipient | Sender | CoverPage) -> str:
    return msgspec.json.encode(value).decode()


def prepared_text(pages: int) -> str:
    return f"Prepared: {pages} page{'' if pages == 1 else 's'}"


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
    values: dict[str, object] = {"recipient": _packed(recipient), "number": recipient.number}
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
        reason=about.reason or {"address": "Waits for its recipient to be named", "held": "Held"}.get(about.state),
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
