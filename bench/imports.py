"""How long ``import winfax`` takes, beside ``import fastapi``: what a program waits before it has done anything.

What always holds: each import is in a new process with its files' bytecode at hand; the two take turns, so that what
else the machine does falls on both; medians of one run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from bench._daemon import ROOT

WANTED = 1 / 3
PROGRAM = """
import time
wall, cpu = time.perf_counter(), time.process_time()
import {name}
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def imported(name: str) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    command = [sys.executable, "-c", PROGRAM.format(name=name)]
    wall, cpu = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return float(wall), float(cpu)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench imports", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    took: dict[str, list[tuple[float, float]]] = {"winfax": [], "fastapi": []}
    for name in took:
        imported(name)
    for _ in range(options.rounds):
        for name, times in took.items():
            times.append(imported(name))
    middle = {name: [statistics.median(column) for column in zip(*times, strict=True)] for name, times in took.items()}
    for name, (wall_s, cpu_s) in middle.items():
        print(f"import {name:8} {wall_s * 1000:7.1f} ms, {cpu_s * 1000:7.1f} ms of them computing")
    ratio = middle["winfax"][1] / middle["fastapi"][1]
    print(f"winfax takes {ratio:.2f} of what fastapi takes (wanted: at most {WANTED:.2f})")
    return 0 if ratio <= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
