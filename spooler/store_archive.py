"""Which faxes the archive still lacks: its place in the stream of events.

What always holds: the place is a cursor in the database, there as long as the archive is on; it moves on only when what
lies before it is in the archive, and begins at the end of the stream in the transaction that turns the archive on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import and_, delete, insert, or_, select

from fax.archive import ArchivedFax, ArchiveResult, Direction
from fax.types import Fate, JobId, JobType
from modem.received import FETCHED_NAME
from spooler import store_archive_index, store_received, store_records
from spooler.store import Transaction
from spooler.store_events import ARCHIVE_PLACE, latest
from spooler.store_jobs import job_of, row
from spooler.store_pages import OutgoingPage, outgoing
from spooler.store_tables import configuration, events, jobs

SCAN_LIMIT = 2000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A fax that is to be archived. ``fax``: as far as it is known before its file is written; ``pages``: as they went
    out or came in; ``file``: where it has none of its own (a document that was fetched), the TIFF of its pages,
    relative to the spool. ``cursor``: of the event that it was sent, or had come in."""

    cursor: int
    fax: ArchivedFax
    pages: tuple[OutgoingPage, ...]
    file: str = ""


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


def enter(tx: Transaction, fax: ArchivedFax, folder: str, file: str, cursor: int) -> None:
    """The fax's file is in its place: it can be found from now on, and is wanted no more."""
    store_archive_index.put(tx, fax, folder, file)
    move(tx, cursor)


def wanted(tx: Transaction, limit: int) -> tuple[list[Wanted], int]:
    """Faxes that the archive lacks, oldest first, and the cursor up to which there are no others."""
    place = tx.connection.scalar(select(configuration.c.value).where(configuration.c.name == ARCHIVE_PLACE))
    if place is None:
        return [], 0
    after = int(place)
    read_to = min(latest(tx), after + SCAN_LIMIT)
    query = (
        select(events.c.cursor, events.c.kind, jobs.c.id)
        .join(jobs, jobs.c.id == events.c.job)
        .where(events.c.cursor > after, events.c.cursor <= read_to)
        .where(or_(events.c.kind == "received", and_(events.c.kind == "done", jobs.c.type == JobType.SEND.value)))
        .order_by(events.c.cursor)
        .limit(limit)
    )
    found = [
        (_received if row.kind == "received" else _sent)(tx, row.cursor, row.id)
        for row in tx.connection.execute(query).all()
    ]
    return found, found[-1].cursor if len(found) == limit else max(after, read_to)


def _sent(tx: Transaction, cursor: int, id: int) -> Wanted:
    about = row(tx, id)
    job, record, pages = job_of(about), store_records.of_job(tx, id), tuple(outgoing(tx, id))
    result = ArchiveResult.DAMAGED if any(page.fate is Fate.DAMAGED for page in pages) else ArchiveResult.OK
    fax = ArchivedFax(
        id=job.id,
        direction=Direction.SENT,
        result=result,
        at=job.ended or tx.now,
        users=(job.user,),
        number=job.recipient.number or "",
        name=job.recipient.name,
        company=job.recipient.company,
        subject="" if job.cover is None else job.cover.subject,
        title=job.title,
        sender_name=job.sender.name or job.sender.company,
        pages=len(pages),
        cover_pages=sum(page.cover for page in pages),
        billing_code=job.billing_code,
        recipient=job.recipient,
        sender=job.sender,
    )
    if record is not None:
        fax = replace(fax, ident=record.far_ident, own_ident=record.own_ident, port=record.port, call=str(record.call))
    if job.poll is None:
        return Wanted(cursor=cursor, fax=fax, pages=pages)
    # It was our call, and a fax for us that it brought.
    fax = replace(fax, direction=Direction.RECEIVED, pages=0 if record is None else record.pages)
    return Wanted(cursor=cursor, fax=fax, pages=(), file=f"calls/{fax.call}/{FETCHED_NAME}")


def _received(tx: Transaction, cursor: int, id: int) -> Wanted:
    facts, pages = store_received.facts_of(tx, id), tuple(outgoing(tx, id))
    assert facts is not None
    result = ArchiveResult.OK
    if row(tx, id).type == JobType.FAIL_RECEIVE.value:
        result = ArchiveResult.INCOMPLETE
    elif any(page.fate is Fate.DAMAGED or page.bad_rows for page in pages):
        result = ArchiveResult.DAMAGED
    fax = ArchivedFax(
        id=JobId(id),
        direction=Direction.RECEIVED,
        result=result,
        at=facts.ended,
        users=facts.users,
        number=facts.caller_id,
        name=facts.caller_name,
        ident=facts.tsid,
        own_ident=facts.csid,
        called=facts.digits or facts.sub_address,
        routing=facts.routing,
        pages=len(pages),
        port=facts.port,
        call=facts.call,
    )
    return Wanted(cursor=cursor, fax=fax, pages=pages)
