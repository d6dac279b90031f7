"""The daemon on its sockets, from start to SIGTERM.

What always holds: nothing listens before everything that the last daemon left has been taken up; when we end, requests
are finished first.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial

from spooler import logs, peer, tls
from spooler.api import application
from spooler.daemon import Daemon
from spooler.notify import keep_alive, notify, watchdog_s
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store, Transaction

log = logging.getLogger(__name__)
THREADS = 16
CERTIFICATE_EVERY_S = 30.0


class SocketError(Exception):
    """The socket cannot be made. The text is for the administrator."""


async def serve(settings: Settings, spool: Spool, store: Store) -> None:
    """Run the daemon until SIGTERM or SIGINT; at SIGHUP the certificate is read again.

    Raises SocketError, ListenerError; OSError and FaxError when the spool fails before anything listens.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="worker"))
    daemon = Daemon(settings, spool, store)
    logs.set_levels(daemon.live.levels)
    daemon.live.listen(lambda: logs.set_levels(daemon.live.levels))
    app = application(daemon)
    certificate = _certificate(settings)
    servers = [peer.server(app)]
    if settings.listener is not None:
        servers.append(peer.server(app, tls=None if certificate is None else certificate.context))

    ending: list[asyncio.Task[None]] = []

    async def wind_down() -> None:
        await daemon.wind_down()
        for server in servers:
            server.should_exit = True

    def end() -> None:
        if not ending:
            log.info("Ending; calls go on")
            notify("STOPPING=1", "STATUS=Ending; calls go on")
            ending.append(asyncio.create_task(wind_down(), name="wind down"))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, partial(_reload, loop, certificate))
    chores = [asyncio.create_task(_look(certificate))] if certificate is not None else []
    if (every_s := watchdog_s()) is not None:
        chores.append(asyncio.create_task(keep_alive(every_s, lambda: store.run(_nothing))))
    # All that is made here stays: looking through it for garbage again and again would be the longer part of it.
    gc.disable()
    try:
        await daemon.start()
    finally:
        gc.enable()
    try:
        with _listening(settings) as listeners:
            log.info("Ready on %s", settings.socket)
            notify("READY=1", f"STATUS=Ready on {settings.socket}, {len(settings.ports)} line(s)")
            await asyncio.gather(*(server.serve([on]) for server, on in zip(servers, listeners, strict=True)))
    finally:
        for chore in chores:
            chore.cancel()
        await daemon.stop()


def _certificate(settings: Settings) -> tls.Certificate | None:
    about = settings.listener
    if about is None or about.plain or about.certificate is None or about.key is None:
        return None
    return tls.Certificate(about.certificate, about.key)


def _reload(loop: asyncio.AbstractEventLoop, certificate: tls.Certificate | None) -> None:
    if certificate is not None:
        loop.run_in_executor(None, certificate.reload)


async def _look(certificate: tls.Certificate) -> None:
    while True:
        await asyncio.sleep(CERTIFICATE_EVERY_S)
        await asyncio.to_thread(certificate.look)


def _nothing(tx: Transaction) -> None:
    """Whether the database's thread does its work is what this is run for."""


@contextmanager
def _listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """The sockets, in the order of their servers."""
    made: list[socket.socket] = []
    try:
        if settings.listener is not None:
            made.append(tls.listen(settings.listener))
            log.info("Listening on %s port %d", *made[0].getsockname()[:2])
        try:
            made.insert(0, peer.listen(settings.socket, settings.socket_mode))
        except OSError as error:
            text = f"The socket {settings.socket} cannot be made: {error.strerror or error}"
            raise SocketError(text) from error
        yield made
    finally:
        for each in made:
            each.close()
        with suppress(OSError):
            settings.socket.unlink()
