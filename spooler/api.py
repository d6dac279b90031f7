"""The HTTP API of docs/api.md: its nouns (``api_*.py``) put together, its errors, and its description.

What always holds: every answer is a value of ``fax.types`` or a problem document with a cause of ``fax.errors``;
``/v1/openapi.json`` describes every request; every request has passed the gate of ``access_table``, which says who may
use which endpoint; nothing here or in a noun waits for a disk or a child on the event loop.

Must not: hold rules of its own: numbers, rights and states are decided by ``submission``, ``access`` and the store.
"""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from fax.errors import Cause, FaxError, RequestError, ServerError
from spooler import (
    VERSION,
    api_access,
    api_again,
    api_appearance,
    api_archive,
    api_book,
    api_covers,
    api_credentials,
    api_documents,
    api_events,
    api_inbox,
    api_jobs,
    api_mail,
    api_numbers,
    api_ports,
    api_preview,
    api_records,
    api_registry,
    api_reports,
    api_routing,
    api_settings,
    api_status,
    api_submissions,
)
from spooler.access_table import gate
from spooler.api_common import Routes, components, problem
from spooler.daemon import Daemon

log = logging.getLogger(__name__)
# Each has a function ``routes(daemon)``.
NOUNS = (
    api_documents,
    api_submissions,
    api_jobs,
    api_status,
    api_again,
    api_appearance,
    api_preview,
    api_covers,
    api_reports,
    api_mail,
    api_events,
    api_numbers,
    api_book,
    api_access,
    api_credentials,
    api_settings,
    api_ports,
    api_inbox,
    api_routing,
    api_registry,
    api_archive,
    api_records,
)


def application(daemon: Daemon) -> FastAPI:
    """The API over the parts of ``daemon``."""
    app = FastAPI(
        title="Platen",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    nouns: list[Routes] = [noun.routes(daemon) for noun in NOUNS]
    let_through = gate(daemon.callers.of)
    for noun in nouns:
        noun.gate = let_through
        app.include_router(noun)
    app.openapi = lambda: _described(app, nouns)  # type: ignore[method-assign]

    @app.exception_handler(FaxError)
    async def refused(request: Request, error: FaxError) -> Response:
        return problem(error)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        text = f"{request.method} {request.url.path}: {error.detail}"
        return problem(RequestError(Cause.BAD_REQUEST, text), error.status_code)

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return problem(RequestError(Cause.BAD_REQUEST, "The request broke off"))

    @app.exception_handler(OSError)
    async def disk(request: Request, error: OSError) -> Response:
        log.error("%s %s: %s", request.method, request.url.path, error)
        return problem(ServerError(Cause.STORAGE, f"The fax server's disk fails: {error.strerror or error}"))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return problem(ServerError(Cause.INTERNAL, "The fax server failed; its log says why"))

    return app


def _described(app: FastAPI, nouns: list[Routes]) -> dict[str, Any]:
    """The API as OpenAPI, made once."""
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, routes=app.routes)
        types = {type for noun in nouns for type in noun.types}
        described["components"] = {"schemas": components(types)}
        app.openapi_schema = described
    return app.openapi_schema
