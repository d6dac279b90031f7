"""Jobs of the server as those of the queue: which are in it, what FAX_JOB_ENTRY says of them, what is done to them.

What always holds: as in ``winfax.jobs``, which is loaded without this, since the API's types take time to import.
"""

from __future__ import annotations

import time

from fax.errors import Cause, FaxError
from fax.types import Job, JobId, JobState, JobType, ReportKind, ScheduleAction
from winfax import constants as c
from winfax.errors import WinFaxError, bad_parameter
from winfax.handles import ServerHandle
from winfax.memory import FaxArray
from winfax.structures import FAX_JOB_ENTRY
from winfax.times import SYSTEMTIME

BATCH = 10_000
PREPARED_WITHIN_S = 120.0
LOOK_AGAIN_S = 0.05
QUEUED = (
    JobState.PREPARING,
    JobState.ADDRESS,
    JobState.HELD,
    JobState.WAITING,
    JobState.SENDING,
    JobState.ROUTING,
    JobState.FAILED,
)
TYPES = {
    JobType.SEND: c.JT_SEND,
    JobType.RECEIVE: c.JT_RECEIVE,
    JobType.ROUTING: c.JT_ROUTING,
    JobType.FAIL_RECEIVE: c.JT_FAIL_RECEIVE,
}
ACTIONS = {
    ScheduleAction.NOW: c.JSA_NOW,
    ScheduleAction.AT: c.JSA_SPECIFIC_TIME,
    ScheduleAction.DISCOUNT: c.JSA_DISCOUNT_PERIOD,
}
REPORTS = {ReportKind.NONE: c.DRT_NONE, ReportKind.EMAIL: c.DRT_EMAIL, ReportKind.INBOX: c.DRT_INBOX}
NO_LINE = ("no-ports", "no-such-group", "ports-down", "ports-busy")  # ``Job.wait``: it waits for a line
# Ends after which nothing was tried again, and nothing will be.
HOPELESS = ("bad-number", "blacklisted")


def entries_of(server: ServerHandle) -> FaxArray[FAX_JOB_ENTRY]:
    """The jobs of the queue that the user may see, oldest first. Raises FaxError."""
    found = _queue(server)
    devices = devices_of(server, found)
    return FaxArray(entry(job, devices) for job in found)


def _queue(server: ServerHandle) -> list[Job]:
    found: list[Job] = []
    while True:
        after = found[-1].id if found else None
        batch = server.client.jobs(state=QUEUED, after=after, limit=BATCH)
        found += batch
        if len(batch) < BATCH:
            return found


def queued(server: ServerHandle, id: object) -> Job:
    """The job, when it is in the queue. Raises WinFaxError, FaxError."""
    if not isinstance(id, int) or not 0 < id < 1 << 31:
        raise bad_parameter(f"There is no job {id}")
    job = server.client.job(JobId(id))
    if job.state not in QUEUED:
        raise bad_parameter(f"Job {id} is not in the queue any more: {job.state.value}")
    return job


def devices_of(server: ServerHandle, jobs: list[Job]) -> dict[int, int]:
    """FPS_ of the devices that work on jobs, by the job; nothing for who may not see devices."""
    if not any(job.state is JobState.SENDING or job.type is not JobType.SEND for job in jobs):
        return {}
    try:
        ports = server.client.ports()
    except FaxError as error:
        if error.cause is Cause.NOT_ALLOWED:
            return {}
        raise
    return {port.status.job: port.status.state.code for port in ports if port.status.job is not None}


def status_of(job: Job) -> int:
    """JS_ flags."""
    again = c.JS_RETRYING if job.tries else c.JS_PENDING
    match job.state:
        case JobState.SENDING:
            return c.JS_INPROGRESS
        case JobState.ROUTING:
            return c.JS_RETRYING if job.type is JobType.ROUTING else c.JS_INPROGRESS
        case JobState.FAILED if job.type is not JobType.SEND:
            return c.JS_RETRIES_EXCEEDED if job.type is JobType.ROUTING else c.JS_FAILED
        case JobState.FAILED:
            return c.JS_FAILED if job.cause in HOPELESS or not job.tries else c.JS_RETRIES_EXCEEDED
        case JobState.HELD | JobState.ADDRESS:
            return again | c.JS_PAUSED
        case JobState.CANCELLED:
            return c.JS_DELETING
    return again | (c.JS_NOLINE if job.wait in NO_LINE else 0)


def entry(job: Job, devices: dict[int, int]) -> FAX_JOB_ENTRY:
    """A job as the structure. ``devices``: FPS_ by job."""
    at = job.schedule.at
    status = devices.get(job.id, 0)
    return FAX_JOB_ENTRY(
        JobId=job.id,
        UserName=job.user,
        JobType=TYPES[job.type],
        QueueStatus=c.JS_INPROGRESS | c.JS_DELETING if status == c.FPS_ABORTING else status_of(job),
        Status=status,
        Size=min(job.octets, 0xFFFFFFFF),
        PageCount=job.pages_total or 0,
        RecipientNumber=job.recipient.number,
        RecipientName=job.recipient.name or None,
        Tsid=job.tsid or (job.received.tsid if job.received is not None else "") or None,
        SenderName=job.sender.name or None,
        SenderCompany=job.sender.company or None,
        SenderDept=job.sender.department or None,
        BillingCode=job.billing_code or None,
        ScheduleAction=ACTIONS[job.schedule.action],
        ScheduleTime=SYSTEMTIME() if at is None else SYSTEMTIME.from_datetime(at),
        DeliveryReportType=REPORTS[job.report.kind],
        DeliveryReportAddress=job.report.address or None,
        DocumentName=job.title or None,
    )


def id_of(id: object) -> JobId:
    if not isinstance(id, int) or not 0 < id < 1 << 31:
        raise bad_parameter(f"There is no job {id}")
    return JobId(id)


def delete(server: ServerHandle, id: int) -> None:
    """Cancel it; where it was given up already, delete it."""
    try:
        server.client.cancel(id_of(id))
    except FaxError as error:
        if error.cause is not Cause.WRONG_STATE or queued(server, id).state is not JobState.FAILED:
            raise
        server.client.delete(id_of(id))


def go_on(server: ServerHandle, id: int) -> None:
    try:
        server.client.resume(id_of(id))
    except FaxError as error:
        if error.cause is not Cause.WRONG_STATE:
            raise
        # It is not held: a job that was cancelled or sent is no job of the queue, one that was given up is restarted.
        job = queued(server, id)
        if job.type is not JobType.SEND:
            server.client.route_again(job.id, failed_only=True)
        elif job.state is JobState.FAILED:
            server.client.restart(job.id)


def prepared(server: ServerHandle, id: int) -> Job:
    end = time.monotonic() + PREPARED_WITHIN_S
    while True:
        job = queued(server, id)
        if job.type is not JobType.SEND or job.poll is not None:
            raise WinFaxError(c.ERROR_INVALID_DATA, f"Job {id} is not an outgoing fax")
        if job.pages:
            return job
        if job.state is not JobState.PREPARING or time.monotonic() > end:
            raise WinFaxError(c.ERROR_INVALID_DATA, f"Job {id} has no pages to show")
        time.sleep(LOOK_AGAIN_S)
