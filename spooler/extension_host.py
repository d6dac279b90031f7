"""The daemon's side of an extension's process: start it, ask it, end it when it does not behave.

What always holds: one question at a time; each has its time, and a process that is late, answers rubbish or ends is
ended for good, with all that it started, and reported; the next question finds a new one, after a pause that grows as
long as none goes well. What it prints goes to the log, so much of it.

Must not: be used on the event loop; each call blocks.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fax.registry import ExtensionRegistration, Running
from spooler.extension_wire import (
    Begin,
    Done,
    GoneError,
    LateError,
    Question,
    WireError,
    receive,
    send,
)
from spooler.store_registry import path_of

BEGIN_S = 30.0
SETTING_S = 10.0  # for what is set of it
PAUSES_S = (0.0, 0.5, 2.0, 10.0, 30.0, 60.0)  # until the next start, after so many failures in a row
WAIT_S = 2.0  # a pause that whoever asks waits for
SAID_LIMIT = 16 << 10  # octets of output that are logged for one question
ROOT = Path(__file__).resolve().parents[1]
KEPT_VARIABLES = ("PATH", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY")
log = logging.getLogger(__name__)


class HostError(Exception):
    """The extension cannot be asked, or did not behave; the text says why."""


@dataclass(frozen=True, kw_only=True)
class HostLimits:
    """``route_s``: for one delivery."""

    route_s: float = 60.0
    memory_octets: int = 512 << 20


class Host:
    """One extension. ``begun(host)`` is called, with the host free to be asked, when a new process stands;
    ``failed(text)`` when one had to be ended."""

    def __init__(
        self,
        about: ExtensionRegistration,
        work: Path,
        denied: Sequence[Path],
        limits: HostLimits,
        begun: Callable[[Host], None],
        failed: Callable[[str], None],
    ) -> None:
        self.about = about
        self.work = work
        self.limits = limits
        self.detail = ""
        self.failures = 0
        self._denied = tuple(str(path) for path in denied)
        self._begun = begun
        self._failed = failed
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._life: int | None = None  # our end of the pipe by which it hears of our death
        self._row = 0
        self._not_before = 0.0
        self._budget = SAID_LIMIT
        self._closed = False

    @property
    def running(self) -> Running:
        if self._process is not None and self._process.poll() is None:
            return Running.RUNS
        return Running.FAILED if self.detail else Running.STARTS

    def ask(self, question: Question, limit_s: float) -> Done:
        """Raises HostError."""
        self._look()
        if self._connection is None:
            self._start()
        done = self._asked(question, limit_s)
        self._row, self.detail = 0, ""
        return done

    def ask_begun(self, question: Question, limit_s: float) -> Done:
        """For ``begun``: a process that fails now has failed to begin. Raises HostError."""
        return self._asked(question, limit_s)

    def start(self) -> None:
        """Have it run, so that it hears of what is set. Raises HostError."""
        self._look()
        if self._connection is None:
            self._start()

    def _look(self) -> None:
        """One that died while nobody asked is gone, and no failure of who asks now."""
        if self._connection is not None and self._process is not None and self._process.poll() is not None:
            self._broken(self._death())

    def close(self) -> None:
        self._closed = True
        self._end()

    def _start(self) -> None:
        if self._closed:
            raise HostError("the fax server is ending")
        left = self._not_before - time.monotonic()
        if 0 < left <= WAIT_S:
            time.sleep(left)
        elif left > 0:
            raise HostError(f"the extension is started again in {left:.0f} s: {self.detail}")
        ours, its = socket.socketpair()
        life, self._life = os.pipe()
        try:
            self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.work / "tmp").mkdir(mode=0o700, exist_ok=True)
            with its:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "spooler.extension_process", str(its.fileno()), str(life)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=[its.fileno(), life],
                    cwd=ROOT,
                    env=self._environment(),
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            raise self._broken(f"it cannot be started: {error.strerror or error}") from error
        finally:
            os.close(life)
        self._connection = ours
        threading.Thread(target=self._listen, args=(self._process,), name=self.about.name, daemon=True).start()
        functions = tuple(dict.fromkeys(method.function for method in self.about.methods))
        begin = Begin(
            image=str(path_of(self.about.image)),
            functions=functions,
            work=str(self.work),
            denied=self._denied,
            memory_octets=self.limits.memory_octets,
        )
        done = self._asked(begin, BEGIN_S)
        for note in done.notes:
            log.warning("Extension %s: %s", self.about.name, note)
        if not done.ok:
            raise self._broken(done.why)
        log.info("Extension %s: process %d", self.about.name, self._process.pid)
        try:
            self._begun(self)
        except Exception:
            # It has not heard all that it must know.
            self._end()
            raise

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        own = {"HOME": str(self.work), "TMPDIR": str(self.work / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", **kept, **own}

    def _asked(self, question: Question, limit_s: float) -> Done:
        assert self._connection is not None
        self._budget = SAID_LIMIT
        try:
            self._connection.settimeout(limit_s)
            send(self._connection, question)
            done = receive(self._connection, Done, time.monotonic() + limit_s)
        except (LateError, TimeoutError):
            raise self._broken(f"it gave no answer within {limit_s:g} s") from None
        except GoneError:
            raise self._broken(self._death()) from None
        except (WireError, OSError) as error:
            raise self._broken(f"it answered rubbish: {error}") from error
        if done.lasting:
            raise self._broken(done.why)
        return done

    def _death(self) -> str:
        """Why its connection ended."""
        assert self._process is not None
        try:
            status = self._process.wait(2)
        except subprocess.TimeoutExpired:
            return "it closed its connection"
        if status == 12:
            return f"it needed more than {self.limits.memory_octets >> 20} MiB of memory"
        return f"its process ended by signal {-status}" if status < 0 else f"its process ended with status {status}"

    def _broken(self, why: str) -> HostError:
        """End the process; the error to be raised."""
        self._end()
        self._not_before = time.monotonic() + PAUSES_S[min(self._row, len(PAUSES_S) - 1)]
        self._row += 1
        self.failures += 1
        self.detail = why
        log.error("Extension %s: %s", self.about.name, why)
        if not self._closed:
            self._failed(why)
        return HostError(why)

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        process, self._process = self._process, None
        if self._life is not None:
            os.close(self._life)
            self._life = None
        if connection is not None:
            connection.close()
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """What the extension prints, so that it never waits for a reader."""
        assert process.stdout is not None
        with process.stdout as output:
            for line in iter(lambda: output.readline(4096), b""):
                before, self._budget = self._budget, self._budget - len(line)
                if before > 0:
                    text = line.decode(errors="replace").rstrip()
                    log.info("Extension %s: %s", self.about.name, "".join(c if c.isprintable() else "?" for c in text))
                    if self._budget <= 0:
                        log.warning("Extension %s prints too much: the rest is not logged", self.about.name)
