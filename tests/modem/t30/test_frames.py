"""Frames: the vectors of T.30, and that nothing can break the parser."""

from __future__ import annotations

import random

import pytest

from modem.t30.capabilities import Abilities, parse_dcs, parse_dis
from modem.t30.frames import Frame, FrameError, Type, build, fcs, ident_fif, ident_text, parse
from modem.t30.meaning import describe

VECTORS = [
    (Type.MCF, 0, "", "FF 13 8C A2 F1"),
    (Type.CFR, 0, "", "FF 13 84 EA 7D"),
    (Type.FTT, 0, "", "FF 13 44 E6 BB"),
    (Type.CRP, 0, "", "FF 13 1A 1D 00"),
    (Type.MPS, 1, "", "FF 13 4F 35 05"),
    (Type.EOP, 1, "", "FF 13 2F 33 66"),
    (Type.DCN, 1, "", "FF 13 FB 9A F6"),
    (Type.DIS, 0, "00 EE FA C4 80 11", "FF 13 80 00 EE FA C4 80 11 87 5F"),
    (Type.DCS, 1, "00 62 F8 44", "FF 13 83 00 62 F8 44 9C DD"),
    (Type.PPS, 1, "2F 00 00 46", "FF 13 BF 2F 00 00 46 F8 62"),
    (
        Type.PPR,
        0,
        "08 00 00 00 00 00 00 00 80" + "FF" * 23,
        "FF 13 BC 08 00 00 00 00 00 00 00 80" + "FF" * 23 + "8A 67",
    ),
]


@pytest.mark.parametrize(("kind", "x", "fif", "octets"), VECTORS, ids=lambda value: getattr(value, "name", None))
def test_frames_are_built_and_read_octet_for_octet(kind: Type, x: int, fif: str, octets: str) -> None:
    whole = bytes.fromhex(octets)
    frame = build(kind, bytes.fromhex(fif), x=x)
    assert frame.octets + fcs(frame.octets) == whole
    assert parse(whole) == frame
    assert (frame.type, frame.final, frame.x) == (kind, True, x)


def test_rcp_is_a_non_final_frame() -> None:
    frame = build(Type.RCP, final=False)
    assert frame.octets + fcs(frame.octets) == bytes.fromhex("FF 03 86 69 CB")


def test_x_never_changes_the_type_and_dtc_is_no_dis() -> None:
    for kind in Type:
        assert build(kind, x=0).type is kind
        assert build(kind, x=1).type is kind
    assert Frame(0x13, 0x80).type is Type.DIS
    assert Frame(0x13, 0x81).type is Type.DTC
    assert build(Type.DIS, x=1).fcf == 0x80
    assert build(Type.PWD, x=0).fcf == 0xC1


def test_an_unknown_fcf_has_no_type_and_still_a_name() -> None:
    frame = Frame(0x13, 0x77)
    assert frame.type is None
    assert frame.name == "FCF 77"


@pytest.mark.parametrize("octets", ["", "FF", "FF 13 8C A2", "FF 13 8C A2 F0", "FE 13 8C A2 F1"])
def test_what_is_no_frame_is_refused(octets: str) -> None:
    with pytest.raises(FrameError):
        parse(bytes.fromhex(octets))


@pytest.mark.parametrize("head", ["7E 13 8C", "FF C8 31", "FF 00 8C"])
def test_a_good_fcs_alone_makes_no_frame(head: str) -> None:
    body = bytes.fromhex(head)
    with pytest.raises(FrameError):
        parse(body + fcs(body))


def test_identifications_go_out_backwards_and_padded() -> None:
    fif = ident_fif("+1 555 1001")
    assert fif == b"1001 555 1+" + b" " * 9
    assert ident_text(fif) == "+1 555 1001"
    assert ident_text(b"1001\0\0\0") == "1001"
    assert ident_text(b"") == ""
    assert ident_text(bytes(range(256))) == ""


@pytest.mark.parametrize("text", ["x" * 21, "Köln", "a\nb"])
def test_an_identification_that_no_frame_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="identification"):
        ident_fif(text)


def test_random_octets_raise_nothing_but_frame_errors_and_always_have_a_meaning() -> None:
    chance = random.Random(4)
    good = 0
    for _ in range(20_000):
        body = chance.randbytes(chance.randrange(0, 40))
        if chance.random() < 0.7:
            body = bytes((0xFF, chance.choice((0x03, 0x13)))) + body
        if chance.random() < 0.7:
            body += fcs(body)
        try:
            frame = parse(body)
        except FrameError:
            continue
        good += 1
        assert describe(frame)
        assert isinstance(parse_dis(frame.fif), Abilities)
        assert parse_dcs(frame.fif).rate.bps >= 2400
    assert good > 5000


def test_every_frame_type_has_a_meaning_and_passwords_have_none() -> None:
    for kind in Type:
        assert describe(build(kind))
        assert describe(build(kind, bytes(32)))
    assert "4711" not in describe(build(Type.PWD, ident_fif("4711")))
    assert "4711" not in describe(build(Type.SID, ident_fif("4711")))
    assert describe(build(Type.PPS, bytes.fromhex("2F000046"))) == "EOP: page 0, block 0, 71 frames"
