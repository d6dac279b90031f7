"""Starting a port process: as a unit of its own where the service manager does it for us, else as our child.

What always holds: the process is in no way tied to our life; where a unit cannot be started, the child is.

Must not: start it twice on purpose (a second one finds the lock taken and ends).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
from pathlib import Path
from typing import Protocol

from modem.port import client
from modem.port.messages import LOG_NAME
from spooler.settings import PortSettings

log = logging.getLogger(__name__)
UNIT_VARIABLE = "PLATEN_PORT_UNIT"  # "platen-port@.service": our own unit says so
SYSTEMCTL = "systemctl"
ENVIRONMENT_NAME = "unit.env"
PATIENCE_S = 20.0
PAUSES_S = (3.0, 3.0, 5.0, 10.0, 30.0)  # until the next start; a process takes a while to take its lock
PATIENT_TIMES = 2
_NAME = re.compile(r"[A-Za-z0-9_.-]+")  # what needs no escaping in a unit's name and is safe in a path


class Starts(Protocol):
    """Who starts the process of a port, as ``Launcher`` does."""

    def is_well(self) -> None: ...

    async def launch(self, settings: PortSettings, now: float) -> str | None: ...


class Launcher:
    """Starts the process of one port, again and again, more slowly each time, until it is well."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._times = 0
        self._not_before = 0.0

    def is_well(self) -> None:
        self._times = 0

    async def launch(self, settings: PortSettings, now: float) -> str | None:
        """Start it if its time has come; None: it has not. Else why the port is down: "" for the first times, since a
        process takes a while. ``now``: monotonic seconds. Raises OSError."""
        if now < self._not_before:
            return None
        self._not_before = now + PAUSES_S[min(self._times, len(PAUSES_S) - 1)]
        self._times += 1
        its_log = await asyncio.to_thread(launch, self._name, settings.device, self._folder, Path(settings.lock_folder))
        return f"the port process ended; see {its_log}" if self._times > PATIENT_TIMES else ""


def launch(name: str, device: str, folder: Path, lock_folder: Path) -> str:
    """Start the process of the port ``name``; returns where its log is, for people. Raises OSError. Blocks."""
    template = os.environ.get(UNIT_VARIABLE, "")
    if template.count("@.") == 1 and _NAME.fullmatch(name):
        unit = template.replace("@.", f"@{name}.")
        if _start_unit(unit, device, folder, lock_folder):
            log.info("Port %s: started %s", name, unit)
            return f"journalctl -u {unit}"
    pid = client.launch(name, device, folder, lock_folder)
    log.info("Port %s: started process %d", name, pid)
    return str(folder / LOG_NAME)


def _start_unit(unit: str, device: str, folder: Path, lock_folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    said = {"PLATEN_DEVICE": device, "PLATEN_FOLDER": str(folder), "PLATEN_LOCK_FOLDER": str(lock_folder)}
    part = folder / f"{ENVIRONMENT_NAME}.part"
    part.write_text("".join(f"{name}={_quoted(value)}\n" for name, value in said.items()))
    part.replace(folder / ENVIRONMENT_NAME)
    try:
        done = subprocess.run(
            [SYSTEMCTL, "start", unit],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("%s cannot be started, the process is ours instead: %s", unit, error)
        return False
    if done.returncode != 0:
        why = " ".join(done.stderr.split())[:500]
        log.warning("%s cannot be started, the process is ours instead: %s", unit, why)
    return done.returncode == 0


def _quoted(value: str) -> str:
    """As systemd.exec(5) reads a value in an EnvironmentFile."""
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value) + '"'
