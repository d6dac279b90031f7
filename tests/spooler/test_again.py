"""Faxes that have ended: sent again because a person asks, and let go of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from fax.errors import Cause, RequestError
from fax.types import CoverPage, Document, DocumentId, Event, Fate, JobId, JobState, Recipient, Submission
from modem.outcome import Cause as CallCause
from modem.outcome import Fate as CallFate
from modem.outcome import Retry
from spooler import (
    store_access,
    store_again,
    store_documents,
    store_events,
    store_jobs,
    store_pages,
    store_retention,
    store_submissions,
)
from spooler.retention import Ages, Retention
from spooler.spool import Spool
from spooler.store import Store, Transaction
from spooler.store_tables import jobs
from tests.spooler.test_calls import (
    DOCUMENT,
    PAGES,
    ended,
    intend,
    numbered,
    pages_on_the_line,
    plan_of,
    settle,
    shown,
    submit,
)

DAY = timedelta(days=1)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path)
    spool.prepare(None)
    return spool


@pytest.fixture
def store(spool: Spool) -> Iterator[Store]:
    opened = Store(spool.database)
    document = Document(id=DOCUMENT, type="application/pdf", pages=3, octets=9)
    opened.call(partial(store_documents.add, document=document, name=""))
    yield opened
    opened.close()


def failed_after_one_page(store: Store) -> int:
    """A fax whose first page was received and whose second may have been."""
    job = submit(store)
    plan = plan_of(intend(store, job))
    end = ended(plan, CallCause.LINE_LOST, Retry.NEVER, CallFate.CONFIRMED, CallFate.UNCERTAIN, CallFate.NOT_SENT)
    settle(store, plan, numbered([*pages_on_the_line(plan)[:9], end]))
    assert shown(store, job).state is JobState.FAILED
    return job


def finished(store: Store) -> int:
    job = submit(store)
    plan = plan_of(intend(store, job))
    settle(store, plan, numbered(pages_on_the_line(plan)))
    assert shown(store, job).state is JobState.DONE
    return job


def refusal(act: Callable[[], object]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        act()
    return caught.value


def events(store: Store, user: str | None = None) -> list[Event]:
    return store.call(partial(store_events.read, after=0, user=user, job=None, limit=1000)).events


def test_a_restarted_fax_goes_on_at_the_first_page_not_confirmed(store: Store) -> None:
    job = failed_after_one_page(store)
    store.call(partial(store_again.restart, id=job))
    about = shown(store, job)
    assert (about.state, about.tries, about.reason, about.cause, about.ended) == (JobState.WAITING, 0, None, None, None)
    again = plan_of(intend(store, job)).documents[0].pages
    assert [(page.number, page.possible_duplicate) for page in again] == [(2, True), (3, False)]
    assert events(store)[-1].kind == "restarted"


def test_a_restarted_fax_has_all_its_tries_again(store: Store) -> None:
    job = failed_after_one_page(store)
    store.call(partial(store_again.restart, id=job))
    plan = plan_of(intend(store, job))
    end = ended(plan, CallCause.BUSY, Retry.LATER, CallFate.NOT_SENT, CallFate.NOT_SENT)
    settle(store, plan, numbered([*pages_on_the_line(plan)[:2], end]))
    assert shown(store, job).state is JobState.WAITING


def test_a_cancelled_fax_that_was_held_is_let_go_by_its_restart(store: Store) -> None:
    job = submit(store)
    store.call(partial(store_jobs.hold, id=job))
    store.call(partial(store_jobs.cancel, id=job))
    store.call(partial(store_again.restart, id=job))
    assert shown(store, job).state is JobState.WAITING


def test_a_fax_that_was_cancelled_before_it_was_prepared_is_prepared_after_its_restart(store: Store) -> None:
    submission = Submission(documents=(DOCUMENT,), recipients=(Recipient(number="1"),))
    job = store.call(partial(store_submissions.submit, submission=submission, user="ann", key=None)).accepted.jobs[0]
    key = store_submissions.master_key(submission.documents, submission.resolution)
    store.call(partial(store_jobs.cancel, id=job))
    store.call(partial(store_pages.master_failed, key=key, cause="document-damaged", text="It is torn"))
    store.call(partial(store_again.restart, id=job))
    assert shown(store, job).state is JobState.PREPARING
    assert [master.key for master in store.call(store_pages.wanted)] == [key]
    store.call(partial(store_pages.master_ready, key=key, pages=PAGES))
    assert (shown(store, job).state, shown(store, job).pages_total) == (JobState.WAITING, 3)


def test_pages_that_would_not_fit_what_was_received_are_not_sent_by_a_restart(store: Store) -> None:
    job = failed_after_one_page(store)
    key = store.call(partial(store_jobs.row, id=job)).master
    other = [dataclasses.replace(page, digest="e" * 64) for page in PAGES]
    store.call(partial(store_pages.master_ready, key=key, pages=other))
    error = refusal(lambda: store.call(partial(store_again.restart, id=job)))
    assert error.cause is Cause.WRONG_STATE
    assert shown(store, job).state is JobState.FAILED
    new, _ = store.call(partial(store_again.resend, id=job, key=None, submitter="ann"))
    assert {page.digest for page in plan_of(intend(store, new)).documents[0].pages} == {"e" * 64}


@pytest.mark.parametrize("act", ["restart", "resend", "remove"])
def test_a_fax_under_way_is_neither_restarted_nor_sent_again_nor_deleted(store: Store, act: str) -> None:
    job = submit(store)
    acts: dict[str, Callable[[Transaction], object]] = {
        "restart": partial(store_again.restart, id=job),
        "resend": partial(store_again.resend, id=job, key=None, submitter="ann"),
        "remove": partial(store_retention.remove, id=job),
    }
    assert refusal(lambda: store.call(acts[act])).cause is Cause.WRONG_STATE
    intend(store, job)
    assert refusal(lambda: store.call(acts[act])).cause is Cause.WRONG_STATE
    assert shown(store, job).state is JobState.SENDING


def test_a_fax_that_was_received_is_not_restarted_but_can_be_sent_again_whole(store: Store) -> None:
    job = finished(store)
    assert refusal(lambda: store.call(partial(store_again.restart, id=job))).cause is Cause.WRONG_STATE
    new, fresh = store.call(partial(store_again.resend, id=job, key="again", submitter="root"))
    assert fresh
    about = shown(store, new)
    assert (about.state, about.attempts, about.submitter) == (JobState.WAITING, 0, "root")
    assert [page.number for page in plan_of(intend(store, new)).documents[0].pages] == [1, 2, 3]
    assert shown(store, job).state is JobState.DONE
    assert store.call(partial(store_again.resend, id=job, key="again", submitter="root")) == (new, False)


def test_every_column_of_a_job_either_goes_over_to_the_new_one_or_begins_anew() -> None:
    begins = {
        *("id", "submission", "submitter", "state", "held", "prepared", "cancelling", "created", "reason", "cause"),
        *("until", "attempts", "tries", "call", "frozen", "pages_total", "pages_confirmed", "schedule", "schedule_at"),
        *("give_up_at", "ended", "pause_s", "queued", "announced"),
    }
    assert begins | set(store_again.CONTENT) == set(jobs.columns.keys())
    assert not begins & set(store_again.CONTENT)


def test_what_is_deleted_takes_everything_of_its_own_along_and_nothing_else(store: Store, spool: Spool) -> None:
    job, other = failed_after_one_page(store), submit(store)
    call = shown(store, job).pages[0].call
    assert call is not None
    journal, elsewhere = spool.call(call), spool.call("77-1")
    for folder in (journal, elsewhere):
        folder.mkdir()
        (folder / "journal.jsonl").write_text("")
    store.call(partial(store_retention.remove, id=job))
    Retention(store, spool).empty()
    assert not journal.exists()
    assert elsewhere.exists(), "the database never forgot that one"
    assert refusal(lambda: store.call(partial(store_jobs.row, id=job))).cause is Cause.NO_SUCH_JOB
    assert shown(store, other).pages_total == 3, "its master is the other's too"

    def left(tx: Transaction) -> dict[str, int]:
        names = ("calls", "call_jobs", "ledger", "job_pages", "masters", "waste")
        return {name: tx.connection.exec_driver_sql(f"SELECT COUNT(*) FROM {name}").scalar() or 0 for name in names}

    assert store.call(left) == dict.fromkeys(("calls", "call_jobs", "ledger", "job_pages", "waste"), 0) | {"masters": 1}
    last = events(store, "ann")[-1]
    assert (last.kind, last.job, last.code) == ("deleted", job, 23)


def test_a_master_goes_with_its_last_fax_and_its_file_only_when_nobody_wants_it_again(
    store: Store, spool: Spool
) -> None:
    job = submit(store)
    key = store.call(partial(store_jobs.row, id=job)).master
    file = spool.master(key)
    for again in (True, False):
        file.parent.mkdir(exist_ok=True)
        file.write_text("pages")
        store.call(partial(store_jobs.cancel, id=job))
        store.call(partial(store_retention.remove, id=job))
        if again:
            job = submit(store)
        Retention(store, spool).empty()
        assert file.exists() is again
    # A conversion that was under way when the last fax went.
    file.write_text("pages")
    store.call(partial(store_pages.master_ready, key=key, pages=PAGES))
    Retention(store, spool).empty()
    assert not file.exists()


def test_the_key_of_a_fax_that_was_deleted_still_gives_it_back(store: Store) -> None:
    submission = Submission(documents=(), recipients=(Recipient(number="1"), Recipient(number="2")), cover=CoverPage())
    work = partial(store_submissions.submit, submission=submission, user="ann", key="k")
    first = store.call(work)
    for job in first.accepted.jobs:
        store.call(partial(store_jobs.cancel, id=job))
        store.call(partial(store_retention.remove, id=job))
        again = store.call(work)
        assert (again.accepted, again.fresh) == (first.accepted, False)


def test_the_id_of_a_fax_that_was_deleted_is_never_used_again(store: Store) -> None:
    job = finished(store)
    store.call(partial(store_retention.remove, id=job))
    assert submit(store) == job + 1


def test_what_is_kept_for_so_many_days_goes_after_them_and_not_before(store: Store, spool: Spool) -> None:
    sent, unsent, waiting = finished(store), failed_after_one_page(store), submit(store)
    now = shown(store, sent).created
    ages = Ages(sent_days=10, unsent_days=20, events_days=30)
    retention = Retention(store, spool)

    def there() -> list[JobId]:
        query = partial(store_jobs.selected, user=None, states=(), submission=None, after=0, limit=10)
        return [job.id for job in store.call(query)]

    retention.tidy(ages, now + 9 * DAY)
    assert there() == [sent, unsent, waiting]
    retention.tidy(ages, now + 11 * DAY)
    assert there() == [unsent, waiting]
    retention.tidy(ages, now + 21 * DAY)
    assert there() == [waiting], "what waits is not let go of"
    assert events(store)
    retention.tidy(Ages(sent_days=None, unsent_days=None, events_days=None), now + 1000 * DAY)
    assert events(store)
    retention.tidy(ages, now + 31 * DAY)
    assert events(store) == []


def test_what_waits_for_a_person_too_long_is_given_up_and_goes_like_what_failed(store: Store, spool: Spool) -> None:
    def submit_one(number: str | None, *, hold: bool = False) -> JobId:
        wanted = Submission(documents=(DOCUMENT,), recipients=(Recipient(number=number),), hold=hold)
        return store.call(partial(store_submissions.submit, submission=wanted, user="ann", key=None)).accepted.jobs[0]

    submit(store)
    addressless, held = submit_one(None), submit_one("5552001", hold=True)
    resumed = submit_one("5552001", hold=True)
    store.call(partial(store_jobs.resume, id=resumed))
    now, ages = shown(store, held).created, Ages(sent_days=None, unsent_days=30, events_days=None)
    retention = Retention(store, spool)
    retention.tidy(ages, now + 30 * DAY - timedelta(minutes=1))
    assert [shown(store, id).state for id in (addressless, held)] == [JobState.ADDRESS, JobState.HELD]
    retention.tidy(Ages(sent_days=1, unsent_days=None, events_days=None), now + 400 * DAY)
    assert [shown(store, id).state for id in (addressless, held)] == [JobState.ADDRESS, JobState.HELD]
    # The store's own clock says when a fax was given up, and it goes so long after that.
    store.call(partial(store_retention.give_up_forgotten, before=now + timedelta(minutes=1), limit=10))
    for id, why in ((addressless, "nobody named its recipient"), (held, "nobody resumed it")):
        job = shown(store, id)
        assert (job.state, job.cause) == (JobState.FAILED, "given-up")
        assert why in (job.reason or "")
    # What waits for a call is the schedule's to give up.
    assert shown(store, resumed).state is JobState.WAITING
    ended = shown(store, held).ended
    assert ended is not None
    retention.tidy(ages, ended + 31 * DAY)
    assert refusal(lambda: store.call(partial(store_jobs.row, id=held))).cause is Cause.NO_SUCH_JOB
    lines = store.call(partial(store_access.audit_lines, after=0, limit=10))
    assert [(line.user, line.action, line.subject) for line in lines] == [
        ("platend", "job deleted", f"job {id} of ann") for id in (addressless, held)
    ]


def test_a_fax_whose_call_is_not_over_is_not_let_go_of(store: Store, spool: Spool) -> None:
    job = finished(store)

    def reopen(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("UPDATE calls SET ended = NULL")

    store.call(reopen)
    Retention(store, spool).tidy(Ages(sent_days=0, unsent_days=0, events_days=None), shown(store, job).created + DAY)
    assert shown(store, job).state is JobState.DONE
    assert refusal(lambda: store.call(partial(store_retention.remove, id=job))).cause is Cause.WRONG_STATE


def test_keys_are_forgotten_long_after_their_last_fax(store: Store) -> None:
    def gone_before(tx: Transaction) -> int:
        tx.now += store_retention.KEYS_KEPT + DAY
        return store_retention.forget_keys(tx, 10)

    finished_job, other = finished(store), submit(store)
    store.call(partial(store_retention.remove, id=finished_job))
    assert store.call(partial(store_retention.forget_keys, limit=10)) == 0
    assert store.call(gone_before) == 1
    assert shown(store, other).state is JobState.WAITING
    assert store.call(gone_before) == 0


def test_a_document_goes_once_no_fax_is_left_that_refers_to_it(store: Store, spool: Spool) -> None:
    job = finished(store)

    def forgotten(tx: Transaction) -> list[str]:
        tx.now += DAY
        return store_documents.forget_unreferenced(tx, 3600)

    assert store.call(forgotten) == []
    store.call(partial(store_retention.remove, id=job))
    assert store.call(forgotten) == [DocumentId("d" * 64)]
    assert spool.database.exists()


def test_a_page_that_was_refused_too_often_is_tried_again_after_a_restart(store: Store) -> None:
    job = submit(store)
    while shown(store, job).state is JobState.WAITING:
        plan = plan_of(intend(store, job))
        end = ended(plan, CallCause.LINE_LOST, Retry.LATER, CallFate.REFUSED, CallFate.NOT_SENT, CallFate.NOT_SENT)
        settle(store, plan, numbered([*pages_on_the_line(plan)[:6], end]))
    before = shown(store, job)
    assert (before.state, before.pages[0].fate) == (JobState.FAILED, Fate.REFUSED)
    store.call(partial(store_again.restart, id=job))
    plan = plan_of(intend(store, job))
    end = ended(plan, CallCause.LINE_LOST, Retry.LATER, CallFate.REFUSED, CallFate.NOT_SENT, CallFate.NOT_SENT)
    settle(store, plan, numbered([*pages_on_the_line(plan)[:6], end]))
    assert shown(store, job).state is JobState.WAITING


def test_a_master_lets_all_go_on_that_waited_for_it_each_where_it_stands(store: Store) -> None:
    recipients = (Recipient(number="1"), Recipient(), Recipient(number="3"), Recipient(number="4"))
    made = [
        Submission(documents=(DOCUMENT,), recipients=recipients),
        Submission(documents=(DOCUMENT,), recipients=(Recipient(number="5"),), cover=CoverPage()),
    ]
    work = [partial(store_submissions.submit, submission=one, user="ann", key=None) for one in made]
    first, nobody, held, cancelled = store.call(work[0]).accepted.jobs
    (covered,) = store.call(work[1]).accepted.jobs
    store.call(partial(store_jobs.hold, id=held))
    store.call(partial(store_jobs.cancel, id=cancelled))
    key = store_submissions.master_key(made[0].documents, made[0].resolution)
    store.call(partial(store_pages.master_ready, key=key, pages=PAGES))
    states = {job: (shown(store, job).state, shown(store, job).pages_total) for job in (first, nobody, held, covered)}
    assert states == {
        first: (JobState.WAITING, 3),
        nobody: (JobState.ADDRESS, 3),
        held: (JobState.HELD, 3),
        covered: (JobState.WAITING, 4),
    }
    assert shown(store, cancelled).state is JobState.CANCELLED
    told = {event.job: event for event in events(store) if event.kind == "prepared"}
    assert {job: (told[job].state, told[job].pages) for job in told} == states
