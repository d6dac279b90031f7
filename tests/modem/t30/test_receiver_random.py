"""Senders that say anything at any time: calls end, tables hold, and nothing is confirmed that is not stored."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

import pytest

from codec.page import Coding
from modem.t30 import line
from modem.t30.frames import Frame, Type, fcs
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_notes import PageConfirmed, PageIn
from modem.t30.receiver_states import Event, State
from modem.t30.receiver_table import LEADS_TO, TRANSITIONS
from tests.modem.t30.receiver_play import Line
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
    Image,
    Script,
    Silence,
    Step,
    block,
    code_of,
    ctc,
    dcs,
    eor,
    frames_of,
    near,
    page_image,
    pps,
    rows_with_damage,
    say,
    say_badly,
    small_page,
    tcf,
)

_PAGE = small_page(rows=80)
_FRAMES = frames_of(code_of(_PAGE, Coding.MMR))
_DAMAGED = (rows_with_damage(100, 8), rows_with_damage(100, 40))


def _any_step(chance: random.Random) -> Step:
    commands = (MPS, EOM, EOP, RR, CRP, TSI, near(Type.DTC, b"\0\0\0"), near(Type.DIS, b"\0\0\0"), near(Type.MCF))
    count = len(_FRAMES)
    end = chance.choice((None, MPS, EOM, EOP))
    after = chance.choice((0.06, 0.075, 0.5, 3.2, 6.0))
    steps: list[Step] = [
        say(chance.choice(commands), after=after),
        say_badly(chance.choice(commands), after=after),
        say(TSI, dcs(*chance.choice(((), (FINE,), (FINE, ECM, MMR), (ECM,))), octets=4), after=after),
        say(pps(end, chance.randrange(2), chance.randrange(2), count), after=after),
        say(eor(end)),
        say(ctc(chance.choice((None, V27, V17)))),
        say(Frame(chance.choice((0x03, 0x13)), chance.randrange(256), chance.randbytes(chance.randrange(8)))),
        say(chance.randbytes(chance.randrange(20))),
        tcf(),
        tcf(octet=chance.choice((0, 0x55))),
        page_image(_PAGE, after=after),
        Image(chance.choice(_DAMAGED), V17, short=True),
        Image(chance.randbytes(2000), V17, short=chance.random() < 0.8),
        block([frame for frame in _FRAMES if chance.random() < 0.8] or _FRAMES, short=chance.random() < 0.8),
        block(_FRAMES),
        Silence(chance.random() * 12),
    ]
    return chance.choice(steps)


def _any_script(seed: int) -> Script:
    """A course that makes sense, with senseless things strewn in."""
    chance = random.Random(seed)
    ecm = chance.random() < 0.5
    disorder = chance.choice((0.02, 0.1, 0.4, 1.0))

    def sensible() -> Iterator[Step]:
        yield Silence(6.5)
        while True:
            yield say(TSI, dcs(FINE, ECM, MMR, octets=4) if ecm else dcs(FINE))
            yield tcf()
            yield Silence(1.4)
            number = 0
            while True:
                yield block(_FRAMES) if ecm else page_image(_PAGE)
                end = chance.choice((MPS, MPS, EOM, EOP))
                yield say(pps(end, number % 256, 0, len(_FRAMES)) if ecm else end)
                yield Silence(1.4)
                number += 1
                if end is EOP:
                    yield say(DCN)
                    return
                if end is EOM:
                    yield Silence(8.5)
                    break

    for step in sensible():
        while chance.random() < disorder and disorder < 1.0:
            yield _any_step(chance)
        yield step if disorder < 1.0 else _any_step(chance)
    while chance.random() < 0.9:
        yield _any_step(chance)


SEEN: dict[tuple[State, Event], set[State]] = defaultdict(set)


def _watched(monkeypatch: pytest.MonkeyPatch) -> None:
    act = Receiver._act

    def watch(self: Receiver, event: Event) -> None:
        before = self.state
        act(self, event)
        SEEN[before, event].add(self.state)
        leads_to = LEADS_TO[TRANSITIONS[before, event]]
        assert self.state in leads_to or (self.state is before and None in leads_to), (before, event, self.state)

    monkeypatch.setattr(Receiver, "_act", watch)


def _call(seed: int) -> None:
    chance = random.Random(-seed)
    store_s = chance.choice((0.0, 0.0, 0.0, 1.0, 5.0, None))
    receiver = Receiver(ReceiverPolicy(csi="1"), 0.0)
    ran = Line(receiver, _any_script(seed), store_s=store_s, adaptive=chance.random() < 0.8)
    done = ran.run(give_up_s=4 * 3600)
    given = 0
    for note in done.notes:
        if isinstance(note, PageIn):
            given += 1
            assert note.number == given
            assert note.decoded.rows > 0
        elif isinstance(note, PageConfirmed):
            assert note.number == given
            assert store_s is not None
    numbers = [number for number, _ in done.confirmed]
    assert len(numbers) == len(set(numbers))
    assert receiver.ended is not None


@pytest.mark.parametrize("seed", range(40))
def test_any_sender_at_all(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _watched(monkeypatch)
    for number in range(seed * 10, seed * 10 + 10):
        _call(number)


def test_any_event_in_any_state_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bare events, also such as no line would give: nothing raises, and time brings every call to its end."""
    _watched(monkeypatch)
    chance = random.Random(7)
    frames = [
        frame.octets + fcs(frame.octets) for frame in (TSI, dcs(FINE), MPS, EOP, EOM, RR, CRP, DCN, pps(EOP, 0, 0, 3))
    ]
    frames += [near(kind, chance.randbytes(4)).octets for kind in Type]
    codes = frozenset((24, 48, 72, 96, 73, 74, 97, 98, 121, 122, 145, 146))
    for _ in range(300):
        receiver = Receiver(ReceiverPolicy(), 0.0)
        now = 0.0
        for _ in range(80):
            receiver.take_outputs()
            now += chance.random() * 2
            kind = chance.randrange(14)
            if receiver.deadline is not None and receiver.deadline <= now:
                receiver.tick(now)
                continue
            event: line.LineEvent
            if kind < 5:
                event = line.FrameHeard(chance.choice(frames), True)
            else:
                event = (
                    line.Ready(codes, codes),
                    line.FlagsUp(),
                    line.Signal(),
                    line.SignalLost(),
                    line.Carrier(),
                    line.Data(chance.choice((bytes(3000), chance.randbytes(300), _DAMAGED[0]))),
                    line.DataEnd(),
                    line.Sent(),
                    line.Sent(),
                )[kind - 5]
            receiver.handle(event, now)
            if chance.random() < 0.1:
                receiver.stored(receiver._given, now)
        for _ in range(500):
            receiver.take_outputs()
            if receiver.deadline is None:
                break
            now = max(now, receiver.deadline)
            receiver.tick(now)
        assert receiver.ended is not None
