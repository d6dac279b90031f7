"""Events in the database: written in the transaction that they tell of, read by cursor.

What always holds: cursors grow in the order of commits and are never used twice; an event is there if and only if what
it tells of is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, literal, or_, select, update

from fax.errors import Cause, RequestError
from fax.types import CallId, Event, JobId, JobState
from spooler import event_codes
from spooler.store import Transaction
from spooler.store_routing_tables import received_users
from spooler.store_tables import calls, configuration, events, jobs, ports

SCAN_LIMIT = 10_000
ARCHIVE_PLACE = "archive.cursor"  # events behind it are kept: the archive of sent faxes still needs them
_GONE = "events.gone"  # the last cursor that was let go of
_OF_CALL = select(calls.c.port, calls.c.cause).where(calls.c.id == bindparam("of"))
_DEVICE = select(ports.c.id).where(ports.c.name == bindparam("of"))

_NEW = insert(events)
_NEW_OF_JOB = insert(events).values(
    user=select(jobs.c.user).where(jobs.c.id == bindparam("of_job")).scalar_subquery(),
)
_NEW_OF_SUBMISSION = insert(events).from_select(
    ["job", "user", "state", "at", "kind", "text", "pages", "code"],
    select(
        jobs.c.id,
        jobs.c.user,
        jobs.c.state,
        *(bindparam(f"new_{name}", type_=events.c[name].type) for name in ("at", "kind", "text", "pages", "code")),
    )
    .where(jobs.c.submission == bindparam("of_submission"))
    .order_by(jobs.c.id),
)


def emit(
    tx: Transaction,
    kind: str,
    job: int | None,
    *,
    text: str = "",
    call: str | None = None,
    page: int | None = None,
    pages: int | None = None,
    state: JobState | None = None,
    port: str | None = None,
    end: str | None = None,
) -> None:
    """Tell that something happened to ``job``, to a port, or (both None) to the server.

    ``kind`` is one of ``fax.types.EVENT_KINDS``. ``port`` (the call's unless said), ``device`` (the port's id) and
    ``code`` (the FEI_ number) follow from the rest. ``end``: the cause of the end of a call that came in.
    """
    cause = end
    if call is not None and (of_call := tx.connection.execute(_OF_CALL, {"of": call}).first()) is not None:
        port, cause = port or of_call.port, of_call.cause
    code = event_codes.BY_KIND.get(kind)
    if kind in ("call-ended", "received"):
        code = event_codes.of_end(cause)
    elif kind == "deleted" and state is JobState.FAILED:
        code = event_codes.Code.DELETED
    values = {
        "at": tx.now,
        "kind": kind,
        "job": job,
        "call": call,
        "page": page,
        "pages": pages,
        "state": state.value if state else None,
        "text": text,
        "port": port,
        "device": None if port is None else tx.connection.scalar(_DEVICE, {"of": port}),
        "code": code,
    }
    if job is None:
        tx.connection.execute(_NEW, values)
    else:
        tx.connection.execute(_NEW_OF_JOB, values | {"of_job": job})
    tx.new_events = True


@dataclass(frozen=True)
class Said:
    """What is told of every job of a submission."""

    kind: str
    text: str
    pages: int | None = None


def emit_of_submission(tx: Transaction, submission: str, *told: Said) -> None:
    """Tell the same of every job of a submission, in the order of the jobs."""
    shared = {"of_submission": submission, "new_at": tx.now}
    values = [
        shared
        | {
            "new_kind": one.kind,
            "new_text": one.text,
            "new_pages": one.pages,
            "new_code": event_codes.BY_KIND.get(one.kind),
        }
        for one in told
    ]
    tx.connection.execute(_NEW_OF_SUBMISSION, values)
    tx.new_events = True


def emit_of(tx: Transaction, which: ColumnElement[bool], told: Said, state: JobState | None = None) -> None:
    """Tell the same of all jobs for which ``which`` holds, in their order, each with ``state`` or the state it has."""
    said = {
        "at": literal(tx.now, events.c.at.type),
        "kind": literal(told.kind),
        "text": literal(told.text),
        "pages": literal(told.pages, events.c.pages.type),
        "code": literal(event_codes.BY_KIND.get(told.kind), events.c.code.type),
    }
    stands = jobs.c.state if state is None else literal(state.value)
    chosen = select(jobs.c.id, jobs.c.user, stands, *said.values()).where(which).order_by(jobs.c.id)
    tx.connection.execute(insert(events).from_select(["job", "user", "state", *said], chosen))
    tx.new_events = True


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Events in order, and the cursor up to which there are no others for this reader."""

    events: list[Event]
    read_to: int
    more: bool  # there is more to be read behind ``read_to``


