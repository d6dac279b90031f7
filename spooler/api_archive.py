"""The archive: searched, shown, taken from it as TIFF or PDF, sent again, forwarded, deleted.

What always holds: those find and see a fax whose it is, and who may see everybody's; what is sent again or forwarded is
a new fax of who asks; deleting leaves a line in the audit, whoever does it.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from fastapi import Request, Response
from starlette.responses import FileResponse

from codec.errors import TiffError
from codec.pdf import write_pdf
from codec.tiff import TiffReader
from fax.access import Right
from fax.archive import (
    ArchivedFax,
    ArchivePage,
    ArchiveQuery,
    ArchiveResult,
    ArchiveSort,
    ArchiveUsage,
    Direction,
    Forward,
)
from fax.errors import Cause, FaxError, RequestError, ServerError
from fax.types import Accepted, DocumentId, JobType, Recipient, Submission
from spooler import access, archive_send, store_archive_index, store_jobs, store_submissions
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.admission import admit
from spooler.api_common import Octets, Parameter, Routes, answer, body_of, number_in, time_of, value_in
from spooler.api_files import made
from spooler.api_jobs import TIFF
from spooler.api_submissions import KEY, try_cover
from spooler.archive_cleanup import limits_of
from spooler.archive_terms import search_of
from spooler.daemon import Daemon
from spooler.store import Transaction
from spooler.store_archive_index import Place
from spooler.submission import check_key, checked, with_profile

PDF = "application/pdf"
LIST_LIMIT = 50
LIST_MOST = 1000
_TEXT_LIMIT = 200

_QUERY = (
    Parameter("text", str, "Every one of these words in number, names, identifier, subject or title"),
    Parameter("number", str, "Part of the number, as one writes it"),
    Parameter("name", str, "Words of a name, a company, an identifier"),
    Parameter("subject", str, "Words of subject or title"),
    Parameter("direction", Direction, "Sent, or received"),
    Parameter("result", ArchiveResult, "How it arrived"),
    Parameter("user", str, "Faxes of this user only"),
    Parameter("port", str, "That went over this line only"),
    Parameter("billing_code", str, "With this billing code only"),
    Parameter("since", datetime, "Sent or received at this time (RFC 3339) or later"),
    Parameter("until", datetime, "Before this time"),
    Parameter("sort", ArchiveSort, "What the list goes by (default time)"),
    Parameter("order", str, "asc or desc (default desc: the latest first)"),
    Parameter("after", str, "Where the last part ended: its next"),
    Parameter("limit", int, f"At most so many (default {LIST_LIMIT})"),
)


def query_of(request: Request) -> ArchiveQuery:
    """Raises RequestError BAD_REQUEST."""
    said = request.query_params
    texts = {name: said.get(name, "") for name in ("text", "number", "name", "subject")}
    if any(len(text) > _TEXT_LIMIT for text in texts.values()):
        raise RequestError(Cause.BAD_REQUEST, f"What is looked for has at most {_TEXT_LIMIT} characters")
    if (order := said.get("order", "desc")) not in ("asc", "desc"):
        raise RequestError(Cause.BAD_REQUEST, f"order={order}: neither asc nor desc")
    return ArchiveQuery(
        **texts,
        direction=value_in(request, "direction", Direction),
        result=value_in(request, "result", ArchiveResult),
        user=said.get("user"),
        port=said.get("port"),
        billing_code=said.get("billing_code"),
        since=value_in(request, "since", time_of),
        until=value_in(request, "until", time_of),
        sort=value_in(request, "sort", ArchiveSort) or ArchiveSort.TIME,
        descending=order == "desc",
    )


def _mark(place: Place) -> str:
    return urlsafe_b64encode(msgspec.json.encode([place.value, place.job])).decode()


def _place(text: str) -> Place:
    """Raises ValueError."""
    try:
        value, job = msgspec.json.decode(urlsafe_b64decode(text), type=tuple[int | str, int])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    if not all(isinstance(each, str) or abs(each) < 1 << 63 for each in (value, job)):
        raise ValueError("no place of a list")
    return Place(value, job)


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store, archive = daemon.store, daemon.archive

    async def seen(request: Request, id: int) -> ArchivedFax:
        return await store.run(partial(_seen, id=id, who=who_asks(request)))

    @routes.request("GET", "/v1/archive", gives=ArchivePage, parameters=_QUERY)
    async def search_archive(request: Request) -> Response:
        """Archived faxes that one may see, in parts."""
        who, query = who_asks(request), query_of(request)
        if query.user is not None:
            access.check_see_all(who, query.user)
        after = value_in(request, "after", _place)
        by_text = query.sort in (ArchiveSort.NUMBER, ArchiveSort.NAME)
        if after is not None and isinstance(after.value, str) is not by_text:
            raise RequestError(Cause.BAD_REQUEST, "after: this is the place of a list in another order")
        work = partial(
            store_archive_index.search,
            wanted=search_of(query, access.seen_user(who)),
            sort=query.sort,
            descending=query.descending,
            after=after,
            limit=number_in(request, "limit", LIST_LIMIT, 1, LIST_MOST),
        )
        part = await store.run(work)
        return answer(ArchivePage(faxes=part.faxes, next=None if part.next is None else _mark(part.next)))

    @routes.request("GET", "/v1/archive/usage", gives=ArchiveUsage)
    async def archive_usage(request: Request) -> Response:
        """How full the archive is, and what goes of it by itself."""
        faxes, octets, oldest = await store.run(store_archive_index.usage)
        limits = limits_of(daemon.live.configuration)
        return answer(
            ArchiveUsage(
                faxes=faxes,
                octets=octets,
                oldest=oldest,
                keep_days=None if limits.keep is None else limits.keep.days,
                high_octets=limits.high,
                low_octets=limits.low,
            )
        )

    @routes.request("GET", "/v1/archive/{id:int}", gives=ArchivedFax)
    async def archived_fax(request: Request, id: int) -> Response:
        """One archived fax."""
        return answer(await seen(request, id))

    @routes.request("GET", "/v1/archive/{id:int}/pages", gives=Octets(TIFF))
    async def archived_pages(request: Request, id: int) -> Response:
        """The archived file itself: a TIFF-F with the tags of docs/archive.md."""
        fax = await seen(request, id)
        return FileResponse(await asyncio.to_thread(archive.file, fax), media_type=TIFF)

    @routes.request("GET", "/v1/archive/{id:int}/pdf", gives=Octets(PDF))
    async def archived_pdf(request: Request, id: int) -> Response:
        """The same pages as PDF; nothing is drawn anew."""
        fax = await seen(request, id)
        path = await asyncio.to_thread(archive.file, fax)
        return await made(daemon.spool, partial(_pdf, path, fax), "fax.pdf", PDF)

    @routes.request(
        "POST", "/v1/archive/{id:int}/send-again", gives=Accepted, status=201, statuses=(200,), parameters=(KEY,)
    )
    async def send_archived_again(request: Request, id: int) -> Response:
        """Send an archived fax once more to the same recipient, as a new fax of who asks."""
        fax = await seen(request, id)
        known = await store.run(partial(_recipient, id=id))
        return await hand_in(request, fax, archive_send.sent_again(fax, known), 0)

    @routes.request(
        "POST",
        "/v1/archive/{id:int}/forward",
        gives=Accepted,
        takes=Forward,
        status=201,
        statuses=(200,),
        parameters=(KEY,),
    )
    async def forward_archived(request: Request, id: int) -> Response:
        """Send an archived fax to others, as a new fax of who asks; one job per recipient."""
        fax = await seen(request, id)
        wanted = await body_of(request, Forward)
        first = 0 if wanted.keep_cover else fax.cover_pages
        return await hand_in(request, fax, archive_send.forwarded(fax, wanted), first)

    async def hand_in(request: Request, fax: ArchivedFax, submission: Submission, first: int) -> Response:
        who = who_asks(request)
        key = request.headers.get("idempotency-key")
        if key is not None:
            check_key(key)
            before = await store.run(partial(store_submissions.known, user=who.user, key=key))
            if before is not None:
                return answer(before.accepted)
        daemon.health.check_new_work()
        names = await daemon.callers.names_of(who.user)
        submission = with_profile(submission, await daemon.profiles.of(who.user), names)
        # What has pages passes for what has a document.
        paged = checked(
            replace(submission, documents=(_PAGES,)),
            daemon.settings.dialling,
            datetime.now(UTC),
            daemon.live.configuration.port_groups,
        )
        submission = replace(paged, documents=())
        admit(submission, daemon.live.configuration)
        if submission.cover is not None:
            await asyncio.to_thread(try_cover, submission, who.user, daemon)
        path = await asyncio.to_thread(archive.file, fax)
        acceptance = await asyncio.to_thread(
            archive_send.hand_in, store, daemon.spool, path, first, submission, who.user, key
        )
        return answer(acceptance.accepted, 201 if acceptance.fresh else 200)

    @routes.request("DELETE", "/v1/archive/{id:int}", gives=ArchivedFax)
    async def delete_archived(request: Request, id: int) -> Response:
        """Delete a fax from the archive for good; the job, if there still is one, stays. The answer is what it was."""
        who = who_asks(request)

        def work(tx: Transaction) -> ArchivedFax:
            fax = store_archive_index.get(tx, id)
            # What several people have is nobody's own.
            access.check_change(who, who.user if fax.users == (who.user,) else "", id)
            return store_archive_index.remove(tx, id, who, "by a person")

        fax = await store.run(work)
        await asyncio.to_thread(archive.empty)
        return answer(fax if who.user in fax.users or who.has(Right.JOB_QUERY) else _hidden(fax))

    return routes


_PAGES = DocumentId("0" * 64)


def _seen(tx: Transaction, id: int, who: Caller) -> ArchivedFax:
    """Raises RequestError."""
    fax = store_archive_index.get(tx, id)
    access.check_see(who, who.user if who.user in fax.users else "", id)
    return fax


def _hidden(fax: ArchivedFax) -> ArchivedFax:
    """What who may delete a fax but not read it learns of it."""
    return ArchivedFax(id=fax.id, direction=fax.direction, result=fax.result, at=fax.at, users=fax.users)


def _recipient(tx: Transaction, id: int) -> Recipient | None:
    """The recipient as it was handed in, as long as the job is there."""
    try:
        about = store_jobs.row(tx, id)
    except FaxError:
        return None
    return msgspec.json.decode(about.recipient, type=Recipient) if about.type == JobType.SEND.value else None


def _pdf(path: Path, fax: ArchivedFax, out: Path) -> Path:
    """Raises ServerError, OSError."""
    try:
        with TiffReader(path) as reader:
            return write_pdf(reader, out, fax.subject or fax.title)
    except TiffError as error:
        raise ServerError(Cause.STORAGE, f"The archived fax is damaged: {error}", str(path)) from error
