"""SIGKILL for daemon, port processes and converters at random moments, while faxes go out over several lines.

What always holds: it is what ``tests/whole/test_random_kills.py`` does, more often: real processes, lines at frame
level, people who submit, cancel, hold and address. The exit code is 1 when a fax was lost, doubled or never ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.spooler.crash.killing import Killing, KillReport

AT_ONCE = 100  # kills in one house; then a new one, with a seed of its own
SHORT = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=SHORT, help=f"kills (default {SHORT})")
    parser.add_argument("--first", type=int, default=0, help=f"go on after so many kills (a multiple of {AT_ONCE})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ports", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    reports: list[KillReport] = []
    if given.first % AT_ONCE:
        parser.error(f"{given.first} is no multiple of {AT_ONCE}")
    for first in range(given.first, given.rounds, AT_ONCE):
        house = first // AT_ONCE
        with tempfile.TemporaryDirectory(prefix="platen-kills-") as folder:
            rounds = min(AT_ONCE, given.rounds - first)
            report = Killing(Path(folder), rounds, given.seed + house, given.ports).run()
        reports.append(report)
        if not given.json:
            print(report, flush=True)
            for what in report.violations:
                print(f"    {what}", flush=True)
    violations = sum(len(report.violations) for report in reports)
    if given.json:
        print(json.dumps([asdict(report) for report in reports]))
    else:
        rounds, jobs = sum(report.rounds for report in reports), sum(report.jobs for report in reports)
        print(f"{rounds} kills, {jobs} faxes, {violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
