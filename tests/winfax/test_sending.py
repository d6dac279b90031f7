"""Faxes are sent with all that their parameters say, or refused; nobody is called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import winfax
from codec.coder import page_from_bitmap
from codec.operations import same_pixels
from codec.tiff import TiffWriter, read_pages
from fax.access import Right
from fax.book import Profile
from fax.types import JobId, Recipient, Report, ReportKind, Resolution, ScheduleAction, Sender
from tests.codec.oracle.pages import blobs
from tests.spooler.rig import Rig, wait_for
from tests.winfax.conftest import Stranger
from tests.winfax.sends import AT, NUMBER, Refused, entry_of, letter, params, send
from winfax.handles import ServerHandle

__all__ = ["letter", "send"]


def test_a_document_is_sent_with_all_that_its_parameters_say(
    rig: Rig, handle: ServerHandle, send: Callable[..., int]
) -> None:
    job = send(
        RecipientName="Ann",
        Tsid="+49 30 1",
        SenderName="Bob",
        SenderCompany="Bob & Co",
        SenderDept="Sales",
        BillingCode="4711",
        ScheduleAction=winfax.JSA_SPECIFIC_TIME,
        ScheduleTime=winfax.SYSTEMTIME.from_datetime(AT),
        DeliveryReportType=winfax.DRT_EMAIL,
        DeliveryReportAddress="bob@example.org",
        DocumentName="Offer",
    )
    entry = entry_of(handle, job)
    assert (entry.JobId, entry.UserName, entry.JobType) == (job, "root", winfax.JT_SEND)
    assert (entry.RecipientNumber, entry.RecipientName, entry.Tsid) == (NUMBER, "Ann", "+49 30 1")
    assert (entry.SenderName, entry.SenderCompany, entry.SenderDept) == ("Bob", "Bob & Co", "Sales")
    assert (entry.BillingCode, entry.DocumentName, entry.Size) == ("4711", "Offer", 10)
    assert (entry.ScheduleAction, entry.ScheduleTime.to_datetime()) == (winfax.JSA_SPECIFIC_TIME, AT)
    assert (entry.DeliveryReportType, entry.DeliveryReportAddress) == (winfax.DRT_EMAIL, "bob@example.org")
    assert entry.QueueStatus == winfax.JS_PENDING and entry.Status == 0
    assert entry.SizeOfStruct == winfax.sizeof(winfax.FAX_JOB_ENTRY)
    wait_for(lambda: entry_of(handle, job).PageCount == 1, "preparation")
    about = rig.client.job(JobId(job))
    assert (about.schedule.action, about.schedule.at) == (ScheduleAction.AT, AT)
    assert winfax.FaxAbort(handle, job)


def test_a_document_s_name_is_its_file_s_when_none_is_said(handle: ServerHandle, send: Callable[..., int]) -> None:
    entry = entry_of(handle, send())
    assert (entry.DocumentName, entry.RecipientName, entry.BillingCode, entry.Tsid) == ("letter.txt", None, None, None)


def test_a_time_that_is_past_is_now(rig: Rig, send: Callable[..., int]) -> None:
    past = winfax.SYSTEMTIME.from_datetime(datetime.now(UTC) - timedelta(days=400))
    job = send(ScheduleAction=winfax.JSA_SPECIFIC_TIME, ScheduleTime=past)
    wait_for(lambda: rig.client.job(JobId(job)).wait in ("ports-down", "number-in-call"), "waiting for a line")


def test_a_subaddress_goes_with_the_number(rig: Rig, send: Callable[..., int]) -> None:
    about = rig.client.job(JobId(send(RecipientNumber=f"{NUMBER} | 42 ^ Ann")))
    assert (about.recipient.number, about.recipient.sub_address) == (NUMBER, "42")


def test_a_cover_page_s_members_reach_it(rig: Rig, send: Callable[..., int]) -> None:
    members = [name for name in vars(winfax.FAX_COVERPAGE_INFO()) if name[:3] in ("Rec", "Sdr")]
    assert len(members) == 22
    cover = winfax.FAX_COVERPAGE_INFO(
        CoverPageName="default.cov", UseServerCoverPage=True, Note="A note", Subject="A subject"
    )
    for name in members:
        setattr(cover, name, f"<{name}>")
    job = rig.client.job(JobId(send(cover)))
    assert job.recipient == Recipient(
        number=NUMBER,
        name="<RecName>",
        company="<RecCompany>",
        street_address="<RecStreetAddress>",
        city="<RecCity>",
        state="<RecState>",
        zip="<RecZip>",
        country="<RecCountry>",
        title="<RecTitle>",
        department="<RecDepartment>",
        office_location="<RecOfficeLocation>",
        home_phone="<RecHomePhone>",
        office_phone="<RecOfficePhone>",
    )
    assert job.sender == Sender(
        name="<SdrName>",
        fax_number="<SdrFaxNumber>",
        company="<SdrCompany>",
        address="<SdrAddress>",
        title="<SdrTitle>",
        department="<SdrDepartment>",
        office_location="<SdrOfficeLocation>",
        home_phone="<SdrHomePhone>",
        office_phone="<SdrOfficePhone>",
    )
    assert job.cover is not None
    assert (job.cover.template, job.cover.subject, job.cover.note) == ("default", "A subject", "A note")


def test_one_s_own_cover_page_goes_up_with_the_fax(rig: Rig, send: Callable[..., int], tmp_path: Path) -> None:
    own = tmp_path / "own.cov"
    own.write_text('[[block]]\nkind = "text"\ntext = "For {recipient.name}"\n')
    cover = winfax.FAX_COVERPAGE_INFO(CoverPageName=str(own), RecName="Ann")
    job = rig.client.job(JobId(send(cover)))
    assert job.cover is not None and job.cover.layout == own.read_text()


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"SizeOfStruct": 1}, winfax.ERROR_INVALID_PARAMETER),
        ({"RecipientNumber": None}, winfax.ERROR_INVALID_PARAMETER),
        ({"RecipientNumber": ""}, winfax.ERROR_INVALID_PARAMETER),
        ({"RecipientNumber": "Ann"}, winfax.ERROR_INVALID_PARAMETER),
        ({"CallHandle": 1}, winfax.ERROR_INVALID_PARAMETER),
        ({"CallHandle": 1, "RecipientNumber": None}, winfax.ERROR_NOT_SUPPORTED),
        ({"ScheduleAction": 3}, winfax.ERROR_INVALID_PARAMETER),
        ({"ScheduleAction": winfax.JSA_SPECIFIC_TIME}, winfax.ERROR_INVALID_PARAMETER),
        (
            {"ScheduleAction": winfax.JSA_SPECIFIC_TIME, "ScheduleTime": winfax.SYSTEMTIME(2026, 2, 0, 30)},
            winfax.ERROR_INVALID_PARAMETER,
        ),
        ({"DeliveryReportType": 9}, winfax.ERROR_INVALID_PARAMETER),
        ({"DeliveryReportType": winfax.DRT_EMAIL}, winfax.ERROR_INVALID_PARAMETER),
        ({"DeliveryReportAddress": "ann@example.org"}, winfax.ERROR_INVALID_PARAMETER),
        ({"Tsid": "x" * 21}, winfax.ERROR_INVALID_PARAMETER),
        ({"Tsid": "Köln"}, winfax.ERROR_INVALID_PARAMETER),
    ],
)
def test_what_cannot_be_asked_for_is_refused_and_nothing_is_queued(
    rig: Rig, handle: ServerHandle, letter: Path, refused: Refused, members: dict[str, Any], code: int
) -> None:
    before = len(rig.client.jobs())
    assert refused(winfax.FaxSendDocument(handle, str(letter), params(**members))) == code
    assert len(rig.client.jobs()) == before


def test_a_document_or_cover_page_that_is_not_there(
    handle: ServerHandle, letter: Path, tmp_path: Path, refused: Refused
) -> None:
    missing = str(tmp_path / "missing")
    for name in (missing, f"{letter}/below", r"\\server\share\letter.txt"):
        assert refused(winfax.FaxSendDocument(handle, name, params())) == winfax.ERROR_FILE_NOT_FOUND
    for cover in (
        winfax.FAX_COVERPAGE_INFO(CoverPageName="no-such", UseServerCoverPage=True),
        winfax.FAX_COVERPAGE_INFO(CoverPageName=missing),
    ):
        assert refused(winfax.FaxSendDocument(handle, str(letter), params(), cover)) == winfax.ERROR_FILE_NOT_FOUND


def test_a_document_or_cover_page_that_cannot_be_processed(
    handle: ServerHandle, letter: Path, tmp_path: Path, refused: Refused
) -> None:
    for name, octets in {"empty.pdf": b"", "torn.pdf": b"%PDF-1.7\nnothing", "sound.wav": b"RIFF\0\0\0\0WAVE"}.items():
        (tmp_path / name).write_bytes(octets)
        outcome = winfax.FaxSendDocument(handle, str(tmp_path / name), params())
        assert refused(outcome) == winfax.ERROR_INVALID_DATA
    assert refused(winfax.FaxSendDocument(handle, str(tmp_path), params())) == winfax.ERROR_INVALID_DATA
    for text in ("", "[[block]]\nkind = 'none'\n", '[[block]]\nkind = "image"\nfile = "a.png"\nheight_pt = 9\n'):
        (tmp_path / "own.cov").write_text(text)
        cover = winfax.FAX_COVERPAGE_INFO(CoverPageName=str(tmp_path / "own.cov"))
        assert refused(winfax.FaxSendDocument(handle, str(letter), params(), cover)) == winfax.ERROR_INVALID_DATA


def test_null_is_a_bad_parameter(handle: ServerHandle, letter: Path, refused: Refused) -> None:
    name = str(letter)
    wrong: Any = winfax.FAX_COVERPAGE_INFO()
    cover = winfax.FAX_COVERPAGE_INFO(SizeOfStruct=1, CoverPageName="default", UseServerCoverPage=True)
    for outcome in (
        lambda: winfax.FaxSendDocument(None, name, params()),
        lambda: winfax.FaxSendDocument(handle, None, params()),
        lambda: winfax.FaxSendDocument(handle, name, None),
        lambda: winfax.FaxSendDocument(handle, name, wrong),
        lambda: winfax.FaxSendDocument(handle, name, params(), wrong),
        lambda: winfax.FaxSendDocument(handle, name, params(), cover),
        lambda: winfax.FaxGetJob(None, 1),
        lambda: winfax.FaxSetJob(None, 1, winfax.JC_PAUSE),
        lambda: winfax.FaxGetPageData(None, 1),
    ):
        assert refused(outcome()) == winfax.ERROR_INVALID_PARAMETER
    assert refused(winfax.FaxAbort(None, 1)) == winfax.ERROR_INVALID_HANDLE


def test_a_server_that_takes_no_new_faxes(rig: Rig, handle: ServerHandle, letter: Path, refused: Refused) -> None:
    rig.client.change_configuration({"queue_blocked": True})
    try:
        assert refused(winfax.FaxSendDocument(handle, str(letter), params())) == winfax.ERROR_WRITE_PROTECT
    finally:
        rig.client.change_configuration({"queue_blocked": False})


def test_a_fax_tiff_goes_out_as_it_is_and_anything_is_taken_for_what_it_is(
    rig: Rig, handle: ServerHandle, send: Callable[..., int], tmp_path: Path
) -> None:
    for dpi, resolution in ((98, Resolution.STANDARD), (196, Resolution.FINE)):
        page = page_from_bitmap(blobs(1728, 400, dpi), 204, dpi)
        file = tmp_path / f"fax-{dpi}.doc"  # whatever it is called
        with TiffWriter(file) as writer:
            writer.append(page)
        job = JobId(send(file=file))
        assert rig.client.job(job).resolution is resolution
        wait_for(lambda job=job: rig.client.job(job).pages_total, "preparation")  # type: ignore[misc]
        rig.client.pages(job, tmp_path / "sent.tif")
        (sent,) = read_pages(tmp_path / "sent.tif")
        assert same_pixels(page, sent) is None and (sent.dpi_x, sent.dpi_y) == (204, dpi)
    picture = tmp_path / "picture.tif"
    Image.new("L", (300, 100), 0).save(picture, dpi=(98, 98))
    assert rig.client.job(JobId(send(file=picture))).resolution is Resolution.FINE


def test_what_is_known_of_the_user_is_filled_in(rig: Rig) -> None:
    sender = Sender(
        name="Root Rootson",
        fax_number="+49 30 2",
        company="Roots",
        address="Root street",
        title="Dr",
        department="Depths",
        office_location="0.1",
        home_phone="1",
        office_phone="2",
    )
    report = Report(kind=ReportKind.EMAIL, address="root@example.org")
    before = rig.client.profile()
    rig.client.set_profile(Profile(sender=sender, billing_code="0815", report=report))
    try:
        ok, job, cover = winfax.FaxCompleteJobParams()
    finally:
        rig.client.set_profile(before)
    assert ok and job is not None and cover is not None
    assert (job.SenderName, job.SenderCompany, job.SenderDept) == ("Root Rootson", "Roots", "Depths")
    assert (job.BillingCode, job.DeliveryReportType, job.DeliveryReportAddress) == ("0815", 1, "root@example.org")
    assert (job.RecipientNumber, job.ScheduleAction, job.SizeOfStruct) == (None, 0, winfax.sizeof(job))
    assert (cover.SdrName, cover.SdrFaxNumber, cover.SdrCompany) == ("Root Rootson", "+49 30 2", "Roots")
    assert (cover.SdrAddress, cover.SdrTitle, cover.SdrDepartment) == ("Root street", "Dr", "Depths")
    assert (cover.SdrOfficeLocation, cover.SdrHomePhone, cover.SdrOfficePhone) == ("0.1", "1", "2")
    winfax.FaxFreeBuffer(job)
    assert cover.SdrName, "each is freed by itself"
    winfax.FaxFreeBuffer(cover)


def test_a_user_without_a_profile_has_a_name_all_the_same(rig: Rig) -> None:
    rig.client.set_profile(Profile())
    ok, job, cover = winfax.FaxCompleteJobParams()
    assert ok and job is not None and cover is not None
    assert job.SenderName == cover.SdrName == "root"


def test_nothing_is_known_of_the_user_while_the_server_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    monkeypatch.setenv("PLATEN_SOCKET", str(tmp_path / "nothing.sock"))
    assert refused(winfax.FaxCompleteJobParams()) == winfax.RPC_S_SERVER_UNAVAILABLE


def test_sending_needs_its_right_and_one_s_own_fax_none(
    rig: Rig, handle: ServerHandle, stranger: Stranger, refused: Refused
) -> None:
    file = rig.folder / "theirs.txt"
    file.write_text("From somebody else.\n")
    file.chmod(0o644)
    expression = f"w.FaxSendDocument(handle, {str(file)!r}, w.FAX_JOB_PARAM(RecipientNumber='1'))"
    stranger.may_all_but(Right.JOB_SUBMIT)
    assert stranger.asked(expression)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
    stranger.may(Right.JOB_SUBMIT)
    ok, _, given = stranger.asked(expression)
    assert ok
    job = eval(given)[1]
    stranger.may(Right(0))
    for own in (f"w.FaxGetJob(handle, {job})", f"w.FaxGetPageData(handle, {job})", f"w.FaxAbort(handle, {job})"):
        assert stranger.asked(own)[:2] == (True, 0)


def test_a_file_that_may_not_be_read_is_denied(rig: Rig, stranger: Stranger) -> None:
    file = rig.folder / "secret.txt"
    file.write_text("Root's own.\n")
    file.chmod(0o600)
    stranger.may(Right.JOB_SUBMIT)
    expression = f"w.FaxSendDocument(handle, {str(file)!r}, w.FAX_JOB_PARAM(RecipientNumber='1'))"
    assert stranger.asked(expression)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
