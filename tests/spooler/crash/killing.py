"""SIGKILL for the real processes, again and again, while faxes go out over several lines at frame level.

What always holds: rounds do not wait for one another: a kill meets a house in which earlier ones are still being got
over. Who handed a fax in repeats what the daemon's death broke off, under the same key. Chance is a seed; only how far
the processes had come is not.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from codec.coder import decode, page_from_bitmap
from codec.header import strip_rows
from codec.operations import crop, same_pixels
from codec.page import BitOrder, Page
from codec.tiff import read_pages
from fax.errors import FaxError, NotRunningError, ServerError
from fax.types import CoverPage, Fate, Job, JobId, JobState, Recipient, Submission
from modem.port.client import is_locked
from modem.soft.framehabits import Habits, HeldPage, Odd
from modem.soft.framepty import FramePtyServer
from tests.spooler.crash.faulting import twice
from tests.spooler.crash.scenarios import LETTER
from tests.spooler.rig import Rig

SPEED = 20.0
SETTINGS = (
    "retries = 60",
    "retry_delay_s = 0.1",
    "busy_delay_s = 0.1",
    "device_delay_s = 0.05",
    "incoming_every_s = 0.2",
)
ACTS = ("none", "none", "none", "cancel", "hold", "address", "cover")
VICTIMS = ("daemon", "port", "port", "worker", "both")
OPEN_LIMIT = 6  # faxes under way at once
PATIENCE_S = 180.0
PORT = '[[port]]\nname = "{name}"\ndevice = "{device}"\nlock_folder = "{folder}"\nflow_control = true\n'


@dataclass
class KillReport:
    """What came of it. ``again``: pages that went out more often than once, each after an uncertain end."""

    rounds: int = 0
    killed: dict[str, int] = field(default_factory=dict)
    jobs: int = 0
    calls: int = 0
    again: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        killed = ", ".join(f"{name} {count}" for name, count in sorted(self.killed.items()))
        return (
            f"{self.rounds} kills ({killed}), {self.jobs} faxes, {self.calls} calls, {self.again} pages sent again,"
            f" {len(self.violations)} violations, {self.seconds:.0f} s"
        )


@dataclass
class _Fax:
    """One fax and the person behind it. ``number``: its own, by which the far end's pages are found."""

    number: str
    act: str
    job: JobId | None = None
    thread: threading.Thread | None = None
    wrong: str = ""


