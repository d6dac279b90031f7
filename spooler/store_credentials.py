"""Tokens and passwords in the database, as hashes.

What always holds: what lets one in is never read out; each change has its line in the audit, without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, Text, delete, insert, select, update

from fax.access import PasswordSet, Right, Token
from fax.errors import Cause, RequestError
from spooler.access import Caller, require
from spooler.store import Transaction
from spooler.store_access import write_audit
from spooler.store_tables import Instant, metadata

NAME_LIMIT = 100

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("expires", Instant),
    Column("used", Instant),
    sqlite_autoincrement=True,
)

passwords = Table(
    "passwords",
    metadata,
    Column("user", Text, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed", Instant, nullable=False),
    Column("by", Text, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class KnownToken:
    """What a token that comes in is held against."""

    id: int
    user: str
    expires: datetime | None


def checked_name(what: str, text: str) -> str:
    """Raises RequestError."""
    if not (0 < len(text) <= NAME_LIMIT and text.isprintable() and text == text.strip()):
        raise RequestError(Cause.BAD_REQUEST, f"{what} is not 1 to {NAME_LIMIT} printable characters: {text!r}")
    return text


def add_token(tx: Transaction, who: Caller, name: str, user: str, digest: str, expires: datetime | None) -> Token:
    """Raises RequestError."""
    checked_name("The token's name", name)
    checked_name("The user's name", user)
    if expires is not None and (expires.tzinfo is None or expires <= tx.now):
        raise RequestError(Cause.BAD_REQUEST, "The token would have expired: expires is a time to come, with its zone")
    done = tx.connection.execute(
        insert(tokens).values(name=name, user=user, digest=digest, created=tx.now, by=who.user, expires=expires)
    )
    assert done.inserted_primary_key is not None
    id = int(done.inserted_primary_key[0])
    until = "for ever" if expires is None else f"until {expires:%Y-%m-%dT%H:%M:%SZ}"
    write_audit(tx, who, "token added", f"token {id} {name}", None, f"for {user}, {until}")
    return Token(id=id, name=name, user=user, created=tx.now, by=who.user, expires=expires)


def listed_tokens(tx: Transaction, user: str | None) -> list[Token]:
    """``user`` None: everybody's."""
    query = select(tokens).order_by(tokens.c.id)
    if user is not None:
        query = query.where(tokens.c.user == user)
    return [
        Token(
            id=row.id,
            name=row.name,
            user=row.user,
            created=row.created,
            by=row.by,
            expires=row.expires,
            used=row.used,
        )
        for row in tx.connection.execute(query)
    ]


def remove_token(tx: Transaction, who: Caller, id: int) -> None:
    """Raises RequestError NO_SUCH_ENTRY, NOT_ALLOWED."""
    row = tx.connection.execute(select(tokens.c.name, tokens.c.user).where(tokens.c.id == id)).first()
    if row is None:
        raise RequestError(Cause.NO_SUCH_ENTRY, f"There is no token {id}")
    if row.user != who.user:
        require(who, Right.WRITE_DAC)
    tx.connection.execute(delete(tokens).where(tokens.c.id == id))
    write_audit(tx, who, "token removed", f"token {id} {row.name}", f"for {row.user}", None)


def known_tokens(tx: Transaction) -> dict[str, KnownToken]:
    """By digest."""
    query = select(tokens.c.digest, tokens.c.id, tokens.c.user, tokens.c.expires)
    return {
        row.digest: KnownToken(id=row.id, user=row.user, expires=row.expires) for row in tx.connection.execute(query)
    }


def token_used(tx: Transaction, id: int) -> None:
    tx.connection.execute(update(tokens).where(tokens.c.id == id).values(used=tx.now))


def set_password(tx: Transaction, who: Caller, user: str, hash: str) -> PasswordSet:
    """Raises RequestError."""
    checked_name("The user's name", user)
    if ":" in user:
        raise RequestError(Cause.BAD_REQUEST, "A user's name with a colon cannot go with a password (RFC 7617)")
    values = {"hash": hash, "changed": tx.now, "by": who.user}
    before = tx.connection.scalar(select(passwords.c.changed).where(passwords.c.user == user))
    if before is None:
        tx.connection.execute(insert(passwords).values(user=user, **values))
    else:
        tx.connection.execute(update(passwords).where(passwords.c.user == user).values(values))
    write_audit(
        tx, who, "password set", f"user:{user}", "none" if before is None else "set", "set anew" if before else "set"
    )
    return PasswordSet(user=user, changed=tx.now, by=who.user)


def remove_password(tx: Transaction, who: Caller, user: str) -> None:
    """Raises RequestError NO_SUCH_ENTRY."""
    if tx.connection.execute(delete(passwords).where(passwords.c.user == user)).rowcount == 0:
        raise RequestError(Cause.NO_SUCH_ENTRY, f"{user} has no password")
    write_audit(tx, who, "password removed", f"user:{user}", "set", "none")


def listed_passwords(tx: Transaction, user: str | None) -> list[PasswordSet]:
    """``user`` None: everybody's."""
    query = select(passwords.c.user, passwords.c.changed, passwords.c.by).order_by(passwords.c.user)
    if user is not None:
        query = query.where(passwords.c.user == user)
    return [PasswordSet(user=row.user, changed=row.changed, by=row.by) for row in tx.connection.execute(query)]


def known_passwords(tx: Transaction) -> dict[str, str]:
    """Hashes by user."""
    return {row.user: row.hash for row in tx.connection.execute(select(passwords.c.user, passwords.c.hash))}
