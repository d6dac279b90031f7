"""What the API says of itself is what it does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from fax.types import Job, Status, Submission
from spooler.api import NOUNS, application
from spooler.api_common import Routes, components
from spooler.daemon import Daemon
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store
from tests.spooler.described import Described
from tests.spooler.rig import REPORT, Rig, wait_for


@pytest.fixture(scope="module")
def described(shared_rig: Rig) -> Described:
    return Described(shared_rig.socket)


async def _routes(folder: Path) -> list[APIRoute]:
    spool = Spool(folder)
    spool.prepare(None)
    store = Store(spool.database)
    try:
        daemon = Daemon(Settings(spool=folder), spool, store)
        assert application(daemon).openapi_url == "/v1/openapi.json"
        nouns: list[Routes] = [noun.routes(daemon) for noun in NOUNS]
        return [route for noun in nouns for route in noun.routes if isinstance(route, APIRoute)]
    finally:
        store.close()


def test_every_request_is_described_with_what_it_takes_and_gives(tmp_path: Path, described: Described) -> None:
    routes = asyncio.run(_routes(tmp_path))
    of_routes = {(method, route.path_format) for route in routes for method in route.methods or ()}
    assert set(described.operations()) == of_routes
    for method, path in described.operations():
        operation = described.openapi["paths"][path][method.lower()]
        assert operation["description"], f"{method} {path} says nothing"
        done = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
        assert done, f"{method} {path} names no answer"
        assert all("content" in answer or code == "204" for code, answer in operation["responses"].items()), path
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert "422" not in operation["responses"], "nothing is checked but by our own types"


def test_every_schema_is_one_and_every_reference_leads_to_one(described: Described) -> None:
    named = described.openapi["components"]["schemas"]
    for schema in named.values():
        Draft202012Validator.check_schema(schema)

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(part) for part in value.values()))
        return set().union(*(references(part) for part in value)) if isinstance(value, list) else set()

    assert references(described.openapi) <= {f"#/components/schemas/{name}" for name in named}


@pytest.mark.parametrize("type", [Job, Status, Submission])
def test_the_types_are_described_field_by_field(described: Described, type: Any) -> None:
    said = described.openapi["components"]["schemas"][type.__name__]["properties"]
    assert list(said) == list(type.__dataclass_fields__)
    assert json.loads(json.dumps(components([type])[type.__name__]["properties"])) == said


def test_real_answers_are_what_the_description_says(shared_rig: Rig, described: Described) -> None:
    ask = described.ask
    document = ask("POST", "/v1/documents", REPORT.read_bytes(), X_Document_Name="report.pdf")["id"]
    assert ask("POST", "/v1/documents", b"", X_Document_Name="empty.pdf")["type"] == "document-empty"
    cover = {"template": "default", "subject": "Hello"}
    recipient = {"number": "5552001", "name": "Bob", "password": "secret"}
    submission = {
        "documents": [document],
        "recipients": [recipient, {}],
        "cover": cover,
        "schedule": {"action": "at", "at": "2040-01-01T00:00:00Z"},
        "report": {"kind": "email", "address": "ann@example.org"},
    }
    (first, second) = ask("POST", "/v1/submissions", submission, Idempotency_Key="k")["jobs"]
    assert ask("POST", "/v1/submissions", submission, Idempotency_Key="k")["jobs"] == [first, second]
    wait_for(lambda: ask("GET", f"/v1/jobs/{first}")["state"] == "waiting", "preparation")
    assert [job["id"] for job in ask("GET", "/v1/jobs")] == [first, second]
    assert ask("POST", f"/v1/jobs/{second}/address", {"number": "5552002"})["state"] == "waiting"
    assert ask("POST", f"/v1/jobs/{first}/hold")["state"] == "held"
    assert ask("POST", f"/v1/jobs/{first}/resume")["state"] == "waiting"
    assert ask("POST", f"/v1/jobs/{first}/resume")["status"] == 409
    assert ask("POST", f"/v1/jobs/{first}/cancel")["ended"] is not None
    assert ask("POST", f"/v1/jobs/{first}/restart")["state"] == "waiting"
    assert ask("POST", f"/v1/jobs/{first}/resend", Idempotency_Key="r")["type"] == "wrong-state"
    ask("POST", f"/v1/jobs/{first}/cancel")
    third = ask("POST", f"/v1/jobs/{first}/resend", Idempotency_Key="r")["id"]
    assert ask("POST", f"/v1/jobs/{first}/resend", Idempotency_Key="r")["id"] == third
    assert ask("DELETE", f"/v1/jobs/{third}")["type"] == "wrong-state"
    assert ask("DELETE", f"/v1/jobs/{first}")["id"] == first
    assert ask("GET", f"/v1/jobs/{first}")["status"] == 404
    ask("POST", f"/v1/jobs/{third}/cancel")
    ask("GET", f"/v1/jobs/{second}/pages")
    ask("GET", "/v1/events")
    assert ask("GET", "/v1/jobs/999999")["type"] == "no-such-job"
    assert ask("GET", "/v1/status")["jobs"]["cancelled"] == 1


def test_a_body_of_the_description_is_one_that_is_read(described: Described) -> None:
    """The schema allows what the daemon takes and refuses what it refuses."""
    schema = {"$ref": "#/components/schemas/Submission", "components": described.openapi["components"]}
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"documents": ["0" * 64], "recipients": [{"number": "1"}], "priority": "high"})
    for wrong in ({}, {"documents": [1], "recipients": []}, {"documents": [], "recipients": [], "priority": "most"}):
        assert not validator.is_valid(wrong)
        assert described.ask("POST", "/v1/submissions", wrong)["type"] == "bad-request"
