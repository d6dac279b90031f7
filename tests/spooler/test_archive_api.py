"""The archive at the API and at the command: found, shown, taken out, sent again, forwarded, deleted."""

from __future__ import annotations

import getpass
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pikepdf
import pytest

from codec.operations import same_pixels
from codec.tiff import TiffReader, read_pages
from fax.archive import ArchivedFax, ArchiveQuery, ArchiveResult, ArchiveSort, Direction, Forward
from fax.errors import Cause
from fax.types import CoverPage, JobId, JobState, Recipient, Sender
from tests.cli.command import platen
from tests.modem.line import picture
from tests.spooler.archived import put_in_archive
from tests.spooler.rig import Rig, refusal, wait_for

PAGES = [picture(1), picture(2), picture(3, dpi_y=98)]
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SENT, RECEIVED, THEIRS = JobId(900_001), JobId(900_002), JobId(900_003)
FAXES = (
    ArchivedFax(
        id=SENT,
        direction=Direction.SENT,
        result=ArchiveResult.OK,
        at=AT,
        users=(getpass.getuser(),),
        number="5552001",
        name="Jürgen Groß",
        company="Groß & Söhne",
        ident="+1 555 2001",
        subject="Angebot 4711",
        title="angebot.pdf",
        cover_pages=1,
        port="line1",
        billing_code="K7",
        recipient=Recipient(number="5552001", name="Jürgen Groß"),
        sender=Sender(name="Ann"),
    ),
    ArchivedFax(
        id=RECEIVED,
        direction=Direction.RECEIVED,
        result=ArchiveResult.DAMAGED,
        at=AT + timedelta(days=1),
        users=(getpass.getuser(), "bob"),
        number="+49301234567",
        ident="ACME FAX",
        called="17",
        port="line2",
    ),
    ArchivedFax(
        id=THEIRS,
        direction=Direction.RECEIVED,
        result=ArchiveResult.INCOMPLETE,
        at=AT + timedelta(days=2),
        users=("bob",),
        ident="+49 40 99",
    ),
)


