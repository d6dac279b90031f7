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
from sqlalchemy import bindparam, delete, func, insert, select, union_all, update

from fax.errors import Cause, RequestError
from fax.types import (
    Accepted,
    JobId,
    JobState,
    JobType,
    Priority,
    Recipient,
    Resolution,
    Submission,
    SubmissionId,
)
from spooler import store_documents, store_reports
from spooler.jobs import standing
from spooler.store import Transaction
from spooler.store_documents import Fresh
from spooler.store_events import Said, emit, emit_of_submission
from spooler.store_jobs import packed
from spooler.store_tables import documents, jobs, jobs_gone, master_documents, master_pages, masters, submissions, waste


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The answer to a submission; ``fresh`` False: the key was known and this is the first answer."""

    accepted: Accepted
    fresh: bool
    refused: str | None = None  # why the incoming folder's fax of this key was refused


@dataclass(frozen=True, kw_only=True)
class ReadyMaster:
    """A master that was not prepared from documents. ``octets``: of its file."""

    key: str
    pages: int
    octets: int


# Made once: what SQLAlchemy compiles of them is found again at each use.
_BY_KEY = select(submissions.c.id, submissions.c.refused).where(
    submissions.c.user == bindparam("user"), submissions.c.key == bindparam("key")
)
_IDS_OF = select(jobs.c.id).where(jobs.c.submission == bindparam("submission")).order_by(jobs.c.id)
_JOBS_OF = union_all(
    select(jobs.c.id).where(jobs.c.submission == bindparam("submission")),
    select(jobs_gone.c.id).where(jobs_gone.c.submission == bindparam("submission")),
)
_SIZES = select(documents.c.id, documents.c.octets).where(documents.c.id.in_(bindparam("ids", expanding=True)))
_MASTER_STATE = select(masters.c.state).where(masters.c.key == bindparam("key"))
_MASTER_PAGES = select(func.count()).select_from(master_pages).where(master_pages.c.master == bindparam("key"))
_MASTER = select(
    masters.c.state,
    select(func.count())
    .select_from(master_pages)
    .where(master_pages.c.master == bindparam("key"))
    .scalar_subquery()
    .label("pages"),
    select(func.sum(documents.c.octets))
    .join(master_documents, master_documents.c.document == documents.c.id)
    .where(master_documents.c.master == bindparam("key"))
    .scalar_subquery()
    .label("octets"),
).where(masters.c.key == bindparam("key"))
_NEW_SUBMISSION = insert(submissions)
_NEW_JOB = insert(jobs)
_DIFFERENT = ("number", "recipient", "state")
_COMMON = [column.name for column in jobs.columns if column.name not in ("id", *_DIFFERENT)]
_LIKE = jobs.alias("one_like")
_JOB_LIKE = insert(jobs).from_select(
    [*_COMMON, *_DIFFERENT],
    select(
        *(_LIKE.c[name] for name in _COMMON),
        *(bindparam(f"new_{name}", type_=jobs.c[name].type) for name in _DIFFERENT),
    ).where(_LIKE.c.id == bindparam("like")),
    include_defaults=False,
)


def known(tx: Transaction, user: str, key: str) -> Acceptance | None:
    """The first answer to this user's ``key``, if there was one."""
    row = tx.connection.execute(_BY_KEY, {"user": user, "key": key}).first()
    if row is None:
        return None
    ids = sorted(tx.connection.scalars(_JOBS_OF, {"submission": row.id}))
    accepted = Accepted(submission=SubmissionId(row.id), jobs=tuple(JobId(id) for id in ids))
    return Acceptance(accepted=accepted, fresh=False, refused=row.refused)


