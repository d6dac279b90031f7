"""A HylaFAX server of its own in a folder, to compare with: its scheduler and its protocol server on a loopback port.

What always holds: nothing outside the folder is touched, and both processes are ended by their pids. Needs the Debian
packages hylafax-server and hylafax-client, and root, since HylaFAX's server changes its user and its root folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

FOLDERS = [
    "archive",
    "bin",
    "client",
    "config",
    "dev",
    "docq",
    "doneq",
    "etc",
    "info",
    "log",
    "pollq",
    "recvq",
    "sendq",
    "status",
    "tmp",
]
CONFIG = """\
CountryCode: 1
AreaCode: 555
LongDistancePrefix: 1
InternationalPrefix: 011
DialStringRules: etc/dialrules
ServerTracing: 0
"""


def missing() -> str:
    """Why there is nothing to compare with here; empty: there is."""
    for program in ("/usr/sbin/faxq", "/usr/sbin/hfaxd", "sendfax"):
        if shutil.which(program) is None:
            return "HylaFAX is not installed (Debian: hylafax-server, hylafax-client)"
    return "" if os.geteuid() == 0 else "HylaFAX's server is started by root only"


class HylaFax:
    """``with HylaFax(folder) as there``: ``there.command(file)`` hands one fax in."""

    def __init__(self, folder: Path) -> None:
        self._spool = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> HylaFax:
        self._prepare()
        for command in (
            ["/usr/sbin/faxq", "-D", "-q", str(self._spool)],
            ["/usr/sbin/hfaxd", "-d", "-q", str(self._spool), "-l", "127.0.0.1", "-i", str(self._port)],
        ):
            self._processes.append(
                subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        give_up = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return self
            except OSError:
                if time.monotonic() > give_up:
                    self._end()
                    raise
                time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def command(self, file: Path) -> list[str]:
        return ["sendfax", "-n", "-d", "5552001", "-h", f"127.0.0.1:{self._port}", str(file)]

    def queued(self) -> int:
        """Faxes that were handed in and wait."""
        return len(list((self._spool / "sendq").glob("q*")))

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()

    def _prepare(self) -> None:
        for name in FOLDERS:
            (self._spool / name).mkdir(parents=True, exist_ok=True)
        shutil.copytree("/etc/hylafax", self._spool / "etc", dirs_exist_ok=True)
        shutil.copytree("/var/spool/hylafax/bin", self._spool / "bin", dirs_exist_ok=True)
        (self._spool / "etc/config").write_text(CONFIG)
        (self._spool / "etc/hosts.hfaxd").write_text("localhost\n127.0.0.1\n")
        for path in (self._spool, *self._spool.rglob("*")):
            shutil.chown(path, "uucp", "uucp")
        (self._spool / "etc/hosts.hfaxd").chmod(0o600)
