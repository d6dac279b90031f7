"""``python -m tests.spooler.starting FILE PADDING``: starts daemons by forking, with their modules loaded once.

Most of a daemon's start is the loading of its modules, and tests start hundreds. What runs in the child is the daemon's
own ``main``, in a session of its own, with the surroundings that were asked for and a command line that says so; how
the program is started by a new interpreter is for the tests of the whole house. Requests come over a socket (``FILE``
is its descriptor's number), an object of JSON each, and each is answered. Whoever asks and is gone takes all children
along. ``PADDING`` is room for longer command lines.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

LOADED = (
    *("spooler.main", "spooler.serving", "uvicorn.loops.auto", "uvicorn.protocols.http.auto", "uvicorn.lifespan.on"),
    *("sqlalchemy.dialects.sqlite", "alembic.ddl.sqlite", "alembic.operations.toimpl"),
)
ROOM = 4096
LIMIT = 1 << 20
_PR_SET_PDEATHSIG = 1


class Forked:
    """A daemon that was started so: what ``subprocess.Popen`` knows of a process, as far as rigs ask for it."""

    def __init__(self, starter: Starter, pid: int) -> None:
        self._starter = starter
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        found = self._look(timeout)
        if found is None:
            raise subprocess.TimeoutExpired(f"daemon {self.pid}", timeout or 0.0)
        return found

    def send_signal(self, number: int) -> None:
        # As long as nobody has asked how it ended, its number is its own.
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self.returncode = self._starter.ended(self.pid, timeout)
        return self.returncode


class Starter:
    """The process that forks, for one process of tests and its threads."""

    def __init__(self, root: Path) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.spooler.starting", str(theirs.fileno()), "x" * ROOM],
                cwd=root,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    @property
    def lives(self) -> bool:
        return self.owner == os.getpid() and self._process.poll() is None

    def start(self, command: list[str], arguments: list[str], cwd: Path, log: Path) -> Forked:
        """Have the daemon's ``main`` run with ``arguments`` and our environment; ``command``: what its command line
        says."""
        about = {"command": command, "arguments": arguments, "cwd": str(cwd), "log": str(log), "env": dict(os.environ)}
        return Forked(self, int(self._ask(about)))

    def ended(self, pid: int, timeout: float | None) -> int | None:
        """How a child ended, after waiting so long for it at most; None: it lives."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            code = self._ask({"ended": pid})
            if code is not None or (end is not None and time.monotonic() >= end):
                return None if code is None else int(code)
            time.sleep(0.005)

    def _ask(self, request: dict[str, Any]) -> Any:
        with self._lock:
            self._socket.sendall(json.dumps(request).encode())
            answer = self._socket.recv(LIMIT)
        assert answer, "the process that starts daemons has ended"
        return json.loads(answer)


_starters: list[Starter] = []
_making = threading.Lock()


def starter(root: Path) -> Starter:
    """The one of this process."""
    with _making:
        if not _starters or not _starters[0].lives:
            _starters[:] = [Starter(root)]
        return _starters[0]


def main() -> int:
    asked = socket.socket(fileno=int(sys.argv[1]))
    for name in LOADED:
        importlib.import_module(name)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a fork copies no threads"
    gc.collect()
    gc.freeze()
    ours, children = os.getpid(), set[int]()
    while request := asked.recv(LIMIT):
        about = json.loads(request)
        if "ended" in about:
            pid, status = os.waitpid(about["ended"], os.WNOHANG)
            children.discard(pid)
            asked.sendall(json.dumps(os.waitstatus_to_exitcode(status) if pid else None).encode())
            continue
        pid = os.fork()
        if not pid:
            asked.close()
            become(about, ours)
            return int(importlib.import_module("spooler.main").main(about["arguments"]))
        children.add(pid)
        asked.sendall(json.dumps(pid).encode())
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    return 0


def become(about: dict[str, Any], parent: int) -> None:
    """Take on the surroundings that were asked for."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    log = os.open(about["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(about["cwd"])
    os.environ.clear()
    os.environ.update(about["env"])
    time.tzset()
    sys.argv = [about["command"][2], *about["arguments"]]
    _say(about["command"])


def _say(command: list[str]) -> None:
    """Be seen with this command line (proc(5))."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    octets = b"".join(os.fsencode(word) + b"\0" for word in command)
    assert len(octets) <= end - start
    with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(octets.ljust(end - start, b"\0"))


if __name__ == "__main__":
    sys.exit(main())
