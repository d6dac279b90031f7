"""Faxes that came in, in the database: taken in once, shown, and who may see them.

What always holds: an incoming call is taken in exactly once, with its job, its pages, its events and where it goes, in
one transaction; a fax that came in whole is routed, one that did not is kept and is not; its pages lie where the port
process put them, and go with the job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import Select, delete, exists, insert, or_, select, update

from fax.received import Delivery, DeliveryState, Received
from fax.routing import Decision
from fax.types import Call as CallShown
from fax.types import CallId, Fate, Job, JobState, JobType, Priority, Recipient, Resolution, Sender
from spooler import store_archive_index, store_records
from spooler.access import Caller
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_jobs import JobRow, finish, job_of, packed
from spooler.store_jobs import row as job_row
from spooler.store_routing_tables import deliveries, received, received_files, received_users
from spooler.store_submissions import new_submission
from spooler.store_tables import job_pages, jobs, ports
from spooler.store_waste import RECEIVED, throw_away

INBOUND = (JobType.RECEIVE.value, JobType.ROUTING.value, JobType.FAIL_RECEIVE.value)


@dataclass(frozen=True, kw_only=True)
class TakenPage:
    """A page of a fax that came in. ``index``: in its TIFF, from 0."""

    index: int
    digest: str
    width: int
    rows: int
    bad_rows: int
    fate: Fate


def folder_of(port: str, call: str) -> str:
    """The folder of an incoming call, relative to the spool."""
    return f"received/{port}/{call}"


def taken(tx: Transaction, port: str) -> set[str]:
    """The calls of this port that were taken in."""
    return set(tx.connection.scalars(select(received.c.call).where(received.c.port == port)))


def is_taken(tx: Transaction, call: str) -> bool:
    return tx.connection.scalar(select(received.c.call).where(received.c.call == call)) is not None


def device_of(tx: Transaction, port: str) -> int:
    """The permanent id of a port; 0: it is not known."""
    return tx.connection.scalar(select(ports.c.id).where(ports.c.name == port)) or 0


def csid_of(tx: Transaction, port: str) -> str:
    return tx.connection.scalar(select(ports.c.csid).where(ports.c.name == port)) or ""


def take_in(
    tx: Transaction,
    facts: Received,
    pages: Sequence[TakenPage],
    *,
    whole: bool,
    file: str,
    octets: int,
    resolution: Resolution,
    decision: Decision,
) -> int | None:
    """Take an incoming call in; its job, None: no page came in, and nothing is kept of it but its line.

    ``whole``: the far end sent all that it wanted to. ``file``: of its pages, relative to the spool. A call that was
    taken in before changes nothing and gives its job.
    """
    known = tx.connection.execute(select(received).where(received.c.call == facts.call)).first()
    if known is not None:
        job: int | None = known.job
        return job
    job = _new_job(tx, facts, pages, whole, file, octets, resolution) if pages else None
    tx.connection.execute(
        insert(received).values(
            call=facts.call,
            port=facts.port,
            job=job,
            taken=tx.now,
            started=facts.started,
            ended=facts.ended,
            cause=facts.cause,
            facts=msgspec.json.encode(replace(facts, users=(), deliveries=())).decode(),
        )
    )
    told = replace(facts, users=decision.users if whole else ())
    store_records.write_received(tx, told, job, _kept(pages), len(pages))
    emit(tx, "received", job, text=facts.text, port=facts.port, end=facts.cause, pages=len(pages) or None)
    if job is None:
        return None
    if whole:
        tx.connection.execute(insert(received_files).values(job=job, number=0, path=file, owner="", listed=True))
        plan(tx, job, decision, facts.port)
    else:
        finish(tx, job, JobState.FAILED, cause=facts.cause, reason=f"Not all of it came in. {facts.text}")
    return job


def _kept(pages: Sequence[TakenPage]) -> int:
    return sum(page.fate in (Fate.CONFIRMED, Fate.DAMAGED) for page in pages)


def _new_job(
    tx: Transaction,
    facts: Received,
    pages: Sequence[TakenPage],
    whole: bool,
    file: str,
    octets: int,
    resolution: Resolution,
) -> int:
    who = facts.caller_name or facts.tsid or facts.caller_id
    values = {
        "submission": new_submission(tx, "", f"received {facts.call}", submitter=""),
        "user": "",
        "title": f"Fax from {who}" if who else "Fax from an unknown caller",
        "state": JobState.ROUTING.value,
        "held": False,
        "prepared": True,
        "frozen": True,
        "number": None,
        "recipient": packed(
            Recipient(number=facts.csid or None, name=facts.receiver_name, sub_address=facts.sub_address)
        ),
        "sender": packed(Sender(name=facts.caller_name, fax_number=facts.caller_id or facts.tsid)),
        "resolution": resolution.value,
        "created": facts.started,
        "pages_total": len(pages),
        "pages_confirmed": _kept(pages),
        "type": (JobType.RECEIVE if whole else JobType.FAIL_RECEIVE).value,
        "priority": list(Priority).index(Priority.NORMAL),
        "tsid": facts.tsid,
        "octets": octets,
        "submitter": "",
    }
    done = tx.connection.execute(insert(jobs).values(values))
    assert done.inserted_primary_key is not None
    job = int(done.inserted_primary_key[0])
    tx.connection.execute(
        insert(job_pages),
        [
            {
                "job": job,
                "number": number,
                "file": file,
                "position": page.index,
                "digest": page.digest,
                "width": page.width,
                "rows": page.rows,
                "cover": False,
                "fate": page.fate.value,
                "call": facts.call if len(facts.call) <= 40 else None,
                "refusals": 0,
                "maybe_printed": False,
                "bad_rows": page.bad_rows,
            }
            for number, page in enumerate(pages, 1)
        ],
    )
    tx.changed_jobs.add(job)
    return job


def plan(tx: Transaction, job: int, decision: Decision, port: str) -> None:
    """Have the fax delivered as ``decision`` says, behind what was delivered before; nothing to do is done."""
    there = tx.connection.execute(select(deliveries.c.number).where(deliveries.c.job == job)).all()
    for number, step in enumerate(decision.steps, max((row.number for row in there), default=0) + 1):
        tx.connection.execute(
            insert(deliveries).values(
                job=job,
                number=number,
                method=step.method,
                name=step.name,
                target=step.target,
                why=step.why,
                data=step.data,
                retry_data=b"",
                state=DeliveryState.WAITING.value,
                tries=0,
            )
        )
    for user in decision.users:
        show_to(tx, job, user)
    values = {"state": JobState.ROUTING.value, "type": JobType.RECEIVE.value, "ended": None}
    tx.connection.execute(update(jobs).where(jobs.c.id == job).values(reason=None, cause=None, until=None, **values))
    tx.changed_jobs.add(job)
    text = f"Routed to {len(decision.steps)} target{'' if len(decision.steps) == 1 else 's'}"
    emit(tx, "routing", job, text=text, port=port, state=JobState.ROUTING)
    if not decision.steps:
        finish(tx, job, JobState.DONE)


def show_to(tx: Transaction, job: int, user: str) -> None:
    """Let ``user`` see the fax in their inbox."""
    where = (received_users.c.job == job, received_users.c.user == user)
    if tx.connection.scalar(select(received_users.c.job).where(*where)) is None:
        tx.connection.execute(insert(received_users).values(job=job, user=user))
        store_archive_index.show_to(tx, job, user)


def users_of(tx: Transaction, job: int) -> tuple[str, ...]:
    """To whom the fax was routed."""
    query = select(received_users.c.user).where(received_users.c.job == job).order_by(received_users.c.user)
    return tuple(tx.connection.scalars(query))


def facts_of(tx: Transaction, job: int) -> Received | None:
    """What is known of a fax that came in, without its deliveries; None: it is no such job."""
    found = tx.connection.scalar(select(received.c.facts).where(received.c.job == job))
    if found is None:
        return None
    return replace(msgspec.json.decode(found, type=Received), users=users_of(tx, job))


def owner_for(tx: Transaction, about: JobRow, who: Caller) -> str:
    """Whose a job is, as far as ``who`` is concerned: a received fax is theirs to whom it was routed."""
    if about.type not in INBOUND:
        return str(about.user)
    where = (received_users.c.job == about.id, received_users.c.user == who.user)
    there = tx.connection.scalar(select(received_users.c.job).where(*where)) is not None
    return who.user if there else str(about.user)


def owner_of(tx: Transaction, id: int, who: Caller) -> str:
    """As ``owner_for``, by the job's id. Raises RequestError NO_SUCH_JOB."""
    return owner_for(tx, job_row(tx, id), who)


