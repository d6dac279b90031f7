"""The examples, started as a user starts them, in a house with CUPS, a line and a fax machine at its other end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codec.coder import bitmap_of, page_from_bitmap
from codec.operations import same_pixels
from codec.tiff import FaxOrigin, FaxTags, TiffWriter
from fax import JobState
from fax.types import ReportKind
from modem.soft.farend import ExchangeData, FarEnd
from script.house import House
from tests.codec.oracle.pages import blobs
from tests.whole.conftest import NUMBER, QUICK, ROOT, SPEED, differences, letter, platen, sent_pages, wait_for_end

OTHER = "5552002"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """One for all examples: each looks at its own faxes."""
    far_ends = (FarEnd(number=NUMBER), FarEnd(number=OTHER))
    with House(
        ExchangeData(numbers=far_ends), cups=True, speed=SPEED, settings=QUICK, port_settings=("flow_control = true",)
    ) as made:
        yield made


def _command(name: str, *arguments: Any) -> list[str]:
    return [sys.executable, str(ROOT / "examples" / f"{name}.py"), *map(str, arguments)]


def _surroundings(house: House) -> dict[str, str]:
    return {**os.environ, "PLATEN_SOCKET": str(house.socket), "CUPS_SERVER": house.cups_server}


@pytest.fixture
def run(house: House) -> Run:
    def run_example(name: str, *arguments: Any, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            _command(name, *arguments),
            cwd=house.folder,
            env=_surroundings(house),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run_example


def test_a_document_is_sent_and_its_end_is_told(house: House, run: Run) -> None:
    told = run("send_document", letter(house), NUMBER, "--name", "Ann Lee", "--cover", "default", "--wait").stdout
    (line,) = [line for line in told.splitlines() if line.startswith("Queued as job ")]
    job = wait_for_end(house, int(line.split()[-1]))  # type: ignore[arg-type]
    assert (job.state, job.recipient.name) == (JobState.DONE, "Ann Lee")
    assert [page.cover for page in job.pages] == [True, False, False]
    assert f"Job {job.id} is done with" in told


def test_what_was_not_taken_is_said_with_its_error(run: Run) -> None:
    done = run("send_document", "/nowhere/letter.pdf", NUMBER, check=False)
    assert done.returncode == 1
    assert "(error 2)" in done.stderr


def test_everybody_in_a_csv_file_gets_the_document(house: House, run: Run, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(f"name,number\nJürgen Groß,{NUMBER}\nLi,{OTHER}\n", encoding="utf-8-sig")
    told = run("broadcast_csv", letter(house, pages=1), table).stdout
    assert told.startswith("2 faxes are queued")
    first = house.client.job(int(told.split()[-1]))  # type: ignore[arg-type]
    jobs = [wait_for_end(house, job.id) for job in house.client.jobs(submission=first.submission)]
    assert {(job.recipient.name, job.recipient.number, job.state) for job in jobs} == {
        ("Jürgen Groß", NUMBER, JobState.DONE),
        ("Li", OTHER, JobState.DONE),
    }


def test_events_are_shown_as_they_happen(house: House, run: Run) -> None:
    watching = subprocess.Popen(
        _command("watch_events", "--count", "3"),
        cwd=house.folder,
        env=_surroundings(house),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    assert watching.stdout.readline() == "Watching\n"
    run("send_document", letter(house, pages=1), NUMBER)
    told, _ = watching.communicate()
    assert watching.returncode == 0
    assert "FEI_JOB_QUEUED" in told
    assert len(told.splitlines()) == 3


def test_drawn_pages_arrive_at_the_far_end_behind_their_cover_page(house: House, run: Run) -> None:
    before = {job.id for job in house.client.jobs()}
    run(
        *("print_pages", OTHER, "--name", "Jürgen Groß", "--cover", "default", "--subject", "Unser Angebot"),
        *("--billing", "K 17", "--report", "ann@example.org"),
    )
    (job,) = [job for job in house.wait_for_jobs(len(before) + 1) if job.id not in before]
    job = wait_for_end(house, job.id)
    assert job.state is JobState.DONE, job.reason
    assert (job.recipient.number, job.recipient.name) == (OTHER, "Jürgen Groß")
    assert (job.billing_code, job.report.kind, job.report.address) == ("K 17", ReportKind.EMAIL, "ann@example.org")
    assert job.title == "Two drawn pages"
    sent = sent_pages(house, job.id)
    assert len(sent) == 3
    assert differences(sent, house.received_pages(OTHER)[-3:]) == []


TEMPLATE = """
title = "Without the time, which is another one for each fax"

