"""Calls and the ledger: whatever moment a call is cut at, what its journal says is what the job's pages become."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.page import Page
from fax.settings import Configuration
from fax.types import CoverPage, Document, DocumentId, Fate, Job, JobState, Recipient, Submission
from modem import journal
from modem.entries import Entry
from modem.journal import Line
from modem.outcome import Cause, Fault, Outcome, Phase, Retry
from modem.outcome import Fate as CallFate
from modem.plan import CallPlan, PlannedDocument, PlannedPage
from spooler import ledger, store_calls, store_documents, store_jobs, store_pages, store_submissions
from spooler.jobs import RetryRules
from spooler.planning import Preface, plan_for
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store, Transaction
from spooler.store_calls import CallOrder
from spooler.store_pages import PreparedPage

RULES = RetryRules(retries=3, retry_delay_s=0, busy_delay_s=0, device_delay_s=0)
PORT = PortSettings(name="line1", device="/dev/ttyS0")
DOCUMENT = DocumentId("d" * 64)
PAGES = [PreparedPage(index=index, digest=f"{index:064x}", width=1728, rows=1000) for index in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "platen.db")
    opened.call(
        partial(
            store_documents.add,
            document=Document(id=DOCUMENT, type="application/pdf", pages=3, octets=9),
            name="",
        )
    )
    yield opened
    opened.close()


def submit(store: Store, cover: CoverPage | None = None) -> int:
    submission = Submission(documents=(DOCUMENT,), recipients=(Recipient(number="5552001"),), cover=cover)
    job = store.call(partial(store_submissions.submit, submission=submission, user="ann", key=None)).accepted.jobs[0]
    key = store_submissions.master_key(submission.documents, submission.resolution)
    store.call(partial(store_pages.master_ready, key=key, pages=PAGES))
    return job


def intend(store: Store, job: int) -> CallOrder:
    order = store.call(
        partial(store_calls.intend, wanted=[job], number="5552001", port="line1", master_files={job: "m.tif"})
    )
    assert order is not None
    return order


def submit_with_cover(store: Store) -> int:
    """A fax of four pages, the first of them its cover page."""
    job = submit(store, cover=CoverPage(subject="Offer", note="As promised."))
    order = store.call(partial(store_pages.cover_order, id=job))
    assert order is not None
    cover = [PreparedPage(index=0, digest="c" * 64, width=1728, rows=2000)]
    freeze = partial(store_pages.freeze_cover, order=order, master_file="m.tif", cover_file="c.tif", pages=cover)
    assert store.call(freeze)
    return job


def prefaces_of(order: CallOrder) -> list[Preface]:
    folder = Path("/spool/calls") / order.call
    page = Page(1728, 1000, 204, 98, b"as it was drawn")
    return [
        Preface(document.job, (page,), folder / f"continued-{document.job}.tif")
        for document in order.documents
        if document.continued is not None
    ]


def plan_of(order: CallOrder) -> CallPlan:
    now = datetime.now(UTC)
    spool = Spool(Path("/spool"))
    return plan_for(order, PORT, Settings(), Configuration(), spool, now, prefaces=prefaces_of(order))


def entry(kind: str, **fields: Any) -> Entry:
    return Entry(kind, 0.0, fields)


def pages_on_the_line(plan: CallPlan) -> list[Entry]:
    """The journal of a call that sends every page of the plan, without its end."""
    entries = [
        entry("begin", call=plan.call),
        entry("command", text="ATDT5552001"),
        entry("dialling", number=plan.dial),
        entry("connected"),
        entry("trained", rate_bps=14400, modulation="V.17", coding="mmr", ecm=True),
    ]
    for index, each in enumerate(plan.pages):
        about = each.said
        entries.append(entry("page-intent", **about, digest=each.page.digest, index=index))
        entries.append(entry("page-progress", **about, octets_sent=1, octets_total=2))
        entries.append(entry("page-answer", **about, fate="confirmed", by="MCF"))
    return entries


def numbered(entries: Sequence[Entry]) -> list[Line]:
    return [Line(one.kind, one.t, one.fields, False, n) for n, one in enumerate(entries)]


def ended(plan: CallPlan, cause: Cause, retry: Retry, *fates: CallFate) -> Entry:
    (document,) = plan.documents
    outcome = Outcome(cause=cause, phase=Phase.D, fault=Fault.LINE, retry=retry, text="It ended.", pages=())
    pages = [
        {"job": document.job, "number": page.number, "fate": fate.value}
        for page, fate in zip(document.pages, fates, strict=True)
    ]
    return entry("end", outcome={**msgspec.to_builtins(outcome), "pages": pages})


def settle(store: Store, plan: CallPlan, lines: Sequence[Line]) -> None:
    store.call(partial(store_calls.take_in, call=plan.call, lines=lines, offset=len(lines)))
    outcome = journal.outcome_after_death(lines, plan)
    work = partial(store_calls.settle, call=plan.call, outcome=outcome, ended=datetime.now(UTC), rules=RULES)
    store.call(work)


def shown(store: Store, job: int) -> Job:
    def read(tx: Transaction) -> Job:
        about = store_jobs.job_of(store_jobs.row(tx, job))
        pages = tuple(page.shown() for page in store_pages.outgoing(tx, job))
        return replace(about, pages=pages)

    return store.call(read)


@pytest.mark.parametrize("length", range(15))
def test_a_call_cut_at_any_entry_leaves_each_page_one_fate_and_confirmed_ones_are_not_planned_again(
    store: Store, length: int
) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    whole = numbered(pages_on_the_line(plan))
    assert len(whole) == 14
    lines = whole[:length]
    settle(store, plan, lines)
    answered = [line.fields["number"] for line in lines if line.kind == "page-answer"]
    begun = [line.fields["number"] for line in lines if line.kind == "page-intent"]
    about = shown(store, job)
    assert [page.number for page in about.pages if page.fate is Fate.CONFIRMED] == answered
    assert [page.number for page in about.pages if page.fate is Fate.UNCERTAIN] == begun[len(answered) :]
    assert about.pages_confirmed == len(answered)
    if len(answered) == 3:
        assert about.state is JobState.DONE
        return
    assert about.state is JobState.WAITING
    again = plan_of(intend(store, job)).documents[0].pages
    assert [page.number for page in again] == [number for number in (1, 2, 3) if number not in answered]
    assert [page.number for page in again if page.possible_duplicate] == begun[len(answered) :]
    assert [page.digest for page in again] == [PAGES[page.number - 1].digest for page in again]


def test_taking_the_same_lines_in_twice_changes_nothing(store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    lines = numbered(pages_on_the_line(plan))
    for part in (lines[:8], lines[:8], lines[5:], lines):
        store.call(partial(store_calls.take_in, call=plan.call, lines=part, offset=0))

    def counts(tx: Transaction) -> list[object]:
        tables = ("ledger", "events")
        return [tx.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() for table in tables]

    # 11 of the 14 entries are kept; accepted, prepared, begun, dialling, connected, trained, and twice three pages.
    assert store.call(counts) == [11 - 1, 12]
    assert shown(store, job).pages_confirmed == 3


@given(st.sets(st.integers(0, 14)))
def test_in_whatever_pieces_a_journal_is_read_it_says_the_same(cuts: set[int]) -> None:
    pages = tuple(
        PlannedPage(file="m.tif", index=page.index, digest=page.digest, number=page.index + 1) for page in PAGES
    )
    plan = CallPlan(call="1-1", dial="1", documents=(PlannedDocument(job=1, pages=pages, pages_total=3),))
    lines = numbered(pages_on_the_line(plan))
    whole = ledger.project(lines, 0, "1")
    edges = [0, *sorted(cuts), len(lines)]
    next_n = 0
    kept: tuple[Line, ...] = ()
    told: tuple[ledger.PageNews, ...] = ()
    said: tuple[ledger.News, ...] = ()
    for begin, end in itertools.pairwise(edges):
        # Each piece overlaps the one before, as after a restart.
        part = ledger.project(lines[max(0, begin - 2) : end], next_n, "1")
        next_n, kept, told, said = part.next_n, kept + part.kept, told + part.pages, said + part.news
    assert (next_n, kept, told, said) == (whole.next_n, whole.kept, whole.pages, whole.news)


def test_a_call_is_settled_once(store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    lines = numbered([*pages_on_the_line(plan)[:3]])
    settle(store, plan, lines)
    settle(store, plan, lines)
    about = shown(store, job)
    assert about.attempts == 1
    assert store.call(partial(store_jobs.row, id=job)).tries == 1


def test_a_page_that_was_uncertain_stays_marked_when_the_next_call_does_not_reach_it(store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    settle(store, plan, numbered(pages_on_the_line(plan)[:6]))
    second = plan_of(intend(store, job))
    settle(store, second, numbered(pages_on_the_line(second)[:3]))
    assert shown(store, job).pages[0].fate is Fate.UNCERTAIN
    assert plan_of(intend(store, job)).documents[0].pages[0].possible_duplicate


def test_a_refused_page_goes_out_again_and_the_confirmed_ones_around_it_do_not(store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    fates = (CallFate.CONFIRMED, CallFate.REFUSED, CallFate.DAMAGED)
    end = ended(plan, Cause.PAGE_REFUSED, Retry.LATER, *fates)
    settle(store, plan, numbered([entry("begin"), entry("dialling", number="5552001"), end]))
    about = shown(store, job)
    assert [page.fate.value for page in about.pages] == [fate.value for fate in fates]
    again = plan_of(intend(store, job)).documents[0].pages
    assert [(page.number, page.possible_duplicate) for page in again] == [(2, False)]


def test_a_job_cancelled_in_its_call_is_cancelled_when_the_call_has_ended(store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    assert store.call(partial(store_jobs.cancel, id=job)) == plan.call
    assert shown(store, job).state is JobState.SENDING
    settle(store, plan, numbered(pages_on_the_line(plan)[:8]))
    about = shown(store, job)
    assert (about.state, about.cause) == (JobState.CANCELLED, "cancelled")
    assert about.reason == "Cancelled; 1 of 3 pages had been received"


def test_a_cancel_that_comes_too_late_does_not_undo_a_fax_that_was_received(store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    store.call(partial(store_jobs.cancel, id=job))
    settle(store, plan, numbered(pages_on_the_line(plan)))
    assert shown(store, job).state is JobState.DONE


def test_a_call_that_never_dialled_costs_no_try(store: Store) -> None:
    job = submit(store)
    order = intend(store, job)
    store.call(partial(store_calls.give_back, call=order.call, reason="Not today", until=datetime.now(UTC)))
    about = shown(store, job)
    assert (about.state, about.reason) == (JobState.WAITING, "Not today")
    assert store.call(partial(store_jobs.row, id=job)).tries == 0
    assert intend(store, job).call != order.call


def test_another_number_begins_the_fax_anew_but_another_name_does_not(store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    settle(store, plan, numbered(pages_on_the_line(plan)[:8]))
    store.call(partial(store_jobs.address, id=job, recipient=Recipient(number="5552001", name="Bob")))
    assert shown(store, job).pages_confirmed == 1
    store.call(partial(store_jobs.address, id=job, recipient=Recipient(number="5552002")))
    assert shown(store, job).pages_confirmed == 0
    order = store.call(
        partial(store_calls.intend, wanted=[job], number="5552002", port="line1", master_files={job: "m.tif"})
    )
    assert order is not None
    assert [page.number for page in order.documents[0].pages] == [1, 2, 3]


def test_a_job_is_not_called_while_its_cover_page_is_not_frozen(store: Store) -> None:
    job = submit(store, cover=CoverPage())
    intent = partial(store_calls.intend, wanted=[job], number="5552001", port="line1", master_files={job: "m.tif"})
    assert store.call(intent) is None
    order = store.call(partial(store_pages.cover_order, id=job))
    assert order is not None
    assert order.document_pages == 3
    cover = [PreparedPage(index=0, digest="c" * 64, width=1728, rows=2000)]
    freeze = partial(store_pages.freeze_cover, order=order, master_file="m.tif", cover_file="c.tif", pages=cover)
    store.call(partial(store_jobs.address, id=job, recipient=Recipient(number="5552001", name="Ann")))
    assert store.call(freeze) is False, "the cover page names another reader"
    order = store.call(partial(store_pages.cover_order, id=job))
    assert order is not None
    assert store.call(partial(freeze, order=order)) is True
    call = store.call(intent)
    assert call is not None
    assert [(page.number, page.file, page.cover) for page in call.documents[0].pages][:2] == [
        (1, "c.tif", True),
        (2, "m.tif", False),
    ]
    assert shown(store, job).pages_total == 4


def test_a_held_job_is_not_called(store: Store) -> None:
    job = submit(store)
    store.call(partial(store_jobs.hold, id=job))
    intent = partial(store_calls.intend, wanted=[job], number="5552001", port="line1", master_files={job: "m.tif"})
    assert store.call(intent) is None


def test_an_unknown_word_for_a_fate_is_taken_as_uncertain() -> None:
    line = Line("page-answer", 0.0, {"job": 1, "number": 1, "fate": "splendid"}, False, 0)
    projection = ledger.project([line], 0, "1")
    assert projection.pages == ()
    assert [news.kind for news in projection.news] == ["page-uncertain"]