def sole_owner_for(tx: Transaction, about: JobRow, who: Caller) -> str:
    """As ``owner_for``, for what is done to a fax for good: what several people have is nobody's own."""
    if about.type in INBOUND and users_of(tx, about.id) != (who.user,):
        return ""
    return owner_for(tx, about, who)


def seen_by(query: Select[tuple[object, ...]], user: str) -> Select[tuple[object, ...]]:
    """The jobs of ``query`` that are ``user``'s: their own, and the received faxes that were routed to them."""
    routed = exists().where(received_users.c.job == jobs.c.id, received_users.c.user == user)
    return query.where(or_(jobs.c.user == user, routed))


def inbox(
    tx: Transaction,
    *,
    user: str | None,
    type: JobType | None,
    since: datetime | None,
    after: int,
    limit: int,
) -> list[Job]:
    """Faxes that came in, oldest first; ``user`` None: everybody's."""
    query = select(jobs).where(jobs.c.id > after, jobs.c.type.in_(INBOUND)).order_by(jobs.c.id).limit(limit)
    if user is not None:
        query = seen_by(query, user)
    if type is not None:
        query = query.where(jobs.c.type == type.value)
    if since is not None:
        query = query.where(jobs.c.created >= since)
    return [replace(job_of(about), received=facts_of(tx, about.id)) for about in tx.connection.execute(query).all()]


