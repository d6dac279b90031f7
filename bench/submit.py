"""Faxes handed in per second, durably, beside HylaFAX's sendfax of the same one-page file, one client and eight; and
how long one takes when 100,000 wait already.

What always holds: a fax of ours counts when the daemon has answered that it is on disk, and at the end the daemon is
killed (kill -9) and started again, and every one of them must be there. Both servers have their spools on the same
disk, in the same run. The two daemons of the second part run at the same time and are asked in turns, so that what
else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from bench._daemon import ONE_PAGE, ROOT, Daemon, Kept
from bench._hylafax import HylaFax, missing
from bench._submitter import submit
from fax.types import Job, JobId

CLIENTS = 8
ROUNDS = 3
RATIO_WANTED = 5.0
P99_WANTED = 2.0
RECIPIENTS_AT_ONCE = 5000


def ours(daemon: Daemon, clients: int, count: int, name: str, *distinct: str) -> float:
    """Faxes per second of ``clients`` that hand in ``count`` each."""
    command = [sys.executable, "-m", "bench._submitter", str(daemon.socket), str(count)]
    running = [
        subprocess.Popen(
            [*command, f"{name}-{number}", *distinct],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(clients)
    ]
    try:
        for process in running:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("a client cannot begin")
        began = time.perf_counter()
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        done = sum(len(json.loads(process.communicate()[0])) for process in running)
        took_s = time.perf_counter() - began
    finally:
        for process in running:
            process.kill()
            process.wait()
    if done != clients * count:
        raise RuntimeError(f"{done} of {clients * count} faxes were taken")
    return done / took_s


def theirs(server: HylaFax, file: Path, clients: int, count: int) -> float:
    """Faxes per second of ``clients`` that run sendfax ``count`` times each."""
    before = server.queued()

    def client() -> None:
        for _ in range(count):
            subprocess.run(server.command(file), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began
    done = server.queued() - before
    if done != clients * count:
        raise RuntimeError(f"HylaFAX took {done} of {clients * count} faxes")
    return done / took_s


def quiet(daemon: Daemon) -> None:
    """Wait until nothing is being prepared any more, so that one measurement does not fall on the next."""
    while daemon.client.status().jobs["preparing"]:
        time.sleep(0.2)


def last_job(daemon: Daemon) -> Job:
    """The youngest of a spool from which nothing was deleted."""
    return daemon.client.job(JobId(sum(daemon.client.status().jobs.values())))


def scheduled(daemon: Daemon) -> None:
    """Wait until the schedule knows every fax."""
    while last_job(daemon).wait is None:
        time.sleep(0.2)


def all_there(daemon: Daemon, wanted: int) -> bool:
    """After a kill -9: whether every accepted fax is in the queue."""
    daemon.end()
    daemon.start()
    return sum(daemon.client.status().jobs.values()) == wanted


def rates(folder: Path, count: int) -> bool:
    """The first part; returns whether it is as wanted. Both servers run all the time and are asked in turns."""
    file = folder / "fax.ps"
    file.write_bytes(ONE_PAGE)
    why_not = missing()
    found: dict[tuple[str, int], list[float]] = {}
    accepted = 0
    with Daemon(folder / "ours") as daemon, ExitStack() as stack:
        server = None if why_not else stack.enter_context(HylaFax(folder / "theirs"))
        ours(daemon, 1, 5, "warm")
        accepted += 5
        for number in range(ROUNDS):
            for clients in (1, CLIENTS):
                each = max(5, count // clients // ROUNDS)
                few = max(2, each // 4)
                quiet(daemon)
                same = ours(daemon, clients, each, f"same{number}-{clients}")
                if server is not None:
                    other = theirs(server, file, clients, max(3, each // 4))
                    found.setdefault(("sendfax", clients), []).append(other)
                distinct = ours(daemon, clients, few, f"distinct{number}-{clients}", "distinct")
                found.setdefault(("same", clients), []).append(same)
                found.setdefault(("distinct", clients), []).append(distinct)
                accepted += clients * (each + few)
        kept = all_there(daemon, accepted)
    good = True
    for clients in (1, CLIENTS):
        same, distinct = (statistics.median(found[kind, clients]) for kind in ("same", "distinct"))
        print(f"  {clients} client{'s' if clients > 1 else ''} (median of {ROUNDS} rounds):")
        print(f"    the same file each time      {same:8.1f} faxes/s")
        print(f"    another file each time       {distinct:8.1f} faxes/s")
        if why_not:
            print(f"    sendfax -n -d                skipped: {why_not}")
            continue
        other = statistics.median(found["sendfax", clients])
        good = good and same >= RATIO_WANTED * other
        print(f"    sendfax -n -d                {other:8.1f} faxes/s")
        print(
            f"    ratio                        {same / other:8.1f}  (wanted {RATIO_WANTED:g}; another file each time:"
            f" {distinct / other:.1f})"
        )
    print(f"  after kill -9: {'all' if kept else 'NOT all'} {accepted} faxes are there")
    return good and kept


def fill(daemon: Daemon, wanted: int) -> list[float]:
    """Queue so many faxes; returns the seconds that each submission took."""
    document = daemon.client.upload(daemon.config.with_name("fax.ps")).id
    took: list[float] = []
    connection = Kept(daemon.socket)
    for first in range(0, wanted, RECIPIENTS_AT_ONCE):
        numbers = range(first, min(first + RECIPIENTS_AT_ONCE, wanted))
        recipients = [{"number": f"+1555{number:07}", "name": f"Reader {number}"} for number in numbers]
        body = json.dumps({"documents": [document], "recipients": recipients, "title": "Circular"}).encode()
        began = time.perf_counter()
        connection.ask("POST", "/v1/submissions", body)
        took.append(time.perf_counter() - began)
    return took


def p99_ms(took: list[float]) -> float:
    return sorted(took)[math.ceil(len(took) * 0.99) - 1] * 1000


def latency(folder: Path, queued: int, count: int) -> bool:
    """The second part; returns whether it is as wanted."""
    with Daemon(folder / "empty") as empty, Daemon(folder / "full") as full:
        for daemon in (empty, full):
            daemon.config.with_name("fax.ps").write_bytes(ONE_PAGE)
        filled = fill(full, queued)
        print(
            f"  {queued} faxes queued by submissions of {RECIPIENTS_AT_ONCE} recipients:"
            f" median {statistics.median(filled):.2f} s each"
        )
        quiet(full)
        scheduled(full)
        taken: dict[str, list[float]] = {"empty": [], "full": []}
        connections = {"empty": Kept(empty.socket), "full": Kept(full.socket)}
        for number in range(-20, count):
            for name, connection in connections.items():
                began = time.perf_counter()
                submit(connection, f"{name}{number}", ONE_PAGE)
                if number >= 0:
                    taken[name].append(time.perf_counter() - began)
    low, high = p99_ms(taken["empty"]), p99_ms(taken["full"])
    for name, at in (("empty", 0), ("full", queued)):
        median_ms = statistics.median(taken[name]) * 1000
        print(f"  at {at:6} queued: median {median_ms:6.1f} ms, p99 {p99_ms(taken[name]):6.1f} ms")
    print(f"  p99 ratio {high / low:.2f} (wanted at most {P99_WANTED:g}); {count} faxes each")
    return high <= P99_WANTED * low


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench submit", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--count", type=int, default=400, help="faxes of one client (default 400)")
    parser.add_argument("--queued", type=int, default=100_000, help="faxes that wait (default 100000; 0 leaves it out)")
    parser.add_argument("--latency-count", type=int, default=1000, help="faxes timed at each length (default 1000)")
    parser.add_argument("--folder", type=Path, help="where the spools lie: the disk that is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="platen-submit-", dir=options.folder) as name:
        folder = Path(name)
        folder.chmod(0o755)  # HylaFAX's server looks at its spool as its own user
        good = rates(folder, options.count)
        if options.queued:
            good = latency(folder, options.queued, options.latency_count) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
