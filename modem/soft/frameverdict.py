"""What must hold after any call, whatever line and far end did: checked from outside, against what the far end knows.

What always holds: nothing here asks the call itself whether it did well; the far end's pages and answers and the line's
own record of signals decide. Each violation is a sentence.
"""

from __future__ import annotations

from functools import lru_cache

from codec.coder import bitmap_of, decode
from codec.header import strip_rows
from codec.operations import reduce_rows
from codec.page import BitOrder, Coding, Resolution
from modem.journal import page_fates
from modem.outcome import Cause, Fate, Retry
from modem.soft.framefaults import Played, page_pool
from modem.soft.framehabits import HeldPage
from modem.soft.framelevel import CALLER, FrameLine, Kind, Signal

_T4_S = 3.0 * 1.15
_FRAME_S = 3.45
_T1_S, _T5_S = 40.0, 65.0
_AFTER_EOM_S = 14.0  # twice T2
_BABBLE_S = 20.0  # a far end that goes on saying nothing of use
_DIAL_S = 65.0 + 15.0
_POLITE_S = 20.0  # from a cancel to the end
_CONFIRMING = frozenset(("MCF", "RTP", "PIP"))
_REFUSING = frozenset(("RTN", "PIN"))


@lru_cache(maxsize=64)
def pixels(index: int, dpi_y: int) -> bytes:
    """The packed rows of a page of the pool at that resolution, which is not finer than its own."""
    page = page_pool()[index]
    resolution = {98: Resolution.STANDARD, 196: Resolution.FINE, 391: Resolution.SUPERFINE}[dpi_y]
    if page.dpi_y != dpi_y:
        page = reduce_rows(page, resolution)
    return bitmap_of(page).data


class Seen:
    """A page at the far end: which one of ours it was, and how it compares."""

    def __init__(self, held: HeldPage, played: Played) -> None:
        self.answer = held.answer
        self.damaged = held.damaged
        top = strip_rows(held.dpi_y) * 216 if played.scenario.policy.header_line else 0
        sent = decode(bytes(held.sent), held.coding, held.width, order=BitOrder.LSB)
        self.place = _identified(sent.bitmap.data[top:], held.dpi_y, played)
        self.same = self.place is not None and held.code == held.sent
        self.uncounted = 0  # rows that differ and were not counted bad
        if self.place is not None and not self.same:
            got = decode(held.code, held.coding, held.width, order=BitOrder.LSB)
            self.same = got.bitmap.data == sent.bitmap.data
            if got.rows == sent.rows:
                bad = set(got.bad_rows)
                self.uncounted = sum(
                    got.bitmap.data[row * 216 : row * 216 + 216] != sent.bitmap.data[row * 216 : row * 216 + 216]
                    for row in range(got.rows)
                    if row not in bad
                )
            self.counted = len(got.bad_rows)


def _identified(data: bytes, dpi_y: int, played: Played) -> int | None:
    """The place in the call of the page with these pixels."""
    for place, index in enumerate(played.scenario.pages):
        if page_pool()[index].dpi_y >= dpi_y and pixels(index, dpi_y) == data:
            return place
    return None


def violations(played: Played) -> list[str]:
    """All that does not hold after this call."""
    if played.fault:
        return [f"the call did not end: {played.fault}"]
    assert played.outcome is not None
    found = _about_the_journal(played)
    fates = [page.fate for page in played.outcome.pages]
    found += _about_order(fates)
    if played.fax is not None:
        found += _about_pages(played, fates)
    elif any(fate is not Fate.NOT_SENT for fate in fates):
        found.append("no far end, and yet a page is not 'not sent'")
    if played.line is not None:
        found += _about_times(played, played.line)
    elif played.ended_at > _DIAL_S:
        found.append(f"dialling took {played.ended_at:.1f} s")
    cancelled = played.scenario.cancel_at_s
    if cancelled is not None and played.ended_at > cancelled + _POLITE_S:
        found.append(f"cancelled at {cancelled:.1f} s, ended at {played.ended_at:.1f} s")
    return found


def _about_the_journal(played: Played) -> list[str]:
    assert played.outcome is not None
    found = []
    if not played.entries or played.entries[-1].kind != "end":
        found.append("the journal has no end")
    if page_fates(played.entries, played.plan) != played.outcome.pages:
        found.append("the journal's fates are not the outcome's")
    times = [entry.t for entry in played.entries]
    if times != sorted(times):
        found.append("the journal's times go back")
    return found


