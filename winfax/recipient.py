"""A recipient of the Pythonic layer, and the structures that say the same."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from winfax import constants as c
from winfax.structures import FAX_COVERPAGE_INFO, FAX_JOB_PARAM
from winfax.times import SYSTEMTIME

__all__ = ["Recipient"]

File = str | os.PathLike[str]


class Recipient:
    """One recipient and what their fax is to be like, in Python's names; what is not said is the sender's profile's.

    ``at`` (aware): not before then; ``discount``: in the discount period; ``report_to``: a mail address; ``cover``: the
    server's cover page of that name; ``own_cover``: the path of one's own; with either, ``cover_fields`` may name
    members of FAX_COVERPAGE_INFO.
    """

    def __init__(
        self,
        number: str,
        name: str = "",
        *,
        title: str = "",
        tsid: str = "",
        billing_code: str | None = None,
        sender_name: str | None = None,
        at: datetime | None = None,
        discount: bool = False,
        report_to: str | None = None,
        cover: str | None = None,
        own_cover: File | None = None,
        note: str = "",
        subject: str = "",
        cover_fields: dict[str, str] | None = None,
    ) -> None:
        if (at is not None and discount) or (cover is not None and own_cover is not None):
            raise ValueError("A fax goes at a time or in the discount period, with one cover page")
        if at is not None and at.tzinfo is None:
            raise ValueError("The time has no zone")
        self.number, self.name, self.title, self.tsid = number, name, title, tsid
        self.billing_code, self.sender_name, self.report_to = billing_code, sender_name, report_to
        self.at, self.discount = at, discount
        self.cover, self.own_cover = cover, own_cover
        self.fields = {"RecName": name, "Note": note, "Subject": subject} | (cover_fields or {})

    def fill(self, params: FAX_JOB_PARAM, info: FAX_COVERPAGE_INFO) -> None:
        """Write it into the structures, which know the sender already."""
        params.RecipientNumber, params.RecipientName = self.number, self.name or None
        params.DocumentName, params.Tsid = self.title or None, self.tsid or None
        if self.billing_code is not None:
            params.BillingCode = self.billing_code
        if self.sender_name is not None:
            params.SenderName = info.SdrName = self.sender_name
        if self.report_to is not None:
            params.DeliveryReportType, params.DeliveryReportAddress = c.DRT_EMAIL, self.report_to
        if self.at is not None:
            params.ScheduleAction = c.JSA_SPECIFIC_TIME
            params.ScheduleTime = SYSTEMTIME.from_datetime(self.at, UTC)
        elif self.discount:
            params.ScheduleAction = c.JSA_DISCOUNT_PERIOD
        if self.cover is not None:
            info.CoverPageName, info.UseServerCoverPage = self.cover, True
        elif self.own_cover is not None:
            info.CoverPageName = os.fspath(self.own_cover)
        for name, text in self.fields.items():
            setattr(info, name, text or None)
