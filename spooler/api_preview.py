"""Page one of a fax exactly as it will go out, for the recipient and the cover page that a person is about to choose.

What always holds: the header line and the cover are drawn by what draws them in a call, with the time of asking in the
place of the call's; nothing is changed by looking.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

from fastapi import Request, Response

from codec.operations import to_png
from codec.page import Page
from fax.covers import PagePreview
from fax.errors import Cause, RequestError
from fax.types import Job
from modem.t30.supply import headed
from spooler import access, store_jobs, store_pages, store_received
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.admission import admit_cover
from spooler.api_appearance import BOX, BOX_MOST, PNG
from spooler.api_common import Octets, Parameter, Routes, body_of, number_in
from spooler.api_jobs import job_whole
from spooler.daemon import Daemon
from spooler.pages import read_page
from spooler.planning import header_for, master_file
from spooler.store import Transaction
from spooler.store_pages import OutgoingPage


def routes(daemon: Daemon) -> Routes:
    routes = Routes()

    @routes.request(
        "POST",
        "/v1/jobs/{id:int}/preview",
        gives=Octets(PNG),
        takes=PagePreview,
        parameters=(Parameter("box", int, f"So many pixels across become one (1 to {BOX_MOST}, default {BOX})"),),
    )
    async def preview(request: Request, id: int) -> Response:
        """Page one as it would go out to this recipient with this cover page or none, as PNG; nothing is changed."""
        box = number_in(request, "box", BOX, 1, BOX_MOST)
        wanted = await body_of(request, PagePreview)
        if wanted.cover is not None:
            admit_cover(wanted.cover, daemon.live.configuration)
        job, page = await daemon.store.run(partial(_found, id=id, who=who_asks(request), daemon=daemon))
        work = partial(_drawn, daemon, job, page, wanted, datetime.now(UTC))
        return Response(to_png(await asyncio.to_thread(work), box), media_type=PNG)

    return routes


def _found(tx: Transaction, id: int, who: Caller, daemon: Daemon) -> tuple[Job, OutgoingPage]:
    """The job, and the first page of its document."""
    about = store_jobs.row(tx, id)
    access.check_see(who, store_received.owner_for(tx, about, who), id)
    job = job_whole(tx, id)
    cover_pages = 0 if job.cover is None else 1
    for page in store_pages.outgoing(tx, id, master_file(about.master, daemon.spool)):
        if page.number > cover_pages:
            return job, page
    raise RequestError(Cause.WRONG_STATE, f"The pages of job {id} are not prepared")


def _drawn(daemon: Daemon, job: Job, first: OutgoingPage, wanted: PagePreview, now: datetime) -> Page:
    """Raises CoverPageError, ServerError."""
    total = (job.pages_total or 0) - (job.cover is not None)
    if wanted.cover is None:
        page = read_page(first, daemon.spool.root)
    else:
        order = store_pages.CoverOrder(
            job=job.id,
            cover=wanted.cover,
            recipient=wanted.recipient,
            sender=job.sender,
            resolution=job.resolution,
            title=job.title,
            document_pages=total,
            user=job.user,
            billing_code=job.billing_code,
            priority=job.priority,
        )
        cover = daemon.covers.draw(order, now)
        page, total = cover.pages[0], total + len(cover.pages)
    header = header_for(job.tsid, job.sender, wanted.recipient, total, daemon.live.configuration, now)
    return page if header is None else headed(page, header)
