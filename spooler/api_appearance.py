"""What a fax looks like before it goes out: its pages as pictures, and the cover page that somebody chooses for it.

What always holds: a picture is made of the very page that goes out, checked against its digest; a cover page is
changed only as long as nothing of the fax has been sent, and one that cannot be drawn is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from fastapi import Request, Response

from fax.errors import Cause, RequestError
from fax.types import CoverPage, Job
from spooler import access, store_jobs, store_pages, store_received
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.admission import admit_cover
from spooler.api_common import Octets, Parameter, Routes, answer, body_of, number_in
from spooler.api_jobs import job_whole
from spooler.daemon import Daemon
from spooler.pages import picture_of
from spooler.planning import master_file
from spooler.store import Transaction
from spooler.store_access import audit_job
from spooler.store_pages import OutgoingPage

PNG = "image/png"
BOX = 2
BOX_MOST = 16


def routes(daemon: Daemon) -> Routes:
    routes = Routes()

    async def change(request: Request, id: int, cover: CoverPage | None, allow: Callable[[Job], None]) -> Response:
        who = who_asks(request)

        def look(tx: Transaction) -> Job:
            access.check_change(who, store_jobs.row(tx, id).user, id)
            return job_whole(tx, id)

        job = await daemon.store.run(look)
        await asyncio.to_thread(allow, job)

        def work(tx: Transaction) -> Job:
            owner = store_jobs.row(tx, id).user
            access.check_change(who, owner, id)
            store_jobs.set_cover(tx, id, cover)
            audit_job(tx, who, "given a cover page" if cover else "left without a cover page", id, owner)
            return job_whole(tx, id)

        return answer(access.shown_to(who, daemon.dispatcher.explained(await daemon.store.run(work))))

    def drawable(cover: CoverPage, job: Job) -> None:
        """Raises CoverPageError."""
        order = store_pages.CoverOrder(
            job=job.id,
            cover=cover,
            recipient=job.recipient,
            sender=job.sender,
            resolution=job.resolution,
            title=job.title,
            document_pages=(job.pages_total or 0) - (job.cover is not None),
            user=job.user,
            billing_code=job.billing_code,
            priority=job.priority,
        )
        daemon.covers.draw(order, datetime.now(UTC))

    @routes.request("PUT", "/v1/jobs/{id:int}/cover", gives=Job, takes=CoverPage)
    async def set_cover(request: Request, id: int) -> Response:
        """Have this cover page on a fax of which nothing has been sent yet."""
        cover = await body_of(request, CoverPage)
        admit_cover(cover, daemon.live.configuration)
        return await change(request, id, cover, partial(drawable, cover))

    @routes.request("DELETE", "/v1/jobs/{id:int}/cover", gives=Job)
    async def remove_cover(request: Request, id: int) -> Response:
        """Have no cover page on a fax of which nothing has been sent yet."""
        return await change(request, id, None, lambda job: None)

    @routes.request(
        "GET",
        "/v1/jobs/{id:int}/pages/{page:int}.png",
        gives=Octets(PNG),
        parameters=(Parameter("box", int, f"So many pixels across become one (1 to {BOX_MOST}, default {BOX})"),),
    )
    async def picture(request: Request, id: int, page: int) -> Response:
        """A page as it goes out, as a PNG in the shape that it has on paper."""
        box = number_in(request, "box", BOX, 1, BOX_MOST)
        found = await daemon.store.run(partial(_page, id=id, number=page, who=who_asks(request), daemon=daemon))
        return Response(await asyncio.to_thread(picture_of, found, daemon.spool.root, box), media_type=PNG)

    return routes


def _page(tx: Transaction, id: int, number: int, who: Caller, daemon: Daemon) -> OutgoingPage:
    about = store_jobs.row(tx, id)
    access.check_see(who, store_received.owner_for(tx, about, who), id)
    pages = store_pages.outgoing(tx, id, master_file(about.master, daemon.spool))
    for page in pages:
        if page.number == number:
            return page
    text = f"Job {id} has no page {number}" if pages else f"The pages of job {id} are not prepared"
    raise RequestError(Cause.WRONG_STATE, text)
