"""Rights: asked about, granted, taken away; and the audit of all changes."""

from __future__ import annotations

from functools import partial

from fastapi import Request, Response

from fax.access import FAX_ALL_ACCESS, NONE, AccessAnswer, Grant, GrantChange, Right, right_names
from fax.audit import AuditLine
from spooler import store_access
from spooler.access_table import who_asks
from spooler.api_common import LISTED, Parameter, Routes, answer, body_of, number_in, part_in
from spooler.daemon import Daemon


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store, callers = daemon.store, daemon.callers

    @routes.request(
        "GET",
        "/v1/access/check",
        gives=AccessAnswer,
        parameters=(Parameter("mask", int, "Rights asked about, as bits; none: only who the server takes one for"),),
    )
    async def access_check(request: Request) -> Response:
        """Whether the caller has all rights of a mask."""
        who = who_asks(request)
        wanted = Right(number_in(request, "mask", 0, 0, int(FAX_ALL_ACCESS)))
        missing = wanted & ~who.rights
        return answer(
            AccessAnswer(
                granted=missing == NONE,
                user=who.user,
                mask=int(who.rights),
                missing=right_names(missing),
                groups=tuple(sorted(who.groups)),
                administrator=who.admin,
                via=who.via,
            )
        )

    @routes.request("GET", "/v1/access/grants", gives=list[Grant])
    async def grants(request: Request) -> Response:
        """What has been granted to whom. Administrators, who have every right, are named in the settings' file."""
        return answer(await store.run(store_access.listed_grants))

    @routes.request("PUT", "/v1/access/grants", gives=Grant, takes=GrantChange)
    async def grant(request: Request) -> Response:
        """Let somebody have these rights and no others."""
        wanted = await body_of(request, GrantChange)
        work = partial(store_access.grant, who=who_asks(request), subject=wanted.subject, mask=wanted.mask)
        made = await store.run(work)
        await callers.load()
        return answer(made)

    @routes.request("DELETE", "/v1/access/grants/{subject:path}", gives=None, status=204)
    async def revoke(request: Request, subject: str) -> Response:
        """Take away what has been granted to somebody."""
        await store.run(partial(store_access.revoke, who=who_asks(request), subject=subject))
        await callers.load()
        return Response(status_code=204)

    @routes.request(
        "GET",
        "/v1/audit",
        gives=list[AuditLine],
        parameters=LISTED,
    )
    async def audit(request: Request) -> Response:
        """Who changed what, oldest first."""
        return answer(await store.run(partial(store_access.audit_lines, **part_in(request))))

    return routes
