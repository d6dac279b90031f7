"""The demo: one document by the real ``lp``, through CUPS, daemon and software modem, to a fax machine.

Started by ``script/demo``, which has set everything up. Whatever ends it, Ctrl-C too, no process and no half state is
left behind: the house's folder is temporary, and only what was received is copied to ``.demo/``.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from codec.header import strip_rows
from codec.operations import crop, same_pixels, to_png
from codec.page import Page
from codec.tiff import read_pages
from fax import Client, Event, JobId, JobState
from modem.soft.farend import EXAMPLE
from script.house import House, HouseError

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "sample" / "report.pdf"
NUMBER = "5552001"
OUT = ROOT / ".demo"


class Ended(Exception):
    """The person or the system asked us to end."""


def end(number: int, _frame: FrameType | None) -> None:
    raise Ended(signal.Signals(number).name)


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


def run(stay: bool) -> int:
    tell = Teller()
    OUT.mkdir(exist_ok=True)
    with House(EXAMPLE, cups=True, tell=tell.say) as house:
        command = [
            "lp",
            "-h",
            house.cups_server,
            "-d",
            "fax",
            "-o",
            f"phone={NUMBER}",
            "-o",
            "FaxCover=default",
            str(DOCUMENT),
        ]
        tell.say("$ " + shlex.join([*command[:-1], str(DOCUMENT.relative_to(ROOT))]))
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        job = house.wait_for_jobs()[0]
        last = follow(house.client, job.id, tell)
        if last.state is not JobState.DONE:
            print(f"\nThe fax was not sent. The daemon's log:\n{house.log_tail()}", file=sys.stderr)
            return 1
        code = show(house, job.id)
        if stay and code == 0:
            house.print_commands(NUMBER)
            signal.pause()
        return code


def show(house: House, job: JobId) -> int:
    """Copies what was received, compares it with what was prepared, and says what was seen."""
    received_file = house.received(NUMBER)[-1]
    target = OUT / "received.tif"
    shutil.copyfile(received_file, target)
    house.client.pages(job, OUT / "sent.tif")
    sent, received = read_pages(OUT / "sent.tif"), house.received_pages(NUMBER)
    picture = OUT / "received-page-1.png"
    picture.write_bytes(to_png(received[0]))
    differences = compare(sent, received)
    call = house.client.job(job).calls[-1]
    print()
    print(f"Received by the fax machine at {NUMBER}:  {target.relative_to(ROOT)}")
    print(f"Its first page as a picture:             {picture.relative_to(ROOT)}")
    if differences:
        print("The pages are NOT what was sent: " + "; ".join(differences))
        return 1
    print(f"All {len(sent)} pages are pixel for pixel what was sent (below the header line).")
    if call.line_seconds is not None:
        print(f"Line time: {call.line_seconds:.1f} s.")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/demo")
    parser.add_argument("--stay", action="store_true")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        return run(arguments.stay)
    except Ended as ended:
        print(f"\nEnded by {ended}; everything is stopped.", file=sys.stderr)
        return 130
    except (HouseError, subprocess.CalledProcessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
