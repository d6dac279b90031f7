"""A spool of an older program opens with every job, page and fate, or stays what it was."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event

from fax.types import Event, Fate, Job, JobId, JobState, Priority, Report, ReportKind, Schedule, ScheduleAction
from modem.plan import CallPlan
from spooler import migrations, store_calls, store_events, store_jobs, store_pages, store_submissions
from spooler.store import Store, StoreError, Transaction

OLD = Path(__file__).parent / "spools"
SPOOLS = ("before_revisions", "revision_0002")
NOT, SENT, BAD, MAYBE, REFUSED = Fate.NOT_SENT, Fate.CONFIRMED, Fate.DAMAGED, Fate.UNCERTAIN, Fate.REFUSED

# What was done to each of these faxes when the spools were written, by their ids.
WRITTEN: dict[int, tuple[JobState, list[Fate]]] = {
    1: (JobState.DONE, [SENT, BAD, SENT]),
    2: (JobState.FAILED, [SENT, MAYBE, NOT]),
    3: (JobState.WAITING, [NOT, NOT, NOT]),  # was busy
    4: (JobState.WAITING, [NOT, NOT, NOT]),
    5: (JobState.WAITING, [NOT, NOT, NOT]),
    6: (JobState.PREPARING, []),
    7: (JobState.ADDRESS, [NOT, NOT, NOT]),
    8: (JobState.HELD, [NOT, NOT, NOT]),
    9: (JobState.SENDING, [SENT, NOT, NOT]),  # its second page is on the line
    10: (JobState.CANCELLED, [NOT, NOT, NOT]),
    11: (JobState.WAITING, [REFUSED, NOT, NOT]),
    12: (JobState.WAITING, [MAYBE, NOT, NOT, NOT]),  # with a cover page; the port process was killed in the call
    13: (JobState.SENDING, [NOT, NOT, NOT]),  # being cancelled
    14: (JobState.FAILED, []),  # refused from the incoming folder
    15: (JobState.WAITING, [NOT, NOT, NOT]),  # its call was never dialled
    16: (JobState.WAITING, [NOT, NOT, NOT]),  # with everything that a job of the Windows fax service says
}


def lay_down(spool: str, folder: Path) -> Path:
    path = folder / "platen.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((OLD / f"{spool}.sql").read_text())
    return path


def rows(path: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(query)]


def everything(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


@pytest.fixture(params=SPOOLS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return lay_down(request.param, tmp_path)


@pytest.fixture
def before(old: Path) -> dict[str, list[dict[str, Any]]]:
    """What the old spool holds, by table, as the old program wrote it."""
    tables = ("jobs", "job_pages", "calls", "call_jobs", "ledger", "events", "documents", "masters", "submissions")
    return {table: rows(old, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}


@pytest.fixture
def store(before: object, old: Path) -> Iterator[Store]:
    opened = Store(old)
    yield opened
    opened.close()


def shown(store: Store, id: int) -> Job:
    def read(tx: Transaction) -> Job:
        about = store_jobs.job_of(store_jobs.row(tx, id))
        pages = tuple(page.shown() for page in store_pages.outgoing(tx, id))
        return Job(**{**vars(about), "pages": pages, "calls": store_calls.calls_of(tx, id)})

    return store.call(read)


def test_every_job_is_there_in_its_state_with_every_page_and_its_fate(
    store: Store, before: dict[str, list[dict[str, Any]]]
) -> None:
    ids = [row["id"] for row in before["jobs"]]
    assert ids == list(WRITTEN)[: len(ids)]
    assert len(ids) >= 15
    for id in ids:
        job = shown(store, id)
        assert (job.state, [page.fate for page in job.pages]) == WRITTEN[id], f"job {id}"


def test_nothing_that_was_written_is_another_value_now(
    store: Store, before: dict[str, list[dict[str, Any]]], old: Path
) -> None:
    new = Path(old)
    for table, was in before.items():
        now = rows(new, f"SELECT * FROM {table} ORDER BY 1, 2")
        assert len(was) == len(now) > 0, table
        for then, today in zip(was, now, strict=True):
            kept = {name: value for name, value in today.items() if name in then}
            if table == "jobs" and then.get("ended") is None:
                kept.pop("ended", None)
                then.pop("ended", None)
            assert kept == then, table


def test_calls_and_events_are_told_as_they_were(store: Store, before: dict[str, list[dict[str, Any]]]) -> None:
    for row in before["calls"]:
        (job,) = [link["job"] for link in before["call_jobs"] if link["call"] == row["id"]]
        (call,) = shown(store, job).calls
        assert (call.id, call.port, call.cause, call.text) == (row["id"], row["port"], row["cause"], row["text"])
    told: list[Event] = store.call(partial(store_events.read, after=0, user=None, job=None, limit=10_000)).events
    assert [(event.cursor, event.kind, event.job, event.text) for event in told] == [
        (row["cursor"], row["kind"], row["job"], row["text"]) for row in before["events"]
    ]
    bobs = store.call(partial(store_events.read, after=0, user="bob", job=None, limit=1000)).events
    of_bob = {event.job for event in bobs}
    assert of_bob == {13, 14}, "an event is its job's user's"


def test_a_job_that_had_ended_has_a_time_when_it_did(store: Store, before: dict[str, list[dict[str, Any]]]) -> None:
    for row in before["jobs"]:
        job = shown(store, row["id"])
        assert (job.ended is not None) == job.state.ended
        assert job.ended is None or job.ended >= job.created


def test_what_a_job_says_of_itself_since_the_second_revision_is_kept(tmp_path: Path) -> None:
    path = lay_down("revision_0002", tmp_path)
    store = Store(path)
    try:
        job = shown(store, 16)
    finally:
        store.close()
    assert job.schedule.action is ScheduleAction.AT
    assert job.schedule.at is not None
    assert job.schedule.at.isoformat() == "2030-01-02T03:04:05.678901+00:00"
    give_up_at = job.schedule.give_up_at
    assert job.schedule == Schedule(action=ScheduleAction.AT, at=job.schedule.at, give_up_at=give_up_at)
    assert (job.priority, job.retries, job.retry_delay_s) == (Priority.HIGH, 7, 61.5)
    assert (job.billing_code, job.tsid, job.port_group) == ("4711", "+49 30 1", "sales")
    assert job.report == Report(kind=ReportKind.EMAIL, address="ann@example.org")


def test_the_old_spool_goes_on_where_it_was(store: Store) -> None:
    """The calls that were under way, the keys, the pages still to be sent, the ids."""
    open_calls = store.call(store_calls.open_calls)
    assert {call.jobs: call.cancelling for call in open_calls} == {(9,): False, (13,): True}
    remembered: CallPlan = store.call(partial(store_calls.plan_remembered, call="9-1"))
    assert [page.number for page in remembered.documents[0].pages] == [1, 2, 3]
    known = store.call(partial(store_submissions.known, user="ann", key="two"))
    assert known is not None
    assert known.accepted.jobs == (JobId(4), JobId(5))
    order = store.call(
        partial(store_calls.intend, wanted=[12], number="5552012", port="line1", master_files={12: "masters/ab/m.tif"})
    )
    assert order is not None
    assert [(page.number, page.maybe_printed) for page in order.documents[0].pages] == [
        (1, True),
        (2, False),
        (3, False),
        (4, False),
    ]
    assert order.call == "12-2"


def test_a_spool_of_the_newest_program_is_left_alone_by_opening_it(old: Path) -> None:
    Store(old).close()
    first = everything(old)
    Store(old).close()
    assert everything(old) == first


def test_an_upgrade_that_is_cut_at_any_statement_leaves_the_old_spool(old: Path) -> None:
    """Each statement in turn is the last one before the process is gone."""
    as_it_was = everything(old)
    statements = _statements(old)
    assert statements > 20
    for last in range(statements):
        pid = os.fork()
        if pid == 0:
            _die_after(old, last)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 77, "it was to die"
        assert everything(old) == as_it_was, f"cut after statement {last}"
    Store(old).close()
    assert everything(old) != as_it_was


def _upgraded_by_hand(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _statements(path: Path) -> int:
    """How many statements the upgrade takes; it is taken back."""
    count = 0
    engine = _upgraded_by_hand(path)

    @event.listens_for(engine, "after_cursor_execute")
    def _after(*_: object) -> None:
        nonlocal count
        count += 1

    with engine.connect() as connection:
        migrations.upgrade(connection)
        connection.rollback()
    engine.dispose()
    return count


def _die_after(path: Path, statement: int) -> None:
    """In a child: upgrade, and end without a word after so many statements."""
    try:
        count = 0
        engine = _upgraded_by_hand(path)

        @event.listens_for(engine, "after_cursor_execute")
        def _after(*_: object) -> None:
            nonlocal count
            count += 1
            if count > statement:
                os._exit(77)

        with engine.begin() as connection:
            migrations.upgrade(connection)
    finally:
        os._exit(1)


def test_an_upgrade_that_would_leave_a_reference_to_nothing_is_not_made(old: Path) -> None:
    with closing(sqlite3.connect(old)) as database:
        database.execute("DELETE FROM submissions WHERE id = (SELECT submission FROM jobs WHERE id = 3)")
        database.commit()
    as_it_was = everything(old)
    with pytest.raises(StoreError, match="jobs refers to no submissions"):
        Store(old)
    assert everything(old) == as_it_was


def test_a_parent_table_that_is_made_anew_keeps_its_children(tmp_path: Path) -> None:
    """As a later revision may do it: jobs are referred to by pages, calls and submissions."""
    store = Store(lay_down("revision_0002", tmp_path))
    store.close()
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import Column, Text

    from spooler import store as module

    engine = module._engine(tmp_path / "platen.db", foreign_keys=False)
    before = rows(tmp_path / "platen.db", "SELECT * FROM job_pages ORDER BY 1, 2")
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("jobs", recreate="always") as table:
            table.add_column(Column("another", Text))
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    engine.dispose()
    assert rows(tmp_path / "platen.db", "SELECT * FROM job_pages ORDER BY 1, 2") == before
    assert len(rows(tmp_path / "platen.db", "SELECT another FROM jobs")) == 16


def test_the_old_spools_are_what_their_programs_wrote() -> None:
    """They were written once by those commits and are never made again to please a test."""
    assert "alembic_version" not in (OLD / "before_revisions.sql").read_text()
    assert "INSERT INTO \"alembic_version\" VALUES('0002')" in (OLD / "revision_0002.sql").read_text()
