"""Deliveries of received faxes in the database: which are due, what became of each, and of the fax.

What always holds: a try is counted before it is made, and its end is written down with all that follows from it in one
transaction; the fax ends when none of its deliveries waits; one that failed while others go on is a job of the
type ROUTING, with the reason and the time of the next try.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Row, func, insert, or_, select, update

from fax.errors import Cause, RequestError
from fax.received import DeliveryState
from fax.types import JobState, JobType
from spooler.jobs import at_time
from spooler.routing_method import Order, Outcome, RoutedFile
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_jobs import finish, row
from spooler.store_received import INBOUND, delivery_id, facts_of, folder_of
from spooler.store_routing_tables import deliveries, received_files
from spooler.store_tables import job_pages, jobs

ROUTING_FAILED = "routing-failed"  # the cause of a job that could not be delivered everywhere


@dataclass(frozen=True, kw_only=True)
class DeliveryRules:
    """From the settings. ``retries``: tries after the first that failed."""

    retries: int
    delay_s: float


def due(tx: Transaction, now: datetime, limit: int, without: Collection[int] = ()) -> list[int]:
    """Faxes with a delivery that is to be made now, those first that came in first."""
    waiting = (
        deliveries.c.state == DeliveryState.WAITING.value,
        or_(deliveries.c.until.is_(None), deliveries.c.until <= now),
    )
    query = select(deliveries.c.job).where(*waiting).distinct().order_by(deliveries.c.job).limit(limit + len(without))
    return [job for job in tx.connection.scalars(query) if job not in without][:limit]


def next_due(tx: Transaction, now: datetime) -> datetime | None:
    """When the next delivery is due that is not yet."""
    query = select(func.min(deliveries.c.until)).where(deliveries.c.state == DeliveryState.WAITING.value)
    query = query.where(deliveries.c.until > now)
    found: datetime | None = tx.connection.scalar(query)
    return found


def begin(tx: Transaction, job: int, spool: Path, now: datetime, behind: int) -> tuple[str, int, Order] | None:
    """The next delivery of this fax that is due, behind number ``behind``: its method, its number, and all about it.

    The try counts from now on. None: there is none.
    """
    query = (
        select(deliveries)
        .where(deliveries.c.job == job, deliveries.c.number > behind)
        .where(deliveries.c.state == DeliveryState.WAITING.value)
        .where(or_(deliveries.c.until.is_(None), deliveries.c.until <= now))
        .order_by(deliveries.c.number)
    )
    found = tx.connection.execute(query.limit(1)).first()
    facts = facts_of(tx, job)
    if found is None or facts is None:
        return None
    _set(tx, job, found.number, tries=found.tries + 1)
    order = Order(
        id=delivery_id(job, found.number),
        job=job,
        fax=facts,
        files=files_of(tx, job, spool),
        data=found.data,
        retry_data=found.retry_data,
        tries=found.tries,
        folder=spool / folder_of(facts.port, facts.call) / "files",
        anew=not found.tries and found.reason is not None,
    )
    return found.method, found.number, order


def files_of(tx: Transaction, job: int, spool: Path) -> tuple[RoutedFile, ...]:
    """The fax's file list."""
    query = select(received_files).where(received_files.c.job == job, received_files.c.listed)
    return tuple(
        RoutedFile(number=row.number, path=spool / row.path, owner=row.owner)
        for row in tx.connection.execute(query.order_by(received_files.c.number))
    )


def _set(tx: Transaction, job: int, number: int, **values: object) -> None:
    where = (deliveries.c.job == job, deliveries.c.number == number)
    tx.connection.execute(update(deliveries).where(*where).values(values))


def record(
    tx: Transaction, job: int, number: int, outcome: Outcome, rules: DeliveryRules, spool: Path
) -> DeliveryState | None:
    """Write down what became of a try, and what follows; None: the fax was deleted meanwhile."""
    where = (deliveries.c.job == job, deliveries.c.number == number)
    found = tx.connection.execute(select(deliveries).where(*where)).first()
    if found is None:
        return None
    waits = found.state == DeliveryState.WAITING.value
    # What was cancelled meanwhile and was made all the same was made.
    if outcome.done and (waits or found.state == DeliveryState.CANCELLED.value):
        _set(tx, job, number, state="done", reason=outcome.text or None, until=None, ended=tx.now, retry_data=b"")
        _keep_files(tx, job, found, outcome, spool)
        emit(tx, "delivered", job, text=_said(found, outcome.text or "done"))
        if waits:
            _settle(tx, job)
        return DeliveryState.DONE
    if not waits:
        return DeliveryState(found.state)
    text = outcome.text or "It failed, and does not say why"
    _keep_files(tx, job, found, outcome, spool)
    if outcome.again and found.tries <= rules.retries:
        until = tx.now + timedelta(seconds=rules.delay_s)
        _set(tx, job, number, reason=text, until=until, retry_data=outcome.retry_data)
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(type=JobType.ROUTING.value))
        emit(tx, "delivery-failed", job, text=_said(found, f"{text}; next try {at_time(until, tx.now)}"))
        state = DeliveryState.WAITING
    else:
        if found.tries > 1:
            text = f"{text}; given up after {found.tries} tries"
        _set(tx, job, number, state="failed", reason=text, until=None, ended=tx.now, retry_data=outcome.retry_data)
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(type=JobType.ROUTING.value))
        emit(tx, "delivery-failed", job, text=_said(found, text))
        state = DeliveryState.FAILED
    _settle(tx, job)
    return state