def _about_order(fates: list[Fate]) -> list[str]:
    done = 0
    while done < len(fates) and fates[done] in (Fate.CONFIRMED, Fate.DAMAGED):
        done += 1
    if any(fate is not Fate.NOT_SENT for fate in fates[done + 1 :]):
        return [f"a page was begun before the one in front of it was done: {[fate.value for fate in fates]}"]
    return []


def _about_pages(played: Played, fates: list[Fate]) -> list[str]:
    assert played.fax is not None and played.outcome is not None
    found = []
    pages = [Seen(held, played) for held in played.fax.pages]
    for held, page in zip(played.fax.pages, pages, strict=True):
        if page.place is None and not held.damaged and not played.modem.starved:
            found.append(f"the far end holds a page that is none of ours ({held.coding.value}, {held.answer})")
        if page.place is not None and fates[page.place] is Fate.NOT_SENT:
            said = held.answer or "no answer"
            found.append(f"page {page.place + 1} is 'not sent', and the far end holds it ({said})")
        if held.ecm and page.place is not None and not page.same:
            found.append(f"page {page.place + 1} was sent with ECM and differs")
        if not held.ecm and held.coding is Coding.MH and page.uncounted > 1:
            played.notes.append(f"{page.uncounted} rows differ and were not counted bad")
    for place, fate in enumerate(fates):
        answers = {page.answer for page in pages if page.place == place}
        if fate is Fate.CONFIRMED and not answers & _CONFIRMING:
            found.append(f"page {place + 1} is 'confirmed', and the far end said {sorted(answers) or 'nothing'}")
        if fate is Fate.REFUSED and not answers & _REFUSING:
            found.append(f"page {place + 1} is 'refused', and the far end said {sorted(answers) or 'nothing'}")
        if fate is Fate.DAMAGED and not any(held.damaged for held in played.fax.pages):
            found.append(f"page {place + 1} is 'damaged', and the far end gave nothing up")
    sent = all(fate in (Fate.CONFIRMED, Fate.DAMAGED) for fate in fates)
    if (played.outcome.retry is Retry.NO_NEED) != sent or (played.outcome.cause is Cause.OK and not sent):
        found.append(f"{played.outcome.cause.value} with {[fate.value for fate in fates]}")
    return found


# Times: how long our end may be silent (T.30 5.4.3, and the sender's table in the architecture of ``modem.t30``).


def _is(signal: Signal, command: int) -> bool:
    """Whether a burst's last frame is this command, or a PPS or EOR that carries it."""
    if signal.kind is not Kind.V21 or not signal.frames:
        return False
    frame = signal.frames[-1]
    kind = frame[2] & 0xFE
    return kind == command or (kind in (0xBE, 0xCE) and len(frame) > 3 and frame[3] & 0xFE == command)


def _about_times(played: Played, line: FrameLine) -> list[str]:
    found = []
    ours = [signal for signal in line.history if signal.side == CALLER]
    heard = [signal for signal in line.heard[CALLER] if signal.kind is Kind.V21]
    end = played.modem.on_hook_at if played.modem.on_hook_at is not None else played.ended_at
    assert played.connected_at is not None
    first = ours[0].began if ours else end
    slack = 1.0 + 2 * played.scenario.journal_s
    # T0 runs until the first signal of a fax machine, T1 from there.
    answered = heard[0].began - played.connected_at if heard else 0.0
    limit = answered + _T1_S + _BABBLE_S + slack if heard else _DIAL_S + slack
    if first - played.connected_at > limit or answered > _DIAL_S:
        found.append(f"{first - played.connected_at:.1f} s from the answer to our first signal")
    after_eom = False
    for signal, following in zip(ours, [*ours[1:], None], strict=False):
        assert signal.ended is not None
        until = following.began if following else end
        gap = until - signal.ended
        inside = [other for other in heard if other.began < until and (other.ended or until) > signal.ended]
        last = max((min(other.ended or until, until) - signal.ended for other in inside), default=0.0)
        limit = max(_T4_S, last) + (_FRAME_S if inside else 0.0) + slack
        after_eom = _is(signal, 0x8E) or (after_eom and _is(signal, 0x6E))
        if after_eom and inside:
            limit += _AFTER_EOM_S
        if gap > min(limit, _AFTER_EOM_S + _BABBLE_S):
            found.append(f"{gap:.1f} s of silence at {signal.ended:.1f} s (at most {limit:.1f} s)")
    asked_since: float | None = None
    for signal in ours:
        if not _is(signal, 0x6E):
            asked_since = None
            continue
        asked_since = signal.began if asked_since is None else asked_since
        if (signal.ended or end) - asked_since > _T5_S + _T4_S:
            found.append(f"RR for {(signal.ended or end) - asked_since:.1f} s")
            break
    return found
