"""Call records: one line for each call that was made or answered, for bills, statistics and disputes.

What always holds: a record is written once, when its call has ended, and outlives the faxes of the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fax.archive import Direction
from fax.types import CallId, JobId


@dataclass(frozen=True, kw_only=True)
class RecordedJob:
    """One fax of a call."""

    job: JobId
    user: str
    billing_code: str = ""
    pages: int = 0  # of it that this call confirmed, or brought


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """One call. None: the call did not come so far."""

    call: CallId
    direction: Direction
    port: str
    number: str  # that was dialled, or the caller's; "": not told
    began: datetime
    ended: datetime
    cause: str  # keyword of the outcome
    text: str  # the outcome as a sentence
    code: str = ""  # the customary E-code
    caller_name: str = ""
    called: str = ""  # of a call that came in: the extension or subaddress that was wanted
    far_ident: str = ""
    own_ident: str = ""
    line_seconds: float | None = None  # off-hook to on-hook
    pages: int = 0  # confirmed, or received
    pages_total: int = 0  # that were to go out in it; of a call that came in: that came in at all
    rate_bps: int | None = None
    modulation: str | None = None
    coding: str | None = None
    ecm: bool | None = None
    frames_resent: int = 0
    bad_rows: int = 0
    jobs: tuple[RecordedJob, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecordPage:
    """Part of the records, oldest first. ``next``: what ``after`` is to be for the next part; None: that was all."""

    records: tuple[CallRecord, ...]
    next: str | None = None
