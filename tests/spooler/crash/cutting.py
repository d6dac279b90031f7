"""Cuts a recorded run after its operations, wakes a daemon on what the disk may look like, holds it to the promises.

What always holds: a disk is judged once for what was known when it came about: the same disk with the same knowledge
is the same case. Chance is a seed.
"""

from __future__ import annotations

import copy
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.spooler.crash import scenarios
from tests.spooler.crash.disk import Tree
from tests.spooler.crash.promises import Known, broken, documents_of, journals, order_of_acts
from tests.spooler.crash.receiving import kept, receive
from tests.spooler.crash.scenarios import Played
from tests.spooler.crash.worker import Finding, Question
from tests.spooler.rig import ROOT

CONFIG = 'spool = "{0}/spool"\nsocket = "{0}/api.sock"\nincoming_every_s = 0.02\n'


ALL: dict[str, Callable[[Path], Played]] = {
    "submit": scenarios.submit,
    "prepare": scenarios.prepare,
    "send": scenarios.send,
    "receive": receive,
    "cancel": scenarios.cancel,
}


@dataclass
class Violation:
    """A promise that was broken: after which operation, with which disk."""

    point: int
    how: str
    what: str


@dataclass
class Report:
    """``points``: crash points looked at, of ``operations``; ``disks``: different disks on which a daemon woke up."""

    name: str
    operations: int = 0
    points: int = 0
    disks: int = 0
    violations: list[Violation] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.points} crash points of {self.operations} operations,"
            f" {self.disks} different disks, {len(self.violations)} violations"
        )


@dataclass
class Case:
    """A disk after a crash, with all that was known."""

    point: int
    tree: Tree
    live: Tree
    known: Known
    number: int


class Worker:
    """The process that wakes daemons up."""

    def __init__(self, log: Path) -> None:
        command = [sys.executable, "-m", "tests.spooler.crash.worker"]
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out
            )

    def ask(self, question: Question) -> Finding:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(question) + b"\n")
        self._process.stdin.flush()
        answer = b""
        while (line := self._process.stdout.readline()) != b"\n":  # an empty one: the daemon is dead
            assert line, "the worker died; see its log"
            answer = line
        if not answer:
            return Finding(exit=-1, wrong=("the daemon's process died; see the log",))
        return msgspec.json.decode(answer, type=Finding)

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def cases(played: Played, every: int, samples: int, seed: int) -> Iterator[Case]:
    """Different disks after every ``every``-th operation (from a place that the seed says), and after the last."""
    disk, known = copy.deepcopy(played.disk), Known()
    seen: set[tuple[object, ...]] = set()
    first = random.Random(seed).randrange(every)
    for point, operation in enumerate(played.operations, 1):
        disk.follow(operation)
        known.learn(operation)
        if (point + first) % every and point != len(played.operations):
            continue
        live = disk.live()
        chance = random.Random(seed * 1_000_003 + point)
        for number, tree in enumerate(disk.states(chance, samples)):
            mark = (tree.fingerprint, known.fingerprint)
            if mark not in seen:
                seen.add(mark)
                yield Case(point, tree, live, copy.deepcopy(known), number)


class Judge:
    """Wakes daemons up on the disks of one run, and sees; a disk that was seen is not looked at again."""

    def __init__(self, played: Played, folder: Path) -> None:
        self._played = played
        self._folder = folder
        self._found: dict[int, Finding] = {}
        self._worker: Worker | None = None
        last = copy.deepcopy(played.disk)
        for operation in played.operations:
            last.follow(operation)
        self._whole = list(journals(last.live()))

    def wrong(self, case: Case, thorough: bool) -> list[str]:
        """What is not as promised. ``thorough``: prepare what is to be prepared, hand in all once more, end."""
        if self._played.received:
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                return kept(self._played, case.known.confirmed, case.tree, Path(folder) / "spool")
        disk = case.tree.fingerprint
        if disk not in self._found:
            self._found[disk] = self._ask(case.tree, thorough)
        found = self._found[disk]
        wrong = broken(self._played, case.known, case.tree, case.live, self._whole, found)
        for accepted in case.known.accepted:
            if not set(documents_of(self._played, accepted)) <= set(found.documents):
                wrong.append(f"P1: the document of {accepted!r} is lost")
        return wrong

    def _ask(self, tree: Tree, thorough: bool) -> Finding:
        if self._worker is None:
            self._worker = Worker(self._folder / f"{self._played.name}.log")
        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as name:
            folder = Path(name)
            tree.lay_out(folder / "spool")
            (folder / "platen.toml").write_text(CONFIG.format(folder))
            question = Question(folder=name)
            if thorough:
                key, submission = next(iter(self._played.submissions.items()))
                document = str(self._played.files[key])
                question = Question(folder=name, prepare=True, key=key, again=submission, document=document, end=True)
            return self._worker.ask(question)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()


def cut(
    played: Played,
    folder: Path,
    *,
    every: int = 1,
    samples: int = 4,
    seed: int = 1,
    thorough_every: int = 10,
    report: Report | None = None,
    tell: Callable[[Report, Sequence[Violation]], None] = lambda report, news: None,
) -> Report:
    """Check a run. ``report``: what an earlier try of the same run came to, to go on there; ``tell``: is told how far
    it is after each disk, with what is new."""
    report = report or Report(played.name, operations=len(played.operations), points=0)
    if not report.disks:
        report.violations += [Violation(0, "the record", what) for what in order_of_acts(played)]
        tell(report, report.violations)
    judge = Judge(played, folder)
    try:
        for index, case in enumerate(cases(played, every, samples, seed)):
            if index < report.disks:
                continue
            news = [
                Violation(case.point, case.tree.how, what) for what in judge.wrong(case, index % thorough_every == 0)
            ]
            report.disks = index + 1
            report.points = _points(case.point, every, seed)
            report.violations += news
            tell(report, news)
    finally:
        judge.close()
    report.points = _points(len(played.operations), every, seed, last=True)
    return report


def _points(until: int, every: int, seed: int, last: bool = False) -> int:
    """Points up to an operation; ``last``: it is the last one, which is always looked at."""
    first = random.Random(seed).randrange(every)
    return sum(1 for point in range(1, until + 1) if not (point + first) % every or (last and point == until))
