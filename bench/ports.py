"""Many real port processes at once, each on a pty with a frame-level modem behind it, in real time.

What always holds: the processes are those of the daemon (``modem.port``), started as it starts them; a call is right
when its journal's outcome is OK, every page is confirmed, the fax machine behind the pty holds exactly the pixels of
the plan, and the host was never late in an image. Memory is PSS, processor time that of the whole run, per process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from codec.coder import bitmap_of, decode, page_from_bitmap
from codec.page import Bitmap, BitOrder, Page
from codec.tiff import write_pages
from modem import journal
from modem.outcome import Cause, Fate
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.port.client import PortClient, PortError, launch
from modem.port.messages import CallAnswer, PortState
from modem.soft.framepty import FramePort, FramePtyServer

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """What a process used. CPU: seconds; of these ``call_cpu_s`` in the call."""

    pss_mib: float
    cpu_s: float
    call_cpu_s: float


@dataclass
class Running:
    """One port process and its call."""

    number: int
    pid: int
    client: PortClient
    journal: Path
    plan: CallPlan
    pages: list[Page]
    idle_cpu_s: float = 0.0
    wrong: str = ""


def _page(number: int, index: int) -> Page:
    """A short page that says which it is."""
    rows, state = 90 + 10 * index, 7 * number + index + 1
    data = bytearray(rows * 216)
    for row in range(0, rows, 4):
        for _ in range(10):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data[row * 216 + (state >> 8) % 216] = state >> 20 & 0xFF
    return page_from_bitmap(Bitmap(1728, rows, bytes(data)), 204, 196)


def make_plan(folder: Path, number: int, count: int, policy: LinePolicy) -> tuple[CallPlan, list[Page]]:
    """A plan and its pages, on disk as ``plan`` and ``pages.tif``."""
    pages = [_page(number, index) for index in range(count)]
    file = folder / "pages.tif"
    write_pages(file, pages)
    planned = tuple(
        PlannedPage(file=str(file), index=index, digest=page.digest, number=index + 1)
        for index, page in enumerate(pages)
    )
    document = PlannedDocument(job=number, pages=planned, pages_total=count)
    plan = CallPlan(call=f"call-{number}", dial="5552001", documents=(document,), tsid="+1 555 1001", policy=policy)
    plan.save(folder / "plan")
    return plan, pages


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def wait_idle(clients: list[PortClient], seconds: float) -> None:
    """Until every port is ready for a call. Raises TimeoutError."""
    give_up = time.monotonic() + seconds
    waiting = list(clients)
    while waiting:
        waiting = [client for client in waiting if not _idle(client)]
        if time.monotonic() > give_up:
            raise TimeoutError(f"{len(waiting)} ports are not ready after {seconds:.0f} s")
        time.sleep(0.2)


def _idle(client: PortClient) -> bool:
    try:
        status = client.status()
    except PortError:
        return False
    return status is not None and status.state is PortState.IDLE


def ended(path: Path) -> bool:
    return path.exists() and not journal.is_being_written(path)


def judge(running: Running, port: FramePort, faxes: int = 1) -> str:
    """What is wrong with a call that is over; empty: nothing."""
    entries, _ = journal.read(running.journal)
    outcome = journal.outcome_of(entries, running.plan)
    if outcome is None or outcome.cause is not Cause.OK:
        return "no end" if outcome is None else outcome.text
    if any(page.fate is not Fate.CONFIRMED for page in outcome.pages):
        return f"fates {[page.fate.value for page in outcome.pages]}"
    if len(port.faxes) < faxes:
        return "the far end was not called"
    held = port.faxes[-1].pages
    if len(held) != len(running.pages):
        return f"the far end holds {len(held)} pages of {len(running.pages)}"
    for page, copy in zip(running.pages, held, strict=True):
        if decode(copy.code, copy.coding, copy.width, order=BitOrder.LSB).bitmap.data != bitmap_of(page).data:
            return "a page differs"
    if port.modem.starved:
        return f"{port.modem.starved} octets came too late"
    return ""


def stop_processes(pids: list[int]) -> None:
    """End processes that we started."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    give_up = time.monotonic() + 20
    for pid in pids:
        while time.monotonic() < give_up:
            try:
                if os.waitpid(pid, os.WNOHANG)[0]:
                    break
            except ChildProcessError:
                break
            time.sleep(0.02)


def run(count: int, folder: Path) -> tuple[list[Running], list[Process], float]:
    """All calls at once; who ran them, what they used, and how long it took."""
    links = [folder / f"modem-{number}" for number in range(count)]
    server = FramePtyServer(links)
    thread = threading.Thread(target=server.run, name="modems")
    thread.start()
    pids: list[int] = []
    try:
        ports = []
        for number, link in enumerate(links):
            home = folder / f"port-{number}"
            pids.append(launch(f"p{number}", str(link), home))
            plan, pages = make_plan(home, number, 1 + number % 2, LinePolicy(header_line=False))
            ports.append(Running(number, pids[-1], PortClient(home, 30.0), home / "journal", plan, pages))
        wait_idle([port.client for port in ports], 30 + 3.0 * count)
        began = time.monotonic()
        for port in ports:
            port.idle_cpu_s = cpu_s(port.pid)
            reply = port.client.start_call(port.journal.with_name("plan"), port.journal)
            if reply.answer is not CallAnswer.STARTED:
                port.wrong = f"not started: {reply.answer.value} {reply.reason}"
        used: dict[int, float] = {}
        while any(not ended(port.journal) for port in ports if not port.wrong):
            for port in ports:
                used[port.number] = max(used.get(port.number, 0.0), pss_mib(port.pid))
            if time.monotonic() > began + 180:
                break
            time.sleep(2.0)
        seconds = time.monotonic() - began
        processes = []
        for port in ports:
            total = cpu_s(port.pid)
            processes.append(Process(used.get(port.number, 0.0), total, total - port.idle_cpu_s))
            port.wrong = port.wrong or judge(port, server.ports[port.number])
    finally:
        stop_processes(pids)
        server.stop()
        thread.join()
        server.close()
    return ports, processes, seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ports", type=int, default=64)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="platen-ports-") as name:
        ports, processes, seconds = run(given.ports, Path(name))
    wrong = [(port.number, port.wrong) for port in ports if port.wrong]
    if given.json:
        print(json.dumps({"seconds": seconds, "wrong": wrong, "processes": [asdict(each) for each in processes]}))
        return 1 if wrong else 0
    pss = [process.pss_mib for process in processes]
    cpu = [process.call_cpu_s for process in processes]
    print(
        f"{len(ports)} port processes, {os.cpu_count()} cores: {len(ports) - len(wrong)} calls right, {seconds:.0f} s"
    )
    print(
        f"    PSS a process: median {statistics.median(pss):.1f} MiB, most {max(pss):.1f} MiB, sum {sum(pss):.0f} MiB"
    )
    print(f"    CPU a call:    median {statistics.median(cpu):.2f} s, most {max(cpu):.2f} s")
    print(f"    CPU to start:  median {statistics.median(p.cpu_s - p.call_cpu_s for p in processes):.2f} s")
    for number, what in wrong:
        print(f"    port {number}: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
