"""Whole calls over bad lines and to far ends that vanish, from seeds: what holds whatever happens."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from codec.operations import same_pixels
from modem.call import Call
from modem.entries import Entry
from modem.journal import page_fates
from modem.outcome import Cause, Fate, Retry
from modem.soft.farend import Fax
from modem.soft.line import Direction, Disturbance, Disturbs, Impairments, Moment
from tests.modem.line import FAX, call_up, dense, picture, plan_for

PAGES = [picture(1, rows=150), dense(2, rows=30), picture(3, rows=100, dpi_y=98)]
MOMENTS = ("answered", "page", "sent DIS", "received DCS", "sent CFR", "sent MCF", "received PPS", "received MPS")


def disturbance(chance: random.Random) -> Disturbance:
    return Disturbance(
        kind=chance.choice(list(Disturbs)),
        start=Moment(what=chance.choice(MOMENTS), nth=chance.choice((1, 1, 2)), delay_s=chance.uniform(0, 5)),
        seconds=chance.choice((0.02, 0.1, 0.5, 2.0, 8.0)),
        dbm0=chance.choice((-30.0, -20.0, -10.0)),
        direction=chance.choice(list(Direction)),
    )


@pytest.mark.parametrize("seed", range(80))
def test_on_any_line_the_call_ends_and_its_fates_are_true(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    ecm = chance.random() < 0.7
    line = Impairments(
        noise_dbm0=chance.choice((None, None, -50.0, -42.0)),
        delay_ms=chance.choice((0.0, 0.0, 30.0, 300.0)),
        echo_db=chance.choice((None, None, 20.0)),
        echo_delay_ms=chance.choice((0.0, 40.0)),
        seed=seed,
        disturbances=tuple(disturbance(chance) for _ in range(chance.randrange(3))),
    )
    hang_up = Moment(what=chance.choice(MOMENTS), nth=chance.choice((1, 2)), delay_s=chance.uniform(0, 4))
    far = replace(FAX, fax=Fax(ecm=ecm), line=line, hang_up=hang_up if chance.random() < 0.3 else None)
    pages = PAGES[: chance.randrange(1, 4)]
    cancelled_at = chance.uniform(0, 60) if chance.random() < 0.2 else None

    def act(call: Call, now: float, seen: list[Entry]) -> None:
        if cancelled_at is not None and now >= cancelled_at:
            call.cancel(now)

    done = call_up(pages, far, out=tmp_path, act=act)
    assert done.entries[-1].kind == "end"
    assert page_fates(done.entries, plan_for(pages)) == done.outcome.pages
    confirmed = [index for index, fate in enumerate(done.fates) if fate is Fate.CONFIRMED]
    assert confirmed == list(range(len(confirmed)))
    assert (done.outcome.cause is Cause.OK) <= (len(confirmed) == len(pages))
    assert (done.outcome.retry is Retry.NO_NEED) == (len(confirmed) == len(pages))
    for index in confirmed:
        assert index < len(done.received)
        if ecm:
            assert same_pixels(pages[index], done.below_header(index)) is None
    if done.record is not None:
        for index in range(min(done.record.pages_received, len(pages))):
            assert done.fates[index] is not Fate.NOT_SENT, "the far end holds it"
    assert (done.outcome.figures.line_seconds or 0) < 900
