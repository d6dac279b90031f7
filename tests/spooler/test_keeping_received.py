"""Looking after a spool: faxes that came in, and the archive."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from spooler import store_jobs, store_received, store_records, store_retention
from spooler.checking import check, read_books
from spooler.store import Transaction
from spooler.store_rebuild import rebuild
from spooler.store_records import Wanted
from tests.spooler.test_archive import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def findings(desk: Desk) -> list[tuple[str, str]]:
    """Of what came in and of the archive: this desk's sent faxes have neither documents nor calls."""
    about = ("received/", str(desk.folder.parent))
    return [(found.kind, found.what) for found in check(desk.spool) if found.what.startswith(about)]


def folder(desk: Desk, call: str) -> Path:
    return desk.spool.root / "received" / "line1" / call


def test_calls_that_came_in_are_known_and_their_pages_looked_at(desk: Desk) -> None:
    job = desk.receive("in-1")
    assert job is not None
    desk.receive("in-2", whole=False)
    desk.receive("in-3", pages=0)
    pending = folder(desk, "in-4")
    pending.mkdir()
    (pending / "journal.jsonl").write_text("")
    assert findings(desk) == []
    shutil.rmtree(folder(desk, "in-2"))
    folder(desk, "in-5").mkdir()
    found = findings(desk)
    assert ("missing", "received/line1/in-2/pages.tif") in found
    assert ("unknown-file", "received/line1/in-5") in found


def test_pages_that_are_not_what_came_in_are_found(desk: Desk) -> None:
    desk.receive("in-1")
    desk.receive("in-2", pages=1)
    shutil.copy(folder(desk, "in-2") / "pages.tif", folder(desk, "in-1") / "pages.tif")
    assert findings(desk) == [("damaged", "received/line1/in-1/pages.tif")]


def test_the_folder_of_a_fax_that_was_let_go_of_is_waste_or_a_stranger(desk: Desk) -> None:
    job = desk.receive("in-1")
    assert job is not None
    desk.store.call(partial(store_retention.remove, id=job))
    assert findings(desk) == []

    def forget(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("DELETE FROM waste")

    desk.store.call(forget)
    assert findings(desk) == [("unknown-file", "received/line1/in-1")]


def test_a_ledger_made_anew_leaves_what_came_in_as_it_is(desk: Desk) -> None:
    job = desk.receive("in-1", damaged=True)
    assert job is not None

    def known(tx: Transaction) -> list[object]:
        pages = tx.connection.exec_driver_sql("SELECT * FROM job_pages ORDER BY 1, 2").all()
        return [store_jobs.job_of(store_jobs.row(tx, job)), store_received.facts_of(tx, job), *pages]

    before = desk.store.call(known)
    desk.store.call(partial(rebuild, books=read_books(desk.spool)))
    assert desk.store.call(known) == before
    found, _ = desk.store.call(partial(store_records.part, wanted=Wanted(), after=None, limit=5))
    assert [record.call for record in found] == ["in-1"]


def test_archived_files_that_are_gone_or_cut_off_are_found(desk: Desk, tmp_path: Path) -> None:
    desk.turn_on()
    for _ in range(3):
        desk.send()
    desk.archive.look()
    assert findings(desk) == []
    first, second, _ = desk.files()
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    assert findings(desk) == [("damaged", str(second)), ("missing", str(first))]
    moved = tmp_path / "elsewhere"
    desk.folder.rename(moved)
    desk.change(archive_folder=str(moved))
    assert ("damaged", str(moved / second.relative_to(desk.folder))) in findings(desk)