def _said(found: Row[tuple[object, ...]], text: str) -> str:
    target = f" ({found.target})" if found.target else ""
    return f"{found.name}{target}: {text}"


def _keep_files(tx: Transaction, job: int, found: Row[tuple[object, ...]], outcome: Outcome, spool: Path) -> None:
    """The file list, and the data of methods that run later, as this method leaves them."""
    if outcome.removed:
        gone = (received_files.c.job == job, received_files.c.number.in_([n for n in outcome.removed if n > 0]))
        tx.connection.execute(update(received_files).where(*gone).values(listed=False))
    last = tx.connection.scalar(select(func.max(received_files.c.number)).where(received_files.c.job == job)) or 0
    for number, path in enumerate(outcome.added, last + 1):
        name = str(path.relative_to(spool)) if path.is_relative_to(spool) else str(path)
        values = {"job": job, "number": number, "path": name, "owner": found.method, "listed": True}
        tx.connection.execute(insert(received_files).values(values))
    for guid, data in outcome.changed_data.items():
        later = (deliveries.c.job == job, deliveries.c.number > found.number, deliveries.c.method == guid)
        tx.connection.execute(
            update(deliveries).where(*later, deliveries.c.state == DeliveryState.WAITING.value).values(data=data)
        )


def _settle(tx: Transaction, job: int) -> None:
    """Have the job say where its deliveries stand."""
    rows = tx.connection.execute(select(deliveries).where(deliveries.c.job == job).order_by(deliveries.c.number)).all()
    waiting = [each for each in rows if each.state == DeliveryState.WAITING.value]
    failed = [each for each in rows if each.state == DeliveryState.FAILED.value]
    tx.changed_jobs.add(job)
    if not waiting and failed:
        reason = "; ".join(_said(each, each.reason or "failed") for each in failed)
        finish(tx, job, JobState.FAILED, cause=ROUTING_FAILED, reason=f"Could not be delivered everywhere: {reason}")
    elif not waiting:
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(type=JobType.RECEIVE.value))
        finish(tx, job, JobState.DONE)
    else:
        tried = [each for each in waiting if each.reason and each.until is not None]
        values: dict[str, object] = {"reason": None, "cause": None, "until": None}
        if tried:
            values = {
                "reason": "; ".join(_said(each, each.reason) for each in tried),
                "cause": ROUTING_FAILED,
                "until": min(each.until for each in tried),
            }
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(values))


def retry(tx: Transaction, id: int) -> None:
    """Try everything again that failed, or waits for its time, now; ids stay as they are.

    Raises RequestError WRONG_STATE.
    """
    about = check_inbound(tx, id)
    where = (deliveries.c.job == id, deliveries.c.state.in_(("waiting", "failed", "cancelled")))
    if tx.connection.scalar(select(deliveries.c.number).where(*where).limit(1)) is None:
        raise RequestError(Cause.WRONG_STATE, f"Nothing of fax {id} is to be delivered again")
    tx.connection.execute(update(deliveries).where(*where).values(state="waiting", tries=0, until=None, ended=None))
    values = {"state": JobState.ROUTING.value, "ended": None, "until": None}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    tx.changed_jobs.add(id)
    if about.state != JobState.ROUTING.value:
        facts = facts_of(tx, id)
        port = facts.port if facts is not None else None
        emit(tx, "routing", id, text="Routed again", port=port, state=JobState.ROUTING)


def cancel(tx: Transaction, id: int) -> None:
    """Deliver no more of a fax; it is kept. Raises RequestError WRONG_STATE."""
    about = check_inbound(tx, id)
    if about.state != JobState.ROUTING.value:
        raise RequestError(Cause.WRONG_STATE, f"Fax {id} is not being routed")
    where = (deliveries.c.job == id, deliveries.c.state == DeliveryState.WAITING.value)
    values = {"state": "cancelled", "until": None, "ended": tx.now, "reason": "Cancelled"}
    tx.connection.execute(update(deliveries).where(*where).values(values))
    finish(tx, id, JobState.CANCELLED, cause="cancelled", reason="Its routing was cancelled")


def check_ended(tx: Transaction, id: int) -> None:
    """Raises RequestError WRONG_STATE when the fax is still being routed."""
    if row(tx, id).state == JobState.ROUTING.value:
        raise RequestError(Cause.WRONG_STATE, f"Fax {id} is still being routed")


def ensure_file(tx: Transaction, id: int) -> None:
    """Have the fax's own file on the list: one that did not come in whole had none, as nobody was to get it."""
    where = (received_files.c.job == id, received_files.c.number == 0)
    if tx.connection.scalar(select(received_files.c.job).where(*where)) is None:
        file = tx.connection.scalar(select(job_pages.c.file).where(job_pages.c.job == id).limit(1))
        values = {"job": id, "number": 0, "path": file, "owner": "", "listed": True}
        tx.connection.execute(insert(received_files).values(values))


def check_inbound(tx: Transaction, id: int) -> Row[tuple[object, ...]]:
    """The job, which came in. Raises RequestError NO_SUCH_JOB, WRONG_STATE."""
    about = row(tx, id)
    if about.type not in INBOUND:
        raise RequestError(Cause.WRONG_STATE, f"Job {id} is a fax that goes out")
    return about
