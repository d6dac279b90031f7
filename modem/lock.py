"""Locks: the port's own (flock on a file), and the UUCP lock file that other programs on this machine know.

What always holds: the port's lock dies with its process, so it tells for certain whether one lives; its file is never
removed. A UUCP lock (HDB format: the process id in ten characters and a newline) is put in place complete, by a link;
one of a dead process is taken over. Neither waits for long.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from pathlib import Path

PROBE_SECONDS = 1.0  # a probe by ``is_locked`` holds the lock for an instant: a taker outwaits it
HALF_WRITTEN_SECONDS = 10.0  # other programs create the file first and write the id into it then


def usual_folder() -> Path | None:
    """Where UUCP locks are on this machine; None when there is no such place that we may write to."""
    folder = Path("/var/lock")
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


class LockedError(Exception):
    """Somebody else holds the lock; ``pid`` says who, when it is known."""

    def __init__(self, text: str, pid: int | None = None) -> None:
        super().__init__(text)
        self.pid = pid


class PortLock:
    """The lock of a port's folder, held as long as this object is open or the process lives."""

    def __init__(self, path: Path) -> None:
        """Raises LockedError when another process has it, OSError when the file cannot be made."""
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + PROBE_SECONDS
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.01)
                    continue
                holder = os.pread(self._fd, 32, 0).strip()
                os.close(self._fd)
                pid = int(holder) if holder.isdigit() else None
                raise LockedError(f"{path} is locked by process {pid or 'unknown'}", pid) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, b"%d\n" % os.getpid(), 0)

    def is_ours(self) -> bool:
        """Whether the file at the path is still the one that we locked: if not, nobody can find us by it."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._fd))
        except OSError:
            return False

    def close(self) -> None:
        os.close(self._fd)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the port lock ``path``."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def uucp_name(device: Path) -> str:
    """``LCK..ttyS0`` for /dev/ttyS0; symbolic links are followed, folders below /dev become ``_``: ``LCK..pts_3``."""
    real = device.resolve()
    inside = real.relative_to("/dev") if real.is_relative_to("/dev") else Path(real.name)
    return "LCK.." + str(inside).replace("/", "_")


class UucpLock:
    """The UUCP lock of a device, held until ``close``."""

    def __init__(self, folder: Path, device: Path) -> None:
        """Raises LockedError when a living process holds it, OSError when the folder cannot be written."""
        self.path = folder / uucp_name(device)
        self._own = folder / f"LTMP.{os.getpid()}.{self.path.name}"
        self._own.write_bytes(b"%10d\n" % os.getpid())
        self._own.chmod(0o644)
        try:
            while not self._take():
                self._remove_stale()
        finally:
            self._own.unlink(missing_ok=True)

    def close(self) -> None:
        """Take the lock file away, if it is still ours."""
        if _holder(self.path) == os.getpid():
            self.path.unlink(missing_ok=True)

    def _take(self) -> bool:
        try:
            os.link(self._own, self.path)
        except FileExistsError:
            return False
        return True

    def _remove_stale(self) -> None:
        """Raises LockedError when the holder lives."""
        try:
            age = time.time() - self.path.stat().st_mtime
            holder = _holder(self.path)
        except FileNotFoundError:
            return
        if holder is None and age < HALF_WRITTEN_SECONDS:
            raise LockedError(f"{self.path} is being written by another program")
        if holder is not None and holder != os.getpid() and _lives(holder):
            raise LockedError(f"in use by process {holder} ({self.path})", holder)
        # Moved aside before it is removed: should another taker have put its fresh lock here meanwhile, it is put back.
        aside = self._own.with_suffix(".stale")
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return
        try:
            if _holder(aside) != holder:
                os.link(aside, self.path)
        except FileExistsError:
            pass
        finally:
            aside.unlink(missing_ok=True)


def _holder(path: Path) -> int | None:
    """The process id in a lock file, in the HDB or the older binary format; None when there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    text = content.split()[:1]
    if text and text[0].isdigit():
        return int(text[0])
    if len(content) == 4:
        number: int = struct.unpack("=i", content)[0]
        return number if number > 0 else None
    return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # One that was killed and whose parent has not asked for it yet holds nothing any more; in a container without a
    # real init it may stay like that for ever.
    try:
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in ("Z", "X")