class House:
    """A daemon without a line, with three archived faxes."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.folder = folder
        self.client = rig.client

    def found(self, **said: object) -> list[JobId]:
        return [fax.id for fax in self.client.archived_faxes(ArchiveQuery(**said))]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    for fax in FAXES:
        put_in_archive(folder / "spool", folder / "archive", fax, PAGES)
    with Rig(folder, port=False) as rig:
        yield House(rig, folder / "archive")


def test_they_are_found_by_number_name_date_result_and_subject(house: House) -> None:
    assert house.found() == [THEIRS, RECEIVED, SENT]
    assert house.found(text="jurgen") == [SENT]
    assert house.found(text="4711") == [SENT]
    assert house.found(subject="angeb") == [SENT]
    assert house.found(number="030 123") == [RECEIVED]
    assert house.found(name="acme") == [RECEIVED]
    assert house.found(result=ArchiveResult.INCOMPLETE) == [THEIRS]
    assert house.found(direction=Direction.RECEIVED, user="bob", descending=False) == [RECEIVED, THEIRS]
    assert house.found(since=AT + timedelta(days=1), until=AT + timedelta(days=2)) == [RECEIVED]
    assert house.found(port="line1") == house.found(billing_code="K7") == [SENT]
    assert house.found(sort=ArchiveSort.NUMBER, descending=False) == [RECEIVED, THEIRS, SENT]
    assert house.found(text="nobody knows") == []


def test_a_list_is_given_in_parts_and_what_is_asked_wrong_is_refused(house: House) -> None:
    first = house.client.search_archive(limit=2)
    assert [fax.id for fax in first.faxes] == [THEIRS, RECEIVED]
    second = house.client.search_archive(after=first.next, limit=2)
    assert ([fax.id for fax in second.faxes], second.next) == ([SENT], None)
    query = ArchiveQuery(sort=ArchiveSort.NAME)
    beyond = [urlsafe_b64encode(f"[{value},{job}]".encode()).decode() for value, job in ((1 << 80, 1), (1, 1 << 80))]
    for wrong in ("rubbish", first.next):
        refused = refusal(partial(house.client.search_archive, query, after=wrong))
        assert refused.cause is Cause.BAD_REQUEST
    for wrong in beyond:
        assert refusal(partial(house.client.search_archive, after=wrong)).cause is Cause.BAD_REQUEST
    assert refusal(lambda: house.client.archived_fax(JobId(7))).cause is Cause.NO_SUCH_JOB


def test_the_file_says_of_itself_what_fax_tiff_reads(house: House, tmp_path: Path) -> None:
    from winfax import FaxTiff

    out = tmp_path / "fax.tif"
    for id in (SENT, RECEIVED):
        house.client.archived_pages(id, out)
        assert [same_pixels(*pair) for pair in zip(read_pages(out), PAGES, strict=True)] == [None] * 3
        read = FaxTiff()
        read.Image = str(out)
        fax = house.client.archived_fax(id)
        if id == SENT:
            said = (read.RecipientName, read.RecipientNumber, read.Csid)
            assert said == ("Jürgen Groß", "5552001", "+1 555 2001")
        else:
            assert (read.CallerId, read.Tsid) == ("+49301234567", "ACME FAX")
        with TiffReader(out) as reader:
            origin = reader.tags(0).origin
            assert origin is not None
            assert (origin.at, origin.job) == (fax.at, id)


def test_as_pdf_it_has_the_same_pages(house: House, tmp_path: Path) -> None:
    out = tmp_path / "fax.pdf"
    house.client.archived_pdf(SENT, out)
    with pikepdf.open(out) as pdf:
        assert [page.Resources.XObject.P.read_raw_bytes() for page in pdf.pages] == [page.data for page in PAGES]
        assert str(pdf.docinfo["/Title"]) == "Angebot 4711"


def test_sent_again_it_is_a_new_fax_with_the_pages_as_they_were(house: House, tmp_path: Path) -> None:
    accepted = house.client.send_archived_again(SENT, "again")
    assert house.client.send_archived_again(SENT, "again") == accepted
    job = house.client.job(accepted.jobs[0])
    assert job.state is JobState.WAITING
    assert (job.recipient.number, job.title, job.cover, job.sender.name) == ("5552001", "angebot.pdf", None, "Ann")
    out = tmp_path / "pages.tif"
    house.client.pages(job.id, out)
    assert [page.digest for page in read_pages(out)] == [page.digest for page in PAGES]
    house.client.cancel(job.id)
    again = house.client.resend(job.id)
    assert again.state is JobState.WAITING
    house.client.cancel(again.id)


def test_what_came_in_is_forwarded_and_not_sent_again(house: House, tmp_path: Path) -> None:
    assert refusal(lambda: house.client.send_archived_again(RECEIVED)).cause is Cause.WRONG_STATE
    refused = refusal(lambda: house.client.forward_archived(RECEIVED, Forward(recipients=())))
    assert refused.cause is Cause.BAD_REQUEST
    refused = refusal(lambda: house.client.forward_archived(RECEIVED, Forward(recipients=(Recipient(number="x"),))))
    assert refused.cause is Cause.BAD_NUMBER
    wanted = Forward(
        recipients=(Recipient(number="5552001"), Recipient(number="5552002")),
        cover=CoverPage(subject="For you"),
        hold=True,
    )
    jobs = [house.client.job(id) for id in house.client.forward_archived(RECEIVED, wanted).jobs]
    assert [(job.recipient.number, job.state, job.pages_total) for job in jobs] == [
        ("5552001", JobState.HELD, 4),
        ("5552002", JobState.HELD, 4),
    ]
    for job in jobs:
        house.client.cancel(job.id)


def test_its_old_cover_page_goes_along_only_where_that_is_wanted(house: House, tmp_path: Path) -> None:
    for keep, pages in ((False, PAGES[1:]), (True, PAGES)):
        forward = Forward(recipients=(Recipient(number="5552001"),), keep_cover=keep)
        (job,) = house.client.forward_archived(SENT, forward).jobs
        house.client.pages(job, tmp_path / "pages.tif")
        assert [page.digest for page in read_pages(tmp_path / "pages.tif")] == [page.digest for page in pages]
        house.client.cancel(job)


def test_what_is_gone_of_a_forwarded_fax_leaves_no_file(house: House) -> None:
    forward = Forward(recipients=(Recipient(number="5552001"),))
    (job,) = house.client.forward_archived(RECEIVED, forward).jobs
    before = house.rig.masters()
    house.client.cancel(job)
    house.client.delete(job)
    house.rig.restart()
    wait_for(lambda: len(house.rig.masters()) < len(before), "the master's going")


def test_the_command_does_all_of_it(house: House, tmp_path: Path) -> None:
    def said(*words: str) -> str:
        done = platen("archive", *words, socket=house.rig.socket)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert [line.split("\t")[0] for line in said("list").splitlines()] == [str(THEIRS), str(RECEIVED), str(SENT)]
    assert said("search", "groß", "4711", "--since", "2026-11-19").startswith(f"{SENT}\tsent")
    assert json.loads(said("search", "--number", "30 123", "--json"))[0]["id"] == RECEIVED
    assert "Jürgen Groß" in said("show", str(SENT))
    said("save", str(SENT), "-o", str(tmp_path / "a.tif"))
    said("pdf", str(SENT), "-o", str(tmp_path / "a.pdf"))
    assert len(read_pages(tmp_path / "a.tif")) == 3
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    for line in (said("send-again", str(SENT)), said("forward", str(RECEIVED), "--to", "5552003", "--hold")):
        job = JobId(int(line.rsplit(" ", 1)[1]))
        assert house.client.job(job).pages_total == 3
        house.client.cancel(job)
    assert "kept for ever" in said("quota")
    assert platen("archive", "show", "7", socket=house.rig.socket).returncode == 5


def test_deleted_it_is_gone_with_its_file_and_the_audit_says_who_did(house: House) -> None:
    gone = put_in_archive(
        house.rig.spool,
        house.folder,
        ArchivedFax(
            id=JobId(900_010),
            direction=Direction.SENT,
            result=ArchiveResult.OK,
            at=AT - timedelta(days=400),
            users=("bob",),
            number="5552009",
        ),
        PAGES[:1],
    )
    assert Path(gone.file).is_file()
    assert house.client.delete_archived(gone.id) == gone
    assert refusal(lambda: house.client.archived_fax(gone.id)).cause is Cause.NO_SUCH_JOB
    assert not Path(gone.file).exists()
    assert not Path(gone.file).parent.exists()
    last = house.client.audit()[-1]
    assert (last.action, last.subject) == ("archive delete", f"fax {gone.id} of bob")
    assert last.before is not None
    assert "5552009" in last.before


def test_limits_act_when_they_are_set_and_wrong_ones_are_refused(house: House) -> None:
    for wrong in ({"archive_low_mb": 2, "archive_high_mb": 1}, {"archive_incoming": True}, {"archive_keep_days": -1}):
        assert refusal(partial(house.client.change_configuration, wrong)).cause is Cause.BAD_SETTING
    house.client.change_configuration({"archive_high_mb": 10, "archive_keep_days": 36500})
    usage = house.client.archive_usage()
    assert (usage.keep_days, usage.high_octets, usage.low_octets) == (36500, 10 << 20, 9 << 20)
    house.client.change_configuration({"archive_high_mb": None, "archive_keep_days": 0})
    assert house.client.archive_usage().keep_days is None


def test_a_folder_that_cannot_be_used_is_told_in_the_status(house: House, tmp_path: Path) -> None:
    before = house.client.configuration()
    (tmp_path / "other").mkdir()
    house.client.change_configuration({"archive_folder": str(tmp_path / "other"), "archive_outgoing": True})
    (tmp_path / "other").rmdir()
    try:
        wait_for(lambda: house.client.status().troubles, "the trouble")
        (trouble,) = house.client.status().troubles
        assert str(tmp_path / "other") in trouble and "cannot be archived" in trouble
        (tmp_path / "other").mkdir()
        wait_for(lambda: not house.client.status().troubles, "its end")
    finally:
        kept = {"archive_folder": before.archive_folder, "archive_outgoing": before.archive_outgoing}
        house.client.change_configuration(kept)
