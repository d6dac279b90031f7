"""What we tell the service manager: ready, alive, ending (sd_notify(3)).

What always holds: without $NOTIFY_SOCKET nothing is said; telling never waits and never fails.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


def notify(*lines: str) -> bool:
    """Tell the service manager ``READY=1``, ``STATUS=...`` and the like; whether it was told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or address[0] not in "/@":
        return False
    if address[0] == "@":
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as to:
            to.sendto("\n".join(lines).encode(), address)
    except OSError as error:
        log.warning("The service manager cannot be told: %s", error)
        return False
    return True


def watchdog_s() -> float | None:
    """How often the service manager wants to hear that we live; None: it does not."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        every_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return None
    return every_s if every_s > 0 else None


async def keep_alive(every_s: float, alive: Callable[[], Awaitable[object]]) -> None:
    """Say for ever that we live, as long as ``alive`` comes back in time; twice as often as it is wanted."""
    while True:
        try:
            await asyncio.wait_for(alive(), every_s / 2)
        except Exception as error:
            log.error("Not well: %s; the service manager is not told that we are", error or type(error).__name__)
        else:
            notify("WATCHDOG=1")
        await asyncio.sleep(every_s / 2)
