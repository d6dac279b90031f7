"""Our sender against our receiver at frame level: a call from a seed, and what must hold after it.

What always holds: two modems, one line, faults of the line only; each end has its own journal, the receiver its store,
whose delays and failures are part of the seed. The verdict compares both ends with each other and with the pages.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from codec.coder import bitmap_of
from codec.header import strip_rows
from codec.page import Coding, Page
from modem.answer import Answer
from modem.call import Call
from modem.entries import Entry
from modem.journal import page_fates
from modem.outcome import Fate, Outcome
from modem.plan import CallPlan
from modem.receipt import AnswerOutcome, Receipt
from modem.soft.framecall import FrameExchange, Host, run_hosts
from modem.soft.framefaults import LONGEST_CALL_S, Scenario, page_pool, plan_of
from modem.soft.framefaults import scenario as scenario_of
from modem.soft.framelevel import CALLED, FrameLine, Kind
from modem.soft.framemodem import FrameModem
from modem.soft.frameverdict import pixels
from modem.soft.timeline import Timeline
from modem.t30.receiver_abilities import ReceiverPolicy

_AFTER_S = 120.0  # the receiver ends so long after the sender at the latest: T1 is the longest that it waits


@dataclass(frozen=True, kw_only=True)
class PairScenario:
    """Everything about one call between two of ours."""

    sending: Scenario
    receiving: ReceiverPolicy
    tells_untrained: bool = True  # the receiver's modem: see ``FrameModem``
    store_s: float = 0.0
    store_fails_at: int | None = None  # the page, from 1
    answer_cancel_at_s: float | None = None


def scenario(seed: int) -> PairScenario:
    """The call of a seed."""
    chance = random.Random(seed ^ 0x5A5A5A)
    sending = scenario_of(seed)
    codings = chance.choice(((Coding.MH,), (Coding.MH, Coding.MR), tuple(Coding), tuple(Coding), tuple(Coding)))
    return PairScenario(
        sending=replace(sending, refused="", mute=False),
        receiving=ReceiverPolicy(
            csi="+1 555 2001" if chance.random() < 0.8 else "",
            ecm=chance.random() < 0.7,
            v17=chance.random() < 0.9,
            codings=codings,
            scan_time_ms=chance.choice((0, 0, 0, 5, 10, 20)),
        ),
        tells_untrained=chance.random() < 0.5,
        store_s=chance.choice((0.0, 0.0, 0.01, 0.5, 2.5, 6.0)),
        store_fails_at=chance.choice((1, 2)) if chance.random() < 0.02 else None,
        answer_cancel_at_s=chance.uniform(0, 60) if chance.random() < 0.03 else None,
    )


@dataclass
class Stored:
    """A page on the receiver's disk, and since when."""

    number: int
    page: Page
    at: float


@dataclass
class Receiving(Host):
    """The receiver as a host: it has a store as well."""

    store_s: float = 0.0
    fails_at: int | None = None
    stored: list[Stored] = field(default_factory=list)
    _coming: list[tuple[float, int, Page]] = field(default_factory=list)
    _kept: int = 0

    def turn(self, now: float) -> bool:
        moved = super().turn(now)
        answer = self.call
        assert isinstance(answer, Answer)
        for page in answer.take_pages():
            self._coming.append((now + self.store_s, page.number, page.page))
            moved = True
        while self._coming and self._coming[0][0] <= now and answer.outcome is None:
            _, number, image = self._coming.pop(0)
            moved = True
            if number == self.fails_at:
                self._coming.clear()
                answer.store_failed("the disk is full", now)
                break
            self.stored.append(Stored(number, image, now))
            self._kept += 1
            answer.stored(self._kept, now)
        return moved

    @property
    def next_due(self) -> float | None:
        due = super().next_due
        if not self._coming:
            return due
        return self._coming[0][0] if due is None else min(due, self._coming[0][0])


