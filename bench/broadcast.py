"""A broadcast to 1,000 recipients by FaxSendDocumentForBroadcast, beside 1,000 calls of FaxSendDocument with the same
file: time until the last is on disk and until all are prepared, octets that went to the server, what the spool and the
daemon's memory grew by.

What always holds: both daemons run at the same time on the same disk, and are asked one after the other in one run;
each way's faxes are counted in its queue, and each daemon is killed (kill -9) and started again before they are.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import winfax
from bench._daemon import ROOT, Daemon
from fax.asking import SOCKET_VARIABLE
from fax.types import JobId, JobState

REPORT = ROOT / "docs" / "sample" / "report.pdf"
RATIO_WANTED = 10.0
PREPARED_WITHIN_S = 300.0


@dataclass(frozen=True)
class Figures:
    """What one way took."""

    accepted_s: float  # until the last one was on disk
    prepared_s: float  # until all of them had their pages
    uploads: int  # documents that the client sent
    submissions: int
    masters: int
    spool_mib: float
    memory_mib: float  # that the daemon's memory grew by


def memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"nothing is known of the memory of process {pid}")


def spool_mib(spool: Path) -> float:
    return sum(path.stat().st_blocks * 512 for path in spool.rglob("*") if path.is_file()) / (1 << 20)


def by_broadcast(handle: Any, file: Path, count: int) -> int:
    """Returns how many documents went up."""

    def callback(handle: object, number: int, context: Any, params: Any, cover: Any) -> bool:
        params.RecipientNumber = f"555{number:05}"
        params.RecipientName = f"Recipient {number}"
        return number <= count

    ok, _ = winfax.FaxSendDocumentForBroadcast(handle, str(file), callback)
    if not ok:
        raise RuntimeError(winfax.last_error_text())
    return 1


def by_single_calls(handle: Any, file: Path, count: int) -> int:
    for number in range(1, count + 1):
        params = winfax.FAX_JOB_PARAM(RecipientNumber=f"555{number:05}", RecipientName=f"Recipient {number}")
        ok, _ = winfax.FaxSendDocument(handle, str(file), params)
        if not ok:
            raise RuntimeError(winfax.last_error_text())
    return count


def measured(daemon: Daemon, send: Any, file: Path, count: int) -> Figures:
    os.environ[SOCKET_VARIABLE] = str(daemon.socket)
    ok, handle = winfax.FaxConnectFaxServer()
    if not ok:
        raise RuntimeError(winfax.last_error_text())
    memory, disk = memory_mib(daemon.pid), spool_mib(daemon.spool)
    began = time.perf_counter()
    uploads = send(handle, file, count)
    accepted_s = time.perf_counter() - began
    while daemon.client.status().jobs.get(JobState.PREPARING.value, 0):
        if time.perf_counter() - began > PREPARED_WITHIN_S:
            raise RuntimeError("the faxes are not prepared")
        time.sleep(0.02)
    prepared_s = time.perf_counter() - began
    grown = memory_mib(daemon.pid) - memory
    daemon.end()
    daemon.start()
    jobs = daemon.client.jobs(limit=10_000)
    if len(jobs) != count or any(job.state.ended for job in jobs):
        raise RuntimeError(f"{len(jobs)} of {count} faxes are in the queue")
    pages = {daemon.client.job(JobId(id)).pages_total for id in (jobs[0].id, jobs[-1].id)}
    if pages != {daemon.client.job(jobs[0].id).pages_total} or None in pages:
        raise RuntimeError(f"the faxes have {pages} pages")
    return Figures(
        accepted_s=accepted_s,
        prepared_s=prepared_s,
        uploads=uploads,
        submissions=len({job.submission for job in jobs}),
        masters=len(list((daemon.spool / "masters").glob("??/*"))),
        spool_mib=spool_mib(daemon.spool) - disk,
        memory_mib=grown,
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=1000)
    parser.add_argument("--file", type=Path, default=REPORT)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="platen-bench-") as folder, ExitStack() as stack:
        together = stack.enter_context(Daemon(Path(folder) / "broadcast"))
        singly = stack.enter_context(Daemon(Path(folder) / "single"))
        one = measured(together, by_broadcast, options.file, options.recipients)
        many = measured(singly, by_single_calls, options.file, options.recipients)
    print(f"{options.recipients} recipients of {options.file.name} ({options.file.stat().st_size >> 10} KiB)")
    print(f"{'':34}{'broadcast':>12}{'single calls':>14}{'ratio':>8}")
    for name, ours, theirs, form in (
        ("seconds until the last is on disk", one.accepted_s, many.accepted_s, ".3f"),
        ("seconds until all are prepared", one.prepared_s, many.prepared_s, ".3f"),
        ("documents sent to the server", one.uploads, many.uploads, "d"),
        ("submissions", one.submissions, many.submissions, "d"),
        ("prepared documents", one.masters, many.masters, "d"),
        ("MiB that the spool grew by", one.spool_mib, many.spool_mib, ".2f"),
        ("MiB that the daemon's memory grew by", one.memory_mib, many.memory_mib, ".2f"),
    ):
        times = f"{theirs / ours:.1f}" if ours > 0 else "-"
        print(f"{name:36}{ours:>10{form}}{theirs:>14{form}}{times:>8}")
    held = one.submissions == one.masters == one.uploads == 1
    ratio = many.accepted_s / one.accepted_s
    print(
        f"one submission, one document: {'yes' if held else 'NO'}; {ratio:.1f} times as quick (wanted {RATIO_WANTED})"
    )
    return 0 if held and ratio >= RATIO_WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
