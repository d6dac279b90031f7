"""A CUPS of our own: a private cupsd in a folder, on a free port of 127.0.0.1, with our backend and a fax queue.

What always holds: it needs no root (as root, filters and backend run as ``lp``; otherwise as the caller), touches
nothing outside its folder, and after ``stop`` none of its processes lives: cupsd leads a session, and whatever is left
of that session is ended by process id. The system's own CUPS is neither asked nor needed to run.

Needs Debian's cups-daemon, cups-client, cups-filters and cups-core-drivers; says which one is missing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from backend.install import HOUSE, InstallError
from backend.private_files import SERVERBIN, lay_out, write_settings
from backend.queue import DEFAULT_URI, Queue, add_queue
from backend.sessions import SessionError, end_session
from ipp.client import post
from ipp.values import IppError, Operation, request

CUPSD = Path("/usr/sbin/cupsd")
START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
_NEEDED = {
    CUPSD: "cups-daemon",
    SERVERBIN / "daemon" / "cups-exec": "cups-daemon",
    Path("/usr/bin/lp"): "cups-client",
    SERVERBIN / "filter" / "pdftopdf": "cups-filters",
    SERVERBIN / "filter" / "texttopdf": "cups-filters",
    Path("/usr/share/cups/mime/mime.convs"): "cups-core-drivers",
    Path("/usr/bin/setpriv"): "util-linux",
}
_SOCKET_LIMIT = 107  # octets of a Unix socket's path


class CupsError(Exception):
    """The private CUPS cannot run; the text says why and what to do."""


class PrivateCups:
    """A private cupsd under ``folder`` (made when missing), whose backend hands over to a daemon of ours.

    ``daemon_socket`` and ``spool``: where the daemon listens and keeps its files, for the backend.
    ``queue``, ``uri``: the queue that is added. ``interpreter``: what the backend runs with.
    ``settings``: further lines of cupsd.conf. ``environment``: further variables for filters and backend.
    ``tied``: cupsd ends when the thread that started it does, even by SIGKILL.
    """

    def __init__(
        self,
        folder: Path,
        *,
        daemon_socket: Path,
        spool: Path,
        queue: str = "fax",
        uri: str = DEFAULT_URI,
        interpreter: Path | str = sys.executable,
        settings: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        tied: bool = True,
    ) -> None:
        self.folder = folder.absolute()
        self.queue = queue
        self.uri = uri
        self.socket = self.folder / "cups.sock"
        self.port = 0
        self.notes: tuple[str, ...] = ()
        self._interpreter = interpreter
        self._settings = tuple(settings)
        self.door = self.folder / "door"
        own = {"PLATEN_SOCKET": str(daemon_socket), "PLATEN_SPOOL": str(spool), "PLATEN_DOOR": str(self.door)}
        self._variables = own | dict(environment or {})
        self._nursery: subprocess.Popen[bytes] | None = None
        self._tied = tied
        self._process: subprocess.Popen[bytes] | None = None
        self._sessions: list[int] = []

    @property
    def server(self) -> str:
        """``host:port``, as CUPS' clients want it in $CUPS_SERVER or behind ``-h``."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of cupsd."""
        if self._process is None:
            raise CupsError("the private CUPS is not running")
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """Our environment with $CUPS_SERVER, so that lp, lpstat and the others speak to this CUPS."""
        return {**os.environ, "CUPS_SERVER": self.server}

    def __enter__(self) -> PrivateCups:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Lay out the folder (or take it as it is after ``stop``), start cupsd, wait until it answers, add the queue.

        CupsError when something is missing or it does not come up, with the last lines of its log.
        """
        if self._process is not None:
            raise CupsError("the private CUPS runs already")
        self._check()
        try:
            self.notes = lay_out(self.folder, self._interpreter)
        except InstallError as error:
            raise CupsError(str(error)) from error
        fresh = not (self.folder / "etc" / "printers.conf").exists()
        try:
            self._launch()
            if fresh:
                add_queue(Queue(name=self.queue, uri=self.uri), str(self.socket))
        except InstallError as error:
            self.stop()
            raise CupsError(f"{error}\n{self.log_tail()}") from error
        except BaseException:
            self.stop()
            raise

    def start_nursery(self) -> int:
        """Also run what forks workers for the backend (``backend.nursery``); ends with ``stop``. Its process id."""
        become = ("--reuid=lp", "--regid=lp", "--clear-groups") if os.geteuid() == 0 else ()
        if become:
            (self.folder / "door.d").mkdir(exist_ok=True)
            shutil.chown(self.folder / "door.d", "lp", "lp")
            self.door.unlink(missing_ok=True)
            self.door.symlink_to(self.folder / "door.d" / "socket")
        door = self.folder / "door.d" / "socket" if become else self.door
        with (self.folder / "log" / "nursery").open("ab") as log:
            self._nursery = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "TERM", *become, "--"),
                    *(str(self._interpreter), "-m", "backend.nursery", str(door)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=HOUSE,
            )
        limit = time.monotonic() + START_LIMIT_S
        while not door.exists():
            if self._nursery.poll() is not None or time.monotonic() > limit:
                raise CupsError(f"The nursery did not start: {(self.folder / 'log' / 'nursery').read_text()}")
            time.sleep(0.02)
        return self._nursery.pid

    def stop(self) -> None:
        """End cupsd and every process of its session, and wait for them. Jobs stay in the folder."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        while self._sessions:
            try:
                end_session(self._sessions[-1])
            except SessionError as error:
                raise CupsError(str(error)) from error
            self._sessions.pop()
        (self.folder / "cupsd.pid").unlink(missing_ok=True)
        nursery, self._nursery = self._nursery, None
        if nursery is not None:
            nursery.terminate()
            nursery.wait()

    def kill(self) -> None:
        """SIGKILL cupsd alone, as a crash would; filters and backends go on until ``stop``. ``start`` works as well."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of cupsd's log."""
        text = ""
        for name in ("error_log", "console"):
            try:
                text += (self.folder / "log" / name).read_text(errors="replace")
            except OSError:
                continue
        return "\n".join(text.splitlines()[-lines:])

    def _check(self) -> None:
        missing = sorted({package for path, package in _NEEDED.items() if not path.exists()})
        if missing:
            raise CupsError(f"Not installed: {', '.join(missing)}. Run: apt-get install {' '.join(missing)}")
        if len(os.fsencode(self.socket)) > _SOCKET_LIMIT:
            raise CupsError(f"The path {self.socket} is too long for a socket: choose a shorter folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            closed = [str(above) for above in self.folder.parents if not above.stat().st_mode & 0o001]
            if closed:
                raise CupsError(
                    f"CUPS works as the user lp, which cannot enter {', '.join(closed)}: choose a folder that everybody"
                    " can reach, such as one below /tmp or /var/lib"
                )

    def _launch(self) -> None:
        for _ in range(5):
            # the same port again after a stop or a crash, so that addresses which people were told stay true
            self.port = self.port if self.port and _is_free(self.port) else _free_port()
            write_settings(
                self.folder, port=self.port, socket=self.socket, variables=self._variables, more=self._settings
            )
            with (self.folder / "log" / "console").open("wb") as console:
                self._process = subprocess.Popen(
                    [
                        *(("setpriv", "--pdeathsig", "KILL", "--") if self._tied else ()),
                        str(CUPSD),
                        "-f",
                        *("-c", str(self.folder / "etc" / "cupsd.conf")),
                        *("-s", str(self.folder / "etc" / "cups-files.conf")),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
                    cwd="/",
                    start_new_session=True,
                )
            self._sessions.append(self._process.pid)
            (self.folder / "cupsd.pid").write_text(f"{self._process.pid}\n")
            if self._answers():
                return
            # somebody took the port between our choice and cupsd's start
            self.stop()
            self.port = 0
        raise CupsError(f"The private CUPS found no free port\n{self.log_tail()}")

    def _answers(self) -> bool:
        """Wait until cupsd answers; False when it ended since its port was taken."""
        assert self._process is not None
        limit = time.monotonic() + START_LIMIT_S
        question = request(Operation.CUPS_GET_PRINTERS)
        while True:
            if self._process.poll() is not None:
                if not _is_free(self.port):
                    return False
                raise CupsError(f"cupsd ended with {self._process.returncode}\n{self.log_tail()}")
            try:
                post(str(self.socket), "/", question, timeout_s=1)
                return True
            except IppError as error:
                if time.monotonic() > limit:
                    raise CupsError(f"cupsd does not answer: {error}\n{self.log_tail()}") from error
            time.sleep(0.01)


def stop_left(folder: Path) -> bool:
    """End a private cupsd that an earlier program left running in ``folder``; whether there was one."""
    try:
        pid = int((folder / "cupsd.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return False
    if os.fsencode(folder.absolute() / "etc" / "cupsd.conf") not in command:
        return False  # the number belongs to somebody else by now
    end_session(pid)
    (folder / "cupsd.pid").unlink(missing_ok=True)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as cupsd does: a closed port may linger
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
