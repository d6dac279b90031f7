"""The daemon: its parts, the order in which they begin and end, and its regular chores.

What always holds: when ``start`` returns, everything that the last daemon left has been taken up; when we end,
conversions are dropped (they are done again) and port processes go on with their calls.

Must not: know who asks for what over which socket (``api`` and ``serving`` do).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from codec.nursery import Nursery
from fax.errors import FaxError
from spooler import store_archive_send, store_events, store_mail, store_pages, store_waste
from spooler.archive import Archive
from spooler.callers import Callers
from spooler.configuration import Live
from spooler.covers import Covers
from spooler.dispatch import Dispatcher
from spooler.events import News
from spooler.extension_host import HostLimits
from spooler.extensions import Extensions
from spooler.health import Health
from spooler.incoming import IncomingFolder
from spooler.intake import Intake
from spooler.leases import Leases
from spooler.mailbox import Mailbox
from spooler.preparation import Preparation
from spooler.profiles import Profiles
from spooler.providers import Providers
from spooler.reception import Reception
from spooler.retention import Ages, Retention
from spooler.routing import Routing
from spooler.routing_folder import FolderMethod
from spooler.routing_mail import MailMethod
from spooler.routing_print import PrintMethod
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store

log = logging.getLogger(__name__)
TIDY_EVERY_S = 300.0
GOODBYE_S = 2.0
ARCHIVE_EVERY_S = 2.0
MAILS_AT_ONCE = 500
RECEPTION_EVERY_S = 60.0
FRESH_EVERY_S = 10.0


class Daemon:
    """Everything that runs between ``start`` and ``stop``. Made on the event loop."""

    def __init__(self, settings: Settings, spool: Spool, store: Store) -> None:
        self.providers = Providers(store, spool)
        self.settings = settings = self.providers.with_ports(settings)
        self.spool = spool
        self.store = store
        self.callers = Callers(store, settings.users, os.geteuid())
        self.live = Live(store, settings)
        self.profiles = Profiles(store)
        self.nursery = Nursery()
        self.health = Health(spool, self.live)
        self.intake = Intake(store, spool, settings, self.nursery, self.health)
        self.preparation = Preparation(store, spool, settings, self.live, self.nursery)
        self.incoming = IncomingFolder(
            store, spool, self.callers, self.intake, settings.dialling, self.live, self.profiles
        )
        self.retention = Retention(store, spool)
        self.covers = Covers(settings, spool, self.live, self.nursery)
        self.mailbox = Mailbox(store, spool, self.live)
        self.routing = Routing(store, spool, self.live)
        self.routing.register(FolderMethod(spool.root))
        self.routing.register(MailMethod(self.mailbox, lambda: self.live.configuration))
        self.routing.register(PrintMethod())
        self.reception = Reception(store, spool, self.routing, settings.dialling)
        self.dispatcher = Dispatcher(
            store, spool, settings, self.live, self.health, self.covers, self.reception, self.providers.launcher
        )
        self.archive = Archive(store, spool, lambda: self.live.configuration)
        limits = HostLimits(route_s=settings.limits.extension_s, memory_octets=settings.limits.extension_memory_octets)
        self.extensions = Extensions(store, spool, self.live, limits, _secrets(settings))
        self.news = News(store)
        self.callers.listen(self.news.ring)  # who reads on must still be allowed to
        self.leases = Leases()
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.callers.load()
        await asyncio.to_thread(self.health.look)
        await asyncio.to_thread(self.intake.tidy_strays)
        await asyncio.to_thread(self._tidy_covers)
        await self._forget_begun()
        await asyncio.to_thread(self.nursery.start)
        await asyncio.to_thread(self.preparation.start)
        self.extensions.register(self.routing)
        await self.routing.start()
        await self.extensions.start()
        await self.dispatcher.start()
        await self.mailbox.start()
        tidy_every_s = min(TIDY_EVERY_S, max(1.0, self.settings.document_keep_s / 2))
        self._chores = [
            asyncio.create_task(self._watch(), name="health"),
            asyncio.create_task(self._every(self.settings.incoming_every_s, self.incoming.take_in), name="incoming"),
            asyncio.create_task(self._every(tidy_every_s, self.intake.tidy), name="tidy"),
            asyncio.create_task(self._every(FRESH_EVERY_S, self.intake.fresh.make_known), name="fresh documents"),
            asyncio.create_task(self._every(tidy_every_s, self._let_go), name="retention"),
            asyncio.create_task(self._every(RECEPTION_EVERY_S, self._take_in_left), name="reception"),
            asyncio.create_task(self._every(ARCHIVE_EVERY_S, self.archive.look), name="archive"),
            asyncio.create_task(self.providers.run(self.dispatcher.enrol), name="providers"),
        ]
        greeting = partial(store_events.emit, kind="service-started", job=None, text="The fax server has started")
        try:
            await self.store.run(greeting)
        except FaxError as error:
            # A full disk is no reason not to start; it is told wherever it matters.
            log.error("Nobody could be told that we start: %s", error)

    async def _forget_begun(self) -> None:
        try:
            await self.store.run(store_archive_send.forget_all)
        except FaxError as error:
            log.error("What was begun of the archive's faxes cannot be let go of: %s", error)

    async def wind_down(self) -> None:
        """Say goodbye to who follows; they end by themselves then."""
        goodbye = partial(store_events.emit, kind="service-ended", job=None, text="The fax server is ending")
        try:
            await asyncio.wait_for(self.store.run(goodbye), GOODBYE_S)
        except (FaxError, TimeoutError) as error:
            log.warning("Nobody could be told that we end: %s", error)
        self.news.close()

    async def stop(self) -> None:
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self.mailbox.stop()
        await self.dispatcher.stop()
        await self.routing.stop()
        await self.extensions.stop()
        await asyncio.to_thread(self.preparation.stop)
        try:
            await asyncio.to_thread(self.intake.close)
        except (FaxError, OSError) as error:
            log.error("Documents that were handed in are not known to the next daemon: %s", error)
        await asyncio.to_thread(self.nursery.close)

    async def _watch(self) -> None:
        floor = self.live.configuration.free_floor_octets
        changed = asyncio.Event()

        def look_at_once() -> None:
            nonlocal floor
            if self.live.configuration.free_floor_octets != floor:
                floor = self.live.configuration.free_floor_octets
                changed.set()

        self.live.listen(look_at_once)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.health.pause_s):
                    await changed.wait()
            changed.clear()
            before = self.health.state.troubles
            if (await asyncio.to_thread(self.health.look)).troubles != before:
                self.dispatcher.wake()

    async def _every(self, pause_s: float, chore: Callable[[], None]) -> None:
        while True:
            try:
                await asyncio.to_thread(chore)
            except Exception:
                log.exception("A chore failed; it is tried again")
            await asyncio.sleep(pause_s)

    def _let_go(self) -> None:
        now = self.live.configuration
        ages = Ages(
            sent_days=now.sent_keep_days,
            unsent_days=now.dirty_days,
            events_days=now.events_keep_days,
            records_days=now.records_keep_days,
        )
        self.retention.tidy(ages)
        old = datetime.now(UTC) - timedelta(days=now.events_keep_days)
        forget = partial(store_mail.forget, before=old, limit=MAILS_AT_ONCE)
        while self.store.call(forget) == MAILS_AT_ONCE:
            pass
        self.archive.clean()

    def _take_in_left(self) -> None:
        """Calls of ports that are no longer there."""
        self.reception.look([name for name, port in list(self.dispatcher.ports.items()) if port.settings is not None])

    def _tidy_covers(self) -> None:
        """Set cover pages aside that no job has: a crash left them, or the database was lost. What was let go of is on
        the list of waste and goes by itself."""
        known = self.store.call(store_pages.cover_files) | self.store.call(store_waste.covers)
        for path in (self.spool.root / "covers").iterdir():
            if self.spool.relative(path) not in known:
                self.spool.set_aside(path, "no fax has this cover page")
                log.warning("Set %s aside: no fax has this cover page", path.name)


def _secrets(settings: Settings) -> tuple[Path, ...]:
    """Files outside the spool that no code of others may read."""
    key = settings.listener.key if settings.listener is not None else None
    return () if key is None else (key,)
