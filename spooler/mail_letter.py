"""A mail as octets (RFC 5322, MIME). Pure.

What always holds: the same letter gives the same octets, so that one which is sent twice is one; a header is one line
whatever names and titles hold (RFC 5322 2.2); what is not ASCII is encoded (RFC 2047), and addresses that cannot be are
left to servers with SMTPUTF8 (RFC 6532).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from fax.mail import is_mail_address

SENDER_NAME = "Platen"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes along. ``type``: its MIME type."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is sent. ``message_id`` with its brackets; ``job``: that it is about."""

    message_id: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    job: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What is handed to the mail server. ``utf8``: it must know SMTPUTF8."""

    sender: str
    to: str
    octets: bytes
    utf8: bool


def ready(letter: Letter) -> Ready:
    """The letter as it is handed over. Raises ValueError: an address is none."""
    sender, to = on_the_wire(letter.sender), on_the_wire(letter.to)
    if not (is_mail_address(sender) and is_mail_address(to)):
        raise ValueError(f"{sender!r} or {to!r} is not a mail address")
    utf8 = not (sender.isascii() and to.isascii())
    policy = SMTPUTF8 if utf8 else SMTP
    body = EmailMessage(policy=policy)
    body.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    for each in letter.attachments:
        main, _, sub = each.type.partition("/")
        body.add_attachment(each.content, maintype=main, subtype=sub, filename=_one_line(each.name))
    if letter.attachments:
        body.set_boundary("=_" + hashlib.sha256(letter.message_id.encode()).hexdigest()[:32])
    head = [
        f"From: {SENDER_NAME} <{sender}>",
        f"To: <{to}>",
        f"Subject: {_encoded('Subject', letter.subject)}",
        f"Date: {format_datetime(letter.at)}",
        f"Message-ID: {_one_line(letter.message_id)}",
        # Nobody is to answer it by a machine (RFC 3834 5).
        "Auto-Submitted: auto-generated",
    ]
    if letter.job is not None:
        head.append(f"X-Platen-Job: {letter.job}")
    octets = "".join(f"{line}\r\n" for line in head).encode() + body.as_bytes()
    return Ready(sender=sender, to=to, octets=octets, utf8=utf8)


def on_the_wire(address: str) -> str:
    """The address with its domain in ASCII (RFC 5891), where it can be."""
    user, _, domain = address.rpartition("@")
    try:
        return f"{user}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _encoded(name: str, text: str) -> str:
    """The text of a header, folded; all of it in encoded words where it is not ASCII, since the blanks between encoded
    words and others are easily lost."""
    line = _one_line(text)
    return Header(line, "us-ascii" if line.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")


def _one_line(text: str) -> str:
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
