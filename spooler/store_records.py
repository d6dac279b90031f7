"""Call records in the database: written when a call is settled, read in parts, let go of by age.

What always holds: a call has one record, written in the transaction that settles it, or takes it in; a record does not
change any more and outlives the jobs of its call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from fax.archive import Direction
from fax.received import Received
from fax.records import CallRecord, RecordedJob
from fax.types import CallId, JobId
from modem.outcome import Fate, Outcome
from spooler.store import Transaction
from spooler.store_tables import Instant, call_jobs, calls, jobs, ledger, metadata

call_records = Table(
    "call_records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call", String(80), nullable=False),
    Column("direction", String(10), nullable=False),
    Column("port", String(40), nullable=False),
    Column("began", Instant, nullable=False),
    Column("record", Text, nullable=False),  # fax.records.CallRecord as JSON
    UniqueConstraint("call", name="call_records_by_call"),
    Index("call_records_by_time", "began", "id"),
    sqlite_autoincrement=True,
)

call_record_users = Table(
    "call_record_users",
    metadata,
    Column("record", ForeignKey("call_records.id"), primary_key=True),
    Column("user", String(200), primary_key=True),
)

_KEPT = (Fate.CONFIRMED, Fate.DAMAGED)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which records. ``owner``: those with a fax of this user, and nothing of others in them."""

    since: datetime | None = None
    until: datetime | None = None
    port: str | None = None
    direction: Direction | None = None
    user: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Place:
    """Behind which record a part begins."""

    began: datetime
    id: int


def write(tx: Transaction, record: CallRecord) -> bool:
    """Keep a record. False: the call has one already, which stays."""
    if tx.connection.scalar(select(call_records.c.id).where(call_records.c.call == record.call)) is not None:
        return False
    done = tx.connection.execute(
        insert(call_records).values(
            call=record.call,
            direction=record.direction.value,
            port=record.port,
            began=record.began,
            record=msgspec.json.encode(record).decode(),
        )
    )
    assert done.inserted_primary_key is not None
    id = int(done.inserted_primary_key[0])
    if users := sorted({job.user for job in record.jobs if job.user}):
        tx.connection.execute(insert(call_record_users), [{"record": id, "user": user} for user in users])
    return True


def write_sent(tx: Transaction, call: str, outcome: Outcome, ended: datetime) -> None:
    """The record of a call that we made and that is being settled."""
    about = tx.connection.execute(select(calls).where(calls.c.id == call)).one()
    figures = outcome.figures
    write(
        tx,
        CallRecord(
            call=CallId(call),
            direction=Direction.SENT,
            port=about.port,
            number=about.number,
            began=about.started,
            ended=ended,
            cause=outcome.cause.value,
            text=outcome.text,
            code=outcome.code,
            far_ident=figures.far_ident or "",
            own_ident=_own_ident(tx, call),
            line_seconds=figures.line_seconds,
            pages=sum(page.fate in _KEPT for page in outcome.pages) + sum(page.confirmed for page in outcome.fetched),
            pages_total=len(outcome.pages) + len(outcome.fetched),
            rate_bps=figures.rate_bps,
            modulation=figures.modulation,
            coding=figures.coding,
            ecm=figures.ecm,
            frames_resent=figures.ecm_frames_resent,
            bad_rows=sum(page.bad_rows for page in outcome.fetched),
            jobs=_jobs(tx, call, outcome),
        ),
    )


def write_received(tx: Transaction, facts: Received, job: int | None, came: int, total: int) -> None:
    """The record of a call that came in and is being taken in. ``job`` None: no page came in; ``came``: pages that the
    far end was told we have, of ``total``."""
    write(
        tx,
        CallRecord(
            call=CallId(facts.call),
            direction=Direction.RECEIVED,
            port=facts.port,
            number=facts.caller_id,
            began=facts.started,
            ended=facts.ended,
            cause=facts.cause,
            text=facts.text,
            caller_name=facts.caller_name,
            called=facts.digits or facts.sub_address,
            far_ident=facts.tsid,
            own_ident=facts.csid,
            line_seconds=facts.line_seconds,
            pages=came,
            pages_total=total,
            rate_bps=facts.rate_bps,
            modulation=facts.modulation or None,
            coding=facts.coding or None,
            ecm=facts.ecm,
            bad_rows=facts.bad_rows,
            jobs=_for_each(job, facts.users, came),
        ),
    )


