"""200 one-page print jobs by 8 clients at once: jobs per second until CUPS has handed over all of them, beside a Python
backend that does nothing but read, behind CUPS' own filter, in the same CUPS and the same run.

    script/bench queue [--jobs N] [--clients N] [--rounds N] [--no-nursery]

Ours includes intake: each document is checked and each fax is on stable storage before CUPS says "completed". Each
round prints new documents, first to the one queue, then to the other. Fails when a job was not accepted exactly once.
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
"""


def add_nothing(house: House) -> None:
    """The queue "nothing": a do-nothing backend behind pdftopdf."""
    assert house.cups is not None
    program = house.cups.folder / "bin" / "backend" / "nothing"
    program.write_text(f"#!{Path(sys.executable).resolve()} -IS\n{NOTHING}")
    program.chmod(0o755)
    lines = description(Printer()).splitlines()
    stock = '*cupsFilter2: "application/vnd.cups-pdf application/pdf 0 -"'
    made = [line for line in lines if not line.startswith("*cupsFilter2") or line == stock]
    ppd = house.cups.folder / "nothing.ppd"
    ppd.write_text("\n".join(made) + "\n")
    server = ("-h", str(house.cups.socket))
    subprocess.run(["lpadmin", *server, "-p", "nothing", "-v", "nothing:/", "-P", str(ppd), "-E"], check=True)


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
            theirs = printed(house, "nothing", files, said.clients)
            ours = printed(house, "fax", files, said.clients)
            new = len(house.client.jobs(limit=10_000)) - known
            if new != count:
                raise SystemExit(f"{count} jobs were printed, {new} faxes accepted")
            if number >= 0:
                ratios.append(theirs / ours)
                print(
                    f"{count} jobs by {said.clients} clients:"
                    f"  platen {count / ours:6.1f} jobs/s  do-nothing {count / theirs:6.1f} jobs/s"
                    f"  ratio {theirs / ours:.2f}",
                    flush=True,
                )
    print(f"median ratio {statistics.median(ratios):.2f} (at least 0.5 is wanted); every job accepted once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
