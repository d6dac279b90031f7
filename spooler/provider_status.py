"""What a service provider's status means for a call and its pages. Pure.

What always holds: only FS_COMPLETED, said by a function that succeeded, confirms every page; a provider that is at a
page says that the far end has those before it; the one in progress is uncertain, and so is every page where it does not
say which one that was. FS codes are those of docs/providers.md; one that we do not know is a failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fax import provider as fs
from fax.provider import FAX_DEV_STATUS
from modem.outcome import Cause, Fate, Fault, Figures, Outcome, PageFate, Phase, parted
from modem.plan import CallPlan
from modem.t30.endings import ENDINGS

MARK = 0x20000000  # every FS code has it
# On the way to the first page, or no further: nothing has been sent.
BEFORE_PAGES = frozenset((fs.FS_INITIALIZING, fs.FS_DIALING))
UNDER_WAY = BEFORE_PAGES | {fs.FS_TRANSMITTING, fs.FS_RECEIVING, fs.FS_ANSWERED}
CAUSES = {
    fs.FS_COMPLETED: Cause.OK,
    fs.FS_LINE_UNAVAILABLE: Cause.DEVICE_MISSING,
    fs.FS_BUSY: Cause.BUSY,
    fs.FS_NO_ANSWER: Cause.NO_ANSWER,
    fs.FS_BAD_ADDRESS: Cause.BAD_NUMBER,
    fs.FS_NO_DIAL_TONE: Cause.NO_DIAL_TONE,
    fs.FS_DISCONNECTED: Cause.FAR_END_DISCONNECTED,
    fs.FS_NOT_FAX_CALL: Cause.NO_FAX,
    fs.FS_CALL_DELAYED: Cause.DELAYED,
    fs.FS_CALL_BLACKLISTED: Cause.BLACKLISTED,
    fs.FS_HANDLED: Cause.HANDLED,
    fs.FS_USER_ABORT: Cause.CANCELLED,
}
# Ends before anything was sent, whatever page a provider names.
NOTHING_SENT = frozenset(
    (
        fs.FS_LINE_UNAVAILABLE,
        fs.FS_BUSY,
        fs.FS_NO_ANSWER,
        fs.FS_BAD_ADDRESS,
        fs.FS_NO_DIAL_TONE,
        fs.FS_NOT_FAX_CALL,
        fs.FS_CALL_DELAYED,
        fs.FS_CALL_BLACKLISTED,
    )
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a provider has said of one operation so far. ``page``: the highest in progress, from 1; 0: it named none."""

    transmitting: bool = False
    page: int = 0
    ident: str = ""

    def after(self, status: FAX_DEV_STATUS) -> Seen:
        """With one more status."""
        transmitting = self.transmitting or status.StatusId == fs.FS_TRANSMITTING
        named = status.PageCount if status.StatusId not in BEFORE_PAGES else 0
        return Seen(
            transmitting=transmitting,
            page=max(self.page, named),
            ident=status.CSI.strip()[:40] or self.ident,
        )


def fates(
    plan: CallPlan, seen: Seen, status: int, succeeded: bool
) -> tuple[tuple[PageFate, ...], tuple[PageFate, ...]]:
    """Of every page of the jobs and every preface in the plan, after an operation that ended with ``status``."""
    pages = plan.pages
    if succeeded and status == fs.FS_COMPLETED:
        found = [Fate.CONFIRMED] * len(pages)
    elif status in NOTHING_SENT and not seen.transmitting:
        found = [Fate.NOT_SENT] * len(pages)
    elif status == fs.FS_HANDLED or (seen.transmitting and not seen.page) or status == fs.FS_COMPLETED:
        found = [Fate.UNCERTAIN] * len(pages)
    elif seen.page:
        at = min(seen.page, len(pages)) - 1
        found = [Fate.CONFIRMED] * at + [Fate.UNCERTAIN] + [Fate.NOT_SENT] * (len(pages) - at - 1)
    else:
        found = [Fate.NOT_SENT] * len(pages)
    return parted(plan, found)


def outcome(
    plan: CallPlan, seen: Seen, status: FAX_DEV_STATUS, succeeded: bool, line_seconds: float, why: str = ""
) -> Outcome:
    """How a call ended. ``succeeded``: what FaxDevSend gave; ``why``: the provider's own words, or ours about it."""
    code = status.StatusId
    cause = cause_of(code, succeeded)
    ending = ENDINGS[cause]
    text, retry, fault = ending.text, ending.retry, ending.fault
    if cause is Cause.PROTOCOL_ERROR:
        text, fault = f"The provider reports a failure ({code:#x}).", Fault.DEVICE
    elif cause is Cause.DEVICE_MISSING:
        text = "The provider could not get a line."
    if why and cause is not Cause.OK:
        text = f"{text[:-1]}: {why.rstrip('. ')}."
    pages, prefaces = fates(plan, seen, code, succeeded)
    return Outcome(
        cause=cause,
        phase=phase_of(seen, cause),
        fault=fault,
        retry=retry,
        text=text,
        pages=pages,
        prefaces=prefaces,
        figures=Figures(line_seconds=round(line_seconds, 3), far_ident=seen.ident or None),
        advice=ending.advice,
    )


def cause_of(code: int, succeeded: bool) -> Cause:
    """Of the end of an operation. One that did not succeed has not completed, whatever its status says."""
    if code == fs.FS_COMPLETED and not succeeded:
        return Cause.PROTOCOL_ERROR
    return CAUSES.get(code, Cause.PROTOCOL_ERROR)


def phase_of(seen: Seen, cause: Cause) -> Phase:
    if cause is Cause.OK:
        return Phase.E
    return Phase.C if seen.transmitting or seen.page else Phase.A


def given_up(outcome: Outcome, text: str) -> Outcome:
    """The end of an operation that never came back."""
    ending = ENDINGS[Cause.PORT_DIED]
    return replace(
        outcome,
        cause=Cause.PORT_DIED,
        fault=Fault.DEVICE,
        retry=ending.retry,
        text=text,
        advice=ending.advice,
    )
