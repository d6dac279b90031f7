"""The way to the nursery (``backend.nursery``): a worker that is quicker than one of our own.

What always holds: nothing is handed to a process of another user than ours or root's; where the nursery is not there or
does not take the job, the caller is told so before anything has happened.

Must not: import more than it needs; ``_socket`` is the part of ``socket`` that costs nothing.
"""

from __future__ import annotations

import _socket
import os

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    from collections.abc import Sequence

    from backend.waking import Waking

DOOR = "/run/platen-door/socket"
DOOR_LIMIT_OCTETS = 128 * 1024
STOP = b"T"
"""What is said to the worker on SIGTERM."""
TIMEOUT_S = 2.0


class Nursed:
    """A worker in the nursery."""

    def __init__(self, connection: _socket.socket) -> None:
        self._connection = connection

    def stop(self) -> None:
        """Ask it to end. It may have ended already."""
        try:
            self._connection.send(STOP)
        except OSError:
            return

    def wait(self, waking: Waking) -> int | None:
        """Its exit code; None when it died."""
        while not waking.wait(self._connection.fileno()):
            pass
        try:
            code = self._connection.recv(1)
        except OSError:
            return None
        return code[0] if code else None


def nursed(argv: Sequence[str], data: int, chance: str, channel: int | None = None) -> Nursed | None:
    """A worker for this job, or None. ``data``: the file for what comes on stdin; ``channel``: CUPS' back channel."""
    path = os.environ.get("PLATEN_DOOR") or DOOR
    handles = [0, 2, data, *([] if channel is None else [channel])]
    fields = [str(_umask()), chance, str(len(argv)), *argv]
    message = b"\0".join(
        [*(os.fsencode(item) for item in fields), *(name + b"=" + value for name, value in os.environb.items())]
    )
    if len(message) > DOOR_LIMIT_OCTETS:
        return None
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    try:
        connection.settimeout(TIMEOUT_S)
        connection.connect(path)
        if peer(connection) not in (0, os.geteuid()):
            return None
        rights = b"".join(handle.to_bytes(4, "little") for handle in handles)
        connection.sendmsg([message], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
        if connection.recv(1) != b"W":
            return None  # it ended before it had a worker
        connection.settimeout(None)
    except OSError:
        return None
    return Nursed(connection)


def understood(message: bytes) -> tuple[int, str, list[str], dict[bytes, bytes]]:
    """What ``nursed`` sent: umask, chance, argv, environment. Raises ValueError, IndexError."""
    umask, chance, count, *rest = message.split(b"\0")
    argv = [os.fsdecode(item) for item in rest[: int(count)]]
    environment: dict[bytes, bytes] = {}
    for item in rest[int(count) :]:
        name, _, value = item.partition(b"=")
        environment[name] = value
    return int(umask), chance.decode("ascii"), argv, environment


def peer(connection: _socket.socket) -> int:
    """The user at the other end of a Unix socket."""
    octets = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return int.from_bytes(octets[4:8], "little")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