@dataclass
class PlayedPair:
    """A call that is over, from both ends."""

    scenario: PairScenario
    plan: CallPlan
    entries: list[Entry]
    answer_entries: list[Entry]
    outcome: Outcome | None
    answered: AnswerOutcome | None
    stored: list[Stored]
    line: FrameLine | None
    answer_began: float
    ended_at: float
    answer_ended_at: float | None
    starved: int
    missed_images: int
    fault: str = ""
    notes: list[str] = field(default_factory=list)


def play(asked: PairScenario) -> PlayedPair:
    """Make the call. Never raises: see ``PlayedPair.fault``."""
    timeline = Timeline()
    sending = asked.sending
    plan = plan_of(sending)
    hosts: list[Host] = []

    def place(_modem: FrameModem, _dialled: str) -> str | Callable[[FrameLine], None]:
        return through

    def through(line: FrameLine) -> None:
        called = FrameModem(timeline, exchange)
        called.tells_untrained = asked.tells_untrained
        exchange.ring(called, line)
        answer = Answer("in-1", asked.receiving, now=timeline.now)
        began.append(timeline.now)
        host = Receiving(answer, called, sending.journal_s, store_s=asked.store_s, fails_at=asked.store_fails_at)
        hosts.append(host)
        if asked.answer_cancel_at_s is not None:
            timeline.after(asked.answer_cancel_at_s, lambda: host.poke(lambda: answer.cancel(timeline.now)))
        if sending.notices_drop and sending.faults.dropped_at_s is not None:
            timeline.after(sending.faults.dropped_at_s + 0.4, modem.lose_current)
            timeline.after(sending.faults.dropped_at_s + 0.7, called.lose_current)

    began: list[float] = []
    exchange = FrameExchange(timeline, place, lambda: FrameLine(timeline, sending.faults))
    modem = FrameModem(timeline, exchange)
    call = Call(plan, [page_pool()[index] for index in sending.pages], now=0.0)
    caller = Host(call, modem, sending.journal_s)
    hosts.append(caller)
    if sending.cancel_at_s is not None:
        timeline.after(sending.cancel_at_s, lambda: caller.poke(lambda: call.cancel(timeline.now)))
    fault = ""
    try:
        run_hosts(timeline, hosts, LONGEST_CALL_S)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    receiving = next((host for host in hosts if isinstance(host, Receiving)), None)
    answer = receiving.call if receiving is not None else None
    return PlayedPair(
        scenario=asked,
        plan=plan,
        entries=caller.entries,
        answer_entries=receiving.entries if receiving is not None else [],
        outcome=call.outcome,
        answered=answer.outcome if isinstance(answer, Answer) else None,
        stored=receiving.stored if receiving is not None else [],
        line=exchange.lines[-1] if exchange.lines else None,
        answer_began=began[-1] if began else 0.0,
        ended_at=caller.ended_at or timeline.now,
        answer_ended_at=receiving.ended_at if receiving is not None else None,
        starved=modem.starved,
        missed_images=receiving.modem.missed_images if receiving is not None else 0,
        fault=fault,
    )


def violations(played: PlayedPair) -> list[str]:
    """All that does not hold after this call."""
    if played.fault:
        return [f"the call did not end: {played.fault}"]
    assert played.outcome is not None
    found = []
    if page_fates(played.entries, played.plan) != played.outcome.pages:
        found.append("the journal's fates are not the outcome's")
    if played.answered is None:
        return found
    if played.answer_ended_at is not None and played.answer_ended_at > played.ended_at + _AFTER_S:
        found.append(f"the receiver ended {played.answer_ended_at - played.ended_at:.0f} s after the sender")
    return found + _about_pages(played, played.answered)


