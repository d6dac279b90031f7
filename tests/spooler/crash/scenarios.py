"""Runs that are recorded: real daemons and port processes, a real client, a fax machine at frame level.

What always holds: what the client was told stands in the record as a mark at the moment at which it knew it (``Mark``);
what the modem was told stands there by itself.
"""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import msgspec

from codec.tiff import read_pages
from fax.errors import NotRunningError
from fax.types import CoverPage, Event, JobId, JobState, Recipient, Submission
from modem.soft.framehabits import Habits, Odd
from modem.soft.framepty import FramePtyServer
from tests.spooler.crash.disk import Disk, tree_of
from tests.spooler.crash.recording import Operation, Recorder
from tests.spooler.rig import ROOT, Rig, wait_for

SPEED = 20.0  # seconds of the line in one of ours
NUMBER = "5552001"
LETTER = "".join(f"Page {page} of a letter that wants to arrive once.\n\f" for page in (1, 2, 3)).encode()[:-1]
NOTE = b"A note of one page.\n"
LEFT_TITLE = "left at the door"
SETTINGS = ("retries = 4", "retry_delay_s = 0.3", "incoming_every_s = 0.1")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What the client knew. ``accepted``: an answer to a submission; ``left``: a fax in the incoming folder;
    ``prepared``: digests of a job's pages; ``cancelled``: a cancel that was answered; ``event``: one that was heard."""

    accepted: tuple[int, ...] = ()
    key: str = ""
    left: bool = False
    prepared: int = 0
    digests: tuple[str, ...] = ()
    cancelled: int = 0
    event: Event | None = None


@dataclass(kw_only=True)
class Played:
    """A run: from ``disk`` on, ``operations`` happened. ``submissions`` and the ``files`` they were made of: by
    their keys; ``received``: it is a fax that comes in."""

    name: str
    disk: Disk
    operations: list[Operation] = field(default_factory=list)
    submissions: dict[str, Submission] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    digests: dict[int, tuple[str, ...]] = field(default_factory=dict)
    received: bool = False


class Stage:
    """A rig under the recorder."""

    def __init__(self, folder: Path, name: str, *, port: bool) -> None:
        self.rig = Rig(folder, *SETTINGS, port=port, tables="flow_control = true\n" if port else "")
        self.rig.spool.mkdir()
        self.recorder = Recorder(folder / "recorder", self.rig.spool)
        self.played = Played(name=name, disk=Disk(self.rig.spool))

    def mark(self, mark: Mark) -> None:
        self.recorder.mark(msgspec.json.encode(mark).decode())

    def begin(self) -> None:
        """From here on operations are recorded; what lies there now is on stable storage."""
        self.played.disk = Disk(self.rig.spool)
        self.recorder.record()
        self.rig.start(prefix=self.recorder.prefix)

    def end(self) -> Played:
        """Nothing writes any more: stop recording. Raises AssertionError when the record does not tell all."""
        self.recorder.record(False)
        self.played.operations = self.recorder.operations()
        whole(self.played, self.rig.spool)
        return self.played

    def submit(
        self, key: str, octets: bytes, *numbers: str, cover: bool = False, transient: bool = False
    ) -> tuple[JobId, ...]:
        self.played.files[key] = self.rig.folder / f"{key}.txt"
        self.played.files[key].write_bytes(octets)
        document = self.rig.client.upload(BytesIO(octets), "letter.txt", transient=transient).id
        submission = Submission(
            documents=(document,),
            recipients=tuple(Recipient(number=number) for number in numbers),
            cover=CoverPage() if cover else None,
            title=key,
        )
        self.played.submissions[key] = submission
        jobs = self.rig.client.submit(submission, key).jobs
        self.mark(Mark(accepted=jobs, key=key))
        return jobs

    def prepared(self, job: JobId) -> None:
        self.rig.until(job, JobState.WAITING, JobState.SENDING)
        out = self.rig.folder / f"prepared-{job}.tif"
        self.rig.client.pages(job, out)
        digests = tuple(page.digest for page in read_pages(out))
        self.played.digests[job] = digests
        self.mark(Mark(prepared=job, digests=digests))

    @contextmanager
    def listening(self, heard: Callable[[Event], None] = lambda event: None) -> Iterator[None]:
        """Every event that comes is marked."""

        def follow() -> None:
            try:
                for event in self.rig.client.events(follow=True):
                    self.mark(Mark(event=event))
                    heard(event)
            except NotRunningError:
                return

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield
        finally:
            self.rig.kill()
            thread.join()


