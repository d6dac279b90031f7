"""Walks through the receiver's table: in each state mostly what leads on, and now and then anything at all; and the
few ways that are too rare for a walk of chance, gone on purpose.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping

import pytest

from codec.page import Coding
from modem.t30 import line
from modem.t30.frames import Type, fcs
from modem.t30.rates import FTM_CODES
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_states import Event, State
from modem.t30.receiver_table import LEADS_TO, TRANSITIONS
from tests.modem.t30.receiver_play import play
from tests.modem.t30.receiver_script import (
    CRP,
    DCN,
    ECM,
    EOM,
    EOP,
    FINE,
    MMR,
    MPS,
    RR,
    TSI,
    V17,
    V27,
    HearAny,
    Image,
    Script,
    block,
    code_of,
    ctc,
    dcs,
    eor,
    frames_of,
    hear,
    near,
    page_image,
    pps,
    rows_with_damage,
    say,
    small_page,
    tcf,
)

_PAGE = small_page(rows=80)
_FRAMES = frames_of(code_of(_PAGE, Coding.MMR))
_COUNT = len(_FRAMES)
_DATA = (
    bytes(3000),
    bytes(200_000),
    b"\x7e" * 200_000,
    block(_FRAMES).octets,
    block([frame for frame in _FRAMES if frame[0] != 2]).octets,
    rows_with_damage(100, 8),
    rows_with_damage(100, 40),
    code_of(_PAGE),
)
_SAID = [
    frame.octets + fcs(frame.octets)
    for frame in (
        TSI,
        dcs(FINE),
        dcs(FINE, ECM, MMR, octets=4),
        MPS,
        EOP,
        EOM,
        RR,
        CRP,
        DCN,
        pps(EOP, 0, 0, _COUNT),
        pps(MPS, 0, 0, _COUNT),
        pps(None, 0, 0, _COUNT),
        pps(None, 0, 1, _COUNT),
        pps(EOP, 0, 5, 3),
        eor(EOP),
        eor(None),
        ctc(),
        ctc(V27),
        near(Type.DTC, b"\0\0\0"),
        near(Type.DIS, b"\0\0\0"),
        near(Type.MCF),
    )
]
_BAD = _SAID[0][:-1] + b"\0"
_LEADS_ON: Mapping[State, line.LineEvent] = {
    State.SET_UP: line.Ready(FTM_CODES, FTM_CODES),
    State.PICK_UP: line.FlagsUp(),
    State.SEND_DIS: line.Sent(),
    State.SEND_ANSWER: line.Sent(),
    State.RAISE_FLAGS: line.FlagsUp(),
    State.SEND_DCN: line.Sent(),
    State.WAIT_TCF: line.Carrier(),
    State.WAIT_PAGE: line.Carrier(),
    State.HANG_UP: line.OnHook(True),
}
_ANYTHING: tuple[line.LineEvent, ...] = (
    line.Ready(FTM_CODES, FTM_CODES),
    line.FlagsUp(),
    line.Signal(),
    line.SignalLost(),
    line.Carrier(),
    line.DataEnd(),
    line.Sent(),
    line.LineLost(),
    line.Failed(line.Failure.ERROR, ""),
    line.OnHook(True),
)

Ways = dict[str, set[State | None]]


def watched(patch: pytest.MonkeyPatch) -> Ways:
    """Every act from now on is held against the table; the ways that were gone are gathered."""
    ways: Ways = defaultdict(set)
    act = Receiver._act

    def watch(self: Receiver, event: Event) -> None:
        before = self.state
        act(self, event)
        name = TRANSITIONS[before, event]
        assert self.state in LEADS_TO[name] or (self.state is before and None in LEADS_TO[name]), (before, event)
        ways[name].add(None if self.state is before else self.state)

    patch.setattr(Receiver, "_act", watch)
    return ways


def walk(chance: random.Random, steps: int = 150) -> Receiver:
    """One call of whatever comes."""
    receiver = Receiver(ReceiverPolicy(sub_addresses=("",) if chance.random() < 0.9 else ("1",)), 0.0)
    receiver.has_document = chance.random() < 0.3
    now = 0.0
    said = _SAID[0]
    if chance.random() < 0.2:
        receiver.begin_polling(FTM_CODES, now)
    cancels = chance.choice((0.0, 0.0, 0.02, 0.1))
    storing, waiting = chance.choice(((0.7, 0.8), (0.1, 0.8)))
    for _ in range(steps):
        receiver.take_outputs()
        if receiver.state is State.ENDED:
            break
        kind = chance.random()
        state = receiver.state
        if chance.random() < cancels:
            receiver.cancel(now)
        elif kind < 0.004:
            receiver.store_failed("full", now)
        elif kind < (storing if state is State.HOLD else 0.05) and receiver._storing:
            receiver.stored(receiver._given, now)
        elif kind < (waiting if state is State.HOLD else 0.15) and receiver.deadline is not None:
            now = max(now, receiver.deadline)
            receiver.tick(now)
        elif kind < 0.16:
            receiver.handle(chance.choice(_ANYTHING), now)
        elif state is State.WAIT_PAGE and kind < 0.2:
            receiver.handle(line.DataEnd(), now)
        elif state in _LEADS_ON and kind < 0.8:
            receiver.handle(_LEADS_ON[state], now)
        elif state in (State.RECEIVE_TCF, State.RECEIVE_PAGE):
            good = state is State.RECEIVE_TCF and chance.random() < 0.8
            data = line.Data(_DATA[0] if good else chance.choice(_DATA))
            receiver.handle(data if kind < 0.6 else line.DataEnd(), now)
        elif state.value.startswith("wait-"):
            said = said if chance.random() < 0.25 else _BAD if kind > 0.98 else chance.choice(_SAID)
            ends = said in (_SAID[8], _SAID[18], _SAID[19])
            if not ends or chance.random() < 0.2:
                receiver.handle(line.FrameHeard(said, True), now)
        else:
            receiver.handle(line.FrameHeard(chance.choice(_SAID), True), now)
        now += chance.choice((0.1, 1.0, 4.0))
    return receiver


def _begin(*bits: int) -> Script:
    yield hear("DIS")
    yield say(TSI, dcs(*bits, octets=4))
    yield tcf()
    yield hear("CFR")


def _cancelled_in(state: State, script: Script, store_s: float | None = 0.0) -> None:
    def cancel(now: float, receiver: Receiver) -> None:
        if receiver.state is state and receiver._answer is not None:
            receiver.cancel(now)

    play(script, store_s=store_s, at=cancel, whole=False)


def rare_ways() -> None:
    """What a walk of chance finds too seldom: mostly a cancel just before an answer that is given again."""

    def one_page(end: bytes, *behind: bytes) -> Script:
        yield from _begin()
        yield page_image(_PAGE)
        for octets in (end, *behind):
            yield say(octets, after=0.3)
            yield HearAny()

    def in_ecm(*commands: bytes, some: bool = True) -> Script:
        yield from _begin(FINE, ECM, MMR)
        yield block([frame for frame in _FRAMES if frame[0] != 2 or not some])
        for octets in commands:
            yield say(octets)
            yield HearAny()

    def gone_after_rtp() -> Script:
        yield from _begin()
        yield Image(rows_with_damage(1000, 100), V17, short=True)
        yield say(EOP)
        yield hear("RTP")

    def no_room(now: float, receiver: Receiver) -> None:
        if receiver.state is State.HOLD:
            receiver.store_failed("full", now)

    pps_eop, pps_null = pps(EOP, 0, 0, _COUNT), pps(None, 0, 0, _COUNT)
    mps, eop, rr, said, correct = (frame.octets + fcs(frame.octets) for frame in (MPS, EOP, RR, pps_eop, ctc()))
    play(gone_after_rtp())
    play(one_page(mps, mps), whole=False)
    play(one_page(mps), store_s=None, at=no_room, whole=False)
    play(in_ecm(said, rr, some=False), store_s=3.5, whole=False)
    play(in_ecm(pps_null.octets + fcs(pps_null.octets), eop, some=False), whole=False)
    _cancelled_in(State.WAIT_DCN, one_page(eop, eop))
    _cancelled_in(State.WAIT_PAGE, one_page(mps, rr))
    _cancelled_in(State.HOLD, one_page(mps), store_s=1.0)
    _cancelled_in(State.WAIT_PAGE, in_ecm(said, correct))
    _cancelled_in(State.WAIT_RR, in_ecm(said, rr, some=False), store_s=3.5)
