"""The control socket of a port process: JSON lines in, JSON lines out, beside a call and never in its way.

What always holds: nothing here waits; a client that sends nonsense, too much, or does not take its answers loses its
connection and nothing else happens; whoever may open the socket (its owner and root) may do everything.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from modem.port.address import listen
from modem.port.loop import Watch
from modem.port.messages import LINE_LIMIT, Reply, Request

CONNECTIONS_LIMIT = 16

log = logging.getLogger(__name__)


class ControlServer:
    """Answers requests by ``handle``, which must return at once."""

    def __init__(self, path: Path, handle: Callable[[Request], Reply]) -> None:
        """Raises OSError. The caller holds the port's lock."""
        self.path = path
        self._handle = handle
        self._listener = listen(path)
        self._connections: dict[int, tuple[socket.socket, bytes]] = {}

    @property
    def watches(self) -> list[Watch]:
        room = len(self._connections) < CONNECTIONS_LIMIT
        watches = [Watch(self._listener.fileno(), self._accept)] if room else []
        return watches + [Watch(fd, self._reader(fd)) for fd in self._connections]

    def close(self) -> None:
        for fd in list(self._connections):
            self._drop(fd)
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def _accept(self, readable: bool, writable: bool) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # the client has gone again, or we are out of descriptors
        connection.setblocking(False)
        self._connections[connection.fileno()] = connection, b""

    def _reader(self, fd: int) -> Callable[[bool, bool], None]:
        return lambda readable, writable: self._read(fd)

    def _read(self, fd: int) -> None:
        connection, waiting = self._connections[fd]
        try:
            octets = connection.recv(LINE_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        *lines, waiting = (waiting + octets).split(b"\n")
        if not octets or len(waiting) > LINE_LIMIT or not all(self._answer(connection, line) for line in lines):
            self._drop(fd)
            return
        self._connections[fd] = connection, waiting

    def _answer(self, connection: socket.socket, line: bytes) -> bool:
        """Whether the client took the whole answer."""
        try:
            reply = self._handle(msgspec.json.decode(line, type=Request))
        except msgspec.DecodeError as error:
            reply = Reply(error=f"not a request: {error}")
        except Exception as error:
            log.exception("a request failed: %r", line[:500])
            reply = Reply(error=f"internal fault: {error}")
        octets = msgspec.json.encode(reply) + b"\n"
        try:
            return connection.send(octets) == len(octets)
        except OSError:
            return False

    def _drop(self, fd: int) -> None:
        connection, _ = self._connections.pop(fd)
        connection.close()
