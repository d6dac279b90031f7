"""The ten objects of faxcom.h, typed from the published specification: methods with their parameters, and properties.

A property is ``name kind access``: kind S (text), L (whole number, 32 bit), I (whole number, 16 bit), B (truth),
D (date), V (variant); access R, W or RW. Must not: import anything of ours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectSpecification:
    methods: dict[str, tuple[str, ...]]  # name -> parameters
    properties: dict[str, tuple[str, str]]  # name -> (kind, access)


def _properties(text: str, kind: str = "", access: str = "") -> dict[str, tuple[str, str]]:
    if kind:
        return dict.fromkeys(text.split(), (kind, access))
    words = text.split()
    return {
        name: (of_kind, allowed) for name, of_kind, allowed in zip(words[::3], words[1::3], words[2::3], strict=True)
    }


_COLLECTION = ObjectSpecification({"Item": ("index",)}, {"Count": ("L", "R")})

OBJECTS: dict[str, ObjectSpecification] = {
    "FaxServer": ObjectSpecification(
        {
            "Connect": ("ServerName",),
            "Disconnect": (),
            "CreateDocument": ("FileName",),
            "GetJobs": (),
            "GetPorts": (),
        },
        _properties(
            """ArchiveDirectory S RW ArchiveOutboundFaxes B RW Branding B RW DirtyDays L RW DiscountRateStartHour I RW
            DiscountRateStartMinute I RW DiscountRateEndHour I RW DiscountRateEndMinute I RW PauseServerQueue B RW
            Retries L RW RetryDelay L RW ServerCoverpage B RW ServerMapiProfile S RW UseDeviceTsid B RW"""
        ),
    ),
    "FaxDoc": ObjectSpecification(
        {"Send": ()},
        {
            **_properties(
                """FileName FaxNumber RecipientName DisplayName BillingCode Tsid EmailAddress CoverpageName
                CoverpageNote CoverpageSubject SenderName SenderCompany SenderDepartment SenderFax SenderAddress
                SenderTitle SenderOffice SenderHomePhone SenderOfficePhone RecipientAddress RecipientCity
                RecipientState RecipientZip
                RecipientCountry RecipientCompany RecipientDepartment RecipientTitle RecipientOffice RecipientHomePhone
                RecipientOfficePhone""",
                "S",
                "RW",
            ),
            **_properties("DiscountSend SendCoverpage ServerCoverpage", "B", "RW"),
            "CallHandle": ("L", "W"),
        },
    ),
    "FaxJobs": _COLLECTION,
    "FaxJob": ObjectSpecification(
        {"Refresh": (), "SetStatus": ("Command",)},
        {
            **_properties(
                """BillingCode DisplayName RecipientName SenderName SenderCompany SenderDept Tsid UserName DeviceStatus
                FaxNumber QueueStatus""",
                "S",
                "R",
            ),
            **_properties("JobId PageCount Type", "L", "R"),
            "DiscountSend": ("B", "R"),
        },
    ),
    "FaxPorts": _COLLECTION,
    "FaxPort": ObjectSpecification(
        {"GetStatus": (), "GetRoutingMethods": ()},
        _properties(
            """CanModify B R DeviceId L R Name S R Csid S RW Tsid S RW Priority L RW Receive B RW Rings L RW
            Send B RW"""
        ),
    ),
    "FaxStatus": ObjectSpecification(
        {"Refresh": ()},
        {
            **_properties(
                """Address CallerId Csid Tsid Description DeviceName DocumentName RecipientName RoutingString
                SenderName""",
                "S",
                "R",
            ),
            **_properties("CurrentPage DeviceId DocumentSize PageCount", "L", "R"),
            **_properties("Receive Send", "B", "R"),
            **_properties("ElapsedTime StartTime SubmittedTime", "D", "R"),
        },
    ),
    "FaxRoutingMethods": _COLLECTION,
    "FaxRoutingMethod": ObjectSpecification(
        {},
        {
            "Enable": ("B", "RW"),
            "DeviceId": ("L", "R"),
            **_properties("DeviceName ExtensionName FriendlyName FunctionName Guid ImageName RoutingData", "S", "R"),
        },
    ),
    "FaxTiff": ObjectSpecification(
        {"TiffTagString": ("tagID",)},
        {
            "Image": ("S", "RW"),
            **_properties("CallerId Csid Tsid ReceiveTime RecipientName RecipientNumber Routing SenderName", "S", "R"),
            "RawReceiveTime": ("V", "R"),
        },
    ),
}
#: The names that only these two can be made by.
CREATABLE = {"FaxServer.FaxServer": "FaxServer", "FaxTiff.FaxTiff": "FaxTiff"}
