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
}


def recipient(whom: Recipient) -> str:
    names = " ".join(part for part in (whom.name, f"({whom.company})" if whom.company else "") if part)
    return f"{whom.number or 'no number yet'}{' ' + names if names else ''}"


def pages(job: Job) -> str:
    return "" if job.pages_total is None else f"{job.pages_confirmed}/{job.pages_total}"


def why(job: Job) -> str:
    """Why the job is where it is, and until when."""
    reason = job.reason or ""
    if job.until is not None and not job.state.ended:
        reason = f"{reason}{'; ' if reason else ''}next try {clock(job.until)}"
    return reason


def event(happened: Event) -> str:
    """What happened, as half a sentence: ``page 1 of 3 confirmed``."""
    words = _KINDS.get(happened.kind, happened.kind)
    if happened.kind == "prepared" and happened.pages is not None:
        words = f"prepared, {count(happened.pages, 'page')}"
    elif happened.page is not None:
        of = f" of {happened.pages}" if happened.pages is not None else ""
        words = f"page {happened.page}{of} {words}"
    text = happened.text.strip()
    return f"{words}: {text}" if text and text.casefold() not in words.casefold() else words
