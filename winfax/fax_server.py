"""The FaxServer object: the connection, the server's settings, and the way to documents, jobs and ports.

What always holds: every property asks the server when it is read, and acts at once when it is assigned; all else of
the settings stays as it is. Before ``Connect`` and after ``Disconnect`` everything fails (ERROR_INVALID_HANDLE).
"""

from __future__ import annotations

from typing import Any

from winfax.com import checked, failure, got
from winfax.configuration import FaxGetConfiguration, FaxSetConfiguration
from winfax.constants import ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER
from winfax.errors import done
from winfax.fax_doc import FaxDoc
from winfax.fax_job import FaxJob, FaxJobs
from winfax.fax_port import FaxPort, FaxPorts
from winfax.handles import FaxClose, FaxConnectFaxServer, ServerHandle
from winfax.jobs import FaxEnumJobs
from winfax.ports import FaxEnumPorts
from winfax.structures import FAX_CONFIGURATION

__all__ = ["FaxServer"]

_LONG_MOST = (1 << 31) - 1
_DWORD = 1 << 32


class FaxServer:
    def __init__(self) -> None:
        self._handle: ServerHandle | None = None

    def Connect(self, ServerName: str | None = None) -> None:
        """Connect to this machine's fax server (None, "" or its own name). com_error: another machine, or no answer."""
        handle = got(FaxConnectFaxServer(ServerName))
        if self._handle is not None:
            FaxClose(self._handle)
        self._handle = handle

    def Disconnect(self) -> None:
        """End the connection. com_error: there is none."""
        checked(FaxClose(self._connected()))
        self._handle = None

    def CreateDocument(self, FileName: str) -> FaxDoc:
        """A fax to be sent: the file, with the sender as this user's profile says."""
        return FaxDoc(self._connected(), FileName)

    def GetJobs(self) -> FaxJobs:
        """The queue as it is now. Right: FAX_JOB_QUERY."""
        ok, entries, _ = FaxEnumJobs(self._connected())
        checked(ok)
        return FaxJobs([FaxJob(self._connected(), entry) for entry in entries or ()])

    def GetPorts(self) -> FaxPorts:
        """The ports as they are now. Right: FAX_PORT_QUERY."""
        ok, ports, _ = FaxEnumPorts(self._connected())
        checked(ok)
        return FaxPorts([FaxPort(self._connected(), port) for port in ports or ()])

    @property
    def ArchiveDirectory(self) -> str:
        """The folder for copies of sent faxes, on the server. Assigned before ``ArchiveOutboundFaxes`` is."""
        return self._settings().ArchiveDirectory or ""

    @ArchiveDirectory.setter
    def ArchiveDirectory(self, folder: str) -> None:
        # FAX_CONFIGURATION has no folder while nothing is archived, but it is said first.
        client = self._connected().client
        checked(done(lambda: client.change_configuration({"archive_folder": folder})))

    @property
    def ArchiveOutboundFaxes(self) -> bool:
        """Whether copies of sent faxes are kept."""
        return bool(self._settings().ArchiveOutgoingFaxes)

    @ArchiveOutboundFaxes.setter
    def ArchiveOutboundFaxes(self, wanted: bool) -> None:
        self._change(ArchiveOutgoingFaxes=bool(wanted))

    @property
    def Branding(self) -> bool:
        """Whether outgoing pages have a line with identifier, time and page at their head."""
        return bool(self._settings().Branding)

    @Branding.setter
    def Branding(self, wanted: bool) -> None:
        self._change(Branding=bool(wanted))

    @property
    def DirtyDays(self) -> int:
        """Days that unsent faxes are kept; -1: for ever."""
        days = self._settings().DirtyDays
        return days if days <= _LONG_MOST else days - _DWORD

    @DirtyDays.setter
    def DirtyDays(self, days: int) -> None:
        self._change(DirtyDays=_number(days, -1, _LONG_MOST) % _DWORD)

    @property
    def DiscountRateStartHour(self) -> int:
        """Where the discount period begins, on the server's clock."""
        return self._settings().StartCheapTime.Hour

    @DiscountRateStartHour.setter
    def DiscountRateStartHour(self, hour: int) -> None:
        self._change_time("StartCheapTime", "Hour", _number(hour, 0, 23))

    @property
    def DiscountRateStartMinute(self) -> int:
        return self._settings().StartCheapTime.Minute

    @DiscountRateStartMinute.setter
    def DiscountRateStartMinute(self, minute: int) -> None:
        self._change_time("StartCheapTime", "Minute", _number(minute, 0, 59))

    @property
    def DiscountRateEndHour(self) -> int:
        """Where the discount period ends; earlier than its start: on the next day."""
        return self._settings().StopCheapTime.Hour

    @DiscountRateEndHour.setter
    def DiscountRateEndHour(self, hour: int) -> None:
        self._change_time("StopCheapTime", "Hour", _number(hour, 0, 23))

    @property
    def DiscountRateEndMinute(self) -> int:
        return self._settings().StopCheapTime.Minute

    @DiscountRateEndMinute.setter
    def DiscountRateEndMinute(self, minute: int) -> None:
        self._change_time("StopCheapTime", "Minute", _number(minute, 0, 59))

    @property
    def PauseServerQueue(self) -> bool:
        """Whether outgoing faxes wait."""
        return bool(self._settings().PauseServerQueue)

    @PauseServerQueue.setter
    def PauseServerQueue(self, wanted: bool) -> None:
        self._change(PauseServerQueue=bool(wanted))

    @property
    def Retries(self) -> int:
        """Tries after the first that failed; 0: none."""
        return self._settings().Retries

    @Retries.setter
    def Retries(self, count: int) -> None:
        self._change(Retries=_number(count, 0, _LONG_MOST))

    @property
    def RetryDelay(self) -> int:
        """Minutes between tries; 0: at once."""
        return self._settings().RetryDelay

    @RetryDelay.setter
    def RetryDelay(self, minutes: int) -> None:
        self._change(RetryDelay=_number(minutes, 0, _LONG_MOST))

    @property
    def ServerCoverpage(self) -> bool:
        """Whether only the server's cover pages may be used."""
        return bool(self._settings().ServerCp)

    @ServerCoverpage.setter
    def ServerCoverpage(self, wanted: bool) -> None:
        self._change(ServerCp=bool(wanted))

    @property
    def ServerMapiProfile(self) -> str:
        """The mail profile."""
        return self._settings().Reserved or ""

    @ServerMapiProfile.setter
    def ServerMapiProfile(self, profile: str) -> None:
        self._change(Reserved=profile)

    @property
    def UseDeviceTsid(self) -> bool:
        """Whether the device's identifier counts before a fax's own."""
        return bool(self._settings().UseDeviceTsid)

    @UseDeviceTsid.setter
    def UseDeviceTsid(self, wanted: bool) -> None:
        self._change(UseDeviceTsid=bool(wanted))

    def _connected(self) -> ServerHandle:
        if self._handle is None:
            raise failure(ERROR_INVALID_HANDLE, "Connect comes first")
        return self._handle

    def _settings(self) -> FAX_CONFIGURATION:
        return got(FaxGetConfiguration(self._connected()))

    def _change(self, **members: Any) -> None:
        settings = self._settings()
        for name, value in members.items():
            setattr(settings, name, value)
        checked(FaxSetConfiguration(self._connected(), settings))

    def _change_time(self, name: str, part: str, value: int) -> None:
        settings = self._settings()
        setattr(getattr(settings, name), part, value)
        checked(FaxSetConfiguration(self._connected(), settings))


def _number(value: int, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise failure(ERROR_INVALID_PARAMETER, f"{value!r} is not a whole number from {least} to {most}")
    return value
