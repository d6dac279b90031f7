"""The FaxDoc object: one fax to one number, sent with ``Send``.

What always holds: assigning a property changes this object only; ``Send`` hands everything over in one piece. The
sender's properties begin with this user's profile.
"""

from __future__ import annotations

from typing import Any

from winfax.com import failure, got
from winfax.constants import (
    DRT_EMAIL,
    DRT_NONE,
    ERROR_INVALID_PARAMETER,
    JSA_DISCOUNT_PERIOD,
    JSA_NOW,
)
from winfax.handles import ServerHandle
from winfax.sending import FaxCompleteJobParams, FaxSendDocument
from winfax.structures import FAX_COVERPAGE_INFO, FAX_JOB_PARAM

__all__ = ["FaxDoc"]

_TSID_MOST = 20

# Property -> member of FAX_JOB_PARAM, of FAX_COVERPAGE_INFO; either may be missing.
_TEXTS: dict[str, tuple[str, str]] = {
    "FaxNumber": ("RecipientNumber", "RecFaxNumber"),
    "RecipientName": ("RecipientName", "RecName"),
    "DisplayName": ("DocumentName", ""),
    "BillingCode": ("BillingCode", ""),
    "Tsid": ("Tsid", ""),
    "CoverpageName": ("", "CoverPageName"),
    "CoverpageNote": ("", "Note"),
    "CoverpageSubject": ("", "Subject"),
    "SenderName": ("SenderName", "SdrName"),
    "SenderCompany": ("SenderCompany", "SdrCompany"),
    "SenderDepartment": ("SenderDept", "SdrDepartment"),
    "SenderFax": ("", "SdrFaxNumber"),
    "SenderAddress": ("", "SdrAddress"),
    "SenderTitle": ("", "SdrTitle"),
    "SenderOffice": ("", "SdrOfficeLocation"),
    "SenderHomePhone": ("", "SdrHomePhone"),
    "SenderOfficePhone": ("", "SdrOfficePhone"),
    "RecipientAddress": ("", "RecStreetAddress"),
    "RecipientCity": ("", "RecCity"),
    "RecipientState": ("", "RecState"),
    "RecipientZip": ("", "RecZip"),
    "RecipientCountry": ("", "RecCountry"),
    "RecipientCompany": ("", "RecCompany"),
    "RecipientDepartment": ("", "RecDepartment"),
    "RecipientTitle": ("", "RecTitle"),
    "RecipientOffice": ("", "RecOfficeLocation"),
    "RecipientHomePhone": ("", "RecHomePhone"),
    "RecipientOfficePhone": ("", "RecOfficePhone"),
}


def _text(name: str, help_text: str = "") -> Any:
    """A property that is a text."""

    def read(self: FaxDoc) -> str:
        return self._texts.get(name, "")

    def write(self: FaxDoc, text: str | None) -> None:
        if text is not None and not isinstance(text, str):
            raise failure(ERROR_INVALID_PARAMETER, f"{name} is a text")
        self._texts[name] = _station_id(text or "") if name == "Tsid" else text or ""

    return property(read, write, doc=help_text or None)


def _flag(name: str, help_text: str) -> Any:
    """A property that is true or false."""

    def read(self: FaxDoc) -> bool:
        return self._flags.get(name, False)

    def write(self: FaxDoc, wanted: bool) -> None:
        self._flags[name] = bool(wanted)

    return property(read, write, doc=help_text)


class FaxDoc:
    """Made by ``FaxServer.CreateDocument``."""

    def __init__(self, server: ServerHandle, file_name: str) -> None:
        self._server = server
        self._texts: dict[str, str] = {"FileName": file_name}
        self._flags: dict[str, bool] = {}
        self._call_handle = 0
        ok, params, cover = FaxCompleteJobParams()
        if ok and params is not None and cover is not None:
            for name, (in_params, in_cover) in _TEXTS.items():
                known = (in_params and getattr(params, in_params)) or (in_cover and getattr(cover, in_cover))
                if known and name not in ("FaxNumber", "CoverpageName"):
                    self._texts[name] = known

    FileName = _text("FileName", "The path of the document.")
    FaxNumber = _text("FaxNumber", "The number to be dialled; needed.")
    RecipientName = _text("RecipientName")
    DisplayName = _text("DisplayName", "What the fax is called in the queue.")
    BillingCode = _text("BillingCode")
    Tsid = _text("Tsid", "Our identifier: 20 printable ASCII characters; others are left out, and more are cut off.")
    EmailAddress = _text("EmailAddress", "Where the report goes; empty: no report.")
    CoverpageName = _text("CoverpageName", "The server's template by its name, or a file's full path.")
    CoverpageNote = _text("CoverpageNote")
    CoverpageSubject = _text("CoverpageSubject")
    SenderName = _text("SenderName")
    SenderCompany = _text("SenderCompany")
    SenderDepartment = _text("SenderDepartment")
    SenderFax = _text("SenderFax")
    SenderAddress = _text("SenderAddress")
    SenderTitle = _text("SenderTitle")
    SenderOffice = _text("SenderOffice")
    SenderHomePhone = _text("SenderHomePhone")
    SenderOfficePhone = _text("SenderOfficePhone")
    RecipientAddress = _text("RecipientAddress")
    RecipientCity = _text("RecipientCity")
    RecipientState = _text("RecipientState")
    RecipientZip = _text("RecipientZip")
    RecipientCountry = _text("RecipientCountry")
    RecipientCompany = _text("RecipientCompany")
    RecipientDepartment = _text("RecipientDepartment")
    RecipientTitle = _text("RecipientTitle")
    RecipientOffice = _text("RecipientOffice")
    RecipientHomePhone = _text("RecipientHomePhone")
    RecipientOfficePhone = _text("RecipientOfficePhone")
    DiscountSend = _flag("DiscountSend", "Whether it is sent in the discount period only.")
    SendCoverpage = _flag("SendCoverpage", "Whether a cover page goes ahead of it.")
    ServerCoverpage = _flag("ServerCoverpage", "Whether CoverpageName is one of the server's.")

    def _set_call_handle(self, handle: int) -> None:
        self._call_handle = handle

    CallHandle = property(
        None, _set_call_handle, doc="A voice call to be taken over: not supported, ``Send`` refuses it."
    )

    def Send(self) -> int:
        """Hand the fax over; its job id. Right: FAX_JOB_SUBMIT.

        com_error: FileName or FaxNumber is not set, the file or the cover page is not there, it cannot be faxed.
        """
        for name in ("FileName", "FaxNumber"):
            if not self._texts.get(name):
                raise failure(ERROR_INVALID_PARAMETER, f"{name} must be set first")
        params = FAX_JOB_PARAM(
            ScheduleAction=JSA_DISCOUNT_PERIOD if self.DiscountSend else JSA_NOW,
            DeliveryReportType=DRT_EMAIL if self.EmailAddress else DRT_NONE,
            DeliveryReportAddress=self.EmailAddress or None,
            CallHandle=self._call_handle,
        )
        cover = FAX_COVERPAGE_INFO(UseServerCoverPage=self.ServerCoverpage)
        for name, (in_params, in_cover) in _TEXTS.items():
            text = self._texts.get(name) or None
            if in_params:
                setattr(params, in_params, text)
            if in_cover:
                setattr(cover, in_cover, text)
        return got(FaxSendDocument(self._server, self.FileName, params, cover if self.SendCoverpage else None))


def _station_id(text: str) -> str:
    return "".join(character for character in text if " " <= character <= "~")[:_TSID_MOST]
