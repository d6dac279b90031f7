"""Jobs in the database: shown, and changed by people.

What always holds: a job's ``state`` column is what ``jobs.standing`` says of its facts, or an end; a change that the
state forbids raises and changes nothing; every change tells its event in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

import msgspec
from sqlalchemy import ColumnElement, Row, delete, func, select, update

from fax.errors import Cause, RequestError
from fax.types import (
    CoverPage,
    Job,
    JobId,
    JobState,
    JobType,
    Poll,
    Priority,
    Recipient,
    Report,
    ReportKind,
    Resolution,
    Schedule,
    ScheduleAction,
    Sender,
    SubmissionId,
)
from spooler import store_reports
from spooler.jobs import GIVEN_UP, UNCERTAIN, standing
from spooler.numbers import main_number
from spooler.schedule_types import Candidate, Deadline
from spooler.store import Transaction
from spooler.store_events import Said, emit, emit_of
from spooler.store_tables import job_pages, jobs
from spooler.store_waste import throw_covers_away
from spooler.submission import MASK

JobRow = Row[tuple[object, ...]]
PRIORITIES = tuple(Priority)
BEHIND = timedelta(minutes=1)  # each fax of a broadcast counts as handed in so much after the one before it
Secretive = TypeVar("Secretive", Recipient, Poll)


def packed(value: Recipient | Sender | CoverPage | Poll) -> str:
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
    """End a job: DONE, FAILED or CANCELLED; who wants a report gets one of this end."""
    values = {"state": state.value, "cause": cause, "reason": reason, "until": None, "call": None, "ended": tx.now}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    tx.changed_jobs.add(id)
    emit(
        tx, state.value, id, text=reason or {"done": "Sent", "cancelled": "Cancelled"}.get(state.value, ""), state=state
    )
    store_reports.intend(tx, [id])


def finish_all(tx: Transaction, which: ColumnElement[bool], state: JobState, *, cause: str, reason: str) -> None:
    """As ``finish``, for all jobs for which ``which`` holds: a broadcast is thousands, and a few statements for each
    would hold everybody up."""
    found = list(tx.connection.scalars(select(jobs.c.id).where(which).order_by(jobs.c.id)))
    emit_of(tx, which, Said(state.value, reason), state)
    values = {"state": state.value, "cause": cause, "reason": reason, "until": None, "call": None, "ended": tx.now}
    tx.connection.execute(update(jobs).where(which).values(values))
    tx.changed_jobs.update(found)
    store_reports.intend(tx, found)


def refuse_state(id: int, state: str, wanted: str) -> RequestError:
    standing_now = {
        "sending": "is in a call",
        "done": "has been sent",
        "failed": "has failed",
        "cancelled": "has been cancelled",
        "preparing": "is being prepared",
        "address": "waits for a recipient",
        "waiting": "waits to be sent",
        "held": "is held",
        "routing": "is being routed",
    }[state]
    return RequestError(Cause.WRONG_STATE, f"Job {id} {standing_now}; it cannot be {wanted}")


def check_outgoing(about: JobRow, wanted: str) -> None:
    """Raises RequestError WRONG_STATE for a fax that came in."""
    if about.type != JobType.SEND.value:
        raise RequestError(Cause.WRONG_STATE, f"Fax {about.id} came in; it cannot be {wanted}")


def cancel(tx: Transaction, id: int) -> str | None:
    """End the job, at once or with its call, whose id is returned. Raises RequestError."""
    about = row(tx, id)
    check_outgoing(about, "cancelled")
    if JobState(about.state).ended:
        raise refuse_state(id, about.state, "cancelled")
    if not about.cancelling:
        emit(tx, "aborting", id, text="Being cancelled", call=about.call)
    if about.call is None:
        finish(tx, id, JobState.CANCELLED, cause="cancelled", reason="Cancelled")
        return None
    if about.pages_total and about.pages_confirmed == about.pages_total:
        # Its call goes on with other faxes.
        raise RequestError(Cause.WRONG_STATE, f"Job {id} has been received; it cannot be cancelled")
    values = {"cancelling": True, "reason": "Being cancelled"}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    return str(about.call)


def hold(tx: Transaction, id: int) -> None:
    """Let it wait until it is resumed; out of a call it comes back held. Raises RequestError."""
    about = row(tx, id)
    check_outgoing(about, "held")
    if JobState(about.state).ended:
        raise refuse_state(id, about.state, "held")
    if about.held:
        return
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(held=True))
    text = "To be held when its call has ended" if about.call is not None else "Held"
    emit(tx, "held", id, text=text, state=restate(tx, id))


def resume(tx: Transaction, id: int) -> None:
    """Raises RequestError."""
    about = row(tx, id)
    if not about.held or JobState(about.state).ended:
        raise refuse_state(id, about.state, "resumed")
    values: dict[str, object] = {"held": False}
    if about.cause == UNCERTAIN:
        values |= {"cause": None, "reason": None, "until": None}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    emit(tx, "resumed", id, text="Resumed", state=restate(tx, id))


def address(tx: Transaction, id: int, recipient: Recipient) -> None:
    """Name the recipient (number normalised). Another number than before begins the fax anew. Raises RequestError."""
    about = row(tx, id)
    check_outgoing(about, "given another recipient")
    if about.state == JobState.SENDING.value or JobState(about.state).ended:
        raise refuse_state(id, about.state, "given another recipient")
    if recipient.password == MASK:
        recipient = replace(recipient, password=msgspec.json.decode(about.recipient, type=Recipient).password)
    values: dict[str, object] = {"recipient": packed(recipient), "number": recipient.number}
    if recipient.number != about.number or about.attempts == 0:
        # What the old number has received counts for nothing at the new one, and the cover page names its reader.
        throw_covers_away(tx, id)
        tx.connection.execute(delete(job_pages).where(job_pages.c.job == id))
        values |= {"frozen": False, "pages_confirmed": 0}
    if recipient.number != about.number:
        values |= {"until": None, "reason": None, "cause": None, "tries": 0}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    state = restate(tx, id)
    text = f"Addressed to {recipient.number}" if recipient.number else "The recipient was taken away"
    emit(tx, "addressed", id, text=text, state=state)


def set_cover(tx: Transaction, id: int, cover: CoverPage | None) -> None:
    """Another cover page, or none, for a fax that nobody has been called with. Raises RequestError."""
    about = row(tx, id)
    check_outgoing(about, "given a cover page")
    if about.attempts or about.state == JobState.SENDING.value or JobState(about.state).ended:
        raise refuse_state(id, about.state, "given another cover page")
    if about.master is None:
        raise RequestError(Cause.WRONG_STATE, f"Job {id} has no document: its cover page stays as it is")
    total = about.pages_total
    if total is not None:
        total += (cover is not None) - (about.cover is not None)
    tx.connection.execute(delete(job_pages).where(job_pages.c.job == id))
    values = {"cover": None if cover is None else packed(cover), "pages_total": total, "frozen": False}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    restate(tx, id)


def selected(
    tx: Transaction,
    *,
    user: str | None,
    states: Collection[JobState],
    submission: str | None,
    after: int,
    limit: int,
    type: JobType | None = None,
    since: datetime | None = None,
) -> list[JobRow]:
    """Jobs, oldest first; ``user`` None: everybody's. ``states`` empty: in any. ``since``: made then or later."""
    query = select(jobs).where(jobs.c.id > after).order_by(jobs.c.id).limit(limit)
    if user is not None:
        query = query.where(jobs.c.user == user)
    if states:
        query = query.where(jobs.c.state.in_(sorted(state.value for state in states)))
    if submission is not None:
        query = query.where(jobs.c.submission == submission)
    if type is not None:
        query = query.where(jobs.c.type == type.value)
    if since is not None:
        query = query.where(jobs.c.created >= since)
    return list(tx.connection.execute(query))


