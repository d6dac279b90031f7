"""Events in the database: written in the transaction that they tell of, read by cursor.

What always holds: cursors grow in the order of commits and are never used twice; an event is there if and only if what
it tells of is.
"""

from __future__ import annotations

from sqlalchemy import Row, func, insert, select

from fax.types import CallId, Event, JobId, JobState
from spooler.store import Transaction
from spooler.store_tables import events, jobs


def emit(
    tx: Transaction,
    kind: str,
    job: int,
    *,
    text: str = "",
    call: str | None = None,
    page: int | None = None,
    pages: int | None = None,
    state: JobState | None = None,
) -> None:
    """Tell that something happened to ``job``; ``kind`` is one of ``fax.types.EVENT_KINDS``."""
    tx.connection.execute(
        insert(events).values(
            at=tx.now,
            kind=kind,
            job=job,
            call=call,
            page=page,
            pages=pages,
            state=state.value if state else None,
            text=text,
        )
    )
    tx.new_events = True


def read(tx: Transaction, after: int, user: str | None, job: int | None, limit: int) -> list[Event]:
    """Events after the cursor ``after``, in order; of ``user``'s jobs only, of one ``job`` only, where given."""
    query = select(events).where(events.c.cursor > after).order_by(events.c.cursor).limit(limit)
    if job is not None:
        query = query.where(events.c.job == job)
    if user is not None:
        query = query.join(jobs, jobs.c.id == events.c.job).where(jobs.c.user == user)
    return [_event(row) for row in tx.connection.execute(query)]


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
    )


def latest(tx: Transaction) -> int:
    """The cursor of the latest event; 0: there is none."""
    return tx.connection.scalar(select(func.max(events.c.cursor))) or 0
