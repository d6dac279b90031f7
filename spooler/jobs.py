"""Where a job stands, and what becomes of it after a call: pure functions.

What always holds: a job's state follows from few facts (ended or not, in a call, held, prepared, number) by one table;
every job that has not ended after a call waits with a sentence and a time; a page that the far end confirmed is never
planned again.

Must not: read the clock or the database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fax.types import Fate, JobState
from modem.outcome import Cause, Outcome, Retry

KEPT = frozenset((Fate.CONFIRMED, Fate.DAMAGED))
LONGEST_DEVICE_PAUSE_S = 600.0
REFUSALS_LIMIT = 3  # a refused page is sent again at most twice, in whatever calls
HOPELESS = frozenset((Cause.BAD_NUMBER, Cause.BLACKLISTED))  # whatever hope the outcome has
IN_VAIN = frozenset((Cause.BUSY, Cause.NO_ANSWER, Cause.NO_CARRIER, Cause.NO_FAX))
UNCERTAIN = "uncertain-pages"  # the cause for which a job is held until a person decides
GIVEN_UP = "given-up"  # the cause of a job whose time is up before it was called


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
    """From the settings, or the job's own. ``retries``: tries after the first that failed."""

    retries: int
    retry_delay_s: float
    busy_delay_s: float
    device_delay_s: float
    ask_uncertain: bool = False  # a page that may have arrived is not repeated before a person says so
    redial_limit: int = 0  # calls in a row to one number that reach no fax machine; 0: no limit
    redial_pause_s: float = 0.0

    def of_job(self, retries: int | None, retry_delay_s: float | None) -> RetryRules:
        """With what the job itself asks for."""
        return replace(
            self,
            retries=self.retries if retries is None else retries,
            retry_delay_s=self.retry_delay_s if retry_delay_s is None else retry_delay_s,
        )

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
    uncertain: int = 0  # pages that this call leaves uncertain
    reached: bool = True  # the call came to this job's pages, or to nobody's: its end is this job's end too


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of the job. ``state``: DONE, FAILED, CANCELLED, HELD or WAITING.

    ``pause_s``: how long it is to wait, with ``until``, which says the same for a clock that is not set meanwhile.
    """

    state: JobState
    tries: int
    cause: str | None = None
    reason: str | None = None
    until: datetime | None = None
    pause_s: float | None = None


def verdict(job: AfterCall, outcome: Outcome, rules: RetryRules, now: datetime) -> Verdict:
    """What becomes of ``job`` after a call that ended with ``outcome``."""
    by_others = outcome.cause is Cause.CANCELLED and not job.cancelling
    ours = outcome.retry is Retry.DEVICE or by_others
    counts = job.reached and not ours
    tries = job.tries + counts
    if job.confirmed == job.pages and (job.pages or outcome.cause is Cause.OK):
        return Verdict(state=JobState.DONE, tries=tries)
    cause = outcome.cause.value
    if job.cancelling:
        text = f"Cancelled; {job.confirmed} of {job.pages} pages had been received" if job.confirmed else "Cancelled"
        return Verdict(state=JobState.CANCELLED, tries=tries, cause=Cause.CANCELLED.value, reason=text)
    said = outcome.text.rstrip(". ") or cause
    if counts and (outcome.retry is Retry.NEVER or outcome.cause in HOPELESS):
        return Verdict(state=JobState.FAILED, tries=tries, cause=cause, reason=said)
    if job.refusals >= REFUSALS_LIMIT:
        text = f"{said}; given up after a page was refused {job.refusals} times"
        return Verdict(state=JobState.FAILED, tries=tries, cause=cause, reason=text)
    if tries > rules.retries and counts:
        text = said if tries == 1 else f"{said}; given up after {tries} tries"
        return Verdict(state=JobState.FAILED, tries=tries, cause=cause, reason=text)
    if job.uncertain and rules.ask_uncertain:
        pages = "a page" if job.uncertain == 1 else f"{job.uncertain} pages"
        text = f"{said}; {pages} may have arrived: resume the fax to send them again, or cancel it"
        return Verdict(state=JobState.HELD, tries=tries, cause=UNCERTAIN, reason=text)
    if not job.reached:
        said = f"Another fax to the same number came first, and the call ended: {said}"
    pause_s = rules.device_pause_s(job.faults) if ours else rules.retry_delay_s
    if outcome.retry is Retry.SOON:
        pause_s = rules.busy_delay_s
    until = now + timedelta(seconds=pause_s)
    reason = f"{said}; next try {at_time(until, now)}"
    return Verdict(state=JobState.WAITING, tries=tries, cause=cause, reason=reason, until=until, pause_s=pause_s)


@dataclass(frozen=True, kw_only=True)
class Redial:
    """What a number's calls teach about calling it again. ``barred_s``: it is left alone so long."""

    in_vain: int  # calls in a row that reached no fax machine
    barred_s: float | None = None


def redial(in_vain: int, outcome: Outcome, rules: RetryRules) -> Redial:
    """After a call to a number that had ``in_vain`` calls in vain before."""
    if outcome.retry is Retry.DEVICE or outcome.cause is Cause.CANCELLED:
        return Redial(in_vain=in_vain)
    if outcome.cause is Cause.DELAYED:
        return Redial(in_vain=0, barred_s=max(rules.redial_pause_s, rules.retry_delay_s))
    if outcome.cause not in IN_VAIN:
        return Redial(in_vain=0)
    if rules.redial_limit and in_vain + 1 >= rules.redial_limit:
        return Redial(in_vain=0, barred_s=rules.redial_pause_s)
    return Redial(in_vain=in_vain + 1)


def again_after_rtn(refusals: int) -> int:
    """How often a page that was refused so often before may go out again within one call."""
    return max(0, REFUSALS_LIMIT - 1 - refusals)


def at_time(until: datetime, now: datetime) -> str:
    """ "at 14:05", or with the day when it is another one; in the server's time zone, for people."""
    local, today = until.astimezone(), now.astimezone()
    clock = f"{local:%H:%M}" if (until - now).total_seconds() >= 60 else f"{local:%H:%M:%S}"
    return f"at {clock}" if local.date() == today.date() else f"on {local:%Y-%m-%d} at {clock}"
