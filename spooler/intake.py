"""Intake: a document's octets come in, are checked, and are on stable storage before anybody is told so.

What always holds: a document in ``documents/`` is whole, was found to be printable, and is named by its SHA-256; one
that was refused or cut off leaves nothing.

Must not: parse a document in this process (``codec.documents.inspect`` does it in a limited child).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from codec import documents
from codec.errors import CodecError
from codec.errors import DocumentError as CodecDocumentError
from codec.nursery import Nursery
from fax.errors import Cause, DocumentError, ServerError
from fax.types import Document, DocumentId
from spooler import store_documents
from spooler.health import Health
from spooler.intake_fresh import FreshDocuments
from spooler.preparation import codec_limits
from spooler.settings import Settings
from spooler.spool import Spool, sync_file
from spooler.store import Store
from spooler.store_documents import Fresh

log = logging.getLogger(__name__)
BLOCK_OCTETS = 1 << 20
LATELY_MOST = 1000
TOUCH_EVERY_S = 60.0  # a document that is uploaded again and again is not written down as such each time
PDF = "application/pdf"


class Intake:
    """Takes documents in. ``receive`` is for the event loop, the rest blocks."""

    def __init__(self, store: Store, spool: Spool, settings: Settings, nursery: Nursery, health: Health) -> None:
        self._store = store
        self._health = health
        self._spool = spool
        self._nursery = nursery
        self._octets_limit = settings.limits.document_octets
        self._keep_s = settings.document_keep_s
        self._lately: dict[tuple[str, bool], tuple[float, Document]] = {}  # documents handed in again and again
        self._touch_every_s = min(TOUCH_EVERY_S, settings.document_keep_s / 10)
        self._limits = codec_limits(settings)
        self.fresh = FreshDocuments(store)
        # The disk works while the document is looked at.
        self._syncing = ThreadPoolExecutor(settings.limits.workers, thread_name_prefix="sync")
        # Between a file and its row nobody may tidy up.
        self._placing = threading.Lock()
        # Who waits for a turn waits on the loop, not on a thread that others need.
        self._turns = asyncio.Semaphore(settings.limits.workers)

    async def receive(self, stream: AsyncIterator[bytes], name: str, *, transient: bool = False) -> Document:
        """Take in what ``stream`` gives. ``name``: the file's name as people know it. ``transient``: for the submission
        that follows, with which it becomes known (``fresh``).

        Raises DocumentError, ServerError, and what the stream raises.
        """
        self._health.check_new_work()
        first = bytearray()
        short = True
        async for piece in stream:
            first += piece
            if len(first) >= BLOCK_OCTETS:
                short = False
                break
        with _storage_errors():
            if short:
                return await self._receive_short(bytes(first), name, transient)
            scratch = self._spool.scratch("upload")
            folder = await asyncio.to_thread(scratch.__enter__)
            try:
                path = folder / "document"
                digest = hashlib.sha256()
                octets = len(first)
                self._check_size(octets)
                with path.open("wb") as file:
                    await asyncio.to_thread(_write, file, digest, first)
                    async for block in _blocks(stream):
                        octets += len(block)
                        self._check_size(octets)
                        await asyncio.to_thread(_write, file, digest, block)
                async with self._turns:
                    return await asyncio.to_thread(self._take, path, digest.hexdigest(), octets, name, transient)
            finally:
                await asyncio.to_thread(scratch.__exit__, None, None, None)

    async def _receive_short(self, octets: bytes, name: str, transient: bool) -> Document:
        digest = hashlib.sha256(octets).hexdigest()
        # One that is known already needs no file.
        if (known := await self._known(digest, name)) is not None:
            return known
        self._check_size(len(octets))
        async with self._turns:
            return await asyncio.to_thread(self._take_short, octets, digest, name, transient)

    def _take_short(self, octets: bytes, digest: str, name: str, transient: bool) -> Document:
        with self._spool.scratch("upload") as folder:
            path = folder / "document"
            path.write_bytes(octets)
            return self._take_new(path, digest, len(octets), name, transient)

    async def _known(self, digest: str, name: str) -> Document | None:
        key = (digest, name.lower().endswith(".pdf"))
        now = monotonic()
        if (lately := self._lately.get(key)) is not None and lately[0] > now - self._touch_every_s:
            # It was touched so short a time ago that it cannot have gone.
            return lately[1]
        known = await self._look_up(digest, name)
        if known is not None:
            if len(self._lately) >= LATELY_MOST:
                self._lately.clear()
            self._lately[key] = now, known
        return known

    async def _look_up(self, digest: str, name: str) -> Document | None:
        work = partial(store_documents.touch, id=digest, every_s=self._touch_every_s)
        known = await self._store.run(work)
        return known if known is not None and await asyncio.to_thread(self._serves, known, name) else None

    def copy(self, source: BinaryIO) -> Document:
        """Take in what an open file of no name holds; the file stays. Raises DocumentError, ServerError."""
        self._health.check_new_work()
        with _storage_errors(), self._spool.scratch("copy") as folder:
            path = folder / "document"
            digest = hashlib.sha256()
            octets = 0
            with path.open("wb") as file:
                while block := source.read(BLOCK_OCTETS):
                    octets += len(block)
                    self._check_size(octets)
                    _write(file, digest, block)
            return self._take(path, digest.hexdigest(), octets, "")

    def _check_size(self, octets: int) -> None:
        if octets > self._octets_limit:
            limit = f"{self._octets_limit / (1 << 20):.0f} MiB" if self._octets_limit >= 1 << 20 else None
            text = f"The document is larger than {limit or f'{self._octets_limit} octets'}"
            raise DocumentError(Cause.DOCUMENT_TOO_LARGE, text)

    def _take(self, path: Path, digest: str, octets: int, name: str, transient: bool = False) -> Document:
        known = self._store.call(partial(store_documents.touch, id=digest, every_s=self._touch_every_s))
        if known is not None and self._serves(known, name):
            return known
        return self._take_new(path, digest, octets, name, transient)

    def _take_new(self, path: Path, digest: str, octets: int, name: str, transient: bool) -> Document:
        synced = self._syncing.submit(sync_file, path)
        try:
            about = documents.inspect(
                path, name or None, limits=self._limits, scratch=path.parent, nursery=self._nursery
            )
        except CodecDocumentError as error:
            raise DocumentError(Cause(error.fault.value), error.text, error.detail or None) from error
        except CodecError as error:
            raise ServerError(Cause.INTERNAL, f"The document could not be checked: {error}") from error
        self._health.check_type(about.mime)
        document = Document(id=DocumentId(digest), type=about.mime, pages=about.pages, octets=octets)
        synced.result()
        target = self._spool.document(digest)
        with self._placing:
            self._spool.move(path, target)
            if transient:
                named = self._syncing.submit(self._spool.sync_name, target)
                self.fresh.keep(Fresh(document=document, name=name), named)
                return document
            self._spool.sync_name(target)
            return self._store.call(partial(store_documents.add, document=document, name=name))

    def close(self) -> None:
        """Nothing more comes in."""
        self.fresh.make_known(waits_s=0)
        self._syncing.shutdown()

    def _serves(self, document: Document, name: str) -> bool:
        """Whether a document that is known stands for the same octets under this name, which may call them what they
        are not, and its file is there as far as a look tells; if not, what has just come takes its place."""
        if document.type != PDF and name.lower().endswith(".pdf"):
            return False
        try:
            return self._spool.document(document.id).stat().st_size == document.octets
        except OSError:
            return False

    def tidy(self) -> None:
        """Remove documents that no fax refers to any more, and files that no row knows (a crash in between)."""
        with self._placing:
            for digest in self._store.call(partial(store_documents.forget_unreferenced, keep_s=self._keep_s)):
                if digest in self.fresh:
                    continue  # it has just come again
                self._spool.document(digest).unlink(missing_ok=True)
                log.info("Removed document %s: no fax refers to it", digest[:12])

    def tidy_strays(self) -> None:
        """At start: set files in ``documents/`` aside that the database does not know. A crash in the middle of an
        upload leaves such a one; so does a database that was lost, and then they are all there is."""
        with self._placing:
            known = self._store.call(store_documents.ids)
            for path in (self._spool.root / "documents").glob("??/*"):
                if path.name not in known:
                    self._spool.set_aside(path, "the database does not know this document")
                    log.warning("Set %s aside: the database does not know this document", path.name[:12])


class _storage_errors:
    """Turns an OSError of the block into the API's error."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            text = f"The fax server cannot store the document: {error.strerror or error}"
            raise ServerError(Cause.STORAGE, text) from error


def _write(file: BinaryIO, digest: hashlib._Hash, block: bytes | bytearray) -> None:
    digest.update(block)
    file.write(block)


async def _blocks(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream in pieces worth a turn of a thread."""
    waiting = bytearray()
    async for piece in stream:
        waiting += piece
        if len(waiting) >= BLOCK_OCTETS:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
