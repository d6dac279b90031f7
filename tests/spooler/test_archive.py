"""The archive of sent faxes: each once, whole, from when it is on, through bad days."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from codec.operations import same_pixels
from codec.tiff import FaxTags, TiffReader, TiffWriter, read_pages
from fax.archive import ArchivedFax, ArchiveResult, Direction
from fax.received import Received
from fax.routing import Decision
from fax.types import Document, DocumentId, Fate, JobState, Recipient, Resolution, Submission
from spooler import archive as archive_module
from spooler import (
    store_access,
    store_archive_index,
    store_documents,
    store_events,
    store_jobs,
    store_pages,
    store_received,
    store_submissions,
)
from spooler.access import Caller
from spooler.archive import Archive, origin_of
from spooler.archive_cleanup import Limits
from spooler.archive_terms import Search
from spooler.configuration import Live
from spooler.planning import master_file
from spooler.settings import Settings
from spooler.spool import Spool, sync_file
from spooler.store import Store, Transaction
from spooler.store_pages import PreparedPage
from spooler.store_received import TakenPage
from tests.modem.line import picture

ANN = Caller(user="ann", uid=1000, admin=True, backend=False)
DOCUMENT = DocumentId("d" * 64)


class Desk:
    """A spool with one document of two pages, and an archive beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "archive"
        self.folder.mkdir()
        self.spool = Spool(folder / "spool")
        self.spool.root.mkdir()
        self.spool.prepare(None)
        self.store = Store(self.spool.database)
        self.live = Live(self.store, Settings())
        self.archive = Archive(self.store, self.spool, lambda: self.live.configuration)
        about = Document(id=DOCUMENT, type="text/plain", pages=2, octets=5)
        self.store.call(partial(store_documents.add, document=about, name="x"))
        self.pages = [picture(1), picture(2)]
        self._master = ""

    def change(self, **changes: object) -> None:
        raws = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in changes.items()}
        asyncio.run(self.live.change(raws, ANN))

    def turn_on(self) -> None:
        self.change(archive_outgoing=True, archive_folder=str(self.folder))

    def send(self, state: JobState = JobState.DONE) -> int:
        """A fax that has ended so."""
        submission = Submission(documents=(DOCUMENT,), recipients=(Recipient(number="5552001"),))
        submit = partial(store_submissions.submit, submission=submission, user="ann", key=None)
        job = int(self.store.call(submit).accepted.jobs[0])
        key = store_submissions.master_key(submission.documents, submission.resolution)
        if not self._master:
            path = self.spool.master(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            with TiffWriter(path) as writer:
                for page in self.pages:
                    writer.append(page)
            prepared = [
                PreparedPage(index=index, digest=page.digest, width=page.width, rows=page.rows)
                for index, page in enumerate(self.pages)
            ]
            self.store.call(partial(store_pages.master_ready, key=key, pages=prepared))
            self._master = master_file(key, self.spool)

        def end(tx: Transaction) -> None:
            store_pages.freeze(tx, job, self._master, "", ())
            store_jobs.finish(tx, job, state)

        self.store.call(end)
        return job

    def receive(self, call: str, *, pages: int = 2, damaged: bool = False, whole: bool = True) -> int | None:
        """A fax has come in."""
        file = f"received/line1/{call}/pages.tif"
        path = self.spool.root / file
        path.parent.mkdir(parents=True)
        with TiffWriter(path) as writer:
            for page in self.pages[:pages]:
                writer.append(page, FaxTags(bad_rows=5 if damaged and len(writer) else 0))
        at = datetime.now(UTC)
        facts = Received(
            call=call,
            port="line1",
            device=1,
            started=at,
            ended=at,
            caller_id="+49301234567",
            tsid="THEM",
            csid="US",
            digits="17",
            routing="+49|17",
        )
        taken = [
            TakenPage(
                index=index,
                digest=page.digest,
                width=page.width,
                rows=page.rows,
                bad_rows=5 if damaged and index else 0,
                fate=Fate.CONFIRMED,
            )
            for index, page in enumerate(self.pages[:pages])
        ]
        work = partial(
            store_received.take_in,
            facts=facts,
            pages=taken,
            whole=whole,
            file=file,
            octets=path.stat().st_size,
            resolution=Resolution.FINE,
            decision=Decision(steps=(), users=("bob",)),
        )
        return self.store.call(work)

    def copies(self) -> list[int]:
        """The faxes in the archive; nothing else lies there."""
        there = sorted(int(path.stem.rpartition("-")[2]) for path in self.files())
        found = self.store.call(partial(store_archive_index.search, wanted=Search(), limit=1000, descending=False))
        assert sorted(fax.id for fax in found.faxes) == there
        return there

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def fax(self, id: int) -> ArchivedFax:
        return self.store.call(partial(store_archive_index.get, id=id))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def test_faxes_that_are_sent_while_it_is_on_are_copied_as_they_went_out(desk: Desk) -> None:
    desk.send()
    desk.archive.look()
    desk.turn_on()
    wanted = [desk.send(), desk.send()]
    desk.send(JobState.FAILED)
    desk.send(JobState.CANCELLED)
    desk.archive.look()
    assert desk.copies() == wanted
    (first, *_) = desk.files()
    assert [same_pixels(ours, theirs) for ours, theirs in zip(read_pages(first), desk.pages, strict=True)] == [None] * 2
    desk.change(archive_outgoing=False)
    desk.send()
    desk.archive.look()
    desk.turn_on()
    desk.archive.look()
    assert desk.copies() == wanted


def test_what_the_copy_says_of_itself_is_what_is_found(desk: Desk) -> None:
    desk.turn_on()
    job = desk.send()
    desk.archive.look()
    (copy,) = desk.files()
    fax = desk.fax(job)
    assert str(copy) == fax.file
    assert copy.stat().st_size == fax.octets
    assert copy.relative_to(desk.folder).parts[:2] == ("sent", f"{fax.at:%Y}")
    assert (fax.direction, fax.result, fax.users, fax.number, fax.pages) == (
        Direction.SENT,
        ArchiveResult.OK,
        ("ann",),
        "5552001",
        2,
    )
    with TiffReader(copy) as reader:
        origin = reader.tags(0).origin
        assert origin == origin_of(fax)
        assert origin.recipient_number == "5552001"
        assert reader.tags(1).origin is None


def test_what_came_in_is_copied_with_its_pages_damage_and_whose_it_is(desk: Desk) -> None:
    before = desk.receive("in-0")
    desk.change(archive_incoming=True, archive_folder=str(desk.folder))
    whole, damaged = desk.receive("in-1"), desk.receive("in-2", damaged=True)
    broken, nothing = desk.receive("in-3", whole=False), desk.receive("in-4", pages=0)
    desk.send()
    desk.archive.look()
    assert nothing is None
    assert damaged is not None
    assert desk.copies() == [whole, damaged, broken]
    assert before not in desk.copies()
    assert [desk.fax(job).result for job in desk.copies()] == [
        ArchiveResult.OK,
        ArchiveResult.DAMAGED,
        ArchiveResult.INCOMPLETE,
    ]
    fax = desk.fax(damaged)
    assert (fax.number, fax.ident, fax.called, fax.users) == ("+49301234567", "THEM", "17", ("bob",))
    with TiffReader(Path(fax.file)) as reader:
        assert [same_pixels(ours, theirs) for ours, theirs in zip(reader, desk.pages, strict=True)] == [None] * 2
        assert reader.tags(1).bad_rows == 5
        origin = reader.tags(0).origin
        assert origin is not None
        assert (origin.caller_id, origin.tsid, origin.csid, origin.routing) == ("+49301234567", "THEM", "US", "+49|17")
        assert origin.recipient_number == origin.csid
    desk.store.call(partial(store_received.show_to, job=damaged, user="zoe"))
    assert desk.fax(damaged).users == ("bob", "zoe")


def test_what_is_too_old_or_too_much_goes_with_its_file_and_the_audit_says_why(desk: Desk) -> None:
    desk.turn_on()
    jobs = [desk.send() for _ in range(3)]
    desk.archive.look()
    desk.change(archive_keep_days=7)
    desk.archive.clean(desk.fax(jobs[0]).at + timedelta(days=7) - timedelta(microseconds=1))
    assert desk.copies() == jobs
    desk.archive.clean(desk.fax(jobs[0]).at + timedelta(days=7))
    assert desk.copies() == jobs[1:]
    desk.archive.clean(datetime.now(UTC) + timedelta(days=400))
    assert desk.copies() == []
    assert list(desk.folder.iterdir()) == []
    lines = desk.store.call(partial(store_access.audit_lines, after=0, limit=100))
    said = [(line.user, line.subject) for line in lines if line.action == "archive delete"]
    assert said == [("platend", f"fax {job} of ann") for job in jobs]


def test_above_the_high_mark_the_oldest_go_until_the_low_mark(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.turn_on()
    jobs = [desk.send() for _ in range(10)]
    desk.archive.look()
    octets = desk.fax(jobs[0]).octets
    limits = Limits(high=10 * octets, low=4 * octets)
    monkeypatch.setattr(archive_module, "limits_of", lambda configuration: limits)
    monkeypatch.setattr(archive_module, "GO_AT_ONCE", 2)
    monkeypatch.setattr(archive_module, "LOOK_AT_ONCE", 3)
    desk.archive.clean()
    assert desk.copies() == jobs
    jobs.append(desk.send())
    desk.archive.look()
    assert desk.copies() == jobs[7:]


def test_files_of_an_archive_that_is_not_there_go_when_it_is_there_again(desk: Desk, tmp_path: Path) -> None:
    desk.turn_on()
    job = desk.send()
    desk.archive.look()
    away = tmp_path / "unmounted"
    desk.folder.rename(away)
    desk.store.call(partial(store_archive_index.remove, id=job, who=ANN, why="test"))
    desk.archive.clean()
    away.rename(desk.folder)
    assert len(desk.files()) == 1
    desk.archive.clean()
    assert desk.files() == []


def test_an_archive_that_was_moved_whole_is_found_where_the_settings_say(desk: Desk, tmp_path: Path) -> None:
    desk.turn_on()
    job = desk.send()
    desk.archive.look()
    moved = tmp_path / "elsewhere"
    desk.folder.rename(moved)
    assert not Path(desk.fax(job).file).exists()
    desk.change(archive_folder=str(moved))
    assert desk.archive.file(desk.fax(job)).is_file()
    desk.store.call(partial(store_archive_index.remove, id=job, who=ANN, why="test"))
    desk.archive.clean()
    assert list(moved.iterdir()) == []


def test_after_a_kill_it_goes_on_where_it_was_and_copies_nothing_twice(desk: Desk) -> None:
    desk.turn_on()
    first = desk.send()
    desk.archive.look()
    (copy,) = desk.files()
    copy.write_bytes(b"marked")
    second = desk.send()
    Archive(desk.store, desk.spool, lambda: desk.live.configuration).look()
    assert desk.copies() == [first, second]
    assert copy.read_bytes() == b"marked"


def test_a_folder_that_went_away_is_waited_for(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.turn_on()
    desk.folder.rmdir()
    job = desk.send()
    for _ in range(3):
        desk.archive.look()
    assert [str(desk.folder) in record.getMessage() for record in caplog.records] == [True]
    desk.folder.mkdir()
    desk.archive.look()
    assert desk.copies() == [job]


def test_a_folder_that_cannot_be_used_is_a_trouble_before_a_fax_waits_for_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.turn_on()
    desk.archive.look()
    assert list(desk.archive.troubles) == []
    moved = desk.folder.rename(desk.folder.with_name("elsewhere"))
    for _ in range(3):
        desk.archive.look()
    (trouble,) = desk.archive.troubles
    assert str(desk.folder) in trouble and "is not there" in trouble
    assert caplog.text.count("cannot be archived") == 1
    moved.rename(desk.folder)
    desk.archive.look()
    assert list(desk.archive.troubles) == []
    desk.folder.rename(moved)
    desk.archive.look()
    assert desk.archive.troubles
    desk.change(archive_outgoing=False)
    desk.archive.look()
    assert desk.archive.troubles == (), "nothing is wanted of it any more"


def test_a_disk_that_fills_up_in_the_middle_leaves_no_half_copy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.turn_on()
    jobs = [desk.send() for _ in range(3)]
    real = sync_file
    full: list[Path] = []

    def sync_or_fail(path: Path) -> None:
        if len(full) < 2 and path.name.split(".")[1].endswith(f"-{jobs[1]}"):
            full.append(path)
            raise OSError(28, "No space left on device")
        real(path)

    monkeypatch.setattr(archive_module, "sync_file", sync_or_fail)
    desk.archive.look()
    assert desk.copies() == jobs[:1]
    desk.archive.look()
    assert desk.copies() == jobs[:1]
    desk.archive.look()
    assert desk.copies() == jobs
    assert len(full) == 2


def test_a_fax_whose_pages_are_damaged_holds_up_no_other(desk: Desk) -> None:
    desk.turn_on()
    desk.send()
    master = desk.spool.root / desk._master
    whole = master.read_bytes()
    master.write_bytes(b"")
    desk.archive.look()
    assert desk.copies() == []
    master.write_bytes(whole)
    second = desk.send()
    desk.archive.look()
    assert desk.copies() == [second]


def test_events_that_the_archive_still_needs_are_kept(desk: Desk) -> None:
    desk.turn_on()
    desk.folder.rmdir()
    job = desk.send()
    desk.archive.look()
    later = datetime.now(UTC) + timedelta(days=400)
    desk.store.call(partial(store_events.forget, before=later, limit=1000))
    desk.folder.mkdir()
    desk.archive.look()
    assert desk.copies() == [job]
    assert desk.store.call(partial(store_events.forget, before=later, limit=1000)) > 0


def test_more_than_fit_into_one_look_all_get_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "AT_ONCE", 2)
    desk.turn_on()
    jobs = [desk.send() for _ in range(5)]
    desk.archive.look()
    assert desk.copies() == jobs
