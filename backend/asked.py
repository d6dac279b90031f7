"""What a print job asks for: its options, its queue and its attributes become the parts of a submission.

Where the fax goes is ``backend.numbers``' to say. For all else, what a person typed or chose counts before what stands
in the document (but for the resolution, since dialogues always send one), that before ``cover-sheet-info``, and that
before the device URI. There is a cover page when one was chosen, or when there is something to say on it (a subject or
a note).

- ``FaxWhen``: ``Discount``, ``22h``, ``22:30``: the next such time after the job was printed.
- ``FaxPriority``, else ``job-priority``: below 34 low, above 66 high.
- ``number-of-retries``, ``retry-interval`` (seconds), ``retry-time-out`` (seconds after printing, when it is given up),
  ``job-billing``.
- ``FaxSender``, ``FaxSenderCompany``, ``FaxSenderDepartment``: who sends; ``FaxReport``: the report's mail address.

Pure: no I/O. Errors never hold a number or a name, since they are shown to everybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backend.numbers import member_text, recipients
from backend.options import chosen
from backend.print_job import AskedError, PrintJob
from fax.types import (
    CoverPage,
    DocumentId,
    Priority,
    Recipient,
    Report,
    ReportKind,
    Resolution,
    Schedule,
    ScheduleAction,
    Sender,
    Submission,
)
from ipp.values import Attribute, Collection

RETRIES_MOST = 99
NO_REPORT = Report()
_RESOLUTIONS = {
    "204x98dpi": Resolution.STANDARD,
    "204x196dpi": Resolution.FINE,
    "204x391dpi": Resolution.SUPERFINE,
    **{item.value: item for item in Resolution},
}
_CLOCK = re.compile(r"([01]?\d|2[0-3])(?:[:.]([0-5]\d)|h)")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The parts of a submission that the print job decides."""

    recipients: tuple[Recipient, ...]
    title: str
    sender: Sender
    cover: CoverPage | None
    resolution: Resolution
    schedule: Schedule
    priority: Priority = Priority.NORMAL
    retries: int | None = None
    retry_delay_s: float | None = None
    billing_code: str = ""
    port_group: str = ""
    report: Report = NO_REPORT

    def submission(self, documents: tuple[DocumentId, ...], user: str) -> Submission:
        return Submission(
            documents=documents,
            recipients=self.recipients,
            title=self.title,
            sender=self.sender,
            cover=self.cover,
            resolution=self.resolution,
            user=user,
            schedule=self.schedule,
            priority=self.priority,
            retries=self.retries,
            retry_delay_s=self.retry_delay_s,
            billing_code=self.billing_code,
            port_group=self.port_group,
            report=self.report,
        )


def asked(job: PrintJob) -> Asked:
    """What the print job asks for. AskedError when it contradicts itself, or says what cannot be understood."""
    sheet = _sheet(job.attributes.get("cover-sheet-info"))
    name = job.option("FaxRecipient") or job.embedded("name")
    company = job.option("FaxCompany") or job.embedded("company")
    whom = recipients(job)
    to_name = member_text(sheet, "to-name")
    retries = job.integer("number-of-retries")
    delay_s = job.integer("retry-interval")
    return Asked(
        recipients=tuple(
            replace(item, name=name or item.name or to_name or "", company=company or item.company) for item in whom
        ),
        title=job.title,
        sender=Sender(
            name=job.option("FaxSender") or member_text(sheet, "from-name") or job.user_name,
            company=job.option("FaxSenderCompany") or member_text(sheet, "organization-name") or "",
            department=job.option("FaxSenderDepartment") or "",
        ),
        cover=_cover(job, sheet),
        resolution=_resolution(job),
        schedule=_schedule(job),
        priority=_priority(job),
        retries=None if retries is None else min(retries, RETRIES_MOST),
        retry_delay_s=None if delay_s is None else float(delay_s),
        billing_code=job.option("job-billing") or job.embedded("billing") or "",
        port_group=job.parameter("group") or "",
        report=_report(job),
    )


def _sheet(attribute: Attribute | None) -> Collection | None:
    sheets = attribute.collections() if attribute else ()
    return sheets[0] if sheets else None


def _cover(job: PrintJob, sheet: Collection | None) -> CoverPage | None:
    subject = job.option("FaxSubject") or job.embedded("subject") or member_text(sheet, "subject") or ""
    note = job.option("FaxNote") or job.embedded("note") or member_text(sheet, "message") or ""
    said = job.embedded("cover")
    template = job.option("FaxCover") or (chosen(said) if said else chosen(job.parameter("cover")))
    if not template and (subject or note or sheet):
        template = CoverPage().template
    return CoverPage(template=template, subject=subject, note=note) if template else None


def _resolution(job: PrintJob) -> Resolution:
    said = (job.embedded("resolution"), job.option("Resolution"), job.option("printer-resolution"))
    for value in (*said, chosen(job.parameter("resolution"))):
        if value and (found := _RESOLUTIONS.get(value.lower())):
            return found
    return Resolution.FINE


def _schedule(job: PrintJob) -> Schedule:
    seconds = job.integer("retry-time-out")
    give_up_at = job.created + timedelta(seconds=seconds) if seconds else None
    said = job.option("FaxWhen") or job.embedded("when") or ""
    if said.lower() in ("", "now"):
        return Schedule(give_up_at=give_up_at)
    if said.lower() == "discount":
        return Schedule(action=ScheduleAction.DISCOUNT, give_up_at=give_up_at)
    clock = _CLOCK.fullmatch(said.strip())
    if clock is None:
        raise AskedError("The time to send at is not understood: it is given as 22:30, or as a choice of the list")
    at = _next(job.created, int(clock[1]), int(clock[2] or 0))
    return Schedule(action=ScheduleAction.AT, at=at, give_up_at=give_up_at)


def _report(job: PrintJob) -> Report:
    address = job.option("FaxReport")
    return Report(kind=ReportKind.EMAIL, address=address) if address else NO_REPORT


def _next(after: datetime, hour: int, minute: int) -> datetime:
    """The next time at which the clocks show this."""
    for days in (0, 1):
        # by the wall clock, also over a change to summer time
        day = after.replace(tzinfo=None) + timedelta(days=days)
        found = day.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=after.tzinfo)
        if found > after:
            break
    return found


def _priority(job: PrintJob) -> Priority:
    said = job.option("FaxPriority") or job.embedded("priority")
    if said:
        try:
            return Priority(said.lower())
        except ValueError as error:
            raise AskedError("The priority is not understood: it is low, normal or high") from error
    number = job.integer("job-priority")
    if number is None or 34 <= number <= 66:
        return Priority.NORMAL
    return Priority.LOW if number < 34 else Priority.HIGH
