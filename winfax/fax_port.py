"""The FaxPorts collection and the FaxPort object: one telephone line.

What always holds: a FaxPort shows what it was told last; assigning a property changes the line at once, for which it is
opened with PORT_OPEN_MODIFY and closed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from winfax.com import Collection, checked, failure, got
from winfax.constants import ERROR_INVALID_PARAMETER, FPF_RECEIVE, FPF_SEND, PORT_OPEN_MODIFY, PORT_OPEN_QUERY
from winfax.fax_routing_method import FaxRoutingMethod, FaxRoutingMethods
from winfax.fax_status import FaxStatus
from winfax.handles import FaxClose, FaxOpenPort, PortHandle, ServerHandle
from winfax.ports import FaxGetPort, FaxSetPort
from winfax.routing import FaxEnumRoutingMethods
from winfax.structures import FAX_PORT_INFO

__all__ = ["FaxPort", "FaxPorts"]

_RINGS_MOST = 99


@contextmanager
def opened(server: ServerHandle, device: int, flags: int) -> Iterator[PortHandle]:
    """The port, open as long as the block lasts. Raises com_error."""
    handle = got(FaxOpenPort(server, device, flags))
    try:
        yield handle
    finally:
        FaxClose(handle)


class FaxPort:
    """Made by ``FaxPorts.Item``."""

    def __init__(self, server: ServerHandle, info: FAX_PORT_INFO) -> None:
        self._server = server
        self._info = info

    def GetStatus(self) -> FaxStatus:
        """What the device is doing now. Right: FAX_PORT_QUERY."""
        return FaxStatus(self._server, self.DeviceId)

    def GetRoutingMethods(self) -> FaxRoutingMethods:
        """The routing methods as this device has them. Right: FAX_PORT_QUERY."""
        with opened(self._server, self.DeviceId, PORT_OPEN_QUERY) as port:
            ok, methods, _ = FaxEnumRoutingMethods(port)
            checked(ok)
            return FaxRoutingMethods([FaxRoutingMethod(self._server, method) for method in methods or ()])

    @property
    def CanModify(self) -> bool:
        """Whether it could be opened to be changed right now: the right is there, and nobody else has it open so."""
        ok, port = FaxOpenPort(self._server, self.DeviceId, PORT_OPEN_MODIFY)
        if ok:
            FaxClose(port)
        return ok

    @property
    def DeviceId(self) -> int:
        return self._info.DeviceId

    @property
    def Name(self) -> str:
        return self._info.DeviceName or ""

    @property
    def Csid(self) -> str:
        """The identifier that callers are told; at most 20 printable ASCII characters."""
        return self._info.Csid or ""

    @Csid.setter
    def Csid(self, text: str) -> None:
        self._change(Csid=text)

    @property
    def Tsid(self) -> str:
        """The identifier that called machines are told; at most 20 printable ASCII characters."""
        return self._info.Tsid or ""

    @Tsid.setter
    def Tsid(self, text: str) -> None:
        self._change(Tsid=text)

    @property
    def Priority(self) -> int:
        """Rank among the ports for outgoing faxes, from 1."""
        return self._info.Priority

    @Priority.setter
    def Priority(self, rank: int) -> None:
        self._change(Priority=rank)

    @property
    def Receive(self) -> bool:
        """Whether it answers calls."""
        return bool(self._info.Flags & FPF_RECEIVE)

    @Receive.setter
    def Receive(self, wanted: bool) -> None:
        self._change_flag(FPF_RECEIVE, wanted)

    @property
    def Rings(self) -> int:
        """Rings before it answers, 1 to 99."""
        return self._info.Rings

    @Rings.setter
    def Rings(self, count: int) -> None:
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _RINGS_MOST:
            raise failure(ERROR_INVALID_PARAMETER, f"Rings are 1 to {_RINGS_MOST}")
        self._change(Rings=count)

    @property
    def Send(self) -> bool:
        """Whether faxes go out on it."""
        return bool(self._info.Flags & FPF_SEND)

    @Send.setter
    def Send(self, wanted: bool) -> None:
        self._change_flag(FPF_SEND, wanted)

    def _change_flag(self, flag: int, wanted: bool) -> None:
        with opened(self._server, self.DeviceId, PORT_OPEN_MODIFY) as port:
            info = got(FaxGetPort(port))
            info.Flags = info.Flags | flag if wanted else info.Flags & ~flag
            self._set(port, info)

    def _change(self, **members: object) -> None:
        with opened(self._server, self.DeviceId, PORT_OPEN_MODIFY) as port:
            info = got(FaxGetPort(port))
            for name, value in members.items():
                setattr(info, name, value)
            self._set(port, info)

    def _set(self, port: PortHandle, info: FAX_PORT_INFO) -> None:
        checked(FaxSetPort(port, info))
        self._info = got(FaxGetPort(port))


class FaxPorts(Collection[FaxPort]):
    """The ports as they were when ``FaxServer.GetPorts`` was called."""
