"""200 one-page print jobs by 8 clients at once: jobs per second until CUPS has handed over all of them, beside a Python
backend that does nothing but read, in the same CUPS and the same run.

The do-nothing backend stands behind the same filters as ours, and tells their end that it has read, as ours does: the
ratio that counts compares the backends, and all that is behind them. How it does behind CUPS' own filter alone, without
the mark at the end of each document and the process that keeps a copy until it is handed over, is told as well.

    script/bench queue [--jobs N] [--clients N] [--rounds N] [--no-nursery]

Ours includes intake: each document is checked and each fax is on stable storage before CUPS says "completed". The pages
are made meanwhile and afterwards; how long that takes after the last job is told too, and the next round waits for it.
Each round prints new documents, to one queue after the other. Fails when a job was not accepted exactly once.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from fax.types import JobState
from ipp.client import post
from ipp.values import Group, Operation, integer, keyword, name_value, request, uri
from modem.soft.farend import ExchangeData
from ppd.printer import Printer, description
from script.house import House

COMPLETED = 9
LIMIT_S = 600.0
NOTHING = """\
import os
import sys

if len(sys.argv) == 1:
    print('direct nothing:/ "Nothing" "Nothing"')
else:
    while os.read(0, 1 << 16):
        pass
    try:
        os.write(3, b"E")
    except OSError:
        pass
"""
STOCK = '*cupsFilter2: "application/vnd.cups-pdf application/pdf 0 -"'


def add_nothing(house: House) -> None:
    """The queues "nothing", a do-nothing backend behind our filters, and "bare", the same behind pdftopdf alone."""
    assert house.cups is not None
    program = house.cups.folder / "bin" / "backend" / "nothing"
    program.write_text(f"#!{Path(sys.executable).resolve()} -IS\n{NOTHING}")
    program.chmod(0o755)
    lines = description(Printer()).splitlines()
    stock = [line for line in lines if not line.startswith("*cupsFilter2") or line == STOCK]
    for name, made in (("nothing", lines), ("bare", stock)):
        ppd = house.cups.folder / f"{name}.ppd"
        ppd.write_text("\n".join(made) + "\n")
        command = ["lpadmin", "-h", str(house.cups.socket), "-p", name, "-v", "nothing:/", "-P", str(ppd), "-E"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # it says that CUPS 3 will have no drivers


def documents(folder: Path, count: int) -> list[Path]:
    """One-page letters, each its own."""
    files = []
    for number in range(count):
        file = folder / f"{number}.pdf"
        canvas = Canvas(str(file), pagesize=(595, 842))
        for line in range(30):
            canvas.drawString(72, 760 - 20 * line, f"Letter {number} of {folder.name}, line {line}")
        canvas.save()
        files.append(file)
    return files


def printed(house: House, queue: str, files: Sequence[Path], clients: int) -> float:
    """Seconds from the first lp until CUPS has completed all."""
    assert house.cups is not None
    before = len(completed(house, queue))
    start = time.perf_counter()
    script = 'for file; do lp -d "$QUEUE" -o phone=5552001 "$file" >/dev/null || exit 1; done'
    environment = {**house.cups.environment(), "QUEUE": queue}
    running = [
        subprocess.Popen(["sh", "-c", script, "sh", *map(str, files[client::clients])], env=environment)
        for client in range(clients)
    ]
    for process in running:
        if process.wait(LIMIT_S):
            raise SystemExit("a client could not print")
    while len(completed(house, queue)) < before + len(files):
        if time.perf_counter() - start > LIMIT_S:
            raise SystemExit(f"{queue}: not all jobs were completed\n{house.cups.log_tail()}")
        time.sleep(0.02)
    return time.perf_counter() - start


def prepared(house: House) -> float:
    """Seconds until the pages of all faxes have been made."""
    start = time.perf_counter()
    while house.client.jobs(state=JobState.PREPARING, limit=1):
        if time.perf_counter() - start > LIMIT_S:
            raise SystemExit("not all faxes were prepared")
        time.sleep(0.1)
    return time.perf_counter() - start


def completed(house: House, queue: str) -> set[int]:
    """The jobs that CUPS has completed; any other end is an error."""
    assert house.cups is not None
    question = request(
        Operation.GET_JOBS,
        uri("printer-uri", f"ipp://localhost/printers/{queue}"),
        name_value("requesting-user-name", "root"),
        integer("limit", 100_000),
        keyword("which-jobs", "completed"),
        keyword("requested-attributes", "job-id", "job-state"),
    )
    answer = post(str(house.cups.socket), "/", question, timeout_s=60)
    found = set()
    for group in answer.groups:
        if group.tag == Group.JOB:
            said = {item.name: item.values[0].data for item in group.attributes}
            if said["job-state"] != COMPLETED:
                raise SystemExit(f"{queue}: a job ended in state {said['job-state']!r}")
            found.add(said["job-id"])
    return {number for number in found if isinstance(number, int)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench queue")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-nursery", action="store_true", help="without the process that forks workers")
    said = parser.parse_args()
    settings = ("MaxJobs 0", "PreserveJobHistory Yes", "LogLevel warn")
    with (
        tempfile.TemporaryDirectory(prefix="platen-bench-") as name,
        House(ExchangeData(), cups=True, cups_settings=settings) as house,
    ):
        add_nothing(house)
        assert house.cups is not None
        if not said.no_nursery:
            house.cups.start_nursery()
        ratios = []
        for number in range(-1, said.rounds):
            folder = Path(name) / f"round {number}"
            folder.mkdir()
            count = said.jobs if number >= 0 else said.clients  # the first is the warm-up
            files = documents(folder, count)
            known = len(house.client.jobs(limit=10_000))
            bare = printed(house, "bare", files, said.clients)
            theirs = printed(house, "nothing", files, said.clients)
            ours = printed(house, "fax", files, said.clients)
            later_s = prepared(house)
            new = len(house.client.jobs(limit=10_000)) - known
            if new != count:
                raise SystemExit(f"{count} jobs were printed, {new} faxes accepted")
            if number >= 0:
                ratios.append(theirs / ours)
                print(
                    f"{count} jobs by {said.clients} clients:"
                    f"  platen {count / ours:6.1f} jobs/s  do-nothing {count / theirs:6.1f} jobs/s"
                    f"  ratio {theirs / ours:.2f}"
                    f"  (do-nothing behind CUPS' own filter {count / bare:.1f} jobs/s, ratio {bare / ours:.2f};"
                    f" all pages made {later_s:.1f} s after the last job)",
                    flush=True,
                )
    print(f"median ratio {statistics.median(ratios):.2f} (at least 0.5 is wanted); every job accepted once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
