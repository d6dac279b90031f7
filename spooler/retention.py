"""Tidying by age: ended jobs, events, keys, and the files of what is gone.

What always holds: a file goes after the transaction that forgot it, and its name on the list of waste goes after the
file, durably, so that a crash at any point leaves nothing behind and takes nothing that is referred to; each step is
short, since everybody waits for the store.

Must not: touch a file that the list does not name.
"""

from __future__ import annotations

import logging
import shutil
import threading
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from modem import journal
from modem.received import ReceivedCall
from spooler import store_events, store_received, store_records, store_retention, store_waste
from spooler.reception import FAX_NAME, holds_no_page
from spooler.spool import Spool, sync_folder
from spooler.store import Store, Transaction
from spooler.store_retention import TakenCall
from spooler.store_waste import Waste

log = logging.getLogger(__name__)
JOBS_AT_ONCE = 50
EVENTS_AT_ONCE = 2000
RECORDS_AT_ONCE = 500
KEYS_AT_ONCE = 50
FILES_AT_ONCE = 200
CALLS_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Ages:
    """How long things are kept, in days; None: for ever."""

    sent_days: float | None  # jobs that were sent
    unsent_days: float | None  # jobs that failed or were cancelled
    events_days: float | None  # and what calls that came in left besides their faxes
    records_days: float | None = None  # of calls


class Retention:
    """``tidy`` and ``empty`` block."""

    def __init__(self, store: Store, spool: Spool) -> None:
        self._store = store
        self._spool = spool
        self._emptying = threading.Lock()
        self._looked_to: TakenCall | None = None  # of the calls that came in

    def tidy(self, ages: Ages, now: datetime | None = None) -> None:
        """Let go of everything that is older than ``ages``, then of its files."""
        now = now or datetime.now(UTC)

        def before(days: float | None) -> datetime | None:
            return None if days is None else now - timedelta(days=days)

        sent, unsent, told = before(ages.sent_days), before(ages.unsent_days), before(ages.events_days)
        if unsent is not None:
            forgotten = partial(store_retention.give_up_forgotten, before=unsent, limit=JOBS_AT_ONCE)
            while given_up := self._store.call(forgotten):
                log.info(
                    "Gave up %d fax(es) that waited for a person: %s", len(given_up), ", ".join(map(str, given_up))
                )
        old = partial(store_retention.remove_overdue, sent_before=sent, unsent_before=unsent, limit=JOBS_AT_ONCE)
        while gone := self._store.call(old):
            log.info("Deleted %d job(s) that ended long ago: %s", len(gone), ", ".join(map(str, gone)))
        if told is not None:
            work = partial(store_events.forget, before=told, limit=EVENTS_AT_ONCE)
            while self._store.call(work) == EVENTS_AT_ONCE:
                pass
            self._tidy_received(told)
        if (recorded := before(ages.records_days)) is not None:
            records = partial(store_records.forget, before=recorded, limit=RECORDS_AT_ONCE)
            while self._store.call(records) == RECORDS_AT_ONCE:
                pass
        while self._store.call(partial(store_retention.forget_keys, limit=KEYS_AT_ONCE)) == KEYS_AT_ONCE:
            pass
        self.empty()

    def _tidy_received(self, before: datetime) -> None:
        """Let go of the folders of incoming calls that brought no page, and, beside faxes that are stored, of what only
        led to them: the call's recording, and the port process's own pages where a crash left them. Each call is looked
        at once in a daemon's life. Raises OSError."""
        look = partial(store_retention.taken_calls, before=before, limit=CALLS_AT_ONCE)
        while found := self._store.call(partial(look, after=self._looked_to)):
            empty: list[TakenCall] = []
            for one in found:
                call = ReceivedCall(self._spool.root / store_received.folder_of(one.port, one.call))
                if one.fax and (call.folder / FAX_NAME).exists():
                    journal.images_path(call.journal).unlink(missing_ok=True)
                    call.pages.unlink(missing_ok=True)
                elif not one.fax and call.folder.exists() and holds_no_page(call):
                    empty.append(one)
            self._store.call(partial(store_retention.let_go_of_calls, calls=empty))
            self._looked_to = found[-1]

    def empty(self) -> None:
        """Remove the files that are waste. Raises OSError when the disk fails; what is left stays waste."""
        with self._emptying:
            self._empty()

    def _empty(self) -> None:
        while found := self._store.call(partial(store_waste.waste_left, limit=FILES_AT_ONCE)):
            folders: set[Path] = set()
            trash: list[Path] = []
            for one in found:
                path = self._path(one)
                target = self._spool.root / "tmp" / f"waste-{uuid.uuid4().hex}"
                # On the store's thread: nothing is made wanted again between the question and the renaming.
                self._store.call(partial(_take_away, one=one, path=path, target=target))
                folders.add(path.parent)
                trash.append(target)
            for folder in filter(Path.is_dir, folders):
                sync_folder(folder)
            self._store.call(partial(store_waste.forget_waste, gone=found))
            for target in trash:
                _remove(target)

    def _path(self, one: Waste) -> Path:
        match one.kind:
            case "master":
                return self._spool.master(one.name)
            case "call":
                return self._spool.call(one.name)
            case _:
                return self._spool.root / one.name


def _take_away(tx: Transaction, one: Waste, path: Path, target: Path) -> None:
    if store_waste.is_waste(tx, one):
        with suppress(FileNotFoundError):
            path.rename(target)


def _remove(target: Path) -> None:
    """What fails here lies in ``tmp/`` and goes at the next start."""
    if target.is_dir():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)
