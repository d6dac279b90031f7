"""Documents, handed in octet by octet before the submission that names them."""

from __future__ import annotations

from urllib.parse import unquote

from fastapi import Request, Response

from fax.types import Document
from spooler.api_common import Octets, Parameter, Routes, answer, flag_of
from spooler.daemon import Daemon

TRANSIENT = Parameter(
    "X-Document-Transient",
    bool,
    "`true`: for the submission that follows at once, with which it is committed; until then a restart forgets it",
    "header",
)
NAME = Parameter("X-Document-Name", str, "The document's file name, percent-encoded", "header")


def routes(daemon: Daemon) -> Routes:
    routes = Routes()

    @routes.request(
        "POST",
        "/v1/documents",
        gives=Document,
        takes=Octets("application/octet-stream"),
        status=201,
        parameters=(NAME, TRANSIENT),
    )
    async def upload(request: Request) -> Response:
        """Take a document in: checked and on stable storage. The same octets again give the same id."""
        transient = flag_of(TRANSIENT.name, request.headers.get(TRANSIENT.name, "false"))
        name = unquote(request.headers.get("x-document-name", ""), errors="replace")
        return answer(await daemon.intake.receive(request.stream(), name, transient=transient), 201)

    return routes
