"""Jobs, pages and events in plain words."""

from __future__ import annotations

from cli.output import clock, count
from fax.types import Event, Job, JobState, Recipient

STATES = {
    JobState.PREPARING: "preparing",
    JobState.ADDRESS: "waits for a recipient",
    JobState.HELD: "held",
    JobState.WAITING: "waiting",
    JobState.SENDING: "sending",
    JobState.ROUTING: "being routed",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}

_KINDS = {
    "accepted": "accepted",
    "prepared": "prepared",
    "waiting": "waiting",
    "dialling": "dialling",
    "connected": "the far end answers",
    "trained": "trained",
    "page-sending": "sending",
    "page-confirmed": "confirmed",
    "page-refused": "refused by the far end",
    "page-uncertain": "sent, but its arrival is not certain",
    "call-ended": "call ended",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "held": "held",
    "resumed": "resumed",
    "addressed": "recipient named",
    "restarted": "sent again from the first page not confirmed",
    "deleted": "deleted",
    "initializing": "setting the call up",
    "aborting": "being cancelled",
    "line-idle": "line is ready",
    "line-unavailable": "line could not be used",
    "modem-on": "modem is there",
    "modem-off": "modem is away",
    "ringing": "it rings",
    "answered": "a call is answered",
    "receiving": "receiving",
    "received": "a call that came in has ended",
    "routing": "being routed",
    "delivered": "delivered",
    "delivery-failed": "could not be delivered",
    "service-started": "fax server has started",
    "service-ended": "fax server is ending",
    "module-failed": "an extension failed",
}

_NEED_KIND = ("waiting", "call-ended", "failed", "cancelled")
"""Kinds whose text is a reason, which says little without its kind."""


def recipient(whom: Recipient) -> str:
    names = " ".join(part for part in (whom.name, f"({whom.company})" if whom.company else "") if part)
    return f"{whom.number or 'no number yet'}{' ' + names if names else ''}"


def pages(job: Job) -> str:
    return "" if job.pages_total is None else f"{job.pages_confirmed}/{job.pages_total}"


def why(job: Job) -> str:
    """Why the job is where it is, and until when."""
    reason = job.reason or ""
    # The daemon's own words may say until when; they are not said twice.
    if job.until is not None and not job.state.ended and "next try" not in reason:
        reason = f"{reason}{'; ' if reason else ''}next try {clock(job.until)}"
    return reason


def event(happened: Event) -> str:
    """What happened: in the daemon's words where it says some, else in ours (``page 1 of 3 confirmed``)."""
    words = _KINDS.get(happened.kind, happened.kind)
    text = happened.text.strip()
    if text and happened.kind not in _NEED_KIND:
        return text
    if text:
        return text if text.casefold().startswith(words) else f"{words.capitalize()}: {text}"
    if happened.kind == "prepared" and happened.pages is not None:
        words = f"prepared, {count(happened.pages, 'page')}"
    elif happened.page is not None:
        of = f" of {happened.pages}" if happened.pages is not None else ""
        words = f"page {happened.page}{of} {words}"
    return words.capitalize()
