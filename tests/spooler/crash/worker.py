"""Wakes daemons up on disks that a crash left: a process that has their imports done, and is forked for each of them.

``python -m tests.spooler.crash.worker``: one ``Question`` in a line of JSON comes in, one ``Finding`` goes out.

What always holds: what runs is ``spooler.main.run``, all that platend does between reading its settings and its end, in
a process of its own; what is found is found by ``fax.client`` over the socket. Waiting times of the daemon that only
save processor time are cut short, nothing is started before it is needed, and a daemon that has been asked is killed,
unless it is to show how it ends.

Must not: look into the database.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import msgspec

from codec.errors import CodecError
from codec.nursery import Nursery
from codec.tiff import read_pages
from fax.client import Client
from fax.errors import FaxError, NotRunningError
from fax.types import Event, Job, JobState, Submission
from spooler import main, ports
from spooler.settings import load

PATIENCE_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """``folder`` has ``spool`` as the crash left it and ``platen.toml``. ``again``: the submission that is made again
    with its key, with the document ``document``; ``prepare``: wait until every job is prepared; ``end``: have the
    daemon end by itself, and look at what it leaves."""

    folder: str
    prepare: bool = False
    end: bool = False
    key: str | None = None
    again: Submission | None = None
    document: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found. ``wrong``: what went wrong in asking; ``again``: the jobs of the submission made again;
    ``pages``: digests of each prepared job's pages; ``documents``: whole ones, by their paths in the spool."""

    exit: int = 0
    looked: bool = False  # to the end
    jobs: tuple[Job, ...] = ()
    events: tuple[Event, ...] = ()
    pages: dict[int, tuple[str, ...]] = field(default_factory=dict)
    again: tuple[int, ...] = ()
    jobs_after: int = 0
    documents: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


class _Visit:
    """Asks a daemon that is just starting in this process, and ends it."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._folder = Path(question.folder)
        self._client = Client(self._folder / "api.sock", timeout_s=PATIENCE_S)
        self.gone = threading.Event()
        self._answered = False
        self.looked = False
        self.wrong: list[str] = []
        self.jobs: tuple[Job, ...] = ()
        self.events: tuple[Event, ...] = ()
        self.pages: dict[int, tuple[str, ...]] = {}
        self.again: tuple[int, ...] = ()
        self.jobs_after = 0

    def pay(self) -> None:
        try:
            self._answered = self._wait(self._answers, "the daemon's answer")
            if self._answered:
                self._look()
                self.looked = True
        except (FaxError, OSError, CodecError) as error:
            self.wrong.append(f"{type(error).__name__}: {error}")
        if self._answered and self._question.end:
            os.kill(os.getpid(), signal.SIGTERM)
        elif not self.gone.is_set():
            _tell(self.finding(0))
            os.kill(os.getpid(), signal.SIGKILL)

    def finding(self, code: int) -> Finding:
        spool = self._folder / "spool"
        documents = []
        for path in (spool / "documents").glob("??/*"):
            if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
                self.wrong.append(f"{path.name} in documents/ is not what its name says")
            else:
                documents.append(str(path.relative_to(spool)))
        return Finding(
            exit=code,
            looked=self.looked,
            jobs=self.jobs,
            events=self.events,
            pages=self.pages,
            again=self.again,
            jobs_after=self.jobs_after,
            documents=tuple(documents),
            wrong=tuple(self.wrong),
        )

    def _answers(self) -> bool:
        with suppress(NotRunningError):
            self._client.status()
            return True
        return False

    def _wait(self, what: Callable[[], bool], why: str) -> bool:
        end = time.monotonic() + PATIENCE_S
        while not what():
            if self.gone.is_set():
                return False
            if time.monotonic() > end:
                self.wrong.append(f"{why} did not come")
                return False
            time.sleep(0.002)
        return True

    def _look(self) -> None:
        client = self._client
        self._wait(lambda: not list((self._folder / "spool" / "incoming").glob("*.ready")), "an empty incoming folder")
        self._wait(lambda: all(job.state is not JobState.SENDING for job in client.jobs()), "the end of every call")
        if self._question.prepare:
            self._wait(lambda: all(job.state is not JobState.PREPARING for job in client.jobs()), "preparation")
        self.jobs = tuple(client.job(job.id) for job in client.jobs())
        self.events = tuple(client.events())
        for job in self.jobs:
            if job.pages:
                out = self._folder / f"pages-{job.id}.tif"
                client.pages(job.id, out)
                self.pages[job.id] = tuple(page.digest for page in read_pages(out))
        if (again := self._question.again) is not None:
            # As whoever got no answer does: all of it once more, under the same key.
            client.upload(BytesIO(Path(self._question.document).read_bytes()), "again.txt")
            self.again = client.submit(again, self._question.key).jobs
            self.jobs_after = len(client.jobs())


def answer(question: Question) -> None:
    """Be the daemon, and be asked; whoever does it first tells what was found."""
    folder = Path(question.folder)
    visit = _Visit(question)
    thread = threading.Thread(target=visit.pay, daemon=True)
    thread.start()
    code = main.run(load(folder / "platen.toml"))
    visit.gone.set()
    thread.join()
    left = [path.name for path in (folder / "spool" / "tmp").iterdir()]
    if left:
        visit.wrong.append(f"left in tmp/: {left}")
    _tell(visit.finding(code))


def _tell(finding: Finding) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(finding) + b"\n")
    sys.stdout.buffer.flush()


def _share_a_nursery() -> None:
    """One process forks the converters of all daemons: it holds nothing of theirs, and its imports take long."""
    nursery = Nursery()
    nursery.start()
    assert nursery._control is not None
    control = nursery._control

    def borrowed(self: Nursery) -> None:
        self._control = control.dup()

    Nursery._start = borrowed  # type: ignore[method-assign]


def _warm_up() -> None:
    """Be a daemon on an empty disk: what a daemon makes once in its process is there then for all that are forked."""
    with tempfile.TemporaryDirectory(prefix="platen-warm-") as name:
        folder = Path(name)
        (folder / "platen.toml").write_text(f'spool = "{name}/spool"\nsocket = "{name}/api.sock"\n')
        visit = _Visit(Question(folder=name, end=True))
        thread = threading.Thread(target=visit.pay)
        thread.start()
        assert main.run(load(folder / "platen.toml")) == 0
        thread.join()
        assert visit.looked, visit.wrong
    # Only then a fork is a whole copy.
    assert threading.active_count() == 1, threading.enumerate()


def serve() -> None:
    ports.TAIL_S = 0.002
    _share_a_nursery()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    _warm_up()
    gc.freeze()
    for line in sys.stdin.buffer:
        question = msgspec.json.decode(line, type=Question)
        child = os.fork()
        if child == 0:
            answer(question)
            os._exit(0)
        os.waitpid(child, 0)
        # What it said comes first; an empty line says that it is dead, whether it said something or not.
        sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
