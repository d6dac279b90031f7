"""The outgoing box in the database: mails that are to be sent, each with its name for ever.

What always holds: a mail is here before anybody tries to send it, and what is tried was written down before; its
Message-ID never changes, so that one which was sent twice shows it; what it says of a fax is kept only until the mail
server has it.

Must not: know how a mail is written or sent.
"""

from __future__ import annotations

import re
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Index, Integer, Row, String, Table, Text, delete, insert, or_, select, update

from fax.errors import Cause, RequestError
from fax.mail import Mail, MailKind, MailState, is_mail_address
from fax.types import JobId, SubmissionId
from spooler.store import Transaction
from spooler.store_tables import Instant, metadata

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", String(255), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("user", Text, nullable=False),  # whose fax it is about
    Column("address", Text, nullable=False),
    Column("job", Integer),  # outlives the job
    Column("submission", String(32)),  # of all its faxes
    Column("subject", Text, nullable=False),
    Column("facts", Text, nullable=False),  # what it is written from, as JSON; empty once it was sent
    Column("created", Instant, nullable=False),
    Column("asked", Instant, nullable=False),  # from then on its time runs: made, or asked for again by a person
    Column("tries", Integer, nullable=False),  # since then
    Column("tried", Instant),
    Column("until", Instant),  # when it is tried next; NULL: not any more
    Column("error", Text, nullable=False),
    Index("mails_by_state", "state", "until"),
    Index("mails_by_user", "user", "id"),
    Index("mails_by_created", "created"),
    sqlite_autoincrement=True,
)

