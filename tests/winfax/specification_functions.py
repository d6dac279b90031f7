"""The 32 functions and 2 callbacks of winfax.h, typed from the published specification.

Each as its C parameters in order; ``>`` goes in, ``<`` comes out, ``=`` is filled in place. The Python convention:
``ok, out, ... = FaxX(in, ...)``, with the in-parameters (and those filled in place) under their own names and in their
own order, and the out-parameters in theirs; without an out-parameter the result is ``ok`` alone.

Must not: import anything of ours.
"""

from __future__ import annotations

FUNCTIONS: dict[str, str] = {
    "FaxAbort": ">FaxHandle >JobId",
    "FaxAccessCheck": ">FaxHandle >AccessMask",
    "FaxClose": ">FaxHandle",
    "FaxCompleteJobParams": "<JobParams <CoverpageInfo",
    "FaxConnectFaxServer": ">MachineName <FaxHandle",
    "FaxEnableRoutingMethod": ">FaxPortHandle >RoutingGuid >Enabled",
    "FaxEnumGlobalRoutingInfo": ">FaxHandle <RoutingInfo <MethodsReturned",
    "FaxEnumJobs": ">FaxHandle <JobEntry <JobsReturned",
    "FaxEnumPorts": ">FaxHandle <PortInfo <PortsReturned",
    "FaxEnumRoutingMethods": ">FaxPortHandle <RoutingMethod <MethodsReturned",
    "FaxFreeBuffer": ">Buffer",
    "FaxGetConfiguration": ">FaxHandle <FaxConfig",
    "FaxGetDeviceStatus": ">FaxPortHandle <DeviceStatus",
    "FaxGetJob": ">FaxHandle >JobId <JobEntry",
    "FaxGetLoggingCategories": ">FaxHandle <Categories <NumberCategories",
    "FaxGetPageData": ">FaxHandle >JobId <Buffer <BufferSize <ImageWidth <ImageHeight",
    "FaxGetPort": ">FaxPortHandle <PortInfo",
    "FaxGetRoutingInfo": ">FaxPortHandle >RoutingGuid <RoutingInfoBuffer <RoutingInfoBufferSize",
    "FaxInitializeEventQueue": ">FaxHandle >CompletionPort >CompletionKey >hWnd >MessageStart",
    "FaxOpenPort": ">FaxHandle >DeviceId >Flags <FaxPortHandle",
    "FaxPrintCoverPage": ">FaxContextInfo >CoverPageInfo",
    "FaxRegisterRoutingExtension": ">FaxHandle >ExtensionName >FriendlyName >ImageName >CallBack >Context",
    "FaxRegisterServiceProvider": ">DeviceProvider >FriendlyName >ImageName >TspName",
    "FaxSendDocument": ">FaxHandle >FileName >JobParams >CoverpageInfo <FaxJobId",
    "FaxSendDocumentForBroadcast": ">FaxHandle >FileName <FaxJobId >FaxRecipientCallback >Context",
    "FaxSetConfiguration": ">FaxHandle >FaxConfig",
    "FaxSetGlobalRoutingInfo": ">FaxHandle >RoutingInfo",
    "FaxSetJob": ">FaxHandle >JobId >Command >JobEntry",
    "FaxSetLoggingCategories": ">FaxHandle >Categories >NumberCategories",
    "FaxSetPort": ">FaxPortHandle >PortInfo",
    "FaxSetRoutingInfo": ">FaxPortHandle >RoutingGuid >RoutingInfoBuffer >RoutingInfoBufferSize",
    "FaxStartPrintJob": ">PrinterName >PrintInfo <FaxJobId =FaxContextInfo",
}
#: What a program hands in; the callback's own results are told in ``docs/winfax.md``.
CALLBACKS: dict[str, str] = {
    "FAX_RECIPIENT_CALLBACK": ">FaxHandle >RecipientNumber >Context =JobParams =CoverpageInfo",
    "FaxRoutingInstallationCallback": ">FaxHandle >Context <MethodName <FriendlyName <FunctionName <Guid",
}


def given(signature: str) -> tuple[str, ...]:
    """The parameters that a caller hands over, in order."""
    return tuple(word[1:] for word in signature.split() if word[0] in ">=")


def returned(signature: str) -> tuple[str, ...]:
    """What comes back behind ``ok``, in order."""
    return tuple(word[1:] for word in signature.split() if word[0] == "<")
