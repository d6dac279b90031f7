"""Who is at the other end of a connection, as the kernel says, and the HTTP server that passes it on.

What always holds: a request's ``state.peer`` is what SO_PEERCRED said when its connection was made on the Unix socket;
over TCP, where the kernel knows nobody, it is an address.

Must not: decide what the peer may do (``access`` does).
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from ssl import SSLContext
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from spooler.spool import make_public

_UCRED = struct.Struct("3i")
LISTEN_BACKLOG = 1024


@dataclass(frozen=True)
class Peer:
    """A process at the other end."""

    pid: int
    uid: int
    gid: int


@dataclass(frozen=True)
class Remote:
    """Somewhere on the network: one address, or the part of an IPv6 address that one site has."""

    address: str


def remote(address: str) -> Remote:
    known = ip_address(address.partition("%")[0])
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return Remote(str(known.ipv4_mapped))
        return Remote(str(ip_network((known, 64), strict=False)))
    return Remote(str(known))


def _peer_of(transport: asyncio.Transport) -> Peer | Remote:
    connection = transport.get_extra_info("socket")
    if connection.family == socket.AF_UNIX:
        return Peer(*_UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)))
    return remote(transport.get_extra_info("peername")[0])


class PeerProtocol(HttpToolsProtocol):
    """uvicorn's HTTP with the peer's credentials in each request's state; quick, for users of this machine."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": _peer_of(transport)}


class RemoteProtocol(H11Protocol):
    """As ``PeerProtocol``, for the network: a head without end is cut off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "peer": _peer_of(transport)}


class PeerServer(uvicorn.Server):
    """uvicorn's server, with signals left to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: Any, graceful_s: int = 3, tls: SSLContext | None = None) -> PeerServer:
    """A server for ``app``; serve it with ``await server.serve([listening socket])``."""
    config = uvicorn.Config(
        app,
        http=PeerProtocol if tls is None else RemoteProtocol,
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
        proxy_headers=False,
    )
    config.load()
    config.ssl = tls
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