def job_of(about: JobRow) -> Job:
    """The API's job, without pages and calls."""
    waits = about.state in (JobState.WAITING.value, JobState.PREPARING.value, JobState.ROUTING.value)
    # What it waited for before it was held counts again when it is resumed, and not before.
    reason = "Held" if about.state == JobState.HELD.value and about.cause != UNCERTAIN else about.reason
    return Job(
        id=JobId(about.id),
        submission=SubmissionId(about.submission),
        user=about.user,
        title=about.title,
        state=JobState(about.state),
        recipient=masked(msgspec.json.decode(about.recipient, type=Recipient)),
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
        type=JobType(about.type),
        schedule=Schedule(action=ScheduleAction(about.schedule), at=about.schedule_at, give_up_at=about.give_up_at),
        priority=PRIORITIES[about.priority],
        billing_code=about.billing_code,
        tsid=about.tsid,
        report=Report(kind=ReportKind(about.report), address=about.report_address, together=about.report_together),
        port_group=about.port_group,
        retries=about.retries,
        retry_delay_s=about.retry_delay_s,
        tries=about.tries,
        octets=about.octets,
        submitter="" if about.submitter == about.user else about.submitter,
        claimed=about.claimed,
        poll=None if about.poll is None else masked(msgspec.json.decode(about.poll, type=Poll)),
        ended=about.ended,
    )


