"""Jobs: shown, listed, and changed by people.

What always holds: who may not see a job is told so whatever is asked of it; a change is answered with the job as it
stands after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from fastapi import Request, Response
from starlette.responses import FileResponse

from fax.errors import Cause, RequestError
from fax.types import Job, JobState, JobType, Recipient
from modem.outcome import Cause as CallCause
from modem.received import FETCHED_NAME
from spooler import (
    access,
    store_addressing,
    store_calls,
    store_deliveries,
    store_jobs,
    store_pages,
    store_received,
    store_submissions,
)
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.admission import admit_recipients
from spooler.api_common import (
    LISTED,
    Octets,
    Parameter,
    Routes,
    answer,
    body_of,
    number_in,
    part_in,
    time_of,
    value_in,
    values_in,
)
from spooler.api_files import made
from spooler.daemon import Daemon
from spooler.pages import write_pages
from spooler.planning import master_file
from spooler.store import Transaction
from spooler.store_access import audit_job
from spooler.submission import checked_recipient, checked_recipients

PAGES_MOST = 1 << 31
TIFF = "image/tiff"


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store = daemon.store

    async def change(request: Request, id: int, done: str, act: Callable[[Transaction, int], object]) -> Response:
        who = who_asks(request)

        def work(tx: Transaction) -> Job:
            owner = store_jobs.row(tx, id).user
            access.check_change(who, owner, id)
            act(tx, id)
            audit_job(tx, who, done, id, owner)
            return job_whole(tx, id)

        return answer(access.shown_to(who, daemon.dispatcher.explained(await store.run(work))))

    @routes.request(
        "GET",
        "/v1/jobs",
        gives=list[Job],
        parameters=(
            Parameter("state", list[JobState], "Jobs in this state, or one of these, only"),
            Parameter("submission", str, "Jobs of this submission only"),
            Parameter("user", str, "Jobs of this user only"),
            Parameter("type", JobType, "Jobs of this type only"),
            Parameter("since", datetime, "Jobs made at this time (RFC 3339) or later only"),
            *LISTED,
        ),
    )
    async def jobs(request: Request) -> Response:
        """Jobs, oldest first, without their pages and calls."""
        who = who_asks(request)
        user = request.query_params.get("user", access.seen_user(who))
        if user is not None:
            access.check_see_all(who, user)
        query = partial(
            store_jobs.selected,
            user=user,
            states=values_in(request, "state", JobState),
            submission=request.query_params.get("submission"),
            type=value_in(request, "type", JobType),
            since=value_in(request, "since", time_of),
            **part_in(request),
        )
        found = await store.run(query)
        # Neither the store nor the loop is held up by a long list.
        jobs = await asyncio.to_thread(lambda: [store_jobs.job_of(about) for about in found])
        return answer([daemon.dispatcher.explained(job) for job in jobs])

    @routes.request("GET", "/v1/jobs/{id:int}", gives=Job)
    async def show(request: Request, id: int) -> Response:
        """A job with its pages and calls."""
        work = partial(job_shown, id=id, who=who_asks(request))
        return answer(daemon.dispatcher.explained(await store.run(work)))

    @routes.request(
        "GET",
        "/v1/jobs/{id:int}/pages",
        gives=Octets(TIFF),
        parameters=(Parameter("count", int, "So many from the first on; not of what was fetched"),),
    )
    async def pages(request: Request, id: int) -> Response:
        """The pages as they go out, as TIFF-F; of a job that fetched a document, those that came in."""
        who = who_asks(request)
        if (fetched := await store.run(partial(_fetched, id=id, who=who, daemon=daemon))) is not None:
            return FileResponse(fetched, media_type=TIFF)
        count = number_in(request, "count", PAGES_MOST, 1, PAGES_MOST)
        found = (await store.run(partial(_pages, id=id, who=who, daemon=daemon)))[:count]
        write = partial(write_pages, found, daemon.spool.root)
        return await made(daemon.spool, write, "pages.tif", TIFF)

    @routes.request("POST", "/v1/jobs/{id:int}/cancel", gives=Job)
    async def cancel(request: Request, id: int) -> Response:
        """Cancel a job; a call that is under way is ended."""
        who = who_asks(request)

        def work(tx: Transaction) -> tuple[str | None, Job]:
            # Who handed a fax over for another can take it back: CUPS cancels a print job while its backend submits.
            about = store_jobs.row(tx, id)
            owner = store_received.sole_owner_for(tx, about, who)
            access.check_change(who, owner, id, store_submissions.submitter_of(tx, id))
            audit_job(tx, who, "cancelled", id, owner)
            if about.type in store_received.INBOUND:
                store_deliveries.cancel(tx, id)
                return None, job_whole(tx, id)
            return store_jobs.cancel(tx, id), job_whole(tx, id)

        call, job = await store.run(work)
        if call is not None:
            daemon.dispatcher.cancel_call(call)
        return answer(access.shown_to(who, job))

    @routes.request("POST", "/v1/jobs/{id:int}/hold", gives=Job)
    async def hold(request: Request, id: int) -> Response:
        """Let a job wait until it is resumed; one that is in a call, when it comes back from it."""
        return await change(request, id, "held", store_jobs.hold)

    @routes.request("POST", "/v1/jobs/{id:int}/resume", gives=Job)
    async def resume(request: Request, id: int) -> Response:
        """Let a held job go on."""
        return await change(request, id, "resumed", store_jobs.resume)

    @routes.request("POST", "/v1/jobs/{id:int}/address", gives=Job, takes=Recipient)
    async def address(request: Request, id: int) -> Response:
        """Name the recipient of a job that is not in a call and has not ended."""
        recipient = checked_recipient(await body_of(request, Recipient), daemon.settings.dialling)
        if recipient.number is None:
            raise RequestError(Cause.BAD_NUMBER, "The recipient has no number")
        return await change(request, id, "addressed", lambda tx, id: store_jobs.address(tx, id, recipient))

    @routes.request("POST", "/v1/jobs/{id:int}/addresses", gives=list[Job], takes=list[Recipient])
    async def address_all(request: Request, id: int) -> Response:
        """Name the recipients of a job that waits for its first one: one job for each, of which this is the first."""
        recipients = checked_recipients(await body_of(request, list[Recipient]), daemon.settings.dialling)
        admit_recipients(len(recipients), daemon.live.configuration)
        who = who_asks(request)

        def work(tx: Transaction) -> list[Job]:
            owner = store_jobs.row(tx, id).user
            access.check_change(who, owner, id)
            made = store_addressing.address_all(tx, id, recipients)
            for job in made:
                audit_job(tx, who, "addressed", job, owner)
            return [job_whole(tx, job) for job in made]

        found = await store.run(work)
        return answer([access.shown_to(who, daemon.dispatcher.explained(job)) for job in found])

    return routes


def job_shown(tx: Transaction, id: int, who: Caller) -> Job:
    """The job with its pages and calls. Raises RequestError."""
    access.check_see(who, store_received.owner_for(tx, store_jobs.row(tx, id), who), id)
    return job_whole(tx, id)


def job_whole(tx: Transaction, id: int) -> Job:
    """The job with its pages and calls, whoever asks. Raises RequestError NO_SUCH_JOB."""
    about = store_jobs.row(tx, id)
    pages = store_pages.outgoing(tx, id)
    job = replace(
        store_jobs.job_of(about), pages=tuple(page.shown() for page in pages), calls=store_calls.calls_of(tx, id)
    )
    return store_received.completed(tx, job)


def _fetched(tx: Transaction, id: int, who: Caller, daemon: Daemon) -> Path | None:
    """The document that the job fetched; None: it is no such job. Raises RequestError WRONG_STATE before it has."""
    about = store_jobs.row(tx, id)
    access.check_see(who, store_received.owner_for(tx, about, who), id)
    if about.poll is None:
        return None
    for call in reversed(store_calls.calls_of(tx, id)):
        path = daemon.spool.call(call.id) / FETCHED_NAME
        if call.cause == CallCause.OK.value and path.exists():
            return path
    raise RequestError(Cause.WRONG_STATE, f"Job {id} has not fetched anything")


def _pages(tx: Transaction, id: int, who: Caller, daemon: Daemon) -> list[store_pages.OutgoingPage]:
    about = store_jobs.row(tx, id)
    access.check_see(who, store_received.owner_for(tx, about, who), id)
    found = store_pages.outgoing(tx, id, master_file(about.master, daemon.spool))
    if not found:
        raise RequestError(Cause.WRONG_STATE, f"The pages of job {id} are not prepared")
    return found
