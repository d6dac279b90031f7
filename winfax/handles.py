"""Server handles and port handles, and FaxClose.

What always holds: NULL is None, and a bad parameter; what is no handle of the right kind, or is closed, is an invalid
handle; every request behind a handle is checked by the server anew. A port handle that may change its port holds the
server's lease of it, which ends with the handle or with the program.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fax.errors import Cause
from winfax import constants as c
from winfax.errors import SetLastError, WinFaxError, attempt, bad_parameter, done

__all__ = [
    "FaxAccessCheck",
    "FaxClose",
    "FaxConnectFaxServer",
    "FaxOpenPort",
]

if TYPE_CHECKING:
    from fax.client import Client
    from fax.client_settings import PortLease

LOCAL_NAMES = ("", ".", "localhost")


class _Handle:
    def __init__(self, client: Client, remote: bool) -> None:
        self.client = client
        self.remote = remote
        self.closed = False

    def close(self) -> None:
        self.closed = True


class ServerHandle(_Handle):
    """A connection to the fax server. ``remote``: it is not on this machine ($PLATEN_SOCKET says https://...)."""

    def require(self, mask: int) -> None:
        """That the user has these rights. Raises WinFaxError ERROR_ACCESS_DENIED, and FaxError."""
        answer = self.client.access_check(mask)
        if not answer.granted:
            text = f"{answer.user} does not have the right {' and '.join(answer.missing)}"
            raise WinFaxError(c.ERROR_ACCESS_DENIED, text)


class PortHandle(_Handle):
    """One port. ``flags``: PORT_OPEN_QUERY or PORT_OPEN_MODIFY; with the latter there is a ``lease``."""

    def __init__(self, server: ServerHandle, id: int, flags: int, lease: PortLease | None) -> None:
        super().__init__(server.client, server.remote)
        self.id = id
        self.flags = flags
        self.lease = lease

    def close(self) -> None:
        super().close()
        if self.lease is not None:
            self.lease.close()


Handle = ServerHandle | PortHandle | None


def server_of(handle: object) -> ServerHandle:
    """Raises WinFaxError."""
    if handle is None:
        raise bad_parameter("FaxHandle is NULL")
    if not isinstance(handle, ServerHandle) or handle.closed:
        raise WinFaxError(c.ERROR_INVALID_HANDLE, "FaxHandle is not an open handle of a fax server")
    return handle


def port_of(handle: object) -> PortHandle:
    """Raises WinFaxError."""
    if handle is None:
        raise bad_parameter("FaxPortHandle is NULL")
    if not isinstance(handle, PortHandle) or handle.closed:
        raise WinFaxError(c.ERROR_INVALID_HANDLE, "FaxPortHandle is not an open handle of a port")
    return handle


def default_client() -> Client:
    """The client of the server that $PLATEN_SOCKET names, else of this machine's."""
    from fax.client import Client

    return Client()


def FaxConnectFaxServer(MachineName: str | None = None) -> tuple[bool, ServerHandle | None]:
    """``ok, FaxHandle``: connect to this machine's fax server, or the one that $PLATEN_SOCKET names.

    Fails: ERROR_INVALID_PARAMETER (MachineName is another machine), ERROR_ACCESS_DENIED (the server takes nothing
    from this user), RPC_S_SERVER_UNAVAILABLE (it does not answer).
    """

    def act() -> ServerHandle:
        name = (MachineName or "").strip("\\").lower()
        host = os.uname().nodename.lower()
        if name not in (*LOCAL_NAMES, host, host.partition(".")[0]):
            raise bad_parameter(f"{MachineName} is another machine; a program connects to its own only")
        client = default_client()
        client.access_check()
        return ServerHandle(client, remote=not isinstance(client.server, os.PathLike))

    handle = attempt(act)
    return handle is not None, handle


def FaxClose(FaxHandle: Handle) -> bool:
    """Close a server or port handle. Events of a queue that was initialised with it go on.

    Fails: ERROR_INVALID_HANDLE. No right is asked for: one's own handle is never refused.
    """

    def act() -> None:
        if not isinstance(FaxHandle, _Handle) or FaxHandle.closed:
            raise WinFaxError(c.ERROR_INVALID_HANDLE, "This is not an open handle")
        FaxHandle.close()

    return done(act)


def FaxAccessCheck(FaxHandle: Handle, AccessMask: int) -> bool:
    """Whether the user has all rights of the mask. False with last error 0: no; with another: it was not found out."""

    def act() -> bool:
        handle = server_of(FaxHandle)
        if AccessMask & ~c.FAX_ALL_ACCESS:
            # No account has a right that there is not.
            return False
        return handle.client.access_check(AccessMask).granted

    granted = attempt(act)
    if granted is False:
        SetLastError(c.ERROR_SUCCESS)
    return granted is True


def FaxOpenPort(FaxHandle: Handle, DeviceId: int, Flags: int) -> tuple[bool, PortHandle | None]:
    """``ok, FaxPortHandle``: open a port to read (PORT_OPEN_QUERY), or to read and change it (PORT_OPEN_MODIFY).

    Right: FAX_PORT_QUERY; with PORT_OPEN_MODIFY also FAX_PORT_SET. Fails: ERROR_ACCESS_DENIED; ERROR_INVALID_HANDLE
    (somebody has it open to change it); ERROR_BAD_UNIT (no such device); ERROR_INVALID_PARAMETER (NULL, no such flag).
    """

    def act() -> PortHandle:
        server = server_of(FaxHandle)
        if not isinstance(Flags, int) or not Flags or Flags & ~(c.PORT_OPEN_QUERY | c.PORT_OPEN_MODIFY):
            raise bad_parameter("Flags are PORT_OPEN_QUERY, PORT_OPEN_MODIFY or both")
        if not isinstance(DeviceId, int):
            raise bad_parameter("DeviceId is a number")
        if not 0 < DeviceId < 1 << 31:
            raise WinFaxError(c.ERROR_BAD_UNIT, f"There is no device {DeviceId}")
        server.client.port(DeviceId)
        lease = server.client.lease_port(DeviceId) if Flags & c.PORT_OPEN_MODIFY else None
        return PortHandle(server, DeviceId, Flags, lease)

    handle = attempt(act, {Cause.BAD_REQUEST: c.ERROR_BAD_UNIT})
    return handle is not None, handle
