"""What the receiver says of itself: CSI and the bits of its DIS."""

from __future__ import annotations

import pytest

from codec.page import Coding, Resolution
from modem.outcome import Cause
from modem.t30.capabilities import parse_dis
from modem.t30.frames import FINAL, NON_FINAL, Type, ident_text
from modem.t30.rates import FTM_CODES, Modulation
from modem.t30.receiver_abilities import ReceiverPolicy, build_dis
from tests.modem.t30.receiver_play import play
from tests.modem.t30.receiver_script import (
    DCN,
    Script,
    hear,
    say,
)

# What we say.


def test_csi_and_dis_with_the_right_bits() -> None:
    def script() -> Script:
        burst = yield hear("DIS")
        csi, dis = burst.frames
        assert (csi.type, csi.control, csi.fcf) == (Type.CSI, NON_FINAL, 0x40)
        assert ident_text(csi.fif) == "+1 555 2001"
        assert (dis.control, dis.fcf) == (FINAL, 0x80)
        can = parse_dis(dis.fif)
        assert can.can_receive and not can.has_document
        assert {rate.modulation for rate in can.rates} == set(Modulation)
        assert can.resolutions == set(Resolution)
        assert set(Coding) <= set(can.codings)
        assert can.ecm and can.mr and can.mmr
        assert (can.width, can.length_mm) == (2432, None)
        assert can.sub_address
        assert not dis.fif[-1] & 0x80 and all(octet & 0x80 for octet in dis.fif[2:-1])
        yield say(DCN)

    assert play(script()).cause is Cause.FAR_END_DISCONNECTED


@pytest.mark.parametrize(
    ("codes", "modulations"),
    [
        (FTM_CODES, {"V.17", "V.29", "V.27ter"}),
        (frozenset((24, 48, 72, 96)), {"V.29", "V.27ter"}),
        (frozenset((24, 48, 72, 96, 73, 97, 121, 145)), {"V.29", "V.27ter"}),  # V.17 without its short training
        (frozenset((24, 48)), {"V.27ter"}),
    ],
)
def test_dis_offers_what_the_modem_can_receive(codes: frozenset[int], modulations: set[str]) -> None:
    can = parse_dis(build_dis(ReceiverPolicy(), codes))
    assert {rate.modulation.value for rate in can.rates} == modulations


@pytest.mark.parametrize(("limit", "best"), [(None, 14400), (12000, 9600), (9600, 9600), (4800, 4800)])
def test_a_rate_limit_offers_nothing_above_it(limit: int | None, best: int) -> None:
    can = parse_dis(build_dis(ReceiverPolicy(max_rate_bps=limit), FTM_CODES))
    assert can.rates[0].bps == best


def test_without_ecm_no_t6_is_offered() -> None:
    can = parse_dis(build_dis(ReceiverPolicy(ecm=False), FTM_CODES))
    assert not can.ecm and not can.mmr and not can.t85
