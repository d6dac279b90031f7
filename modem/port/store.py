"""Where received pages go: one TIFF-F file for a call, written by a thread of its own.

What always holds: a page counts as stored only when it is on stable storage; the file is a whole TIFF of the pages
stored so far at every moment, and does not exist before the first one. After the first failure nothing more is stored.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from codec.errors import TiffError
from codec.tiff_writer import TiffWriter
from modem.receipt import ReceivedPage


class PageStore:
    """``wake_fd`` becomes readable when pages have been stored, or storing has failed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._condition = threading.Condition()
        self._waiting: list[ReceivedPage] = []
        self._closing = False
        self._put = 0
        self._stored = 0
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"pages {path.name}", daemon=True)
        self._thread.start()

    @property
    def stored(self) -> int:
        """The first so many pages are on stable storage."""
        return self._stored

    @property
    def failure(self) -> str:
        """Why nothing more is stored; empty as long as all is well."""
        error = self._failure
        return "" if error is None else getattr(error, "strerror", None) or str(error)

    def put(self, pages: Iterable[ReceivedPage]) -> None:
        """Give pages to be stored, in order. Returns at once."""
        pages = list(pages)
        if pages:
            with self._condition:
                self._waiting += pages
                self._put += len(pages)
                self._condition.notify_all()

    def acknowledge(self) -> None:
        """Make ``wake_fd`` quiet until the next news. To be called before ``stored`` is read."""
        try:
            os.eventfd_read(self.wake_fd)
        except BlockingIOError:
            return

    def wait(self, timeout_s: float) -> None:
        """Until all that was put is stored, or storing has failed, or time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self._stored == self._put or self._failure is not None, timeout_s)

    def close(self) -> None:
        """Store what is waiting, complete the file, and end."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join()
        os.close(self.wake_fd)

    def _run(self) -> None:
        writer: TiffWriter | None = None
        try:
            while (page := self._next()) is not None:
                if writer is None:
                    writer = TiffWriter(self.path, durable=True)
                    self.path.chmod(0o600)
                tags = replace(page.tags, date_time=time.strftime("%Y:%m:%d %H:%M:%S"))
                writer.append(page.page, tags)
                with self._condition:
                    self._stored += 1
                    self._condition.notify_all()
                os.eventfd_write(self.wake_fd, 1)
            if writer is not None:
                writer.close()
        except (OSError, TiffError) as error:
            if writer is not None:
                with suppress(OSError):
                    writer.close()
            with self._condition:
                self._failure = error
                self._condition.notify_all()
            os.eventfd_write(self.wake_fd, 1)

    def _next(self) -> ReceivedPage | None:
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._closing)
            return self._waiting.pop(0) if self._waiting else None
