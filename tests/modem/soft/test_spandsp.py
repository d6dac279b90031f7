"""libspandsp's fax terminals, back to back and with no clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from modem.soft import library
from modem.soft.library import SpandspMissing
from modem.soft.spandsp import (
    BLOCK,
    SAMPLE_RATE,
    Abilities,
    Block,
    Codings,
    Completion,
    FaxTerminal,
    Frame,
    Modulations,
)
from tests.modem.soft.pictures import picture, read_fax, save_fax


def exchange_fax(calling: FaxTerminal, answering: FaxTerminal) -> tuple[Completion, Completion]:
    forth, back = Block(), Block()
    for _ in range(180 * SAMPLE_RATE // BLOCK):
        calling.transmit(forth, BLOCK)
        answering.transmit(back, BLOCK)
        answering.receive(forth, BLOCK)
        calling.receive(back, BLOCK)
        if calling.finished and answering.finished:
            break
    return calling.close(), answering.close()


@pytest.mark.parametrize(
    ("ecm", "codings", "used"),
    [
        (True, Codings.MH | Codings.MR | Codings.MMR, "MMR"),
        (True, Codings.MH, "MH"),
        (False, Codings.MH | Codings.MR, "MR"),
        (False, Codings.MH, "MH"),
    ],
)
def test_a_terminal_receives_what_another_sends(tmp_path: Path, ecm: bool, codings: Codings, used: str) -> None:
    pages = [picture(400, 1), picture(300, 2)]
    sent = save_fax(tmp_path / "sent.tif", *pages)
    received = tmp_path / "received.tif"
    calling = FaxTerminal(Abilities(ident="caller"), calling=True, send=sent)
    abilities = Abilities(ident="called", ecm=ecm, codings=codings)
    answering = FaxTerminal(abilities, calling=False, receive_to=received)
    caller, called = exchange_fax(calling, answering)
    assert (caller.code, called.code) == (0, 0)
    assert (caller.far_ident, called.far_ident) == ("called", "caller")
    assert [page.coding for page in called.pages] == [used, used]
    assert [page.rows for page in called.pages] == [400, 300]
    assert called.last.ecm is ecm
    assert read_fax(received) == [page.tobytes() for page in pages]


@pytest.mark.parametrize(
    ("modulations", "rate"),
    [(Modulations.V27TER, 4800), (Modulations.V27TER | Modulations.V29, 9600), (Modulations(7), 14400)],
)
def test_abilities_decide_the_rate(tmp_path: Path, modulations: Modulations, rate: int) -> None:
    sent = save_fax(tmp_path / "sent.tif", picture(100, 3))
    calling = FaxTerminal(Abilities(), calling=True, send=sent)
    answering = FaxTerminal(Abilities(modulations=modulations), calling=False, receive_to=tmp_path / "received.tif")
    _, called = exchange_fax(calling, answering)
    assert (called.code, called.last.rate_bps) == (0, rate)


def test_frames_are_seen_by_both_ends(tmp_path: Path) -> None:
    frames: list[Frame] = []
    sent = save_fax(tmp_path / "sent.tif", picture(100, 3))
    calling = FaxTerminal(Abilities(), calling=True, send=sent)
    abilities = Abilities(ident="x", ecm=False)
    answering = FaxTerminal(abilities, calling=False, receive_to=tmp_path / "received.tif", on_frame=frames.append)
    exchange_fax(calling, answering)
    assert [(frame.fcf, frame.incoming) for frame in frames] == [
        (0x40, False),
        (0x80, False),
        (0x83, True),
        (0x84, False),
        (0x2F, True),
        (0x8C, False),
        (0xFB, True),
    ]


def test_a_terminal_that_is_closed_in_the_middle_says_that_it_was_cut_off(tmp_path: Path) -> None:
    terminal = FaxTerminal(Abilities(), calling=False, receive_to=tmp_path / "received.tif")
    block = Block()
    for _ in range(100):
        terminal.transmit(block, BLOCK)
    first = terminal.close()
    assert first.code is None
    assert terminal.close() is first


def test_an_error_in_a_callback_comes_to_the_caller(tmp_path: Path) -> None:
    def broken(_frame: Frame) -> None:
        raise LookupError("in the callback")

    terminal = FaxTerminal(Abilities(), calling=False, receive_to=tmp_path / "received.tif", on_frame=broken)
    block = Block()
    with pytest.raises(LookupError, match="in the callback"):
        for _ in range(10 * SAMPLE_RATE // BLOCK):
            terminal.transmit(block, BLOCK)


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    library.library.cache_clear()
    monkeypatch.setattr(library, "SHARED_OBJECT", "libspandsp-not-here.so.2")
    try:
        with pytest.raises(SpandspMissing, match=r"libspandsp-not-here.*Debian package libspandsp2"):
            library.library()
    finally:
        library.library.cache_clear()
