"""What cannot become a fax is refused where the person stands, in words, and leaves nothing behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from fax import Cause, DocumentError, JobState, Recipient, RequestError, Submission
from script.house import House, wait_until
from tests.whole.conftest import NUMBER, QUICK, REPORT, platen, wait_for, wait_for_end

Build = Callable[..., House]


def empty(folder: Path) -> Path:
    file = folder / "empty.pdf"
    file.write_bytes(b"")
    return file


def text_called_pdf(folder: Path) -> Path:
    file = folder / "text.pdf"
    file.write_text("This is not a PDF.\n")
    return file


def truncated(folder: Path) -> Path:
    file = folder / "cut.pdf"
    octets = REPORT.read_bytes()
    file.write_bytes(octets[: len(octets) * 2 // 3])
    return file


def encrypted(folder: Path) -> Path:
    file = folder / "locked.pdf"
    with pikepdf.open(REPORT) as pdf:
        pdf.save(file, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    return file


def huge(folder: Path) -> Path:
    file = folder / "huge.pdf"
    with pikepdf.open(REPORT) as pdf:
        del pdf.pages[1:]
        pdf.pages[0].mediabox = pikepdf.Array([0, 0, 20_000, 20_000])
        pdf.save(file)
    return file


SEEN_AT_INTAKE = {
    "empty": (empty, Cause.DOCUMENT_EMPTY, "empty"),
    "text called PDF": (text_called_pdf, Cause.DOCUMENT_TYPE, "not a PDF"),
    "truncated": (truncated, Cause.DOCUMENT_DAMAGED, "cut off"),
    "encrypted": (encrypted, Cause.DOCUMENT_ENCRYPTED, "password"),
    "huge page": (huge, Cause.DOCUMENT_TOO_LARGE, "7.1 m"),
}


def nothing_is_left(house: House) -> bool:
    """No document, no temporary file, no Ghostscript of ours."""
    documents = [file for file in (house.spool / "documents").rglob("*") if file.is_file()]
    return not documents and not list((house.spool / "tmp").iterdir())


def test_the_command_and_the_api_refuse_what_intake_can_see(build: Build) -> None:
    house = build()
    for make, cause, words in SEEN_AT_INTAKE.values():
        file = make(house.folder)
        said = platen(house, "send", str(file), "--to", NUMBER)
        assert said.returncode == 4, said
        assert words in said.stderr and "Traceback" not in said.stderr
        with pytest.raises(DocumentError) as refused:
            house.client.upload(file)
        assert refused.value.cause is cause
    assert house.client.jobs() == []
    assert nothing_is_left(house)


def test_lp_is_told_by_the_job_message_and_the_queue_goes_on(build: Build) -> None:
    house = build(cups=True, settings=(*QUICK, "document_keep_s = 2"))
    for make, words in ((text_called_pdf, "damaged"), (truncated, "cut off"), (encrypted, "password")):
        file = make(house.folder)
        house.lp("-o", f"phone={NUMBER}", str(file))
        wait_until(lambda words=words: words in messages(house))  # type: ignore[misc]
    house.lp("-o", "phone=555CALL", str(REPORT))
    wait_until(lambda: "cannot be dialled" in messages(house))
    assert house.client.jobs() == []
    # The last document was good, only its number was not: it goes after the time for which such are kept.
    wait_until(lambda: nothing_is_left(house))
    house.lp("-o", f"phone={NUMBER}", "-o", "page-ranges=3", str(REPORT))
    (job,) = house.wait_for_jobs(1)
    assert wait_for_end(house, job.id).state is JobState.DONE


def messages(house: House) -> str:
    """What CUPS shows of all jobs, ended ones too."""
    return subprocess.run(
        ["lpstat", "-h", house.cups_server, "-W", "all", "-l", "-o"], capture_output=True, text=True, timeout=30
    ).stdout


def test_an_empty_file_is_refused_by_lp(build: Build) -> None:
    house = build(cups=True)
    said = house.lp("-o", f"phone={NUMBER}", str(empty(house.folder)), check=False)
    assert said.returncode != 0
    assert "No file" in said.stderr
    assert house.client.jobs() == []


def test_an_endless_loop_ends_as_a_failed_job_with_a_reason(build: Build) -> None:
    house = build(cups=True)
    file = house.folder / "loop.ps"
    file.write_text("%!PS\n{} loop\n")
    house.lp("-o", f"phone={NUMBER}", str(file))
    (job,) = house.wait_for_jobs(1)
    ended = wait_for(house.client, job.id, lambda found: found.state.ended)
    assert ended.state is JobState.FAILED
    assert ended.reason is not None and "longer than" in ended.reason
    told = [event for event in house.client.events(job=job.id) if event.kind == "failed"]
    assert told and "longer than" in told[0].text
    assert not list((house.spool / "tmp").iterdir())
    house.lp("-o", f"phone={NUMBER}", "-o", "page-ranges=3", str(REPORT))
    assert wait_for_end(house, house.wait_for_jobs(2)[-1].id).state is JobState.DONE


def test_a_number_with_letters_is_refused_by_command_and_api(build: Build) -> None:
    house = build()
    said = platen(house, "send", str(REPORT), "--to", "555CALL")
    assert said.returncode == 4
    assert "555CALL" in said.stderr
    document = house.client.upload(REPORT)
    with pytest.raises(RequestError) as refused:
        house.client.submit(Submission(documents=(document.id,), recipients=(Recipient(number="555CALL"),)))
    assert refused.value.cause is Cause.BAD_NUMBER
    assert house.client.jobs() == []


def test_an_error_on_page_2_of_postscript_is_told_with_its_page(build: Build) -> None:
    house = build()
    file = house.folder / "broken.ps"
    file.write_text("%!PS\nshowpage\n1 0 div\nshowpage\n")
    said = platen(house, "send", str(file), "--to", NUMBER, "--follow")
    assert said.returncode == 1
    assert "page 2" in said.stdout + said.stderr
