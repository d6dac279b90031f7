"""A desktop session that is really there: a display, a D-Bus of its own, a window manager, a notification daemon.

What always holds: its processes end with it, by their ids, and with us; it touches no other session of the machine.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.spooler.rig import ROOT, wait_for

DRIVER = Path(__file__).with_name("drive.py")
SYSTEM_PYTHON = "/usr/bin/python3"
PATIENCE_S = 180.0


class Session:
    """``with Session() as session``: the desktop is there. ``user``: whose it is (root may be anybody).

    ``PLATEN_SHOTS`` names a folder that screenshots are put in; without it none are made.
    """

    def __init__(self, user: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.user = user or pwd.getpwuid(os.geteuid()).pw_name
        self.folder = Path(tempfile.mkdtemp(prefix="platen-desk-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "XDG_SESSION_TYPE": "x11",
            "LANG": "C.UTF-8",
            "GTK_MODULES": "gail:atk-bridge",
            "QT_ACCESSIBILITY": "1",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "GNOME_ACCESSIBILITY": "1",
            **(environment or {}),
        }

    def __enter__(self) -> Session:
        about = pwd.getpwnam(self.user)
        os.chown(self.folder, about.pw_uid, about.pw_gid)
        try:
            self._start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.shot("failed")
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {self.user} {log.name}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        self.end()

    def _start(self) -> None:
        number, address = self.folder / "display", self.folder / "bus"
        script = (
            f"exec 3>{number}; exec Xvfb -displayfd 3 -screen 0 1280x1000x24 -nolisten tcp",
            f"exec 3>{address}; exec dbus-daemon --session --nofork --print-address=3",
        )
        for file, line in zip((number, address), script, strict=True):
            self.launch("sh", "-c", line)
            wait_for(lambda file=file: file.exists() and file.read_text().endswith("\n"), line)  # type: ignore[misc]
        self.environment["DISPLAY"] = ":" + number.read_text().strip()
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = address.read_text().strip()
        self.launch("openbox")
        self.launch("dunst")
        wait_for(lambda: self.run("dunstctl", "count", check=False).returncode == 0, "the notification daemon")
        # Programs look once, at their start, whether somebody listens.
        self.drive("dump")
        enable = ["string:org.a11y.Status", "string:IsEnabled", "variant:boolean:true"]
        bus = ("--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus")
        self.run("dbus-send", *bus, "org.freedesktop.DBus.Properties.Set", *enable)

    def end(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def launch(self, *command: str, cwd: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start a program of the session, in its user's name; it ends with the session."""
        with (self.folder / f"{Path(command[0]).name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self._become(), *command],
                cwd=cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program of the session to its end."""
        done = subprocess.run(
            [*self._become(), *command], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=150
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def drive(self, *words: str) -> str:
        """Work a window: see ``drive.py``."""
        return self.run(SYSTEM_PYTHON, str(DRIVER), *words).stdout

    def notices(self) -> int:
        """How many notifications are shown."""
        return int(self.run("dunstctl", "count", "displayed").stdout)

    def wait_for_notices(self, number: int) -> None:
        """Wait until so many notifications are shown, on however busy a machine."""
        limit = time.monotonic() + PATIENCE_S
        while (shown := self.notices()) != number:
            assert time.monotonic() < limit, f"{shown} notifications for {self.user}, not {number}"
            time.sleep(0.3)

    def shot(self, name: str) -> None:
        """Keep a screenshot, where somebody wants them."""
        if folder := os.environ.get("PLATEN_SHOTS"):
            self.run("import", "-window", "root", f"{self.folder}/shot.png", check=False)
            if (self.folder / "shot.png").exists():
                shutil.copy(self.folder / "shot.png", Path(folder) / f"{name}.png")

    def agent(self, socket: Path, *options: str) -> subprocess.Popen[bytes]:
        """``platen agent`` in this session."""
        return self.launch(sys.executable, "-m", "cli.main", "--socket", str(socket), "agent", *options)

    def _become(self) -> Sequence[str]:
        tied = ["setpriv", "--pdeathsig", "TERM"]
        if self.user != pwd.getpwuid(os.geteuid()).pw_name:
            about = pwd.getpwnam(self.user)
            tied += [f"--reuid={about.pw_uid}", f"--regid={about.pw_gid}", "--clear-groups"]
        return [*tied, "--"]
