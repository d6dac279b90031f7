"""Every endpoint says in one table who may use it, and the gate holds it to that."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts

from fax.access import FAX_ALL_ACCESS, NONE
from fax.errors import Cause, RequestError
from spooler.access import Caller
from spooler.access_table import RULES
from spooler.api import application
from spooler.daemon import Daemon
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store


async def nobody(request: Request) -> Caller:
    raise RequestError(Cause.NOT_AUTHENTICATED, "Who are you?")


async def _application(folder: Path) -> FastAPI:
    spool = Spool(folder)
    spool.prepare(None)
    store = Store(spool.database)
    try:
        daemon = Daemon(Settings(spool=folder), spool, store)
        daemon.callers.of = nobody  # type: ignore[method-assign]
        return application(daemon)
    finally:
        store.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return asyncio.run(_application(tmp_path_factory.mktemp("spool")))


def endpoints(app: FastAPI) -> set[str]:
    found = set()
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            found |= {f"{method} {context.path}" for method in context.methods or ()}
        else:
            # The description of the API; nothing else may stand beside the gate.
            assert context.path == "/v1/openapi.json"
    return found


def refused(app: FastAPI, endpoint: str) -> tuple[int, str]:
    """Status and text of the answer to an empty request."""
    method, path = endpoint.split(" ")
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": re.sub(r"{[^}]+}", "7", path),
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "state": {"peer": None},
    }
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])["title"]


def test_the_table_names_every_endpoint_and_no_other(api: FastAPI) -> None:
    assert endpoints(api) == set(RULES)


def test_no_endpoint_answers_somebody_unknown(api: FastAPI) -> None:
    for endpoint in RULES:
        assert refused(api, endpoint) == (401, "Who are you?"), endpoint


def test_an_endpoint_that_the_table_does_not_name_is_closed(api: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    for endpoint in list(RULES):
        with monkeypatch.context() as patch:
            patch.delitem(RULES, endpoint)
            assert endpoint in endpoints(api) - set(RULES)
            assert refused(api, endpoint) == (403, f"{endpoint} is closed: nothing says who may use it")


def test_what_changes_more_than_one_s_own_needs_a_right() -> None:
    for endpoint, rule in RULES.items():
        assert rule.right & ~FAX_ALL_ACCESS == NONE
        assert rule.others & ~FAX_ALL_ACCESS == NONE
        if not endpoint.startswith("GET "):
            assert rule.right or rule.others or rule.admin, f"{endpoint} changes something and needs no right"
