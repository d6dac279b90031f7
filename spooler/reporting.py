"""Reports and notices made into what is sent: letters with their attachments, and confirmation sheets.

What always holds: the same facts and settings give the same letter; a picture that cannot be had is left out, since a
report is about what is over. Blocks, and is run on worker threads.
"""

from __future__ import annotations

from functools import partial

import msgspec

from coverpage import render_sheet
from fax.errors import FaxError
from fax.mail import Language, MailKind
from fax.reports import ReportedJob
from fax.settings import Configuration
from fax.settings_check import zone_of
from spooler import report_words, store_jobs, store_pages
from spooler.mail_letter import Attachment, Letter
from spooler.pages import picture_of
from spooler.planning import master_file
from spooler.report_words import Style, Told
from spooler.spool import Spool
from spooler.store import Store, Transaction
from spooler.store_mail import DueMail
from spooler.store_pages import OutgoingPage
from spooler.store_reports import ReportFacts, WaitingFacts

PICTURE_BOX = 3
SHEET_BOX = 4
PDF = "application/pdf"
PNG = "image/png"


def style_of(now: Configuration, *, language: Language | None = None, private: bool | None = None) -> Style:
    """How people are told, by the settings unless said otherwise."""
    return Style(
        language=language or now.report_language,
        private=now.report_private if private is None else private,
        zone=zone_of(now.header_zone),
    )


def letter_of(mail: DueMail, now: Configuration, store: Store, spool: Spool) -> Letter:
    """The letter for a mail of the box. Raises FaxError, msgspec.DecodeError."""
    style = style_of(now)
    attachments: list[Attachment] = []
    job = None
    if mail.kind is MailKind.WAITING:
        waits = msgspec.json.decode(mail.facts, type=WaitingFacts)
        told, job = report_words.waiting(waits, style), waits.job
    else:
        facts = msgspec.json.decode(mail.facts, type=ReportFacts)
        told = report_words.of_facts(facts, style)
        if not facts.together:
            (about,) = facts.jobs
            job = about.job
            if now.report_picture and not style.private:
                page = first_page(about, store, spool)
                if page is not None and (picture := _drawn(page, spool, PICTURE_BOX)) is not None:
                    attachments.append(Attachment(name="page-1.png", type=PNG, content=picture))
            if now.report_sheet:
                sheet = sheet_of(about, told, style, now, store, spool)
                attachments.append(Attachment(name=f"fax-{about.job}.pdf", type=PDF, content=sheet))
    return Letter(
        message_id=mail.message_id,
        at=mail.created,
        sender=now.mail_sender,
        to=mail.address,
        subject=told.subject,
        text=told.text,
        attachments=tuple(attachments),
        job=job,
    )


def sheet_of(job: ReportedJob, told: Told, style: Style, now: Configuration, store: Store, spool: Spool) -> bytes:
    """The confirmation sheet as PDF, with a picture of page one where the settings have one. Raises FaxError."""
    from coverpage.sheet import Sheet

    picture = None
    if now.report_picture and not style.private and (page := first_page(job, store, spool)) is not None:
        picture = _drawn(page, spool, SHEET_BOX)
    result = report_words.result_of(job, style)
    sheet = Sheet(
        title=f"{result} - {job.job}",
        heading=result,
        verdict=told.verdict,
        facts=told.facts,
        lists=told.lists,
        foot=style.pick((f"Platen - job {job.job}", f"Platen - Auftrag {job.job}")),
        picture=picture,
    )
    return render_sheet(sheet, page=now.paper.value)


def first_page(job: ReportedJob, store: Store, spool: Spool) -> OutgoingPage | None:
    """Page one as it went out; None: it is not there (any more)."""
    try:
        return store.call(partial(_first_page, id=job.job, spool=spool))
    except FaxError:
        return None


def _first_page(tx: Transaction, id: int, spool: Spool) -> OutgoingPage | None:
    about = store_jobs.row(tx, id)
    pages = store_pages.outgoing(tx, id, master_file(about.master, spool))
    return pages[0] if pages and pages[0].file else None


def _drawn(page: OutgoingPage, spool: Spool, box: int) -> bytes | None:
    try:
        return picture_of(page, spool.root, box)
    except FaxError:
        return None
