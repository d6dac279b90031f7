"""The whole house on one machine, for the demo and the tests: far end, modem, daemon, and a private CUPS when wanted.

What always holds: everything lives in one temporary folder and listens on 127.0.0.1 or a Unix socket; ``stop`` ends
every process that was started, by its process id, and removes the folder; each process also ends when we die, but for
the port process, which outlives its daemon on purpose and is ended by ``stop``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from backend.private import CupsError, PrivateCups
from codec.foreign import read_foreign
from codec.page import Page, Resolution
from fax import Client, Job, NotRunningError
from modem.port.client import PortClient, PortError, is_locked
from modem.soft.farend import ExchangeData

ROOT = Path(__file__).resolve().parents[1]
WAIT_S = 90.0


class HouseError(Exception):
    """The house cannot be set up, or something in it ended; the text says what and shows the log."""


class House:
    """See the module. ``exchange``: the far ends. ``settings``: lines of platen.toml before its first table;
    ``cups_settings``: lines of cupsd.conf.

    ``speed``: how many seconds of line time pass in a second; 1.0 is real time.
    """

    def __init__(
        self,
        exchange: ExchangeData,
        *,
        cups: bool = False,
        settings: Sequence[str] = (),
        port_settings: Sequence[str] = (),
        cups_settings: Sequence[str] = (),
        speed: float = 1.0,
        folder: Path | None = None,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.exchange = exchange
        self.folder = folder or Path(tempfile.mkdtemp(prefix="platen-"))
        self.folder.chmod(0o755)  # CUPS works as another user
        self.spool = self.folder / "spool"
        self.socket = self.folder / "api.sock"
        self.config = self.folder / "platen.toml"
        self.tty = self.folder / "ttyFAX0"
        self.port_folder = self.spool / "ports" / "fax0"
        self.cups: PrivateCups | None = None
        self.client = Client(self.socket)
        self._with_cups = cups
        self._settings = tuple(settings)
        self._port_settings = tuple(port_settings)
        self._cups_settings = tuple(cups_settings)
        self._speed = speed
        self._tell = tell
        self._daemon: subprocess.Popen[bytes] | None = None
        self._modem: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> House:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Raises HouseError."""
        self.start_modem()
        self.start_daemon()
        if self._with_cups:
            self.start_cups()

    def start_modem(self) -> None:
        """The software modem and the exchange behind it."""
        data = self.folder / "exchange.json"
        data.write_bytes(msgspec.json.encode(self.exchange))
        self._modem = self._launch(
            "modem.soft",
            *("--link", str(self.tty), "--config", str(data), "--out", str(self.folder / "far"), "--json"),
            *(() if self._speed == 1.0 else ("--speed", str(self._speed))),
            log="modem.log",
        )
        self._await(lambda: self.tty.exists(), self._modem, "modem.log", "the software modem")
        self._tell(f"A software modem is ready on {self.tty}; behind it a small telephone exchange")

    def start_daemon(self) -> None:
        """platend, and with it the port process."""
        self.config.write_text(self._toml())
        self._set_guard()
        self._daemon = self._launch("spooler.main", "--config", str(self.config), log="platend.log")
        self._await(self._answers, self._daemon, "platend.log", "platend")
        self._tell(f"The daemon answers on {self.socket}")

    def start_cups(self) -> None:
        """A private cupsd with the queue ``fax``."""
        self.cups = PrivateCups(
            self.folder / "cups", daemon_socket=self.socket, spool=self.spool, settings=self._cups_settings
        )
        try:
            self.cups.start()
        except CupsError as error:
            raise HouseError(f"the private CUPS did not start: {error}") from error
        self._tell(f"A private CUPS is ready on {self.cups.server}, with the queue fax")

    @property
    def cups_server(self) -> str:
        if self.cups is None:
            raise HouseError("there is no CUPS in this house")
        return self.cups.server

    @property
    def daemon_pid(self) -> int:
        if self._daemon is None:
            raise HouseError("the daemon is not running")
        return self._daemon.pid

    @property
    def port_pid(self) -> int | None:
        """The process id of the port process; None when it is not there or does not answer."""
        try:
            status = PortClient(self.port_folder, WAIT_S).status()
        except PortError:
            return None
        return None if status is None else status.pid

    def lp(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The real lp, to our queue."""
        return subprocess.run(
            ["lp", "-h", self.cups_server, "-d", "fax", *arguments],
            check=check,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def wait_for_jobs(self, count: int = 1) -> list[Job]:
        """Wait until the daemon has so many jobs."""
        limit = time.monotonic() + WAIT_S
        while len(jobs := self.client.jobs()) < count:
            if time.monotonic() > limit:
                raise HouseError(f"after {WAIT_S:.0f} s there are {len(jobs)} jobs, not {count}\n{self.log_tail()}")
            time.sleep(0.05)
        return jobs

    def received(self, number: str) -> list[Path]:
        """The TIFFs that the fax machine at ``number`` has written, oldest first; one for each call with a page."""
        return sorted(file for file in (self.folder / "far" / number).glob("*.tif") if file.stat().st_size)

    def received_pages(self, number: str, resolution: Resolution = Resolution.FINE) -> list[Page]:
        """All pages that the fax machine at ``number`` has received in this resolution, over all calls."""
        return [page for file in self.received(number) for page in read_foreign(file, resolution)]

    def calls(self, number: str) -> list[dict[str, object]]:
        """What the fax machine at ``number`` says of each call."""
        files = sorted((self.folder / "far" / number).glob("*.json"))
        return [json.loads(file.read_text()) for file in files]

    def kill_daemon(self) -> None:
        """SIGKILL, as a crash would."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def stop_daemon(self) -> None:
        """SIGTERM, and wait."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            end(daemon)

    def kill_port(self) -> None:
        """SIGKILL the port process, as a crash would, and wait until it is gone."""
        pid = self.port_pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not is_locked(self.port_folder))

    def log_tail(self, lines: int = 25) -> str:
        """The last lines of the daemon's log and the port's."""
        parts = []
        for name, file in (("platend", self.folder / "platend.log"), ("port", self.port_folder / "log")):
            with contextlib.suppress(OSError):
                tail = file.read_text(errors="replace").splitlines()[-lines:]
                parts.append("\n".join([f"--- {name}", *tail]))
        return "\n".join(parts)

    def print_commands(self, number: str) -> None:
        """Commands to try while everything runs."""
        environment = f"export PLATEN_SOCKET={self.socket} CUPS_SERVER={self.cups_server}"
        print(f"\nEverything goes on running; Ctrl-C ends it. In another terminal, in {ROOT}:\n")
        print(f"  {environment} PATH=$PWD/.venv/bin:$PATH")
        print(f"  lp -d fax -o phone={number} docs/sample/report.pdf          # print to it")
        print("  lp -d fax docs/sample/report.pdf                       # without a number: the fax waits")
        print(f"  platen jobs && platen address ID --to {number}           # ... until you name one")
        print(f"  platen send docs/sample/report.pdf --to {number} --cover --follow")
        others = [f"{end.number} ({end.note})" for end in self.exchange.numbers if end.number != number]
        if others:
            print("  other numbers to call: " + "; ".join(others))
        print(f"  ls {self.folder}/far/{number}                          # what the fax machine has received\n")

    def stop(self) -> None:
        """End every process, remove the folder; each of that also when something before it went wrong."""
        with contextlib.ExitStack() as last_first:
            last_first.callback(shutil.rmtree, self.folder, ignore_errors=True)
            last_first.callback(self.client.close)
            modem, self._modem = self._modem, None
            if modem is not None:
                last_first.callback(end, modem)
            last_first.callback(self._drop_guard)
            last_first.callback(self._end_port)
            last_first.callback(self.stop_daemon)
            cups, self.cups = self.cups, None
            if cups is not None:
                last_first.callback(cups.stop)

    def _set_guard(self) -> None:
        """Should we be killed, the port process ends too: it does when its folder is gone, and that goes with our end
        of a pipe."""
        if self._guard is None:
            # first the daemon ends, which would start another
            command = ["sh", "-c", 'read _; sleep 6; rm -rf "$0"', str(self.spool / "ports")]
            self._guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def _drop_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None and guard.stdin is not None:
            guard.kill()
            guard.wait()
            guard.stdin.close()

    def _end_port(self) -> None:
        """Also a process that was started a moment ago and neither answers nor has its lock yet."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._port_processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if wait_until(lambda: not self._port_processes(), 8.0, quiet=True):
                return

    def _port_processes(self) -> list[int]:
        """By their command lines, which name the folder; zombies have none."""
        found = []
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
                if b"modem.port" in words and os.fsencode(self.port_folder) in words:
                    found.append(int(process.name))
        return found

    def _toml(self) -> str:
        lines: Iterable[str] = (
            f'spool = "{self.spool}"',
            f'socket = "{self.socket}"',
            'tsid = "+1 555 2000"',
            'header_from = "Platen"',
            *self._settings,
            "[[port]]",
            'name = "fax0"',
            f'device = "{self.tty}"',
            f'lock_folder = "{self.folder}"',
            *self._port_settings,
        )
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        try:
            self.client.status()
        except NotRunningError:
            return False
        return True

    def _launch(self, module: str, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as out:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _await(self, ready: Callable[[], bool], process: subprocess.Popen[bytes], log: str, what: str) -> None:
        limit = time.monotonic() + WAIT_S
        while not ready():
            if process.poll() is not None or time.monotonic() > limit:
                text = (self.folder / log).read_text(errors="replace")
                raise HouseError(f"{what} did not start:\n" + "\n".join(text.splitlines()[-20:]))
            time.sleep(0.02)


def end(process: subprocess.Popen[bytes], limit_s: float = 10.0) -> None:
    """SIGTERM, and SIGKILL when that does not help."""
    process.terminate()
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(true: Callable[[], bool], limit_s: float = WAIT_S, *, quiet: bool = False) -> bool:
    """Wait until something is so; HouseError after ``limit_s`` (``quiet``: False)."""
    limit = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > limit:
            if quiet:
                return False
            raise HouseError(f"waited {limit_s:.0f} s in vain")
        time.sleep(0.02)
    return True