def submit(
    tx: Transaction,
    submission: Submission,
    user: str,
    key: str | None,
    submitter: str | None = None,
    claimed: bool = False,
    ready: ReadyMaster | None = None,
    fresh: Sequence[Fresh] = (),
) -> Acceptance:
    """Take in a submission whose numbers are normalised. ``submitter``: who asks for it, if not ``user``. ``claimed``:
    that it is for ``user`` is what the submitter says, who is no administrator. ``ready``: its pages, where no
    documents stand behind them. ``fresh``: documents of it that are on the disk and become known with it.

    Raises RequestError NO_SUCH_DOCUMENT.
    """
    if key is not None and (before := known(tx, user, key)) is not None:
        return before
    for one in fresh:
        store_documents.add(tx, one.document, one.name)
    if ready is None:
        master, pages, octets = _master(tx, submission)
    else:
        master, pages, octets = ready.key, ready.pages, ready.octets
    prepared = pages is not None
    id = new_submission(tx, user, key, submitter=submitter or user)
    about = _about(tx, id, user, submission)
    about |= {
        "prepared": prepared,
        "master": master,
        "pages_total": None if pages is None else pages + (submission.cover is not None),
        "octets": octets,
        "submitter": submitter or user,
        "claimed": claimed,
    }
    recipients = [
        {
            "number": recipient.number,
            "recipient": packed(recipient),
            "state": standing(in_call=False, held=submission.hold, prepared=prepared, number=recipient.number).value,
        }
        for recipient in submission.recipients
    ]
    ids = _insert_jobs(tx, id, about, recipients)
    told = [Said("accepted", "Accepted")]
    if pages is not None:
        total = pages + (submission.cover is not None)
        told.append(Said("prepared", prepared_text(total), total))
    emit_of_submission(tx, id, *told)
    return Acceptance(accepted=Accepted(submission=SubmissionId(id), jobs=ids), fresh=True)


def refuse(tx: Transaction, submission: Submission, user: str, key: str, cause: str, text: str) -> Acceptance:
    """Report a fax of the incoming folder that cannot be taken in: one failed job."""
    if (before := known(tx, user, key)) is not None:
        return before
    id = new_submission(tx, user, key, submitter=user, refused=text)
    recipient = submission.recipients[0] if submission.recipients else Recipient()
    about = _about(tx, id, user, submission)
    about |= {"held": False, "prepared": False, "cause": cause, "reason": text, "ended": tx.now}
    failed = {"number": recipient.number, "recipient": packed(recipient), "state": JobState.FAILED.value}
    (job,) = _insert_jobs(tx, id, about, [failed])
    emit(tx, "failed", job, text=text, state=JobState.FAILED)
    store_reports.intend(tx, [job])
    accepted = Accepted(submission=SubmissionId(id), jobs=(JobId(job),))
    return Acceptance(accepted=accepted, fresh=True, refused=text)


def master_key(document_ids: Sequence[str], resolution: Resolution) -> str:
    """The name of what preparing these documents gives."""
    return hashlib.sha256(msgspec.json.encode(["master-1", list(document_ids), resolution.value])).hexdigest()


def _octets(tx: Transaction, submission: Submission) -> int:
    """Size of the submission's documents as they were handed in. Raises RequestError NO_SUCH_DOCUMENT."""
    wanted = sorted(set(submission.documents))
    sizes = {found.id: found.octets for found in tx.connection.execute(_SIZES, {"ids": wanted})}
    for number, document in enumerate(submission.documents, 1):
        if document not in sizes:
            raise RequestError(
                Cause.NO_SUCH_DOCUMENT,
                f"Document {number} of the fax is not on the server (any more); upload it again",
                document,
            )
    return sum(sizes[document] for document in submission.documents)


def _master(tx: Transaction, submission: Submission) -> tuple[str | None, int | None, int]:
    """The master's key, its number of pages if it is ready, and the size of its documents as they were handed in; it is
    wanted from now on. Raises RequestError NO_SUCH_DOCUMENT."""
    if not submission.documents:
        return None, 0, 0
    key = master_key(submission.documents, submission.resolution)
    about = tx.connection.execute(_MASTER, {"key": key}).first()
    if about is not None:
        # Its documents are referred to, and so they are there.
        pages = about.pages if about.state == "ready" else want_master(tx, key)
        return key, pages, about.octets or 0
    octets = _octets(tx, submission)
    tx.connection.execute(
        insert(masters).values(key=key, resolution=submission.resolution.value, state="wanted", tries=0)
    )
    # One of the same name was to go.
    tx.connection.execute(delete(waste).where(waste.c.kind == "master", waste.c.name == key))
    tx.connection.execute(
        insert(master_documents),
        [
            {"master": key, "position": position, "document": document}
            for position, document in enumerate(submission.documents)
        ],
    )
    tx.changed_masters.add(key)
    return key, None, octets