[[block]]
kind = "text"
text = "Fax for {recipient.name}, {recipient.number}: {subject}"
size = 14

[[block]]
kind = "line"
"""


def test_the_cover_page_is_the_same_whichever_way_it_goes(house: House, tmp_path: Path) -> None:
    """By ``platen send --cover``, as a print job's ``cover-sheet-info``, and by FaxPrintCoverPage."""
    template = tmp_path / "template.toml"
    template.write_text(TEMPLATE)
    installed = platen(house, "cover", "install", str(template), "--name", "office", "--common")
    assert installed.returncode == 0, installed.stderr
    known = {job.id for job in house.client.jobs()}
    sent = platen(
        house,
        *("send", str(letter(house, pages=1)), "--to", OTHER, "--name", "Jürgen Groß"),
        *("--cover=office", "--subject", "Unser Angebot"),
    )
    assert sent.returncode == 0, sent.stderr
    house.lp(
        "-o",
        f"phone={OTHER}",
        "-o",
        "FaxCover=office",
        "-o",
        "FaxRecipient='Jürgen Groß'",
        "-o",
        "cover-sheet-info={subject='Unser Angebot'}",
        str(letter(house, pages=1)),
    )
    program = f"""
import winfax
info = winfax.FAX_PRINT_INFO(RecipientNumber="{OTHER}", RecipientName="Jürgen Groß")
context = winfax.FAX_CONTEXT_INFO()
assert winfax.FaxStartPrintJob(None, info, context)[0]
cover = winfax.FAX_COVERPAGE_INFO(CoverPageName="office", UseServerCoverPage=True, RecName="Jürgen Groß",
    RecFaxNumber="{OTHER}", Subject="Unser Angebot")
assert winfax.FaxPrintCoverPage(context, cover), winfax.last_error_text()
context.hDC.StartPage()
context.hDC.canvas.drawString(72, 700, "The body")
context.hDC.EndDoc()
"""
    subprocess.run([sys.executable, "-c", program], cwd=house.folder, env=_surroundings(house), check=True)
    jobs = [job.id for job in house.wait_for_jobs(len(known) + 3) if job.id not in known]
    for job in jobs:
        assert wait_for_end(house, job).state is JobState.DONE
    covers = [sent_pages(house, job)[0] for job in jobs]
    assert [same_pixels(covers[0], cover) for cover in covers] == [None] * 3
    assert bitmap_of(covers[0]).data.count(0) < len(bitmap_of(covers[0]).data)


def test_a_folder_of_faxes_is_looked_through(run: Run, tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    for name, origin in {
        "a": FaxOrigin(recipient_name="Ann Lee", recipient_number="+4930111", sender_name="Bo"),
        "b": FaxOrigin(csid="+49 30 222", tsid="+49 30 333", direction="received"),
    }.items():
        with TiffWriter(tmp_path / "2026" / f"{name}.tif") as writer:
            writer.append(page_from_bitmap(blobs(1728, 90, 1), 204, 196), FaxTags(origin=origin))
    (tmp_path / "broken.tif").write_bytes(b"no")
    done = run("archive_browser", tmp_path)
    assert "+4930111" in done.stdout
    assert "+49 30 333" in done.stdout
    assert done.stdout.endswith("2 faxes\n")
    assert "broken.tif" in done.stderr
    found = run("archive_browser", tmp_path, "--find", "ann lee").stdout
    assert found.endswith("1 faxes\n")
    assert "+49 30 333" not in found
