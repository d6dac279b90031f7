"""The check of a spool: the database, every file that it names with its content, files that nobody knows, and what the
journals say beside what the ledger says.

What always holds: nothing is written, moved or removed; a running daemon is not disturbed, and what only looks wrong
because it went on meanwhile is looked at again before it is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from codec.errors import CodecError
from codec.tiff import read_pages
from modem import journal
from modem.plan import CallPlan
from modem.received import ReceivedCall
from spooler import store_check
from spooler.archive import located
from spooler.ledger import project
from spooler.planning import JOURNAL_NAME, PLAN_NAME
from spooler.spool import Spool
from spooler.store import Transaction
from spooler.store_numbers import NOT_DIALLED
from spooler.store_rebuild import Book

BLOCK_OCTETS = 1 << 20


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """Something that is not as it should be. ``what``: the database, a file relative to the spool, a call or a job."""

    kind: str  # database, missing, damaged, unknown-file, journal, fate, job
    what: str
    text: str


def check(spool: Spool) -> list[Finding]:
    """Everything that is wrong with the spool, in order. Raises sqlite3.Error, OtherVersionError, OSError."""
    first = set(_look(spool))
    if not first:
        return []
    # The daemon may have been in the middle of something.
    return sorted(first & set(_look(spool)))


def read_books(spool: Spool) -> dict[str, Book]:
    """What lies in the folders of calls. Raises OSError."""
    found: dict[str, Book] = {}
    for folder in sorted((spool.root / "calls").iterdir()):
        if folder.is_dir():
            lines, octets = journal.read(folder / JOURNAL_NAME)
            found[folder.name] = Book(call=folder.name, plan=_plan(folder), lines=tuple(lines), octets=octets)
    return found


def _plan(folder: Path) -> CallPlan | None:
    try:
        return CallPlan.load(folder / PLAN_NAME)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _look(spool: Spool) -> Iterator[Finding]:
    with store_check.snapshot(spool.database) as tx:
        for text in store_check.faults(tx):
            yield Finding(kind="database", what=spool.database.name, text=text)
        for part in (_documents, _masters, _covers, _calls, _received, _archive, _jobs):
            yield from part(tx, spool)
        yield from _fates(tx, spool)


def _documents(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    known = store_check.document_sizes(tx)
    for id, octets in known.items():
        path = spool.document(id)
        yield from _held(spool, path, partial(_document_fault, path, id, octets))
    yield from _strangers(spool, "documents", "??/*", lambda path: path.name in known)


def _document_fault(path: Path, id: str, octets: int) -> str:
    if path.stat().st_size != octets:
        return f"has {path.stat().st_size} octets instead of {octets}"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_OCTETS):
            digest.update(block)
    return "" if digest.hexdigest() == id else "is not what was handed in: its content has another hash"


def _masters(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    for key in sorted(store_check.master_keys(tx, ready=True)):
        wanted = dict(enumerate(store_check.master_digests(tx, key)))
        path = spool.master(key)
        yield from _held(spool, path, partial(_pages_fault, path, wanted))
    known = store_check.master_keys(tx) | {name for kind, name in store_check.wasted(tx) if kind == "master"}
    yield from _strangers(spool, "masters", "??/*", lambda path: path.name.removesuffix(".tif") in known)


def _covers(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    known = store_check.cover_pages(tx)
    for file, wanted in known.items():
        path = spool.root / file
        yield from _held(spool, path, partial(_pages_fault, path, wanted))
    names = known.keys() | {name for kind, name in store_check.wasted(tx) if kind == "cover"}
    yield from _strangers(spool, "covers", "*", lambda path: spool.relative(path) in names)


def _pages_fault(path: Path, wanted: dict[int, str]) -> str:
    try:
        pages = read_pages(path)
    except CodecError as error:
        return f"cannot be read: {error}"
    wrong = [at + 1 for at, digest in wanted.items() if at >= len(pages) or pages[at].digest != digest]
    return f"does not hold its pages any more: {', '.join(map(str, wrong))}" if wrong else ""


def _calls(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    ends, taken_in, books = store_check.call_ends(tx), store_check.ledger_lines(tx), read_books(spool)
    for call, cause in ends.items():
        book, held = books.get(call), taken_in.get(call, [])
        if book is None or not book.lines:
            if cause not in (None, NOT_DIALLED) or held:
                yield Finding(kind="missing", what=f"calls/{call}", text="The call's journal is gone")
            continue
        said = [(line.n, line.kind) for line in project(book.lines, 0, "").kept]
        if cause is not None and held != said:
            text = f"Its journal has {len(said)} entries of the ledger's kinds, the ledger {len(held)}; they differ"
            yield Finding(kind="journal", what=f"calls/{call}", text=text)
        elif not set(held) <= set(said):
            yield Finding(kind="journal", what=f"calls/{call}", text="The ledger says what its journal does not")
        if book.plan is None and cause != NOT_DIALLED:
            yield Finding(kind="damaged", what=f"calls/{call}/{PLAN_NAME}", text="The call's plan cannot be read")
    gone = {name for kind, name in store_check.wasted(tx) if kind == "call"}
    yield from _strangers(spool, "calls", "*", lambda path: path.name in ends or path.name in gone)


def _received(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    for fax in store_check.received_faxes(tx):
        path = spool.root / fax.file
        yield from _held(spool, path, partial(_pages_fault, path, fax.pages))
    taken_in = store_check.taken_in(tx)
    gone = {name for kind, name in store_check.wasted(tx) if kind == "received"}

    def known(path: Path) -> bool:
        name = spool.relative(path)
        if name in taken_in:
            return taken_in[name] or name in gone
        # Else it is under way, or still to be taken in, if it is a call at all.
        return name in gone or ReceivedCall(path).journal.exists()

    yield from _strangers(spool, "received", "*/*", known)


def _archive(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    """The archive's files by their size: they are as many as there are faxes, and may lie far away."""
    folder = store_check.archive_folder(tx)
    for path, octets in store_check.archived(tx):
        file = located(path, folder)
        try:
            size = file.stat().st_size
        except OSError as error:
            kind = "missing" if isinstance(error, FileNotFoundError) else "damaged"
            yield Finding(
                kind=kind, what=str(file), text=f"The archived file cannot be read: {error.strerror or error}"
            )
            continue
        if size != octets:
            text = f"The archived file has {size} octets instead of {octets}"
            yield Finding(kind="damaged", what=str(file), text=text)