def want_master(tx: Transaction, key: str) -> int | None:
    """Have a master prepared that is known; its number of pages if it is ready."""
    state = tx.connection.scalar(_MASTER_STATE, {"key": key})
    if state == "ready":
        return master_pages_count(tx, key)
    tx.changed_masters.add(key)
    if state == "failed":
        # Limits or programs may be other ones today.
        values = {"state": "wanted", "tries": 0, "retry_at": None, "cause": None, "text": None}
        tx.connection.execute(update(masters).where(masters.c.key == key).values(values))
    return None


def master_pages_count(tx: Transaction, key: str) -> int:
    return tx.connection.scalar(_MASTER_PAGES, {"key": key}) or 0


def new_submission(tx: Transaction, user: str, key: str | None, *, submitter: str, refused: str | None = None) -> str:
    id = uuid.uuid4().hex
    values = {"id": id, "user": user, "submitter": submitter, "key": key, "refused": refused, "created": tx.now}
    tx.connection.execute(_NEW_SUBMISSION, values)
    return id


def submitter_of(tx: Transaction, id: int) -> str | None:
    """Who submitted the job, for its user or for themselves."""
    query = select(submissions.c.submitter).join(jobs, jobs.c.submission == submissions.c.id).where(jobs.c.id == id)
    return tx.connection.scalar(query)


def _about(tx: Transaction, id: str, user: str, submission: Submission) -> dict[str, object]:
    """What all jobs of the submission have in common."""
    schedule, report = submission.schedule, submission.report
    return {
        "submission": id,
        "user": user,
        "title": submission.title,
        "held": submission.hold,
        "sender": packed(submission.sender),
        "cover": None if submission.cover is None else packed(submission.cover),
        "resolution": submission.resolution.value,
        "created": tx.now,
        "type": JobType.SEND.value,
        "priority": list(Priority).index(submission.priority),
        "schedule": schedule.action.value,
        "schedule_at": schedule.at,
        "give_up_at": schedule.give_up_at,
        "retries": submission.retries,
        "retry_delay_s": submission.retry_delay_s,
        "billing_code": submission.billing_code,
        "tsid": submission.tsid,
        "report": report.kind.value,
        "report_address": report.address,
        "report_together": report.together,
        "port_group": submission.port_group,
        "poll": None if submission.poll is None else packed(submission.poll),
    }


def _insert_jobs(
    tx: Transaction, submission: str, about: dict[str, object], recipients: Sequence[dict[str, str | None]]
) -> tuple[JobId, ...]:
    """One job for each of ``recipients`` (number, recipient, state); returns their ids in the same order."""
    done = tx.connection.execute(_NEW_JOB, about | recipients[0])
    assert done.inserted_primary_key is not None
    first = JobId(int(done.inserted_primary_key[0]))
    tx.changed_jobs.add(first)
    return (first, *add_like(tx, submission, first, recipients[1:]))


def add_like(
    tx: Transaction, submission: str, like: int, recipients: Sequence[dict[str, str | None]]
) -> tuple[JobId, ...]:
    """A job like ``like``, which is one of ``submission``, for each of ``recipients`` (number, recipient, state);
    returns their ids in the same order."""
    if not recipients:
        return ()
    known = set(tx.connection.scalars(_IDS_OF, {"submission": submission}))
    # The database copies what they have in common: only what differs is handed over for each.
    rest = [{f"new_{name}": value for name, value in one.items()} | {"like": like} for one in recipients]
    tx.connection.execute(_JOB_LIKE, rest)
    ids = tuple(JobId(id) for id in tx.connection.scalars(_IDS_OF, {"submission": submission}) if id not in known)
    tx.changed_jobs.update(ids)
    return ids


def prepared_text(pages: int) -> str:
    return f"Prepared: {pages} page{'' if pages == 1 else 's'}"
