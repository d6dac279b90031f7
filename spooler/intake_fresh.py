"""Documents that are handed in for one submission: on the disk, and to become known with it, in one commit.

What always holds: what is given out by ``claimed`` is on stable storage under its name, and nobody tidies it up before
the submission is through; what no submission names becomes known by itself after a while, as any other document.

Must not: survive the daemon. A file that nobody knows is set aside by the next one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from fax.types import DocumentId
from spooler import store_documents
from spooler.store import Store
from spooler.store_documents import Fresh

WAITS_S = 10.0
"""A submission follows its documents at once; whoever does not hand one in is no such client."""


@dataclass
class _Kept:
    """``named``: the sync of the folder that its name stands in. ``claims``: submissions that are being taken in."""

    fresh: Fresh
    named: Future[None]
    since: float = field(default_factory=time.monotonic)
    claims: int = 0


class FreshDocuments:
    """``keep`` and ``make_known`` are for threads, ``claimed`` for the event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[DocumentId, _Kept] = {}

    def keep(self, fresh: Fresh, named: Future[None]) -> None:
        """A document whose file has its name; ``named`` ends when that is on stable storage."""
        self._kept[fresh.document.id] = _Kept(fresh, named)

    def __contains__(self, id: str) -> bool:
        return id in self._kept

    @asynccontextmanager
    async def claimed(self, ids: Iterable[DocumentId]) -> AsyncIterator[tuple[Fresh, ...]]:
        """Those of the documents that are not known yet, to be made so by the block. Raises OSError."""
        found = {id: self._kept[id] for id in ids if id in self._kept}
        for kept in found.values():
            kept.claims += 1
        try:
            for kept in found.values():
                # Who gives up waiting must not take the sync with them.
                await asyncio.shield(asyncio.wrap_future(kept.named))
            yield tuple(kept.fresh for kept in found.values())
            for id, kept in found.items():
                if self._kept.get(id) is kept:
                    del self._kept[id]
        finally:
            for kept in found.values():
                kept.claims -= 1

    def make_known(self, waits_s: float = WAITS_S) -> None:
        """Have those become known that no submission has named for so long. Raises OSError, ServerError."""
        for id, kept in list(self._kept.items()):
            if not kept.claims and kept.since <= time.monotonic() - waits_s:
                try:
                    kept.named.result()
                except OSError:
                    self._kept.pop(id, None)
                    raise
                add = partial(store_documents.add, document=kept.fresh.document, name=kept.fresh.name)
                self._store.call(add)
                self._kept.pop(id, None)
