"""Call records: in parts as JSON, or all of them as CSV.

What always holds: who may not see everybody's faxes is given the calls with a fax of their own, and nothing of others'
in them; however many there are, few are in memory at a time.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

import msgspec
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from fax.archive import Direction
from fax.records import RecordPage
from spooler import access, records_csv, store_records
from spooler.access_table import who_asks
from spooler.api_common import LIST_LIMIT, LIST_MOST, Octets, Parameter, Routes, answer, number_in, time_of, value_in
from spooler.daemon import Daemon
from spooler.store_records import Place, Wanted

CSV = "text/csv"
_AT_ONCE = 500
_QUERY = (
    Parameter("since", datetime, "Calls that began at this time (RFC 3339) or later"),
    Parameter("until", datetime, "Before this time"),
    Parameter("port", str, "Over this line only"),
    Parameter("user", str, "With a fax of this user only"),
    Parameter("direction", Direction, "Made (sent) or answered (received)"),
)


def _wanted(request: Request) -> Wanted:
    """Raises RequestError."""
    who, user = who_asks(request), request.query_params.get("user")
    if user is not None:
        access.check_see_all(who, user)
    return Wanted(
        since=value_in(request, "since", time_of),
        until=value_in(request, "until", time_of),
        port=request.query_params.get("port"),
        direction=value_in(request, "direction", Direction),
        user=user,
        owner=access.seen_user(who),
    )


def _mark(place: Place) -> str:
    return urlsafe_b64encode(msgspec.json.encode([place.began, place.id])).decode()


def _place(text: str) -> Place:
    """Raises ValueError."""
    try:
        began, id = msgspec.json.decode(urlsafe_b64decode(text), type=tuple[datetime, int])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    if began.tzinfo is None or abs(id) >= 1 << 63:
        raise ValueError("no place of a list")
    return Place(began, id)


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store = daemon.store

    @routes.request(
        "GET",
        "/v1/records",
        gives=RecordPage,
        parameters=(
            *_QUERY,
            Parameter("after", str, "Where the last part ended: its next"),
            Parameter("limit", int, f"At most so many (default {LIST_LIMIT})"),
        ),
    )
    async def records(request: Request) -> Response:
        """Records of calls, oldest first, in parts."""
        work = partial(
            store_records.part,
            wanted=_wanted(request),
            after=value_in(request, "after", _place),
            limit=number_in(request, "limit", LIST_LIMIT, 1, LIST_MOST),
        )
        found, next = await store.run(work)
        return answer(RecordPage(records=tuple(found), next=None if next is None else _mark(next)))

    @routes.request("GET", "/v1/records.csv", gives=Octets(CSV), parameters=_QUERY)
    async def records_as_csv(request: Request) -> Response:
        """All of them, oldest first, as CSV (docs/records.md)."""
        wanted = _wanted(request)

        async def parts() -> AsyncIterator[str]:
            yield records_csv.header()
            after: Place | None = None
            while True:
                work = partial(store_records.part, wanted=wanted, after=after, limit=_AT_ONCE)
                found, after = await store.run(work)
                yield "".join(records_csv.line(record) for record in found)
                if after is None:
                    return

        return StreamingResponse(parts(), media_type=f"{CSV}; charset=utf-8")

    return routes
