"""A fax with a cover page whose line breaks goes on in a call that begins with the cover page again, to the pixel."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codec.operations import to_png
from codec.page import Page
from codec.tiff import read_pages
from fax import CoverPage, JobId, JobState, Recipient, Sender, Submission
from modem.plan import PageOfCall
from modem.soft.farend import FarEnd
from modem.soft.line import Moment
from script.house import House
from tests.whole.conftest import NUMBER, calls_of, check_calls, differences, letter, platen, sent_pages, wait_for_end

Build = Callable[..., House]


def submit(house: House, template: str = "default") -> JobId:
    submission = Submission(
        documents=(house.client.upload(letter(house, pages=3)).id,),
        recipients=(Recipient(number=NUMBER, name="Ann Able"),),
        sender=Sender(name="Robin Sample"),
        cover=CoverPage(template=template, subject="Delivery of paper", note="As promised."),
    )
    return house.client.submit(submission).jobs[0]


def planned(each: PageOfCall) -> Page:
    return read_pages(Path(each.page.file))[each.page.index]


def words_on(page: Page, folder: Path) -> str:
    picture = folder / "page.png"
    picture.write_bytes(to_png(page))
    command = ["tesseract", str(picture), "-", "--psm", "4"]
    return " ".join(subprocess.run(command, capture_output=True, check=True, text=True).stdout.split())


@pytest.mark.parametrize("template", ["business", "strip"])
def test_what_arrives_after_the_line_broke_begins_with_the_cover_page_again(
    build: Build, tmp_path: Path, template: str
) -> None:
    # It hangs up in the third page of every call.
    house = build(FarEnd(number=NUMBER, hang_up=Moment(what="page", nth=3, delay_s=2.5)), speed=6.0)
    job = submit(house, template)
    done = wait_for_end(house, job)
    assert done.state is JobState.DONE
    check_calls(house, job)
    total = 4 if template == "business" else 3
    assert (done.pages_total, done.pages_confirmed) == (total, total)
    calls = calls_of(house, job)
    assert [[(each.preface, each.page.number) for each in call.plan.pages] for call in calls] == [
        [(False, number) for number in range(1, total + 1)],
        *[[(True, 1), *[(False, each) for each in range(number, total + 1)]] for number in range(3, total + 1)],
    ]
    sent = sent_pages(house, job)
    arrived = [sent[:2], *[[planned(call.plan.pages[0]), page] for call, page in zip(calls[1:], sent[2:], strict=True)]]
    assert differences([page for of_call in arrived for page in of_call], house.received_pages(NUMBER)) == []
    for number, file in enumerate(house.received(NUMBER)[1:], 3):
        first, _ = read_pages(file)
        said = words_on(first, tmp_path)
        assert f"CONTINUED FROM PAGE {number} OF {total}" in said, said
        assert "Ann Able" in said and "Delivery of paper" in said, said
        assert f"before page {number} of {total}" in said, "its header line"
    record = platen(house, "report", str(job)).stdout
    assert f"{total} of {total} received" in record, record
