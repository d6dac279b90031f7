"""The FaxStatus object: what one device is doing, as it was when it was asked last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from winfax.com import got
from winfax.constants import JT_RECEIVE, JT_SEND, PORT_OPEN_QUERY
from winfax.device_texts import device_text
from winfax.handles import FaxClose, FaxOpenPort, ServerHandle
from winfax.ports import FaxGetDeviceStatus

__all__ = ["FaxStatus"]


class FaxStatus:
    """Made by ``FaxPort.GetStatus``. Times are aware and in UTC; None: there is none."""

    def __init__(self, server: ServerHandle, device: int) -> None:
        self._server = server
        self._device = device
        self.Refresh()

    def Refresh(self) -> None:
        """Ask the server anew. Right: FAX_PORT_QUERY."""
        port = got(FaxOpenPort(self._server, self._device, PORT_OPEN_QUERY))
        try:
            self._status = got(FaxGetDeviceStatus(port))
            self._asked = datetime.now(UTC)
        finally:
            FaxClose(port)

    @property
    def Address(self) -> str:
        """The number dialled."""
        return self._status.PhoneNumber or ""

    @property
    def CallerId(self) -> str:
        """Who calls, as the telephone network says."""
        return self._status.CallerId or ""

    @property
    def Csid(self) -> str:
        return self._status.Csid or ""

    @property
    def CurrentPage(self) -> int:
        """The page that goes out, from 1; 0: not available."""
        return self._status.CurrentPage if self.Send else 0

    @property
    def Description(self) -> str:
        """What the device is doing."""
        return device_text(self._status.Status)

    @property
    def DeviceId(self) -> int:
        return self._status.DeviceId

    @property
    def DeviceName(self) -> str:
        return self._status.DeviceName or ""

    @property
    def DocumentName(self) -> str:
        return self._status.DocumentName or ""

    @property
    def DocumentSize(self) -> int:
        """Octets."""
        return self._status.Size

    @property
    def ElapsedTime(self) -> timedelta:
        """Since the call began; zero without one."""
        started = self.StartTime
        return max(self._asked - started, timedelta()) if started else timedelta()

    @property
    def PageCount(self) -> int:
        return self._status.TotalPages

    @property
    def Receive(self) -> bool:
        """Whether it is receiving."""
        return self._status.JobType == JT_RECEIVE

    @property
    def RecipientName(self) -> str:
        """Only while it receives."""
        return (self._status.RecipientName or "") if self.Receive else ""

    @property
    def RoutingString(self) -> str:
        """``CanonicalNumber|AdditionalRoutingInfo``; only while it receives."""
        return (self._status.RoutingString or "") if self.Receive else ""

    @property
    def Send(self) -> bool:
        """Whether it is sending."""
        return self._status.JobType == JT_SEND

    @property
    def SenderName(self) -> str:
        """Only while it sends."""
        return (self._status.SenderName or "") if self.Send else ""

    @property
    def StartTime(self) -> datetime | None:
        return self._status.StartTime.to_datetime()

    @property
    def SubmittedTime(self) -> datetime | None:
        """Only while it sends."""
        return self._status.SubmittedTime.to_datetime() if self.Send else None

    @property
    def Tsid(self) -> str:
        return self._status.Tsid or ""
