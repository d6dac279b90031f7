"""platend itself, without a telephone line, for tests that print to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fax import Client, FaxError, Job, JobState
from tests.backend.desk import LIMIT_S, eventually

# Short enough for a test; a page of the tests takes a small part of it.
LIMITS = "[limits]\npage_s = 5\ndocument_s = 20\n"


class Daemon:
    """platend without a telephone line: everything up to the line happens, and faxes wait for a port."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "platend.sock"
        self.spool = folder / "daemon"
        self.client = Client(self.socket)
        self._config = folder / "platen.toml"
        self._config.write_text(f'spool = "{self.spool}"\nsocket = "{self.socket}"\nincoming_every_s = 1\n{LIMITS}')
        self._log = folder / "platend.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "spooler.main", "--config", str(self._config)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._answers, f"platend does not answer: {self._log.read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LIMIT_S)
            self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT_S)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        try:
            self.client.status()
        except FaxError:
            return False
        return True

    def jobs(self, title: str) -> list[Job]:
        return [job for job in self.client.jobs() if job.title == title]


def prepared(daemon: Daemon, title: str) -> list[Job]:
    eventually(
        lambda: bool(jobs := daemon.jobs(title)) and all(job.state is not JobState.PREPARING for job in jobs),
        f"{title} is not prepared",
    )
    return daemon.jobs(title)
