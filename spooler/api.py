"""The HTTP API of docs/api.md: verbs and their answers, over the daemon's parts.

What always holds: every answer is a value of ``fax.types`` or a problem document with a cause of ``fax.errors``; who
asks is what the kernel says; nothing here waits for a disk or a child on the event loop.

Must not: hold rules of its own: numbers, rights and states are decided by ``submission``, ``access`` and the store.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, StreamingResponse

from fax.errors import Cause, FaxError, RequestError, ServerError
from fax.types import Job, JobState, Recipient, Status, Submission
from spooler import VERSION, access, store_calls, store_events, store_jobs, store_pages, store_submissions
from spooler.access import Caller
from spooler.daemon import Daemon
from spooler.events import follow
from spooler.pages import write_pages
from spooler.peer import Peer
from spooler.planning import master_file, render_cover
from spooler.store_pages import CoverOrder
from spooler.submission import check_key, checked, checked_recipient

log = logging.getLogger(__name__)
T = TypeVar("T")
BODY_LIMIT_OCTETS = 64 << 20
LIST_LIMIT = 1000
LIST_MOST = 100_000
STATUS_CODES = {
    Cause.BAD_REQUEST: 400,
    Cause.BAD_NUMBER: 400,
    Cause.COVER_PAGE: 400,
    Cause.NOT_ALLOWED: 403,
    Cause.NO_SUCH_JOB: 404,
    Cause.NO_SUCH_DOCUMENT: 404,
    Cause.WRONG_STATE: 409,
    Cause.DOCUMENT_TOO_LARGE: 413,
    Cause.DOCUMENT_EMPTY: 422,
    Cause.DOCUMENT_TYPE: 422,
    Cause.DOCUMENT_DAMAGED: 422,
    Cause.DOCUMENT_ENCRYPTED: 422,
    Cause.STORAGE: 507,
}


def problem(error: FaxError, status: int | None = None) -> Response:
    """The problem document (RFC 9457) for an error."""
    code = status or STATUS_CODES.get(error.cause, 500)
    body = {"type": error.cause.value, "title": error.text, "status": code, "detail": error.detail}
    return Response(msgspec.json.encode(body), code, media_type="application/problem+json")


def answer(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def body_of(request: Request, type: type[T]) -> T:
    """The request's body as a value. Raises RequestError."""
    octets = bytearray()
    async for piece in request.stream():
        octets += piece
        if len(octets) > BODY_LIMIT_OCTETS:
            raise RequestError(Cause.BAD_REQUEST, f"The request is larger than {BODY_LIMIT_OCTETS >> 20} MiB")
    try:
        return msgspec.json.decode(octets, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(Cause.BAD_REQUEST, f"The request makes no sense: {error}") from error


def number_in(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Raises RequestError."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise RequestError(Cause.BAD_REQUEST, f"{name}={text}: not a whole number from {least} to {most}")
    return int(text)


def application(daemon: Daemon) -> FastAPI:
    """The API over the parts of ``daemon``."""
    app = FastAPI(title="Platen", version=VERSION, docs_url=None, redoc_url=None)
    store = daemon.store

    async def caller(request: Request) -> Caller:
        peer: Peer = request.state.peer
        return access.caller(peer.uid, await daemon.user_name(peer.uid), daemon.settings.users, daemon.uid)

    async def shown(id: int, who: Caller) -> Job:
        return daemon.dispatcher.explained(await store.run(partial(_job, id=id, who=who)))

    async def change(request: Request, id: int, act: Callable[[Any, int], T]) -> tuple[T, Caller]:
        who = await caller(request)

        def work(tx: Any) -> T:
            access.check_owner(who, store_jobs.row(tx, id).user, id)
            return act(tx, id)

        return await store.run(work), who

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

    @app.get("/v1/status")
    async def status(request: Request) -> Response:
        usage = await asyncio.to_thread(shutil.disk_usage, daemon.spool.root)
        return answer(
            Status(
                version=VERSION,
                ports=daemon.dispatcher.shown_ports(),
                jobs=await store.run(store_jobs.counts),
                spool=str(daemon.spool.root),
                free_octets=usage.free,
                cursor=await store.run(store_events.latest),
            )
        )

    @app.post("/v1/documents")
    async def upload(request: Request) -> Response:
        name = unquote(request.headers.get("x-document-name", ""), errors="replace")
        return answer(await daemon.intake.receive(request.stream(), name), 201)

    @app.post("/v1/submissions")
    async def submit(request: Request) -> Response:
        who = await caller(request)
        key = request.headers.get("idempotency-key")
        if key is not None:
            check_key(key)
        submission = await body_of(request, Submission)
        user = access.submitting_user(who, submission.user)
        if (
            key is not None
            and (before := await store.run(partial(store_submissions.known, user=user, key=key))) is not None
        ):
            return answer(before.accepted)
        submission = checked(submission)
        if submission.cover is not None:
            await asyncio.to_thread(_try_cover, submission, daemon)
        work = partial(store_submissions.submit, submission=submission, user=user, key=key, submitter=who.user)
        acceptance = await store.run(work)
        return answer(acceptance.accepted, 201 if acceptance.fresh else 200)

    @app.get("/v1/jobs")
    async def jobs(request: Request) -> Response:
        who = await caller(request)
        named = request.query_params.get("state")
        try:
            state = None if named is None else JobState(named)
        except ValueError as error:
            raise RequestError(Cause.BAD_REQUEST, f"state={named}: there is no such state") from error
        query = partial(
            store_jobs.listing,
            user=None if who.admin else who.user,
            state=state,
            submission=request.query_params.get("submission"),
            after=number_in(request, "after", 0, 0, 1 << 31),
            limit=number_in(request, "limit", LIST_LIMIT, 1, LIST_MOST),
        )
        return answer([daemon.dispatcher.explained(job) for job in await store.run(query)])

    @app.get("/v1/jobs/{id:int}")
    async def show(request: Request, id: int) -> Response:
        return answer(await shown(id, await caller(request)))

    @app.get("/v1/jobs/{id:int}/pages")
    async def pages(request: Request, id: int) -> Response:
        who = await caller(request)
        found = await store.run(partial(_pages, id=id, who=who, daemon=daemon))
        scratch = daemon.spool.scratch("pages")
        folder = await asyncio.to_thread(scratch.__enter__)
        try:
            path = await asyncio.to_thread(write_pages, found, daemon.spool.root, folder / "pages.tif")
        except BaseException:
            scratch.__exit__(None, None, None)
            raise

        class Pages(FileResponse):
            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                try:
                    await super().__call__(scope, receive, send)
                finally:
                    scratch.__exit__(None, None, None)

        return Pages(path, media_type="image/tiff")

    @app.post("/v1/jobs/{id:int}/cancel")
    async def cancel(request: Request, id: int) -> Response:
        who = await caller(request)

        def work(tx: Any) -> tuple[str | None, Job]:
            # Who handed a fax over for another can take it back: CUPS cancels a print job while its backend submits.
            access.check_owner(who, store_jobs.row(tx, id).user, id, store_submissions.submitter_of(tx, id))
            return store_jobs.cancel(tx, id), _show(tx, id)

        call, job = await store.run(work)
        if call is not None:
            daemon.dispatcher.cancel_call(call)
        return answer(job)

    @app.post("/v1/jobs/{id:int}/hold")
    async def hold(request: Request, id: int) -> Response:
        _, who = await change(request, id, store_jobs.hold)
        return answer(await shown(id, who))

    @app.post("/v1/jobs/{id:int}/resume")
    async def resume(request: Request, id: int) -> Response:
        _, who = await change(request, id, store_jobs.resume)
        return answer(await shown(id, who))

    @app.post("/v1/jobs/{id:int}/address")
    async def address(request: Request, id: int) -> Response:
        recipient = checked_recipient(await body_of(request, Recipient))
        if recipient.number is None:
            raise RequestError(Cause.BAD_NUMBER, "The recipient has no number")
        _, who = await change(request, id, lambda tx, id: store_jobs.address(tx, id, recipient))
        return answer(await shown(id, who))

    @app.get("/v1/events")
    async def events(request: Request) -> Response:
        who = await caller(request)
        following = request.query_params.get("follow", "false")
        if following not in ("true", "false"):
            raise RequestError(Cause.BAD_REQUEST, f"follow={following}: neither true nor false")
        job = number_in(request, "job", 0, 1, (1 << 31) - 1) or None
        if job is not None:
            access.check_owner(who, (await store.run(partial(store_jobs.row, id=job))).user, job)
        lines: AsyncIterator[bytes] = follow(
            daemon.news,
            store,
            after=number_in(request, "after", 0, 0, 1 << 62),
            user=None if who.admin else who.user,
            job=job,
            stay=following == "true",
        )
        return StreamingResponse(lines, media_type="application/x-ndjson")

    return app


def _job(tx: Any, id: int, who: Caller) -> Job:
    access.check_owner(who, store_jobs.row(tx, id).user, id)
    return _show(tx, id)


def _show(tx: Any, id: int) -> Job:
    about = store_jobs.row(tx, id)
    pages = store_pages.outgoing(tx, id)
    return replace(
        store_jobs.job_of(about), pages=tuple(page.shown() for page in pages), calls=store_calls.calls_of(tx, id)
    )


def _pages(tx: Any, id: int, who: Caller, daemon: Daemon) -> list[store_pages.OutgoingPage]:
    about = store_jobs.row(tx, id)
    access.check_owner(who, about.user, id)
    found = store_pages.outgoing(tx, id, master_file(about.master, daemon.spool))
    if not found:
        raise RequestError(Cause.WRONG_STATE, f"The pages of job {id} are not prepared")
    return found


def _try_cover(submission: Submission, daemon: Daemon) -> None:
    """A cover page that cannot be drawn is refused at once, not at dispatch. Raises CoverPageError."""
    assert submission.cover is not None
    for recipient in submission.recipients[:1]:
        order = CoverOrder(
            job=0,
            recipient=recipient,
            sender=submission.sender,
            cover=submission.cover,
            resolution=submission.resolution,
            title=submission.title,
            document_pages=0,
        )
        render_cover(order, daemon.settings, datetime.now(UTC))
