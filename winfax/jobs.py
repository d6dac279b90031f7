"""The queue: FaxEnumJobs, FaxGetJob, FaxSetJob, FaxAbort, FaxGetPageData.

What always holds: the queue is what the Windows fax service would still have in it: faxes that have not ended, and
those that could not be sent and are kept for a while. What was sent, cancelled or deleted is no job any more. One's own
fax is shown and changed without a right.
"""

from __future__ import annotations

from fax.errors import Cause
from winfax import constants as c
from winfax.errors import WinFaxError, attempt, bad_parameter, done
from winfax.handles import Handle, server_of
from winfax.memory import FaxArray, FaxBuffer
from winfax.structures import FAX_JOB_ENTRY

__all__ = ["FaxAbort", "FaxEnumJobs", "FaxGetJob", "FaxGetPageData", "FaxSetJob"]


def FaxEnumJobs(FaxHandle: Handle) -> tuple[bool, FaxArray[FAX_JOB_ENTRY] | None, int]:
    """``ok, JobEntry, JobsReturned``: every job of the queue. Right: FAX_JOB_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_ACCESS_DENIED.
    """

    def act() -> FaxArray[FAX_JOB_ENTRY]:
        from winfax.job_entries import entries_of

        server = server_of(FaxHandle)
        # Without the right the server would give one's own, and a part is not what was asked for.
        server.require(c.FAX_JOB_QUERY)
        return entries_of(server)

    entries = attempt(act)
    return (False, None, 0) if entries is None else (True, entries, len(entries))


def FaxGetJob(FaxHandle: Handle, JobId: int) -> tuple[bool, FAX_JOB_ENTRY | None]:
    """``ok, JobEntry``: one job of the queue. Right: to be its owner, or FAX_JOB_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL, no such job), ERROR_ACCESS_DENIED.
    """

    def act() -> FAX_JOB_ENTRY:
        from winfax.job_entries import devices_of, entry, queued

        server = server_of(FaxHandle)
        job = queued(server, JobId)
        return entry(job, devices_of(server, [job]))

    found = attempt(act)
    return found is not None, found


def FaxAbort(FaxHandle: Handle, JobId: int) -> bool:
    """Take a job out of the queue; a call that is under way is ended. Right: to be its owner, or FAX_JOB_MANAGE.

    Fails: ERROR_INVALID_HANDLE (NULL too), ERROR_INVALID_PARAMETER (no such job), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        from winfax.job_entries import delete

        if FaxHandle is None:
            raise WinFaxError(c.ERROR_INVALID_HANDLE, "FaxHandle is NULL")
        delete(server_of(FaxHandle), JobId)

    return done(act)


def FaxSetJob(FaxHandle: Handle, JobId: int, Command: int, JobEntry: FAX_JOB_ENTRY | None = None) -> bool:
    """JC_DELETE, JC_PAUSE, JC_RESUME, JC_RESTART a job. JobEntry says nothing. Right: to be its owner, or
    FAX_JOB_MANAGE; to restart also FAX_JOB_SUBMIT.

    A job in a call that is paused finishes its call first. 3 (JC_RESUME and JC_RESTART) restarts a job that was given
    up, and resumes any other; a fax that came in is routed again. Fails: ERROR_INVALID_PARAMETER (NULL, no such job or
    command, a JobEntry that is none, a job that cannot do it), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        from winfax.job_entries import delete, go_on, id_of

        server = server_of(FaxHandle)
        if JobEntry is not None and not isinstance(JobEntry, FAX_JOB_ENTRY):
            raise bad_parameter("JobEntry is no FAX_JOB_ENTRY")
        match Command:
            case c.JC_DELETE:
                delete(server, JobId)
            case c.JC_PAUSE:
                server.client.hold(id_of(JobId))
            case c.JC_RESUME:
                go_on(server, JobId)
            case _:
                raise bad_parameter(f"{Command} is no command for a job")

    return done(act)


def FaxGetPageData(FaxHandle: Handle, JobId: int) -> tuple[bool, FaxBuffer | None, int, int, int]:
    """``ok, Buffer, BufferSize, ImageWidth, ImageHeight``: the first page of an outgoing job as a TIFF of Class F, in
    Group 4. Right: to be its owner, or FAX_JOB_QUERY.

    Waits while the document is being prepared, two minutes at most. Fails: ERROR_INVALID_PARAMETER (NULL, no such job),
    ERROR_ACCESS_DENIED, ERROR_INVALID_DATA (it is no outgoing fax, or there are no pages to show).
    """

    def act() -> tuple[FaxBuffer, int, int]:
        from winfax.job_entries import prepared

        server = server_of(FaxHandle)
        job = prepared(server, JobId)
        first = job.pages[0]
        return FaxBuffer(server.client.first_page(job.id)), first.width, first.rows

    found = attempt(act, {Cause.WRONG_STATE: c.ERROR_INVALID_DATA})
    if found is None:
        return False, None, 0, 0, 0
    return True, found[0], len(found[0]), found[1], found[2]
