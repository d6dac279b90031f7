"""The demo: one document by the real ``lp``, through CUPS, daemon and software modem, to a fax machine.

What always holds: whatever ends it, no process and no half state is left behind. The house's folder is temporary, and
``.demo/`` gets all of what was received at once, at the end.
"""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from codec.header import strip_rows
from codec.operations import crop, same_pixels, to_png
from codec.page import Page
from codec.tiff import read_pages
from fax import Client, Event, FaxError, JobId, JobState
from modem.soft.farend import EXAMPLE
from script.demo_signals import ENDING
from script.house import House, HouseError

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "sample" / "report.pdf"
NUMBER = "5552001"
OUT = ROOT / ".demo"


class StoryError(Exception):
    """The demo cannot go on; the text says why."""


class Teller:
    """Prints what happens, each line with the seconds since the start."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.start:6.1f} s  {text}", flush=True)


def follow(client: Client, job: JobId, tell: Teller, after: int = 0) -> Event:
    """Tells the job's events as they happen; returns the last one."""
    for event in client.events(after=after, follow=True, job=job):
        tell.say(event.text or event.kind)
        if event.state is not None and event.state.ended:
            return event
    raise HouseError("the daemon closed the stream of events")


def compare(sent: list[Page], received: list[Page]) -> list[str]:
    """What differs between the pages as prepared and as received, below the header line; empty if nothing."""
    if len(sent) != len(received):
        return [f"{len(sent)} pages were prepared, {len(received)} were received"]
    found: list[str] = []
    for number, (ours, theirs) in enumerate(zip(sent, received, strict=True), 1):
        body = crop(theirs, top=strip_rows(ours.dpi_y))
        row = same_pixels(ours, body)
        if row is not None:
            found.append(f"page {number} differs from row {row} on")
    return found


def run(stay: bool, stopping: Callable[[], None]) -> int:
    """Tell the story; returns the exit code. ``stopping`` is called when no signal may disturb any more.

    Raises StoryError, and what the handlers of the ``ENDING`` signals raise.
    """
    # Between the making of the folder and the ``try`` a signal has to wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    tell = Teller()
    house = House(EXAMPLE, cups=True, tell=tell.say)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        house.start()
        return print_and_follow(house, tell, stay)
    except (HouseError, FaxError, subprocess.CalledProcessError) as error:
        raise StoryError(str(error)) from error
    finally:
        stopping()
        house.stop()


def print_and_follow(house: House, tell: Teller, stay: bool) -> int:
    command = ["lp", "-h", house.cups_server, "-d", "fax", "-o", f"phone={NUMBER}", "-o", "FaxCover=default"]
    tell.say("$ " + shlex.join([*command, str(DOCUMENT.relative_to(ROOT))]))
    subprocess.run([*command, str(DOCUMENT)], check=True, stdout=subprocess.DEVNULL)
    job = house.wait_for_jobs()[0]
    last = follow(house.client, job.id, tell)
    if last.state is not JobState.DONE:
        raise StoryError(f"the fax was not sent. The daemon's log:\n{house.log_tail()}")
    code = show(house, job.id)
    if stay and code == 0:
        house.print_commands(NUMBER)
        while True:
            signal.pause()
    return code


def show(house: House, job: JobId) -> int:
    """Copies what was received, compares it with what was prepared, and says what was seen."""
    made = house.folder / "result"
    made.mkdir()
    shutil.copyfile(house.received(NUMBER)[-1], made / "received.tif")
    house.client.pages(job, made / "sent.tif")
    sent, received = read_pages(made / "sent.tif"), house.received_pages(NUMBER)
    (made / "received-page-1.png").write_bytes(to_png(received[0]))
    keep(sorted(made.iterdir()))
    differences = compare(sent, received)
    call = house.client.job(job).calls[-1]
    print()
    print(f"Received by the fax machine at {NUMBER}:  {OUT.name}/received.tif")
    print(f"Its first page as a picture:             {OUT.name}/received-page-1.png")
    if differences:
        print("The pages are NOT what was sent: " + "; ".join(differences))
        return 1
    print(f"All {len(sent)} pages are pixel for pixel what was sent (below the header line).")
    if call.line_seconds is not None:
        print(f"Line time: {call.line_seconds:.1f} s.")
    return 0


def keep(files: Sequence[Path]) -> None:
    """Put the files into ``OUT``: no signal comes between them, and none is ever there in part."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        OUT.mkdir(exist_ok=True)
        for file in files:
            part = OUT / f".{file.name}.part"
            shutil.copyfile(file, part)
            part.replace(OUT / file.name)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
