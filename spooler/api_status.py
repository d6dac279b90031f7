"""The server at a glance."""

from __future__ import annotations

from fastapi import Request, Response

from fax.types import Status
from spooler import VERSION, store_events, store_jobs
from spooler.api_common import Routes, answer
from spooler.daemon import Daemon


def routes(daemon: Daemon) -> Routes:
    routes = Routes()

    @routes.request("GET", "/v1/status", gives=Status)
    async def status(request: Request) -> Response:
        """Version, ports, number of jobs by state, free space, troubles."""
        health = daemon.health.state
        return answer(
            Status(
                version=VERSION,
                ports=daemon.dispatcher.shown_ports(),
                jobs=await daemon.store.run(store_jobs.counts),
                spool=str(daemon.spool.root),
                free_octets=health.free_octets,
                cursor=await daemon.store.run(store_events.latest),
                troubles=(*health.troubles, *daemon.archive.troubles),
            )
        )

    return routes
