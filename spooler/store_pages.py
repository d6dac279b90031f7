"""Masters and pages in the database: what was prepared, and what of it goes out in a job.

What always holds: a master is ``ready`` only when its file is in its place and every page's digest is known; once a
job is frozen, its pages name file, index and digest of exactly what goes out, and stay so for its retries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, case, delete, insert, select, update

from fax.types import CallId, CoverPage, Fate, JobState, Page, Priority, Recipient, Resolution, Sender
from modem.outcome import Cause as PlanCause
from spooler.jobs import KEPT
from spooler.store import Transaction
from spooler.store_events import Said, emit, emit_of
from spooler.store_jobs import PRIORITIES, JobRow, finish, finish_all, restate, row
from spooler.store_submissions import master_pages_count, prepared_text
from spooler.store_tables import documents, job_pages, jobs, master_documents, master_pages, masters
from spooler.store_waste import throw_away, throw_covers_away

OTHER_PAGES = (
    "The prepared pages were damaged on the fax server's disk, and the document does not become the same pages again:"
    " the rest would not fit what has been received"
)


@dataclass(frozen=True, kw_only=True)
class PreparedPage:
    """One page of a TIFF-F file: its index, content and geometry."""

    index: int
    digest: str
    width: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class WantedMaster:
    """What is to be prepared: documents in order, with the type each was found to have."""

    key: str
    resolution: Resolution
    documents: tuple[tuple[str, str], ...]  # id, MIME type
    tries: int
    retry_at: datetime | None


def wanted(tx: Transaction, keys: Sequence[str] | None = None) -> list[WantedMaster]:
    """Masters that are to be prepared, of ``keys`` (None: of all), for which a job waits."""
    query = select(masters).where(masters.c.state == "wanted")
    if keys is not None:
        query = query.where(masters.c.key.in_(keys))
    found: list[WantedMaster] = []
    for master in tx.connection.execute(query).all():
        sources = tx.connection.execute(
            select(documents.c.id, documents.c.type)
            .join(master_documents, master_documents.c.document == documents.c.id)
            .where(master_documents.c.master == master.key)
            .order_by(master_documents.c.position)
        )
        found.append(
            WantedMaster(
                key=master.key,
                resolution=Resolution(master.resolution),
                documents=tuple((source.id, source.type) for source in sources),
                tries=master.tries,
                retry_at=master.retry_at,
            )
        )
    return found


def is_needed(tx: Transaction, key: str) -> bool:
    """Whether a job that has not ended waits for this master."""
    query = select(jobs.c.id).where(jobs.c.master == key, jobs.c.state.not_in([s.value for s in JobState if s.ended]))
    return tx.connection.execute(query.limit(1)).first() is not None


def _waits(key: str) -> ColumnElement[bool]:
    """Whether a job waits for this master."""
    ended = [state.value for state in JobState if state.ended]
    return and_(jobs.c.master == key, jobs.c.prepared.is_(False), jobs.c.state.not_in(ended))


def master_ready(tx: Transaction, key: str, pages: Sequence[PreparedPage]) -> None:
    """The master's file is in its place: every job that waited for it goes on."""
    if tx.connection.scalar(select(masters.c.key).where(masters.c.key == key)) is None:
        # Every job that wanted it was deleted meanwhile.
        throw_away(tx, "master", key)
        return
    tx.connection.execute(delete(master_pages).where(master_pages.c.master == key))
    tx.connection.execute(
        insert(master_pages),
        [{"master": key, "position": p.index, "digest": p.digest, "width": p.width, "rows": p.rows} for p in pages],
    )
    tx.connection.execute(update(masters).where(masters.c.key == key).values(state="ready", cause=None, text=None))
    _go_on(tx, key, len(pages))
    for job in tx.connection.scalars(select(jobs.c.id).where(_waits(key)).order_by(jobs.c.id)).all():
        about = row(tx, job)
        if about.frozen and not holds(tx, job, pages):
            if any(page.kept for page in outgoing(tx, job)):
                finish(tx, job, JobState.FAILED, cause=PlanCause.PLAN_INVALID.value, reason=OTHER_PAGES)
                continue
            tx.connection.execute(update(jobs).where(jobs.c.id == job).values(frozen=False))
        total = len(pages) + (about.cover is not None)
        values = {"prepared": True, "pages_total": total, "reason": None, "cause": None, "until": None}
        tx.connection.execute(update(jobs).where(jobs.c.id == job).values(values))
        emit(tx, "prepared", job, text=prepared_text(total), pages=total, state=restate(tx, job))


