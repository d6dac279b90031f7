"""Every crash point of recorded runs of daemon and port process: what becomes of the promises.

What always holds: the runs, the disks and the promises are those of ``tests.spooler.crash``, which looks at a share of
them; here it is all of them. What was looked at in a folder that is kept is not looked at again. The exit code is 1
when a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from tests.spooler.crash.cutting import ALL, Report, Violation, cut
from tests.spooler.crash.faulting import FAULTS, RUNS, FaultReport
from tests.spooler.crash.receiving_faults import receive
from tests.spooler.crash.scenarios import Played

SHORT_EVERY = 16
CALLS_LIMIT = 100_000
TELL_EVERY_S = 30.0

FAULTY: dict[str, Callable[..., FaultReport]] = {**RUNS, "receive": receive}


class Kept:
    """A recorded run and how far it was looked at, in files: for a bench that is gone on with."""

    def __init__(self, folder: Path, name: str) -> None:
        self._played = folder / f"{name}.run"
        self._report = folder / f"{name}.json"

    def played(self, play: Callable[[], Played]) -> Played:
        if self._played.exists():
            found = pickle.loads(self._played.read_bytes())
            assert isinstance(found, Played)
            return found
        played = play()
        # The files that were handed in lie where the next bench does not find them.
        for key, path in played.files.items():
            played.files[key] = self._played.with_name(f"{played.name}-{key}.txt")
            played.files[key].write_bytes(path.read_bytes())
        self._replace(self._played, pickle.dumps(played))
        return played

    def report(self) -> Report | None:
        return msgspec.json.decode(self._report.read_bytes(), type=Report) if self._report.exists() else None

    def keep(self, report: Report) -> None:
        self._replace(self._report, msgspec.json.encode(report))

    def _replace(self, path: Path, octets: bytes) -> None:
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(octets)
        part.replace(path)


def crash(name: str, folder: Path, every: int, samples: int, seed: int) -> Report:
    """All disks of one scenario."""
    kept = Kept(folder, f"{name}-{every}-{samples}-{seed}")
    began = told = time.monotonic()

    def tell(report: Report, news: Sequence[Violation]) -> None:
        nonlocal told
        for each in news:
            print(f"    after operation {each.point}, {each.how}: {each.what}", file=sys.stderr, flush=True)
        if news or time.monotonic() > told + TELL_EVERY_S:
            told = time.monotonic()
            kept.keep(report)
            print(f"    {report}, {told - began:.0f} s", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="platen-crash-") as place:
        run = Path(place) / "run"
        run.mkdir()
        played = kept.played(lambda: ALL[name](run))
        report = cut(played, Path(place), every=every, samples=samples, seed=seed, report=kept.report(), tell=tell)
    kept.keep(report)
    return report


def faults(runs: Sequence[str], names: Sequence[str], first: int, every: int) -> int:
    """Runs with faults, from the call ``first`` and then from every ``every``-th call on; the exit code."""
    reports = []
    for run in runs:
        for name in names:
            began = time.monotonic()

            def numbers(what: str, told: float = began, began: float = began) -> Iterator[int]:
                for number in range(first, CALLS_LIMIT, every):
                    if time.monotonic() > told + TELL_EVERY_S:
                        told = time.monotonic()
                        print(f"    {what}: at call {number}, {told - began:.0f} s", file=sys.stderr, flush=True)
                    yield number

            with tempfile.TemporaryDirectory(prefix="platen-faults-") as folder:
                report = FAULTY[run](Path(folder), name, numbers(f"{run}, {name}"))
            reports.append(report)
            print(f"{report}, {time.monotonic() - began:.0f} s", flush=True)
            for point, what in report.violations:
                print(f"    from call {point} on: {what}", flush=True)
    violations = sum(len(report.violations) for report in reports)
    print(f"{sum(report.points for report in reports)} points of failure, {violations} violations")
    return 1 if violations else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help=f"of {', '.join(ALL)}; with --faults of {', '.join(FAULTY)} (default: all)",
    )
    parser.add_argument("--every", type=int, help=f"each n-th point only (default {SHORT_EVERY}; 1: every point)")
    parser.add_argument("--samples", type=int, default=4, help="disks at random for each point, beside the usual ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the recorded runs and how far they were looked at")
    parser.add_argument(
        "--faults", action="store_true", help="a disk that fails from each call on, in place of crashes"
    )
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="with --faults: only this; repeatable")
    parser.add_argument("--first", type=int, default=1, help="with --faults: the call to begin with")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    known = FAULTY if given.faults else ALL
    if unknown := set(given.scenarios) - set(known):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    names = given.scenarios or list(known)
    if given.faults:
        return faults(names, given.fault or list(FAULTS), given.first, given.every or 1)
    every = given.every or (1 if given.scenarios else SHORT_EVERY)
    reports: list[Report] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="platen-crash-") as place:
        folder = given.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            reports.append(crash(name, folder, every, given.samples, given.seed))
            if not given.json:
                print(reports[-1], flush=True)
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
