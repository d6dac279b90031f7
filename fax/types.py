"""The types of the API: what a client says to the daemon and what it hears back.

All are frozen dataclasses of plain values, so that ``msgspec`` reads and writes them and any program can show them.
Times are RFC 3339 in UTC on the wire and aware ``datetime`` here. Page numbers are counted from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NewType

from fax.received import Received

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


class JobType(Enum):
    """Outgoing, incoming, and what became of incoming ones. Windows: the JT_ values of the same names."""

    SEND = "send"
    RECEIVE = "receive"
    ROUTING = "routing"  # received whole; a routing method failed and is tried again
    FAIL_RECEIVE = "fail-receive"  # reception incomplete: kept, not routed


class Priority(Enum):
    """Which of several ready jobs goes first; a job that waits long rises."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class ScheduleAction(Enum):
    """When a job is sent. Windows: JSA_NOW, JSA_SPECIFIC_TIME, JSA_DISCOUNT_PERIOD."""

    NOW = "now"  # as soon as a port is free
    AT = "at"  # not before ``Schedule.at``; a time that is past is now
    DISCOUNT = "discount"  # in the server's discount period only, retries too


class ReportKind(Enum):
    """How the sender learns the outcome. Windows: DRT_NONE, DRT_EMAIL, DRT_INBOX."""

    NONE = "none"
    EMAIL = "email"
    INBOX = "inbox"


class JobState(Enum):
    """Where a job stands. ``reason`` and ``until`` of the job say more."""

    PREPARING = "preparing"  # the document is being turned into pages
    ADDRESS = "address"  # waits for its recipient to be named
    HELD = "held"  # paused by a person
    WAITING = "waiting"  # waits for a port, a time or a retry
    SENDING = "sending"  # in a call
    ROUTING = "routing"  # came in; is being delivered, or a delivery is tried again
    DONE = "done"  # every page confirmed; of a fax that came in: delivered everywhere
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
    sub_address: str = ""  # T.30 SUB: where at the far end it is to go; at most 20 printable ASCII characters
    password: str = ""  # T.30 SID/PWD; taken in, never given out: "********" stands for it in answers


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

    template: str = "default"  # "own/NAME": the sender's own template
    subject: str = ""
    note: str = ""
    layout: str = ""  # the text of a template of one's own, in place of ``template``; without images
    confidential: bool = False  # templates may show a mark


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a job is sent, and until when it is tried."""

    action: ScheduleAction = ScheduleAction.NOW
    at: datetime | None = None  # with AT only
    give_up_at: datetime | None = None  # None: the server's own limit (dirty days) alone counts


@dataclass(frozen=True, kw_only=True)
class Report:
    """The delivery report that the sender wants. ``address``: with EMAIL only.

    ``together``: one for all faxes of the submission, when the last of them has ended (Windows: DRT_GRP_PARENT).
    ``final``: with NONE: there is none, whatever the sender's profile says; else the profile has its say.
    """

    kind: ReportKind = ReportKind.NONE
    address: str = ""
    together: bool = False
    final: bool = False


@dataclass(frozen=True, kw_only=True)
class Poll:
    """Fetch a document from the called machine (T.30 DTC). Both at most 20 printable ASCII characters."""

    selection: str = ""  # SEP: which of its documents
    password: str = ""  # PWD; taken in, never given out


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
    schedule: Schedule = Schedule()
    priority: Priority = Priority.NORMAL
    retries: int | None = None  # tries after the first that failed, 0 to 99; None: the server's setting
    retry_delay_s: float | None = None  # None: the server's setting
    billing_code: str = ""
    tsid: str = ""  # our identifier in this call; empty, or overridden by the settings: the port's
    report: Report = Report()
    port_group: str = ""  # the group of ports that it goes out on; empty: by the outbound rules
    poll: Poll | None = None  # with neither documents nor cover page: fetch a document


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
    bad_rows: int | None = None  # of a page that came in: rows that the line damaged


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
    wait: str | None = None  # what it waits for, as a keyword
    attempts: int = 0  # calls made so far
    pages_total: int | None = None  # None until prepared
    pages_confirmed: int = 0
    pages: tuple[Page, ...] = ()  # in show only; empty in lists
    calls: tuple[Call, ...] = ()  # in show only; empty in lists
    type: JobType = JobType.SEND
    schedule: Schedule = Schedule()
    priority: Priority = Priority.NORMAL
    billing_code: str = ""
    tsid: str = ""
    report: Report = Report()
    port_group: str = ""
    retries: int | None = None
    retry_delay_s: float | None = None
    tries: int = 0  # calls that counted against the limit
    octets: int = 0  # of its documents as they were handed in
    submitter: str = ""  # who handed it in, where that is not ``user``
    claimed: bool = False  # ``user`` is what the submitter (CUPS) said, not what the kernel said
    poll: Poll | None = None
    ended: datetime | None = None
    port: str | None = None  # in a call: the port
    received: Received | None = None  # of a fax that came in


@dataclass(frozen=True, kw_only=True)
class Port:
    """One telephone line."""

    name: str
    device: str
    state: str  # "starting", "idle", "sending", "receiving", "down"
    detail: str = ""
    job: JobId | None = None
    id: int = 0  # permanent line id (Windows: DeviceId); 0: not known yet


@dataclass(frozen=True, kw_only=True)
class Status:
    """The server at a glance."""

    version: str
    ports: tuple[Port, ...]
    jobs: dict[str, int]  # number of jobs by state keyword
    spool: str
    free_octets: int
    cursor: int = 0  # of the latest event; 0: not said
    troubles: tuple[str, ...] = ()  # why new work is refused, or cannot be done or archived, as sentences


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a job, a port or the server; delivered at least once, in order of ``cursor``."""

    cursor: int
    at: datetime
    kind: str  # see EVENT_KINDS
    job: JobId | None = None
    call: CallId | None = None
    page: int | None = None
    pages: int | None = None
    state: JobState | None = None
    text: str = ""
    port: str | None = None
    device: int | None = None  # the port's id
    code: int | None = None  # Windows' FEI_ number, where the event is one of that service's


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
    "restarted",
    "deleted",
    "initializing",
    "aborting",
    "line-idle",
    "line-unavailable",
    "modem-on",
    "modem-off",
    "ringing",
    "answered",
    "receiving",
    "received",
    "routing",
    "delivered",
    "delivery-failed",
    "service-started",
    "service-ended",
    "module-failed",  # a routing extension or a service provider; it is started again
)
