"""The store: one thread, one connection, every piece of database work.

What always holds: a piece of work runs inside one transaction and its result is given out only after the commit is on
disk (WAL, synchronous=FULL); pieces that wait together share one commit; a piece that raises leaves no trace and does
not disturb its neighbours; who listens hears of changed jobs and new events after the commit, in the order of commits.

Must not: let SQL out. SQL is written in this file and in the ``store_*`` files beside it, and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fax.errors import Cause, FaxError, ServerError
from spooler.store_tables import SCHEMA_VERSION, meta, metadata

log = logging.getLogger(__name__)
T = TypeVar("T")
BATCH_LIMIT = 256


class StoreError(Exception):
    """The database cannot be opened or is of another version. The text is for the administrator."""


@dataclass
class Transaction:
    """What a piece of work gets: the connection, the time, and a place to say what it changed."""

    connection: Connection
    now: datetime
    changed_jobs: set[int] = field(default_factory=set)
    changed_masters: set[str] = field(default_factory=set)
    new_events: bool = False


@dataclass(frozen=True)
class Changes:
    """What one commit changed."""

    jobs: frozenset[int]
    masters: frozenset[str]
    events: bool


Work = Callable[[Transaction], T]
Listener = Callable[[Changes], None]


@dataclass
class _Piece:
    work: Callable[[Transaction], Any]
    future: Future[Any]


class Store:
    """Opens (and creates) the database ``path``. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._listeners: list[Listener] = []
        self._engine = _open(path)
        self._connection = self._engine.connect()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="store", daemon=True)
        self._thread.start()

    def listen(self, listener: Listener) -> None:
        """``listener`` is called on the store's thread after each commit that changed something; it must not wait."""
        self._listeners.append(listener)

    def submit(self, work: Work[T]) -> Future[T]:
        """``work`` must bear being run again from the start: a neighbour may spoil the transaction it shares."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(ServerError(Cause.STORAGE, "The fax server is shutting down"))
            return future
        self._queue.put(_Piece(work, future))
        return future

    async def run(self, work: Work[T]) -> T:
        """Raises what ``work`` raises, or ServerError STORAGE."""
        return await asyncio.wrap_future(self.submit(work))

    def call(self, work: Work[T]) -> T:
        """As ``run``, for threads other than the event loop's."""
        return self.submit(work).result()

    def close(self) -> None:
        """Finish what is queued, then close the database."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
            self._connection.close()
            self._engine.dispose()

    def _serve(self) -> None:
        going_on = True
        while going_on:
            pieces = [self._queue.get()]
            while len(pieces) < BATCH_LIMIT:
                try:
                    pieces.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            going_on = None not in pieces
            batch = [piece for piece in pieces if piece is not None and piece.future.set_running_or_notify_cancel()]
            try:
                if batch and not self._commit(batch, alone=len(batch) == 1):
                    for piece in batch:
                        self._commit([piece], alone=True)
            except Exception:
                # Not foreseen. Nobody may wait for ever, and the thread has others to serve.
                log.exception("The store failed")
                for piece in batch:
                    if not piece.future.done():
                        piece.future.set_exception(
                            ServerError(Cause.INTERNAL, "The fax server failed; its log says why")
                        )

    def _commit(self, batch: list[_Piece], alone: bool) -> bool:
        """Run ``batch`` in one transaction. False: the database spoilt it and nobody has been answered yet."""
        results: list[tuple[_Piece, Any, BaseException | None]] = []
        changes: list[Transaction] = []
        try:
            with self._connection.begin():
                for piece in batch:
                    part = Transaction(self._connection, datetime.now(UTC))
                    savepoint = self._connection.begin_nested()
                    try:
                        result = piece.work(part)
                        savepoint.commit()
                    except DBAPIError:
                        # SQLite may have rolled everything back by itself (a full disk): no savepoint to go back to.
                        raise
                    except Exception as error:
                        savepoint.rollback()
                        results.append((piece, None, error))
                    else:
                        results.append((piece, result, None))
                        changes.append(part)
        except SQLAlchemyError as error:
            if not alone:
                return False
            log.error("The database refused: %s", error)
            batch[0].future.set_exception(_storage_error(error))
            return True
        self._tell(changes)
        for piece, result, fault in results:
            if fault is not None:
                piece.future.set_exception(fault)
            else:
                piece.future.set_result(result)
        return True

    def _tell(self, parts: list[Transaction]) -> None:
        changes = Changes(
            jobs=frozenset().union(*(part.changed_jobs for part in parts)),
            masters=frozenset().union(*(part.changed_masters for part in parts)),
            events=any(part.new_events for part in parts),
        )
        if changes.jobs or changes.masters or changes.events:
            for listener in self._listeners:
                try:
                    listener(changes)
                except Exception:
                    log.exception("A listener failed; what was committed stays so")


def _storage_error(error: SQLAlchemyError) -> FaxError:
    original = getattr(error, "orig", None) or error
    if isinstance(error, DBAPIError) and "UNIQUE constraint" not in str(original):
        return ServerError(Cause.STORAGE, f"The fax server cannot write its database: {original}")
    return ServerError(Cause.INTERNAL, "The fax server failed at its database", str(original))


def _open(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": 10})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: object) -> None:
        # pysqlite's own idea of transactions breaks savepoints; BEGIN is ours.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            found = connection.execute(select(meta.c.value).where(meta.c.name == "schema")).scalar()
            if found is None:
                connection.execute(insert(meta).values(name="schema", value=str(SCHEMA_VERSION)))
            elif found != str(SCHEMA_VERSION):
                raise StoreError(f"{path} has schema {found}; this platend knows schema {SCHEMA_VERSION}")
    except DBAPIError as error:
        raise StoreError(f"The database {path} cannot be opened: {error.orig}") from error
    return engine
