"""Mails that the server sends: what stands in its outgoing box, and how it reaches its mail server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from fax.types import JobId, SubmissionId

ADDRESS_LIMIT = 254  # octets; RFC 5321 4.5.3.1.3, without the brackets


class MailSecurity(Enum):
    """How the way to the mail server is protected. With the first two nothing is sent before TLS stands."""

    STARTTLS = "starttls"
    TLS = "tls"  # from the first octet on
    NONE = "none"


class Language(Enum):
    """Of what the server writes to people."""

    EN = "en"
    DE = "de"


class MailKind(Enum):
    """What a mail is about."""

    REPORT = "report"  # what became of a fax
    WAITING = "waiting"  # a fax waits for its number


class MailState(Enum):
    """Where a mail stands."""

    WAITING = "waiting"  # for its (next) try
    SENT = "sent"  # the mail server has it
    FAILED = "failed"  # refused for good, given up, or nobody knows where to


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail of the outgoing box. ``message_id`` never changes: who receives two of the same has one mail twice."""

    id: int
    message_id: str
    kind: MailKind
    state: MailState
    user: str  # whose fax it is about
    address: str  # empty: nobody knows where to
    subject: str  # empty: it has not been written yet
    created: datetime
    job: JobId | None = None
    submission: SubmissionId | None = None  # one mail for all of its faxes
    tries: int = 0
    tried: datetime | None = None  # last
    until: datetime | None = None  # waiting: when it is tried next
    give_up_at: datetime | None = None
    error: str = ""  # why it has not been sent, as a sentence


@dataclass(frozen=True, kw_only=True)
class MailTest:
    """Body of POST /v1/mail/test: a mail is sent there at once."""

    address: str


@dataclass(frozen=True, kw_only=True)
class MailTried:
    """What came of it. ``text``: the mail server's answer, or why there is none."""

    sent: bool
    text: str
    message_id: str


def is_mail_address(text: str) -> bool:
    """Whether mail could be sent there: one address and nothing else."""
    good = re.fullmatch(r"[^\s@<>\"(),:;\\\[\]]+@[^\s@<>\"(),:;\\]+", text)
    return good is not None and len(text.encode()) <= ADDRESS_LIMIT and text.isprintable()
