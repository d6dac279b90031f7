"""Telephone lines: shown, changed, leased.

What always holds: a line that is in use is not changed; nor is one that somebody else holds the lease of; what a line's
status says of a fax is shown to those only who may see the fax.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, get_type_hints

import msgspec
from fastapi import Request, Response
from starlette.responses import StreamingResponse

from fax.client_settings import LEASE_HEADER, LeaseGiven
from fax.errors import Cause, RequestError
from fax.ports import DeviceState, DeviceStatus, PortChange, PortInfo, PortStatistics
from fax.settings_check import bad_setting
from fax.types import CallId, Job, JobId, JobType
from spooler import access, store_jobs, store_statistics
from spooler.access import Caller
from spooler.access_table import gate, who_asks
from spooler.api_common import Octets, Parameter, Routes, answer, body_of
from spooler.daemon import Daemon
from spooler.dialling import destination
from spooler.numbers import NumberError
from spooler.port_status import PortNow
from spooler.store import Transaction
from spooler.store_ports import PortRecord, of_id

PULSE_S = 15.0
NUMBERS_LIMIT = 1000
_TYPES: dict[str, Any] = get_type_hints(PortChange)


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    let_through = gate(daemon.callers.of)
    live, store, leases = daemon.live, daemon.store, daemon.leases

    async def shown(record: PortRecord, who: Caller) -> PortInfo:
        port = daemon.dispatcher.ports.get(record.name)
        now = port.now() if port is not None else PortNow(state=DeviceState.OFFLINE, detail="", modem="")
        job = None if now.job is None else await store.run(partial(_job_or_none, id=now.job))
        provider = port.settings.provider if port is not None and port.settings is not None else ""
        return PortInfo(
            id=record.id,
            name=record.name,
            device=port.settings.device if port is not None and port.settings is not None else "",
            send=record.send,
            receive=record.receive,
            rings=record.rings,
            priority=record.priority,
            tsid=record.tsid,
            csid=record.csid,
            status=status_of(now, job, who),
            leased=leases.held(record.id),
            virtual=bool(provider),
            provider=provider,
        )

    @routes.request("GET", "/v1/ports", gives=list[PortInfo])
    async def ports(request: Request) -> Response:
        """Every line, in order of priority."""
        who = who_asks(request)
        return answer([await shown(record, who) for record in live.ports])

    @routes.request("GET", "/v1/ports/{id:int}", gives=PortInfo)
    async def port(request: Request, id: int) -> Response:
        """One line, and what it is doing."""
        return answer(await shown(of_id(live.ports, id), who_asks(request)))

    @routes.request(
        "PATCH",
        "/v1/ports/{id:int}",
        takes=PortChange,
        gives=PortInfo,
        parameters=(Parameter(LEASE_HEADER, str, "The lease that is held", "header"),),
    )
    async def change_port(request: Request, id: int) -> Response:
        """Change what is named; a priority shifts the other lines'."""
        who = who_asks(request)
        said = await body_of(request, dict[str, msgspec.Raw])
        changes: dict[str, Any] = {name: _value(name, raw) for name, raw in said.items()}
        record = of_id(live.ports, id)
        leases.check(id, request.headers.get(LEASE_HEADER))
        used = daemon.dispatcher.ports.get(record.name)
        if used is not None and used.in_use:
            raise RequestError(Cause.PORT_BUSY, f"Port {record.name} is in use; it can be changed after its call")
        after = await live.change_port(id, lambda known: replace(known, **changes), who)
        return answer(await shown(after, who))

    @routes.request("POST", "/v1/ports/{id:int}/lease", gives=Octets("application/x-ndjson"))
    async def lease_port(request: Request, id: int) -> Response:
        """Be the only one who may change this line, as long as this connection lives: one ``LeaseGiven``, then an empty
        line every 15 s."""
        of_id(live.ports, id)
        token = leases.take(id)
        return _Held(daemon, id, token, partial(let_through, request))

    @routes.request(
        "DELETE",
        "/v1/ports/{id:int}/lease",
        gives=None,
        status=204,
        parameters=(Parameter(LEASE_HEADER, str, "The lease that is held", "header"),),
    )
    async def end_lease(request: Request, id: int) -> Response:
        """Give a lease back; it has ended when this is answered."""
        token = request.headers.get(LEASE_HEADER, "")
        leases.check(id, token)
        leases.end(id, token)
        return Response(status_code=204)

    @routes.request("GET", "/v1/statistics/ports", gives=list[PortStatistics])
    async def port_statistics(request: Request) -> Response:
        """What went over each line."""
        return answer(await store.run(store_statistics.of_ports))

    @routes.request(
        "GET",
        "/v1/statistics/numbers",
        gives=list[PortStatistics],
        parameters=(Parameter("number", str, "Of this number only"),),
    )
    async def number_statistics(request: Request) -> Response:
        """What went to each number, most calls first."""
        number = request.query_params.get("number")
        try:
            wanted = None if number is None else destination(number, daemon.settings.dialling).number
        except NumberError as error:
            raise RequestError(Cause.BAD_NUMBER, str(error)) from error
        return answer(await store.run(partial(store_statistics.of_numbers, number=wanted, limit=NUMBERS_LIMIT)))

    return routes


