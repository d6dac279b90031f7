"""The stream of events: from the database by cursor, and then as they happen.

What always holds: a reader that comes back with its last cursor misses nothing; a slow reader holds up nobody, since
each reads the database at its own pace; a quiet connection gets an empty line every 15 s; what a reader may see is
asked anew before each look.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from spooler import store_events
from spooler.store import Changes, Store

PULSE_S = 15.0
BATCH = 500


class News:
    """Wakes readers after commits that brought events. Made on the event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._turn: asyncio.Future[None] = self._loop.create_future()
        self.closing = False
        store.listen(self._changed)

    def _changed(self, changes: Changes) -> None:
        """On the store's thread."""
        if changes.events:
            self._store.post(self._loop, self.ring)

    def ring(self) -> None:
        """Have every reader look again."""
        turn, self._turn = self._turn, self._loop.create_future()
        turn.set_result(None)

    def next(self) -> asyncio.Future[None]:
        """Done when there is news after this call."""
        return self._turn

    def close(self) -> None:
        """Let every reader end."""
        self.closing = True
        self.ring()


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What a reader may see: events of ``user``'s jobs (None: of all), and with ``lines`` those of ports."""

    user: str | None
    lines: bool = True


async def follow(
    news: News, store: Store, *, after: int, sight: Callable[[], Awaitable[Sight | None]], job: int | None, stay: bool
) -> AsyncIterator[bytes]:
    """Events after the cursor ``after`` as JSON lines; with ``stay``, for ever. ``sight``: None ends it."""
    while True:
        turn = news.next()
        if (seen := await sight()) is None:
            return
        read = partial(store_events.read, after=after, user=seen.user, job=job, limit=BATCH, lines=seen.lines)
        found = await store.run(read)
        if found.events:
            yield b"".join(msgspec.json.encode(event) + b"\n" for event in found.events)
        # What was looked at is not looked at again, also where there was nothing for this reader.
        after = found.read_to
        if found.more:
            continue
        if not stay or news.closing:
            return
        if not found.events:
            done, _ = await asyncio.wait([turn], timeout=PULSE_S)
            if not done:
                yield b"\n"
