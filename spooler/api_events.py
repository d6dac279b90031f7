"""The stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from fax.access import Right
from fax.errors import RequestError
from spooler import access, store_events, store_received
from spooler.access_table import gate, who_asks
from spooler.api_common import Octets, Parameter, Routes, flag_in, number_in
from spooler.daemon import Daemon
from spooler.events import Sight, follow

LINES = "application/x-ndjson"


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    let_through = gate(daemon.callers.of)

    @routes.request(
        "GET",
        "/v1/events",
        gives=Octets(LINES),
        parameters=(
            Parameter("after", int, "Events after this cursor only"),
            Parameter("follow", bool, "Stay, and give events as they happen; an empty line every 15 s"),
            Parameter("job", int, "Events of this job only"),
        ),
    )
    async def events(request: Request) -> Response:
        """Events in order, one ``Event`` a line."""
        stay = flag_in(request, "follow")
        job = number_in(request, "job", 0, 1, (1 << 31) - 1) or None
        owner = ""
        if job is not None:
            owner = await daemon.store.run(partial(store_received.owner_of, id=job, who=who_asks(request)))
        _sight(request, job, owner)
        after = number_in(request, "after", 0, 0, 1 << 62)
        await daemon.store.run(partial(store_events.check_cursor, after=after))

        async def sight() -> Sight | None:
            with suppress(RequestError):
                await let_through(request)
                return _sight(request, job, owner)
            return None

        lines: AsyncIterator[bytes] = follow(daemon.news, daemon.store, after=after, sight=sight, job=job, stay=stay)
        return StreamingResponse(lines, media_type=LINES)

    return routes


def _sight(request: Request, job: int | None, owner: str) -> Sight:
    """What who asks may see, of all or of the job that is ``owner``'s. Raises RequestError."""
    who = who_asks(request)
    if job is not None:
        access.check_see(who, owner, job)
    return Sight(user=access.seen_user(who), lines=who.has(Right.PORT_QUERY))
