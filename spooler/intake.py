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
from functools import partial
from pathlib import Path
from typing import BinaryIO

from codec import documents
from codec.errors import CodecError
from codec.errors import DocumentError as CodecDocumentError
from fax.errors import Cause, DocumentError, ServerError
from fax.types import Document, DocumentId
from spooler import store_documents
from spooler.preparation import codec_limits
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store

log = logging.getLogger(__name__)
BLOCK_OCTETS = 1 << 20
PDF = "application/pdf"


class Intake:
    """Takes documents in. ``receive`` is for the event loop, the rest blocks."""

    def __init__(self, store: Store, spool: Spool, settings: Settings) -> None:
        self._store = store
        self._spool = spool
        self._octets_limit = settings.limits.document_octets
        self._keep_s = settings.document_keep_s
        self._limits = codec_limits(settings)
        # Between a file and its row nobody may tidy up.
        self._placing = threading.Lock()
        # Who waits for a turn waits on the loop, not on a thread that others need.
        self._turns = asyncio.Semaphore(settings.limits.workers)

    async def receive(self, stream: AsyncIterator[bytes], name: str) -> Document:
        """Take in what ``stream`` gives. ``name``: the file's name as people know it.

        Raises DocumentError, ServerError, and what the stream raises.
        """
        with _storage_errors(), self._spool.scratch("upload") as folder:
            path = folder / "document"
            digest = hashlib.sha256()
            octets = 0
            with path.open("wb") as file:
                async for block in _blocks(stream):
                    octets += len(block)
                    self._check_size(octets)
                    await asyncio.to_thread(_write, file, digest, block)
            async with self._turns:
                return await asyncio.to_thread(self._take, path, digest.hexdigest(), octets, name)

    def copy(self, source: BinaryIO) -> Document:
        """Take in what an open file of no name holds; the file stays. Raises DocumentError, ServerError."""
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

    def _take(self, path: Path, digest: str, octets: int, name: str) -> Document:
        known = self._store.call(partial(store_documents.touch, id=digest))
        # The same octets under another name may be called what they are not.
        if known is not None and (known.type == PDF or not name.lower().endswith(".pdf")) and self._is_whole(known):
            return known
        try:
            about = documents.inspect(path, name or None, limits=self._limits, scratch=path.parent)
        except CodecDocumentError as error:
            raise DocumentError(Cause(error.fault.value), error.text, error.detail or None) from error
        except CodecError as error:
            raise ServerError(Cause.INTERNAL, f"The document could not be checked: {error}") from error
        document = Document(id=DocumentId(digest), type=about.mime, pages=about.pages, octets=octets)
        with self._placing:
            self._spool.place(path, self._spool.document(digest))
            return self._store.call(partial(store_documents.add, document=document, name=name))

    def _is_whole(self, document: Document) -> bool:
        """Whether its file is there as far as a look tells; if not, what has just come takes its place."""
        try:
            return self._spool.document(document.id).stat().st_size == document.octets
        except OSError:
            return False

    def tidy(self) -> None:
        """Remove documents that no fax refers to any more, and files that no row knows (a crash in between)."""
        with self._placing:
            for digest in self._store.call(partial(store_documents.forget_unreferenced, keep_s=self._keep_s)):
                self._spool.document(digest).unlink(missing_ok=True)
                log.info("Removed document %s: no fax refers to it", digest[:12])

    def tidy_strays(self) -> None:
        """At start: remove files in ``documents/`` that a crash left without a row."""
        with self._placing:
            for path in (self._spool.root / "documents").glob("??/*"):
                if not self._store.call(partial(store_documents.is_known, id=path.name)):
                    path.unlink(missing_ok=True)


class _storage_errors:
    """Turns an OSError of the block into the API's error."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            text = f"The fax server cannot store the document: {error.strerror or error}"
            raise ServerError(Cause.STORAGE, text) from error


def _write(file: BinaryIO, digest: hashlib._Hash, block: bytes) -> None:
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