@contextmanager
def fax_machine(link: Path, habits: Callable[[int], Habits] | None = None) -> Iterator[FramePtyServer]:
    server = FramePtyServer([link], habits, speed=SPEED)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.close()


def whole(played: Played, root: Path) -> None:
    """The record tells all that there is on the disk, octet for octet. Raises AssertionError."""
    disk = copy.deepcopy(played.disk)
    for operation in played.operations:
        disk.follow(operation)
    assert disk.live().entries == tree_of(root), "the record does not tell all"


LEAVE = """
import sys
from fax.incoming import leave
from fax.types import Recipient, Submission
submission = Submission(documents=(), recipients=(Recipient(number=sys.argv[2]),), title=sys.argv[3])
leave(sys.argv[1], submission, [sys.argv[4]], key="door", user="root")
"""


def submit(folder: Path) -> Played:
    """Two recipients over the API, one as a printer's door hands it in, and a fax that a door leaves in the incoming
    folder."""
    stage = Stage(folder, "submit", port=False)
    rig = stage.rig
    stage.begin()
    try:
        stage.submit("two", NOTE, NUMBER, "5552002")
        stage.submit("printed", b"A note that was printed.\n", NUMBER, transient=True)
        note = folder / "note.txt"
        note.write_bytes(b"Left while nobody was there.\n")
        command = [sys.executable, "-c", LEAVE, str(rig.spool / "incoming"), "5552003", LEFT_TITLE, str(note)]
        subprocess.run([*stage.recorder.prefix, *command], check=True, cwd=ROOT)
        stage.mark(Mark(left=True))
        wait_for(lambda: not list((rig.spool / "incoming").iterdir()), "the incoming folder being empty")
        wait_for(lambda: len(rig.client.jobs()) == 4, "four jobs")
        rig.kill()
        return stage.end()
    finally:
        rig.__exit__(None, None, None)


def prepare(folder: Path) -> Played:
    """A document of three pages for two recipients, one with a cover page, and a second document."""
    stage = Stage(folder, "prepare", port=False)
    rig = stage.rig
    stage.begin()
    try:
        with stage.listening():
            for job in stage.submit("letter", LETTER, NUMBER, "5552002"):
                stage.prepared(job)
            for job in stage.submit("note", NOTE, NUMBER):
                stage.prepared(job)
        return stage.end()
    finally:
        rig.__exit__(None, None, None)


def _to_send(folder: Path, name: str) -> tuple[Stage, JobId]:
    """A prepared job of three pages, and the daemon away again."""
    stage = Stage(folder, name, port=True)
    rig = stage.rig
    rig.start()
    (job,) = stage.submit("letter", LETTER, NUMBER)
    stage.prepared(job)
    rig.__exit__(None, None, None)
    return stage, job


def send(folder: Path) -> Played:
    """Three pages; the far end ends the call in place of its answer to page 2, and is well the next time."""
    stage, job = _to_send(folder, "send")
    rig = stage.rig
    try:
        with fax_machine(rig.tty, lambda call: Habits(odd={3: Odd.VANISH} if call == 0 else {})):
            stage.begin()
            with stage.listening():
                done = rig.until(job, JobState.DONE, JobState.FAILED)
                assert done.state is JobState.DONE and len(done.calls) == 2, done
                _let_go(stage)
        return stage.end()
    finally:
        rig.__exit__(None, None, None)


def cancel(folder: Path) -> Played:
    """A person cancels while page 2 of three is on the line."""
    stage, job = _to_send(folder, "cancel")
    rig = stage.rig

    def heard(event: Event) -> None:
        if event.kind == "page-sending" and event.page == 2:
            rig.client.cancel(job)
            stage.mark(Mark(cancelled=job))

    try:
        with fax_machine(rig.tty):
            stage.begin()
            with stage.listening(heard):
                ended = rig.until(job, JobState.DONE, JobState.FAILED, JobState.CANCELLED)
                assert ended.state is JobState.CANCELLED, ended
                _let_go(stage)
        return stage.end()
    finally:
        rig.__exit__(None, None, None)


def _let_go(stage: Stage) -> None:
    """The daemon, then the port process: nothing writes any more."""
    stage.rig.kill()
    stage.rig.kill_port()
