"""The structures of winfax.h, faxroute.h and faxdev.h, typed from the published specification: members in binary order.

A type is one of ``SIZES``; ``STR*3`` means three of them. Must not: import anything of ours.
"""

from __future__ import annotations

#: type -> (size, alignment) on 32 bit, and on 64 bit, in octets
SIZES = {
    "DWORD": ((4, 4), (4, 4)),
    "WORD": ((2, 2), (2, 2)),
    "BOOL": ((4, 4), (4, 4)),
    "STR": ((4, 4), (8, 8)),  # a pointer
    "HCALL": ((4, 4), (4, 4)),
    "HDC": ((4, 4), (8, 8)),
    "LONG64": ((8, 8), (8, 8)),
    "FAX_TIME": ((4, 2), (4, 2)),
    "SYSTEMTIME": ((16, 2), (16, 2)),
    "FILETIME": ((8, 4), (8, 4)),
    "TEXT16": ((32, 2), (32, 2)),
}

_RECIPIENT = (
    "RecName",
    "RecFaxNumber",
    "RecCompany",
    "RecStreetAddress",
    "RecCity",
    "RecState",
    "RecZip",
    "RecCountry",
    "RecTitle",
    "RecDepartment",
    "RecOfficeLocation",
    "RecHomePhone",
    "RecOfficePhone",
)
_SENDER = (
    "SdrName",
    "SdrFaxNumber",
    "SdrCompany",
    "SdrAddress",
    "SdrTitle",
    "SdrDepartment",
    "SdrOfficeLocation",
    "SdrHomePhone",
    "SdrOfficePhone",
)


def _members(text: str) -> tuple[tuple[str, str], ...]:
    words = text.split()
    return tuple(zip(words[::2], words[1::2], strict=True))


#: name -> (size on 32 bit, on 64 bit, members as (name, type))
STRUCTURES: dict[str, tuple[int, int, tuple[tuple[str, str], ...]]] = {
    "FAX_CONFIGURATION": (
        52,
        64,
        _members(
            """SizeOfStruct DWORD Retries DWORD RetryDelay DWORD DirtyDays DWORD Branding BOOL UseDeviceTsid BOOL
            ServerCp BOOL PauseServerQueue BOOL StartCheapTime FAX_TIME StopCheapTime FAX_TIME
            ArchiveOutgoingFaxes BOOL ArchiveDirectory STR Reserved STR"""
        ),
    ),
    "FAX_CONTEXT_INFO": (40, 48, _members("SizeOfStruct DWORD hDC HDC ServerName TEXT16")),
    "FAX_COVERPAGE_INFO": (
        128,
        240,
        (
            *_members("SizeOfStruct DWORD CoverPageName STR UseServerCoverPage BOOL"),
            *((name, "STR") for name in (*_RECIPIENT, *_SENDER)),
            *_members("Note STR Subject STR TimeSent SYSTEMTIME PageCount DWORD"),
        ),
    ),
    "FAX_DEVICE_STATUS": (
        88,
        144,
        _members(
            """SizeOfStruct DWORD CallerId STR Csid STR CurrentPage DWORD DeviceId DWORD DeviceName STR DocumentName STR
            JobType DWORD PhoneNumber STR RoutingString STR SenderName STR RecipientName STR Size DWORD
            StartTime FILETIME Status DWORD StatusString STR SubmittedTime FILETIME TotalPages DWORD Tsid STR
            UserName STR"""
        ),
    ),
    "FAX_EVENT": (
        24,
        24,
        _members("SizeOfStruct DWORD TimeStamp FILETIME DeviceId DWORD EventId DWORD JobId DWORD"),
    ),
    "FAX_GLOBAL_ROUTING_INFO": (
        28,
        48,
        _members(
            """SizeOfStruct DWORD Priority DWORD Guid STR FriendlyName STR FunctionName STR ExtensionImageName STR
            ExtensionFriendlyName STR"""
        ),
    ),
    "FAX_JOB_ENTRY": (
        92,
        136,
        _members(
            """SizeOfStruct DWORD JobId DWORD UserName STR JobType DWORD QueueStatus DWORD Status DWORD Size DWORD
            PageCount DWORD RecipientNumber STR RecipientName STR Tsid STR SenderName STR SenderCompany STR
            SenderDept STR BillingCode STR ScheduleAction DWORD ScheduleTime SYSTEMTIME DeliveryReportType DWORD
            DeliveryReportAddress STR DocumentName STR"""
        ),
    ),
    "FAX_JOB_PARAM": (
        80,
        136,
        _members(
            """SizeOfStruct DWORD RecipientNumber STR RecipientName STR Tsid STR SenderName STR SenderCompany STR
            SenderDept STR BillingCode STR ScheduleAction DWORD ScheduleTime SYSTEMTIME DeliveryReportType DWORD
            DeliveryReportAddress STR DocumentName STR CallHandle HCALL Reserved STR*3"""
        ),
    ),
    "FAX_LOG_CATEGORY": (12, 16, _members("Name STR Category DWORD Level DWORD")),
    "FAX_PORT_INFO": (
        36,
        48,
        _members(
            """SizeOfStruct DWORD DeviceId DWORD State DWORD Flags DWORD Rings DWORD Priority DWORD DeviceName STR
            Tsid STR Csid STR"""
        ),
    ),
    "FAX_PRINT_INFO": (
        44,
        88,
        _members(
            """SizeOfStruct DWORD DocName STR RecipientName STR RecipientNumber STR SenderName STR SenderCompany STR
            SenderDept STR SenderBillingCode STR Reserved STR DrEmailAddress STR OutputFileName STR"""
        ),
    ),
    "FAX_ROUTING_METHOD": (
        36,
        64,
        _members(
            """SizeOfStruct DWORD DeviceId DWORD Enabled BOOL DeviceName STR Guid STR FriendlyName STR FunctionName STR
            ExtensionImageName STR ExtensionFriendlyName STR"""
        ),
    ),
    "FAX_TIME": (4, 4, _members("Hour WORD Minute WORD")),
}

