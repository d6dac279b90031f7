"""The real lp, through a private cupsd, to what the daemon is asked."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from backend.install import HOUSE
from backend.private import PrivateCups
from fax.types import CoverPage, Priority, Recipient, Resolution, ScheduleAction
from ipp.client import post
from ipp.values import Attribute, Group, Operation, collection, integer, keyword, name_value, request, text_value, uri
from tests.backend.desk import CANCELLED, COMPLETED, Desk, Ticket
from tests.backend.recorder import Recorder


def _numbers(recorder: Recorder) -> list[str | None]:
    return [recipient.number for recipient in recorder.only.submission.recipients]


def _pages(octets: bytes) -> int:
    with pikepdf.open(BytesIO(octets)) as document:
        return len(document.pages)


def test_a_print_job_with_a_number_becomes_a_submission(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    ticket = desk.print("-U", "alice", "-o", "phone=+49 30 123-456".replace(" ", "\\ "), "-t", "Bericht", pdf)
    assert ticket.state == COMPLETED
    taken = recorder.only
    assert taken.key == ticket.attributes["job-uuid"].text()
    assert taken.submission.recipients == (Recipient(number="+49 30 123-456"),)
    assert (taken.submission.user, taken.submission.title) == ("alice", "Bericht")
    assert (taken.submission.resolution, taken.submission.cover) == (Resolution.FINE, None)
    assert [_pages(octets) for octets in recorder.contents(taken)] == [2]


def test_the_person_and_programs_learn_the_fax_id(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    ticket = desk.print("-o", "phone=5552001", pdf)
    (job,) = recorder.only.jobs
    assert ticket.message == f"Queued as fax {job}"
    assert ticket.attributes["platen-fax-id"] == integer("platen-fax-id", job)
    assert f"Queued as fax {job}" in desk.run("lpstat", "-l", "-W", "completed", "-o", desk.cups.queue)


@pytest.mark.parametrize(
    ("options", "number"),
    [
        (["-o", "phone=Custom.5552001"], "5552001"),
        (["-o", "phone=5552001", "-o", "faxPrefix=Custom.0w"], "0w5552001"),
        (["-t", "+49 30 123456"], "+49 30 123456"),
        (["-t", "5552001"], "5552001"),
        (["-o", "destination-uris={destination-uri=tel:5552001}"], "5552001"),
        (
            ["-o", "destination-uris={destination-uri=tel:5552001;ext=7 pre-dial-string=0, post-dial-string=#}"],
            "0,5552001,7#",
        ),
    ],
    ids=["custom", "prefix", "title-international", "title-digits", "destination", "destination-with-strings"],
)
def test_the_number_is_found(desk: Desk, recorder: Recorder, pdf: Path, options: list[str], number: str) -> None:
    assert desk.print(*options, pdf).state == COMPLETED
    assert _numbers(recorder) == [number]


def _print_by_ipp(desk: Desk, pdf: Path, *attributes: Attribute) -> Ticket:
    """Print-Job as an IPP client sends it: collections as they are meant, which lp cannot."""
    question = request(
        Operation.PRINT_JOB,
        uri("printer-uri", f"ipp://localhost/printers/{desk.cups.queue}"),
        name_value("requesting-user-name", "bob"),
        job=attributes,
    )
    with pdf.open("rb") as document:
        answer = post(desk.cups.server, f"/printers/{desk.cups.queue}", question, document)
    assert answer.successful
    job = answer.find(Group.JOB, "job-id")
    assert job is not None
    id = job.values[0].data
    assert isinstance(id, int)
    return desk.wait(id)


def test_two_destinations_are_two_recipients_of_one_document(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    destinations = collection(
        "destination-uris",
        (uri("destination-uri", "tel:5552001"), text_value("pre-dial-string", "0,")),
        (uri("destination-uri", "tel:+49-30-123456"),),
    )
    ticket = _print_by_ipp(desk, pdf, destinations)
    assert _numbers(recorder) == ["0,5552001", "+49-30-123456"]
    assert len(recorder.only.submission.documents) == 1
    first, second = recorder.only.jobs
    assert ticket.message == f"Queued as fax {first}, {second}"
    assert ticket.attributes["platen-fax-id"] == integer("platen-fax-id", first, second)


@pytest.mark.parametrize(
    "option",
    ["phone=5552001;5552002", "destination-uris={destination-uri=tel:5552001},{destination-uri=tel:5552002}"],
    ids=["phone", "destination-uris"],
)
def test_lp_can_name_two_recipients(desk: Desk, recorder: Recorder, pdf: Path, option: str) -> None:
    assert desk.print("-o", option, pdf).state == COMPLETED
    assert _numbers(recorder) == ["5552001", "5552002"]


def test_destinations_that_lp_ran_together_are_refused(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    one, two = "{destination-uri=tel:5552001 pre-dial-string=0}", "{destination-uri=tel:5552002}"
    ticket = desk.print("-o", f"destination-uris={one},{two}", pdf)
    assert ticket.state == CANCELLED
    assert "ran together" in ticket.message
    assert recorder.taken == {}


@pytest.mark.parametrize("options", [[], ["-o", "phone=Custom"], ["-o", "phone=None"], ["-o", "phone=Custom."]])
def test_without_a_number_the_fax_waits_and_the_person_is_told(
    desk: Desk, recorder: Recorder, pdf: Path, options: list[str]
) -> None:
    ticket = desk.print(*options, pdf)
    assert ticket.state == COMPLETED
    assert _numbers(recorder) == [None]
    (job,) = recorder.only.jobs
    assert ticket.message == f"Fax {job} waits for its number: platen address {job} --to NUMBER"


def test_what_is_typed_in_the_dialogue_reaches_the_cover_page(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    desk.print(
        *("-o", "phone=5552001"),
        *("-o", "FaxRecipient='Custom.Jürgen O\\'Neil'"),
        *("-o", "FaxCompany=Custom.Müller\\ &\\ Söhne"),
        *("-o", "FaxSubject='Custom.Angebot, zweiter \"Teil\"'"),
        *("-o", "FaxCover=default"),
        *("-o", "Resolution=204x391dpi"),
        pdf,
    )
    submission = recorder.only.submission
    assert submission.recipients == (Recipient(number="5552001", name="Jürgen O'Neil", company="Müller & Söhne"),)
    assert submission.cover == CoverPage(subject='Angebot, zweiter "Teil"')
    assert submission.resolution is Resolution.SUPERFINE


def test_cover_sheet_info_of_the_job_fills_the_cover_page(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    sheet = "{from-name='Alice A' organization-name=ACME subject=Hello to-name='Bob B' message='Call me'}"
    desk.print("-o", "phone=5552001", "-o", f"cover-sheet-info={sheet}", pdf)
    submission = recorder.only.submission
    assert submission.cover == CoverPage(subject="Hello", note="Call me")
    assert (submission.sender.name, submission.sender.company) == ("Alice A", "ACME")
    assert submission.recipients[0].name == "Bob B"


def test_several_files_of_a_job_all_arrive(desk: Desk, recorder: Recorder, pdf: Path, other_pdf: Path) -> None:
    desk.print("-o", "phone=5552001", pdf, other_pdf, pdf)
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2, 1, 2]


@pytest.mark.parametrize("options", [[], ["-o", "raw"]], ids=["filtered", "raw"])
def test_banner_pages_are_not_faxed(
    desk: Desk, recorder: Recorder, pdf: Path, other_pdf: Path, options: list[str]
) -> None:
    banners = ["-o", "job-sheets=standard,classified"]
    ticket = desk.print("-o", "phone=5552001", *banners, *options, pdf, other_pdf)
    assert ticket.state == COMPLETED
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2, 1]


@pytest.mark.parametrize("sheets", ["standard,none", "none,standard", "standard,classified"])
def test_one_document_between_banner_pages_is_faxed_alone(
    desk: Desk, recorder: Recorder, pdf: Path, sheets: str
) -> None:
    assert desk.print("-o", "phone=5552001", "-o", f"job-sheets={sheets}", pdf).state == COMPLETED
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2]


def test_copies_are_sent_once(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    desk.print("-n", "3", "-o", "phone=5552001", pdf)
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2]


ENDLESS = b"%!PS-Adobe-3.0\n{ } loop\nshowpage\n%%EOF\n"


def test_postscript_reaches_the_daemon_unexecuted(desk: Desk, recorder: Recorder, tmp_path: Path) -> None:
    file = tmp_path / "endless.ps"
    file.write_bytes(ENDLESS)
    assert desk.print("-o", "phone=5552001", file).state == COMPLETED
    assert recorder.contents(recorder.only) == [ENDLESS]


def test_tiff_postscript_and_pdf_of_one_job_are_told_apart(
    desk: Desk, recorder: Recorder, tmp_path: Path, pdf: Path
) -> None:
    from PIL import Image

    postscript = tmp_path / "endless.ps"
    postscript.write_bytes(ENDLESS)
    tiff = tmp_path / "pages.tiff"
    images = [Image.new("1", (1728, 100), colour) for colour in (0, 1)]
    images[0].save(tiff, save_all=True, append_images=images[1:], compression="group4")
    desk.print("-o", "phone=5552001", tiff, pdf, postscript, tiff, pdf)
    first, second, third, fourth, fifth = recorder.contents(recorder.only)
    assert (first, third, fourth) == (tiff.read_bytes(), ENDLESS, tiff.read_bytes())
    assert (_pages(second), _pages(fifth)) == (2, 2)


def test_plain_text_is_printed_as_pages(desk: Desk, recorder: Recorder) -> None:
    desk.print("-o", "phone=5552001", stdin=b"Guten Tag\n")
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [1]


def test_a_raw_job_arrives_as_it_is(desk: Desk, recorder: Recorder, pdf: Path, other_pdf: Path) -> None:
    desk.print("-o", "raw", "-o", "phone=5552001", pdf, other_pdf)
    assert recorder.contents(recorder.only) == [pdf.read_bytes(), other_pdf.read_bytes()]
    desk.print("-o", "raw", "-o", "phone=5552002", pdf)
    assert recorder.contents(list(recorder.taken.values())[1]) == [pdf.read_bytes()]


def test_an_empty_document_is_refused_where_the_person_looks(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    # pdftopdf makes nothing of this, and says that all is well
    ticket = desk.print("-o", "phone=5552001", "-o", "page-ranges=7", "-o", "number-up=2", pdf)
    assert recorder.taken == {}
    assert ticket.state == CANCELLED
    assert ticket.message == "The document is empty: there is nothing to fax"


def test_a_job_of_which_a_part_got_lost_in_the_filters_is_refused(
    desk: Desk, recorder: Recorder, tmp_path: Path, pdf: Path
) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\nnothing\n")
    ticket = desk.print("-o", "phone=5552001", pdf, broken, pdf)
    assert (ticket.state, ticket.message) == (
        CANCELLED,
        "CUPS could prepare only 2 of the 3 documents: nothing is faxed",
    )
    assert recorder.taken == {}


def test_a_document_that_the_daemon_refuses_is_refused_where_the_person_looks(
    desk: Desk, recorder: Recorder, pdf: Path, other_pdf: Path
) -> None:
    recorder.refuse("documents", 422, "document-encrypted", "The document is protected by a password")
    ticket = desk.print("-o", "phone=5552001", pdf)
    assert (ticket.state, ticket.message) == (CANCELLED, "The document is protected by a password")
    ticket = desk.print("-o", "phone=5552001", pdf, other_pdf)
    assert ticket.message == "Document 1 of 2: The document is protected by a password"
    assert recorder.taken == {}
    recorder.refusals.clear()
    assert desk.print("-o", "phone=5552001", pdf).state == COMPLETED


def test_a_bad_number_is_refused_without_showing_it(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    recorder.refuse("submissions", 400, "bad-number", "'0800-FLOWERS' is not a fax number")
    ticket = desk.print("-o", "phone=0800-FLOWERS", pdf)
    assert ticket.state == CANCELLED
    assert "cannot be dialled" in ticket.message
    assert "FLOWERS" not in ticket.message


def test_a_prefix_before_an_international_number_is_refused(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    ticket = desk.print("-o", "phone=+4930123456", "-o", "faxPrefix=0", pdf)
    assert ticket.state == CANCELLED
    assert "prefix" in ticket.message
    assert "4930" not in ticket.message


def test_everything_that_ipp_can_say_of_a_fax_becomes_part_of_it(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    destination = (uri("destination-uri", "tel:+49-30-123456"), integer("t33-subaddress", 42))
    _print_by_ipp(
        desk,
        pdf,
        collection("destination-uris", destination),
        integer("number-of-retries", 7),
        integer("retry-interval", 120),
        integer("retry-time-out", 3600),
        integer("job-priority", 90),
        text_value("job-billing", "Kostenstelle 17"),
    )
    submission = recorder.only.submission
    assert submission.recipients == (Recipient(number="+49-30-123456", sub_address="42"),)
    assert (submission.retries, submission.retry_delay_s) == (7, 120.0)
    assert submission.schedule.give_up_at is not None
    assert (submission.priority, submission.billing_code) == (Priority.HIGH, "Kostenstelle 17")


def test_a_fax_for_tonight_is_handed_over_now_and_sent_tonight(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    before = datetime.now(UTC)
    assert desk.print("-o", "phone=5552001", "-o", "FaxWhen=22h", pdf).state == COMPLETED
    schedule = recorder.only.submission.schedule
    assert schedule.action is ScheduleAction.AT
    assert schedule.at is not None
    assert timedelta(0) < schedule.at - before <= timedelta(days=1, hours=1)


def test_page_ranges_are_those_of_the_fax(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    desk.print("-o", "phone=5552001", "-o", "page-ranges=2", pdf)
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [1]


def test_what_everybody_can_read_holds_no_number_and_no_name(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    said = ["-o", "phone=5557777", "-o", "FaxRecipient=Custom.Secretary", "-o", "FaxSubject=Custom.Diagnosis"]
    tickets = [desk.print(*said, pdf)]
    recorder.refuse("submissions", 400, "bad-number", "5557777 of Secretary cannot be dialled")
    tickets.append(desk.print(*said, pdf))
    listed = desk.run("lpstat", "-l", "-W", "all", "-o", desk.cups.queue) + desk.run("lpstat", "-l", "-p")
    for text in (*(ticket.message for ticket in tickets), listed):
        assert not re.search("5557777|Secretary|Diagnosis", text)
    log = (desk.cups.folder / "log" / "error_log").read_text()
    ours = [line for line in log.splitlines() if "5557777" in line and "argv[" not in line and "phone" not in line]
    assert ours == []


def test_under_the_policy_that_we_supply_only_who_printed_sees_whom_a_fax_goes_to(
    open_folder: Path, recorder: Recorder, pdf: Path
) -> None:
    lines = [line for line in (HOUSE / "backend" / "private.policy").read_text().splitlines() if line[:1] != "#"]
    policy = ["<Policy platen>", *lines, "<Limit All>", "AuthType None", "Order allow,deny", "Allow from 127.0.0.1"]
    folder = Path(tempfile.mkdtemp(prefix="policy-", dir=open_folder))
    settings = ["DefaultPolicy platen", *policy, "</Limit>", "</Policy>"]
    with PrivateCups(folder, daemon_socket=recorder.path, spool=open_folder / "spool", settings=settings) as cups:
        desk = Desk(cups)
        said = ["-o", "phone=5557777", "-o", "FaxRecipient=Custom.Secretary"]
        sheet = ["-o", "cover-sheet-info={to-name=Boss}", "-o", "destination-uris={destination-uri=tel:5558888}"]
        job = desk.lp("-U", "alice", "-t", "5559999", *said, *sheet, pdf)
        desk.wait(job)

        def seen_by(user: str) -> str:
            question = request(
                Operation.GET_JOB_ATTRIBUTES,
                uri("job-uri", f"ipp://localhost/jobs/{job}"),
                name_value("requesting-user-name", user),
                keyword("requested-attributes", "all"),
            )
            return repr(post(cups.server, "/", question))

        secrets = ("5557777", "Secretary", "Boss", "5558888", "5559999")
        assert [secret in seen_by("alice") for secret in secrets] == [True] * 5
        assert [secret in seen_by("bob") for secret in secrets] == [False] * 5


def test_a_raw_queue_takes_what_the_data_are(desk: Desk, recorder: Recorder, pdf: Path, tmp_path: Path) -> None:
    desk.run("lpadmin", "-p", "raw", "-v", "platen:/fax", "-E")
    try:
        postscript = tmp_path / "words.ps"
        postscript.write_bytes(ENDLESS)
        for file in (pdf, postscript):
            assert desk.wait(desk.lp("-o", "phone=5552001", file, queue="raw")).state == COMPLETED
        assert [recorder.contents(taken) for taken in recorder.taken.values()] == [[pdf.read_bytes()], [ENDLESS]]
    finally:
        desk.run("lpadmin", "-x", "raw")
