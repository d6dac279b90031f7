"""Preparation: documents become the pages of a master, once for all jobs that want the same.

What always holds: a master appears whole under its name or not at all, and its pages are in the database only when its
file is in its place; a conversion cut short leaves nothing and is done again; a document that cannot become pages fails
its jobs with its cause, while a fault of ours only postpones them. While documents come in one after the other it waits
for a lull (``preparation_lull``).

Must not: rasterise in this process (``codec`` does it in limited children), or touch the event loop.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from codec import documents
from codec.errors import CodecError, DocumentError
from codec.limits import Limits as CodecLimits
from codec.nursery import Nursery
from codec.page import Resolution as CodecResolution
from fax.errors import Cause, FaxError
from fax.types import Resolution
from spooler import store_pages
from spooler.configuration import Live
from spooler.jobs import at_time
from spooler.preparation_lull import Lull
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Changes, Store
from spooler.store_pages import PreparedPage, WantedMaster

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 600.0
FAULTS_LIMIT = 5  # failures of a kind that we did not foresee


def codec_limits(settings: Settings) -> CodecLimits:
    limits = settings.limits
    return CodecLimits(
        pages=limits.pages, page_s=limits.page_s, job_s=limits.document_s, memory_octets=limits.memory_octets
    )


def convert(
    sources: Sequence[Path],
    out: Path,
    resolution: Resolution,
    limits: CodecLimits,
    cancelled: threading.Event,
    nursery: Nursery | None = None,
) -> list[PreparedPage]:
    """Turn ``sources`` into the TIFF-F file ``out``; blocking. Raises codec.errors.CodecError, OSError."""
    result = documents.convert(
        list(sources),
        out,
        CodecResolution(resolution.value),
        limits=limits,
        cancelled=cancelled,
        scratch=out.parent,
        nursery=nursery,
    )
    return [
        PreparedPage(index=index, digest=page.digest, width=page.width, rows=page.rows)
        for index, page in enumerate(result.pages)
    ]


class Preparation:
    """Worker threads that make masters."""

    def __init__(
        self, store: Store, spool: Spool, settings: Settings, live: Live, nursery: Nursery | None = None
    ) -> None:
        self._live = live
        self._nursery = nursery
        self._store = store
        self._spool = spool
        self._settings = settings
        self._limits = codec_limits(settings)
        self._condition = threading.Condition()
        self._due: list[tuple[float, str]] = []  # monotonic time, key
        self._lull = Lull()
        self._running: dict[str, threading.Event] = {}
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"preparation {number}", daemon=True)
            for number in range(settings.limits.workers)
        ]

    def start(self) -> None:
        """Take up what was wanted when the last daemon ended, and listen for more."""
        self._store.listen(self._changed)
        for master in self._store.call(store_pages.wanted):
            self._want(master.key)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End running conversions; they are done again by the next daemon."""
        with self._condition:
            self._stopping = True
            for cancelled in self._running.values():
                cancelled.set()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(10)

    def _changed(self, changes: Changes) -> None:
        for key in changes.masters:
            with self._condition:
                self._lull.came(key, time.monotonic())
            self._want(key)
        with self._condition:
            running = list(self._running) if changes.jobs else []
        for key in running:
            # Whoever waited for it may have been cancelled.
            asked = self._store.submit(partial(store_pages.is_needed, key=key))
            asked.add_done_callback(lambda answer, key=key: self._cancel_unless(key, answer))  # type: ignore[misc]

    def _cancel_unless(self, key: str, answer: object) -> None:
        from concurrent.futures import Future

        if isinstance(answer, Future) and answer.exception() is None and answer.result() is False:
            with self._condition:
                if key in self._running:
                    self._running[key].set()

    def _want(self, key: str, after_s: float = 0.0) -> None:
        with self._condition:
            heapq.heappush(self._due, (time.monotonic() + after_s, key))
            self._condition.notify()

    def _next(self) -> tuple[str, threading.Event] | None:
        """The next key that is due and not being worked on; waits. None: stop."""
        with self._condition:
            while not self._stopping:
                now = time.monotonic()
                for index, (due, key) in enumerate(self._due):
                    if max(due, self._lull.due(key)) <= now and key not in self._running:
                        self._lull.begun(key)
                        del self._due[index]
                        heapq.heapify(self._due)
                        self._running[key] = threading.Event()
                        return key, self._running[key]
                later = [at for due, key in self._due if (at := max(due, self._lull.due(key))) > now]
                self._condition.wait(min(later) - now if later else None)
            return None

    def _work(self) -> None:
        while (task := self._next()) is not None:
            key, cancelled = task
            try:
                self._prepare(key, cancelled)
            except FaxError as error:
                # The database refused; what is wanted stays wanted.
                log.error("Preparing %s: %s", key[:12], error)
                self._want(key, self._live.configuration.device_delay_s)
            except Exception:
                log.exception("Preparing %s failed", key[:12])
                self._want(key, self._live.configuration.device_delay_s)
            finally:
                with self._condition:
                    del self._running[key]
                    self._condition.notify()

    def _prepare(self, key: str, cancelled: threading.Event) -> None:
        found = self._store.call(partial(store_pages.wanted, keys=[key]))
        if not found or not self._store.call(partial(store_pages.is_needed, key=key)):
            return
        (master,) = found
        if master.retry_at is not None and (wait_s := (master.retry_at - datetime.now(UTC)).total_seconds()) > 0:
            self._want(key, min(wait_s, LONGEST_PAUSE_S))
            return
        log.info("Preparing %d document(s) as %s", len(master.documents), key[:12])
        try:
            pages = self._convert(master, cancelled)
        except DocumentError as error:
            if not cancelled.is_set():
                self._store.call(partial(store_pages.master_failed, key=key, cause=error.fault.value, text=error.text))
        except Exception as error:
            if not cancelled.is_set():
                self._postpone(master, error)
        else:
            self._store.call(partial(store_pages.master_ready, key=key, pages=pages))

    def _convert(self, master: WantedMaster, cancelled: threading.Event) -> list[PreparedPage]:
        sources = [self._spool.document(document) for document, _ in master.documents]
        with self._spool.scratch("master") as folder:
            out = folder / "master.tif"
            pages = convert(sources, out, master.resolution, self._limits, cancelled, self._nursery)
            self._spool.place(out, self._spool.master(master.key))
        return pages

    def _postpone(self, master: WantedMaster, error: Exception) -> None:
        foreseen = isinstance(error, CodecError | OSError)
        if not foreseen:
            log.error("Preparing %s failed", master.key[:12], exc_info=error)
            if master.tries + 1 >= FAULTS_LIMIT:
                text = "The document could not be prepared: an internal fault of the fax server"
                fail = partial(store_pages.master_failed, key=master.key, cause=Cause.INTERNAL.value, text=text)
                self._store.call(fail)
                return
        now = datetime.now(UTC)
        pause_s = min(self._live.configuration.device_delay_s * 2**master.tries, LONGEST_PAUSE_S)
        retry_at = now + timedelta(seconds=pause_s)
        text = str(error).rstrip(". ") or type(error).__name__
        reason = f"The document could not be prepared: {text}; next try {at_time(retry_at, now)}"
        log.warning("%s", reason)
        self._store.call(
            partial(store_pages.master_postponed, key=master.key, text=text, retry_at=retry_at, reason=reason)
        )
        self._want(master.key, pause_s)
