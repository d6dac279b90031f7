"""Submissions in the database: accepted, refused, answered again.

What always holds: a submission is there with all its jobs, or not at all; one key of one user is one submission; what
its documents become is prepared once for all who want the same.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import func, insert, select, update

from fax.errors import Cause, RequestError
from fax.types import Accepted, JobId, JobState, Recipient, Resolution, Submission, SubmissionId
from spooler.jobs import standing
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_jobs import packed
from spooler.store_tables import documents, jobs, master_documents, master_pages, masters, submissions


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
            recipient=packed(recipient),
            sender=packed(submission.sender),
            cover=None if submission.cover is None else packed(submission.cover),
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


def prepared_text(pages: int) -> str:
    return f"Prepared: {pages} page{'' if pages == 1 else 's'}"
