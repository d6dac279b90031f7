"""Every crash point of recorded runs of daemon and port process: what becomes of the promises.

What always holds: the runs, the disks and the promises are those of ``tests.spooler.crash``, which looks at a share of
them; here it is all of them. The exit code is 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.spooler.crash.cutting import ALL, Report, Violation, cut
from tests.spooler.crash.faulting import FAULTS, RUNS
from tests.spooler.crash.receiving_faults import receive

SHORT_EVERY = 16
CALLS_LIMIT = 100_000


def tell(violation: Violation) -> None:
    print(f"    after operation {violation.point}, {violation.how}: {violation.what}", file=sys.stderr, flush=True)


def faults(every: int) -> int:
    """All runs with all faults, from every ``every``-th call on; the exit code."""
    reports = []
    for play in (*RUNS.values(), receive):
        for name in FAULTS:
            with tempfile.TemporaryDirectory(prefix="platen-faults-") as folder:
                report = play(Path(folder), name, range(1, CALLS_LIMIT, every))
            reports.append(report)
            print(report, flush=True)
            for point, what in report.violations:
                print(f"    from call {point} on: {what}", flush=True)
    violations = sum(len(report.violations) for report in reports)
    print(f"{sum(report.points for report in reports)} points of failure, {violations} violations")
    return 1 if violations else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(ALL)} (default: all)")
    parser.add_argument("--every", type=int, help=f"each n-th point only (default {SHORT_EVERY}; 1: every point)")
    parser.add_argument("--samples", type=int, default=4, help="disks at random for each point, beside the usual ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--faults", action="store_true", help="a disk that fails from each call on, in place of crashes"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.faults:
        return faults(given.every or 1)
    unknown = set(given.scenarios) - set(ALL)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    every = given.every or (1 if given.scenarios else SHORT_EVERY)
    reports: list[Report] = []
    began = time.monotonic()
    for name in given.scenarios or ALL:
        with tempfile.TemporaryDirectory(prefix="platen-crash-") as folder:
            run = Path(folder) / "run"
            run.mkdir()
            played = ALL[name](run)
            report = cut(
                played,
                Path(folder),
                every=every,
                samples=given.samples,
                seed=given.seed,
                workers=given.workers,
                tell=tell,
            )
        reports.append(report)
        if not given.json:
            print(report, flush=True)
    violations = sum(len(report.violations) for report in reports)
    if given.json:
        print(json.dumps({"seconds": time.monotonic() - began, "scenarios": [asdict(report) for report in reports]}))
    else:
        points = sum(report.points for report in reports)
        disks = sum(report.disks for report in reports)
        print(f"{points} crash points, {disks} disks, {violations} violations, {time.monotonic() - began:.0f} s")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