def _jobs(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    for job in store_check.done_without_all_pages(tx):
        yield Finding(kind="job", what=f"job {job}", text="It counts as sent, but not every page is confirmed")


def _fates(tx: Transaction, spool: Spool) -> Iterator[Finding]:
    """Last: the copy is another one afterwards."""
    now, under_way = store_check.fates(tx), store_check.jobs_in_calls(tx)
    for key, by_journal in store_check.rebuilt_fates(tx, read_books(spool)).items():
        known = now[key]
        if known != by_journal and known.job not in under_way:
            text = f"Page {known.number} is {known.fate}; by the journals it is {by_journal.fate}"
            yield Finding(kind="fate", what=f"job {known.job}", text=text)


def _held(spool: Spool, path: Path, fault: Callable[[], str]) -> Iterator[Finding]:
    what = spool.relative(path)
    try:
        if text := fault():
            yield Finding(kind="damaged", what=what, text=f"The file {text}")
    except FileNotFoundError:
        yield Finding(kind="missing", what=what, text="The file is gone")
    except OSError as error:
        yield Finding(kind="damaged", what=what, text=f"The file cannot be read: {error.strerror or error}")


def _strangers(spool: Spool, folder: str, pattern: str, known: Callable[[Path], bool]) -> Iterator[Finding]:
    for path in sorted((spool.root / folder).glob(pattern)):
        if not known(path):
            yield Finding(kind="unknown-file", what=spool.relative(path), text="The database does not know it")
