"""The archive: a copy of each fax that was sent or came in, as it was, in folders by date; and what goes of it again.

What always holds: a fax that was sent or came in while the archive is on gets there once, whatever is killed when; a
copy has its name only when it is whole and on stable storage, and is found only when it has its name; a folder that
cannot be written to holds up nothing but the archive, which goes on where it was when the folder is well again; a file
goes after the transaction that forgot its fax.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from codec.errors import TiffError
from codec.page import Page
from codec.tiff import FaxOrigin, FaxTags, TiffReader, TiffWriter
from fax.archive import ArchivedFax, Direction
from fax.errors import Cause, RequestError, ServerError
from fax.settings import Configuration
from spooler import store_archive, store_archive_index
from spooler.access import SERVER
from spooler.archive_cleanup import Kept, Limits, going, limits_of
from spooler.pages import checked_pages
from spooler.spool import Spool, sync_file, sync_folder
from spooler.store import Store, Transaction
from spooler.store_archive import Wanted
from spooler.store_waste import forget_waste

log = logging.getLogger(__name__)
AT_ONCE = 20
GO_AT_ONCE = 50
LOOK_AT_ONCE = 500
_COPYING, _EMPTYING = "copying", "emptying"
_DEPTH = 4  # folders between the archive's and a file's: direction, year, month, day


def file_of(fax: ArchivedFax) -> str:
    """The copy's name in the archive's folder: which way it went, its day and time (UTC), and its number."""
    at = fax.at.astimezone(UTC)
    return f"{fax.direction.value}/{at:%Y/%m/%d}/{at:%Y%m%d-%H%M%S}-{fax.id}.tif"


def origin_of(fax: ArchivedFax) -> FaxOrigin:
    """What the copy says of itself (docs/archive.md)."""
    sent = fax.direction is Direction.SENT
    return FaxOrigin(
        caller_id="" if sent else fax.number,
        csid=fax.ident if sent else fax.own_ident,
        tsid=fax.own_ident if sent else fax.ident,
        recipient_name=fax.name if sent else "",
        recipient_number=fax.number if sent else fax.own_ident,
        routing=fax.routing,
        sender_name=fax.sender_name if sent else "",
        at=fax.at,
        direction=fax.direction.value,
        job=fax.id,
    )


def located(path: Path, folder: str) -> Path:
    """Where a file of the archive is now, that was put at ``path``: an archive that was moved whole is found in
    ``folder``, where the settings say it is."""
    if folder and not path.exists():
        moved = Path(folder, *path.parts[-_DEPTH - 1 :])
        if moved.exists():
            return moved
    return path


class Archive:
    """All that it does blocks. ``look`` is run by one thread at a time."""

    def __init__(self, store: Store, spool: Spool, configuration: Callable[[], Configuration]) -> None:
        self._store = store
        self._spool = spool
        self._configuration = configuration
        self._complained: dict[str, str] = {}
        self._read_to = -1
        self._cleaning = threading.Lock()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why faxes cannot be archived, or let go of, as sentences."""
        return tuple(self._complained.values())

    def look(self) -> None:
        """Copy what the archive lacks. Raises nothing of the folder's: that is logged once and tried again."""
        now = self._configuration()
        if not (now.archive_outgoing or now.archive_incoming):
            self._complained.pop(_COPYING, None)
            return
        folder = Path(now.archive_folder)
        if why := _unusable(folder):
            # Told before a fax waits for it.
            self._complain(_COPYING, f"Faxes cannot be archived until this is mended: {folder}: {why}")
            return
        while (now := self._configuration()).archive_outgoing or now.archive_incoming:
            found, read_to = self._store.call(partial(store_archive.wanted, limit=AT_ONCE))
            for wanted in found:
                if not self._is_on(now, wanted):
                    continue
                try:
                    self._archive(wanted, Path(now.archive_folder))
                except OSError as error:
                    why = f"{now.archive_folder}: {error.strerror or error}"
                    self._complain(_COPYING, f"Faxes cannot be archived until this is mended: {why}")
                    return
            self._complained.pop(_COPYING, None)
            if read_to and read_to != self._read_to:
                self._read_to = read_to
                self._store.call(partial(store_archive.move, cursor=read_to))
            if not found:
                return
            self.clean()

    def _is_on(self, now: Configuration, wanted: Wanted) -> bool:
        return now.archive_outgoing if wanted.fax.direction is Direction.SENT else now.archive_incoming

    def _archive(self, wanted: Wanted, folder: Path) -> None:
        file = file_of(wanted.fax)
        target = folder / file
        try:
            if not target.exists():
                self._copy(wanted, folder, target)
        except ServerError as error:
            # Nothing that waiting would mend; the fax itself was sent.
            log.error("Fax %d cannot be archived: %s", wanted.fax.id, error)
            return
        fax = replace(wanted.fax, octets=target.stat().st_size)
        work = partial(store_archive.enter, fax=fax, folder=str(folder), file=file, cursor=wanted.cursor)
        self._store.call(work)

    def _copy(self, wanted: Wanted, folder: Path, target: Path) -> None:
        """Raises OSError, ServerError."""
        if not folder.is_dir():
            raise FileNotFoundError(2, "the folder is not there", str(folder))
        _make_folder(target.parent, folder)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            self._write(wanted, part)
            sync_file(part)
            part.replace(target)
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)

    def _write(self, wanted: Wanted, out: Path) -> None:
        fax = wanted.fax
        root = self._spool.root
        with TiffWriter(out) as writer:
            for page, tags in checked_pages(wanted.pages, root) if wanted.pages else _whole(root / wanted.file):
                if not len(writer):
                    tags = replace(
                        tags,
                        origin=origin_of(fax),
                        description=fax.subject or fax.title,
                        date_time=f"{fax.at.astimezone():%Y:%m:%d %H:%M:%S}",
                    )
                writer.append(page, tags)

    def _complain(self, act: str, text: str) -> None:
        if self._complained.get(act) != text:
            self._complained[act] = text
            log.error("%s", text)

    def clean(self, now: datetime | None = None) -> None:
        """Let go of what is too old or too much, then of its files. Raises FaxError when the database fails."""
        with self._cleaning:
            self._clean(now or datetime.now(UTC), limits_of(self._configuration()))
            self._empty()

    def _clean(self, now: datetime, limits: Limits) -> None:
        if limits.keep is not None or limits.high is not None:
            _, octets, _ = self._store.call(store_archive_index.usage)
            gone = going(self._oldest(), octets, limits, now)
            while some := list(islice(gone, GO_AT_ONCE)):

                def let_go(tx: Transaction, some: list[tuple[Kept, str]]) -> None:
                    for fax, why in some:
                        with suppress(RequestError):  # a person was first
                            store_archive_index.remove(tx, fax.id, SERVER, why)

                said = [(fax, _BECAUSE[why.value]) for fax, why in some]
                self._store.call(partial(let_go, some=said))
                log.info("%d fax(es) went from the archive, the last of them of %s", len(some), some[-1][0].at)

    def _oldest(self) -> Iterator[Kept]:
        after: Kept | None = None
        while some := self._store.call(partial(store_archive_index.oldest, after=after, limit=LOOK_AT_ONCE)):
            yield from some
            after = some[-1]

    def empty(self) -> None:
        """Remove the files of faxes that were let go of. What cannot be removed is tried again."""
        with self._cleaning:
            self._empty()

    def _empty(self) -> None:
        while found := self._store.call(partial(store_archive_index.waste_files, limit=LOOK_AT_ONCE)):
            gone, trouble = [], ""
            for one in found:
                try:
                    if self._remove(Path(one.name)):
                        gone.append(one)
                except OSError as error:
                    trouble = f"Files of the archive cannot be removed: {one.name}: {error.strerror or error}"
            if trouble:
                self._complain(_EMPTYING, trouble)
            else:
                self._complained.pop(_EMPTYING, None)
            self._store.call(partial(forget_waste, gone=gone))
            if len(gone) < len(found):
                return

    def _remove(self, path: Path) -> bool:
        """Whether the file is gone. An archive that is not there (not mounted) may still have it. Raises OSError."""
        path = self.locate(path)
        root = path.parents[_DEPTH]
        if not root.is_dir():
            return False
        with suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)
        for folder in list(path.parents)[:_DEPTH]:
            try:
                folder.rmdir()
            except OSError:
                break
        return True

    def locate(self, path: Path) -> Path:
        """Where the file of a fax is now."""
        return located(path, self._configuration().archive_folder)

    def file(self, fax: ArchivedFax) -> Path:
        """The file of a fax. Raises ServerError STORAGE."""
        path = self.locate(Path(fax.file))
        if not path.is_file():
            raise ServerError(Cause.STORAGE, f"The file of fax {fax.id} is not in the archive's folder", str(path))
        return path


_BECAUSE = {"age": "kept for as long as the settings say", "quota": "the archive was above its high mark"}


def _whole(path: Path) -> Iterator[tuple[Page, FaxTags]]:
    try:
        with TiffReader(path) as reader:
            for index, page in enumerate(reader):
                yield page, reader.tags(index)
    except (TiffError, FileNotFoundError) as error:
        raise ServerError(Cause.STORAGE, f"The fax is damaged on the fax server's disk: {error}") from error


def _unusable(folder: Path) -> str:
    """Why nothing can be put there; empty: it can, as far as that can be seen."""
    if not folder.is_dir():
        return "the folder is not there"
    return "" if os.access(folder, os.W_OK | os.X_OK) else "Permission denied"


def _make_folder(folder: Path, root: Path) -> None:
    """Make a folder below ``root``, which is there, on stable storage. Raises OSError."""
    if folder == root or folder.is_dir():
        return
    _make_folder(folder.parent, root)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
