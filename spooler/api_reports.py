"""Reports asked for: what became of a fax, in words and as a confirmation sheet.

What always holds: what a report says here is what a mail would say now, in the words that a mail has; who may not see
the fax gets neither.
"""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import Request, Response

from fax.errors import Cause, RequestError
from fax.mail import Language
from fax.reports import DeliveryReport, ReportedJob
from fax.types import JobType
from spooler import access, report_words, store_jobs, store_reports
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.api_common import Octets, Parameter, Routes, answer, value_in
from spooler.daemon import Daemon
from spooler.report_words import Style, Told
from spooler.reporting import PDF, sheet_of, style_of
from spooler.store import Transaction

LANGUAGE = Parameter("language", Language, "Its language, else as the settings say")


def routes(daemon: Daemon) -> Routes:
    routes = Routes()

    async def told(request: Request, id: int) -> tuple[ReportedJob, Told, Style]:
        job = await daemon.store.run(partial(_reported, id=id, who=who_asks(request)))
        # Who asks may see the fax itself.
        language = value_in(request, "language", Language)
        style = style_of(daemon.live.configuration, language=language, private=False)
        return job, report_words.report(job, style), style

    @routes.request("GET", "/v1/jobs/{id:int}/report", gives=DeliveryReport, parameters=(LANGUAGE,))
    async def report(request: Request, id: int) -> Response:
        """What became of a job, or how far it is: the facts and the words."""
        job, said, _ = await told(request, id)
        return answer(DeliveryReport(job=job, result=job.result, subject=said.subject, text=said.text))

    @routes.request("GET", "/v1/jobs/{id:int}/report.pdf", gives=Octets(PDF), parameters=(LANGUAGE,))
    async def report_sheet(request: Request, id: int) -> Response:
        """The confirmation sheet."""
        job, said, style = await told(request, id)
        now = daemon.live.configuration
        sheet = await asyncio.to_thread(sheet_of, job, said, style, now, daemon.store, daemon.spool)
        return Response(sheet, media_type=PDF)

    return routes


def _reported(tx: Transaction, id: int, who: Caller) -> ReportedJob:
    about = store_jobs.row(tx, id)
    access.check_see(who, about.user, id)
    if about.type != JobType.SEND.value:
        text = f"Job {id} came in; reports are about faxes that go out. platen inbox show {id} tells where it went"
        raise RequestError(Cause.WRONG_STATE, text)
    (found,) = store_reports.reported(tx, [id])
    return found