MailRow = Row[tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class DueMail:
    """A mail that is to be tried now. ``tries``: those before this one."""

    id: int
    message_id: str
    kind: MailKind
    address: str
    facts: str
    created: datetime
    asked: datetime
    tries: int


def new_message_id(what: str) -> str:
    """A Message-ID (RFC 5322 3.6.4) that there is once in the world; ``what`` tells people what it is about."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname()).strip(".-") or "platen"
    return f"<{what}.{uuid.uuid4().hex}@{host}>"


@dataclass(frozen=True, kw_only=True)
class NewMail:
    """A mail that is to be sent. ``address`` empty: nobody knows where to."""

    kind: MailKind
    user: str
    address: str
    facts: str
    job: int | None = None
    submission: str | None = None


def put(tx: Transaction, new: Sequence[NewMail]) -> None:
    """Mails are to be sent. What has no address stands in the box as failed, and says so."""
    if new:
        tx.connection.execute(_NEW, [_values(tx, mail) for mail in new])
        tx.new_mails = True


_NEW = insert(mails)


def _values(tx: Transaction, mail: NewMail) -> dict[str, object]:
    known = is_mail_address(mail.address)
    error = ""
    if not mail.address:
        error = f"There is no mail address for {mail.user}: their profile names none, nor is mail_domain set"
    elif not known:
        error = f"{mail.address!r} is not a mail address"
    about = f"{mail.kind.value}.{mail.job if mail.job is not None else (mail.submission or '')[:8]}"
    return {
        "message_id": new_message_id(about),
        "kind": mail.kind.value,
        "state": (MailState.WAITING if known else MailState.FAILED).value,
        "user": mail.user,
        "address": mail.address if known else "",
        "job": mail.job,
        "submission": mail.submission,
        "subject": "",
        "facts": mail.facts,
        "created": tx.now,
        "asked": tx.now,
        "tries": 0,
        "until": tx.now if known else None,
        "error": error,
    }


def due(tx: Transaction, limit: int) -> list[DueMail]:
    """Mails whose time has come, those first that wait longest."""
    waiting = (mails.c.state == MailState.WAITING.value, mails.c.until <= tx.now)
    found = tx.connection.execute(select(mails).where(*waiting).order_by(mails.c.until, mails.c.id).limit(limit))
    return [
        DueMail(
            id=row.id,
            message_id=row.message_id,
            kind=MailKind(row.kind),
            address=row.address,
            facts=row.facts,
            created=row.created,
            asked=row.asked,
            tries=row.tries,
        )
        for row in found
    ]


def next_due(tx: Transaction) -> datetime | None:
    """When a mail is to be tried next; None: none waits."""
    query = select(mails.c.until).where(mails.c.state == MailState.WAITING.value).order_by(mails.c.until).limit(1)
    return tx.connection.scalar(query)


def begin_try(tx: Transaction, id: int, subject: str, until: datetime) -> bool:
    """A mail is about to be handed over; should nobody come back to say what became of it, it is tried again at
    ``until``. False: it was discarded, or somebody else had it sent."""
    values = {"subject": subject, "tried": tx.now, "until": until, "tries": mails.c.tries + 1}
    there = (mails.c.id == id, mails.c.state == MailState.WAITING.value)
    return tx.connection.execute(update(mails).where(*there).values(values)).rowcount == 1


def sent(tx: Transaction, id: int) -> None:
    """The mail server has it."""
    values = {"state": MailState.SENT.value, "until": None, "facts": "", "error": ""}
    tx.connection.execute(update(mails).where(mails.c.id == id).values(values))


def not_sent(tx: Transaction, id: int, error: str, until: datetime | None, tries: int) -> None:
    """A try failed, the ``tries``-th, or could not even be begun; ``until`` None: for good."""
    state = MailState.WAITING if until is not None else MailState.FAILED
    there = (mails.c.id == id, mails.c.state == MailState.WAITING.value)
    values = {"state": state.value, "until": until, "error": error, "tries": tries, "tried": tx.now}
    tx.connection.execute(update(mails).where(*there).values(values))


def row(tx: Transaction, id: int) -> MailRow:
    """Raises RequestError NO_SUCH_ENTRY."""
    found = tx.connection.execute(select(mails).where(mails.c.id == id)).first() if 0 < id < 1 << 31 else None
    if found is None:
        raise RequestError(Cause.NO_SUCH_ENTRY, f"There is no mail {id}")
    return found


def retry(tx: Transaction, id: int) -> None:
    """Try a mail at once that has not been sent, with all its time before it. Raises RequestError."""
    about = row(tx, id)
    if about.state == MailState.SENT.value:
        raise RequestError(Cause.WRONG_STATE, f"Mail {id} has been sent")
    if not about.address:
        raise RequestError(Cause.WRONG_STATE, f"Mail {id} cannot be sent: {about.error}")
    values = {"state": MailState.WAITING.value, "asked": tx.now, "tries": 0, "until": tx.now}
    tx.connection.execute(update(mails).where(mails.c.id == id).values(values))
    tx.new_mails = True


def retry_all_waiting(tx: Transaction) -> None:
    """The way to the mail server is another one: what waits is tried at once."""
    waiting = (mails.c.state == MailState.WAITING.value, mails.c.until > tx.now)
    tx.connection.execute(update(mails).where(*waiting).values(until=tx.now, tries=0))
    tx.new_mails = True


def discard(tx: Transaction, id: int) -> None:
    """Let go of a mail, sent or not. Raises RequestError."""
    row(tx, id)
    tx.connection.execute(delete(mails).where(mails.c.id == id))


def listing(
    tx: Transaction, *, user: str | None, state: MailState | None, job: int | None, after: int, limit: int
) -> list[MailRow]:
    """Mails, oldest first; ``user`` None: everybody's."""
    query = select(mails).where(mails.c.id > after).order_by(mails.c.id).limit(limit)
    if user is not None:
        query = query.where(mails.c.user == user)
    if state is not None:
        query = query.where(mails.c.state == state.value)
    if job is not None:
        query = query.where(mails.c.job == job)
    return list(tx.connection.execute(query))


def shown(about: MailRow, give_up_s: float) -> Mail:
    """The API's mail."""
    waits = about.state == MailState.WAITING.value
    return Mail(
        id=about.id,
        message_id=about.message_id,
        kind=MailKind(about.kind),
        state=MailState(about.state),
        user=about.user,
        address=about.address,
        subject=about.subject,
        created=about.created,
        job=None if about.job is None else JobId(about.job),
        submission=None if about.submission is None else SubmissionId(about.submission),
        tries=about.tries,
        tried=about.tried,
        until=about.until if waits else None,
        give_up_at=about.asked + timedelta(seconds=give_up_s) if waits else None,
        error=about.error,
    )


def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Let go of mails from before this time that are not tried any more; returns how many."""
    over = or_(mails.c.state == MailState.SENT.value, mails.c.state == MailState.FAILED.value)
    query = select(mails.c.id).where(mails.c.created < before, over).order_by(mails.c.created).limit(limit)
    old = list(tx.connection.scalars(query))
    tx.connection.execute(delete(mails).where(mails.c.id.in_(old)))
    return len(old)
