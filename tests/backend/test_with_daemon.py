"""The real lp, a private cupsd and the real daemon: what a person who prints meets."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from fax import JobState, Recipient
from tests.backend.desk import CANCELLED, COMPLETED, Desk, eventually
from tests.backend.real_daemon import Daemon, prepared


def test_a_printed_document_is_a_fax_of_the_person_who_printed(daemon: Daemon, real: Desk, pdf: Path) -> None:
    ticket = real.print("-U", "alice", "-t", "first", "-o", "phone=+49 30 123456".replace(" ", "\\ "), pdf)
    (job,) = prepared(daemon, "first")
    assert (ticket.state, ticket.message) == (COMPLETED, f"Queued as fax {job.id}")
    assert (job.user, job.recipient.number, job.pages_total) == ("alice", "+4930123456", 2)


def test_without_a_number_it_waits_until_one_is_named(daemon: Daemon, real: Desk, pdf: Path) -> None:
    ticket = real.print("-t", "nobody", pdf)
    (job,) = prepared(daemon, "nobody")
    assert f"platen address {job.id} --to NUMBER" in ticket.message
    assert job.state is JobState.ADDRESS
    daemon.client.address(job.id, Recipient(number="5552001"))
    assert daemon.client.job(job.id).state is not JobState.ADDRESS


def test_two_recipients_and_several_files(daemon: Daemon, real: Desk, pdf: Path, other_pdf: Path) -> None:
    real.print("-t", "many", "-o", "phone=5552001;5552002", pdf, other_pdf)
    jobs = prepared(daemon, "many")
    assert [job.recipient.number for job in jobs] == ["5552001", "5552002"]
    assert {job.pages_total for job in jobs} == {3}
    assert len({job.submission for job in jobs}) == 1


def test_a_daemon_that_was_away_takes_the_fax_in_when_it_is_back(daemon: Daemon, real: Desk, pdf: Path) -> None:
    daemon.stop()
    ticket = real.print("-U", "alice", "-t", "away", "-o", "phone=5552001", pdf)
    assert ticket.state == COMPLETED
    daemon.start()
    eventually(lambda: bool(daemon.jobs("away")), "it is not taken in")
    (job,) = prepared(daemon, "away")
    assert (job.user, job.recipient.number, job.pages_total) == ("alice", "5552001", 2)
    eventually(lambda: list((daemon.spool / "incoming").iterdir()) == [], "it stays in the incoming folder")


def test_the_same_print_job_by_both_ways_is_one_fax(daemon: Daemon, real: Desk, pdf: Path) -> None:
    program = str(real.program)
    command = [program, "1", "alice", "both", "1", "phone=5552001 job-uuid=urn:uuid:both"]
    environment = {"PLATEN_SPOOL": str(daemon.spool), "TMPDIR": "/tmp"}
    for socket in ("/nonexistent", str(daemon.socket), "/nonexistent"):
        with pdf.open("rb") as stream:
            subprocess.run(command, stdin=stream, env=environment | {"PLATEN_SOCKET": socket}, check=True)
    eventually(lambda: list((daemon.spool / "incoming").iterdir()) == [], "it is not taken in")
    assert len(daemon.jobs("both")) == 1


def _encrypted(path: Path, pdf: Path) -> None:
    with pikepdf.open(pdf) as document:
        document.save(path, encryption=pikepdf.Encryption(owner="o", user="u"))


def _cut(path: Path, pdf: Path) -> None:
    path.write_bytes(pdf.read_bytes()[:300])


def _word(path: Path, pdf: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000))


@pytest.mark.parametrize(
    ("spoil", "words"), [(_encrypted, "password"), (_cut, "cut off"), (_word, "")], ids=["encrypted", "cut", "unknown"]
)
def test_a_bad_document_is_refused_where_the_person_looks(
    daemon: Daemon, real: Desk, tmp_path: Path, pdf: Path, spoil: Callable[[Path, Path], None], words: str
) -> None:
    spoil(tmp_path / "bad.pdf", pdf)
    ticket = real.print("-o", "raw", "-t", "bad", "-o", "phone=5552001", tmp_path / "bad.pdf")
    assert ticket.state == CANCELLED
    assert ticket.message
    assert words in ticket.message
    assert daemon.jobs("bad") == []


@pytest.mark.parametrize(("spoil", "words"), [(_encrypted, "password"), (_cut, "cut off")], ids=["encrypted", "cut"])
def test_what_the_filters_of_cups_cannot_read_is_refused_in_plain_words(
    daemon: Daemon, real: Desk, tmp_path: Path, pdf: Path, spoil: Callable[[Path, Path], None], words: str
) -> None:
    spoil(tmp_path / "bad.pdf", pdf)
    for files in ([tmp_path / "bad.pdf"], [pdf, tmp_path / "bad.pdf"], [tmp_path / "bad.pdf", pdf]):
        ticket = real.print("-t", "unreadable", "-o", "phone=5552001", *files)
        assert ticket.state == CANCELLED
        assert words in ticket.message
        assert str(real.cups.folder) not in ticket.message
    assert daemon.jobs("unreadable") == []
    assert real.print("-o", "phone=5552001", pdf).state == COMPLETED


def test_a_number_with_letters_is_refused_where_the_person_looks(daemon: Daemon, real: Desk, pdf: Path) -> None:
    ticket = real.print("-t", "letters", "-o", "phone=0800-FLOWERS", pdf)
    assert ticket.state == CANCELLED
    assert "cannot be dialled" in ticket.message
    assert daemon.jobs("letters") == []


def test_endless_postscript_does_not_stop_the_queue(daemon: Daemon, real: Desk, tmp_path: Path, pdf: Path) -> None:
    (tmp_path / "endless.ps").write_bytes(b"%!PS-Adobe-3.0\n{ } loop\nshowpage\n%%EOF\n")
    assert real.print("-t", "endless", "-o", "phone=5552001", tmp_path / "endless.ps").state == COMPLETED
    assert real.print("-t", "after", "-o", "phone=5552001", pdf).state == COMPLETED
    assert len(daemon.jobs("endless")) == 1
