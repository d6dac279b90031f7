"""The spool folder: where everything lies, and how files get there.

What always holds: a file is written under a temporary name in ``tmp/``, synced, renamed to its place, and the folder of
its place is synced, before anybody hears of it; so a name outside ``tmp/`` is a whole file. ``tmp/`` is emptied
at start.

Must not: know what the files mean.
"""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = ("tmp", "documents", "masters", "covers", "calls", "ports", "incoming", "refused", "aside", "templates")


class SpoolError(Exception):
    """The spool cannot be used. The text is for the administrator."""


class SpoolBusyError(SpoolError):
    """Another daemon has the spool."""


def sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_public(path: Path) -> None:
    """Make a folder that everybody may pass through, if there is none, whatever our mask is. Raises OSError."""
    if not path.is_dir():
        if not path.parent.is_dir():
            make_public(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
        sync_folder(path.parent)


@dataclass(frozen=True)
class Spool:
    """Paths below the spool folder ``root``."""

    root: Path
    _standing: set[Path] = field(default_factory=set, compare=False, repr=False)  # folders whose names are synced

    @property
    def database(self) -> Path:
        return self.root / "platen.db"

    @property
    def incoming(self) -> Path:
        return self.root / "incoming"

    @property
    def refused(self) -> Path:
        return self.root / "refused"

    def document(self, digest: str) -> Path:
        return self.root / "documents" / digest[:2] / digest

    def master(self, key: str) -> Path:
        return self.root / "masters" / key[:2] / f"{key}.tif"

    @property
    def templates(self) -> Path:
        return self.root / "templates"

    def cover(self, job: int, digest: str) -> Path:
        return self.root / "covers" / f"{job}-{digest[:16]}.tif"

    def call(self, call: str) -> Path:
        return self.root / "calls" / call

    def port(self, name: str) -> Path:
        return self.root / "ports" / name

    def relative(self, path: Path) -> str:
        """How the database names a file, so that the spool may be moved."""
        return str(path.relative_to(self.root))

    @contextmanager
    def scratch(self, prefix: str) -> Iterator[Path]:
        """A new folder in ``tmp/`` that goes away with the block. Raises OSError."""
        folder = self.root / "tmp" / f"{prefix}-{uuid.uuid4().hex}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def place(self, temporary: Path, target: Path) -> None:
        """Make the whole file ``temporary`` durable under its name ``target``. Raises OSError."""
        sync_file(temporary)
        self.move(temporary, target)
        self.sync_name(target)

    def move(self, synced: Path, target: Path) -> None:
        """Give a file that is synced its name, for ``sync_name`` to make durable. Raises OSError."""
        if target.parent not in self._standing:
            target.parent.mkdir(mode=0o700, exist_ok=True)
        synced.rename(target)

    def sync_name(self, target: Path) -> None:
        """Make a file's name durable. Raises OSError."""
        if target.parent not in self._standing:
            # Also when it is there: another thread, or a daemon that was killed, may not have come to the sync.
            sync_folder(target.parent.parent)
            self._standing.add(target.parent)
        sync_folder(target.parent)

    def set_aside(self, path: Path, why: str) -> Path:
        """Move what nobody can place to ``aside/``, beside a text that says where it lay and why. Raises OSError."""
        target = self.root / "aside" / path.name
        if target.exists():
            target = target.with_name(f"{path.name}-{uuid.uuid4().hex[:8]}")
        # The reason comes first: who finds the file there finds it with its reason.
        target.with_name(f"{target.name}.txt").write_text(f"{self.relative(path)}: {why}\n")
        path.rename(target)
        sync_folder(target.parent)
        sync_folder(path.parent)
        return target

    def prepare(self, group_user: str | None) -> None:
        """Make the folders, check that they can be written, empty ``tmp/``.

        ``group_user``: the backend's user, whose group may leave faxes in ``incoming/`` (set-group-ID), if we may say
        so. Raises SpoolError.
        """
        try:
            for name in FOLDERS:
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
            sync_folder(self.root)
            for entry in (self.root / "tmp").iterdir():
                shutil.rmtree(entry, ignore_errors=True)
                with suppress(FileNotFoundError, IsADirectoryError):
                    entry.unlink()
            with self.scratch("probe") as folder:
                (folder / "probe").write_bytes(b"probe")
                sync_file(folder / "probe")
        except OSError as error:
            raise SpoolError(f"The spool {self.root} cannot be written: {error.strerror or error}") from error
        if group_user is not None:
            self._open_incoming(group_user)

    def _open_incoming(self, group_user: str) -> None:
        with suppress(KeyError, PermissionError):
            group = pwd.getpwnam(group_user).pw_gid
            grp.getgrgid(group)
            about = self.incoming.stat()
            if about.st_gid != group:
                os.chown(self.incoming, -1, group)
            # Sticky: who leaves a fax cannot take away another's.
            if stat.S_IMODE(about.st_mode) != 0o3770:
                self.incoming.chmod(0o3770)

    @contextmanager
    def only_instance(self) -> Iterator[None]:
        """Hold the spool for ourselves, at most until the process ends. Raises SpoolBusyError, SpoolError."""
        path = self.root / "lock"
        try:
            make_public(self.root)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpoolError(f"The spool {self.root} cannot be written: {error.strerror or error}") from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                owner = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
                raise SpoolBusyError(
                    f"Another platend (process {owner}) already serves the spool {self.root}"
                ) from error
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(handle)
