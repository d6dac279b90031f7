"""Every way that the sender can go: from each situation that it gets into, each event that there is.

A situation is what of the machine decides about its next step; situations that differ in nothing else are explored
once. The pages are code of a given length, so that nothing has to be coded.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from codec.page import Coding, Resolution
from modem.t30 import line
from modem.t30.capabilities import Abilities, PageFormat
from modem.t30.frames import Frame, Type
from modem.t30.notes import NOWHERE, Addressing
from modem.t30.rates import Rate
from modem.t30.sender import Sender, SenderPolicy
from modem.t30.states import Event, State
from tests.modem.t30 import play
from tests.modem.t30.play import far, octets_of, ppr

Step = Callable[[Sender], None]


@dataclass(frozen=True)
class Lengths:
    """``notes.Pages``: code of so many octets; ``forms`` says which pages share their form with the next."""

    octets: tuple[int, ...]
    forms: tuple[int, ...]
    coding: Coding = Coding.MH

    @property
    def count(self) -> int:
        return len(self.octets)

    @property
    def weighed(self) -> tuple[tuple[str, int], ...]:
        return ()

    def addressing(self, index: int) -> Addressing:
        return NOWHERE

    def format(self, index: int, abilities: Abilities, ecm: bool, rate: Rate) -> PageFormat:
        resolution = (Resolution.STANDARD, Resolution.FINE)[self.forms[index]]
        coding = self.coding if ecm else Coding.MH
        return PageFormat(coding=coding, resolution=resolution, width=1728, ecm=ecm, frame_octets=64)

    def code(self, index: int, format: PageFormat, rate: Rate) -> bytes:
        return bytes(self.octets[index])

    def prepare(self, index: int, format: PageFormat, rate: Rate) -> None:
        pass


ECHO = "echo"
FRAMES: dict[str, Frame | bytes] = {
    "CSI": play.CSI,
    "DIS": play.PLAIN,
    "DIS with ECM": play.ECM,
    "DIS with a document": play.dis(9, 15, 16, 20),
    "DIS of a printer without receiver": far(Type.DIS, bytes.fromhex("000C00")),
    "DTC": far(Type.DTC, play.PLAIN.fif),
    "DCS": far(Type.DCS, b"\0\x62\x78"),
    "CFR": play.CFR,
    "FTT": play.FTT,
    "CTR": play.CTR,
    "MCF": play.MCF,
    "RTP": play.RTP,
    "RTN": play.RTN,
    "PIP": play.PIP,
    "PIN": play.PIN,
    "PPR": ppr(0),
    "PPR for all": play.ppr_map(b"\xff" * 32),
    "RNR": play.RNR,
    "ERR": play.ERR,
    "CRP": play.CRP,
    "FNV": far(Type.FNV, b"\x20"),
    "DCN": play.DCN,
    "unknown": Frame(0x13, 0x77, b"abc"),
    "bad": b"\xff\x13\x8c\0\0",
}
LINE: dict[str, line.LineEvent] = {
    "ready": line.Ready(frozenset((145, 146, 24))),
    "connected": line.Connected(listening=False),
    "dial failed": line.DialFailed(line.DialResult.BUSY),
    "signal": line.Signal(),
    "signal lost": line.SignalLost(),
    "given": line.Given(),
    "sent": line.Sent(),
    "line lost": line.LineLost(),
    "failed": line.Failed(line.Failure.ERROR, "?"),
    "on-hook": line.OnHook(True),
}


def steps(sender: Sender) -> Iterator[tuple[str, Event, float]]:
    """Everything that can happen next: a name, the event that it is, and after how long."""
    for name, frame in FRAMES.items():
        event = Event.BAD_FRAME if isinstance(frame, bytes) else None
        yield name, event or _EVENT_OF[name], 0.1
    yield "RNR", Event.RNR, 70.0
    if sender._last_sent:
        yield ECHO, Event.ECHO, 0.1
    for name in LINE:
        yield name, _LINE_EVENT[name], 0.1
    yield "timeout", Event.TIMEOUT, 0.0
    yield "cancel", Event.CANCEL, 0.1


_EVENT_OF = {
    "CSI": Event.IDENT,
    "DIS": Event.DIS,
    "DIS with ECM": Event.DIS,
    "DIS with a document": Event.DIS,
    "DIS of a printer without receiver": Event.DIS,
    "DCS": Event.COMMAND,
    "PPR for all": Event.PPR,
    "unknown": Event.UNKNOWN,
} | {name: Event(name) for name in FRAMES if name in [event.value for event in Event]}
_LINE_EVENT = {name: Event(name.replace(" ", "-")) for name in LINE}


def do(sender: Sender, name: str, after_s: float) -> None:
    now = sender.now + after_s
    if name == "timeout":
        sender.tick(max(now, sender.deadline if sender.deadline is not None else now))
    elif name == "cancel":
        sender.cancel(now)
    elif name in LINE:
        sender.handle(LINE[name], now)
    else:
        frame = FRAMES.get(name)
        if name == ECHO:
            octets = sender._last_sent[-1]
            frame = Frame(octets[1], octets[2], octets[3:])
        heard = frame if isinstance(frame, bytes) else octets_of(frame) if frame else b""
        sender.handle(line.FrameHeard(heard, True), now)
    sender.take_outputs()


_COUNT = (
    "state",
    "index",
    "rate",
    "format",
    "_dcs_sent",
    "_v17_failures",
    "_lowest_tried_again",
    "_end",
    "_rtns",
    "_rtps",
    "_long_training",
    "_repeats",
    "_invalid",
    "_dis_after_page",
    "_rr_for",
    "_repeated",
    "_heard_something",
)


def situation(sender: Sender) -> tuple[object, ...]:
    ecm = sender._ecm
    seen = ecm and (ecm.block, ecm.pprs, ecm.ctcs, len(ecm.pending), ecm.damaged)
    parked = sender._parked and (sender._parked[0], sender._parked[2])
    ending = sender._ending and sender._ending[0]
    return (*(getattr(sender, name) for name in _COUNT), seen, parked, ending, sender._t5 is None)


def clone(sender: Sender) -> Sender:
    """All that changes in a call is a value, but for a few."""
    other = copy.copy(sender)
    other.fates = list(sender.fates)
    other._failed = sender._failed.copy()
    other._outputs = list(sender._outputs)
    if sender._ecm is not None:
        other._ecm = replace(sender._ecm)
        vars(other._ecm).update(vars(sender._ecm) | {"pending": list(sender._ecm.pending)})
    return other


@dataclass
class Explored:
    led: dict[tuple[State, Event], set[State]] = field(default_factory=dict)
    situations: list[Sender] = field(default_factory=list)


TO_PAGE = ("ready", "connected", "DIS with ECM", "sent", "sent", "CFR")
ROUND = ("given", "sent", "sent", "PPR for all")  # a block, its PPS, and all of it is missing
CTC = (*ROUND * 4, "sent", "CTR")


ECM = SenderPolicy(pages_again_after_rtn=1)
NO_ECM = SenderPolicy(ecm=False, pages_again_after_rtn=1)


@dataclass(frozen=True)
class Start:
    """A call and how far it has come when everything begins to happen."""

    pages: Lengths
    policy: SenderPolicy = ECM
    lead_in: tuple[str, ...] = ()


def explore(start: Start, each_state: int, found: Explored) -> None:
    """Add what can happen from ``start`` on to ``found``; of each state so many situations are looked into."""
    first = Sender("1", start.pages, start.policy, 0.0)
    first.take_outputs()
    for name in start.lead_in:
        do(first, name, 0.1)
    known = {situation(first)}
    counts: Counter[State] = Counter()
    waiting = [first]
    while waiting:
        sender = waiting.pop(0)
        found.situations.append(sender)
        for name, event, after_s in steps(sender):
            other = clone(sender)
            do(other, name, after_s)
            found.led.setdefault((sender.state, event), set()).add(other.state)
            key = situation(other)
            if key not in known and counts[other.state] < each_state:
                known.add(key)
                counts[other.state] += 1
                waiting.append(other)


FIT = Lengths((100, 100), (0, 0))
UNFIT = Lengths((100, 100), (0, 1))
TWO_BLOCKS = Lengths((64 * 256 + 100, 100), (0, 1))
ONE = Lengths((100,), (0,))
MMR = Lengths((100,), (0,), Coding.MMR)
STARTS = (
    Start(Lengths((), ()), SenderPolicy(fetch=True)),
    Start(ONE, SenderPolicy(ecm=False, fetch=True), TO_PAGE),
    Start(FIT, NO_ECM),
    Start(UNFIT, NO_ECM, TO_PAGE),
    Start(ONE, NO_ECM, (*TO_PAGE, "given", "sent", "sent", "RTN", "sent", "sent", "CFR")),
    Start(FIT, lead_in=TO_PAGE),
    Start(UNFIT, lead_in=TO_PAGE),
    Start(TWO_BLOCKS, lead_in=TO_PAGE),
    *(
        Start(pages, lead_in=(*TO_PAGE, *lead_in, *ROUND * 3, *ROUND[:2]))
        for pages in (FIT, UNFIT, TWO_BLOCKS, ONE, MMR)
        for lead_in in ((), CTC * 2)
    ),
)
