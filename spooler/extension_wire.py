"""What the daemon and the process of a routing extension say to each other: frames over a socket pair.

A frame is four octets, its length in network order, and a msgpack value. The daemon asks, one question at a time; each
is answered by one ``Done``.

What always holds: both ends use these types and nothing else; a frame that is too long, breaks off or makes no sense
is a ``WireError``; whoever reads says how long it waits.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import TypeVar

import msgspec

FRAME_LIMIT = 1 << 20
DATA_LIMIT = 64 << 10  # of retry data and of a method's data
FILES_LIMIT = 32  # that a method may add to a fax
TEXT_LIMIT = 500

_HEAD = struct.Struct("!I")
T = TypeVar("T")


class WireError(Exception):
    """What comes is no frame of ours; the text says why."""


class GoneError(WireError):
    """The other end has closed."""


class LateError(WireError):
    """Nothing came in time."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the fax's list. ``name``: its path for the extension; ``owner``: GUID of the method that added it."""

    number: int
    name: str
    owner: str


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Load the module and call FaxRouteInitialize. ``denied``, ``allowed``: see ``sandbox.confine``."""

    image: str
    functions: tuple[str, ...]
    work: str
    denied: tuple[str, ...]
    memory_octets: int


class Route(msgspec.Struct, frozen=True, kw_only=True, tag="route"):
    """Call a method's function. ``facts``: of FAX_ROUTE by name; ``folder``: for files that it adds."""

    function: str
    guid: str
    facts: dict[str, int | str]
    data: bytes
    retry_data: bytes
    files: tuple[File, ...]
    folder: str


class Enable(msgspec.Struct, frozen=True, kw_only=True, tag="enable"):
    guid: str
    device: int
    enabled: int


class Device(msgspec.Struct, frozen=True, kw_only=True, tag="device"):
    device: int
    new: bool


class GetInfo(msgspec.Struct, frozen=True, kw_only=True, tag="get"):
    guid: str
    device: int


class SetInfo(msgspec.Struct, frozen=True, kw_only=True, tag="set"):
    guid: str
    device: int
    data: bytes


Question = Begin | Route | Enable | Device | GetInfo | SetInfo


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. ``why``: of a failure; ``code``: its last error; ``lasting``: the process is of no use any more."""

    ok: bool
    why: str = ""
    code: int = 0
    data: bytes = b""  # retry data, or a method's data
    added: tuple[str, ...] = ()  # names in the folder of the question
    removed: tuple[int, ...] = ()
    changed: dict[str, bytes] = {}
    lasting: bool = False
    notes: tuple[str, ...] = ()  # for the log


def send(connection: socket.socket, value: Question | Done) -> None:
    """Raises OSError, WireError (too long)."""
    octets = msgspec.msgpack.encode(value)
    if len(octets) > FRAME_LIMIT:
        raise WireError(f"a frame of {len(octets)} octets")
    connection.sendall(_HEAD.pack(len(octets)) + octets)


def receive(connection: socket.socket, type: type[T], until: float | None) -> T:
    """The next frame. ``until``: monotonic seconds; None: for ever. Raises WireError, OSError."""
    (length,) = _HEAD.unpack(_exactly(connection, _HEAD.size, until))
    if length > FRAME_LIMIT:
        raise WireError(f"a frame of {length} octets")
    octets = _exactly(connection, length, until)
    try:
        return msgspec.msgpack.decode(octets, type=type)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"a frame that makes no sense: {error}") from error


def _exactly(connection: socket.socket, count: int, until: float | None) -> bytes:
    found = b""
    while len(found) < count:
        if until is not None:
            left = until - time.monotonic()
            if left <= 0:
                raise LateError("no answer in time")
            connection.settimeout(left)
        try:
            piece = connection.recv(count - len(found))
        except TimeoutError:
            raise LateError("no answer in time") from None
        if not piece:
            raise GoneError("the connection ended")
        found += piece
    return found
