"""Calls of every kind from a seed: pages, policy, far end and line, and the call that they make.

What always holds: a seed is the same call every time; everything about it is in its ``Scenario``. What it must not do:
judge what came of it (``frameverdict``).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from codec.coder import page_from_bitmap
from codec.page import Bitmap, Page
from modem.call import Call
from modem.entries import Entry
from modem.outcome import Outcome
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.soft.framecall import FrameExchange, Host, run_hosts
from modem.soft.framefax import FrameFax
from modem.soft.framehabits import PIN, PIP, RTN, RTP, Habits, Odd
from modem.soft.framelevel import Faults, FrameLine
from modem.soft.framemodem import FrameModem
from modem.soft.timeline import Timeline
from modem.t30.capabilities import Bits

LONGEST_CALL_S = 3 * 3600.0
NUMBER = "5552001"
_ANSWER_S = (0.13, 0.13, 0.13, 0.13, 0.3, 1.0, 2.0, 2.6)


@lru_cache(maxsize=1)
def page_pool() -> tuple[Page, ...]:
    """Pages that differ from one another, the last one of two ECM blocks. None is shorter on the line than a V.21
    burst: T.30 without ECM cannot tell an image that was not noticed at all from none."""
    pages = [_page(seed, rows, dpi) for seed, rows, dpi in _SMALL]
    return (*pages, _noise(91, 24), _noise(92, 330))


_SMALL = (
    (1, 130, 196),
    (2, 160, 196),
    (3, 150, 98),
    (4, 240, 196),
    (5, 140, 391),
    (6, 170, 98),
    (7, 135, 196),
    (8, 120, 196),
)


def _page(seed: int, rows: int, dpi_y: int) -> Page:
    chance = random.Random(seed)
    data = bytearray(rows * 216)
    for row in range(0, rows, 4):
        for _ in range(12):
            at = row * 216 + chance.randrange(216)
            for below in range(min(3, rows - row)):
                data[at + below * 216] = chance.randrange(1, 256)
    return page_from_bitmap(Bitmap(1728, rows, bytes(data)), 204, dpi_y)


def _noise(seed: int, rows: int) -> Page:
    return page_from_bitmap(Bitmap(1728, rows, random.Random(seed).randbytes(rows * 216)), 204, 196)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Everything about one call."""

    seed: int
    pages: tuple[int, ...]  # of ``page_pool``
    policy: LinePolicy
    habits: Habits
    faults: Faults
    refused: str = ""  # the result code to dialling, when nobody answers
    mute: bool = False  # it is answered, and not by a fax machine
    cancel_at_s: float | None = None
    device_gone_at_s: float | None = None
    notices_drop: bool = False
    journal_s: float = 0.0


def _dis(chance: random.Random, ecm: bool) -> bytes:
    bits = Bits()
    bits.set(10, chance.random() > 0.02)
    bits.set(11, chance.choice((0b1011, 0b1011, 0b1011, 0b1011, 0b0011, 0b0010, 0b0000, 0b0001)))
    bits.set(15, chance.random() < 0.9)
    bits.set(16, chance.random() < 0.8)
    bits.set(20)
    bits.set(21, chance.choice((7, 7, 0, 1, 2, 3)))
    bits.set(27, ecm)
    bits.set(31, ecm and chance.random() < 0.8)
    bits.set(41, chance.random() < 0.6)
    return bits.fif()


def _habits(chance: random.Random) -> Habits:
    odd = {}
    if chance.random() < 0.25:
        for _ in range(chance.choice((1, 1, 2, 3))):
            odd[chance.randrange(9)] = chance.choice(list(Odd))
    never = frozenset(rate for rate in (14400, 12000, 9600, 7200, 4800, 2400) if chance.random() < 0.4)
    return Habits(
        dis=_dis(chance, chance.random() < 0.75),
        facilities=chance.random() < 0.2,
        answer_s=chance.choice(_ANSWER_S),
        refused_tcfs=chance.choice((1, 2, 3, 5, 20)) if chance.random() < 0.1 else 0,
        refused_rates=never if chance.random() < 0.1 else frozenset(),
        non_ecm_answers=tuple(chance.choice((RTP, RTN, PIP, PIN)) for _ in range(3)) if chance.random() < 0.15 else (),
        always_rtn=chance.random() < 0.03,
        always_ppr=chance.random() < 0.03,
        not_ready=chance.choice((1, 2, 5, 50)) if chance.random() < 0.1 else 0,
        leaves_without_dcn=chance.random() < 0.3,
        odd=odd,
    )


def _faults(chance: random.Random, seed: int) -> Faults:
    def sometimes(share: float, *values: float) -> float:
        return chance.choice(values) if chance.random() < share else 0.0

    if chance.random() < 0.15:
        return Faults(seed=seed)
    return Faults(
        seed=seed,
        lost=(sometimes(0.3, 0.03, 0.1, 0.3), sometimes(0.3, 0.03, 0.1, 0.3)),
        damaged=(sometimes(0.3, 0.03, 0.1, 0.3), sometimes(0.3, 0.03, 0.1, 0.3)),
        repeated=sometimes(0.2, 0.1, 0.5),
        delayed=sometimes(0.15, 0.2, 1.0),
        echo=sometimes(0.2, 0.2, 1.0),
        echo_delay_s=chance.choice((0.2, 0.35, 0.6)),
        bit_errors=sometimes(0.3, 1e-5, 1e-4, 1e-3),
        burst=sometimes(0.3, 0.2, 0.6, 1.0),
        garbled=sometimes(0.15, 0.05, 0.3),
        cut=sometimes(0.15, 0.05, 0.3),
        delay_s=chance.choice((0.002, 0.002, 0.02, 0.15, 0.3)),
        dropped_at_s=chance.uniform(0, 60) if chance.random() < 0.15 else None,
    )


