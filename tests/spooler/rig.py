"""A real daemon in a temporary folder, on a real Unix socket, with a scripted modem on a pty.

The modem answers words of Class 1 and ends each call at dialling (BUSY and the like); it is enough for everything but
pages on the line.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from fax.client import Client
from fax.errors import FaxError, NotRunningError
from fax.types import DocumentId, Event, Job, JobId, JobState, Recipient, Submission
from modem.port.client import PortClient, PortError, is_locked
from tests.modem.port.scripted import ScriptedModem
from tests.spooler.starting import Forked, starter

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "sample" / "report.pdf"
PORT = "line1"
PATIENCE_S = 120.0


def wait_for(what: Callable[[], object], why: str = "it") -> None:
    """Wait until something holds; it is a failure when it does not come at all."""
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, f"{why} did not happen"
        time.sleep(0.02)


class Rig:
    """``with Rig(folder) as rig``: the daemon runs. ``settings``: lines before the first table of platen.toml."""

    def __init__(self, folder: Path, *settings: str, port: bool = True, tables: str = "") -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.socket = folder / "api.sock"
        self.config = folder / "platen.toml"
        self.log = folder / "platend.log"
        self.tty = folder / "tty"
        self.client = Client(self.socket)
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self.modem: ScriptedModem | None = None
        self.port_folder = self.spool / "ports" / PORT
        lines = [
            f'spool = "{self.spool}"',
            f'socket = "{self.socket}"',
            "retry_delay_s = 0.2",
            "busy_delay_s = 0.2",
            "device_delay_s = 0.2",
            "incoming_every_s = 0.2",
        ]
        said = {line.partition(" ")[0] for line in settings}
        lines = [line for line in lines if line.partition(" ")[0] not in said] + list(settings)
        if port:
            lines += [
                "[[port]]",
                f'name = "{PORT}"',
                f'device = "{self.tty}"',
                f'lock_folder = "{self.folder}"',
            ]
        self.config.write_text("\n".join(lines) + "\n" + tables)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        # Also those that were started a moment ago and have no lock yet, or not even their name.
        while pids := [*self.port_processes(), *self._half_started()]:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.kill()
            self._guard.wait()
            self._guard.stdin.close()
        if kind is not None and self.log.exists():
            print(self.log.read_text()[-8000:], file=sys.stderr)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "spooler.main", "--config", str(self.config)]

    def start(self, wait: bool = True, prefix: Sequence[str] = ()) -> None:
        """``prefix``: a command that runs the daemon's under other circumstances."""
        if self._guard is None:
            # Should we be killed: the daemon goes with us, and port processes when they have no folder any more.
            script = 'read _; sleep 3; rm -rf "$0"'
            self._guard = subprocess.Popen(["sh", "-c", script, str(self.spool / "ports")], stdin=subprocess.PIPE)
        if prefix:
            tied = ["setpriv", "--pdeathsig", "KILL", "--"]
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [*tied, *prefix, *self.command], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
                )
        else:
            self.process = starter(ROOT).start(self.command, self.command[3:], ROOT, self.log)
        if wait:
            wait_for(self.answers, "the daemon's answer")

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.client.status()
        except NotRunningError:
            return False
        return True

    def kill(self) -> None:
        """kill -9 of the daemon alone."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def port_processes(self) -> list[int]:
        """Every living port process of this folder, those of service providers too."""
        modules = (b"modem.port", b"spooler.provider_process")
        ours = bytes(self.spool) + b"/"
        return [pid for module in modules for pid in _processes(module, lambda word: word.startswith(ours))]

    def _half_started(self) -> list[int]:
        """Children of the daemon that was killed which have not become port processes yet."""
        return _processes(b"spooler.main", lambda word: word == bytes(self.config))

    def port_pid(self, folder: Path | None = None) -> int | None:
        with suppress(PortError):
            status = PortClient(folder or self.port_folder, PATIENCE_S).status()
            return None if status is None else status.pid
        return None

    def kill_port(self, folder: Path | None = None) -> None:
        """kill -9 of the port process; it is dead when this returns."""
        folder = folder or self.port_folder
        end = time.monotonic() + PATIENCE_S
        while is_locked(folder) and time.monotonic() < end:
            if (pid := self.port_pid(folder)) is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def plug_in(self, dial: str | None = "BUSY") -> ScriptedModem:
        """The modem at the daemon's port; ``dial``: its answer to ATD, None for silence."""
        self.modem = ScriptedModem(self.tty, dial)
        return self.modem

    def text(self, words: str = "A fax.") -> DocumentId:
        from io import BytesIO

        return self.client.upload(BytesIO(words.encode() + b"\n"), "words.txt").id

    def send(self, *numbers: str | None, documents: Sequence[DocumentId] | None = None, hold: bool = False) -> Job:
        """Submit a text (or ``documents``) to ``numbers``; returns the first job."""
        submission = Submission(
            documents=tuple(documents if documents is not None else [self.text()]),
            recipients=tuple(Recipient(number=number) for number in numbers),
            hold=hold,
        )
        return self.client.job(self.client.submit(submission).jobs[0])

    def until(self, job: JobId, *states: JobState) -> Job:
        """The job, once it is in one of these states."""
        found: list[Job] = []

        def there() -> bool:
            with suppress(NotRunningError):
                found[:] = [self.client.job(job)]
                return found[0].state in states
            return False

        wait_for(there, f"job {job} being {' or '.join(state.value for state in states)}")
        return found[0]

    def events(self, job: JobId | None = None) -> list[Event]:
        return list(self.client.events(job=job))

    def kinds(self, job: JobId) -> list[str]:
        return [event.kind for event in self.events(job)]

    def masters(self) -> list[Path]:
        return sorted((self.spool / "masters").glob("??/*"))

    def leftovers(self) -> list[str]:
        """What lies in the spool's folder for unfinished things."""
        return sorted(path.name for path in (self.spool / "tmp").iterdir())

    def database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.spool / 'platen.db'}?mode=ro", uri=True)


def _processes(module: bytes, which: Callable[[bytes], bool]) -> list[int]:
    """Processes that run a module of ours with such a word on their command line."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
            if module in words and any(which(word) for word in words):
                found.append(int(process.name))
    return found


def refusal(act: Callable[[], object]) -> FaxError:
    """The error that ``act`` is refused with."""
    try:
        done = act()
    except FaxError as error:
        return error
    raise AssertionError(f"not refused: {done}")
