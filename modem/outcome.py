"""How a call ended and what became of its pages.

What always holds: every end of a call is exactly one ``Outcome``; every page of the plan has exactly one fate; what
went before a job's pages and is none of them (a preface) is never counted among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from modem.memory import LineMemory
from modem.plan import CallPlan


class Fault(Enum):
    """Who broke the rule."""

    NONE = "none"
    CALLER = "caller"  # the number, the plan, a cancel
    FAR_END = "far-end"
    LINE = "line"
    DEVICE = "device"
    US = "us"


class Phase(Enum):
    """T.30 phases; SETUP is before dialling."""

    SETUP = "setup"
    A = "a"
    B = "b"
    C = "c"
    D = "d"
    E = "e"


class Retry(Enum):
    """What a later try may hope for."""

    NO_NEED = "no-need"  # all sent
    SOON = "soon"  # busy and the like: a short pause of its own
    LATER = "later"  # the line or the far end failed
    NEVER = "never"  # a bad number, cannot receive
    DEVICE = "device"  # not this job's fault: does not count as a try


class Cause(Enum):
    """The typed cause. Value: the keyword used on disk and over the API."""

    OK = "ok"
    CANCELLED = "cancelled"
    PLAN_INVALID = "plan-invalid"  # a page's hash or file is wrong
    DEVICE_MISSING = "device-missing"
    DEVICE_SILENT = "device-silent"  # the modem does not answer
    DEVICE_ERROR = "device-error"  # an answer that makes no sense here
    DEVICE_NOT_FAX = "device-not-fax"  # no Class 1
    PORT_DIED = "port-died"  # the port process was killed in the call
    STORAGE = "storage"  # the call's journal could not be written
    NO_DIAL_TONE = "no-dial-tone"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    NO_CARRIER = "no-carrier"  # the call ended before a fax signal; an unknown number sounds like this too
    BAD_NUMBER = "bad-number"
    BLACKLISTED = "blacklisted"  # the modem will not dial this number
    DELAYED = "delayed"  # the modem will not dial this number again for now: redialling is limited
    NO_FAX = "no-fax"  # answered, but no DIS within T1
    CANNOT_RECEIVE = "cannot-receive"
    INCOMPATIBLE = "incompatible"
    NOTHING_TO_FETCH = "nothing-to-fetch"  # polling: the far end has no document
    CANNOT_TRAIN = "cannot-train"
    NO_ANSWER_TO_TRAINING = "no-answer-to-training"
    FAR_END_DISCONNECTED = "far-end-disconnected"  # DCN from the far end
    LINE_LOST = "line-lost"  # carrier or answers gone in the call
    NO_ANSWER_TO_PAGE = "no-answer-to-page"  # three post-page commands unanswered
    PAGE_REFUSED = "page-refused"  # RTN or PIN to the end
    LINE_TOO_BAD = "line-too-bad"  # ECM could not get a page through undamaged
    NOT_READY_TOO_LONG = "not-ready-too-long"  # T5
    PROTOCOL_ERROR = "protocol-error"
    HANDLED = "handled"  # a service provider's device has taken it over, and says no more


class Fate(Enum):
    """What is known about a page at the far end. Same values as the API's."""

    NOT_SENT = "not-sent"
    CONFIRMED = "confirmed"
    DAMAGED = "damaged"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, kw_only=True)
class PageFate:
    """The fate of one page of the plan."""

    job: int
    number: int  # 1-based number within the job; of a preface: within that
    fate: Fate


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The call in numbers; None where the call did not come so far."""

    line_seconds: float | None = None  # off-hook to on-hook
    rate_bps: int | None = None
    modulation: str | None = None  # "V.17", "V.29", "V.27ter"
    coding: str | None = None
    ecm: bool | None = None
    ecm_frames_resent: int = 0
    far_ident: str | None = None  # CSI


@dataclass(frozen=True, kw_only=True)
class FetchedPage:
    """A page of a document that was fetched (polling). ``number``: of that document, from 1."""

    number: int
    rows: int
    bad_rows: int
    digest: str
    confirmed: bool = False  # the far end was told that we have it


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a call."""

    cause: Cause
    phase: Phase
    fault: Fault
    retry: Retry
    text: str  # a plain sentence for people
    pages: tuple[PageFate, ...]
    prefaces: tuple[PageFate, ...] = ()  # of pages that are none of a job's
    figures: Figures = Figures()
    advice: str = ""  # what to do next, a plain sentence
    code: str = ""  # the customary E-code, a label and nothing more; "" when there is none
    fetched: tuple[FetchedPage, ...] = ()
    memory: LineMemory | None = None  # for the next plan to this number; None: nothing was learned


def parted(plan: CallPlan, fates: Sequence[Fate]) -> tuple[tuple[PageFate, ...], tuple[PageFate, ...]]:
    """Fates of all pages of the call, in its order, as those of the jobs' pages and those of prefaces."""
    found: tuple[list[PageFate], list[PageFate]] = ([], [])
    for each, fate in zip(plan.pages, fates, strict=True):
        found[each.preface].append(PageFate(job=each.document.job, number=each.page.number, fate=fate))
    return tuple(found[False]), tuple(found[True])
