"""Writes the journal of a call from a thread of its own.

What always holds: an entry is reported as on disk only after ``fdatasync``; after the first failure that failure is
reported for good; a journal that is being written is flocked. What came in on fast carriers goes to a file beside the
journal (``journal.images_path``), which is no part of the truth about the call: it is not synced, and when it cannot be
written the call goes on without. What it must not do: speak to the modem, or decide about the call.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from modem.entries import Entry
from modem.journal import IMAGE, images_path, masked

RESERVE_OCTETS = 65536
RETRY_SECONDS = 0.2


class JournalWriter:
    """Creates a journal and appends to it from a thread of its own, so that the caller never waits for the disk.

    ``wake_fd`` becomes readable when a barrier entry is on disk or when writing has failed. A small reserve file beside
    the journal is given up when the disk is full, so that the end of the call still finds room.
    """

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError when there is such a journal, OSError when it cannot be created durably."""
        self.path = path
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._fd = -1
        self._reserve = path.with_name(path.name + ".reserve")
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            self._set_reserve_aside()
            self._sync_folder()
        except OSError:
            os.close(self.wake_fd)
            if self._fd >= 0:
                os.close(self._fd)
                path.unlink(missing_ok=True)
                self._reserve.unlink(missing_ok=True)
            raise
        self._condition = threading.Condition()
        self._waiting: list[Entry] = []
        self._closing = False
        self._appended = 0
        self._written = 0  # entries numbered so far; the thread's own
        self._synced = 0
        self._failure: OSError | None = None
        self._images_end = 0
        self._thread = threading.Thread(target=self._run, name=f"journal {path.name}", daemon=True)
        self._thread.start()

    @property
    def appended(self) -> int:
        """Number of entries given to ``append`` so far."""
        return self._appended

    @property
    def synced(self) -> int:
        """The first so many entries are on disk."""
        return self._synced

    @property
    def failure(self) -> OSError | None:
        """The first thing that went wrong in writing. Later entries may still have got to the disk: see ``synced``."""
        return self._failure

    def append(self, entries: Iterable[Entry]) -> None:
        """Give entries to the writer, in order. Returns at once."""
        entries = list(entries)
        if not entries:
            return
        with self._condition:
            self._waiting.extend(entries)
            self._appended += len(entries)
            self._condition.notify()

    def acknowledge(self) -> None:
        """Make ``wake_fd`` quiet until the next news. To be called before ``synced`` is read."""
        try:
            os.eventfd_read(self.wake_fd)
        except BlockingIOError:
            return

    def close(self) -> bool:
        """Write what is waiting, and end. Returns whether every entry is on disk."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()
        with suppress(OSError):
            # On a disk that takes no change it stays, and is in nobody's way.
            self._reserve.unlink(missing_ok=True)
        os.close(self._fd)
        os.close(self.wake_fd)
        return self._synced == self._appended

    def _set_reserve_aside(self) -> None:
        fd = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, RESERVE_OCTETS)
        finally:
            os.close(fd)

    def _sync_folder(self) -> None:
        fd = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closing)
                batch, self._waiting = self._waiting, []
                last_try = self._closing
            if not batch:
                return
            self._write_batch(batch, last_try)

    def _write_batch(self, batch: list[Entry], last_try: bool) -> None:
        data = b"".join(self._encode(entry, self._written + index) for index, entry in enumerate(batch))
        try:
            self._store(data)
        except OSError as first:
            # From here on the call is to end; the reserve gives its last entries a chance.
            self._fail(first)
            try:
                self._reserve.unlink(missing_ok=True)
                self._store(data)
            except OSError:
                with self._condition:
                    # Nothing later may go to disk without what came before it: all of it waits for the next try.
                    self._waiting = [] if last_try else batch + self._waiting
                    if not self._closing:
                        self._condition.wait(RETRY_SECONDS)
                return
        self._written += len(batch)
        self._synced = self._written
        if any(entry.barrier for entry in batch):
            self._wake()

    def _store(self, data: bytes) -> None:
        """Append and sync all of ``data``, or leave the file as it was and raise OSError."""
        before = os.fstat(self._fd).st_size
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, before)
            raise

    def _encode(self, entry: Entry, n: int) -> bytes:
        entry = masked(entry)
        fields = entry.fields
        if entry.kind == IMAGE:
            fields = self._set_image_aside(fields)
        if entry.kind in ("begin", "end") and "at" not in fields:
            fields = {**fields, "at": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")}
        return msgspec.json.encode({"n": n, "t": round(entry.t, 6), "kind": entry.kind, **fields}) + b"\n"

    def _set_image_aside(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields with the place of ``data`` in the file of images: where it begins and how long it is there."""
        kept = {name: value for name, value in fields.items() if name != "data"}
        if self._failure is not None or not (data := fields.get("data")):
            return kept
        packed = zlib.compress(data, 1)
        try:
            fd = os.open(images_path(self.path), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                done = os.pwrite(fd, packed, self._images_end)
            finally:
                os.close(fd)
        except OSError:
            return kept
        if done < len(packed):
            return kept
        kept["place"] = [self._images_end, len(packed)]
        self._images_end += len(packed)
        return kept

    def _fail(self, error: OSError) -> None:
        if self._failure is None:
            self._failure = error
        self._wake()

    def _wake(self) -> None:
        os.eventfd_write(self.wake_fd, 1)
