"""Which sent faxes the archive still lacks: its place in the stream of events.

What always holds: the place is a cursor in the database, there as long as the archive is on; it moves on only when what
lies before it is in the archive, and begins at the end of the stream in the transaction that turns the archive on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from fax.types import JobType
from spooler.store import Transaction
from spooler.store_events import ARCHIVE_PLACE, latest
from spooler.store_pages import OutgoingPage, outgoing
from spooler.store_tables import configuration, events, jobs

SCAN_LIMIT = 2000


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A fax that is to be archived, with its pages as they went out. ``cursor``: of the event that it was sent."""

    cursor: int
    job: int
    ended: datetime
    pages: tuple[OutgoingPage, ...]


def begin(tx: Transaction) -> None:
    """The archive is turned on: what is sent from now on belongs into it."""
    move(tx, latest(tx))


def end(tx: Transaction) -> None:
    """The archive is turned off: nothing is wanted any more."""
    tx.connection.execute(delete(configuration).where(configuration.c.name == ARCHIVE_PLACE))


def move(tx: Transaction, cursor: int) -> None:
    """Everything up to ``cursor`` is in the archive, or does not belong there."""
    end(tx)
    tx.connection.execute(insert(configuration).values(name=ARCHIVE_PLACE, value=str(cursor)))


def wanted(tx: Transaction, limit: int) -> tuple[list[Sent], int]:
    """Faxes that the archive lacks, oldest first, and the cursor up to which there are no others."""
    place = tx.connection.scalar(select(configuration.c.value).where(configuration.c.name == ARCHIVE_PLACE))
    if place is None:
        return [], 0
    after = int(place)
    read_to = min(latest(tx), after + SCAN_LIMIT)
    query = (
        select(events.c.cursor, jobs.c.id, jobs.c.ended)
        .join(jobs, jobs.c.id == events.c.job)
        .where(events.c.cursor > after, events.c.cursor <= read_to, events.c.kind == "done")
        .where(jobs.c.type == JobType.SEND.value)
        .order_by(events.c.cursor)
        .limit(limit)
    )
    found = [
        Sent(cursor=row.cursor, job=row.id, ended=row.ended or tx.now, pages=tuple(outgoing(tx, row.id)))
        for row in tx.connection.execute(query).all()
    ]
    return found, found[-1].cursor if len(found) == limit else max(after, read_to)
