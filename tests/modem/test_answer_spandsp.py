"""Whole calls from an independent fax machine (libspandsp) to our receiver, in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codec.page import Coding, Resolution
from modem.outcome import Cause
from modem.receipt import Receipt
from modem.soft.farend import Fax
from modem.t30.rates import Modulation
from tests.modem.answering import POLICY, assert_same, be_called
from tests.modem.line import picture

DPI = {"standard": 98, "fine": 196, "superfine": 391}
LIMITS = {Modulation.V27TER: 4800, Modulation.V29: 9600, Modulation.V17: None}


@pytest.mark.parametrize("modulation", list(Modulation), ids=lambda each: each.value)
@pytest.mark.parametrize("resolution", list(Resolution), ids=lambda each: each.value)
@pytest.mark.parametrize(("ecm", "coding"), [(True, "mh"), (True, "mr"), (True, "mmr"), (False, "mh"), (False, "mr")])
def test_every_combination_is_received_pixel_by_pixel(
    ecm: bool, coding: str, resolution: Resolution, modulation: Modulation, tmp_path: Path
) -> None:
    pages = [picture(seed, rows=120, dpi_y=DPI[resolution.value]) for seed in (1, 2)]
    codings = tuple(dict.fromkeys((Coding.MH, Coding(coding))))
    policy = replace(POLICY, ecm=ecm, codings=codings, max_rate_bps=LIMITS[modulation])
    done = be_called(pages, out=tmp_path, fax=Fax(ecm=ecm), policy=policy)
    assert done.outcome.cause is Cause.OK
    assert_same(pages, done.pages)
    assert done.receipts == [(Receipt.CLEAN, True)] * 2
    figures = done.outcome.figures
    assert (figures.coding, figures.ecm, figures.modulation) == (coding, ecm, modulation.value)
    assert figures.far_ident == "+1 555 1001"
    assert done.record is not None
    assert (done.record.completion, done.record.pages_sent) == (0, 2)
    assert done.record.far_ident == "+1 555 2001"
