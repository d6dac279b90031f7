"""The daemon: its parts, the order in which they begin and end, and its regular chores.

What always holds: nothing listens before everything that the last daemon left has been taken up; when we end, requests
are finished, conversions are dropped (they are done again) and port processes go on with their calls.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from spooler import peer, store_pages
from spooler.dispatch import Dispatcher
from spooler.events import News
from spooler.incoming import IncomingFolder
from spooler.intake import Intake
from spooler.preparation import Preparation
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store

log = logging.getLogger(__name__)
TIDY_EVERY_S = 300.0
THREADS = 16
USER_NAMES_KEPT_S = 60.0


class Daemon:
    """Everything that runs between ``start`` and ``stop``. Made on the event loop."""

    def __init__(self, settings: Settings, spool: Spool, store: Store) -> None:
        self.settings = settings
        self.spool = spool
        self.store = store
        self.uid = os.geteuid()
        self.intake = Intake(store, spool, settings)
        self.preparation = Preparation(store, spool, settings)
        self.incoming = IncomingFolder(store, spool, settings, self.intake)
        self.dispatcher = Dispatcher(store, spool, settings)
        self.news = News(store)
        self._names: dict[int, tuple[float, str]] = {}
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await asyncio.to_thread(self.intake.tidy_strays)
        await asyncio.to_thread(self._tidy_covers)
        await asyncio.to_thread(self.preparation.start)
        await self.dispatcher.start()
        tidy_every_s = min(TIDY_EVERY_S, max(1.0, self.settings.document_keep_s / 2))
        self._chores = [
            asyncio.create_task(self._every(self.settings.incoming_every_s, self.incoming.take_in), name="incoming"),
            asyncio.create_task(self._every(tidy_every_s, self.intake.tidy), name="tidy"),
        ]

    async def stop(self) -> None:
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self.dispatcher.stop()
        await asyncio.to_thread(self.preparation.stop)

    async def user_name(self, uid: int) -> str:
        """The name of a user, remembered for a while: asking may take long."""
        now = asyncio.get_running_loop().time()
        known = self._names.get(uid)
        if known is None or known[0] < now:
            known = (now + USER_NAMES_KEPT_S, await asyncio.to_thread(peer.user_name, uid))
            self._names[uid] = known
        return known[1]

    async def _every(self, pause_s: float, chore: Callable[[], None]) -> None:
        while True:
            try:
                await asyncio.to_thread(chore)
            except Exception:
                log.exception("A chore failed; it is tried again")
            await asyncio.sleep(pause_s)

    def _tidy_covers(self) -> None:
        """Remove cover pages that a crash left without a job."""
        known = self.store.call(store_pages.cover_files)
        for path in (self.spool.root / "covers").iterdir():
            if self.spool.relative(path) not in known:
                path.unlink(missing_ok=True)


async def serve(settings: Settings, spool: Spool, store: Store) -> None:
    """Run the daemon until SIGTERM or SIGINT. Raises OSError when the socket cannot be made."""
    from spooler.api import application

    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="worker"))
    daemon = Daemon(settings, spool, store)
    server = peer.server(application(daemon))

    def end() -> None:
        log.info("Ending; calls go on")
        server.should_exit = True
        daemon.news.close()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await daemon.start()
    try:
        listener = peer.listen(settings.socket, settings.socket_mode)
        try:
            log.info("Ready on %s", settings.socket)
            await server.serve([listener])
        finally:
            listener.close()
            with suppress(OSError):
                settings.socket.unlink()
    finally:
        await daemon.stop()
