"""Cuts a recorded run after its operations, wakes a daemon on what the disk may look like, holds it to the promises.

What always holds: a disk is judged once for what was known when it came about: the same disk with the same knowledge
is the same case. Chance is a seed.
"""

from __future__ import annotations

import copy
import queue
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.spooler.crash import scenarios
from tests.spooler.crash.disk import Tree
from tests.spooler.crash.promises import Known, Told, broken, documents_of, journals, order_of_acts
from tests.spooler.crash.receiving import kept, receive
from tests.spooler.crash.scenarios import Played
from tests.spooler.crash.worker import Finding, Question
from tests.spooler.rig import ROOT

QUESTIONS_LIMIT = 300  # of one worker: then another one
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
        self._log = log.open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0

    def ask(self, question: Question) -> Finding:
        if self._process is None or self._asked % QUESTIONS_LIMIT == 0:
            self.close()
            command = [sys.executable, "-m", "tests.spooler.crash.worker"]
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
            )
        self._asked += 1
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(question) + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self.close()
            return Finding(exit=-1, wrong=("the daemon's process died; see the log",))
        return msgspec.json.decode(answer, type=Finding)

    def close(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


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


def judge(played: Played, case: Case, whole: list[Told], worker: Worker, folder: Path, thorough: bool) -> list[str]:
    """Wake a daemon on the disk, and see. ``thorough``: prepare what is to be prepared, hand in all once more."""
    folder.mkdir(parents=True)
    try:
        if played.received:
            return kept(played, case.known.confirmed, case.tree, folder / "spool")
        case.tree.lay_out(folder / "spool")
        (folder / "platen.toml").write_text(CONFIG.format(folder))
        question = Question(folder=str(folder))
        if thorough:
            key, submission = next(iter(played.submissions.items()))
            question = Question(
                folder=str(folder), prepare=True, key=key, again=submission, document=str(played.files[key])
            )
        found = worker.ask(question)
        wrong = broken(played, case.known, case.tree, case.live, whole, found)
        for accepted in case.known.accepted:
            for path in documents_of(played, accepted):
                if not (folder / "spool" / path).exists():
                    wrong.append(f"P1: the document of {accepted!r} is lost")
        return wrong
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cut(
    played: Played,
    folder: Path,
    *,
    every: int = 1,
    samples: int = 4,
    seed: int = 1,
    thorough_every: int = 10,
    workers: int = 1,
    tell: Callable[[Violation], None] = lambda violation: None,
) -> Report:
    """Check a run."""
    report = Report(played.name, operations=len(played.operations))
    for what in order_of_acts(played):
        report.violations.append(Violation(0, "the record", what))
    last = copy.deepcopy(played.disk)
    for operation in played.operations:
        last.follow(operation)
    whole = list(journals(last.live()))
    todo: queue.Queue[tuple[int, Case] | None] = queue.Queue(4)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        worker = Worker(folder / f"{played.name}-{number}.log")
        try:
            while (item := todo.get()) is not None:
                index, case = item
                if failures:
                    continue
                try:
                    thorough = index % thorough_every == 0
                    place = folder / f"{played.name}-{index}"
                    for what in judge(played, case, whole, worker, place, thorough):
                        violation = Violation(case.point, case.tree.how, what)
                        report.violations.append(violation)
                        tell(violation)
                except BaseException as error:
                    failures.append(error)
        finally:
            worker.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for index, case in enumerate(cases(played, every, samples, seed)):
            report.disks += 1
            todo.put((index, case))
    finally:
        for _ in threads:
            todo.put(None)
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    report.points = _points(len(played.operations), every, seed)
    return report


def _points(operations: int, every: int, seed: int) -> int:
    first = random.Random(seed).randrange(every)
    return sum(1 for point in range(1, operations + 1) if not (point + first) % every or point == operations)
