"""What each endpoint of the API needs: one table, and the gate that holds every request against it.

What always holds: a request reaches its endpoint only after the gate has let it through; an endpoint that the table
does not name is closed to everybody; ``request.state.who`` is who asks, for endpoints that look at owners.

A new endpoint gets a line in ``RULES``. ``needs(RIGHT)``: the gate asks for it. ``owners(see=..., change=...)``: whose
fax it is decides, and the endpoint asks with ``access.check_see`` and ``access.check_change``. ``ANYBODY``: whoever is
known to the server. ``ADMINISTRATOR``: for administrators only, whatever rights others have been granted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from fax.access import NONE, Right
from fax.errors import Cause, RequestError
from spooler import access
from spooler.access import Caller


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``right``: needed of everybody. ``others``: needed where it is not one's own. ``admin``: for administrators."""

    right: Right = NONE
    others: Right = NONE
    admin: bool = False


def needs(right: Right) -> Rule:
    return Rule(right=right)


def owners(right: Right) -> Rule:
    """One's own without a right, another's with ``right``."""
    return Rule(others=right)


ANYBODY = Rule()
ADMINISTRATOR = Rule(admin=True)

RULES: dict[str, Rule] = {
    "GET /v1/status": ANYBODY,
    "POST /v1/documents": needs(Right.JOB_SUBMIT),
    "POST /v1/submissions": needs(Right.JOB_SUBMIT),
    "GET /v1/jobs": owners(Right.JOB_QUERY),
    "GET /v1/jobs/{id:int}": owners(Right.JOB_QUERY),
    "GET /v1/jobs/{id:int}/pages": owners(Right.JOB_QUERY),
    "GET /v1/jobs/{id:int}/pages/{page:int}.png": owners(Right.JOB_QUERY),
    "POST /v1/jobs/{id:int}/preview": owners(Right.JOB_QUERY),
    "PUT /v1/jobs/{id:int}/cover": owners(Right.JOB_MANAGE),
    "DELETE /v1/jobs/{id:int}/cover": owners(Right.JOB_MANAGE),
    "GET /v1/covers": ANYBODY,
    "GET /v1/cover-templates": ANYBODY,
    "GET /v1/cover-templates/files": ANYBODY,
    "PUT /v1/cover-templates": Rule(right=Right.JOB_SUBMIT, others=Right.CONFIG_SET),
    "DELETE /v1/cover-templates": Rule(right=Right.JOB_SUBMIT, others=Right.CONFIG_SET),
    "POST /v1/cover-templates/check": needs(Right.JOB_SUBMIT),
    "POST /v1/cover-templates/preview": needs(Right.JOB_SUBMIT),
    "POST /v1/cover-templates/pdf": needs(Right.JOB_SUBMIT),
    "POST /v1/jobs/{id:int}/cancel": owners(Right.JOB_MANAGE),
    "POST /v1/jobs/{id:int}/hold": owners(Right.JOB_MANAGE),
    "POST /v1/jobs/{id:int}/resume": owners(Right.JOB_MANAGE),
    "POST /v1/jobs/{id:int}/address": owners(Right.JOB_MANAGE),
    "POST /v1/jobs/{id:int}/addresses": Rule(right=Right.JOB_SUBMIT, others=Right.JOB_MANAGE),
    "POST /v1/jobs/{id:int}/restart": Rule(right=Right.JOB_SUBMIT, others=Right.JOB_MANAGE),
    "POST /v1/jobs/{id:int}/resend": Rule(right=Right.JOB_SUBMIT, others=Right.JOB_MANAGE),
    "DELETE /v1/jobs/{id:int}": owners(Right.JOB_MANAGE),
    "POST /v1/jobs/{id:int}/route": owners(Right.JOB_MANAGE),
    "GET /v1/inbox": owners(Right.JOB_QUERY),
    "GET /v1/jobs/{id:int}/report": owners(Right.JOB_QUERY),
    "GET /v1/jobs/{id:int}/report.pdf": owners(Right.JOB_QUERY),
    "GET /v1/mails": owners(Right.JOB_QUERY),
    "POST /v1/mails/{id:int}/retry": owners(Right.JOB_MANAGE),
    "DELETE /v1/mails/{id:int}": owners(Right.JOB_MANAGE),
    "POST /v1/mail/test": needs(Right.CONFIG_SET),
    "GET /v1/archive": owners(Right.JOB_QUERY),
    "GET /v1/archive/usage": ANYBODY,
    "GET /v1/archive/{id:int}": owners(Right.JOB_QUERY),
    "GET /v1/archive/{id:int}/pages": owners(Right.JOB_QUERY),
    "GET /v1/archive/{id:int}/pdf": owners(Right.JOB_QUERY),
    "POST /v1/archive/{id:int}/send-again": Rule(right=Right.JOB_SUBMIT, others=Right.JOB_QUERY),
    "POST /v1/archive/{id:int}/forward": Rule(right=Right.JOB_SUBMIT, others=Right.JOB_QUERY),
    "DELETE /v1/archive/{id:int}": owners(Right.JOB_MANAGE),
    "GET /v1/records": owners(Right.JOB_QUERY),
    "GET /v1/records.csv": owners(Right.JOB_QUERY),
    "GET /v1/events": owners(Right.JOB_QUERY),
    "GET /v1/numbers/check": ANYBODY,
    "GET /v1/access/check": ANYBODY,
    "GET /v1/access/grants": needs(Right.READ_CONTROL),
    "PUT /v1/access/grants": needs(Right.WRITE_DAC),
    "DELETE /v1/access/grants/{subject:path}": needs(Right.WRITE_DAC),
    "GET /v1/access/tokens": owners(Right.WRITE_DAC),
    "POST /v1/access/tokens": needs(Right.WRITE_DAC),
    "DELETE /v1/access/tokens/{id:int}": owners(Right.WRITE_DAC),
    "GET /v1/access/passwords": owners(Right.WRITE_DAC),
    "PUT /v1/access/passwords/{user}": owners(Right.WRITE_DAC),
    "DELETE /v1/access/passwords/{user}": owners(Right.WRITE_DAC),
    "GET /v1/book/people": ANYBODY,
    "POST /v1/book/people": owners(Right.CONFIG_SET),
    "PUT /v1/book/people/{id:int}": owners(Right.CONFIG_SET),
    "DELETE /v1/book/people/{id:int}": owners(Right.CONFIG_SET),
    "GET /v1/book/groups": ANYBODY,
    "POST /v1/book/groups": owners(Right.CONFIG_SET),
    "PUT /v1/book/groups/{id:int}": owners(Right.CONFIG_SET),
    "DELETE /v1/book/groups/{id:int}": owners(Right.CONFIG_SET),
    "GET /v1/book/find": ANYBODY,
    "POST /v1/book/import": owners(Right.CONFIG_SET),
    "GET /v1/book/export": ANYBODY,
    "GET /v1/profile": ANYBODY,
    "PUT /v1/profile": needs(Right.JOB_SUBMIT),
    "GET /v1/audit": needs(Right.WRITE_DAC),
    "GET /v1/configuration": needs(Right.CONFIG_QUERY),
    "PUT /v1/configuration": needs(Right.CONFIG_SET),
    "PATCH /v1/configuration": needs(Right.CONFIG_SET),
    "GET /v1/log/categories": needs(Right.CONFIG_QUERY),
    "PUT /v1/log/categories": needs(Right.CONFIG_SET),
    "GET /v1/ports": needs(Right.PORT_QUERY),
    "GET /v1/ports/{id:int}": needs(Right.PORT_QUERY),
    "PATCH /v1/ports/{id:int}": needs(Right.PORT_SET),
    "POST /v1/ports/{id:int}/lease": needs(Right.PORT_SET),
    "DELETE /v1/ports/{id:int}/lease": needs(Right.PORT_SET),
    "GET /v1/ports/{id:int}/routing": needs(Right.PORT_QUERY),
    "PATCH /v1/ports/{id:int}/routing/{guid}": needs(Right.PORT_SET),
    "GET /v1/routing/methods": needs(Right.CONFIG_QUERY),
    "PATCH /v1/routing/methods/{guid}": needs(Right.CONFIG_SET),
    "GET /v1/routing/rules": needs(Right.CONFIG_QUERY),
    "PUT /v1/routing/rules": needs(Right.CONFIG_SET),
    "GET /v1/routing/extensions": needs(Right.CONFIG_QUERY),
    "POST /v1/routing/extensions": ADMINISTRATOR,
    "DELETE /v1/routing/extensions/{name}": ADMINISTRATOR,
    "POST /v1/routing/test": needs(Right.CONFIG_QUERY),
    "GET /v1/providers": needs(Right.PORT_QUERY),
    "POST /v1/providers": ADMINISTRATOR,
    "DELETE /v1/providers/{name}": ADMINISTRATOR,
    "GET /v1/statistics/ports": needs(Right.PORT_QUERY),
    "GET /v1/statistics/numbers": needs(Right.JOB_QUERY),
}


def endpoint(request: Request) -> str:
    """The endpoint that a request is for, as ``RULES`` names it."""
    path = getattr(request.scope.get("route"), "path", request.url.path)
    return f"{'GET' if request.method == 'HEAD' else request.method} {path}"


def gate(identify: Callable[[Request], Awaitable[Caller]]) -> Callable[[Request], Awaitable[None]]:
    """The dependency of every endpoint. ``identify`` says who asks and raises where nobody is known."""

    async def pass_through(request: Request) -> None:
        rule = RULES.get(endpoint(request))
        if rule is None:
            raise RequestError(Cause.NOT_ALLOWED, f"{endpoint(request)} is closed: nothing says who may use it")
        who = await identify(request)
        access.require(who, rule.right)
        if rule.admin:
            access.require_admin(who)
        request.state.who = who

    return pass_through


def who_asks(request: Request) -> Caller:
    """Behind the gate: who asks."""
    who = request.state.who
    assert isinstance(who, Caller)
    return who
