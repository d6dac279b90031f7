"""Grants in the database, and the audit: who changed what, when, from what to what.

What always holds: a change and its audit line are one transaction; an audit line is never changed; neither passwords
nor tokens are ever in one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, delete, insert, select, update

from fax.access import EVERYBODY, FAX_ALL_ACCESS, NONE, Grant, Right
from fax.audit import AuditLine
from fax.errors import Cause, RequestError
from spooler.access import Caller, described
from spooler.store import Transaction
from spooler.store_tables import Instant, metadata

SUBJECT_LIMIT = 200

grants = Table(
    "grants",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("mask", Integer, nullable=False),
    Column("changed", Instant),
    Column("by", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("user", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Index("audit_by_at", "at"),
    sqlite_autoincrement=True,
)


def write_audit(
    tx: Transaction, who: Caller, action: str, subject: str, before: str | None = None, after: str | None = None
) -> None:
    """One line of the audit: ``who`` did ``action`` (``grant``, ``config``, ``port``) to ``subject``, which was
    ``before`` and is ``after``. Never a password."""
    tx.connection.execute(
        insert(audit).values(
            at=tx.now, user=who.user, via=who.via, action=action, subject=subject, before=before, after=after
        )
    )


def audit_job(tx: Transaction, who: Caller, action: str, job: int, owner: str) -> None:
    """A line for what is done to another's fax; with one's own one does as one likes."""
    if who.user != owner:
        write_audit(tx, who, f"job {action}", f"job {job} of {owner}")


def audit_lines(tx: Transaction, after: int, limit: int) -> list[AuditLine]:
    """Oldest first, behind the line ``after``."""
    query = select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(limit)
    return [
        AuditLine(
            id=row.id,
            at=row.at,
            user=row.user,
            via=row.via,
            action=row.action,
            subject=row.subject,
            before=row.before,
            after=row.after,
        )
        for row in tx.connection.execute(query)
    ]


def masks(tx: Transaction) -> Mapping[str, Right]:
    """All grants by subject."""
    return {row.subject: Right(row.mask) for row in tx.connection.execute(select(grants.c.subject, grants.c.mask))}


def listed_grants(tx: Transaction) -> list[Grant]:
    query = select(grants).order_by(grants.c.subject)
    return [
        Grant(subject=row.subject, mask=row.mask, changed=row.changed, by=row.by)
        for row in tx.connection.execute(query)
    ]


def checked_subject(subject: str) -> str:
    """Raises RequestError."""
    kind, _, name = subject.partition(":")
    well_named = bool(name) and name == name.strip() and name.isprintable() and len(subject) <= SUBJECT_LIMIT
    if subject != EVERYBODY and not (kind in ("user", "group") and well_named):
        raise RequestError(
            Cause.BAD_REQUEST, f"{subject!r} is nobody: rights go to user:NAME, group:NAME or {EVERYBODY}"
        )
    return subject


def grant(tx: Transaction, who: Caller, subject: str, mask: int) -> Grant:
    """Let ``subject`` have these rights and no others from now on. Raises RequestError."""
    checked_subject(subject)
    if not 0 <= mask <= FAX_ALL_ACCESS or mask & ~FAX_ALL_ACCESS:
        raise RequestError(Cause.BAD_REQUEST, f"{mask:#x} holds bits that are no right")
    before = tx.connection.scalar(select(grants.c.mask).where(grants.c.subject == subject))
    values = {"mask": mask, "changed": tx.now, "by": who.user}
    if before is None:
        tx.connection.execute(insert(grants).values(subject=subject, **values))
    else:
        tx.connection.execute(update(grants).where(grants.c.subject == subject).values(values))
    write_audit(tx, who, "grant", subject, described(Right(before or NONE)), described(Right(mask)))
    return Grant(subject=subject, mask=mask, changed=tx.now, by=who.user)


def revoke(tx: Transaction, who: Caller, subject: str) -> None:
    """Take all rights from ``subject``. Raises RequestError NO_SUCH_ENTRY."""
    before = tx.connection.scalar(select(grants.c.mask).where(grants.c.subject == subject))
    if before is None:
        raise RequestError(Cause.NO_SUCH_ENTRY, f"{subject} has been granted nothing")
    tx.connection.execute(delete(grants).where(grants.c.subject == subject))
    write_audit(tx, who, "revoke", subject, described(Right(before)), described(NONE))