def scenario(seed: int) -> Scenario:
    """The call of a seed."""
    chance = random.Random(seed)
    pool = len(page_pool())
    small = pool - 1
    pages = tuple(chance.sample(range(small), chance.choice((1, 1, 2, 2, 3, 4))))
    if chance.random() < 0.01:
        pages = (*pages[:1], pool - 1)
    policy = LinePolicy(
        ecm=chance.random() < 0.85,
        v17=chance.random() < 0.95,
        max_rate_bps=chance.choice((14400, 9600, 7200, 4800)) if chance.random() < 0.1 else None,
        codings=chance.choice((("mh", "mr", "mmr"),) * 3 + (("mh",), ("mr",), ("mh", "mr"))),
        flow_control=chance.random() < 0.4,
        header_line=chance.random() < 0.05,
    )
    return Scenario(
        seed=seed,
        pages=pages,
        policy=policy,
        habits=_habits(chance),
        faults=_faults(chance, seed),
        refused=chance.choice(("BUSY", "NO ANSWER", "NO CARRIER", "NO DIALTONE")) if chance.random() < 0.02 else "",
        mute=chance.random() < 0.01,
        cancel_at_s=chance.uniform(0, 60) if chance.random() < 0.06 else None,
        device_gone_at_s=chance.uniform(0, 60) if chance.random() < 0.02 else None,
        notices_drop=chance.random() < 0.5,
        journal_s=chance.choice((0.0, 0.0, 0.002, 0.02, 0.3)),
    )


@dataclass
class Played:
    """A call that is over, seen from all sides. ``fault``: why it did not come to its end as it should."""

    scenario: Scenario
    plan: CallPlan
    modem: FrameModem
    entries: list[Entry]
    outcome: Outcome | None
    line: FrameLine | None
    fax: FrameFax | None
    ended_at: float
    fault: str = ""
    connected_at: float | None = None
    notes: list[str] = field(default_factory=list)


def plan_of(asked: Scenario) -> CallPlan:
    """The plan of its call."""
    pool = page_pool()
    pages = tuple(
        PlannedPage(file="-", index=index, digest=pool[index].digest, number=number)
        for number, index in enumerate(asked.pages, 1)
    )
    document = PlannedDocument(job=1, pages=pages, pages_total=len(pages), header_from="Us", header_to="Them")
    return CallPlan(
        call=f"seed-{asked.seed}",
        dial=NUMBER,
        documents=(document,),
        tsid="+1 555 1001",
        header_time="2030-01-02 03:04",
        policy=asked.policy,
    )


def _device_goes(call: Call, modem: FrameModem, now: float) -> None:
    call.hung_up(now)
    modem.drop_dtr()


def play(asked: Scenario) -> Played:
    """Make the call. Never raises: see ``Played.fault``."""
    timeline = Timeline()
    plan = plan_of(asked)
    faxes: list[FrameFax] = []
    connected: list[float] = []

    def place(_modem: FrameModem, _dialled: str) -> str | Callable[[FrameLine], None]:
        return asked.refused or through

    def through(line: FrameLine) -> None:
        connected.append(timeline.now)
        fax = FrameFax(timeline, line, asked.habits)
        faxes.append(fax)
        if not asked.mute:
            timeline.after(1.8, fax.answer)
        if asked.notices_drop and asked.faults.dropped_at_s is not None:
            timeline.after(asked.faults.dropped_at_s + 0.4, modem.lose_current)

    exchange = FrameExchange(timeline, place, lambda: FrameLine(timeline, asked.faults))
    modem = FrameModem(timeline, exchange)
    call = Call(plan, [page_pool()[index] for index in asked.pages], now=0.0)
    host = Host(call, modem, asked.journal_s)
    if asked.cancel_at_s is not None:
        timeline.after(asked.cancel_at_s, lambda: host.poke(lambda: call.cancel(timeline.now)))
    if asked.device_gone_at_s is not None:
        timeline.after(asked.device_gone_at_s, lambda: host.poke(lambda: _device_goes(call, modem, timeline.now)))
    fault = ""
    try:
        run_hosts(timeline, [host], LONGEST_CALL_S)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    ended_at = timeline.now
    if not fault:
        timeline.run_to(ended_at + 100.0)  # the far end comes to its own end
    return Played(
        scenario=asked,
        plan=plan,
        modem=modem,
        entries=host.entries,
        outcome=call.outcome,
        line=exchange.lines[-1] if exchange.lines else None,
        fax=faxes[-1] if faxes else None,
        ended_at=ended_at,
        fault=fault,
        connected_at=connected[-1] if connected else None,
    )