def read(tx: Transaction, after: int, user: str | None, job: int | None, limit: int, *, lines: bool = True) -> Batch:
    """Events after the cursor ``after``; where given only of ``user``'s jobs and of what was routed to them, of ports
    (where ``lines``) and of the server, or only of one ``job``. Looks at a bounded number of them, since everybody
    waits for the store."""
    last = latest(tx)
    read_to = max(after, last)
    query = select(events).where(events.c.cursor > after).order_by(events.c.cursor).limit(limit)
    if job is not None:
        query = query.where(events.c.job == job)
    elif user is not None:
        read_to = min(read_to, after + SCAN_LIMIT)
        query = query.where(events.c.cursor <= read_to)
    if user is not None:
        routed = select(received_users.c.job).where(received_users.c.user == user)
        query = query.where(or_(events.c.user == user, events.c.job.is_(None), events.c.job.in_(routed)))
    if not lines:
        query = query.where(or_(events.c.job.is_not(None), events.c.port.is_(None)))
    found = [_event(row) for row in tx.connection.execute(query)]
    if len(found) == limit:
        read_to = found[-1].cursor
    return Batch(events=found, read_to=read_to, more=read_to < last)


def check_cursor(tx: Transaction, after: int) -> None:
    """Raises RequestError EVENTS_GONE when events behind ``after`` have been let go of; ``detail``: the cursor behind
    which all are there. 0, the beginning, is whatever there is."""
    gone = _gone(tx)
    if 0 < after < gone:
        text = f"The events up to {gone} have been removed; those behind it are there"
        raise RequestError(Cause.EVENTS_GONE, text, str(gone))


def _gone(tx: Transaction) -> int:
    return int(tx.connection.scalar(select(configuration.c.value).where(configuration.c.name == _GONE)) or 0)


def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Let go of events from before this time, from the oldest on, at most ``limit``; returns how many."""
    oldest = tx.connection.execute(select(events.c.cursor, events.c.at).order_by(events.c.cursor).limit(limit)).all()
    last = 0
    needed = tx.connection.scalar(select(configuration.c.value).where(configuration.c.name == ARCHIVE_PLACE))
    for cursor, at in oldest:
        if at >= before or (needed is not None and cursor > int(needed)):
            break
        last = cursor
    if last:
        tx.connection.execute(delete(events).where(events.c.cursor <= last))
        mark = update(configuration).where(configuration.c.name == _GONE).values(value=str(last))
        if tx.connection.execute(mark).rowcount == 0:
            tx.connection.execute(insert(configuration).values(name=_GONE, value=str(last)))
    return sum(cursor <= last for cursor, _ in oldest)


def _event(row: Row[tuple[object, ...]]) -> Event:
    return Event(
        cursor=row.cursor,
        at=row.at,
        kind=row.kind,
        job=None if row.job is None else JobId(row.job),
        call=None if row.call is None else CallId(row.call),
        page=row.page,
        pages=row.pages,
        state=None if row.state is None else JobState(row.state),
        text=row.text,
        port=row.port,
        device=row.device,
        code=row.code,
    )


def latest(tx: Transaction) -> int:
    """The cursor of the latest event there is or was; 0: there never was one."""
    return tx.connection.scalar(select(func.max(events.c.cursor))) or _gone(tx)
