"""From a job that is to go out to what the port process is handed: cover page and plan.

What always holds: a cover page is rendered once and then frozen with its file and digests; a plan holds no page that
the far end has; a page that may have been printed is marked; the plan is on stable storage when ``write_plan`` returns,
and before it the cover pages of this call alone (``Preface``), which lie beside it.
Everything here blocks and is run on worker threads.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from codec.errors import CodecError
from codec.page import Page
from codec.tiff import TiffReader, TiffWriter, read_pages
from coverpage import on_top
from fax.errors import FaxError
from fax.settings import Configuration, HeaderPlace
from fax.settings_check import zone_of
from fax.types import Poll, Recipient, Sender
from modem.briefing import header_line
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedFetch, PlannedPage
from modem.t30.supply import Header
from spooler import store_pages
from spooler.covers import Covers
from spooler.dialling import dial_string
from spooler.jobs import again_after_rtn
from spooler.numbers import printable
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool, sync_file, sync_folder
from spooler.store import Store
from spooler.store_calls import CallOrder, DocumentOrder
from spooler.store_pages import CoverOrder, PreparedPage

PLAN_NAME = "plan.json"
JOURNAL_NAME = "journal.jsonl"
PREFACE_NAME = "continued-{job}.tif"
log = logging.getLogger(__name__)


def freeze_cover(
    order: CoverOrder, master: str | None, store: Store, spool: Spool, covers: Covers, now: datetime
) -> bool:
    """Draw the cover page and write down the job's pages. False: the job has changed meanwhile.

    Raises coverpage.CoverPageError, codec.errors.CodecError, OSError, FaxError.
    """
    cover = covers.draw(order, now)
    pages = cover.pages
    replaces_first = cover.strip and master is not None
    if master is not None and replaces_first:
        with TiffReader(spool.master(master)) as reader:
            pages = (on_top(pages[0], reader[0]),)
    target = spool.cover(order.job, pages[0].digest)
    with spool.scratch("cover") as folder:
        out = folder / "cover.tif"
        with TiffWriter(out) as writer:
            for page in pages:
                writer.append(page)
        spool.place(out, target)
    return store.call(
        partial(
            store_pages.freeze_cover,
            order=order,
            master_file=master_file(master, spool),
            cover_file=spool.relative(target),
            pages=[
                PreparedPage(index=index, digest=page.digest, width=page.width, rows=page.rows)
                for index, page in enumerate(pages)
            ],
            replaces_first=replaces_first,
        )
    )


def master_file(master: str | None, spool: Spool) -> str:
    return "" if master is None else spool.relative(spool.master(master))


def local_time(now: datetime, configuration: Configuration) -> str:
    """Date and time as people at our end write it."""
    return f"{now.astimezone(zone_of(configuration.header_zone)):%Y-%m-%d %H:%M}"


def tsid_for(job: str, port: str, configuration: Configuration) -> str:
    """Our identifier in a call: the job's own, or the port's where that counts first or the job has none."""
    if configuration.use_device_tsid and port:
        return port
    return job or port or configuration.tsid


@dataclass(frozen=True)
class Preface:
    """The cover page of a fax that is continued, for one call."""

    job: int
    pages: tuple[Page, ...]
    file: Path

    @property
    def planned(self) -> tuple[PlannedPage, ...]:
        return tuple(
            PlannedPage(file=str(self.file), index=index, digest=page.digest, number=index + 1)
            for index, page in enumerate(self.pages)
        )


def prefaces_for(
    order: CallOrder, configuration: Configuration, covers: Covers, folder: Path, now: datetime
) -> list[Preface]:
    """Cover pages for the faxes of a call that begin at a later page, to lie in its ``folder``.

    One that cannot be drawn any more (its template is gone, or may not be used) is left out: the pages that are still
    to be sent are worth more than it.
    """
    found: list[Preface] = []
    for document in order.documents:
        if document.continued is None or not configuration.continued_cover:
            continue
        try:
            cover = covers.draw(document.continued, now)
        except (FaxError, CodecError, OSError) as error:
            log.warning("Job %d goes on without a cover page: %s", document.job, error)
            continue
        found.append(Preface(document.job, cover.pages, folder / PREFACE_NAME.format(job=document.job)))
    return found


def plan_for(
    order: CallOrder,
    port: PortSettings,
    settings: Settings,
    configuration: Configuration,
    spool: Spool,
    now: datetime,
    port_tsid: str = "",
    prefaces: Sequence[Preface] = (),
) -> CallPlan:
    """The plan of a call that was intended."""
    before = {preface.job: preface.planned for preface in prefaces}
    refusals = max((page.refusals for document in order.documents for page in document.pages), default=0)
    return CallPlan(
        call=order.call,
        dial=dial_string(order.number, settings.dialling),
        documents=tuple(
            _planned(document, order.number, configuration, spool, before.get(document.job, ()))
            for document in order.documents
            if document.poll is None
        ),
        # The schedule puts one job that fetches into a call.
        fetch=next((_fetch(document.poll) for document in order.documents if document.poll is not None), None),
        tsid=tsid_for(order.tsid, port_tsid, configuration),
        header_time=local_time(now, configuration),
        policy=LinePolicy(
            max_rate_bps=port.max_rate_bps,
            ecm=port.ecm,
            codings=port.codings,
            v17=port.v17,
            flow_control=port.flow_control,
            header_line=configuration.branding,
            header_over=configuration.header_place is HeaderPlace.OVER,
            pages_again_after_rtn=again_after_rtn(refusals),
        ),
        memory=order.memory,
    )


def _fetch(poll: Poll) -> PlannedFetch:
    return PlannedFetch(password=poll.password, selection=poll.selection)


def _planned(
    order: DocumentOrder, number: str, configuration: Configuration, spool: Spool, preface: tuple[PlannedPage, ...]
) -> PlannedDocument:
    return PlannedDocument(
        job=order.job,
        pages=tuple(
            PlannedPage(
                file=str(spool.root / page.file),
                index=page.index,
                digest=page.digest,
                number=page.number,
                possible_duplicate=page.maybe_printed,
            )
            for page in order.pages
        ),
        pages_total=order.pages_total,
        preface=preface,
        header_from=_header_from(order.sender, configuration),
        header_to=_header_to(order.recipient, number),
        sub_address=order.recipient.sub_address,
        password=order.recipient.password,
    )


def header_for(
    tsid: str, sender: Sender, recipient: Recipient, pages: int, configuration: Configuration, now: datetime
) -> Header | None:
    """The line of page one in a call that begins now, as far as it is known before there is a port; None: none."""
    if not configuration.branding:
        return None
    return header_line(
        time=local_time(now, configuration),
        tsid=tsid_for(tsid, "", configuration),
        sender=_header_from(sender, configuration),
        recipient=_header_to(recipient, recipient.number or ""),
        page=1,
        pages=pages,
        over=configuration.header_place is HeaderPlace.OVER,
    )


def _header_from(sender: Sender, configuration: Configuration) -> str:
    return configuration.header_from or sender.company or sender.name


def _header_to(recipient: Recipient, number: str) -> str:
    return recipient.name or recipient.company or printable(number)


def damaged_files(plan: CallPlan, root: Path) -> frozenset[str]:
    """The files of a plan whose paths are relative to ``root`` that do not hold their pages (any more)."""
    wanted: dict[str, list[PlannedPage]] = {}
    for document in plan.documents:
        for page in document.pages:
            wanted.setdefault(page.file, []).append(page)
    return frozenset(file for file, pages in wanted.items() if not _hold(root / file, pages))


def _hold(file: Path, pages: Sequence[PlannedPage]) -> bool:
    try:
        found = read_pages(file)
    except (OSError, CodecError):
        return False
    return all(page.index < len(found) and found[page.index].digest == page.digest for page in pages)


def write_plan(plan: CallPlan, folder: Path, prefaces: Sequence[Preface] = ()) -> None:
    """Make the call's folder with its plan, durably. Raises OSError."""
    folder.mkdir(mode=0o700)
    for preface in prefaces:
        with TiffWriter(preface.file) as writer:
            for page in preface.pages:
                writer.append(page)
        sync_file(preface.file)
    temporary = folder / (PLAN_NAME + ".part")
    plan.save(temporary)
    sync_file(temporary)
    temporary.rename(folder / PLAN_NAME)
    sync_folder(folder)
    sync_folder(folder.parent)