class Killing:
    """``run`` kills ``rounds`` times and then waits until all is over."""

    def __init__(self, folder: Path, rounds: int, seed: int, ports: int = 3) -> None:
        self.report = KillReport()
        self._chance = random.Random(seed)
        self._rounds = rounds
        self._names = [f"line{number}" for number in range(1, ports + 1)]
        self._links = [folder / name for name in self._names]
        tables = "".join(
            PORT.format(name=name, device=link, folder=folder)
            for name, link in zip(self._names, self._links, strict=True)
        )
        self._rig = Rig(folder, *SETTINGS, port=False, tables=tables)
        self._faxes: list[_Fax] = []
        self._open = 0
        self._lock = threading.Lock()

    def run(self) -> KillReport:
        began = time.monotonic()
        moody = random.Random(self._chance.random())
        # A line that is lost now and then makes retries, so that kills meet second calls too.
        server = FramePtyServer(
            self._links,
            lambda call: Habits(odd={moody.choice((2, 3, 4)): Odd.DCN} if moody.random() < 0.2 else {}),
            speed=SPEED,
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            with self._rig:
                for number in range(self._rounds):
                    self._begin(number)
                    time.sleep(self._chance.uniform(0, 1.0))
                    self._kill(self._chance.choice(VICTIMS))
                    self.report.rounds += 1
                self._come_to_an_end()
                self._judge(server)
        finally:
            server.stop()
            thread.join()
            server.close()
        self.report.seconds = time.monotonic() - began
        return self.report

    def _begin(self, number: int) -> None:
        """A person hands in a fax, unless many are under way."""
        with suppress(FaxError):
            counts = self._rig.client.status().jobs
            ended = sum(counts.get(state.value, 0) for state in JobState if state.ended)
            self._open = len(self._faxes) - ended
        if self._open >= OPEN_LIMIT:
            return
        fax = _Fax(f"555{number:04}", self._chance.choice(ACTS))
        unlike = self._chance.random() < 0.4
        octets = LETTER + (f"\nThis is number {number}.\n".encode() if unlike else b"")
        fax.thread = threading.Thread(target=self._play, args=(fax, octets, self._chance.uniform(0, 1.5)))
        self._faxes.append(fax)
        fax.thread.start()

    def _play(self, fax: _Fax, octets: bytes, delay_s: float) -> None:

        client = self._rig.client
        end = time.monotonic() + PATIENCE_S
        while fax.job is None:
            try:
                document = client.upload(BytesIO(octets), "letter.txt").id
                submission = Submission(
                    documents=(document,),
                    recipients=(Recipient(number=None if fax.act == "address" else fax.number),),
                    cover=CoverPage() if fax.act == "cover" else None,
                    title=fax.number,
                )
                fax.job = client.submit(submission, fax.number).jobs[0]
            except (NotRunningError, ServerError) as error:
                # It is away, or the child that looked at the document was killed: it is asked again.
                if time.monotonic() > end:
                    fax.wrong = f"it was never accepted: {error}"
                    return
                time.sleep(0.05)
            except FaxError as error:
                fax.wrong = f"refused: {error.cause.value}: {error}"
                return
        if fax.act in ("cancel", "hold"):
            time.sleep(delay_s)
            with suppress(FaxError):
                (client.cancel if fax.act == "cancel" else client.hold)(fax.job)

    def _kill(self, victims: str) -> None:
        """By the process id in the lock, so that a process that does not answer yet is hit too."""
        if victims == "worker":
            victims = "worker" if self._kill_worker() else "daemon"
        if victims in ("port", "both"):
            folder = self._rig.spool / "ports" / self._chance.choice(self._names)
            with suppress(OSError, ValueError):
                pid = int((folder / "lock").read_text())
                if is_locked(folder):
                    os.kill(pid, signal.SIGKILL)
        if victims in ("daemon", "both"):
            self._rig.kill()
            self._rig.start(wait=self._chance.random() < 0.7)
        self.report.killed[victims] = self.report.killed.get(victims, 0) + 1

    def _kill_worker(self) -> bool:
        """A child that looks at a document, or the process that forks them."""
        daemon = self._rig.process
        found: list[int] = []
        parents = {daemon.pid if daemon is not None else -1}
        for _ in range(2):
            parents = {pid for pid, parent in _converters() if parent in parents}
            found += sorted(parents)
        if found:
            with suppress(ProcessLookupError):
                os.kill(self._chance.choice(found), signal.SIGKILL)
            return True
        return False

    def _come_to_an_end(self) -> None:
        """Nobody is killed any more: every fax comes to its end, if a person does what is a person's to do."""
        client = self._rig.client
        end = time.monotonic() + PATIENCE_S
        while not self._rig.answers() and time.monotonic() < end:
            time.sleep(0.05)
        for fax in self._faxes:
            assert fax.thread is not None
            fax.thread.join(PATIENCE_S)
        while time.monotonic() < end:
            waiting = [job for job in client.jobs(limit=10_000) if not job.state.ended]
            if not waiting:
                return
            for job in waiting:
                with suppress(FaxError):
                    if job.state is JobState.HELD:
                        client.resume(job.id)
                    if job.state is JobState.ADDRESS:
                        client.address(job.id, Recipient(number=job.title))
            time.sleep(0.1)

    def _judge(self, server: FramePtyServer) -> None:
        report, client = self.report, self._rig.client
        held: dict[str, list[HeldPage]] = {}
        for port in server.ports:
            for number, machine in zip(port.dialled, port.faxes, strict=True):
                held.setdefault(number, []).extend(machine.pages)
        titles = [job.title for job in client.jobs(limit=10_000)]
        for fax in self._faxes:
            if fax.wrong or fax.job is None:
                report.violations.append(f"fax {fax.number}: {fax.wrong or 'nobody answered'}")
                continue
            if titles.count(fax.number) != 1:
                report.violations.append(f"P1, P2: fax {fax.number} is there {titles.count(fax.number)} times")
                continue
            job = client.job(fax.job)
            wrong = self._look(job, fax, held.get(fax.number, []))
            report.violations += [f"fax {fax.number} ({fax.act}): {what}" for what in wrong]
            report.jobs += 1
            report.calls += len(job.calls)
        if len(titles) != len(self._faxes):
            report.violations.append(f"P2: {len(titles)} jobs of {len(self._faxes)} faxes")
        limit = time.monotonic() + 10
        while (left := self._rig.leftovers()) and time.monotonic() < limit:
            time.sleep(0.1)
        if left:
            report.violations.append(f"left in tmp/: {left}")

    def _look(self, job: Job, fax: _Fax, held: list[HeldPage]) -> list[str]:
        wrong = twice(self._rig.spool, job)
        if not (job.state is JobState.DONE or (job.state is JobState.CANCELLED and fax.act == "cancel")):
            return [*wrong, f"P10: it is {job.state.value}: {job.reason}"]
        kinds = [event.kind for event in self._rig.client.events(job=job.id)]
        if kinds[:1] != ["accepted"] or kinds[-1:] != [job.state.value]:
            wrong.append(f"P11: its events are {kinds}")
        if sum(kind in ("done", "failed", "cancelled") for kind in kinds) != 1:
            wrong.append(f"P11: its events end it more than once: {kinds}")
        if job.state is JobState.CANCELLED:
            return wrong
        if any(page.fate not in (Fate.CONFIRMED, Fate.DAMAGED) for page in job.pages):
            wrong.append(f"P11: it is done, and its pages are {[page.fate.value for page in job.pages]}")
        out = self._rig.folder / f"pages-{job.id}.tif"
        self._rig.client.pages(job.id, out)
        pages = read_pages(out)
        copies = [sum(same_pixels(page, each) is None for each in map(below_header, held)) for page in pages]
        if not all(copies):
            wrong.append(f"P11: it is done, and of its pages the far end has {copies} copies")
        self.report.again += sum(copies) - len(pages)
        return wrong


def below_header(held: HeldPage) -> Page:
    """A page of the far end without its header line."""
    bitmap = decode(held.code, held.coding, held.width, order=BitOrder.LSB).bitmap
    page = page_from_bitmap(bitmap, 204, held.dpi_y)
    return crop(page, top=min(strip_rows(held.dpi_y), page.rows - 1))


def _converters() -> list[tuple[int, int]]:
    """All that run, of any daemon: process and parent."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and b"codec.nursery" in (process / "cmdline").read_bytes():
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                found.append((int(process.name), parent))
    return found
