"""How long the daemon takes to start when 100,000 faxes wait: from its process to its first answer, and the last of
them in the schedule.

What always holds: the spool was made by the daemon itself, by submissions over its API; the daemon that is started is
a new process each time, after a kill -9, so that it also has the database's log to take in. Beside it stands the start
with an empty spool, from the same run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from bench._daemon import ONE_PAGE, Daemon
from bench.ports import cpu_s
from bench.submit import fill, last_job, quiet, scheduled

WANTED_S = 20.0


def starts(daemon: Daemon, times: int) -> list[tuple[float, float]]:
    """Seconds of each start after a kill -9, by the clock and of processor time."""
    took = []
    for _ in range(times):
        daemon.end()
        wall_s = daemon.start()
        took.append((wall_s, cpu_s(daemon.pid)))
    return took


def middle(took: list[tuple[float, float]]) -> str:
    wall_s, processor_s = (statistics.median(column) for column in zip(*took, strict=True))
    return f"{wall_s:6.2f} s, {processor_s:5.2f} s of them computing"


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench start", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--jobs", type=int, default=100_000, help="faxes that wait (default 100000)")
    parser.add_argument("--times", type=int, default=3, help="starts of each kind (default 3)")
    parser.add_argument("--folder", type=Path, help="where the spools lie: the disk that is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="platen-start-", dir=options.folder) as name:
        with Daemon(Path(name) / "empty") as empty:
            alone = starts(empty, options.times)
        with Daemon(Path(name) / "full") as full:
            full.config.with_name("fax.ps").write_bytes(ONE_PAGE)
            fill(full, options.jobs)
            quiet(full)
            scheduled(full)
            loaded = starts(full, options.times)
            there = full.client.status().jobs["waiting"]
            last = last_job(full)
    print(f"  start with an empty spool:     {middle(alone)}")
    print(f"  start with {options.jobs:6} faxes:      {middle(loaded)} (wanted under {WANTED_S:g} s)")
    print(f"  afterwards {there} faxes wait; the last of them: {last.wait} ({last.reason})")
    return 0 if max(loaded)[0] < WANTED_S and there == options.jobs and last.wait is not None else 1


if __name__ == "__main__":
    sys.exit(main())
