"""Prints with the real lp through a private CUPS and looks at what the fax machine at the far end received."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codec.page import Resolution
from fax import JobState
from modem.soft.farend import FarEnd, Fax
from script.house import House
from tests.whole.conftest import (
    NUMBER,
    REPORT,
    differences,
    letter,
    platen,
    sent_pages,
    wait_for,
    wait_for_end,
    wait_for_state,
)

Build = Callable[..., House]


@pytest.mark.realtime
def test_a_printed_document_and_its_cover_page_arrive_pixel_by_pixel_in_real_time(build: Build) -> None:
    house = build(cups=True, speed=1.0)
    house.lp(
        "-o",
        f"phone={NUMBER}",
        "-o",
        "FaxCover=default",
        "-o",
        "Resolution=204x98dpi",
        "-o",
        "page-ranges=1",
        str(REPORT),
    )
    job = wait_for_end(house, house.wait_for_jobs()[0].id, limit_s=180)
    assert job.state is JobState.DONE, job.reason
    assert [page.cover for page in job.pages] == [True, False]
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER, Resolution.STANDARD)) == []


ANY = Fax()
OLD = Fax(ecm=False, codings=("MH",), modulations=("V27TER", "V29"), min_scan_line_ms=20)
TWO_DIMENSIONAL = Fax(ecm=False, codings=("MH", "MR"))


@pytest.mark.parametrize(
    ("fax", "dpi", "resolution"),
    [
        (ANY, "204x98", Resolution.STANDARD),
        (ANY, "204x196", Resolution.FINE),
        (ANY, "204x391", Resolution.SUPERFINE),
        (TWO_DIMENSIONAL, "204x98", Resolution.STANDARD),
        (TWO_DIMENSIONAL, "204x391", Resolution.SUPERFINE),
        (OLD, "204x98", Resolution.STANDARD),
        (Fax(ecm=False, codings=("MH",)), "204x196", Resolution.FINE),
        (Fax(codings=("MH",)), "204x196", Resolution.FINE),
        (Fax(modulations=("V27TER",)), "204x98", Resolution.STANDARD),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_printed_page_arrives_pixel_by_pixel(build: Build, fax: Fax, dpi: str, resolution: Resolution) -> None:
    """The whole table of codings, rates and resolutions is in tests/modem/test_call_spandsp.py, in virtual time."""
    house = build(FarEnd(number=NUMBER, fax=fax), cups=True)
    house.lp("-o", f"phone={NUMBER}", "-o", f"Resolution={dpi}dpi", "-o", "page-ranges=3", str(REPORT))
    job = wait_for_end(house, house.wait_for_jobs()[0].id)
    assert job.state is JobState.DONE, job.reason
    assert len(job.pages) == 1
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER, resolution)) == []


def test_a_job_without_a_number_waits_for_its_recipient_and_goes_out_when_it_is_named(build: Build) -> None:
    house = build(cups=True)
    house.lp("-o", "page-ranges=3", str(REPORT))
    job = wait_for_state(house, house.wait_for_jobs()[0].id, JobState.ADDRESS)
    listed = platen(house, "jobs", "--waiting")
    assert str(job.id) in listed.stdout
    assert job.pages_total == 1, "it is prepared while it waits"
    platen(house, "address", str(job.id), "--to", NUMBER)
    assert wait_for_end(house, job.id).state is JobState.DONE
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER)) == []


def test_two_recipients_get_two_faxes_of_a_document_that_is_prepared_once(build: Build) -> None:
    house = build(FarEnd(number="5552001"), FarEnd(number="5552002"), cups=True)
    house.lp(
        *("-o", "destination-uris={destination-uri=tel:5552001},{destination-uri=tel:5552002}"),
        *("-o", "page-ranges=3", str(REPORT)),
    )
    jobs = house.wait_for_jobs(2)
    assert len({job.submission for job in jobs}) == 1
    for job in jobs:
        assert wait_for_end(house, job.id).state is JobState.DONE
    for number in ("5552001", "5552002"):
        assert differences(sent_pages(house, jobs[0].id), house.received_pages(number)) == []
    masters = [file for file in (house.spool / "masters").rglob("*") if file.is_file()]
    assert len(masters) == 1


def test_several_files_of_one_print_job_are_one_fax(build: Build) -> None:
    house = build(cups=True)
    house.lp("-o", f"phone={NUMBER}", "-o", "page-ranges=3", str(REPORT), str(REPORT))
    job = wait_for_end(house, house.wait_for_jobs()[0].id)
    assert job.state is JobState.DONE
    assert len(job.pages) == 2
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER)) == []


def test_the_command_sends_with_a_cover_page(build: Build) -> None:
    house = build()
    done = platen(house, "send", str(letter(house)), "--to", NUMBER, "--name", "Registry", "--cover", "--follow")
    assert done.returncode == 0, done.stderr
    (job,) = house.client.jobs()
    assert wait_for(house.client, job.id, lambda found: found.state.ended).state is JobState.DONE
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER)) == []