def masked(value: Secretive) -> Secretive:
    """The value without its password, as it is given out."""
    return replace(value, password=MASK) if value.password else value


def candidates(tx: Transaction, dirty_days: int | None, ids: Sequence[int] | None = None) -> list[Candidate]:
    """Those of the jobs ``ids`` (None: of all) that wait for a call, as the schedule sees them.

    ``dirty_days``: how long a job is tried after it came into the queue, or after the time it was for; None: for ever.
    """
    query = select(*_OF_CANDIDATES).where(jobs.c.state == JobState.WAITING.value)
    if ids is not None:
        query = query.where(jobs.c.id.in_(ids))
    lifetime = None if dirty_days is None else timedelta(days=dirty_days)
    return [_candidate(cast(JobRow, found), lifetime) for found in tx.connection.execute(query)]


_OTHERS = jobs.alias("others")
_OF_CANDIDATES = (
    jobs.c.id,
    jobs.c.number,
    jobs.c.user,
    jobs.c.created,
    jobs.c.queued,
    jobs.c.priority,
    jobs.c.until,
    jobs.c.pause_s,
    jobs.c.schedule,
    jobs.c.schedule_at,
    jobs.c.give_up_at,
    jobs.c.port_group,
    jobs.c.tsid,
    jobs.c.poll,
    select(func.min(_OTHERS.c.id)).where(_OTHERS.c.submission == jobs.c.submission).scalar_subquery().label("first"),
)


def _candidate(about: JobRow, lifetime: timedelta | None) -> Candidate:
    queued = about.queued or about.created
    not_before = None
    if about.until is not None:
        not_before = Deadline(
            at=about.until, within=None if about.pause_s is None else timedelta(seconds=about.pause_s)
        )
    retrying = not_before is not None
    if about.schedule_at is not None and (not_before is None or not_before.at < about.schedule_at):
        not_before, retrying = Deadline(at=about.schedule_at), False
    expires = None if about.give_up_at is None else Deadline(at=about.give_up_at)
    if lifetime is not None:
        if about.schedule_at is not None and about.schedule_at > queued:
            dirty = Deadline(at=about.schedule_at + lifetime)
        else:
            dirty = Deadline(at=queued + lifetime, within=lifetime)
        expires = dirty if expires is None or dirty.at < expires.at else expires
    return Candidate(
        job=about.id,
        number=main_number(about.number),
        user=about.user,
        since=queued,
        # What a person restarts stands for itself.
        behind=timedelta() if about.queued is not None else BEHIND * (about.id - about.first),
        priority=PRIORITIES[about.priority],
        not_before=not_before,
        retrying=retrying,
        expires=expires,
        discount=about.schedule == ScheduleAction.DISCOUNT.value,
        group=about.port_group,
        # A call dials one thing, has one identifier of ours, and fetches for one job at most.
        line=f"{about.number} {about.tsid}" if about.poll is None else f"{about.id}",
    )


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


def give_up(tx: Transaction, id: int) -> None:
    """Fail a job that waits for its call and whose time is up; any other is left alone."""
    about = row(tx, id)
    if about.state != JobState.WAITING.value:
        return
    if about.attempts:
        last = (about.reason or "").partition("; next try")[0] or "It could not be sent"
        reason = f"{last}; given up after {about.attempts} call{'s' if about.attempts > 1 else ''}, its time is up"
    else:
        reason = "Given up: its time was up before it could be called"
    finish(tx, id, JobState.FAILED, cause=GIVEN_UP, reason=reason)


def postpone(tx: Transaction, id: int, reason: str, until: datetime) -> None:
    """Let a job that waits for its call wait until ``until``; any other is left alone."""
    if row(tx, id).state == JobState.WAITING.value:
        values = {"reason": reason, "until": until, "pause_s": max(0.0, (until - tx.now).total_seconds())}
        tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
        tx.changed_jobs.add(id)
        emit(tx, "waiting", id, text=reason, state=JobState.WAITING)