def _about_pages(played: PlayedPair, answered: AnswerOutcome) -> list[str]:
    assert played.outcome is not None
    found = []
    fates = [page.fate for page in played.outcome.pages]
    places = {stored.number: _place(stored.page, played) for stored in played.stored}
    receipts = {receipt.number: receipt for receipt in answered.pages}
    confirmed = Counter(places.get(number, (None, 0))[0] for number, receipt in receipts.items() if receipt.confirmed)
    for number, receipt in receipts.items():
        place, differing = places.get(number, (None, 0))
        stored_at = next((stored.at for stored in played.stored if stored.number == number), None)
        if receipt.confirmed:
            found += _about_a_confirmation(played, number, stored_at)
        if number not in places:
            continue
        if place is None:
            if receipt.receipt is Receipt.CLEAN and not played.starved and not _bits_changed(played):
                found.append(f"page {number} came in, and it is none that was sent ({receipt.receipt.value})")
            continue
        if receipt.receipt is not Receipt.INCOMPLETE and fates[place] is Fate.NOT_SENT:
            found.append(f"page {place + 1} is 'not sent', and the far end holds it ({receipt.receipt.value})")
        if receipt.receipt is Receipt.CLEAN and differing and not _bits_changed(played):
            found.append(f"page {number} is 'clean', and {differing} rows differ")
        if differing > receipt.bad_rows:
            played.notes.append(f"page {number}: {differing} rows differ, {receipt.bad_rows} were counted bad")
    lacking = []
    for place, fate in enumerate(fates):
        # A page with a gap or with many bad rows may look like none of ours.
        perhaps = confirmed[None] and (fate is Fate.DAMAGED or _worn(played))
        if fate in (Fate.CONFIRMED, Fate.DAMAGED) and not confirmed[place] and not perhaps:
            lacking.append(f"page {place + 1} is {fate.value!r}, and the far end has confirmed no such page")
    # Without ECM a receiver whose modem keeps an image from it cannot tell the command behind it from a repeated one.
    found += lacking[0 if _ecm(played) else played.missed_images :]
    sent = Counter(entry.fields["number"] - 1 for entry in played.entries if entry.kind == "page-intent")
    for place, count in Counter(place for place, _ in places.values() if place is not None).items():
        if count > sent[place]:
            found.append(f"page {place + 1} was sent {sent[place]} times and stored {count} times")
    return found


def _about_a_confirmation(played: PlayedPair, number: int, stored_at: float | None) -> list[str]:
    """A page is on disk, and the journal's entry about it, before the answer leaves."""
    told = next(
        (
            entry
            for entry in played.answer_entries
            if entry.kind == "page-confirmed" and entry.fields["number"] == number
        ),
        None,
    )
    if told is None:
        return [f"page {number} counts as confirmed, and the journal does not say so"]
    if stored_at is None or stored_at > played.answer_began + told.t + 0.001:
        return [f"page {number} was confirmed before it was stored"]
    return []


def _worn(played: PlayedPair) -> bool:
    """Whether the line may have changed pages that have no ECM."""
    faults = played.scenario.sending.faults
    return not _ecm(played) and bool(faults.cut or faults.garbled or _bits_changed(played))


def _ecm(played: PlayedPair) -> bool:
    return any(entry.kind == "trained" and entry.fields["ecm"] for entry in played.entries)


def _bits_changed(played: PlayedPair) -> bool:
    """Whether bits of an image may have been changed so that they still make sense: no receiver can know of it."""
    faults = played.scenario.sending.faults
    assert played.line is not None
    collided = any(
        one.kind is Kind.FAST
        and other.kind is Kind.V21
        and other.began < (one.ended or 0)
        and (other.ended or 0) > one.began
        for one in played.line.heard[CALLED]
        for other in played.line.heard[CALLED]
    )
    return not _ecm(played) and bool(faults.bit_errors or faults.burst or collided)


def _place(page: Page, played: PlayedPair) -> tuple[int | None, int]:
    """Which page of the call this is, and how many of its rows differ; None when none is near it."""
    top = strip_rows(page.dpi_y) if played.scenario.sending.policy.header_line else 0
    data = bitmap_of(page).data[top * 216 :]
    best: tuple[int | None, int] = (None, 0)
    for place, index in enumerate(played.scenario.sending.pages):
        if page_pool()[index].dpi_y < page.dpi_y:
            continue
        wanted = pixels(index, page.dpi_y)
        if data == wanted:
            return place, 0
        if len(data) == len(wanted):
            rows = len(data) // 216
            differing = sum(data[at : at + 216] != wanted[at : at + 216] for at in range(0, len(data), 216))
            if differing < rows / 2 and (best[0] is None or differing < best[1]):
                best = place, differing
    return best
