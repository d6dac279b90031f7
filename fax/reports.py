"""Delivery reports: what became of a fax, page by page and call by call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from fax.types import Fate, JobId, JobState


class Result(Enum):
    """What became of a fax as a whole."""

    DELIVERED = "delivered"  # every page is confirmed
    DAMAGED = "damaged"  # every page is confirmed, some with damage
    FETCHED = "fetched"  # the far end's document is here
    IN_PART = "in-part"  # it ended with some pages confirmed
    MAYBE = "maybe"  # it ended with none confirmed; some may have been printed all the same
    NOT_DELIVERED = "not-delivered"
    NOT_ENDED = "not-ended"  # a report that somebody asked for before the end


@dataclass(frozen=True, kw_only=True)
class ReportedPage:
    """A page's fate. ``duplicate``: it may have been printed twice, and said so in its header line."""

    number: int
    fate: Fate
    cover: bool = False
    duplicate: bool = False


@dataclass(frozen=True, kw_only=True)
class ReportedCall:
    """A call that was made for the fax."""

    started: datetime
    line_seconds: float | None
    cause: str | None
    text: str
    far_ident: str = ""  # how the far end calls itself (CSI); its own word


@dataclass(frozen=True, kw_only=True)
class ReportedJob:
    """One fax to one recipient, as it stood when it was reported."""

    job: JobId
    user: str
    title: str
    number: str | None
    name: str
    company: str
    sender: str
    state: JobState
    cause: str | None
    reason: str | None
    created: datetime
    ended: datetime | None
    pages_total: int | None
    pages: tuple[ReportedPage, ...] = ()
    calls: tuple[ReportedCall, ...] = ()
    billing_code: str = ""
    fetches: bool = False

    @property
    def confirmed(self) -> int:
        """How many pages the far end has."""
        return sum(page.fate in (Fate.CONFIRMED, Fate.DAMAGED) for page in self.pages)

    @property
    def result(self) -> Result:
        if not self.state.ended:
            return Result.NOT_ENDED
        if self.state is JobState.DONE:
            if self.fetches:
                return Result.FETCHED
            damaged = any(page.fate is Fate.DAMAGED for page in self.pages)
            return Result.DAMAGED if damaged else Result.DELIVERED
        if self.confirmed:
            return Result.IN_PART
        if any(page.fate in (Fate.REFUSED, Fate.UNCERTAIN) or page.duplicate for page in self.pages):
            return Result.MAYBE
        return Result.NOT_DELIVERED

    @property
    def line_seconds(self) -> float:
        """Of all calls together."""
        return sum(call.line_seconds or 0.0 for call in self.calls)

    @property
    def far_ident(self) -> str:
        """How the far end called itself when it was last reached."""
        return next((call.far_ident for call in reversed(self.calls) if call.far_ident), "")


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """What ``GET /v1/jobs/ID/report`` gives: the facts, and the words that a mail says them in."""

    job: ReportedJob
    result: Result
    subject: str
    text: str