def completed(tx: Transaction, job: Job) -> Job:
    """A job with all that is known of its reception, if it came in; any other as it is."""
    facts = facts_of(tx, job.id)
    if facts is None:
        return job
    call = CallShown(
        id=CallId(facts.call),
        port=facts.port,
        started=facts.started,
        ended=facts.ended,
        cause=facts.cause,
        text=facts.text,
        line_seconds=facts.line_seconds,
    )
    return replace(job, received=replace(facts, deliveries=delivered(tx, job.id)), calls=(call,))


def delivered(tx: Transaction, job: int) -> tuple[Delivery, ...]:
    """What was, and is to be, done with a fax, in order."""
    query = select(deliveries).where(deliveries.c.job == job).order_by(deliveries.c.number)
    return tuple(
        Delivery(
            id=delivery_id(job, row.number),
            method=row.method,
            name=row.name,
            target=row.target,
            state=DeliveryState(row.state),
            why=row.why,
            tries=row.tries,
            reason=row.reason,
            until=row.until,
            ended=row.ended,
        )
        for row in tx.connection.execute(query)
    )


def delivery_id(job: int, number: int) -> str:
    return f"{job}-{number}"


def forget(tx: Transaction, job: int) -> None:
    """The job is let go of: what routing knows of it goes, and its folder becomes waste. Its call's line stays."""
    for table in (deliveries, received_files, received_users):
        tx.connection.execute(delete(table).where(table.c.job == job))
    about = tx.connection.execute(select(received).where(received.c.job == job)).first()
    if about is not None:
        throw_away(tx, RECEIVED, folder_of(about.port, about.call))
