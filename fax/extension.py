"""The routing contract: what an extension module exports and what it is given, named as in the Windows fax service.

A module exports ``FaxRouteInitialize``, a function for each of its methods, ``FaxRouteDeviceEnable``,
``FaxRouteDeviceChangeNotification``, ``FaxRouteGetRoutingInfo`` and ``FaxRouteSetRoutingInfo``: docs/extensions.md.
Out-parameters are returned: a function with any gives ``(True, value)``, and ``False`` or an exception when it fails;
``SetLastError`` says why.

What always holds: importing this needs nothing but the standard library, and no daemon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

ERROR_SUCCESS = 0
ERROR_FILE_NOT_FOUND = 2
ERROR_ACCESS_DENIED = 5
ERROR_INVALID_DATA = 13
ERROR_NOT_SUPPORTED = 50
ERROR_INVALID_PARAMETER = 87
ERROR_BAD_CONFIGURATION = 1610

QUERY_STATUS = -1
STATUS_DISABLE = 0
STATUS_ENABLE = 1

MS_FAXROUTE_EMAIL_GUID = "{6bbf7bfe-9af2-11d0-abf7-00c04fd91a4e}"
MS_FAXROUTE_FOLDER_GUID = "{92041a90-9af2-11d0-abf7-00c04fd91a4e}"
MS_FAXROUTE_PRINTING_GUID = "{aec1b37c-9af2-11d0-abf7-00c04fd91a4e}"

REQUIRED_EXPORTS = (
    "FaxRouteInitialize",
    "FaxRouteDeviceEnable",
    "FaxRouteDeviceChangeNotification",
    "FaxRouteGetRoutingInfo",
    "FaxRouteSetRoutingInfo",
)
"""Besides a function for each method that is registered."""

_last = threading.local()


def SetLastError(dwErrCode: int, text: str = "") -> None:
    """Say why the function that is about to fail fails: a Win32 number, and a text for people."""
    _last.code, _last.text = dwErrCode, text


def GetLastError() -> int:
    """What was said last on this thread."""
    return int(getattr(_last, "code", ERROR_SUCCESS))


def last_error_text() -> str:
    """The text that was said with it."""
    return str(getattr(_last, "text", ""))


@dataclass(kw_only=True)
class FAX_ROUTE:
    """A received fax, as a method is given it. Texts that are not known are empty."""

    SizeOfStruct: int = 112
    JobId: int
    ElapsedTime: int  # of the reception, in units of 100 ns
    ReceiveTime: int  # its start: units of 100 ns since 1601-01-01 UTC (FILETIME)
    PageCount: int
    Csid: str = ""
    Tsid: str = ""
    CallerId: str = ""
    RoutingInfo: str = ""  # where it is to go, as the far end or the device said: a sub-address, dialled digits
    ReceiverName: str = ""  # whom it is for, as far as the device knows
    ReceiverNumber: str = ""  # as the device says, else the number that was called, else our identifier
    DeviceName: str = ""
    DeviceId: int = 0
    RoutingInfoData: bytes = b""  # the method's own data for this device
    RoutingInfoDataSize: int = 0
    DeliveryId: str = ""  # ours: the same in every try, so that who gets a fax twice can tell


FileEnumerator = Callable[[int, str, "str | None", str, object], object]
"""``(JobId, GuidOwner, GuidCaller, FileName, Context)``; what it gives is true to go on."""


@dataclass(frozen=True, kw_only=True)
class FAX_ROUTE_CALLBACKROUTINES:
    """What the service offers an extension. All of them are for the fax that is being routed, while it is."""

    SizeOfStruct: int = 48
    FaxRouteAddFile: Callable[[int, str, str], int]
    """``(JobId, FileName, Guid)``: add a file for the methods that come after; its number from 0, or -1."""
    FaxRouteDeleteFile: Callable[[int, str], int]
    """``(JobId, FileName)``: the number it had, or -1. The first file, the fax itself, stays."""
    FaxRouteGetFile: Callable[[int, int], tuple[bool, str]]
    """``(JobId, Index)``: whether there is such a file, and its name."""
    FaxRouteEnumFiles: Callable[[int, str | None, FileEnumerator, object], bool]
    """``(JobId, Guid, FileEnumerator, Context)``: calls the enumerator for each file."""
    FaxRouteModifyRoutingData: Callable[[int, str, bytes, int], bool]
    """``(JobId, RoutingGuid, RoutingData, RoutingDataSize)``: what a later method will find as its data, for this fax
    only."""
