"""The types of the API: what a client says to the daemon and what it hears back.

All are frozen dataclasses of plain values, so that ``msgspec`` reads and writes them and any program can show them.
Times are RFC 3339 in UTC on the wire and aware ``datetime`` here. Page numbers are counted from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NewType

JobId = NewType("JobId", int)
"""32-bit, never used twice, one space for sent and received faxes."""
SubmissionId = NewType("SubmissionId", str)
DocumentId = NewType("DocumentId", str)
"""Hex SHA-256 of the document's octets."""
CallId = NewType("CallId", str)


class Resolution(Enum):
    """Vertical resolution of the pages: 204x98, 204x196 or 204x391 dpi."""

    STANDARD = "standard"
    FINE = "fine"
    SUPERFINE = "superfine"


class JobState(Enum):
    """Where a job stands. ``reason`` and ``until`` of the job say more."""

    PREPARING = "preparing"  # the document is being turned into pages
    ADDRESS = "address"  # waits for its recipient to be named
    HELD = "held"  # paused by a person
    WAITING = "waiting"  # waits for a port, a time or a retry
    SENDING = "sending"  # in a call
    DONE = "done"  # every page confirmed
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Fate(Enum):
    """What is known about a page at the far end."""

    NOT_SENT = "not-sent"
    CONFIRMED = "confirmed"
    DAMAGED = "damaged"  # confirmed, with damage that the far end took
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom the fax is for. ``number`` None: the fax waits until a recipient is named. Order of FAX_COVERPAGE_INFO."""

    number: str | None = None
    name: str = ""
    company: str = ""
    street_address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    title: str = ""
    department: str = ""
    office_location: str = ""
    home_phone: str = ""
    office_phone: str = ""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends the fax. Order of FAX_COVERPAGE_INFO."""

    name: str = ""
    fax_number: str = ""
    company: str = ""
    address: str = ""
    title: str = ""
    department: str = ""
    office_location: str = ""
    home_phone: str = ""
    office_phone: str = ""


@dataclass(frozen=True, kw_only=True)
class CoverPage:
    """A cover page to be rendered at dispatch."""

    template: str = "default"
    subject: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One document (of one or several files), one or several recipients: one job per recipient."""

    documents: tuple[DocumentId, ...]
    recipients: tuple[Recipient, ...]
    title: str = ""
    sender: Sender = Sender()
    cover: CoverPage | None = None
    resolution: Resolution = Resolution.FINE
    user: str | None = None  # only the backend's user and administrators may name another
    hold: bool = False


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The answer to a submission: on stable storage."""

    submission: SubmissionId
    jobs: tuple[JobId, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document that the server has taken in and checked."""

    id: DocumentId
    type: str  # MIME type as sniffed
    pages: int | None  # None: known only after rasterising (PostScript, text)
    octets: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a job as it goes out."""

    number: int  # 1-based, the cover page included
    width: int
    rows: int
    fate: Fate = Fate.NOT_SENT
    cover: bool = False
    call: CallId | None = None  # the call that decided its fate


@dataclass(frozen=True, kw_only=True)
class Call:
    """One attempt at the telephone."""

    id: CallId
    port: str
    started: datetime
    ended: datetime | None = None
    cause: str | None = None  # keyword of the outcome
    text: str | None = None  # the outcome as a sentence
    line_seconds: float | None = None  # seconds off-hook


@dataclass(frozen=True, kw_only=True)
class Job:
    """One fax to one recipient."""

    id: JobId
    submission: SubmissionId
    user: str
    title: str
    state: JobState
    recipient: Recipient
    sender: Sender
    cover: CoverPage | None
    resolution: Resolution
    created: datetime
    reason: str | None = None  # why it waits or failed, as a sentence
    cause: str | None = None  # the same as a keyword
    until: datetime | None = None  # when it is tried next
    attempts: int = 0  # calls made so far
    pages_total: int | None = None  # None until prepared
    pages_confirmed: int = 0
    pages: tuple[Page, ...] = ()  # in show only; empty in lists
    calls: tuple[Call, ...] = ()  # in show only; empty in lists


@dataclass(frozen=True, kw_only=True)
class Port:
    """One telephone line."""

    name: str
    device: str
    state: str  # "starting", "idle", "sending", "down"
    detail: str = ""
    job: JobId | None = None


@dataclass(frozen=True, kw_only=True)
class Status:
    """The server at a glance."""

    version: str
    ports: tuple[Port, ...]
    jobs: dict[str, int]  # number of jobs by state keyword
    spool: str
    free_octets: int
    cursor: int = 0  # of the latest event; 0: not said


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a job; delivered at least once, in order of ``cursor``."""

    cursor: int
    at: datetime
    kind: str  # see EVENT_KINDS
    job: JobId | None = None
    call: CallId | None = None
    page: int | None = None
    pages: int | None = None
    state: JobState | None = None
    text: str = ""


EVENT_KINDS = (
    "accepted",
    "prepared",
    "waiting",
    "dialling",
    "connected",
    "trained",
    "page-sending",
    "page-confirmed",
    "page-refused",
    "page-uncertain",
    "call-ended",
    "done",
    "failed",
    "cancelled",
    "held",
    "resumed",
    "addressed",
)
