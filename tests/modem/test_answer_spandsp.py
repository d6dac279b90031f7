"""Whole calls from an independent fax machine (libspandsp) to our receiver, in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codec.operations import same_pixels
from codec.page import Coding, Resolution
from modem.outcome import Cause
from modem.receipt import Receipt
from modem.soft.farend import Fax
from modem.soft.line import Impairments
from modem.t30.rates import Modulation
from tests.modem.answering import CALLER, POLICY, assert_same, be_called
from tests.modem.line import dense, picture

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


def test_pages_of_different_resolutions(tmp_path: Path) -> None:
    pages = [picture(1, rows=100, dpi_y=98), picture(2, rows=100), picture(3, rows=100)]
    done = be_called(pages, out=tmp_path)
    assert done.outcome.cause is Cause.OK
    assert "EOM" in done.frames_in or done.frames_in.count("DCS") == 2
    assert_same(pages, done.pages)


def test_the_slowest_rate(tmp_path: Path) -> None:
    pages = [picture(1, rows=60)]
    done = be_called(pages, out=tmp_path, policy=replace(POLICY, max_rate_bps=2400))
    assert done.outcome.figures.rate_bps == 2400
    assert_same(pages, done.pages)


@pytest.mark.parametrize("ecm", [True, False])
def test_an_echo_of_our_own_is_not_taken_for_the_sender(ecm: bool, tmp_path: Path) -> None:
    line = Impairments(echo_db=16, echo_delay_ms=250, delay_ms=120)
    pages = [picture(1, rows=100), picture(2, rows=100)]
    done = be_called(pages, out=tmp_path, caller=replace(CALLER, line=line), fax=Fax(ecm=ecm))
    assert done.outcome.cause is Cause.OK
    assert_same(pages, done.pages)
    assert done.receipts == [(Receipt.CLEAN, True)] * 2


@pytest.mark.parametrize("seed", range(6))
def test_a_noisy_line_confirms_nothing_that_differs(seed: int, tmp_path: Path) -> None:
    pages = [dense(1, rows=40), picture(2, rows=120)]
    line = Impairments(noise_dbm0=-37.0 + seed, seed=seed)
    done = be_called(pages, out=tmp_path, caller=replace(CALLER, line=line))
    for receipt, page in zip(done.outcome.pages, done.pages, strict=True):
        if receipt.receipt is Receipt.CLEAN:
            assert same_pixels(pages[receipt.number - 1], page) is None
