"""Where a job stands, and what becomes of it after a call: pure functions.

What always holds: a job's state follows from few facts (ended or not, in a call, held, prepared, number) by one table;
every job that has not ended after a call waits with a sentence and a time; a page that the far end confirmed is never
planned again.

Must not: read the clock or the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fax.types import Fate, JobState
from modem.outcome import Cause, Outcome, Retry

KEPT = frozenset((Fate.CONFIRMED, Fate.DAMAGED))
LONGEST_DEVICE_PAUSE_S = 600.0
REFUSALS_LIMIT = 3  # a refused page is sent again at most twice


def standing(*, in_call: bool, held: bool, prepared: bool, number: str | None) -> JobState:
    """The state of a job that has not ended."""
    if in_call:
        return JobState.SENDING
    if held:
        return JobState.HELD
    if not prepared:
        return JobState.PREPARING
    if number is None:
        return JobState.ADDRESS
    return JobState.WAITING


def merged(known: Fate, news: Fate) -> Fate:
    """What is known of a page after a call, from what was known before and what the call says.

    A confirmation stays; "not sent" in this call takes nothing back of an earlier one.
    """
    if known in KEPT or news is Fate.NOT_SENT:
        return known
    return news


@dataclass(frozen=True, kw_only=True)
class RetryRules:
    """From the settings. ``retries``: tries after the first that failed."""

    retries: int
    retry_delay_s: float
    busy_delay_s: float
    device_delay_s: float

    def device_pause_s(self, faults: int) -> float:
        """The pause after one more fault of our own: each time twice as long, since somebody has to come and look."""
        return min(self.device_delay_s * (1 << min(faults, 20)), max(self.device_delay_s, LONGEST_DEVICE_PAUSE_S))


@dataclass(frozen=True, kw_only=True)
class AfterCall:
    """A job as it comes out of a call, fates already merged."""

    tries: int  # counted before this call
    faults: int  # calls before this one that did not count
    cancelling: bool
    pages: int
    confirmed: int
    refusals: int  # of the page refused most often, this call included


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of the job. ``state``: DONE, FAILED, CANCELLED or WAITING."""

    state: JobState
    tries: int
    cause: str | None = None
    reason: str | None = None
    until: datetime | None = None


def verdict(job: AfterCall, outcome: Outcome, rules: RetryRules, now: datetime) -> Verdict:
    """What becomes of ``job`` after a call that ended with ``outcome``."""
    counts = outcome.retry is not Retry.DEVICE
    tries = job.tries + counts
    if job.confirmed == job.pages:
        return Verdict(state=JobState.DONE, tries=tries)
    cause = outcome.cause.value
    if job.cancelling:
        text = f"Cancelled; {job.confirmed} of {job.pages} pages had been received" if job.confirmed else "Cancelled"
        return Verdict(state=JobState.CANCELLED, tries=tries, cause=Cause.CANCELLED.value, reason=text)
    said = outcome.text.rstrip(". ") or cause
    if outcome.retry is Retry.NEVER and outcome.cause is not Cause.CANCELLED:
        return Verdict(state=JobState.FAILED, tries=tries, cause=cause, reason=said)
    if job.refusals >= REFUSALS_LIMIT:
        text = f"{said}; given up after a page was refused {job.refusals} times"
        return Verdict(state=JobState.FAILED, tries=tries, cause=cause, reason=text)
    if tries > rules.retries and counts:
        text = said if tries == 1 else f"{said}; given up after {tries} tries"
        return Verdict(state=JobState.FAILED, tries=tries, cause=cause, reason=text)
    delay_s = {Retry.SOON: rules.busy_delay_s, Retry.DEVICE: rules.device_pause_s(job.faults)}.get(
        outcome.retry, rules.retry_delay_s
    )
    until = now + timedelta(seconds=delay_s)
    return Verdict(
        state=JobState.WAITING,
        tries=tries,
        cause=cause,
        reason=f"{said}; next try {at_time(until, now)}",
        until=until,
    )


def at_time(until: datetime, now: datetime) -> str:
    """ "at 14:05", or with the day when it is another one; in the server's time zone, for people."""
    local, today = until.astimezone(), now.astimezone()
    clock = f"{local:%H:%M}" if (until - now).total_seconds() >= 60 else f"{local:%H:%M:%S}"
    return f"at {clock}" if local.date() == today.date() else f"on {local:%Y-%m-%d} at {clock}"
