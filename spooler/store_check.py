"""What the database says about itself and about the files of the spool, for the check of a spool.

What always holds: it works on a copy in memory that was taken at one moment, so the daemon is not held up and what is
found fits together; nothing here writes to the spool.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import StaticPool, create_engine, select

from fax.types import JobState, JobType
from spooler import migrations, store_configuration
from spooler.store import Transaction
from spooler.store_archive_index import archive
from spooler.store_rebuild import Book, rebuild
from spooler.store_received import INBOUND, folder_of
from spooler.store_routing_tables import received
from spooler.store_tables import call_jobs, calls, documents, job_pages, jobs, ledger, master_pages, masters, waste


class OtherVersionError(Exception):
    """The database is of another revision than this program's. The text says which."""


@dataclass(frozen=True, kw_only=True)
class PageFate:
    """One page of a job and what is known of it."""

    job: int
    number: int
    fate: str
    call: str | None


@contextmanager
def snapshot(database: Path) -> Iterator[Transaction]:
    """The database as it is now, in memory. Raises sqlite3.Error, OtherVersionError."""
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(memory):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as source:
            source.backup(memory)
        memory.isolation_level = None
        engine = create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
        with engine.connect() as connection:
            revision = migrations.revision_of(connection)
            if revision != migrations.newest():
                raise OtherVersionError(f"it is of revision {revision}, this program's is {migrations.newest()}")
            yield Transaction(connection, datetime.now(UTC))


def faults(tx: Transaction) -> list[str]:
    """What the database itself finds wrong."""
    told = [str(row[0]) for row in tx.connection.exec_driver_sql("PRAGMA integrity_check")]
    found = [text for text in told if text != "ok"]
    for table, row, parent, _ in tx.connection.exec_driver_sql("PRAGMA foreign_key_check"):
        found.append(f"row {row} of {table} refers to no {parent}")
    return found


def document_sizes(tx: Transaction) -> dict[str, int]:
    """Octets of each document, by id."""
    return {row.id: row.octets for row in tx.connection.execute(select(documents.c.id, documents.c.octets))}


def master_keys(tx: Transaction, *, ready: bool = False) -> set[str]:
    query = select(masters.c.key)
    return set(tx.connection.scalars(query.where(masters.c.state == "ready") if ready else query))


def master_digests(tx: Transaction, key: str) -> list[str]:
    """Of the master's pages, in order."""
    query = select(master_pages.c.digest).where(master_pages.c.master == key).order_by(master_pages.c.position)
    return list(tx.connection.scalars(query))


def cover_pages(tx: Transaction) -> dict[str, dict[int, str]]:
    """Of each frozen cover page's file: the digest at each index."""
    found: dict[str, dict[int, str]] = {}
    for row in tx.connection.execute(select(job_pages).where(job_pages.c.cover.is_(True))):
        found.setdefault(row.file, {})[row.position] = row.digest
    return found


@dataclass(frozen=True, kw_only=True)
class ReceivedFax:
    """A fax that came in and that there is a job of. ``pages``: the digest at each index of its file."""

    job: int
    file: str  # relative to the spool
    pages: dict[int, str]


def received_faxes(tx: Transaction) -> list[ReceivedFax]:
    query = select(job_pages.c.job, job_pages.c.file, job_pages.c.position, job_pages.c.digest)
    query = query.join(jobs, jobs.c.id == job_pages.c.job).where(jobs.c.type.in_(INBOUND))
    found: dict[tuple[int, str], dict[int, str]] = {}
    for row in tx.connection.execute(query.order_by(job_pages.c.job, job_pages.c.number)):
        found.setdefault((row.job, row.file), {})[row.position] = row.digest
    return [ReceivedFax(job=job, file=file, pages=pages) for (job, file), pages in found.items()]


def taken_in(tx: Transaction) -> dict[str, bool]:
    """The incoming calls that were taken in, by the folder's path: whether it is to be there. That of a call without a
    page is, that of a fax that was let go of is not."""
    query = select(received.c.port, received.c.call, received.c.job, jobs.c.id)
    found = tx.connection.execute(query.join(jobs, jobs.c.id == received.c.job, isouter=True))
    return {folder_of(row.port, row.call): row.job is None or row.id is not None for row in found}


def archived(tx: Transaction) -> list[tuple[Path, int]]:
    """The file of each archived fax, and its size."""
    query = select(archive.c.folder, archive.c.file, archive.c.octets).order_by(archive.c.job)
    return [(Path(row.folder) / row.file, row.octets) for row in tx.connection.execute(query)]


def archive_folder(tx: Transaction) -> str:
    return store_configuration.read(tx).archive_folder


def wasted(tx: Transaction) -> set[tuple[str, str]]:
    """Kind and name of what is to go."""
    return {(row.kind, row.name) for row in tx.connection.execute(select(waste.c.kind, waste.c.name))}


def call_ends(tx: Transaction) -> dict[str, str | None]:
    """The cause of each call that has ended, None for one that goes on."""
    query = select(calls.c.id, calls.c.cause, calls.c.ended)
    return {row.id: row.cause if row.ended else None for row in tx.connection.execute(query)}


def ledger_lines(tx: Transaction) -> dict[str, list[tuple[int, str]]]:
    """Number and kind of what the ledger holds of each call."""
    found: dict[str, list[tuple[int, str]]] = {}
    query = select(ledger.c.call, ledger.c.n, ledger.c.kind).order_by(ledger.c.call, ledger.c.n)
    for row in tx.connection.execute(query):
        found.setdefault(row.call, []).append((row.n, row.kind))
    return found


def fates(tx: Transaction) -> dict[tuple[int, int], PageFate]:
    query = select(job_pages.c.job, job_pages.c.number, job_pages.c.fate, job_pages.c.call)
    return {
        (row.job, row.number): PageFate(job=row.job, number=row.number, fate=row.fate, call=row.call)
        for row in tx.connection.execute(query)
    }


def jobs_in_calls(tx: Transaction) -> set[int]:
    """Jobs of calls that have not ended: what is said of their pages is not the last word."""
    query = select(call_jobs.c.job).join(calls, calls.c.id == call_jobs.c.call).where(calls.c.ended.is_(None))
    return set(tx.connection.scalars(query))


def rebuilt_fates(tx: Transaction, books: Mapping[str, Book]) -> dict[tuple[int, int], PageFate]:
    """What the fates are by the journals; the copy is then what a rebuild makes of it."""
    rebuild(tx, books)
    return fates(tx)


def done_without_all_pages(tx: Transaction) -> list[int]:
    """Jobs that count as sent although a page is not confirmed."""
    query = select(jobs.c.id).where(
        jobs.c.type == JobType.SEND.value,
        jobs.c.state == JobState.DONE.value,
        jobs.c.frozen.is_(True),
        jobs.c.pages_confirmed != jobs.c.pages_total,
    )
    return list(tx.connection.scalars(query))
