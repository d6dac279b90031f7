"""Faxes that came in: listed, and routed again.

What always holds: those see a fax whom it was routed to, and who may see everybody's; who may not learns nothing of it.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from fastapi import Request, Response

from fax.types import Job, JobType
from spooler import access, store_jobs, store_received
from spooler.access_table import who_asks
from spooler.api_common import LISTED, Parameter, Routes, answer, flag_in, part_in, time_of, value_in
from spooler.api_jobs import job_whole
from spooler.daemon import Daemon
from spooler.store import Transaction
from spooler.store_access import audit_job


def routes(daemon: Daemon) -> Routes:
    routes = Routes()

    @routes.request(
        "GET",
        "/v1/inbox",
        gives=list[Job],
        parameters=(
            Parameter("type", JobType, "Of this type only: receive, routing or fail-receive"),
            Parameter("since", datetime, "That came in at this time (RFC 3339) or later only"),
            *LISTED,
        ),
    )
    async def inbox(request: Request) -> Response:
        """Faxes that came in and that one may see, oldest first, without pages and deliveries."""
        query = partial(
            store_received.inbox,
            user=access.seen_user(who_asks(request)),
            type=value_in(request, "type", JobType),
            since=value_in(request, "since", time_of),
            **part_in(request),
        )
        return answer(await daemon.store.run(query))

    @routes.request(
        "POST",
        "/v1/jobs/{id:int}/route",
        gives=Job,
        parameters=(Parameter("failed", bool, "Only try again what failed or waits, under the ids that it has"),),
    )
    async def route(request: Request, id: int) -> Response:
        """Decide anew where a received fax goes, and deliver it there."""
        who, failed = who_asks(request), flag_in(request, "failed")

        def work(tx: Transaction) -> Job:
            owner = store_received.owner_for(tx, store_jobs.row(tx, id), who)
            access.check_change(who, owner, id)
            daemon.routing.route_again(tx, id, failed)
            audit_job(tx, who, "routed again", id, owner)
            return job_whole(tx, id)

        return answer(access.shown_to(who, await daemon.store.run(work)))

    return routes
