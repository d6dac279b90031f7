"""Wakes daemons up on disks that a crash left: a process of its own that does it again and again.

``python -m tests.spooler.crash.worker``: one ``Question`` in a line of JSON comes in, one ``Finding`` goes out.

What always holds: what runs is ``spooler.main.run``, all that platend does between reading its settings and its end;
what is found is found by ``fax.client`` over the socket. Waiting times of the daemon that only save processor time are
cut short, and nothing is started before it is needed.

Must not: look into the database.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import sys
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
    with its key, with the document ``document``; ``prepare``: wait until every job is prepared."""

    folder: str
    prepare: bool = False
    key: str | None = None
    again: Submission | None = None
    document: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found. ``wrong``: what went wrong in asking; ``again``: the jobs of the submission made again;
    ``pages``: digests of each prepared job's pages."""

    exit: int
    looked: bool = False  # to the end
    jobs: tuple[Job, ...] = ()
    events: tuple[Event, ...] = ()
    pages: dict[int, tuple[str, ...]] = field(default_factory=dict)
    again: tuple[int, ...] = ()
    jobs_after: int = 0
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
        finally:
            if self._answered:
                os.kill(os.getpid(), signal.SIGTERM)

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


def answer(question: Question) -> Finding:
    folder = Path(question.folder)
    visit = _Visit(question)
    thread = threading.Thread(target=visit.pay)
    thread.start()
    try:
        code = main.run(load(folder / "platen.toml"))
    finally:
        visit.gone.set()
        thread.join()
    for path in (folder / "spool" / "documents").glob("??/*"):
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
            visit.wrong.append(f"{path.name} in documents/ is not what its name says")
    left = [path.name for path in (folder / "spool" / "tmp").iterdir()]
    if left:
        visit.wrong.append(f"left in tmp/: {left}")
    return Finding(
        exit=code,
        looked=visit.looked,
        jobs=visit.jobs,
        events=visit.events,
        pages=visit.pages,
        again=visit.again,
        jobs_after=visit.jobs_after,
        wrong=tuple(visit.wrong),
    )


def serve() -> None:
    ports.TAIL_S = 0.002
    Nursery.start = lambda self: None  # type: ignore[method-assign]  # it starts when a document comes
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # between two daemons it comes too late
    for line in sys.stdin.buffer:
        finding = answer(msgspec.json.decode(line, type=Question))
        sys.stdout.buffer.write(msgspec.json.encode(finding) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
