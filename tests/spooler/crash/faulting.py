"""A disk that fails at the n-th call, for every n, while the programs run on; then it is well again.

What always holds: one daemon (and one port process) lives through all faults, since nobody is there to start it anew;
each fault meets a fax of its own. What is refused is refused at once, with the storage as the reason; what was accepted
is finished when the fault is over, without anybody's hand.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

from fax.client import Client
from fax.errors import Cause, FaxError, NotRunningError
from fax.types import DocumentId, Fate, Job, JobId, JobState, Recipient, Submission
from tests.spooler.crash.promises import KEPT, told
from tests.spooler.crash.recording import Class, Faults, Recorder
from tests.spooler.crash.scenarios import LETTER, NUMBER, SETTINGS, fax_machine
from tests.spooler.rig import Rig, wait_for
from tests.spooler.starting import Forked

EVERYTHING = Class.MAKES | Class.WRITES | Class.SYNCS | Class.REMOVES | Class.OPENS
MEANWHILE_S = 1.0  # so long a fault lasts when nobody is refused
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Fault:
    """What a disk does. ``lasting``: until it is mended; else one call fails."""

    error: int
    classes: Class
    lasting: bool

    def at(self, number: int) -> Faults:
        return Faults(self.error, self.classes, number, (1 << 63) - 1 if self.lasting else number)


FAULTS = {
    "full": Fault(errno.ENOSPC, Class.MAKES | Class.WRITES, lasting=True),
    "read-only": Fault(errno.EROFS, EVERYTHING & ~Class.SYNCS, lasting=True),
    "I/O error": Fault(errno.EIO, EVERYTHING, lasting=False),
    "I/O errors": Fault(errno.EIO, EVERYTHING, lasting=True),
}


@dataclass
class FaultReport:
    """``points``: calls at which the disk began to fail; ``violations``: the point and what was wrong."""

    name: str
    points: int = 0
    violations: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name}: {self.points} points of failure, {len(self.violations)} violations"


class _Trial:
    """The programs, their disk, and a fax for each fault."""

    def __init__(self, folder: Path, *, port: bool) -> None:
        self.rig = Rig(folder, *SETTINGS, port=port, tables="flow_control = true\n" if port else "")
        self.rig.spool.mkdir()
        self.recorder = Recorder(folder / "recorder", self.rig.spool)
        self.client: Client = self.rig.client
        self.jobs: dict[str, tuple[JobId, ...]] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            self.rig.start(prefix=self.recorder.prefix)
            yield
        finally:
            self.rig.__exit__(None, None, None)

    def alive(self) -> bool:
        return self.rig.process is not None and self.rig.process.poll() is None

    def ask(self, act: Callable[[], object]) -> str | None:
        """Do something on a failing disk; what is wrong with its refusal. Raises nothing."""
        self.refused = False
        try:
            act()
        except FaxError as error:
            self.refused = True
            if error.cause is not Cause.STORAGE:
                return f"P12: refused with {error.cause.value}: {error}"
        return None

    def later(self, act: Callable[[], object]) -> str | None:
        """Do it on a disk that is well again."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                act()
                return None
            except FaxError as error:
                if time.monotonic() > end:
                    return f"P12: still refused when the disk is well: {error.cause.value}: {error}"
            time.sleep(0.05)

    def submit(self, key: str, octets: bytes, hold: bool = False) -> None:
        document = self.client.upload(BytesIO(octets), "note.txt").id
        self._submit(key, document, hold)

    def _submit(self, key: str, document: DocumentId, hold: bool) -> None:
        submission = Submission(documents=(document,), recipients=(Recipient(number=NUMBER),), title=key, hold=hold)
        self.jobs[key] = self.client.submit(submission, key).jobs

    def job(self, key: str) -> Job:
        return self.client.job(self.jobs[key][0])

    def within(self, what: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def afterwards(self) -> list[str]:
        """When the daemon was killed and another one has come: every accepted fax is there, once."""
        wrong = [] if self.alive() else ["P12: the daemon died"]
        self.rig.kill()
        self.rig.start()
        found = self.client.jobs(limit=10_000)
        for key, ids in self.jobs.items():
            if [job.id for job in found if job.title == key] != list(ids):
                wrong.append(f"P1, P2: {key} was accepted as {ids}, and is {[j.id for j in found if j.title == key]}")
        if len(found) != sum(map(len, self.jobs.values())):
            wrong.append(f"P2: {len(found)} jobs of {len(self.jobs)} submissions")
        if not self.within(lambda: not self.rig.leftovers(), 10):
            wrong.append(f"left in tmp/: {self.rig.leftovers()}")
        return wrong


def _each(
    trial: _Trial, fault: Fault, numbers: Iterable[int], play: Callable[[int, Faults], list[str]], report: FaultReport
) -> None:
    """Play with a fault at each of ``numbers``, until one comes after all calls."""
    for number in numbers:
        wrong = play(number, fault.at(number))
        if not trial.recorder.failed:
            return
        report.points += 1
        report.violations += [(number, what) for what in wrong]
        for what in wrong:
            print(f"{report.name}, call {number}: {what}", file=sys.stderr, flush=True)
        if not trial.alive():
            report.violations.append((number, "P12: the daemon died"))
            return


def submit(folder: Path, name: str, numbers: Iterable[int]) -> FaultReport:
    """The disk fails while a fax is handed in and prepared."""
    report = FaultReport(f"submit, {name}")
    trial = _Trial(folder, port=False)

    def play(number: int, faults: Faults) -> list[str]:
        key, octets = f"fax-{number}", f"Fax number {number}.\n".encode()
        with trial.recorder.faults(faults):
            wrong = [trial.ask(lambda: trial.submit(key, octets))]
            if not trial.refused:
                trial.within(lambda: _is_prepared(trial, key), MEANWHILE_S)
        if trial.refused:
            wrong.append(trial.later(lambda: trial.submit(key, octets)))
        if key in trial.jobs and not trial.within(lambda: _is_prepared(trial, key), PATIENCE_S):
            wrong.append(f"P12: not prepared when the disk was well: {trial.job(key)}")
        return [what for what in wrong if what]

    with trial.running():
        _each(trial, FAULTS[name], numbers, play, report)
        report.violations += [(0, what) for what in trial.afterwards()]
    return report


def _is_prepared(trial: _Trial, key: str) -> bool:
    with suppress(FaxError):
        return trial.job(key).pages_total is not None
    return False


def send(folder: Path, name: str, numbers: Iterable[int], *, cancel: bool = False) -> FaultReport:
    """The disk fails while three pages go out; ``cancel``: and a person cancels in the middle."""
    report = FaultReport(f"{'cancel' if cancel else 'send'}, {name}")
    trial = _Trial(folder, port=True)
    rig = trial.rig

    def play(number: int, faults: Faults) -> list[str]:
        key = f"fax-{number}"
        # The daemon may not have seen yet that the disk is well again.
        if (refused := trial.later(lambda: trial.submit(key, LETTER, hold=True))) is not None:
            return [refused]
        (job,) = trial.jobs[key]
        wait_for(lambda: _is_prepared(trial, key), "preparation")
        wait_for(lambda: rig.client.status().ports[0].state == "idle", "an idle port")
        calls = len(server.ports[0].faxes)
        cancelled = False
        with trial.recorder.faults(faults):
            wrong = [trial.ask(lambda: rig.client.resume(job))]
            resumed = not trial.refused
            if cancel:
                trial.within(lambda: len(server.ports[0].faxes) > calls, MEANWHILE_S)
                time.sleep(0.1)
                wrong.append(trial.ask(lambda: rig.client.cancel(job)))
                cancelled = not trial.refused
            else:
                trial.within(lambda: trial.job(key).state.ended, 2 * MEANWHILE_S)
        if not resumed and not cancelled:
            wrong.append(trial.later(lambda: rig.client.resume(job)))
        if cancel and not cancelled:
            wrong.append(trial.later(lambda: rig.client.cancel(job)))
        if not trial.within(lambda: trial.job(key).state.ended, PATIENCE_S):
            return [*(what for what in wrong if what), f"P12: not ended when the disk was well: {trial.job(key)}"]
        ended = trial.job(key)
        allowed = (JobState.DONE, JobState.CANCELLED) if cancel else (JobState.DONE,)
        if ended.state not in allowed:
            wrong.append(f"P12: the fax is {ended.state.value}: {ended.reason}")
        wrong += twice(rig.spool, ended)
        return [what for what in wrong if what]

    with fax_machine(rig.tty) as server, trial.running():
        _each(trial, FAULTS[name], numbers, play, report)
        report.violations += [(0, what) for what in trial.afterwards()]
    return report


def twice(spool: Path, job: Job) -> list[str]:
    """P5: pages that were planned again after they were confirmed, or without their mark after they were uncertain."""
    wrong = []
    confirmed: set[int] = set()
    uncertain: set[int] = set()
    for call in job.calls:
        folder = spool / "calls" / call.id
        plan, journal = folder / "plan.json", folder / "journal.jsonl"
        if not journal.exists() or not plan.exists():
            continue
        said = told(journal.read_bytes())
        for page in json.loads(plan.read_bytes())["documents"][0]["pages"]:
            number = page["number"]
            if number in confirmed:
                wrong.append(f"P5: page {number} is confirmed, and planned again in call {call.id}")
            if number in uncertain and not page.get("possible_duplicate"):
                wrong.append(f"P5: page {number} may be a duplicate in call {call.id}, and is not marked")
            fate = said.fate((int(job.id), number))
            if fate in KEPT:
                confirmed.add(number)
            (uncertain.add if fate is Fate.UNCERTAIN else uncertain.discard)(number)
    return wrong


def start(folder: Path, name: str, numbers: Iterable[int]) -> FaultReport:
    """The disk fails while the daemon starts: it refuses with a clear word, or starts and is well later."""
    report = FaultReport(f"start, {name}")
    trial = _Trial(folder, port=False)
    rig = trial.rig
    with rig:
        trial.submit("fax", b"A fax of the day before.\n")
        wait_for(lambda: _is_prepared(trial, "fax"), "preparation")
        for number in numbers:
            rig.kill()
            rig.log.write_bytes(b"")
            with trial.recorder.faults(FAULTS[name].at(number)):
                rig.start(wait=False, prefix=trial.recorder.prefix)
                assert rig.process is not None
                up = trial.within(partial(_started_or_ended, rig.client, rig.process), PATIENCE_S)
            if not trial.recorder.failed:
                break
            report.points += 1
            if not up:
                report.violations.append((number, "P12: it neither starts nor refuses to"))
            elif not trial.alive():
                code = rig.process.returncode
                rig.process = None
                last = rig.log.read_text().splitlines()[-1:]
                if code != os.EX_CANTCREAT or not last or not last[0].startswith("platend: "):
                    report.violations.append((number, f"P12: ended with {code}: {last}"))
                rig.start()
            if [job.title for job in rig.client.jobs()] != ["fax"]:
                report.violations.append((number, "P1: the fax is lost"))
        rig.kill()
        rig.start()
        report.violations += [(0, what) for what in trial.afterwards()]
    return report


def _started_or_ended(client: Client, process: subprocess.Popen[bytes] | Forked) -> bool:
    with suppress(NotRunningError):
        client.status()
        return True
    return process.poll() is not None


RUNS: dict[str, Callable[[Path, str, Iterable[int]], FaultReport]] = {
    "submit": submit,
    "start": start,
    "send": send,
    "cancel": partial(send, cancel=True),
}
