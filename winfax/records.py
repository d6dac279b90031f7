"""What the Pythonic layer gives out: values with Python's names and types, made from the structures.

What always holds: frozen, and independent of the block that they were made from; a text that is not there is "", a
time that is not there is None, times are aware; the numbers of winfax.h are enumerations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from winfax import constants as c
from winfax.enums import Action, DeviceState, EventId, JobType, PortFlags, QueueStatus, ReportType

__all__ = [
    "EventRecord",
    "JobRecord",
    "MethodRecord",
    "PageImage",
    "PortRecord",
    "Settings",
    "StatusRecord",
]

if TYPE_CHECKING:
    from winfax import structures as s


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """FAX_JOB_ENTRY. ``device_state`` NONE: no device works on it."""

    id: int
    user: str
    type: JobType
    status: QueueStatus
    device_state: DeviceState
    size: int
    pages: int
    number: str
    name: str
    tsid: str
    sender_name: str
    sender_company: str
    sender_department: str
    billing_code: str
    action: Action
    at: datetime | None
    report: ReportType
    report_address: str
    title: str


def job_record(entry: s.FAX_JOB_ENTRY) -> JobRecord:
    return JobRecord(
        id=entry.JobId,
        user=entry.UserName or "",
        type=JobType(entry.JobType),
        status=QueueStatus(entry.QueueStatus),
        device_state=DeviceState(entry.Status),
        size=entry.Size,
        pages=entry.PageCount,
        number=entry.RecipientNumber or "",
        name=entry.RecipientName or "",
        tsid=entry.Tsid or "",
        sender_name=entry.SenderName or "",
        sender_company=entry.SenderCompany or "",
        sender_department=entry.SenderDept or "",
        billing_code=entry.BillingCode or "",
        action=Action(entry.ScheduleAction),
        at=entry.ScheduleTime.to_datetime(),
        report=ReportType(entry.DeliveryReportType),
        report_address=entry.DeliveryReportAddress or "",
        title=entry.DocumentName or "",
    )


@dataclass(frozen=True, kw_only=True)
class PortRecord:
    """FAX_PORT_INFO."""

    id: int
    name: str
    state: DeviceState
    flags: PortFlags
    rings: int
    priority: int
    tsid: str
    csid: str


def port_record(info: s.FAX_PORT_INFO) -> PortRecord:
    return PortRecord(
        id=info.DeviceId,
        name=info.DeviceName or "",
        state=DeviceState(info.State),
        flags=PortFlags(info.Flags),
        rings=info.Rings,
        priority=info.Priority,
        tsid=info.Tsid or "",
        csid=info.Csid or "",
    )


@dataclass(frozen=True, kw_only=True)
class StatusRecord:
    """FAX_DEVICE_STATUS. ``page`` 0: none yet."""

    device: int
    device_name: str
    state: DeviceState
    type: JobType
    number: str
    caller_id: str
    csid: str
    tsid: str
    page: int
    pages: int
    size: int
    title: str
    sender_name: str
    recipient_name: str
    routing: str
    user: str
    started: datetime | None
    submitted: datetime | None


def status_record(status: s.FAX_DEVICE_STATUS) -> StatusRecord:
    return StatusRecord(
        device=status.DeviceId,
        device_name=status.DeviceName or "",
        state=DeviceState(status.Status),
        type=JobType(status.JobType),
        number=status.PhoneNumber or "",
        caller_id=status.CallerId or "",
        csid=status.Csid or "",
        tsid=status.Tsid or "",
        page=status.CurrentPage,
        pages=status.TotalPages,
        size=status.Size,
        title=status.DocumentName or "",
        sender_name=status.SenderName or "",
        recipient_name=status.RecipientName or "",
        routing=status.RoutingString or "",
        user=status.UserName or "",
        started=status.StartTime.to_datetime(),
        submitted=status.SubmittedTime.to_datetime(),
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """FAX_CONFIGURATION. ``dirty_days`` None: never removed; times are the server's local ones."""

    retries: int
    retry_delay_minutes: int
    dirty_days: int | None
    branding: bool
    use_device_tsid: bool
    server_cover_pages_only: bool
    queue_paused: bool
    discount_start: time
    discount_stop: time
    archive_outgoing: bool
    archive_folder: str
    inbound_profile: str


def settings_record(found: s.FAX_CONFIGURATION) -> Settings:
    return Settings(
        retries=found.Retries,
        retry_delay_minutes=found.RetryDelay,
        dirty_days=None if found.DirtyDays == c.DIRTY_DAYS_NEVER else found.DirtyDays,
        branding=bool(found.Branding),
        use_device_tsid=bool(found.UseDeviceTsid),
        server_cover_pages_only=bool(found.ServerCp),
        queue_paused=bool(found.PauseServerQueue),
        discount_start=time(found.StartCheapTime.Hour, found.StartCheapTime.Minute),
        discount_stop=time(found.StopCheapTime.Hour, found.StopCheapTime.Minute),
        archive_outgoing=bool(found.ArchiveOutgoingFaxes),
        archive_folder=found.ArchiveDirectory or "",
        inbound_profile=found.Reserved or "",
    )


@dataclass(frozen=True, kw_only=True)
class MethodRecord:
    """FAX_GLOBAL_ROUTING_INFO, or (``enabled`` not None) FAX_ROUTING_METHOD, whose ``priority`` is 0."""

    guid: str
    name: str
    function: str
    extension: str
    image: str
    priority: int = 0
    enabled: bool | None = None


@dataclass(frozen=True, kw_only=True)
class EventRecord:
    """FAX_EVENT. ``job`` None: of no job."""

    id: EventId
    at: datetime | None
    device: int
    job: int | None


def event_record(event: s.FAX_EVENT) -> EventRecord:
    return EventRecord(
        id=EventId(event.EventId),
        at=event.TimeStamp.to_datetime(),
        device=event.DeviceId,
        job=None if event.JobId == c.NO_JOB else event.JobId,
    )


@dataclass(frozen=True, kw_only=True)
class PageImage:
    """The first page of a fax, as a TIFF."""

    tiff: bytes
    width: int
    height: int
