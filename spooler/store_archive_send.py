"""Archived faxes that are sent again, or to somebody else: their pages as a master that no document stands behind.

What always holds: the master is known before its file is in its place, so that no crash leaves a file that nobody
knows; it is ready, and its jobs are there, in one transaction after that.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from fax.types import Resolution, Submission
from spooler.store import Transaction
from spooler.store_pages import PreparedPage
from spooler.store_submissions import Acceptance, ReadyMaster, submit
from spooler.store_tables import master_pages, masters
from spooler.store_waste import throw_away

COPYING = "copying"  # the master's state until its file is in its place


def begin(tx: Transaction, key: str, resolution: Resolution) -> None:
    """A master of this name is about to be put in its place."""
    tx.connection.execute(insert(masters).values(key=key, resolution=resolution.value, state=COPYING, tries=0))


def finish(
    tx: Transaction,
    key: str,
    pages: Sequence[PreparedPage],
    octets: int,
    submission: Submission,
    user: str,
    idempotency_key: str | None,
) -> Acceptance:
    """The master is in its place: hand the fax in. Raises RequestError."""
    ready = ReadyMaster(key=key, pages=len(pages), octets=octets)
    acceptance = submit(tx, submission, user, idempotency_key, ready=ready)
    if not acceptance.fresh:
        forget(tx, key)
        return acceptance
    tx.connection.execute(
        insert(master_pages),
        [{"master": key, "position": p.index, "digest": p.digest, "width": p.width, "rows": p.rows} for p in pages],
    )
    tx.connection.execute(update(masters).where(masters.c.key == key).values(state="ready"))
    return acceptance


def forget(tx: Transaction, key: str) -> None:
    """Nothing came of a master that was begun: its file goes."""
    where = (masters.c.key == key, masters.c.state == COPYING)
    if tx.connection.execute(delete(masters).where(*where)).rowcount:
        throw_away(tx, "master", key)


def forget_all(tx: Transaction) -> None:
    """At start: what the last daemon began and did not finish."""
    for key in tx.connection.scalars(select(masters.c.key).where(masters.c.state == COPYING)).all():
        forget(tx, key)
