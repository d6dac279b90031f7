"""Who is at the other end of the Unix socket, as the kernel says, and the HTTP server that passes it on.

What always holds: a request's ``state.peer`` is what SO_PEERCRED said when its connection was made.

Must not: decide what the peer may do (``access`` does).
"""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from spooler.spool import make_public

_UCRED = struct.Struct("3i")
LISTEN_BACKLOG = 1024


@dataclass(frozen=True)
class Peer:
    """A process at the other end."""

    pid: int
    uid: int
    gid: int


def user_name(uid: int) -> str:
    """The name of the user ``uid``, or the number as text. May ask the network; blocks."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


class PeerProtocol(H11Protocol):
    """uvicorn's HTTP with the peer's credentials in each request's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        self.app_state = {**self.app_state, "peer": Peer(*_UCRED.unpack(credentials))}


class PeerServer(uvicorn.Server):
    """uvicorn's server, with signals left to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: Any, graceful_s: int = 3) -> PeerServer:
    """A server for ``app``; serve it with ``await server.serve([listening socket])``."""
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=graceful_s,
        # A door that keeps its connection waits for the next thing; a dead one is noticed by the kernel.
        timeout_keep_alive=75,
    )
    return PeerServer(config)


def listen(path: Path, mode: int) -> socket.socket:
    """A listening Unix socket at ``path`` in place of what lies there. The caller is the only daemon. Raises OSError.

    The name appears only when the socket listens and has its mode: a client finds nobody or somebody, never half.
    """
    make_public(path.parent)
    temporary = path.with_name(path.name + ".new")
    with suppress(FileNotFoundError):
        temporary.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(temporary))
        temporary.chmod(mode)
        listener.listen(LISTEN_BACKLOG)
        temporary.rename(path)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
