"""Addresses of Unix sockets in folders whose path may be longer than a socket's address can be (107 octets).

What always holds: the folder is reached through a descriptor under ``/proc/self/fd`` when its path is too long, and
the descriptor is closed afterwards.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ADDRESS_LIMIT = 107


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """An address for ``bind`` or ``connect`` that means ``path``, valid inside the block. Raises OSError."""
    plain = str(path)
    if len(os.fsencode(plain)) <= ADDRESS_LIMIT:
        yield plain
        return
    fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)


def listen(path: Path) -> socket.socket:
    """A non-blocking listening socket at ``path``, replacing what is left there; for its owner only. Raises OSError.

    The caller holds the lock that makes it the only one to listen here.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old_mask = os.umask(0o177)
    try:
        with socket_address(path) as address:
            listener.bind(address)
        listener.listen(64)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(old_mask)
    return listener


def connect(path: Path, timeout_s: float) -> socket.socket:
    """A connected socket with ``timeout_s`` on each operation. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        with socket_address(path) as address:
            connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection
