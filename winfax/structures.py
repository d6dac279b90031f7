"""The structures of winfax.h, with their documented members in their order.

What always holds: a member that is not set is 0 or None; ``SizeOfStruct`` is the size of the structure's W form on this
machine unless a program sets it (``FAX_JOB_PARAM.SizeOfStruct`` is that size; ``SIZE_32`` and ``SIZE_64`` are both). A
structure that was freed gives nothing out any more.

Must not: know the server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeVar, dataclass_transform

from winfax.errors import bad_parameter
from winfax.layouts import (
    BOOL,
    DWORD,
    HCALL,
    HDC,
    NAME16,
    POINTER_BITS,
    STR,
    THREE_POINTERS,
    WORD,
    size_of,
)
from winfax.memory import Freeable
from winfax.times import FILETIME, SYSTEMTIME

__all__ = [
    "FAX_CONFIGURATION",
    "FAX_CONTEXT_INFO",
    "FAX_COVERPAGE_INFO",
    "FAX_DEVICE_STATUS",
    "FAX_EVENT",
    "FAX_GLOBAL_ROUTING_INFO",
    "FAX_JOB_ENTRY",
    "FAX_JOB_PARAM",
    "FAX_LOG_CATEGORY",
    "FAX_PORT_INFO",
    "FAX_PRINT_INFO",
    "FAX_ROUTING_METHOD",
    "FAX_TIME",
    "sizeof",
]


class Structure(Freeable):
    """What all structures are. Two are equal when their members are."""

    SIZE_32: ClassVar[int]
    SIZE_64: ClassVar[int]

    def _members(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in type(self).__annotations__}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._members() == other._members()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._members().items())})"


S = TypeVar("S", bound=Structure)


@dataclass_transform(field_specifiers=(field,))
def _structure(cls: type[S]) -> type[S]:
    """A structure from its members, which are declared with the names of their C types."""
    members = {name: str(kind) for name, kind in vars(cls)["__annotations__"].items()}
    cls.SIZE_32, cls.SIZE_64 = size_of(members, 32), size_of(members, 64)
    if "SizeOfStruct" in members:
        cls.SizeOfStruct = sizeof(cls)  # type: ignore[attr-defined]
    # What is generated for each class by itself is most of what importing this takes.
    return dataclass(repr=False, eq=False, match_args=False)(cls)


def sizeof(structure: Structure | type[Structure]) -> int:
    """The octets of a structure on this machine."""
    return structure.SIZE_64 if POINTER_BITS == 64 else structure.SIZE_32


@_structure
class FAX_TIME(Structure):
    """A time of day, the server's local one."""

    Hour: WORD = 0
    Minute: WORD = 0


@_structure
class FAX_CONFIGURATION(Structure):
    """The server's settings (FaxGetConfiguration, FaxSetConfiguration)."""

    SizeOfStruct: DWORD = 0
    Retries: DWORD = 0
    RetryDelay: DWORD = 0  # minutes
    DirtyDays: DWORD = 0  # DIRTY_DAYS_NEVER: never removed
    Branding: BOOL = False
    UseDeviceTsid: BOOL = False
    ServerCp: BOOL = False
    PauseServerQueue: BOOL = False
    StartCheapTime: FAX_TIME = field(default_factory=FAX_TIME)
    StopCheapTime: FAX_TIME = field(default_factory=FAX_TIME)
    ArchiveOutgoingFaxes: BOOL = False
    ArchiveDirectory: STR = None
    Reserved: STR = None

    @property
    def InboundProfile(self) -> str | None:
        """Another name of ``Reserved``: the mail profile."""
        return self.Reserved

    @InboundProfile.setter
    def InboundProfile(self, profile: str | None) -> None:
        self.Reserved = profile


@_structure
class FAX_JOB_PARAM(Structure):
    """How one fax is to be sent. RecipientNumber and ScheduleAction are needed."""

    SizeOfStruct: DWORD = 0
    RecipientNumber: STR = None
    RecipientName: STR = None
    Tsid: STR = None
    SenderName: STR = None
    SenderCompany: STR = None
    SenderDept: STR = None
    BillingCode: STR = None
    ScheduleAction: DWORD = 0
    ScheduleTime: SYSTEMTIME = field(default_factory=SYSTEMTIME)  # UTC
    DeliveryReportType: DWORD = 0
    DeliveryReportAddress: STR = None
    DocumentName: STR = None
    CallHandle: HCALL = 0
    Reserved: THREE_POINTERS = (0, 0, 0)


@_structure
class FAX_COVERPAGE_INFO(Structure):
    """A cover page: which, and what it says. CoverPageName is needed."""

    SizeOfStruct: DWORD = 0
    CoverPageName: STR = None
    UseServerCoverPage: BOOL = False
    RecName: STR = None
    RecFaxNumber: STR = None
    RecCompany: STR = None
    RecStreetAddress: STR = None
    RecCity: STR = None
    RecState: STR = None
    RecZip: STR = None
    RecCountry: STR = None
    RecTitle: STR = None
    RecDepartment: STR = None
    RecOfficeLocation: STR = None
    RecHomePhone: STR = None
    RecOfficePhone: STR = None
    SdrName: STR = None
    SdrFaxNumber: STR = None
    SdrCompany: STR = None
    SdrAddress: STR = None
    SdrTitle: STR = None
    SdrDepartment: STR = None
    SdrOfficeLocation: STR = None
    SdrHomePhone: STR = None
    SdrOfficePhone: STR = None
    Note: STR = None
    Subject: STR = None
    TimeSent: SYSTEMTIME = field(default_factory=SYSTEMTIME)  # local; the server fills it in when it sends
    PageCount: DWORD = 0


