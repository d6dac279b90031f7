"""The FaxJobs collection and the FaxJob object: the queue, as it was when it was asked for.

What always holds: a FaxJob shows what it was told last; ``Refresh`` asks anew.
"""

from __future__ import annotations

from winfax.com import Collection, checked, got
from winfax.constants import (
    JS_DELETING,
    JS_FAILED,
    JS_INPROGRESS,
    JS_NOLINE,
    JS_PAUSED,
    JS_RETRIES_EXCEEDED,
    JS_RETRYING,
    JSA_DISCOUNT_PERIOD,
    JT_SEND,
)
from winfax.device_texts import device_text
from winfax.handles import ServerHandle
from winfax.jobs import FaxGetJob, FaxSetJob
from winfax.structures import FAX_JOB_ENTRY

__all__ = ["FaxJob", "FaxJobs"]

# The first that is set is shown.
_QUEUE_TEXTS = (
    (JS_DELETING, "Deleting"),
    (JS_INPROGRESS, "In Progress"),
    (JS_RETRIES_EXCEEDED, "Retries Exceeded"),
    (JS_FAILED, "Failed"),
    (JS_PAUSED, "Paused"),
    (JS_NOLINE, "No Line"),
    (JS_RETRYING, "Retrying"),
)
_PENDING = "Pending"


class FaxJob:
    """One fax of the queue. Made by ``FaxJobs.Item``."""

    def __init__(self, server: ServerHandle, entry: FAX_JOB_ENTRY) -> None:
        self._server = server
        self._entry = entry

    def Refresh(self) -> None:
        """Ask the server anew. com_error: it is not in the queue any more."""
        self._entry = got(FaxGetJob(self._server, self.JobId))

    def SetStatus(self, Command: int) -> None:
        """JC_DELETE, JC_PAUSE, JC_RESUME or JC_RESTART. Right: FAX_JOB_MANAGE."""
        checked(FaxSetJob(self._server, self.JobId, Command, None))

    @property
    def BillingCode(self) -> str:
        return self._entry.BillingCode or ""

    @property
    def DeviceStatus(self) -> str:
        """What the device that works on it is doing; "Unknown" while there is none."""
        return device_text(self._entry.Status)

    @property
    def DiscountSend(self) -> bool:
        """Whether it waits for the discount period."""
        return self._entry.ScheduleAction == JSA_DISCOUNT_PERIOD

    @property
    def DisplayName(self) -> str:
        return self._entry.DocumentName or ""

    @property
    def FaxNumber(self) -> str:
        """The number dialled; of outgoing faxes only."""
        return (self._entry.RecipientNumber or "") if self.Type == JT_SEND else ""

    @property
    def JobId(self) -> int:
        return self._entry.JobId

    @property
    def PageCount(self) -> int:
        """Of outgoing faxes only, else 0."""
        return self._entry.PageCount if self.Type == JT_SEND else 0

    @property
    def QueueStatus(self) -> str:
        """Pending, In Progress, Deleting, Failed, Paused, No Line, Retrying or Retries Exceeded."""
        return next((text for flag, text in _QUEUE_TEXTS if self._entry.QueueStatus & flag), _PENDING)

    @property
    def RecipientName(self) -> str:
        return self._entry.RecipientName or ""

    @property
    def SenderCompany(self) -> str:
        return self._entry.SenderCompany or ""

    @property
    def SenderDept(self) -> str:
        return self._entry.SenderDept or ""

    @property
    def SenderName(self) -> str:
        return self._entry.SenderName or ""

    @property
    def Tsid(self) -> str:
        return self._entry.Tsid or ""

    @property
    def Type(self) -> int:
        """JT_."""
        return self._entry.JobType

    @property
    def UserName(self) -> str:
        return self._entry.UserName or ""


class FaxJobs(Collection[FaxJob]):
    """The queue as it was when ``FaxServer.GetJobs`` was called."""
