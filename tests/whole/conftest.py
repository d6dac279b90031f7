"""What the whole-way tests share: houses that are really there.

``speed`` lets line time pass faster than the clock, so that a call takes about a second; the far end is the same.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codec.header import strip_rows
from codec.operations import crop, same_pixels
from codec.page import Page
from codec.tiff import read_pages
from fax import Client, Job, JobId, JobState, Recipient, Resolution, Submission
from modem.journal import page_fates, read
from modem.outcome import Fate
from modem.plan import CallPlan
from modem.soft.farend import ExchangeData, FarEnd
from script.house import House

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "sample" / "report.pdf"
SPEED = 10.0
NUMBER = "5552001"
# Two short pages of text; two seconds of work come first where a test needs time.
LETTER = """%!PS-Adobe-3.0
/until realtime WORK add def
{ realtime until ge { exit } if } loop
/Courier findfont 11 scalefont setfont
1 1 PAGES {
    72 780 moveto 10 string cvs show ( is the number of this page) show
    1 1 20 {
        /line exch def 72 770 line 30 mul sub moveto (A line of a letter, number ) show line 10 string cvs show
    } for
    showpage
} for
"""
QUICK = (
    "retries = 4",
    "retry_delay_s = 0.2",
    "busy_delay_s = 0.2",
    "device_delay_s = 0.2",
    "incoming_every_s = 0.5",
)


def letter(house: House, pages: int = 2, work_ms: int = 0) -> Path:
    """A document of short pages, which takes ``work_ms`` longer to prepare than it must."""
    file = house.folder / f"letter-{pages}-{work_ms}.ps"
    file.write_text(LETTER.replace("PAGES", str(pages)).replace("WORK", str(work_ms)))
    return file


@pytest.fixture
def build() -> Iterator[Callable[..., House]]:
    """Sets up houses: ``build(FarEnd(...), ..., cups=False)``; they are taken down at the end of the test."""
    with ExitStack() as stack:

        def build_house(
            *far_ends: FarEnd,
            cups: bool = False,
            speed: float = SPEED,
            settings: tuple[str, ...] = QUICK,
            cups_settings: tuple[str, ...] = (),
            **more: object,
        ) -> House:
            house = House(
                ExchangeData(numbers=far_ends or (FarEnd(number=NUMBER),), **more),  # type: ignore[arg-type]
                cups=cups,
                speed=speed,
                settings=settings,
                cups_settings=cups_settings,
                port_settings=() if speed == 1.0 else ("flow_control = true",),
            )
            return stack.enter_context(house)

        yield build_house


def wait_for(client: Client, job: JobId, what: Callable[[Job], bool], limit_s: float = 90.0) -> Job:
    """The job as soon as ``what`` is true of it."""
    limit = time.monotonic() + limit_s
    while not what(found := client.job(job)):
        assert time.monotonic() < limit, f"waited in vain; the job is {found}"
        time.sleep(0.03)
    return found


def wait_for_end(house: House, job: JobId, limit_s: float = 90.0) -> Job:
    """The job when it has ended."""
    return wait_for(house.client, job, lambda found: found.state.ended, limit_s)


def wait_for_state(house: House, job: JobId, state: JobState) -> Job:
    return wait_for(house.client, job, lambda found: found.state is state)


def sent_pages(house: House, job: JobId) -> list[Page]:
    """The pages of the job as they go out."""
    file = house.folder / f"sent-{job}.tif"
    house.client.pages(job, file)
    return read_pages(file)


def differences(sent: list[Page], received: list[Page]) -> list[str]:
    """What differs between prepared and received pages, below the header line."""
    if len(sent) != len(received):
        return [f"{len(sent)} pages prepared, {len(received)} received"]
    found = []
    for number, (ours, theirs) in enumerate(zip(sent, received, strict=True), 1):
        row = same_pixels(ours, crop(theirs, top=strip_rows(ours.dpi_y)))
        if row is not None:
            found.append(f"page {number} differs from row {row} on")
    return found


def submit(house: House, *files: Path, number: str | None = NUMBER, resolution: Resolution = Resolution.FINE) -> JobId:
    """A fax by the API."""
    documents = tuple(house.client.upload(file).id for file in files)
    submission = Submission(documents=documents, recipients=(Recipient(number=number),), resolution=resolution)
    return house.client.submit(submission).jobs[0]


@dataclass(frozen=True)
class PastCall:
    """A call as it stands on disk."""

    plan: CallPlan
    entries: tuple[Any, ...]

    def fates(self) -> dict[int, Fate]:
        """The fate of each planned page by its number in the job."""
        return {page.number: page.fate for page in page_fates(self.entries, self.plan)}


def calls_of(house: House, job: JobId) -> list[PastCall]:
    """The job's calls in order, read from plans and journals, not from the database."""
    calls = []
    for call in house.client.job(job).calls:
        folder = house.spool / "calls" / call.id
        journal = folder / "journal.jsonl"
        entries = read(journal, 0)[0] if journal.exists() else ()
        calls.append(PastCall(CallPlan.load(folder / "plan.json"), tuple(entries)))
    return calls


def check_calls(house: House, job: JobId) -> None:
    """Over all calls of the job: no confirmed page was planned again, each uncertain one was marked when it was."""
    confirmed: set[int] = set()
    uncertain: set[int] = set()
    for call in calls_of(house, job):
        for page in call.plan.documents[0].pages:
            assert page.number not in confirmed, f"page {page.number} was sent again after it was confirmed"
            assert page.possible_duplicate == (page.number in uncertain), f"page {page.number}"
        for number, fate in call.fates().items():
            (uncertain.add if fate is Fate.UNCERTAIN else uncertain.discard)(number)
            if fate in (Fate.CONFIRMED, Fate.DAMAGED):
                confirmed.add(number)
    found = house.client.job(job)
    assert {page.number for page in found.pages if page.fate.value in ("confirmed", "damaged")} == confirmed
    assert (found.state is JobState.DONE) == (confirmed == {page.number for page in found.pages})


def platen(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as a person would type it."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "--socket", str(house.socket), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
