"""Documents on disk: kept while a fax refers to them, refused early and clearly when they cannot be kept."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from fax.errors import Cause, RequestError
from fax.types import JobState
from fax.wire import exchange
from tests.spooler.rig import Rig, refusal, wait_for


def kept(rig: Rig) -> list[str]:
    return sorted(path.name for path in (rig.spool / "documents").glob("??/*"))


def known(rig: Rig) -> list[str]:
    with closing(sqlite3.connect(rig.spool / "platen.db")) as database:
        return sorted(id for (id,) in database.execute("SELECT id FROM documents"))


def test_a_document_that_no_fax_refers_to_goes_and_the_others_stay(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig:
        used, unused = rig.text("used"), rig.text("unused")
        job = rig.send("1", documents=[used])
        rig.until(job.id, JobState.WAITING)
        rig.restart()
        assert kept(rig) == sorted([used, unused]), "it was uploaded less than an hour ago"
    with Rig(tmp_path, "document_keep_s = 0", port=False) as rig:
        wait_for(lambda: kept(rig) == [used], "tidying up")
        assert refusal(lambda: rig.send("1", documents=[unused])).cause is Cause.NO_SUCH_DOCUMENT
        assert rig.text("unused") == unused


def test_files_that_the_database_does_not_know_are_set_aside_at_start_and_never_deleted(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig:
        rig.kill()
        document = rig.spool / "documents" / "ab" / ("ab" * 32)
        cover = rig.spool / "covers" / "7-abcdef.tif"
        for stray in (document, cover):
            stray.parent.mkdir(exist_ok=True)
            stray.write_text("stray")
        rig.start()
        for stray in (document, cover):
            assert not stray.exists()
            aside = rig.spool / "aside" / stray.name
            assert aside.read_text() == "stray"
            assert str(stray.relative_to(rig.spool)) in aside.with_name(f"{aside.name}.txt").read_text()
        rig.restart()
        assert len(list((rig.spool / "aside").iterdir())) == 4


def test_a_document_over_the_limit_is_refused_before_it_is_read_to_its_end(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False, tables="[limits]\ndocument_octets = 1000\n") as rig:
        error = refusal(lambda: rig.client.upload(BytesIO(b"words " * 1_000_000), "words.txt"))
        assert error.cause is Cause.DOCUMENT_TOO_LARGE
        assert "1000 octets" in error.text
        assert kept(rig) == []
        wait_for(lambda: not rig.leftovers(), "tidying up")


def test_a_disk_that_takes_no_more_is_said_to_be_one_and_nothing_is_left(tmp_path: Path) -> None:
    rig = Rig(tmp_path, port=False)
    try:
        # No file can grow beyond this: the document does not fit, the database does.
        rig.start(prefix=["prlimit", "--fsize=1500000"])
        error = refusal(lambda: rig.client.upload(BytesIO(b"words " * 400_000), "words.txt"))
        assert error.cause is Cause.STORAGE
        wait_for(lambda: not rig.leftovers(), "tidying up")
        assert kept(rig) == []
        assert rig.until(rig.send("1").id, JobState.WAITING).pages_total == 1
    finally:
        rig.kill()


def test_a_document_that_only_rasterising_shows_to_be_bad_fails_its_jobs_with_the_cause(rig: Rig) -> None:
    bad = rig.client.upload(BytesIO(b"%!PS\nshowpage\nthis is no PostScript\n"), "bad.ps").id
    jobs = rig.client.jobs(submission=rig.send("1", "2", documents=[bad]).submission)
    for job in jobs:
        failed = rig.until(job.id, JobState.FAILED)
        assert failed.cause is not None
        assert failed.cause.startswith("document-")
        assert failed.reason
        assert rig.kinds(job.id) == ["accepted", "failed"]
    assert rig.masters() == []
    wait_for(lambda: not rig.leftovers(), "tidying up")


def test_a_document_with_more_pages_than_allowed_is_refused(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False, tables="[limits]\npages = 2\n") as rig:
        endless = rig.client.upload(BytesIO(b"%!PS\n{ showpage } loop\n"), "endless.ps").id
        assert rig.until(rig.send("1", documents=[endless]).id, JobState.FAILED).cause == "document-too-large"


def test_a_fault_of_ours_postpones_the_preparation_and_says_so(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig:
        # The folder of masters is a file: what a broken disk may look like.
        (rig.spool / "masters").rmdir()
        (rig.spool / "masters").write_text("")
        job = rig.send("1")
        wait_for(lambda: rig.client.job(job.id).reason, "the reason")
        waiting = rig.client.job(job.id)
        assert waiting.state is JobState.PREPARING
        assert waiting.reason is not None
        assert "could not be prepared" in waiting.reason
        assert waiting.until is not None
        (rig.spool / "masters").unlink()
        (rig.spool / "masters").mkdir()
        assert rig.until(job.id, JobState.WAITING).pages_total == 1


def test_a_transient_document_becomes_known_with_its_submission(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig:
        document = rig.client.upload(BytesIO(b"A fax.\n"), "words.txt", transient=True)
        assert (document.type, document.pages) == ("text/plain", 1)
        assert known(rig) == []
        job = rig.send("1", documents=[document.id])
        assert known(rig) == kept(rig) == [document.id]
        rig.until(job.id, JobState.WAITING)
        rig.kill()
        rig.start()
        assert known(rig) == kept(rig) == [document.id]


def test_a_transient_document_is_checked_at_once_and_leaves_nothing_when_refused(rig: Rig) -> None:
    error = refusal(lambda: rig.client.upload(BytesIO(b"%PDF-1.4\nwords\n"), transient=True))
    assert error.cause is Cause.DOCUMENT_DAMAGED
    wait_for(lambda: not rig.leftovers(), "tidying up")
    assert kept(rig) == []


def test_a_transient_document_of_a_daemon_that_was_killed_is_handed_in_again(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig:
        document = rig.client.upload(BytesIO(b"A fax.\n"), "words.txt", transient=True).id
        rig.kill()
        rig.start()
        assert refusal(lambda: rig.send("1", documents=[document])).cause is Cause.NO_SUCH_DOCUMENT
        assert kept(rig) == []
        assert rig.client.upload(BytesIO(b"A fax.\n"), "words.txt", transient=True).id == document
        rig.until(rig.send("1", documents=[document]).id, JobState.WAITING)


def test_a_transient_document_that_no_submission_names_is_like_others_after_a_while(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig:
        refused, unnamed = (
            rig.client.upload(BytesIO(words), "words.txt", transient=True).id for words in (b"One.\n", b"Two.\n")
        )
        assert refusal(lambda: rig.send("12x34", documents=[refused])).cause is Cause.BAD_NUMBER
        assert rig.process is not None
        rig.process.terminate()
        assert rig.process.wait(60) == 0
        assert known(rig) == kept(rig) == sorted([refused, unnamed])
        rig.start()
        third = rig.client.upload(BytesIO(b"Three.\n"), "words.txt", transient=True).id
        wait_for(lambda: third in known(rig), "becoming known")
        rig.until(rig.send("1", documents=[refused, unnamed, third]).id, JobState.WAITING)


def test_many_at_once_hand_in_the_same_transient_document(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig, ThreadPoolExecutor(8) as pool:

        def handed_in(number: int) -> JobState:
            document = rig.client.upload(BytesIO(b"The same.\n"), "words.txt", transient=True).id
            return rig.send(str(number), documents=[document]).state

        states = list(pool.map(handed_in, range(1, 33)))
        assert len(states) == len(rig.client.jobs()) == 32
        assert len(known(rig)) == 1


def test_whether_a_document_is_transient_is_said_clearly(rig: Rig) -> None:
    with (
        pytest.raises(RequestError) as refused,
        exchange(
            rig.socket, "POST", "/v1/documents", timeout_s=60, headers={"X-Document-Transient": "yes"}, body=b"words\n"
        ),
    ):
        pass
    assert refused.value.cause is Cause.BAD_REQUEST
