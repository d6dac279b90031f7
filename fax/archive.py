"""The archive as the API shows it: every fax that was sent or received, found again and used again.

What always holds: an archived fax has the number of the job that it was, and keeps it when the job is long gone; what
stands here was written down when the fax was archived and does not change any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from fax.types import CoverPage, JobId, Recipient, Sender


class Direction(Enum):
    """Which way a fax, or a call, went."""

    SENT = "sent"
    RECEIVED = "received"


class ArchiveResult(Enum):
    """How the fax arrived, there or here."""

    OK = "ok"  # every page whole
    DAMAGED = "damaged"  # every page, some with damage from the line
    INCOMPLETE = "incomplete"  # the call broke off: received faxes only


class ArchiveSort(Enum):
    """What a list goes by; faxes that are alike in it go by their number."""

    TIME = "time"
    NUMBER = "number"
    NAME = "name"
    PAGES = "pages"


@dataclass(frozen=True, kw_only=True)
class ArchivedFax:
    """One fax. ``number``, ``name``, ``company``, ``ident``: the far end's."""

    id: JobId
    direction: Direction
    result: ArchiveResult
    at: datetime  # when it was sent or had come in
    users: tuple[str, ...] = ()  # whose it is; empty: nobody's in particular
    number: str = ""
    name: str = ""
    company: str = ""
    ident: str = ""  # the identifier that the far end's machine gave
    own_ident: str = ""
    called: str = ""  # of a received one: the extension or subaddress that was wanted
    routing: str = ""  # the same as Windows' routing string
    subject: str = ""
    title: str = ""
    sender_name: str = ""
    pages: int = 0
    cover_pages: int = 0  # so many of them, the first, are the cover
    octets: int = 0  # of its file
    port: str = ""
    call: str = ""  # the call that ended it
    billing_code: str = ""
    file: str = ""  # the TIFF-F, for people on the fax server's machine
    recipient: Recipient | None = None
    sender: Sender | None = None


@dataclass(frozen=True, kw_only=True)
class ArchivePage:
    """Part of a list. ``next``: what ``after`` is to be for the next part; None: there is no more."""

    faxes: tuple[ArchivedFax, ...]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class ArchiveQuery:
    """What is looked for; what is not said is any. Texts are found wherever they stand, whatever their case and
    accents; those of one or two characters only where a word begins."""

    text: str = ""  # each of its words in number, names, identifier, subject or title
    number: str = ""
    name: str = ""  # name, company, identifier, or the sender's name
    subject: str = ""  # subject or title
    direction: Direction | None = None
    result: ArchiveResult | None = None
    user: str | None = None
    port: str | None = None
    billing_code: str | None = None
    since: datetime | None = None  # at this time or later
    until: datetime | None = None  # before this time
    sort: ArchiveSort = ArchiveSort.TIME
    descending: bool = True


@dataclass(frozen=True, kw_only=True)
class ArchiveUsage:
    """How full the archive is, and what is let go of by itself."""

    faxes: int
    octets: int
    oldest: datetime | None = None
    keep_days: int | None = None  # None: for ever
    high_octets: int | None = None  # with more, the oldest go; None: any number
    low_octets: int | None = None  # until there are so many at most


@dataclass(frozen=True, kw_only=True)
class Forward:
    """To whom an archived fax goes, its pages as they are."""

    recipients: tuple[Recipient, ...]
    cover: CoverPage | None = None  # a new cover page in front
    keep_cover: bool = False  # the cover page that it went out with goes along
    title: str = ""  # else the archived fax's
    billing_code: str = ""
    hold: bool = False
