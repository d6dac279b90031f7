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
from codec.tiff import TiffWriter, read_pages
from fax.types import Document, DocumentId, JobState, Recipient, Submission
from spooler import archive as archive_module
from spooler import store_documents, store_events, store_jobs, store_pages, store_submissions
from spooler.access import Caller
from spooler.archive import Archive
from spooler.configuration import Live
from spooler.planning import master_file
from spooler.settings import Settings
from spooler.spool import Spool, sync_file
from spooler.store import Store, Transaction
from spooler.store_pages import PreparedPage
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

    def copies(self) -> list[int]:
        """The faxes in the archive; nothing else lies there."""
        names = sorted(path.name for path in self.folder.iterdir())
        return [int(name.removesuffix(".tif").rpartition("-")[2]) for name in names]


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
    (first, *_) = sorted(desk.folder.iterdir())
    assert [same_pixels(ours, theirs) for ours, theirs in zip(read_pages(first), desk.pages, strict=True)] == [None] * 2
    desk.change(archive_outgoing=False)
    desk.send()
    desk.archive.look()
    desk.turn_on()
    desk.archive.look()
    assert desk.copies() == wanted


def test_after_a_kill_it_goes_on_where_it_was_and_copies_nothing_twice(desk: Desk) -> None:
    desk.turn_on()
    first = desk.send()
    desk.archive.look()
    (copy,) = desk.folder.iterdir()
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
