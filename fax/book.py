"""The address book: people and groups of people, shared by all or one user's own; and a user's profile as a sender."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from fax.types import Recipient, Report, Sender


class BookFormat(Enum):
    """How a book comes and goes as a file."""

    CSV = "csv"
    VCARD = "vcard"


@dataclass(frozen=True, kw_only=True)
class PersonChange:
    """Somebody as they are to stand in the book. ``recipient.number`` and ``recipient.name`` are needed."""

    recipient: Recipient
    shared: bool = False  # everybody's; else the caller's own
    email: str | None = None  # where faxes that are routed to them are mailed; None: as it was
    user: str | None = None  # the user whose inbox faxes that are routed to them are in; None: as it was


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody in the book; the number is in the form that is kept."""

    id: int
    recipient: Recipient
    shared: bool
    email: str = ""
    user: str = ""


@dataclass(frozen=True, kw_only=True)
class GroupChange:
    """A group as it is to stand in the book. ``members``: ids of people, in the order in which they are sent to."""

    name: str
    members: tuple[int, ...]
    shared: bool = False  # a shared group has shared members only


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group in the book."""

    id: int
    name: str
    members: tuple[int, ...]
    shared: bool


@dataclass(frozen=True, kw_only=True)
class Found:
    """Whom a name stands for: one person, or all of a group. Each number is there once."""

    name: str
    group: bool
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An entry of a file that was not taken in. ``line``: of the file, from 1."""

    line: int
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of the entries of a file."""

    added: int
    changed: int
    unchanged: int
    refused: tuple[Refused, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a user's faxes say of their sender when they say nothing themselves."""

    sender: Sender = field(default_factory=Sender)
    billing_code: str = ""
    report: Report = field(default_factory=Report)
    cover: str = ""  # the template that the default one stands for; empty: the server's
    mail: str = ""  # the user's own address: reports to their inbox, and notices, go there

    @property
    def mail_address(self) -> str:
        """Where the user reads mail; empty: the profile does not say."""
        return self.mail or self.report.address
