"""Under a service manager: told that we are ready, alive and ending; port processes as units; the units themselves."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modem.port import client
from spooler import notify, port_launch
from tests.spooler.rig import PATIENCE_S, PORT, ROOT, Rig, wait_for

UNITS = ROOT / "spooler" / "units"
PLATEND, LINE = UNITS / "platend.service", UNITS / "platen-port@.service"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end of $NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(PATIENCE_S)
        yield made


def told(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().splitlines()


@pytest.mark.parametrize("abstract", [False, True])
def test_a_service_manager_is_told_over_its_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool
) -> None:
    name = f"@platen-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1) if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        assert notify.notify("READY=1", "STATUS=well")
        assert told(manager) == ["READY=1", "STATUS=well"]


def test_without_a_service_manager_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert not notify.notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "every_s"),
    [("3000000", None, 3.0), ("3000000", "1", None), ("0", None, None), ("soon", None, None), (None, None, None)],
)
def test_the_watchdog_is_ours_only_when_it_says_so(
    monkeypatch: pytest.MonkeyPatch, usec: str | None, pid: str | None, every_s: float | None
) -> None:
    for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert notify.watchdog_s() == every_s


def test_a_daemon_that_is_not_well_does_not_say_that_it_lives(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    looked: list[str] = []

    async def alive() -> None:
        looked.append("well" if len(looked) == 1 else "ill")
        if looked[-1] == "ill" and len(looked) == 1:
            raise OSError("the disk is away")
        if len(looked) == 3:
            await asyncio.Event().wait()  # it hangs
        if len(looked) > 3:
            raise asyncio.CancelledError

    async def play() -> None:
        with pytest.raises(asyncio.CancelledError):
            await notify.keep_alive(0.02, alive)

    asyncio.run(play())
    assert looked == ["ill", "well", "ill", "ill"]
    assert told(manager) == ["WATCHDOG=1"]
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.recv(4096)


def test_the_daemon_tells_when_it_is_ready_that_it_lives_and_that_it_ends(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    # Not so often that what nobody has read yet fills the socket: what does not fit is not told.
    monkeypatch.setenv("WATCHDOG_USEC", "4000000")
    with Rig(tmp_path, port=False) as rig:
        first = told(manager)
        while first == ["WATCHDOG=1"]:
            first = told(manager)
        assert first[0] == "READY=1"
        rig.client.status()
        assert told(manager) == ["WATCHDOG=1"]
        assert rig.process is not None
        rig.process.terminate()
        while (last := told(manager)) == ["WATCHDOG=1"]:
            pass
        assert last[0] == "STOPPING=1"
        assert rig.process.wait(PATIENCE_S) == 0
        rig.process = None


STAND_IN = """#!{python}
# Does with the unit file what systemd would: reads its environment file and its command line, and starts it elsewhere.
import shlex, subprocess, sys
verb, unit = sys.argv[1:]
assert verb == "start"
name = unit.partition("@")[2].removesuffix(".service")
lines = dict(line.partition("=")[::2] for line in open("{unit}") if "=" in line)
command = lines["ExecStart"].strip().replace("%i", name).replace("/opt/platen/.venv/bin/python", sys.executable)
folder = "{spool}/ports/" + name
said = dict(shlex.split(line)[0].split("=", 1) for line in open(folder + "/unit.env"))
words = [word if word[:2] != "${{" else said[word[2:-1]] for word in command.split()]
nothing = subprocess.DEVNULL
log = open(folder + "/unit.log", "ab")
subprocess.Popen(words, cwd="{root}", start_new_session=True, stdin=nothing, stdout=nothing, stderr=log)
"""


def test_a_port_process_is_started_as_its_unit_and_found_by_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    stand_in = programs / "systemctl"
    stand_in.write_text(STAND_IN.format(python=sys.executable, unit=LINE, spool=tmp_path / "spool", root=ROOT))
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv(port_launch.UNIT_VARIABLE, "platen-port@.service")
    with Rig(tmp_path) as rig, rig.plug_in().running():
        wait_for(lambda: rig.client.ports()[0].status.state.value == "available", "the line")
        assert f"started platen-port@{PORT}.service" in rig.log.read_text()
        assert (rig.port_folder / "unit.log").exists()
        assert not (rig.port_folder / "log").exists()


@pytest.mark.parametrize("systemctl", ["", "#!/bin/sh\necho 'Access denied' >&2\nexit 4\n"])
def test_where_a_unit_cannot_be_started_the_process_is_our_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, systemctl: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    if systemctl:
        (programs / "systemctl").write_text(systemctl)
        (programs / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/nowhere" if not systemctl else f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv(port_launch.UNIT_VARIABLE, "platen-port@.service")
    started: list[str] = []

    def started_as_child(name: str, device: str, folder: Path, lock_folder: Path) -> int:
        started.append(name)
        return 1

    monkeypatch.setattr(client, "launch", started_as_child)
    assert port_launch.launch("line1", "/dev/x", tmp_path / "ports" / "line1", tmp_path).endswith("line1/log")
    assert started == ["line1"]


@pytest.mark.parametrize("value", ["/dev/ttyACM0", '/dev/with "quotes" and \\ and $HOME and `x`'])
def test_what_is_written_for_a_unit_is_read_back_as_it_was(value: str) -> None:
    read = subprocess.run(["sh", "-c", f"printf %s {port_launch._quoted(value)}"], capture_output=True, check=True)
    assert read.stdout.decode() == value


def test_the_units_are_sound(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    for unit in (PLATEND, LINE):
        # The programs are looked for; what of them is not below /opt/platen here is this checkout's.
        words = unit.read_text().replace("/opt/platen/.venv/bin/python", sys.executable)
        words = words.replace("/opt/platen/.venv/bin/platend", sys.executable).replace("/opt/platen", str(ROOT))
        (tmp_path / unit.name).write_text(words.replace("file:" + str(ROOT), "file:/opt"))
    done = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--man=no",
            str(tmp_path / PLATEND.name),
            str(tmp_path / "platen-port@x.service"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in done.stderr.splitlines() if "platen" in line]
    assert about_ours == []


def test_the_lines_outlive_the_daemon_and_the_daemon_asks_for_just_this_unit() -> None:
    platend, line = PLATEND.read_text(), LINE.read_text()
    assert "Type=notify\n" in platend and "WatchdogSec=" in platend
    assert f"Environment={port_launch.UNIT_VARIABLE}={LINE.name}\n" in platend
    assert not {"PartOf", "BindsTo", "Requires"} & {words.partition("=")[0] for words in line.splitlines()}
    assert "platen-port@" in (UNITS / "platen.rules").read_text()