class _Held(StreamingResponse):
    """The stream of a lease, which ends with it."""

    def __init__(self, daemon: Daemon, port: int, token: str, look: Callable[[], Awaitable[None]]) -> None:
        """``look``: whether its holder may still have it. Raises RequestError."""
        super().__init__(self._lines(daemon, port, token, look), media_type="application/x-ndjson")
        self._end = partial(daemon.leases.end, port, token)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()

    async def _lines(
        self, daemon: Daemon, port: int, token: str, look: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[bytes]:
        yield msgspec.json.encode(LeaseGiven(port=port, lease=token)) + b"\n"
        turn = daemon.news.next()
        while not daemon.news.closing:
            done, _ = await asyncio.wait([turn], timeout=PULSE_S)
            turn = daemon.news.next()
            try:
                await look()
            except RequestError:
                return
            if not done:
                yield b"\n"


def _value(name: str, raw: msgspec.Raw) -> object:
    if name not in _TYPES:
        raise bad_setting(name, "cannot be set of a port")
    try:
        value = msgspec.json.decode(raw, type=_TYPES[name])
    except msgspec.DecodeError as error:
        raise bad_setting(name, f"cannot be {bytes(raw).decode(errors='replace')[:100]}: {error}") from error
    if value is None:
        raise bad_setting(name, "cannot be null")
    return value


def _job_or_none(tx: Transaction, id: int) -> Job | None:
    """Jobs may be deleted at any time."""
    try:
        return store_jobs.job_of(store_jobs.row(tx, id))
    except RequestError:
        return None


def status_of(now: PortNow, job: Job | None, who: Caller) -> DeviceStatus:
    """What a line is doing, as far as ``who`` may see it."""
    idle = DeviceStatus(state=now.state, detail=now.detail, modem=now.modem)
    if now.call is None:
        receiving = now.state in (DeviceState.ANSWERED, DeviceState.RECEIVING)
        return replace(idle, job_type=JobType.RECEIVE, current_page=now.page) if receiving else idle
    if job is None or not access.may_see(who, job.user):
        return replace(idle, job_type=JobType.SEND, started=now.began, current_page=now.page)
    return replace(
        idle,
        csid=now.far_ident,
        current_page=now.page,
        document_name=job.title,
        job_type=JobType.SEND,
        phone_number=now.number,
        sender_name=job.sender.name,
        recipient_name=job.recipient.name,
        size=job.octets,
        started=now.began,
        submitted=job.created,
        total_pages=job.pages_total,
        tsid=now.tsid,
        user=job.user,
        job=JobId(job.id),
        call=CallId(now.call),
    )
