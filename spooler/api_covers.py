"""Cover page templates: which there are, their files, checking, previews, installing and removing.

What always holds: one's own templates are nobody else's to see; the common ones are changed by those who may change the
server's settings; a preview is drawn as a call's cover is.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import Request, Response

from codec.operations import to_png
from codec.pdf import write_pdf
from codec.raster_paper import Paper
from coverpage import CoverPageError, Problem, TemplateError
from coverpage.shelf import MAIN
from coverpage.template import files_of
from fax.access import Right
from fax.covers import CoverFile, CoverFiles, CoverPreview, CoverProblem, CoverTemplate
from spooler import access, cover_shelves
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.api_common import Octets, Parameter, Routes, answer, body_of, number_in
from spooler.covers import previewed
from spooler.daemon import Daemon

PNG = "image/png"
PDF = "application/pdf"
BOX_MOST = 16
NAME = (Parameter("name", str, "The template's name; own/NAME is one's own"),)


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    covers = daemon.covers

    @routes.request("GET", "/v1/covers", gives=list[str])
    async def names(request: Request) -> Response:
        """The names of the cover page templates."""
        return answer(await asyncio.to_thread(covers.shelf(who_asks(request).user).names))

    @routes.request("GET", "/v1/cover-templates", gives=list[CoverTemplate])
    async def listed(request: Request) -> Response:
        """The cover page templates that one may choose from, with their titles and what they cost on the line."""
        return answer(await asyncio.to_thread(covers.listed, who_asks(request).user))

    @routes.request("GET", "/v1/cover-templates/files", gives=CoverFiles, parameters=NAME)
    async def files(request: Request) -> Response:
        """A template and the files beside it that it names."""
        name, user = request.query_params.get("name", ""), who_asks(request).user
        return answer(await asyncio.to_thread(_files, daemon, name, user))

    @routes.request("PUT", "/v1/cover-templates", gives=CoverTemplate, takes=CoverFiles, parameters=NAME)
    async def install(request: Request) -> Response:
        """Have a template under this name. Refused, with lines and remedies, when it is not right."""
        name, who = request.query_params.get("name", ""), who_asks(request)
        shelf, bare = _shelf_to_change(daemon, who, name)
        given = await body_of(request, CoverFiles)
        await asyncio.to_thread(covers.try_out, given.files)
        await asyncio.to_thread(cover_shelves.install, daemon.spool, shelf, bare, given.files)
        return answer(await asyncio.to_thread(covers.described, name, who.user))

    @routes.request("DELETE", "/v1/cover-templates", gives=None, status=204, parameters=NAME)
    async def remove(request: Request) -> Response:
        """Remove a template that was installed; faxes that wait with it fail."""
        name = request.query_params.get("name", "")
        shelf, _ = _shelf_to_change(daemon, who_asks(request), name)
        await asyncio.to_thread(cover_shelves.remove, daemon.spool, shelf, name)
        return Response(status_code=204)

    @routes.request("POST", "/v1/cover-templates/check", gives=list[CoverProblem], takes=CoverFiles)
    async def check(request: Request) -> Response:
        """What is wrong with a template; an empty list when it is right."""
        given = await body_of(request, CoverFiles)
        return answer([_shown(each) for each in await asyncio.to_thread(_problems, daemon, given)])

    @routes.request(
        "POST",
        "/v1/cover-templates/preview",
        gives=Octets(PNG),
        takes=CoverPreview,
        parameters=(Parameter("box", int, f"So many pixels across become one (1 to {BOX_MOST}, default 1)"),),
    )
    async def preview(request: Request) -> Response:
        """A page of the cover exactly as it would arrive, as PNG in the shape that it has on paper."""
        box = number_in(request, "box", 1, 1, BOX_MOST)
        order = await body_of(request, CoverPreview)
        work = partial(previewed, covers, order, who_asks(request).user, datetime.now(UTC))
        page = await asyncio.to_thread(work)
        return Response(await asyncio.to_thread(to_png, page, box), media_type=PNG)

    @routes.request("POST", "/v1/cover-templates/pdf", gives=Octets(PDF), takes=CoverPreview)
    async def pdf(request: Request) -> Response:
        """All pages of the cover as a PDF: printed to the fax printer in this resolution they arrive as previewed, to
        the pixel. ``page`` is not looked at."""
        order = await body_of(request, CoverPreview)
        user, now = who_asks(request).user, datetime.now(UTC)
        return Response(await asyncio.to_thread(_pdf, daemon, order, user, now), media_type=PDF)

    return routes


def _pdf(daemon: Daemon, order: CoverPreview, user: str, now: datetime) -> bytes:
    with TemporaryDirectory(prefix="cover-", dir=daemon.spool.root / "tmp") as folder:
        cover = daemon.covers.preview(order, user, now)
        paper = Paper.LETTER if daemon.covers.paper(order) == "letter" else Paper.A4
        return write_pdf(cover.pages, Path(folder, "cover.pdf"), order.title, for_paper=paper).read_bytes()


def _shelf_to_change(daemon: Daemon, who: Caller, name: str) -> tuple[Path, str]:
    """Raises RequestError: COVER_PAGE, NOT_ALLOWED."""
    bare, own = cover_shelves.checked_name(name)
    if own:
        daemon.covers.allow_own(name)
        return daemon.covers.folder(who.user), bare
    access.require(who, Right.CONFIG_SET)
    return daemon.covers.folder(None), bare


def _files(daemon: Daemon, name: str, user: str) -> CoverFiles:
    found = daemon.covers.shelf(user).find(name)
    beside = [CoverFile(name=each, octets=found.octets(each)) for each in files_of(found.template)]
    return CoverFiles(files=(CoverFile(name=MAIN, octets=found.octets(found.file.name)), *beside))


def _problems(daemon: Daemon, given: CoverFiles) -> tuple[Problem, ...]:
    try:
        daemon.covers.try_out(given.files)
    except TemplateError as error:
        return error.problems
    except CoverPageError as error:
        return (Problem(1, error.text, "see docs/cover-pages.md"),)
    return ()


def _shown(problem: Problem) -> CoverProblem:
    return CoverProblem(line=problem.line, text=problem.text, remedy=problem.remedy)