def _go_on(tx: Transaction, key: str, pages: int) -> None:
    """Let all jobs go on that waited for the master and have nothing frozen: a broadcast is thousands, and a statement
    for each would hold everybody up. Their states follow the facts as ``jobs.standing`` has it."""
    waited = and_(_waits(key), jobs.c.frozen.is_(False))
    tx.changed_jobs.update(tx.connection.scalars(select(jobs.c.id).where(waited)))
    state = case(
        (jobs.c.call.is_not(None), JobState.SENDING.value),
        (jobs.c.held.is_(True), JobState.HELD.value),
        (jobs.c.number.is_(None), JobState.ADDRESS.value),
        else_=JobState.WAITING.value,
    )
    total = pages + case((jobs.c.cover.is_not(None), 1), else_=0)
    values = {"state": state, "pages_total": total, "reason": None, "cause": None, "until": None}
    tx.connection.execute(update(jobs).where(waited).values(values))
    for covers, has in ((0, jobs.c.cover.is_(None)), (1, jobs.c.cover.is_not(None))):
        emit_of(tx, and_(waited, has), Said("prepared", prepared_text(pages + covers), pages + covers))
    tx.connection.execute(update(jobs).where(waited).values(prepared=True))


def holds(tx: Transaction, job: int, pages: Sequence[PreparedPage]) -> bool:
    """Whether the pages that the job was frozen with are these, its cover page (and what it holds of them) apart."""
    out = outgoing(tx, job)
    frozen = [(page.index, page.digest) for page in out if not page.cover]
    now = [(page.index, page.digest) for page in pages]
    under_strip = len(frozen) + 1 == len(now) and any(page.cover for page in out)
    return frozen == (now[1:] if under_strip else now)


def mend(tx: Transaction, id: int, damaged: Collection[str]) -> bool:
    """Have made again what lies in the ``damaged`` files of a frozen job. False: that cannot be.

    A cover page says when it was made, so another one would not be the same page: it can be made again only as long as
    the far end has nothing of the fax. The master's pages are compared when they are ready.
    """
    about, pages = row(tx, id), outgoing(tx, id)
    if any(page.cover and page.file in damaged for page in pages):
        if any(page.kept for page in pages):
            return False
        tx.connection.execute(update(jobs).where(jobs.c.id == id).values(frozen=False))
    if any(not page.cover and page.file in damaged for page in pages):
        of_documents = select(master_documents.c.master).where(master_documents.c.master == about.master)
        if tx.connection.scalar(of_documents.limit(1)) is None:
            # Its pages were taken from the archive: there is nothing that they could be made from.
            return False
        values = {"state": "wanted", "tries": 0, "retry_at": None, "cause": None, "text": None}
        tx.connection.execute(update(masters).where(masters.c.key == about.master).values(values))
        tx.connection.execute(update(jobs).where(jobs.c.id == id).values(prepared=False))
        tx.changed_masters.add(about.master)
    return True


def master_failed(tx: Transaction, key: str, cause: str, text: str) -> None:
    """The documents cannot become pages: every job that waited for it fails."""
    values = {"state": "failed", "cause": cause, "text": text}
    tx.connection.execute(update(masters).where(masters.c.key == key).values(values))
    finish_all(tx, _waits(key), JobState.FAILED, cause=cause, reason=text)


def master_postponed(tx: Transaction, key: str, text: str, retry_at: datetime, reason: str) -> None:
    """We could not prepare it, through no fault of the documents: again at ``retry_at``."""
    values = {"tries": masters.c.tries + 1, "text": text, "retry_at": retry_at}
    tx.connection.execute(update(masters).where(masters.c.key == key).values(values))
    tx.changed_jobs.update(tx.connection.scalars(select(jobs.c.id).where(_waits(key))))
    tx.connection.execute(update(jobs).where(_waits(key)).values(reason=reason, until=retry_at))
    emit_of(tx, _waits(key), Said("waiting", reason))


@dataclass(frozen=True, kw_only=True)
class CoverOrder:
    """What a cover page is rendered from."""

    job: int
    recipient: Recipient
    sender: Sender
    cover: CoverPage
    resolution: Resolution
    title: str
    document_pages: int  # after the cover page
    user: str = ""
    billing_code: str = ""
    priority: Priority = Priority.NORMAL
    continued_from: int | None = None  # the page of the fax that comes next, where those before it have arrived
    continued_of: int | None = None  # pages of the whole fax, then


def cover_order(tx: Transaction, id: int) -> CoverOrder | None:
    """What is to be rendered before the job can go out; None: nothing (any more), or it does not wait for a call."""
    about = row(tx, id)
    if about.state != JobState.WAITING.value or about.frozen or about.cover is None:
        return None
    return _cover_of(about, 0 if about.master is None else master_pages_count(tx, about.master))


def continued_order(tx: Transaction, id: int) -> CoverOrder | None:
    """The cover page with which a call begins that goes on with the fax at a later page; None: the fax has none, or
    begins with its first page."""
    about = row(tx, id)
    pages = outgoing(tx, id) if about.frozen and about.cover is not None else []
    left = [page for page in pages if not page.kept]
    if not left or not pages[0].kept:
        return None
    return replace(_cover_of(about, len(left)), continued_from=left[0].number, continued_of=len(pages))


