"""The port's lock and the UUCP lock."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from modem.lock import LockedError, PortLock, UucpLock, is_locked, uucp_name


@pytest.fixture
def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return Path("/dev/ttyS3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lock").mkdir()
    return tmp_path / "lock"


def test_a_port_is_locked_as_long_as_its_holder_lives(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    script = (
        "import sys, pathlib, modem.lock; l = modem.lock.PortLock(pathlib.Path(sys.argv[1])); print(1, flush=True); "
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script + "input()", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdout.readline()
    assert is_locked(path)
    with pytest.raises(LockedError) as error:
        PortLock(path)
    assert error.value.pid == child.pid
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    assert not is_locked(path)
    PortLock(path).close()


def test_looking_at_a_lock_does_not_take_it(tmp_path: Path) -> None:
    held = PortLock(tmp_path / "lock")
    assert is_locked(tmp_path / "lock")
    held.close()
    assert not is_locked(tmp_path / "lock")
    again = PortLock(tmp_path / "lock")
    assert is_locked(tmp_path / "lock")
    again.close()


@pytest.mark.parametrize(
    ("device", "name"),
    [("/dev/ttyS3", "LCK..ttyS3"), ("/dev/pts/3", "LCK..pts_3"), ("/elsewhere/modem", "LCK..modem")],
)
def test_a_uucp_lock_is_named_after_the_device(device: str, name: str) -> None:
    assert uucp_name(Path(device)) == name


def test_a_link_to_a_device_has_the_lock_of_the_device(tmp_path: Path) -> None:
    (tmp_path / "modem").symlink_to("/dev/null")
    assert uucp_name(tmp_path / "modem") == "LCK..null"


def test_a_uucp_lock_holds_our_process_id_in_hdb_format(folder: Path, device: Path) -> None:
    lock = UucpLock(folder, device)
    assert (folder / "LCK..ttyS3").read_bytes() == b"%10d\n" % os.getpid()
    assert [path.name for path in folder.iterdir()] == ["LCK..ttyS3"]
    lock.close()
    assert not list(folder.iterdir())


@pytest.mark.parametrize("form", ["hdb", "short", "binary"])
def test_a_lock_of_a_living_process_is_respected(folder: Path, device: Path, form: str) -> None:
    parent = os.getppid()
    content = {"hdb": b"%10d\n" % parent, "short": b"%d" % parent, "binary": struct.pack("=i", parent)}[form]
    (folder / "LCK..ttyS3").write_bytes(content)
    with pytest.raises(LockedError) as error:
        UucpLock(folder, device)
    assert error.value.pid == parent
    assert str(parent) in str(error.value)
    assert (folder / "LCK..ttyS3").read_bytes() == content
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("form", ["hdb", "short", "binary"])
def test_a_lock_of_a_dead_process_is_taken_over(folder: Path, device: Path, dead_pid: int, form: str) -> None:
    content = {
        "hdb": b"%10d minicom root\n" % dead_pid,
        "short": b"%d" % dead_pid,
        "binary": struct.pack("=i", dead_pid),
    }
    (folder / "LCK..ttyS3").write_bytes(content[form])
    lock = UucpLock(folder, device)
    assert (folder / "LCK..ttyS3").read_bytes() == b"%10d\n" % os.getpid()
    lock.close()
    assert not list(folder.iterdir())


def test_a_lock_with_our_own_id_from_before_a_restart_of_the_machine_is_taken_over(folder: Path, device: Path) -> None:
    (folder / "LCK..ttyS3").write_bytes(b"%10d\n" % os.getpid())
    UucpLock(folder, device).close()
    assert not list(folder.iterdir())


def test_a_lock_without_an_id_is_respected_while_it_is_fresh_only(folder: Path, device: Path) -> None:
    path = folder / "LCK..ttyS3"
    path.touch()
    with pytest.raises(LockedError):
        UucpLock(folder, device)
    os.utime(path, (0, 0))
    UucpLock(folder, device).close()
    assert not list(folder.iterdir())


def test_a_lock_that_others_have_replaced_is_left_to_them(folder: Path, device: Path) -> None:
    lock = UucpLock(folder, device)
    other = b"%10d\n" % os.getppid()
    (folder / "LCK..ttyS3").write_bytes(other)
    lock.close()
    assert (folder / "LCK..ttyS3").read_bytes() == other


def test_a_lock_folder_that_is_missing_is_an_os_error(tmp_path: Path, device: Path) -> None:
    with pytest.raises(FileNotFoundError):
        UucpLock(tmp_path / "none", device)


def test_of_many_takers_of_a_stale_lock_one_at_a_time_holds_it(folder: Path, device: Path, dead_pid: int) -> None:
    (folder / "LCK..ttyS3").write_bytes(b"%10d\n" % dead_pid)
    script = """
import sys
from pathlib import Path
from modem.lock import LockedError, UucpLock
sys.stdin.readline()
try:
    UucpLock(Path(sys.argv[1]), Path("/dev/ttyS3"))
except LockedError:
    print("locked", flush=True)
else:
    print("taken", flush=True)
sys.stdin.readline()
"""
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for taker in takers:
        assert taker.stdin is not None
        taker.stdin.write("\n")
        taker.stdin.flush()
    said = [taker.stdout.readline().strip() for taker in takers if taker.stdout is not None]
    for taker in takers:
        taker.communicate("\n", timeout=10)
    assert sorted(said) == ["locked"] * 5 + ["taken"]


def test_a_lock_of_a_process_that_was_killed_but_not_waited_for_is_taken_over(folder: Path, device: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        (folder / "LCK..ttyS3").write_bytes(b"%10d\n" % child.pid)
        UucpLock(folder, device).close()
        assert not list(folder.iterdir())
    finally:
        child.wait()
