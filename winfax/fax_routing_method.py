"""The FaxRoutingMethods collection and the FaxRoutingMethod object: what becomes of faxes that a device receives."""

from __future__ import annotations

from winfax.com import Collection, checked, got
from winfax.constants import PORT_OPEN_MODIFY, PORT_OPEN_QUERY
from winfax.handles import FaxClose, FaxOpenPort, ServerHandle
from winfax.routing import FaxEnableRoutingMethod, FaxGetRoutingInfo
from winfax.structures import FAX_ROUTING_METHOD

__all__ = ["FaxRoutingMethod", "FaxRoutingMethods"]


class FaxRoutingMethod:
    """Made by ``FaxRoutingMethods.Item``."""

    def __init__(self, server: ServerHandle, method: FAX_ROUTING_METHOD) -> None:
        self._server = server
        self._method = method

    @property
    def Enable(self) -> bool:
        """Whether the device uses it. Assigning acts at once. Right: FAX_PORT_SET."""
        return bool(self._method.Enabled)

    @Enable.setter
    def Enable(self, wanted: bool) -> None:
        port = got(FaxOpenPort(self._server, self.DeviceId, PORT_OPEN_MODIFY))
        try:
            checked(FaxEnableRoutingMethod(port, self.Guid, bool(wanted)))
        finally:
            FaxClose(port)
        self._method.Enabled = bool(wanted)

    @property
    def DeviceId(self) -> int:
        return self._method.DeviceId

    @property
    def DeviceName(self) -> str:
        return self._method.DeviceName or ""

    @property
    def ExtensionName(self) -> str:
        return self._method.ExtensionFriendlyName or ""

    @property
    def FriendlyName(self) -> str:
        return self._method.FriendlyName or ""

    @property
    def FunctionName(self) -> str:
        return self._method.FunctionName or ""

    @property
    def Guid(self) -> str:
        return self._method.Guid or ""

    @property
    def ImageName(self) -> str:
        return self._method.ExtensionImageName or ""

    @property
    def RoutingData(self) -> str:
        """What the method keeps for this device, as text. Right: FAX_PORT_QUERY."""
        port = got(FaxOpenPort(self._server, self.DeviceId, PORT_OPEN_QUERY))
        try:
            ok, data, _ = FaxGetRoutingInfo(port, self.Guid)
            checked(ok)
        finally:
            FaxClose(port)
        return bytes(data or b"").decode("utf-8", "replace").rstrip("\0")


class FaxRoutingMethods(Collection[FaxRoutingMethod]):
    """The methods as they were when ``FaxPort.GetRoutingMethods`` was called."""
