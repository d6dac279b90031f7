"""Looking after a spool: what is wrong is found, and the ledger made anew is the one that the calls made."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest

from codec.coder import page_from_bitmap
from codec.page import Bitmap
from codec.tiff import write_pages
from fax.types import Document, DocumentId, JobState, Recipient, Submission
from modem.journal import Line
from modem.outcome import Cause, Retry
from modem.outcome import Fate as CallFate
from modem.plan import CallPlan
from spooler import store_again, store_calls, store_documents, store_jobs, store_pages, store_records, store_submissions
from spooler.checking import Finding, check, read_books
from spooler.spool import Spool, SpoolBusyError
from spooler.store import Store, Transaction
from spooler.store_pages import PreparedPage
from spooler.store_rebuild import rebuild
from spooler.store_records import Wanted
from tests.spooler.rig import ROOT, Rig
from tests.spooler.test_calls import (
    DOCUMENT,
    ended,
    intend,
    numbered,
    pages_on_the_line,
    plan_of,
    settle,
    submit,
    submit_with_cover,
)

FATES = [CallFate.NOT_SENT, CallFate.CONFIRMED, CallFate.DAMAGED, CallFate.REFUSED, CallFate.UNCERTAIN]
LEDGER = ("ledger", "job_pages", "calls", "call_jobs")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool")
    with spool.only_instance():
        spool.prepare(None)
    return spool


@pytest.fixture
def store(spool: Spool) -> Iterator[Store]:
    opened = Store(spool.database)
    document = Document(id=DOCUMENT, type="application/pdf", pages=3, octets=9)
    opened.call(partial(store_documents.add, document=document, name=""))
    yield opened
    opened.close()


def write_down(spool: Spool, plan: CallPlan, lines: Sequence[Line]) -> None:
    """The call's folder, as the port process leaves it."""
    folder = spool.call(plan.call)
    folder.mkdir(exist_ok=True)
    plan.save(folder / "plan.json")
    with (folder / "journal.jsonl").open("wb") as file:
        for line in lines:
            file.write(msgspec.json.encode({"n": line.n, "t": line.t, "kind": line.kind, **line.fields}) + b"\n")


def one_call(spool: Spool, store: Store, job: int, dice: random.Random) -> None:
    """A call that goes as the dice say, taken in as a daemon takes it in."""
    plan = plan_of(intend(store, job))
    entries = pages_on_the_line(plan)
    cut = dice.randrange(len(entries) + 1)
    lines = numbered(entries[:cut])
    if dice.random() < 0.7:
        answered = {line.fields.get("number") for line in lines if line.kind == "page-answer"}
        (document,) = plan.documents
        fates = [
            dice.choice([CallFate.CONFIRMED, CallFate.DAMAGED]) if page.number in answered else dice.choice(FATES)
            for page in document.pages
        ]
        end = ended(plan, dice.choice([Cause.LINE_LOST, Cause.BUSY, Cause.PAGE_REFUSED]), Retry.LATER, *fates)
        lines = numbered([*entries[:cut], end])
    write_down(spool, plan, lines)
    if dice.random() < 0.2:
        # Under way still: what was taken in so far.
        part = lines[: dice.randrange(len(lines) + 1)]
        octets = _octets(spool, plan.call, len(part))
        store.call(partial(store_calls.take_in, call=plan.call, lines=part, offset=octets))
        return
    settle(store, plan, lines)


def _octets(spool: Spool, call: str, lines: int) -> int:
    return len(b"".join((spool.call(call) / "journal.jsonl").read_bytes().splitlines(keepends=True)[:lines]))


def tables(store: Store) -> dict[str, list[tuple[object, ...]]]:
    def read(tx: Transaction) -> dict[str, list[tuple[object, ...]]]:
        queries = {name: f"SELECT * FROM {name} ORDER BY 1, 2" for name in LEDGER}
        # How far an open call's journal was read is not the ledger's: the whole journal is read anew.
        queries["calls"] = "SELECT id, port, number, started, ended, cause, text, line_seconds FROM calls ORDER BY 1"
        queries["jobs"] = "SELECT id, state, tries, attempts, pages_confirmed, pages_total, frozen FROM jobs ORDER BY 1"
        return {name: [tuple(row) for row in tx.connection.exec_driver_sql(query)] for name, query in queries.items()}

    return store.call(read)


def wipe(tx: Transaction) -> None:
    """What a rebuild is for: nothing is left of what the calls said."""
    tx.connection.exec_driver_sql("DELETE FROM ledger")
    tx.connection.exec_driver_sql('UPDATE calls SET next_n = 0, "offset" = 0')
    tx.connection.exec_driver_sql(
        "UPDATE job_pages SET fate = 'not-sent', call = NULL, refusals = 9, maybe_printed = 0"
    )
    tx.connection.exec_driver_sql("UPDATE jobs SET pages_confirmed = 0")


