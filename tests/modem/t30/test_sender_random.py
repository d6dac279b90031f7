"""Far ends that say anything at any time, from seeds: what holds whatever they say."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from modem.outcome import Cause, Fate
from modem.t30 import line
from modem.t30.frames import Type
from modem.t30.notes import NOWHERE, Addressing, PageAnswered, PageStarted, Trained
from modem.t30.rates import Modulation
from modem.t30.sender import Sender, SenderPolicy
from modem.t30.supply import CodedPages, Sheet
from tests.modem.t30.play import (
    ALL_CODES,
    BAD,
    CFR,
    CRP,
    CSI,
    CTR,
    DCN,
    ECM,
    ERR,
    FLAGS,
    FTT,
    LOST,
    MCF,
    PIN,
    PIP,
    PLAIN,
    RNR,
    RTN,
    RTP,
    Played,
    Reply,
    dis,
    page,
    play,
    ppr,
)

LIKELY: list[Reply] = [CFR, MCF, MCF, MCF, ppr(0), RTP, PLAIN, ECM]
RARE: list[Reply] = [CSI, FTT, RTN, PIP, PIN, RNR, ERR, CTR, CRP, BAD, FLAGS, DCN, LOST, ppr(1, 2, 3), 2.0, 4.0]
PAGES = [page(rows=40), page(rows=41), page(rows=20, dpi_y=98), page(rows=60, noise=1)]
CONFIRMING = (Type.MCF, Type.RTP, Type.PIP, Type.ERR)


def replies(chance: random.Random) -> list[list[Reply]]:
    greeting: list[Reply] = [CSI, chance.choice((PLAIN, ECM))] if chance.random() < 0.95 else []
    rest: list[list[Reply]] = [
        [chance.choice(LIKELY if chance.random() < 0.8 else RARE) for _ in range(chance.choice((0, 1, 1, 1, 1, 2)))]
        for _ in range(60)
    ]
    return [greeting, *rest]


def check(played: Played) -> None:
    ended = played.sender.ended
    assert ended is not None
    answers = [note for note in played.notes if isinstance(note, PageAnswered)]
    started = [note.index for note in played.notes if isinstance(note, PageStarted)]
    assert started == sorted(started)
    confirmed = [index for index, fate in enumerate(played.fates) if fate in (Fate.CONFIRMED, Fate.DAMAGED)]
    assert confirmed == list(range(len(confirmed)))
    answered = {answer.index: answer for answer in answers}
    for index in confirmed:
        assert answered[index].fate is played.fates[index]
        assert answered[index].by in [kind.label for kind in CONFIRMING]
    for index, fate in enumerate(played.fates):
        if index not in started:
            assert fate is Fate.NOT_SENT
    if ended.cause is Cause.OK:
        assert len(confirmed) == len(played.fates)
    assert played.sent[-1] == "hang up"
    assert played.sent.count("DCN") <= 1
    if "DCN" in played.sent:
        assert played.sent[-2] == "DCN"
    commands = played.commands
    for first, second in pairwise(commands):
        if first == "DCS":
            assert second.startswith("TCF")
        if first.startswith("page"):
            assert second in ("MPS", "EOM", "EOP")
        if first.startswith("block"):
            assert second.startswith("PPS")


EVERYTHING = dis(15, 16, 19, 21, 22, 23, 27, 31, 41, 49, 50, 78)
SMALL_FRAMES = dis(7, 15, 16, 27, 31)


@pytest.mark.parametrize("seed", range(300))
def test_with_all_that_a_call_may_carry_it_ends_and_tells_the_truth(seed: int) -> None:
    chance = random.Random(1_000_000 + seed)
    pages = [chance.choice(PAGES) for _ in range(chance.randrange(1, 5))]
    places = [chance.choice((NOWHERE, Addressing("5"), Addressing("5", "secret"))) for _ in pages]
    policy = SenderPolicy(
        tsid="+1 555 1001",
        v17=chance.random() < 0.8,
        ecm=chance.random() < 0.8,
        begin_rate_bps=chance.choice((None, 2400, 9600, 12000)),
        pages_again_after_rtn=chance.randrange(4),
        sub_address_required=chance.random() < 0.2,
    )
    said = replies(chance)
    said[0] = [CSI, chance.choice((EVERYTHING, SMALL_FRAMES, PLAIN))]
    codings = chance.choice(((), ("t85",), ("mh",), ("mmr", "t85")))
    played = play(said, pages, policy=policy, addressings=places, codings=codings, give_up_s=3600.0)
    check(played)
    for note in played.notes:
        if isinstance(note, Trained) and not policy.v17:
            assert note.rate.modulation is not Modulation.V17


@pytest.mark.parametrize("seed", range(400))
def test_whatever_a_far_end_says_the_call_ends_and_tells_the_truth(seed: int) -> None:
    chance = random.Random(seed)
    pages = [chance.choice(PAGES) for _ in range(chance.randrange(1, 4))]
    codings = chance.choice(((), ("mh",), ("mmr", "mh")))
    check(play(replies(chance), pages, codings=codings, give_up_s=3600.0))


def test_some_of_these_far_ends_let_us_finish() -> None:
    causes = set()
    for seed in range(120):
        chance = random.Random(seed)
        causes.add(play(replies(chance), [PAGES[0]], give_up_s=3600.0).cause)
    assert Cause.OK in causes
    assert len(causes) >= 5


EVENTS: list[line.LineEvent] = [
    line.Ready(ALL_CODES),
    line.Connected(listening=True),
    line.Connected(listening=False),
    line.DialFailed(line.DialResult.BUSY),
    line.Signal(),
    line.SignalLost(),
    line.Given(),
    line.Sent(),
    line.LineLost(),
    line.Failed(line.Failure.ERROR, "?"),
    line.OnHook(True),
    line.FrameHeard(b"", False),
    line.FrameHeard(b"\xff\x13\x8c\xa2\xf1", True),
    line.FrameHeard(b"\xff\x13\x84\xea\x7d", True),
]


@pytest.mark.parametrize("seed", range(100))
def test_even_a_line_that_makes_no_sense_leads_to_an_end(seed: int) -> None:
    chance = random.Random(seed)
    sender = Sender("1", CodedPages([Sheet(PAGES[0])]), SenderPolicy(), 0.0)
    now = 0.0
    for _ in range(100):
        now += chance.random()
        sender.handle(chance.choice(EVENTS[:10] if chance.random() < 0.2 else EVENTS), now)
        if chance.random() < 0.02:
            sender.cancel(now)
        if sender.ended:
            break
    for _ in range(200):
        if sender.ended:
            return
        assert sender.deadline is not None
        now = max(now, sender.deadline)
        sender.tick(now)
    assert sender.ended
