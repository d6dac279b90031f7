"""DIS and DCS, bit by bit."""

from __future__ import annotations

import pytest

from codec.page import Coding, Resolution
from modem.t30.capabilities import Bits, PageFormat, Parameters, build_dcs, ctc_fif, parse_dcs, parse_dis
from modem.t30.rates import FTM_CODES, RATES, Modulation, rates_offered, slower, usable


def test_a_modern_machines_dis() -> None:
    can = parse_dis(bytes.fromhex("00EEFAC48011"))
    assert can.can_receive
    assert not can.has_document
    assert can.ecm
    assert can.mr
    assert can.mmr
    assert can.resolutions == {Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE}
    assert can.width == 2432
    assert can.length_mm is None
    assert [can.scan_time_ms(resolution) for resolution in Resolution] == [0, 0, 0]
    assert can.rates == RATES


def test_the_smallest_dis() -> None:
    can = parse_dis(bytes.fromhex("000E00"))
    assert can.codings == (Coding.MH,)
    assert can.width == 1728
    assert can.length_mm == 297
    assert can.scan_time_ms(Resolution.FINE) == 20
    assert [rate.bps for rate in can.rates] == [9600, 7200, 4800, 2400]
    assert Modulation.V17 not in {rate.modulation for rate in can.rates}


@pytest.mark.parametrize("fif", ["", "00", "0002", "00EEFAC4", "00EE7A" + "C4" * 30])
def test_a_dis_that_is_cut_or_goes_on_can_be_read(fif: str) -> None:
    parse_dis(bytes.fromhex(fif))


def test_octets_behind_the_last_extension_bit_do_not_count() -> None:
    assert not parse_dis(bytes.fromhex("00EE7AC4")).ecm


def test_t6_without_ecm_is_not_offered() -> None:
    bits = Bits()
    bits.set(10)
    bits.set(31)
    assert parse_dis(bits.fif()).codings == (Coding.MH,)


@pytest.mark.parametrize(
    ("bits", "bps"),
    [
        (0b0000, [2400]),
        (0b0010, [4800, 2400]),
        (0b0001, [9600, 7200]),
        (0b0011, [9600, 7200, 4800, 2400]),
        (0b0111, [9600, 7200, 4800, 2400]),
        (0b1011, [14400, 12000, 9600, 9600, 7200, 7200, 4800, 2400]),
        (0b1110, [9600, 7200, 4800, 2400]),
    ],
)
def test_rates_of_a_dis(bits: int, bps: list[int]) -> None:
    assert [rate.bps for rate in rates_offered(bits)] == bps


def test_a_modem_without_short_v17_training_does_not_use_v17() -> None:
    rates = usable(RATES, FTM_CODES - {146, 122, 98, 74})
    assert Modulation.V17 not in {rate.modulation for rate in rates}
    assert usable(RATES, FTM_CODES, 9600)[0].bps == 9600
    assert usable(RATES, FTM_CODES, v17=False)[0].modulation is Modulation.V29


def test_after_two_failures_v17_is_left_and_never_comes_back() -> None:
    steps = [RATES[0]]
    failures = 0
    while True:
        failures += steps[-1].modulation is Modulation.V17
        step = slower(steps[-1], RATES, failures)
        if step is None:
            break
        steps.append(step)
    assert [(rate.bps, rate.modulation.value) for rate in steps] == [
        (14400, "V.17"),
        (12000, "V.17"),
        (9600, "V.29"),
        (7200, "V.29"),
        (4800, "V.27ter"),
        (2400, "V.27ter"),
    ]


@pytest.mark.parametrize("code", range(8))
@pytest.mark.parametrize("half", [False, True])
def test_minimum_scan_line_times(code: int, half: bool) -> None:
    bits = Bits()
    bits.set(10)
    bits.set(21, code)
    bits.set(46, half)
    can = parse_dis(bits.fif())
    standard = [20, 5, 10, 20, 40, 40, 10, 0][code]
    fine = [20, 5, 10, 10, 40, 20, 5, 0][code]
    assert can.scan_time_ms(Resolution.STANDARD) == standard
    assert can.scan_time_ms(Resolution.FINE) == fine
    halved = {20: 10, 10: 5, 5: 5, 40: 20, 0: 0}[fine]
    assert can.scan_time_ms(Resolution.SUPERFINE) == (halved if half else fine)


FORMS = [
    PageFormat(coding=coding, resolution=resolution, width=width, ecm=ecm, length_mm=length, scan_time_ms=scan)
    for coding in Coding
    for resolution in Resolution
    for width in (1728, 2048, 2432)
    for length in (None, 297, 364)
    for ecm, scan in ((True, 0), (False, 0), (False, 5), (False, 10), (False, 20), (False, 40))
    if ecm or coding is not Coding.MMR
]


def test_every_dcs_reads_back_as_what_it_was_built_from() -> None:
    for form in FORMS:
        for rate in RATES:
            fif = build_dcs(Parameters(format=form, rate=rate))
            assert len(fif) >= (4 if form.ecm else 3)
            assert parse_dcs(fif) == Parameters(format=form, rate=rate)
            for octet in range(2, len(fif)):
                assert bool(fif[octet] & 0x80) == (octet < len(fif) - 1)


def test_a_known_dcs() -> None:
    form = PageFormat(coding=Coding.MMR, resolution=Resolution.FINE, width=1728, ecm=True)
    assert build_dcs(Parameters(format=form, rate=RATES[0])) == bytes.fromhex("0062F844")


def test_sixty_four_octet_frames_are_bit_28_set() -> None:
    form = PageFormat(coding=Coding.MH, resolution=Resolution.FINE, width=1728, ecm=True, frame_octets=64)
    assert Bits(build_dcs(Parameters(format=form, rate=RATES[0])))[28]


def test_a_dcs_with_t6_and_no_ecm_bit_means_ecm() -> None:
    bits = Bits()
    bits.set(31)
    assert parse_dcs(bits.fif()).format.ecm


def test_ctc_carries_the_rate_in_two_octets() -> None:
    for rate in RATES:
        fif = ctc_fif(rate)
        assert len(fif) == 2
        assert Bits(fif).field(11, 14) == rate.dcs
