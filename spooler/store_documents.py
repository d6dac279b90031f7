"""Documents in the database.

What always holds: a row stands for a whole, synced file in ``documents/``; a document that a master was made from is
referred to and stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, exists, insert, select, update

from fax.types import Document, DocumentId
from spooler.store import Transaction
from spooler.store_tables import documents, master_documents


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """A document whose file is in its place, synced, and which is not known yet. ``name``: of the file, for people."""

    document: Document
    name: str


_BY_ID = select(documents).where(documents.c.id == bindparam("id"))


def touch(tx: Transaction, id: str, every_s: float = 0.0) -> Document | None:
    """The document if it is there; it counts as uploaded just now, or at most ``every_s`` ago, which saves writing."""
    row = tx.connection.execute(_BY_ID, {"id": id}).first()
    if row is None:
        return None
    if not tx.now - timedelta(seconds=every_s) < row.touched <= tx.now:
        tx.connection.execute(update(documents).where(documents.c.id == id).values(touched=tx.now))
    return Document(id=DocumentId(row.id), type=row.type, pages=row.pages, octets=row.octets)


def add(tx: Transaction, document: Document, name: str) -> Document:
    """Make a document known whose file is in its place."""
    if (before := touch(tx, document.id)) is not None:
        return before
    tx.connection.execute(
        insert(documents).values(
            id=document.id,
            type=document.type,
            pages=document.pages,
            octets=document.octets,
            name=name,
            touched=tx.now,
        )
    )
    return document


def forget_unreferenced(tx: Transaction, keep_s: float) -> list[str]:
    """Forget documents that no fax refers to and that were uploaded longer ago; returns their ids."""
    referred = exists().where(master_documents.c.document == documents.c.id)
    old = documents.c.touched < tx.now - timedelta(seconds=keep_s)
    ids = list(tx.connection.scalars(select(documents.c.id).where(old, ~referred)))
    for id in ids:
        tx.connection.execute(delete(documents).where(documents.c.id == id))
    return ids


def ids(tx: Transaction) -> set[str]:
    """All documents."""
    return set(tx.connection.scalars(select(documents.c.id)))