def _cover_of(about: JobRow, document_pages: int) -> CoverOrder:
    return CoverOrder(
        job=about.id,
        recipient=msgspec.json.decode(about.recipient, type=Recipient),
        sender=msgspec.json.decode(about.sender, type=Sender),
        cover=msgspec.json.decode(about.cover, type=CoverPage),
        resolution=Resolution(about.resolution),
        title=about.title,
        document_pages=document_pages,
        user=about.user,
        billing_code=about.billing_code,
        priority=PRIORITIES[about.priority],
    )


def freeze(
    tx: Transaction,
    id: int,
    master_file: str,
    cover_file: str,
    cover: Sequence[PreparedPage],
    replaces_first: bool = False,
) -> None:
    """Write down exactly what goes out: cover pages, then the master's.

    ``replaces_first``: the cover holds the master's first page, under a strip.
    """
    about = row(tx, id)
    rows: list[dict[str, object]] = []
    master: list[PreparedPage] = []
    # Pages that are made again after damage: what may have been printed may have been printed.
    before = tx.connection.execute(select(job_pages).where(job_pages.c.job == id)).all()
    marked = {page.number for page in before if page.maybe_printed}
    if about.master is not None:
        found = tx.connection.execute(
            select(master_pages).where(master_pages.c.master == about.master).order_by(master_pages.c.position)
        )
        master = [PreparedPage(index=p.position, digest=p.digest, width=p.width, rows=p.rows) for p in found]
        master = master[1:] if replaces_first else master
    for page, file, is_cover in [(p, cover_file, True) for p in cover] + [(p, master_file, False) for p in master]:
        rows.append(
            {
                "job": id,
                "number": len(rows) + 1,
                "file": file,
                "position": page.index,
                "digest": page.digest,
                "width": page.width,
                "rows": page.rows,
                "cover": is_cover,
                "fate": Fate.NOT_SENT.value,
                "refusals": 0,
                "maybe_printed": len(rows) + 1 in marked,
            }
        )
    throw_covers_away(tx, id)
    tx.connection.execute(delete(job_pages).where(job_pages.c.job == id))
    if rows:
        tx.connection.execute(insert(job_pages), rows)
    values = {"frozen": True, "pages_total": len(rows), "pages_confirmed": 0}
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))


def freeze_cover(
    tx: Transaction,
    order: CoverOrder,
    master_file: str,
    cover_file: str,
    pages: Sequence[PreparedPage],
    replaces_first: bool = False,
) -> bool:
    """As ``freeze``, if the cover page still says what the job says; else False and the cover page is waste."""
    if cover_order(tx, order.job) != order:
        throw_away(tx, "cover", cover_file)
        return False
    freeze(tx, order.job, master_file, cover_file, pages, replaces_first)
    return True


@dataclass(frozen=True, kw_only=True)
class OutgoingPage:
    """One page of a job as it goes out, with all that is known of it."""

    number: int
    file: str  # relative to the spool
    index: int
    digest: str
    width: int
    rows: int
    cover: bool
    fate: Fate
    call: str | None
    maybe_printed: bool
    refusals: int
    bad_rows: int | None = None

    @property
    def kept(self) -> bool:
        """The far end has it."""
        return self.fate in KEPT

    def shown(self) -> Page:
        return Page(
            number=self.number,
            width=self.width,
            rows=self.rows,
            fate=self.fate,
            cover=self.cover,
            call=None if self.call is None else CallId(self.call),
            bad_rows=self.bad_rows,
        )


def outgoing(tx: Transaction, id: int, master_file: str = "") -> list[OutgoingPage]:
    """The job's pages: frozen ones, else the master's as they will go out (numbers leave room for the cover page)."""
    about = row(tx, id)
    if about.frozen:
        found = tx.connection.execute(select(job_pages).where(job_pages.c.job == id).order_by(job_pages.c.number))
        return [
            OutgoingPage(
                number=p.number,
                file=p.file,
                index=p.position,
                digest=p.digest,
                width=p.width,
                rows=p.rows,
                cover=p.cover,
                fate=Fate(p.fate),
                call=p.call,
                maybe_printed=p.maybe_printed,
                refusals=p.refusals,
                bad_rows=p.bad_rows,
            )
            for p in found
        ]
    if about.master is None or not about.prepared:
        return []
    first = 1 + (about.cover is not None)
    found = tx.connection.execute(
        select(master_pages).where(master_pages.c.master == about.master).order_by(master_pages.c.position)
    )
    return [
        OutgoingPage(
            number=first + p.position,
            file=master_file,
            index=p.position,
            digest=p.digest,
            width=p.width,
            rows=p.rows,
            cover=False,
            fate=Fate.NOT_SENT,
            call=None,
            maybe_printed=False,
            refusals=0,
        )
        for p in found
    ]


def cover_files(tx: Transaction) -> set[str]:
    """Files of frozen cover pages, relative to the spool."""
    return set(tx.connection.scalars(select(job_pages.c.file).where(job_pages.c.cover.is_(True)).distinct()))