@pytest.mark.parametrize("seed", range(25))
def test_the_ledger_made_anew_is_the_one_that_the_calls_made(spool: Spool, store: Store, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(4):
        job = submit_with_cover(store) if number % 2 else submit(store)
        for _ in range(4):
            state = store.call(partial(store_jobs.row, id=job)).state
            if state in (JobState.FAILED.value, JobState.CANCELLED.value) and dice.random() < 0.5:
                store.call(partial(store_again.restart, id=job))
            elif state != JobState.WAITING.value:
                break
            one_call(spool, store, job, dice)
    # Of a call under way the whole journal is there: the daemon takes in the rest, and then both know the same.
    for call in store.call(store_calls.open_calls):
        (book,) = [book for book in read_books(spool).values() if book.call == call.call]
        store.call(partial(store_calls.take_in, call=call.call, lines=book.lines, offset=book.octets))
    live = tables(store)
    assert any(row for row in live["ledger"])
    books = read_books(spool)
    store.call(partial(rebuild, books=books))
    assert tables(store) == live, "a rebuild of what is whole changes nothing"
    store.call(wipe)
    assert tables(store) != live
    store.call(partial(rebuild, books=books))
    assert tables(store) == live


def test_what_the_database_took_in_of_a_lost_journal_still_counts(spool: Spool, store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    lines = numbered(pages_on_the_line(plan)[:8])
    write_down(spool, plan, lines)
    settle(store, plan, lines)
    live = tables(store)
    (spool.call(plan.call) / "journal.jsonl").write_bytes(b"")
    store.call(partial(rebuild, books=read_books(spool)))
    assert tables(store) == live
    assert live["job_pages"][0][8] == "confirmed"


def test_a_call_that_the_database_never_heard_of_is_found_by_its_journal(spool: Spool, store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    lines = numbered(pages_on_the_line(plan))
    write_down(spool, plan, lines)
    settle(store, plan, lines)
    live = tables(store)

    def forget(tx: Transaction) -> None:
        wipe(tx)
        for table in ("call_record_users", "call_records", "call_jobs", "calls"):
            tx.connection.exec_driver_sql(f"DELETE FROM {table}")

    store.call(forget)
    done = store.call(partial(rebuild, books=read_books(spool)))
    assert (done.calls, done.found, done.pages) == (1, 1, 3)
    assert tables(store)["job_pages"] == live["job_pages"]
    assert tables(store)["call_jobs"] == live["call_jobs"]
    ((record,), _) = store.call(partial(store_records.part, wanted=Wanted(), after=None, limit=5))
    assert (record.call, record.pages, [one.job for one in record.jobs]) == (plan.call, 3, [job])


def test_what_another_number_received_is_not_counted_for_this_one(spool: Spool, store: Store) -> None:
    job = submit(store)
    plan = plan_of(intend(store, job))
    lines = numbered(pages_on_the_line(plan)[:8])
    write_down(spool, plan, lines)
    settle(store, plan, lines)
    store.call(partial(store_jobs.address, id=job, recipient=Recipient(number="5559999")))
    store.call(partial(store_pages.freeze, id=job, master_file="m.tif", cover_file="", cover=()))
    live = tables(store)
    store.call(partial(rebuild, books=read_books(spool)))
    assert tables(store)["job_pages"] == live["job_pages"]


@pytest.fixture
def whole(spool: Spool) -> Iterator[tuple[Spool, int]]:
    """A spool in order, with real files: a document, its master, a fax that was sent."""
    octets = b"A document.\n"
    id = DocumentId(hashlib.sha256(octets).hexdigest())
    page = page_from_bitmap(Bitmap(1728, 8, bytes(1728)), 204, 196)
    store = Store(spool.database)
    try:
        place(spool, spool.document(id), octets)
        document = Document(id=id, type="text/plain", pages=1, octets=len(octets))
        store.call(partial(store_documents.add, document=document, name=""))
        submission = Submission(documents=(id,), recipients=(Recipient(number="5552001"),))
        work = partial(store_submissions.submit, submission=submission, user="ann", key=None)
        job = store.call(work).accepted.jobs[0]
        key = store_submissions.master_key(submission.documents, submission.resolution)
        spool.master(key).parent.mkdir()
        write_pages(spool.master(key), [page])
        prepared = [PreparedPage(index=0, digest=page.digest, width=page.width, rows=page.rows)]
        store.call(partial(store_pages.master_ready, key=key, pages=prepared))
        plan = plan_of(intend(store, job))
        lines = numbered(pages_on_the_line(plan))
        write_down(spool, plan, lines)
        settle(store, plan, lines)
    finally:
        store.close()
    yield spool, job


def place(spool: Spool, path: Path, octets: bytes) -> None:
    with spool.scratch("test") as folder:
        (folder / "file").write_bytes(octets)
        spool.place(folder / "file", path)


def test_a_spool_in_order_has_no_findings(whole: tuple[Spool, int]) -> None:
    assert check(whole[0]) == []


def _one(spool: Spool, pattern: str) -> Path:
    (path,) = spool.root.glob(pattern)
    return path


def _sql(spool: Spool, statement: str) -> None:
    with sqlite3.connect(spool.database) as database:
        database.execute(statement)
    database.close()


DAMAGE: dict[str, tuple[Callable[[Spool], object], str, str]] = {
    "a document that is gone": (lambda spool: _one(spool, "documents/??/*").unlink(), "missing", "documents/"),
    "a document with another octet": (
        lambda spool: _one(spool, "documents/??/*").write_bytes(b"A dokument.\n"),
        "damaged",
        "documents/",
    ),
    "a document cut short": (lambda spool: os.truncate(_one(spool, "documents/??/*"), 3), "damaged", "documents/"),
    "a master that is gone": (lambda spool: _one(spool, "masters/??/*").unlink(), "missing", "masters/"),
    "a master that is no TIFF": (lambda spool: _one(spool, "masters/??/*").write_bytes(b"x"), "damaged", "masters/"),
    "a master with other pages": (
        lambda spool: write_pages(
            _one(spool, "masters/??/*"), [page_from_bitmap(Bitmap(1728, 9, bytes(216 * 9)), 204, 196)]
        ),
        "damaged",
        "masters/",
    ),
    "a file of nobody": (lambda spool: (spool.root / "covers/9-ab.tif").write_bytes(b""), "unknown-file", "covers/"),
    "a journal that is gone": (lambda spool: _one(spool, "calls/*/journal.jsonl").unlink(), "missing", "calls/"),
    "a journal that says more": (
        lambda spool: _sql(spool, "DELETE FROM ledger WHERE kind = 'trained'"),
        "journal",
        "calls/",
    ),
    "a plan that cannot be read": (
        lambda spool: _one(spool, "calls/*/plan.json").write_bytes(b"{"),
        "damaged",
        "calls/",
    ),
    "a fate that no journal tells": (
        lambda spool: _sql(spool, "UPDATE job_pages SET fate = 'refused'"),
        "fate",
        "job ",
    ),
    "a fax that counts as sent and is not": (
        lambda spool: _sql(spool, "UPDATE jobs SET pages_confirmed = 0"),
        "job",
        "job ",
    ),
    "a reference to nothing": (lambda spool: _sql(spool, "DELETE FROM submissions"), "database", "platen.db"),
}


@pytest.mark.parametrize("what", sorted(DAMAGE))
def test_each_kind_of_damage_is_found_and_named(whole: tuple[Spool, int], what: str) -> None:
    spool, _ = whole
    act, kind, where = DAMAGE[what]
    act(spool)
    found = check(spool)
    assert [one.kind for one in found if one.what.startswith(where)] == [kind], found
    assert all(one.text for one in found)


def keep(spool: Spool, task: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spooler.keeping", task, "--spool", str(spool.root), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_program_tells_what_it_found_by_words_and_by_its_code(whole: tuple[Spool, int]) -> None:
    spool, _ = whole
    done = keep(spool, "check")
    assert (done.returncode, done.stdout) == (0, "The spool is in order.\n"), done.stderr
    _one(spool, "masters/??/*").unlink()
    done = keep(spool, "check", "--json")
    assert done.returncode == 1
    (found,) = msgspec.json.decode(done.stdout, type=list[Finding])
    assert (found.kind, found.text) == ("missing", "The file is gone")


def test_the_program_makes_the_ledger_anew(whole: tuple[Spool, int]) -> None:
    spool, _ = whole
    _sql(spool, "DELETE FROM ledger")
    assert check(spool) != []
    done = keep(spool, "rebuild-ledger")
    assert done.returncode == 0, done.stderr
    assert "1 calls" in done.stdout
    assert check(spool) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work for another user")
def test_root_works_as_the_one_whom_the_spool_belongs_to(whole: tuple[Spool, int]) -> None:
    # Where that user can reach it; the folders of tests are closed to others.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        spool = Spool(folder / "spool")
        shutil.copytree(whole[0].root, spool.root)
        for path in (spool.root, *spool.root.rglob("*")):
            os.chown(path, 12345, 12345)
        for task in ("check", "rebuild-ledger"):
            done = keep(spool, task)
            assert done.returncode == 0, done.stderr
            assert {path.stat().st_uid for path in spool.root.rglob("*")} == {12345}


def test_a_rebuild_beside_a_daemon_is_refused_and_a_check_is_not(rig: Rig) -> None:
    rig.until(rig.send("5552001", hold=True).id, JobState.HELD)
    spool = Spool(rig.spool)
    with pytest.raises(SpoolBusyError), spool.only_instance():
        pass
    done = keep(spool, "rebuild-ledger")
    assert done.returncode == os.EX_TEMPFAIL
    assert "end it first" in done.stderr
    assert keep(spool, "check").returncode == 0
    rig.kill()
    assert keep(spool, "check").returncode == 0


def test_what_is_no_spool_is_said_to_be_none(tmp_path: Path) -> None:
    done = keep(Spool(tmp_path), "check")
    assert done.returncode == os.EX_CANTCREAT
    assert "is no spool" in done.stderr
    assert list(tmp_path.iterdir()) == []