def _for_each(job: int | None, users: Sequence[str], pages: int) -> tuple[RecordedJob, ...]:
    """A fax that came in, for each to whom it is routed, or for nobody."""
    if job is None:
        return ()
    return tuple(RecordedJob(job=JobId(job), user=user, pages=pages) for user in users or ("",))


def _own_ident(tx: Transaction, call: str) -> str:
    """The identifier that the call's journal begins with."""
    query = select(ledger.c.fields).where(ledger.c.call == call, ledger.c.kind == "begin")
    fields = tx.connection.scalar(query.order_by(ledger.c.n).limit(1))
    said = {} if fields is None else msgspec.json.decode(fields, type=dict[str, object])
    return str(said.get("tsid") or "")


def _jobs(tx: Transaction, call: str, outcome: Outcome) -> tuple[RecordedJob, ...]:
    query = (
        select(jobs.c.id, jobs.c.user, jobs.c.billing_code)
        .join(call_jobs, call_jobs.c.job == jobs.c.id)
        .where(call_jobs.c.call == call)
        .order_by(call_jobs.c.position, call_jobs.c.job)
    )
    found = tx.connection.execute(query).all()
    fetched = sum(page.confirmed for page in outcome.fetched)
    return tuple(
        RecordedJob(
            job=JobId(row.id),
            user=row.user,
            billing_code=row.billing_code,
            pages=sum(page.job == row.id and page.fate in _KEPT for page in outcome.pages) or fetched,
        )
        for row in found
    )


def of_job(tx: Transaction, job: int) -> CallRecord | None:
    """The record of the call that the job was in last."""
    query = (
        select(call_records.c.record)
        .join(call_jobs, call_jobs.c.call == call_records.c.call)
        .where(call_jobs.c.job == job)
        .order_by(call_records.c.began.desc(), call_records.c.id.desc())
    )
    found = tx.connection.scalar(query.limit(1))
    return None if found is None else msgspec.json.decode(found, type=CallRecord)


def part(tx: Transaction, wanted: Wanted, after: Place | None, limit: int) -> tuple[list[CallRecord], Place | None]:
    """Records behind ``after``, oldest first, and the place behind them; None: that was all."""
    query = select(call_records).order_by(call_records.c.began, call_records.c.id).limit(limit + 1)
    if wanted.since is not None:
        query = query.where(call_records.c.began >= wanted.since)
    if wanted.until is not None:
        query = query.where(call_records.c.began < wanted.until)
    if wanted.port is not None:
        query = query.where(call_records.c.port == wanted.port)
    if wanted.direction is not None:
        query = query.where(call_records.c.direction == wanted.direction.value)
    for user in (wanted.user, wanted.owner):
        if user is not None:
            of_call = call_record_users.c.record == call_records.c.id
            query = query.where(exists().where(of_call, call_record_users.c.user == user))
    if after is not None:
        behind = or_(call_records.c.began > after.began, call_records.c.id > after.id)
        query = query.where(and_(call_records.c.began >= after.began, behind))
    rows: Sequence[object] = tx.connection.execute(query).all()
    found = [_seen(msgspec.json.decode(row.record, type=CallRecord), wanted.owner) for row in rows[:limit]]  # type: ignore[attr-defined]
    if len(rows) <= limit:
        return found, None
    last = rows[limit - 1]
    return found, Place(last.began, last.id)  # type: ignore[attr-defined]


def _seen(record: CallRecord, owner: str | None) -> CallRecord:
    """Without what is another user's, where ``owner`` is all that may be seen."""
    if owner is None:
        return record
    return replace(record, jobs=tuple(job for job in record.jobs if job.user == owner))


def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Let go of records of calls that began before this time, oldest first; returns how many."""
    query = select(call_records.c.id).where(call_records.c.began < before)
    found = list(tx.connection.scalars(query.order_by(call_records.c.began, call_records.c.id).limit(limit)))
    tx.connection.execute(delete(call_record_users).where(call_record_users.c.record.in_(found)))
    tx.connection.execute(delete(call_records).where(call_records.c.id.in_(found)))
    return len(found)


def count(tx: Transaction) -> int:
    return tx.connection.scalar(select(func.count()).select_from(call_records)) or 0