@_structure
class FAX_JOB_ENTRY(Structure):
    """One job of the queue."""

    SizeOfStruct: DWORD = 0
    JobId: DWORD = 0
    UserName: STR = None
    JobType: DWORD = 0
    QueueStatus: DWORD = 0
    Status: DWORD = 0
    Size: DWORD = 0  # octets
    PageCount: DWORD = 0
    RecipientNumber: STR = None
    RecipientName: STR = None
    Tsid: STR = None
    SenderName: STR = None
    SenderCompany: STR = None
    SenderDept: STR = None
    BillingCode: STR = None
    ScheduleAction: DWORD = 0
    ScheduleTime: SYSTEMTIME = field(default_factory=SYSTEMTIME)  # UTC
    DeliveryReportType: DWORD = 0
    DeliveryReportAddress: STR = None
    DocumentName: STR = None


@_structure
class FAX_DEVICE_STATUS(Structure):
    """What a device is doing."""

    SizeOfStruct: DWORD = 0
    CallerId: STR = None
    Csid: STR = None
    CurrentPage: DWORD = 0
    DeviceId: DWORD = 0
    DeviceName: STR = None
    DocumentName: STR = None
    JobType: DWORD = 0
    PhoneNumber: STR = None
    RoutingString: STR = None
    SenderName: STR = None
    RecipientName: STR = None
    Size: DWORD = 0  # octets
    StartTime: FILETIME = field(default_factory=FILETIME)
    Status: DWORD = 0
    StatusString: STR = None
    SubmittedTime: FILETIME = field(default_factory=FILETIME)
    TotalPages: DWORD = 0
    Tsid: STR = None
    UserName: STR = None


@_structure
class FAX_PORT_INFO(Structure):
    """One port. Flags, Rings, Priority, Tsid and Csid can be set."""

    SizeOfStruct: DWORD = 0
    DeviceId: DWORD = 0
    State: DWORD = 0
    Flags: DWORD = 0
    Rings: DWORD = 0
    Priority: DWORD = 0
    DeviceName: STR = None
    Tsid: STR = None
    Csid: STR = None


@_structure
class FAX_ROUTING_METHOD(Structure):
    """A routing method as one device has it."""

    SizeOfStruct: DWORD = 0
    DeviceId: DWORD = 0
    Enabled: BOOL = False
    DeviceName: STR = None
    Guid: STR = None
    FriendlyName: STR = None
    FunctionName: STR = None
    ExtensionImageName: STR = None
    ExtensionFriendlyName: STR = None


@_structure
class FAX_GLOBAL_ROUTING_INFO(Structure):
    """A routing method as the server has it. Guid selects, Priority can be set."""

    SizeOfStruct: DWORD = 0
    Priority: DWORD = 0
    Guid: STR = None
    FriendlyName: STR = None
    FunctionName: STR = None
    ExtensionImageName: STR = None
    ExtensionFriendlyName: STR = None


@_structure
class FAX_LOG_CATEGORY(Structure):
    """How much of one category is logged."""

    Name: STR = None
    Category: DWORD = 0
    Level: DWORD = 0


@_structure
class FAX_EVENT(Structure):
    """Something that happened. JobId 0xFFFFFFFF: to no job."""

    SizeOfStruct: DWORD = 0
    TimeStamp: FILETIME = field(default_factory=FILETIME)
    DeviceId: DWORD = 0
    EventId: DWORD = 0
    JobId: DWORD = 0


@_structure
class FAX_PRINT_INFO(Structure):
    """What the send dialogue would have asked. RecipientNumber is needed."""

    SizeOfStruct: DWORD = 0
    DocName: STR = None
    RecipientName: STR = None
    RecipientNumber: STR = None
    SenderName: STR = None
    SenderCompany: STR = None
    SenderDept: STR = None
    SenderBillingCode: STR = None
    Reserved: STR = None
    DrEmailAddress: STR = None
    OutputFileName: STR = None


@_structure
class FAX_CONTEXT_INFO(Structure):
    """What FaxStartPrintJob fills in: where pages are drawn, and the server's name (empty: this machine)."""

    SizeOfStruct: DWORD = 0
    hDC: HDC = None
    ServerName: NAME16 = ""


def check_size(given: S | None, kind: type[S]) -> S:
    """What a function was given, if it is such a structure and its SizeOfStruct is right. Raises WinFaxError."""
    if given is None:
        raise bad_parameter(f"The {kind.__name__} is NULL")
    if not isinstance(given, kind):
        raise bad_parameter(f"This is no {kind.__name__}: {given!r}")
    if given.SizeOfStruct != sizeof(kind):  # type: ignore[attr-defined]
        raise bad_parameter(f"SizeOfStruct of a {kind.__name__} is {sizeof(kind)}")
    return given
