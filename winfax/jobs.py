"""The queue: FaxEnumJobs, FaxGetJob, FaxSetJob, FaxAbort, FaxGetPageData.

What always holds: the queue is what the Windows fax service would still have in it: faxes that have not ended, and
those that could not be sent and are kept for a while. What was sent, cancelled or deleted is no job any more. One's own
fax is shown and changed without a right.
"""

from __future__ import annotations

import time

from fax.access import Right
from fax.errors import Cause, FaxError
from fax.types import Job, JobId, JobState, JobType, ReportKind, ScheduleAction
from winfax import constants as c
from winfax.errors import WinFaxError, attempt, bad_parameter, done
from winfax.handles import Handle, ServerHandle, server_of
from winfax.memory import FaxArray, FaxBuffer
from winfax.structures import FAX_JOB_ENTRY
from winfax.times import SYSTEMTIME

__all__ = ["FaxAbort", "FaxEnumJobs", "FaxGetJob", "FaxGetPageData", "FaxSetJob"]

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


def FaxEnumJobs(FaxHandle: Handle) -> tuple[bool, FaxArray[FAX_JOB_ENTRY] | None, int]:
    """``ok, JobEntry, JobsReturned``: every job of the queue. Right: FAX_JOB_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_ACCESS_DENIED.
    """

    def act() -> FaxArray[FAX_JOB_ENTRY]:
        server = server_of(FaxHandle)
        # Without the right the server would give one's own, and a part is not what was asked for.
        server.require(Right.JOB_QUERY)
        return entries_of(server)

    entries = attempt(act)
    return (False, None, 0) if entries is None else (True, entries, len(entries))


def entries_of(server: ServerHandle) -> FaxArray[FAX_JOB_ENTRY]:
    """The jobs of the queue that the user may see, oldest first. Raises FaxError."""
    found = _queue(server)
    devices = _devices(server, found)
    return FaxArray(entry(job, devices) for job in found)


def _queue(server: ServerHandle) -> list[Job]:
    found: list[Job] = []
    while True:
        after = found[-1].id if found else None
        batch = server.client.jobs(state=QUEUED, after=after, limit=BATCH)
        found += batch
        if len(batch) < BATCH:
            return found


def FaxGetJob(FaxHandle: Handle, JobId: int) -> tuple[bool, FAX_JOB_ENTRY | None]:
    """``ok, JobEntry``: one job of the queue. Right: to be its owner, or FAX_JOB_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL, no such job), ERROR_ACCESS_DENIED.
    """

    def act() -> FAX_JOB_ENTRY:
        server = server_of(FaxHandle)
        job = queued(server, JobId)
        return entry(job, _devices(server, [job]))

    found = attempt(act)
    return found is not None, found


def queued(server: ServerHandle, id: object) -> Job:
    """The job, when it is in the queue. Raises WinFaxError, FaxError."""
    if not isinstance(id, int) or not 0 < id < 1 << 31:
        raise bad_parameter(f"There is no job {id}")
    job = server.client.job(JobId(id))
    if job.state not in QUEUED:
        raise bad_parameter(f"Job {id} is not in the queue any more: {job.state.value}")
    return job


def _devices(server: ServerHandle, jobs: list[Job]) -> dict[int, int]:
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


def FaxAbort(FaxHandle: Handle, JobId: int) -> bool:
    """Take a job out of the queue; a call that is under way is ended. Right: to be its owner, or FAX_JOB_MANAGE.

    Fails: ERROR_INVALID_HANDLE (NULL too), ERROR_INVALID_PARAMETER (no such job), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        if FaxHandle is None:
            raise WinFaxError(c.ERROR_INVALID_HANDLE, "FaxHandle is NULL")
        _delete(server_of(FaxHandle), JobId)

    return done(act)


def FaxSetJob(FaxHandle: Handle, JobId: int, Command: int, JobEntry: FAX_JOB_ENTRY | None = None) -> bool:
    """JC_DELETE, JC_PAUSE, JC_RESUME, JC_RESTART a job. JobEntry says nothing. Right: to be its owner, or
    FAX_JOB_MANAGE; to restart also FAX_JOB_SUBMIT.

    A job in a call that is paused finishes its call first. 3 (JC_RESUME and JC_RESTART) restarts a job that was given
    up, and resumes any other; a fax that came in is routed again. Fails: ERROR_INVALID_PARAMETER (NULL, no such job or
    command, a JobEntry that is none, a job that cannot do it), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        server = server_of(FaxHandle)
        if JobEntry is not None and not isinstance(JobEntry, FAX_JOB_ENTRY):
            raise bad_parameter("JobEntry is no FAX_JOB_ENTRY")
        match Command:
            case c.JC_DELETE:
                _delete(server, JobId)
            case c.JC_PAUSE:
                server.client.hold(_id(JobId))
            case c.JC_RESUME:
                _go_on(server, JobId)
            case _:
                raise bad_parameter(f"{Command} is no command for a job")

    return done(act)


def _id(id: object) -> JobId:
    if not isinstance(id, int) or not 0 < id < 1 << 31:
        raise bad_parameter(f"There is no job {id}")
    return JobId(id)


def _delete(server: ServerHandle, id: int) -> None:
    """Cancel it; where it was given up already, delete it."""
    try:
        server.client.cancel(_id(id))
    except FaxError as error:
        if error.cause is not Cause.WRONG_STATE or queued(server, id).state is not JobState.FAILED:
            raise
        server.client.delete(_id(id))


def _go_on(server: ServerHandle, id: int) -> None:
    try:
        server.client.resume(_id(id))
    except FaxError as error:
        if error.cause is not Cause.WRONG_STATE:
            raise
        # It is not held: a job that was cancelled or sent is no job of the queue, one that was given up is restarted.
        job = queued(server, id)
        if job.type is not JobType.SEND:
            server.client.route_again(job.id, failed_only=True)
        elif job.state is JobState.FAILED:
            server.client.restart(job.id)


def FaxGetPageData(FaxHandle: Handle, JobId: int) -> tuple[bool, FaxBuffer | None, int, int, int]:
    """``ok, Buffer, BufferSize, ImageWidth, ImageHeight``: the first page of an outgoing job as a TIFF of Class F, in
    Group 4. Right: to be its owner, or FAX_JOB_QUERY.

    Waits while the document is being prepared, two minutes at most. Fails: ERROR_INVALID_PARAMETER (NULL, no such job),
    ERROR_ACCESS_DENIED, ERROR_INVALID_DATA (it is no outgoing fax, or there are no pages to show).
    """

    def act() -> tuple[FaxBuffer, int, int]:
        server = server_of(FaxHandle)
        job = _prepared(server, JobId)
        first = job.pages[0]
        return FaxBuffer(server.client.first_page(job.id)), first.width, first.rows

    found = attempt(act, {Cause.WRONG_STATE: c.ERROR_INVALID_DATA})
    if found is None:
        return False, None, 0, 0, 0
    return True, found[0], len(found[0]), found[1], found[2]


def _prepared(server: ServerHandle, id: int) -> Job:
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
