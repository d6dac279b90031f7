"""Random calls over bad lines to odd far ends, in virtual time: what must hold after each of them, and whether it does.

What always holds: a seed is the same call every time, so what is printed here can be looked at by ``--seed``. The calls
are made at frame level: our whole ``Call`` or ``Answer`` with its Class 1 driver, against a far end of its own kind, or
both of ours against each other.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context

from modem.soft import framefaults, framepair
from modem.soft.frameverdict import violations

CHUNK = 200


@dataclass
class Sum:
    """What came of some seeds."""

    outcomes: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[str, int, list[str]]] = field(default_factory=list)
    line_s: float = 0.0

    def add(self, other: Sum) -> None:
        self.outcomes.update(other.outcomes)
        self.fates.update(other.fates)
        self.bad += other.bad
        self.line_s += other.line_s


def send(seeds: range) -> Sum:
    """Our sender against a fax machine of its own kind."""
    found = Sum()
    for seed in seeds:
        played = framefaults.play(framefaults.scenario(seed))
        found.line_s += played.ended_at
        found.outcomes["no end" if played.outcome is None else played.outcome.cause.value] += 1
        if played.outcome is not None:
            found.fates.update(page.fate.value for page in played.outcome.pages)
        if wrong := violations(played):
            found.bad.append(("send", seed, wrong))
    return found


def both(seeds: range) -> Sum:
    """Our sender against our receiver."""
    found = Sum()
    for seed in seeds:
        played = framepair.play(framepair.scenario(seed))
        found.line_s += played.ended_at
        found.outcomes["no end" if played.outcome is None else played.outcome.cause.value] += 1
        if played.outcome is not None:
            found.fates.update(page.fate.value for page in played.outcome.pages)
        if wrong := framepair.violations(played):
            found.bad.append(("both", seed, wrong))
    return found


KINDS: dict[str, Callable[[range], Sum]] = {"send": send, "both": both}


def _run(job: tuple[str, range]) -> Sum:
    kind, seeds = job
    return KINDS[kind](seeds)


def _jobs(kinds: list[str], first: int, count: int) -> list[tuple[str, range]]:
    each = count // len(kinds)
    return [
        (kind, range(start, min(start + CHUNK, first + each)))
        for kind in kinds
        for start in range(first, first + each, CHUNK)
    ]


def _show(kind: str, seed: int) -> None:
    """One call, line by line."""
    if kind == "both":
        pair = framepair.play(framepair.scenario(seed))
        entries, wrong, asked = pair.entries, framepair.violations(pair), str(pair.scenario)
        theirs = pair.answer_entries
    else:
        played = framefaults.play(framefaults.scenario(seed))
        entries, wrong, asked, theirs = played.entries, violations(played), str(played.scenario), []
    print(asked)
    lines = [(entry.t, "", entry) for entry in entries] + [(entry.t, "    | ", entry) for entry in theirs]
    for t, side, entry in sorted(lines, key=lambda line: line[0]):
        fields = {name: value for name, value in entry.fields.items() if name not in ("octets", "digest")}
        print(f"{t:9.3f} {side}{entry.kind:16} {fields}")
    print("\n".join(wrong) or "nothing wrong")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=4000, help="calls in all (default 4,000; the full run is 100,000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="default: all kinds in equal shares")
    parser.add_argument("--seed", type=int, help="make this one call and tell it line by line")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    kinds = given.kind or list(KINDS)
    if given.seed is not None:
        _show(kinds[0], given.seed)
        return 0
    started = time.perf_counter()
    total = Sum()
    jobs = _jobs(kinds, given.first, given.count)
    with get_context("spawn").Pool(given.processes) as pool:
        for done, found in enumerate(pool.imap_unordered(_run, jobs), 1):
            total.add(found)
            if not given.json and done % 25 == 0:
                print(f"  {done * CHUNK} calls, {len(total.bad)} with violations", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    calls = sum(total.outcomes.values())
    if given.json:
        print(
            json.dumps(
                {
                    "calls": calls,
                    "seconds": round(seconds, 1),
                    "line_hours": round(total.line_s / 3600, 1),
                    "outcomes": dict(total.outcomes.most_common()),
                    "fates": dict(total.fates.most_common()),
                    "violations": [{"kind": kind, "seed": seed, "what": what} for kind, seed, what in total.bad],
                },
                indent=2,
            )
        )
        return 1 if total.bad else 0
    print(
        f"{calls} calls, {total.line_s / 3600:.0f} hours of line, in {seconds:.0f} s ({calls / seconds:.0f} a second)"
    )
    for name, number in total.outcomes.most_common():
        print(f"{number:9} {name}")
    print("pages: " + ", ".join(f"{number} {name}" for name, number in total.fates.most_common()))
    print(f"violations: {len(total.bad)}")
    for kind, seed, what in sorted(total.bad)[:50]:
        print(f"  --kind {kind} --seed {seed}: {'; '.join(what)}")
    return 1 if total.bad else 0


if __name__ == "__main__":
    sys.exit(main())
