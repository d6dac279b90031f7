"""A daemon of its own in a folder, for the benchmarks that speak to one: started, waited for, ended by its pid.

What always holds: no telephone line is set up, so what is queued stays queued; the spool lies in the given folder, on
whatever disk that is on.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import msgspec

from fax.client import Client
from fax.errors import NotRunningError

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 120.0
ONE_PAGE = b"""%!PS-Adobe-3.0
%%Pages: 1
/Helvetica findfont 24 scalefont setfont 72 720 moveto (A fax of one page.) show showpage
%%EOF
"""


class Daemon:
    """``with Daemon(folder) as daemon``: it answers on ``daemon.socket``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.spool = folder / "spool"
        self.socket = folder / "api.sock"
        self.config = folder / "platen.toml"
        self.log = folder / "platend.log"
        self.config.write_text(f'spool = "{self.spool}"\nsocket = "{self.socket}"\n')
        self.client = Client(self.socket)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGTERM)

    def start(self) -> float:
        """Start it and wait for its first answer; returns the seconds that took."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            command = ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "spooler.main"]
            self._process = subprocess.Popen(
                [*command, "--config", str(self.config)], cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        while True:
            with suppress(NotRunningError):
                self.client.status()
                return time.monotonic() - began
            if self._process.poll() is not None or time.monotonic() > began + PATIENCE_S:
                raise RuntimeError(f"the daemon does not answer: {self.log.read_text()[-2000:]}")
            time.sleep(0.01)

    def end(self, number: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


class Kept(http.client.HTTPConnection):
    """A connection to the daemon that is kept from one request to the next."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(os.fspath(self._path))

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> dict[str, object]:
        """The answer, which must be a success."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.request(method, target, body=body, headers=names)
        response = self.getresponse()
        octets = response.read()
        if response.status not in (200, 201):
            raise RuntimeError(f"{method} {target}: {response.status} {octets.decode()}")
        return msgspec.json.decode(octets, type=dict[str, object])
