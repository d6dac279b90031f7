"""One turn of a single-threaded loop: wait for descriptors or a time, then call what is due.

What always holds: descriptors are served in the order given, so the one that matters most (the modem) comes first.
"""

from __future__ import annotations

import gc
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Watch:
    """Call ``act(readable, writable)`` when ``fd`` is ready. An error or hang-up counts as readable."""

    fd: int
    act: Callable[[bool, bool], None]
    read: bool = True
    write: bool = False


def turn(watches: Sequence[Watch], timeout_s: float | None) -> None:
    """Wait at most ``timeout_s`` seconds (None: for ever), then serve every descriptor that is ready."""
    poll = select.poll()
    for watch in watches:
        poll.register(watch.fd, (select.POLLIN if watch.read else 0) | (select.POLLOUT if watch.write else 0))
    milliseconds = None if timeout_s is None else max(0.0, timeout_s * 1000)
    ready = dict(poll.poll(milliseconds))
    for watch in watches:
        if events := ready.get(watch.fd):
            readable = bool(events & (select.POLLIN | select.POLLHUP | select.POLLERR | select.POLLNVAL))
            watch.act(readable, bool(events & select.POLLOUT))


def collector_off() -> None:
    """Before a call: no pause for the garbage collector within it."""
    gc.collect()
    gc.freeze()
    gc.disable()


def collector_on() -> None:
    gc.enable()
    gc.unfreeze()
