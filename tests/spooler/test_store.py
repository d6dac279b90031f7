"""The store: one thread, shared commits, nothing half done."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from fax.errors import Cause, RequestError, ServerError
from fax.types import CoverPage, Recipient, Submission
from spooler import store_events, store_jobs, store_submissions
from spooler.store import Changes, Store, StoreError, Transaction

ONE = Submission(documents=(), recipients=(Recipient(number="1"),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "platen.db")
    yield opened
    opened.close()


def accept(tx: Transaction, key: str | None = None) -> int:
    return store_submissions.submit(tx, ONE, "ann", key).accepted.jobs[0]


def test_the_database_is_safe_against_a_power_cut(store: Store) -> None:
    def pragmas(tx: Transaction) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert store.call(pragmas) == ["wal", 2, 1]


def test_a_piece_that_fails_leaves_no_trace_and_its_neighbours_stay(store: Store) -> None:
    def fail(tx: Transaction) -> int:
        accept(tx)
        raise ValueError("no")

    # Submitted while the thread is busy, so that they share one commit.
    def slow(tx: Transaction) -> int:
        futures[:] = [store.submit(accept), store.submit(fail), store.submit(accept)]
        return accept(tx)

    futures: list[Future[int]] = []
    store.call(slow)
    first, failed, second = futures
    results = [first.result(), second.result()]
    with pytest.raises(ValueError, match="no"):
        failed.result()
    jobs = store.call(partial(store_jobs.selected, user=None, states=(), submission=None, after=0, limit=10))
    assert [job.id for job in jobs] == sorted([1, *results])


def test_listeners_hear_of_a_commit_before_its_caller_does(store: Store) -> None:
    heard: list[Changes] = []
    store.listen(heard.append)
    job = store.call(accept)
    assert heard == [Changes(jobs=frozenset([job]), masters=frozenset(), events=True)]


def test_what_was_committed_is_there_after_opening_again(store: Store, tmp_path: Path) -> None:
    job = store.call(accept)
    other = Store(tmp_path / "platen.db")
    try:
        assert other.call(partial(store_jobs.row, id=job)).state == "waiting"
    finally:
        other.close()


def test_a_job_id_is_never_used_twice(store: Store) -> None:
    first = store.call(accept)

    def remove(tx: Transaction) -> None:
        for table in ("events", "jobs"):
            column = "job" if table == "events" else "id"
            tx.connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} = {first}")

    store.call(remove)
    assert store.call(accept) == first + 1


def test_the_same_key_gives_the_first_answer_also_when_asked_at_the_same_time(store: Store) -> None:
    futures = [store.submit(partial(store_submissions.submit, submission=ONE, user="ann", key="k")) for _ in range(8)]
    answers = [future.result() for future in futures]
    assert len({answer.accepted for answer in answers}) == 1
    assert [answer.fresh for answer in answers].count(True) == 1
    other = store.call(partial(store_submissions.submit, submission=ONE, user="bob", key="k"))
    assert other.accepted.submission != answers[0].accepted.submission


def test_events_are_read_by_cursor_and_by_owner(store: Store) -> None:
    store.call(partial(store_submissions.submit, submission=ONE, user="ann", key=None))
    store.call(partial(store_submissions.submit, submission=ONE, user="bob", key=None))
    everything = store.call(partial(store_events.read, after=0, user=None, job=None, limit=100)).events
    assert [event.cursor for event in everything] == sorted({event.cursor for event in everything})
    later = store.call(partial(store_events.read, after=everything[1].cursor, user=None, job=None, limit=100)).events
    assert later == everything[2:]
    mine = store.call(partial(store_events.read, after=0, user="bob", job=None, limit=100)).events
    assert {event.job for event in mine} == {2}
    assert store.call(store_events.latest) == everything[-1].cursor


def test_a_database_of_a_newer_program_is_refused(store: Store, tmp_path: Path) -> None:
    store.close()
    with sqlite3.connect(tmp_path / "platen.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="revision 9999"):
        Store(tmp_path / "platen.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "bad.db")


def test_a_full_disk_is_said_to_be_one_and_the_store_recovers(store: Store) -> None:
    def limit(tx: Transaction, pages: int) -> None:
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def much(tx: Transaction) -> None:
        for _ in range(200):
            accept(tx)

    store.call(partial(limit, pages=1))
    with pytest.raises(ServerError, match="full") as refused:
        store.call(much)
    assert refused.value.cause is Cause.STORAGE
    store.call(partial(limit, pages=1 << 20))
    assert store.call(accept) == 1


def test_who_waits_on_a_loop_hears_after_what_listeners_post_there(store: Store) -> None:
    heard: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        store.listen(lambda changes: store.post(loop, heard.append, "listener"))
        await store.run(accept)
        heard.append("caller")
        refused = asyncio.ensure_future(store.run(partial(store_jobs.row, id=999)))
        forgotten = asyncio.ensure_future(store.run(accept))
        await asyncio.sleep(0)
        forgotten.cancel()
        with pytest.raises(RequestError):
            await refused
        assert await store.run(accept) > 0, "a wish that was taken back disturbs nobody"

    asyncio.run(run())
    assert heard[:2] == ["listener", "caller"]


def test_a_store_that_is_closed_refuses(tmp_path: Path) -> None:
    store = Store(tmp_path / "closed.db")
    store.close()
    with pytest.raises(ServerError, match="shutting down"):
        asyncio.run(store.run(accept))


def test_who_asks_while_the_store_closes_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "closing.db")
    closing, asked = threading.Event(), store._queue

    class Slow:
        """Between the question whether the store is closed and the queue, it may close."""

        get, get_nowait = asked.get, asked.get_nowait

        def put(self, piece: object) -> None:
            if piece is not None:
                closing.set()
                closer.join(0.5)
            asked.put(piece)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "_queue", Slow())

    def close() -> None:
        closing.wait()
        store.close()

    closer = threading.Thread(target=close)
    closer.start()
    answer = store.submit(accept)
    closer.join()
    assert answer.done() and (answer.exception() is not None or answer.result() > 0)


def test_five_thousand_recipients_are_few_statements(store: Store) -> None:
    many = Submission(
        documents=(), recipients=tuple(Recipient(number=str(number)) for number in range(1, 5001)), cover=CoverPage()
    )
    statements: list[str] = []

    def work(tx: Transaction) -> tuple[int, ...]:
        event.listen(tx.connection, "before_cursor_execute", lambda *told: statements.append(told[2]))
        return store_submissions.submit(tx, many, "ann", "key").accepted.jobs

    ids = store.call(work)
    assert len(statements) < 12
    assert list(ids) == list(range(ids[0], ids[0] + 5000))
    rows = store.call(partial(store_jobs.selected, user=None, states=(), submission=None, after=0, limit=10_000))
    assert [job.number for job in rows] == [str(number) for number in range(1, 5001)]
    told = store.call(partial(store_events.read, after=0, user=None, job=int(ids[-1]), limit=10))
    assert [one.kind for one in told.events] == ["accepted", "prepared"]
