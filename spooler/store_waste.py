"""Files that nothing refers to any more, written down in the transaction that let go of them.

What always holds: a file is named here before it goes, and its name goes after it; so does the line of an incoming call
that brought no page, when its folder is gone, and not before: nothing that still lies there is taken in twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from spooler.store import Transaction
from spooler.store_routing_tables import received
from spooler.store_tables import job_pages, waste

ARCHIVE = "archive"
RECEIVED = "received"


@dataclass(frozen=True, kw_only=True)
class Waste:
    """A file that nothing refers to. ``kind``: "master", "cover" (``name``: its path), "call" (a folder) or
    "received" (the folder of an incoming call, by its path)."""

    id: int
    kind: str
    name: str


def throw_away(tx: Transaction, kind: str, name: str) -> None:
    """Write down that nothing refers to this file any more."""
    tx.connection.execute(insert(waste).values(kind=kind, name=name))


def throw_covers_away(tx: Transaction, job: int) -> None:
    """The job's cover pages are about to be let go of."""
    files = select(job_pages.c.file).where(job_pages.c.job == job, job_pages.c.cover.is_(True)).distinct()
    for file in tx.connection.scalars(files).all():
        throw_away(tx, "cover", file)


def waste_left(tx: Transaction, limit: int) -> list[Waste]:
    """Files of the spool that are to go; those of the archive's folder go by themselves (``spooler.archive``)."""
    query = select(waste).where(waste.c.kind != ARCHIVE).order_by(waste.c.id).limit(limit)
    return [Waste(id=found.id, kind=found.kind, name=found.name) for found in tx.connection.execute(query)]


def is_waste(tx: Transaction, one: Waste) -> bool:
    """Whether the file is still to go: what is wanted again, or referred to again, is none."""
    if one.kind == "cover":
        of_a_job = select(job_pages.c.job).where(job_pages.c.file == one.name, job_pages.c.cover.is_(True))
        if tx.connection.scalar(of_a_job.limit(1)) is not None:
            return False
    return tx.connection.scalar(select(waste.c.id).where(waste.c.id == one.id)) is not None


def forget_waste(tx: Transaction, gone: Sequence[Waste]) -> None:
    """These files are gone, durably."""
    tx.connection.execute(delete(waste).where(waste.c.id.in_([one.id for one in gone])))
    calls = [one.name.rpartition("/")[2] for one in gone if one.kind == RECEIVED]
    tx.connection.execute(delete(received).where(received.c.call.in_(calls), received.c.job.is_(None)))


def covers(tx: Transaction) -> set[str]:
    """Cover pages that are to go, relative to the spool."""
    return set(tx.connection.scalars(select(waste.c.name).where(waste.c.kind == "cover")))
