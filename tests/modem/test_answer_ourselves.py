"""Our sender calls our receiver: two software modems, one line, virtual time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codec.page import Page, Resolution
from modem.call import Call
from modem.outcome import Cause, Fate
from modem.plan import LinePolicy
from modem.receipt import Receipt
from modem.t30.rates import Modulation
from tests.modem.answering import NUMBER, assert_same, call_ourselves
from tests.modem.line import picture, plan_for

DPI = {"standard": 98, "fine": 196, "superfine": 391}
LIMITS = {Modulation.V27TER: 4800, Modulation.V29: 9600, Modulation.V17: None}


def call_with(pages: list[Page], policy: LinePolicy | None = None) -> Callable[[float], Call]:
    plan = plan_for(pages, policy, dial=NUMBER)
    return lambda now: Call(plan, pages, now=now)


@pytest.mark.parametrize("modulation", list(Modulation), ids=lambda each: each.value)
@pytest.mark.parametrize("resolution", list(Resolution), ids=lambda each: each.value)
@pytest.mark.parametrize(
    ("ecm", "coding"), [(True, "mh"), (True, "mr"), (True, "mmr"), (True, "t85"), (False, "mh"), (False, "mr")]
)
def test_what_we_send_we_receive(
    ecm: bool, coding: str, resolution: Resolution, modulation: Modulation, tmp_path: Path
) -> None:
    pages = [picture(seed, rows=100, dpi_y=DPI[resolution.value]) for seed in (1, 2)]
    line = LinePolicy(
        ecm=ecm,
        codings=(coding,),
        max_rate_bps=LIMITS[modulation],
        v17=modulation is Modulation.V17,
        header_line=False,
    )
    done = call_ourselves(call_with(pages, line), out=tmp_path)
    assert done.sender is not None
    assert (done.outcome.cause, done.sender.cause) == (Cause.OK, Cause.OK)
    assert [page.fate for page in done.sender.pages] == [Fate.CONFIRMED] * 2
    assert done.receipts == [(Receipt.CLEAN, True)] * 2
    assert_same(pages, done.pages)
    ours, theirs = done.outcome.figures, done.sender.figures
    assert (ours.coding, ours.ecm, ours.modulation, ours.rate_bps) == (coding, ecm, modulation.value, theirs.rate_bps)
    assert (ours.far_ident, theirs.far_ident) == ("+1 555 1001", "+1 555 2001")
