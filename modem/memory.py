"""What calls to a number teach: data that goes into a plan and comes out of an outcome.

What always holds: pure; an empty memory forbids nothing; every lesson wears off by itself, so that one bad call does
not slow a number down for ever: a rate rises by a step after each clean call, and what was left out is tried again
after some calls. Nothing here decides whether a page was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

RATES_BPS = (2400, 4800, 7200, 9600, 12000, 14400)
LEFT_OUT_CALLS = 6  # so many calls do without what made trouble


@dataclass(frozen=True, kw_only=True)
class LineMemory:
    """Of one number. All zero: nothing is known, nothing is left out. The counts are calls still to come."""

    max_rate_bps: int | None = None  # begin no faster than this
    without_v17: int = 0
    without_ecm: int = 0
    without_codings: tuple[str, ...] = ()  # values of ``t30.capabilities.PageCoding``
    without_codings_for: int = 0
    small_frames: int = 0  # ECM with 64 octets


NOTHING_KNOWN = LineMemory()


@dataclass(frozen=True, kw_only=True)
class CallFacts:
    """What of a call bears on the next one to this number."""

    answered: bool  # a DIS was heard
    pages_through: int  # confirmed, clean
    rate_bps: int | None = None  # at the end of the call, of the last training that worked
    stepped_down: bool = False  # FTT, RTN or CTC lowered the rate in this call
    ecm: bool | None = None
    frames_sent: int = 0
    frames_resent: int = 0
    coding: str | None = None
    v17_trouble: bool = False  # nothing was got through with V.17
    ecm_trouble: bool = False  # it went wrong behind the first block, and ECM may be why
    coding_trouble: bool = False  # the far end left when it had a whole page


def _less(count: int) -> int:
    return max(0, count - 1)


def learned(memory: LineMemory, call: CallFacts) -> LineMemory:
    """The memory after a call."""
    if not call.answered:
        return memory
    after = replace(
        memory,
        without_v17=_less(memory.without_v17),
        without_ecm=_less(memory.without_ecm),
        without_codings_for=_less(memory.without_codings_for),
        small_frames=_less(memory.small_frames),
    )
    if not after.without_codings_for:
        after = replace(after, without_codings=())
    if call.v17_trouble:
        after = replace(after, without_v17=LEFT_OUT_CALLS)
    if call.ecm_trouble:
        after = replace(after, without_ecm=LEFT_OUT_CALLS)
    if call.coding_trouble and call.coding not in (None, "mh"):
        codings = tuple(sorted({*after.without_codings, str(call.coding)}))
        after = replace(after, without_codings=codings, without_codings_for=LEFT_OUT_CALLS)
    if call.ecm and call.frames_resent * 5 > call.frames_sent:
        after = replace(after, small_frames=LEFT_OUT_CALLS)
    return replace(after, max_rate_bps=_rate(memory.max_rate_bps, call))


def _rate(limit: int | None, call: CallFacts) -> int | None:
    """Begin where this call ended; after a clean call one step higher, until no limit is left."""
    if call.rate_bps is None:
        return limit
    if call.stepped_down or not call.pages_through:
        return call.rate_bps if call.stepped_down else limit
    if limit is None:
        return None
    higher = [rate for rate in RATES_BPS if rate > call.rate_bps]
    return higher[0] if higher and higher[0] < RATES_BPS[-1] else None
