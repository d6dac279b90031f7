"""The service provider contract: what a module that drives devices exports, under the names of the Windows fax service.

A module exports ``FaxDevInitialize``, ``FaxDevVirtualDeviceCreation``, ``FaxDevStartJob``, ``FaxDevSend``,
``FaxDevReceive``, ``FaxDevReportStatus``, ``FaxDevAbortOperation``, ``FaxDevEndJob`` and, if it likes,
``FaxDevShutdown``; docs/providers.md tells of each, with an example. Out-parameters are returned: a function with any
gives ``(True, value, ...)``, and ``False`` or an exception when it fails; ``SetLastError`` says why.

What always holds: importing this needs nothing but the standard library, and no daemon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fax.extension import ERROR_SUCCESS as ERROR_SUCCESS
from fax.extension import GetLastError as GetLastError
from fax.extension import SetLastError as SetLastError

FS_INITIALIZING = 0x20000000
FS_DIALING = 0x20000001
FS_TRANSMITTING = 0x20000002
FS_RECEIVING = 0x20000004
FS_COMPLETED = 0x20000008
FS_HANDLED = 0x20000010
FS_LINE_UNAVAILABLE = 0x20000020
FS_BUSY = 0x20000040
FS_NO_ANSWER = 0x20000080
FS_BAD_ADDRESS = 0x20000100
FS_NO_DIAL_TONE = 0x20000200
FS_DISCONNECTED = 0x20000400
FS_FATAL_ERROR = 0x20000800
FS_NOT_FAX_CALL = 0x20001000
FS_CALL_DELAYED = 0x20002000
FS_CALL_BLACKLISTED = 0x20004000
FS_USER_ABORT = 0x20200000
FS_ANSWERED = 0x20800000

LINEDEVSTATE_RINGING = 2
LINE_DEVSPECIFIC = 4
DEVICE_NAME_LIMIT = 128

REQUIRED_EXPORTS = (
    "FaxDevVirtualDeviceCreation",
    "FaxDevInitialize",
    "FaxDevStartJob",
    "FaxDevSend",
    "FaxDevReceive",
    "FaxDevReportStatus",
    "FaxDevAbortOperation",
    "FaxDevEndJob",
)


@dataclass(kw_only=True)
class FAX_SEND:
    """What is to be sent."""

    SizeOfStruct: int = 72
    FileName: str  # a TIFF-F of the pages, to be read only
    CallerName: str = ""
    CallerNumber: str = ""  # our identifier (TSID)
    ReceiverName: str = ""
    ReceiverNumber: str = ""  # to be dialled, as it stands
    Branding: bool = False
    CallHandle: None = None
    Reserved: tuple[int, int, int] = (0, 0, 0)


@dataclass(kw_only=True)
class FAX_RECEIVE:
    """Where a fax that comes in goes. The provider fills in whom it is for, if it knows."""

    SizeOfStruct: int = 48
    FileName: str  # exists and is empty: the TIFF is to be written into it
    ReceiverName: str = ""
    ReceiverNumber: str = ""
    Reserved: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(kw_only=True)
class FAX_DEV_STATUS:
    """How an operation is going, or how it ended."""

    SizeOfStruct: int = 56
    StatusId: int
    StringId: int = 0
    PageCount: int = 0  # the page in progress, from 1: the far end has those before it. 0: not known
    CSI: str = ""  # sending: the far end's CSID; receiving: the sender's TSID
    CallerId: str = ""
    RoutingInfo: str = ""  # receiving: where it is to go
    ErrorCode: int = ERROR_SUCCESS
    Reserved: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class LINEMESSAGE:
    """A telephony event that a provider posts: ``dwParam1`` LINEDEVSTATE_RINGING is a call that comes in at the device
    whose id is ``hDevice``."""

    hDevice: int
    dwMessageID: int = 0
    dwCallbackInstance: int = 0
    dwParam1: int = LINEDEVSTATE_RINGING
    dwParam2: int = 0
    dwParam3: int = 0


class CompletionPort(Protocol):
    """Where packets are posted: ``put((CompletionKey, packet))``, with a LINEMESSAGE to that of
    FaxDevVirtualDeviceCreation and a FAX_DEV_STATUS to that of FaxDevStartJob. On any thread, at any time."""

    def put(self, packet: tuple[object, object], /) -> None: ...


FaxSendCallback = Callable[[object, object, int, int], bool]
"""``(FaxHandle, CallHandle, 0, 0)``: true to go on, false to stop."""

FaxLineCallback = Callable[[object, int, int, int, int, int, int], None]
"""``(FaxHandle, hDevice, dwMessage, dwInstance, dwParam1, dwParam2, dwParam3)``."""
