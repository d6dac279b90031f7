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
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fax.errors import Cause, FaxError, ServerError
from spooler import migrations

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
    new_mails: bool = False


@dataclass(frozen=True)
class Changes:
    """What one commit changed."""

    jobs: frozenset[int]
    masters: frozenset[str]
    events: bool
    mails: bool = False


Work = Callable[[Transaction], T]
Listener = Callable[[Changes], None]


@dataclass
class _Piece:
    """``loop`` None: a thread waits for ``future``, else it is one of that loop's."""

    work: Callable[[Transaction], Any]
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None

    def is_wanted(self) -> bool:
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return not self.future.cancelled()


class Store:
    """Opens (and creates) the database ``path``. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._listeners: list[Listener] = []
        self._posts: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
        self._engine = _open(path)
        try:
            self._connection = self._engine.connect()
        except DBAPIError as error:
            raise StoreError(f"The database {path} cannot be opened: {error.orig}") from error
        self._closed = False
        self._gate = threading.Lock()  # nothing is queued behind the end
        self._thread = threading.Thread(target=self._serve, name="store", daemon=True)
        self._thread.start()

    def listen(self, listener: Listener) -> None:
        """``listener`` is called on the store's thread after each commit that changed something; it must not wait."""
        self._listeners.append(listener)

    def post(self, loop: asyncio.AbstractEventLoop, act: Callable[..., None], *arguments: object) -> None:
        """For listeners: have ``act`` called on ``loop``, in order, before those hear who wait for this commit there.

        One wake-up of the loop serves them all.
        """
        self._posts.setdefault(loop, []).append(partial(act, *arguments))

    def submit(self, work: Work[T]) -> Future[T]:
        """``work`` must bear being run again from the start: a neighbour may spoil the transaction it shares."""
        future: Future[T] = Future()
        if not self._enqueue(_Piece(work, future)):
            future.set_exception(_ending())
        return future

    async def run(self, work: Work[T]) -> T:
        """Raises what ``work`` raises, or ServerError STORAGE."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if not self._enqueue(_Piece(work, future, loop)):
            raise _ending()
        return await future

    def call(self, work: Work[T]) -> T:
        """As ``run``, for threads other than the event loop's."""
        return self.submit(work).result()

    def close(self) -> None:
        """Finish what is queued, then close the database."""
        if not self._closed:
            with self._gate:
                self._closed = True
                self._queue.put(None)
            self._thread.join()
            self._connection.close()
            self._engine.dispose()

    def _enqueue(self, piece: _Piece) -> bool:
        """False: we are closed, and nobody would ever answer."""
        with self._gate:
            if not self._closed:
                self._queue.put(piece)
            return not self._closed

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
            batch = [piece for piece in pieces if piece is not None and piece.is_wanted()]
            try:
                self._commit_all(batch)
            except Exception:
                # Not foreseen. Nobody may wait for ever, and the thread has others to serve.
                log.exception("The store failed")
                for piece in batch:
                    if not piece.future.done():
                        self._answer(
                            piece, None, ServerError(Cause.INTERNAL, "The fax server failed; its log says why")
                        )
            self._deliver()

    def _commit_all(self, pieces: list[_Piece]) -> None:
        """In one transaction, unless something comes between. A savepoint for each would be the longer part of most."""
        while pieces:
            try:
                refusal = self._commit(pieces)
            except SQLAlchemyError as fault:
                if len(pieces) > 1:
                    # It may have spoilt everybody's.
                    for piece in pieces:
                        self._commit_all([piece])
                    return
                log.error("The database refused: %s", fault)
                refusal = 0, _storage_error(fault)
            if refusal is None:
                return
            place, error = refusal
            # Those before it did their work, which is gone with the transaction; it saw that, and it refused.
            self._commit_all(pieces[:place])
            self._answer(pieces[place], None, error)
            pieces = pieces[place + 1 :]

    def _commit(self, pieces: list[_Piece]) -> tuple[int, Exception] | None:
        """Run ``pieces`` in one transaction and answer. Else nothing was done: which one refused, and how. Raises
        SQLAlchemyError: the database did."""
        results: list[Any] = []
        changes: list[Transaction] = []
        try:
            with self._connection.begin():
                for piece in pieces:
                    part = Transaction(self._connection, datetime.now(UTC))
                    results.append(piece.work(part))
                    changes.append(part)
        except SQLAlchemyError:
            raise
        except Exception as error:
            return len(results), error
        self._tell(changes)
        for piece, result in zip(pieces, results, strict=True):
            self._answer(piece, result, None)
        return None

    def _answer(self, piece: _Piece, result: Any, fault: BaseException | None) -> None:
        if piece.loop is not None:
            self.post(piece.loop, _settle, piece.future, result, fault)
        else:
            _settle(piece.future, result, fault)

    def _deliver(self) -> None:
        posts, self._posts = self._posts, {}
        for loop, acts in posts.items():
            with suppress(RuntimeError):  # the loop is closed: we are ending
                loop.call_soon_threadsafe(_act, acts)

    def _tell(self, parts: list[Transaction]) -> None:
        changes = Changes(
            jobs=frozenset().union(*(part.changed_jobs for part in parts)),
            masters=frozenset().union(*(part.changed_masters for part in parts)),
            events=any(part.new_events for part in parts),
            mails=any(part.new_mails for part in parts),
        )
        if changes.jobs or changes.masters or changes.events or changes.mails:
            for listener in self._listeners:
                try:
                    listener(changes)
                except Exception:
                    log.exception("A listener failed; what was committed stays so")


def _settle(future: Future[Any] | asyncio.Future[Any], result: Any, fault: BaseException | None) -> None:
    if future.cancelled():
        return
    if fault is not None:
        future.set_exception(fault)
    else:
        future.set_result(result)


def _act(acts: list[Callable[[], None]]) -> None:
    for act in acts:
        try:
            act()
        except Exception:
            log.exception("A listener failed; what was committed stays so")


def _ending() -> ServerError:
    return ServerError(Cause.STORAGE, "The fax server is shutting down")


def _storage_error(error: SQLAlchemyError) -> FaxError:
    original = getattr(error, "orig", None) or error
    if isinstance(error, DBAPIError) and "UNIQUE constraint" not in str(original):
        return ServerError(Cause.STORAGE, f"The fax server cannot write its database: {original}")
    return ServerError(Cause.INTERNAL, "The fax server failed at its database", str(original))


def _open(path: Path) -> Engine:
    try:
        _upgrade(path)
    except migrations.NewerDatabaseError as error:
        raise StoreError(f"The database {path} was written by a newer platend: {error}") from error
    except migrations.BrokenReferencesError as error:
        raise StoreError(
            f"The database {path} cannot be brought to this version and stays as it is: {error}"
        ) from error
    except DBAPIError as error:
        raise StoreError(f"The database {path} cannot be opened: {error.orig}") from error
    return _engine(path, foreign_keys=True)


def _upgrade(path: Path) -> None:
    """On a connection of its own: a table that is made anew is dropped in between, and with foreign keys on SQLite
    would empty it first, which its children forbid; what they refer to is checked before the commit."""
    engine = _engine(path, foreign_keys=False)
    try:
        with engine.begin() as connection:
            migrations.upgrade(connection)
    finally:
        engine.dispose()


def _engine(path: Path, *, foreign_keys: bool) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": 10})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: object) -> None:
        # pysqlite's own idea of transactions breaks savepoints; BEGIN is ours.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
