"""One document for many: what happens to all of them at once costs no more statements than for a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from fax.types import Document, DocumentId, JobId, JobState, Recipient, Report, ReportKind, Submission
from spooler import store_calls, store_documents, store_events, store_jobs, store_mail, store_pages, store_submissions
from spooler.store import Store, Transaction
from spooler.store_jobs import job_of
from spooler.store_pages import PreparedPage

DOCUMENT = Document(id=DocumentId("d" * 64), type="text/plain", pages=1, octets=9)
WANTED = Submission(documents=(DOCUMENT.id,), recipients=(Recipient(number="5552001"),), title="Offer")
KEY = store_submissions.master_key(WANTED.documents, WANTED.resolution)
LATER = datetime.now(UTC) + timedelta(minutes=1)

HAPPENINGS: dict[str, Callable[[Transaction], None]] = {
    "ready": partial(
        store_pages.master_ready, key=KEY, pages=[PreparedPage(index=0, digest="p", width=1728, rows=2286)]
    ),
    "failed": partial(store_pages.master_failed, key=KEY, cause="document-damaged", text="It is torn"),
    "postponed": partial(store_pages.master_postponed, key=KEY, text="Full", retry_at=LATER, reason="No room"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "platen.db") as found:
        yield found


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    store = Store(path)
    try:
        store.call(partial(store_documents.add, document=DOCUMENT, name="offer.txt"))
        yield store
    finally:
        store.close()


def broadcast(store: Store, count: int, report: Report = WANTED.report) -> tuple[JobId, ...]:
    recipients = tuple(Recipient(number=f"555{number:04}") for number in range(count))
    wanted = replace(WANTED, recipients=recipients, report=report)
    return store.call(partial(store_submissions.submit, submission=wanted, user="ann", key=None)).accepted.jobs


def statements(store: Store, act: Callable[[Transaction], None]) -> int:
    """How many there were in it."""
    said: list[str] = []

    def hear(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    event.listen(store._engine, "before_cursor_execute", hear)
    try:
        store.call(act)
    finally:
        event.remove(store._engine, "before_cursor_execute", hear)
    return len(said)


@pytest.mark.parametrize("what", HAPPENINGS)
def test_what_happens_to_a_document_is_said_of_all_its_faxes_at_once(tmp_path: Path, what: str) -> None:
    counts = []
    for number in (2, 500):
        with opened(tmp_path / f"{number}.db") as store:
            broadcast(store, number)
            counts.append(statements(store, HAPPENINGS[what]))
    assert counts[0] == counts[1]


def test_a_broadcast_whose_document_is_no_good_fails_as_each_fax_would(store: Store) -> None:
    ended = broadcast(store, 3)
    store.call(partial(store_jobs.cancel, id=ended[0]))
    store.call(HAPPENINGS["failed"])
    jobs = [job_of(store.call(partial(store_jobs.row, id=job))) for job in ended]
    assert [job.state for job in jobs] == [JobState.CANCELLED, JobState.FAILED, JobState.FAILED]
    assert [(job.cause, job.reason) for job in jobs[1:]] == [("document-damaged", "It is torn")] * 2
    assert all(job.ended for job in jobs)
    for job in ended[1:]:
        events = store.call(partial(store_events.read, after=0, user=None, job=job, limit=10)).events
        assert [(each.kind, each.text, each.state) for each in events][-1] == ("failed", "It is torn", JobState.FAILED)
    assert not store.call(store_calls.open_calls)


def test_a_postponed_document_says_so_of_each_fax_and_they_go_on_waiting(store: Store) -> None:
    waiting = broadcast(store, 3)
    store.call(HAPPENINGS["postponed"])
    for job in waiting:
        shown = job_of(store.call(partial(store_jobs.row, id=job)))
        assert (shown.state, shown.reason, shown.until) == (JobState.PREPARING, "No room", LATER)
        last = store.call(partial(store_events.read, after=0, user=None, job=job, limit=10)).events[-1]
        assert (last.kind, last.text, last.state) == ("waiting", "No room", JobState.PREPARING)


@pytest.mark.parametrize(("together", "reports"), [(True, 1), (False, 3)])
def test_faxes_that_fail_at_once_are_reported_as_if_one_after_the_other(
    store: Store, together: bool, reports: int
) -> None:
    report = Report(kind=ReportKind.EMAIL, address="ann@example.com", together=together)
    broadcast(store, 3, report)
    store.call(HAPPENINGS["failed"])
    box = store.call(partial(store_mail.due, limit=100))
    assert len(box) == reports
    assert all(str(number) in "".join(mail.facts for mail in box) for number in ("5550000", "5550001", "5550002"))