#: Those of the extension contracts.
CONTRACT_STRUCTURES: dict[str, tuple[int, int, tuple[tuple[str, str], ...]]] = {
    "FAX_ROUTE": (
        72,
        112,
        _members(
            """SizeOfStruct DWORD JobId DWORD ElapsedTime LONG64 ReceiveTime LONG64 PageCount DWORD Csid STR Tsid STR
            CallerId STR RoutingInfo STR ReceiverName STR ReceiverNumber STR DeviceName STR DeviceId DWORD
            RoutingInfoData STR RoutingInfoDataSize DWORD"""
        ),
    ),
    "FAX_ROUTE_CALLBACKROUTINES": (
        24,
        48,
        _members(
            """SizeOfStruct DWORD FaxRouteAddFile STR FaxRouteDeleteFile STR FaxRouteGetFile STR FaxRouteEnumFiles STR
            FaxRouteModifyRoutingData STR"""
        ),
    ),
    "FAX_SEND": (
        44,
        72,
        _members(
            """SizeOfStruct DWORD FileName STR CallerName STR CallerNumber STR ReceiverName STR ReceiverNumber STR
            Branding BOOL CallHandle HCALL Reserved DWORD*3"""
        ),
    ),
    "FAX_RECEIVE": (
        32,
        48,
        _members("SizeOfStruct DWORD FileName STR ReceiverName STR ReceiverNumber STR Reserved DWORD*4"),
    ),
    "FAX_DEV_STATUS": (
        44,
        56,
        _members(
            """SizeOfStruct DWORD StatusId DWORD StringId DWORD PageCount DWORD CSI STR CallerId STR RoutingInfo STR
            ErrorCode DWORD Reserved DWORD*3"""
        ),
    ),
}


def size_of(members: tuple[tuple[str, str], ...], *, wide: bool) -> int:
    """The octets that a C compiler gives a structure of these members (natural alignment)."""
    place, widest = 0, 1
    for _, kind in members:
        base, _, count = kind.partition("*")
        size, alignment = SIZES[base][wide]
        place = -(-place // alignment) * alignment + size * int(count or 1)
        widest = max(widest, alignment)
    return -(-place // widest) * widest
