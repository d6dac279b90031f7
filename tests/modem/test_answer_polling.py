"""Documents that are fetched: a caller that polls, and our answering machine, over two software modems."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codec.coder import page_from_bitmap
from codec.page import Page
from modem.answer import Answer
from modem.class1.driver import Driver, Heard, Said
from modem.outcome import Cause, Fate
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData
from modem.soft.virtual import VirtualModem
from modem.t30 import line
from modem.t30.capabilities import parse_dis
from modem.t30.frames import Frame, FrameError, Type, parse
from modem.t30.rates import FTM_CODES
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_notes import PageIn
from tests.modem.answering import NUMBER, POLICY, Crank, Storing, assert_same
from tests.modem.line import picture


class Poller:
    """A caller that fetches: dials, hears the DIS, and is our ``Receiver`` from then on."""

    def __init__(self, modem: VirtualModem, password: str = "", selection: str = "") -> None:
        self.modem = modem
        self.frames: list[Frame] = []
        self.heard: list[Frame] = []
        self.pages: list[Page] = []
        self.receiver = Receiver(ReceiverPolicy(csi="+1 555 1001"), modem.now)
        self.receiver.take_outputs()
        self._password = password
        self._selection = selection
        self._polling = False
        self._driver = Driver(modem.now)
        self._driver.perform(line.SetUp(), modem.now)

    @property
    def over(self) -> bool:
        return self.receiver.ended is not None

    def turn(self) -> None:
        now = self.modem.now
        for _ in range(1000):
            if output := self._driver.take_output():
                self.modem.write(output)
            if octets := self.modem.read():
                self._driver.receive(octets, now)
            elif self._driver.deadline is not None and self._driver.deadline <= now:
                self._driver.tick(now)
            elif self._polling and self.receiver.deadline is not None and self.receiver.deadline <= now:
                self.receiver.tick(now)
                self._perform()
            elif not self._carry():
                return
            self._carry()
        raise AssertionError("it turns without end")

    def _carry(self) -> bool:
        events = self._driver.take_events()
        for event in events:
            if isinstance(event, Said | Heard):
                continue
            if isinstance(event, line.FrameHeard):
                try:
                    self.heard.append(parse(event.octets))
                except FrameError:
                    continue
            if self._polling:
                self.receiver.handle(event, self.modem.now)
            else:
                self._begin(event)
            self._perform()
        return bool(events)

    def _begin(self, event: line.LineEvent) -> None:
        if isinstance(event, line.Ready):
            self._driver.perform(line.Dial(NUMBER), self.modem.now)
        elif isinstance(event, line.FrameHeard):
            if self.heard[-1].type is not Type.DIS:
                self._driver.perform(line.Listen(), self.modem.now)
                return
            self._polling = True
            self.receiver.begin_polling(
                FTM_CODES, self.modem.now, cig="+1 555 1001", password=self._password, selection=self._selection
            )

    def _perform(self) -> None:
        for output in self.receiver.take_outputs():
            if isinstance(output, line.SendFrames):
                self.frames += [Frame(octets[1], octets[2], octets[3:]) for octets in output.frames]
            if isinstance(output, PageIn):
                bitmap = output.decoded.bitmap
                self.pages.append(page_from_bitmap(bitmap, output.dpi_x, output.dpi_y))
                self.receiver.stored(len(self.pages), self.modem.now)
            if isinstance(output, line.SendFrames | line.Listen | line.ReceiveFast | line.RaiseFlags | line.HangUp):
                self._driver.perform(output, self.modem.now)


def poll(
    document: list[Page], out: Path, policy: ReceiverPolicy = POLICY, password: str = "", selection: str = ""
) -> tuple[Poller, Storing]:
    exchange = Exchange(ExchangeData(), out=out)
    caller, called = VirtualModem(exchange, "100"), VirtualModem(exchange, NUMBER)
    poller = Poller(caller, password, selection)
    storing: Storing | None = None
    crank: Crank | None = None
    heard = b""
    while not poller.over or storing is None or storing.outcome is None:
        assert exchange.now < 600
        poller.turn()
        if crank is None:
            heard += called.read()
            if b"RING" in heard:
                storing = Storing(Answer("in-1", policy, called.now, document=document), out / "in.tif")
                crank = Crank(storing, called)
        else:
            crank.turn()
        exchange.advance(40)
    exchange.close()
    assert crank is not None
    crank.turn()
    return poller, storing


@pytest.mark.parametrize("ecm", [True, False])
def test_a_document_is_fetched(ecm: bool, tmp_path: Path) -> None:
    pages = [picture(1, rows=120), picture(2, rows=150, dpi_y=98)]
    poller, storing = poll(pages, tmp_path, replace(POLICY, ecm=ecm))
    assert storing.outcome is not None
    assert storing.outcome.cause is Cause.OK
    assert [page.fate for page in storing.outcome.sent] == [Fate.CONFIRMED] * 2
    assert storing.outcome.figures.far_ident == "+1 555 1001"
    assert poller.receiver.ended is not None and poller.receiver.ended.cause is Cause.OK
    assert_same(pages, poller.pages)
    dis = next(frame for frame in poller.heard if frame.type is Type.DIS)
    assert parse_dis(dis.fif).has_document
    # X is 0 in all that the called one sends, 1 in all that the caller sends, whoever sends images (T.30 5.3.6.1).
    named = [frame.name for frame in poller.frames]
    assert named[:2] == ["CIG", "DTC"]
    assert {frame.x for frame in poller.frames} == {1}
    assert {frame.x for frame in poller.heard} == {0}
    assert [frame.name for frame in poller.heard][2:4] == ["TSI", "DCS"]
    for frame in poller.heard:
        if frame.type is Type.PPS:
            assert not frame.fif[0] & 1
    kinds = [entry.kind for entry in storing.seen]
    assert kinds.count("page-intent") == kinds.count("page-answer") == 2


def test_without_a_document_a_poll_gets_dcn(tmp_path: Path) -> None:
    poller, storing = poll([], tmp_path)
    assert storing.outcome is not None
    assert storing.outcome.cause is Cause.CANNOT_RECEIVE
    assert poller.heard[-1].type is Type.DCN
    assert not parse_dis(next(frame for frame in poller.heard if frame.type is Type.DIS).fif).has_document


@pytest.mark.parametrize(("password", "fetched"), [("4711", True), ("4712", False), ("", False)])
def test_a_password_opens_the_document(password: str, fetched: bool, tmp_path: Path) -> None:
    policy = replace(POLICY, poll_password="4711")
    poller, storing = poll([picture(1, rows=60)], tmp_path, policy, password)
    assert storing.outcome is not None
    assert (storing.outcome.cause is Cause.OK) is fetched
    assert bool(poller.pages) is fetched
    assert parse_dis(next(frame for frame in poller.heard if frame.type is Type.DIS).fif).password
    assert not any("4711" in str(entry.fields) or "31313734" in str(entry.fields) for entry in storing.seen)


@pytest.mark.parametrize(("selection", "fetched"), [("7", True), ("8", False), ("", True)])
def test_a_selection_names_the_document(selection: str, fetched: bool, tmp_path: Path) -> None:
    policy = replace(POLICY, poll_selection="7")
    poller, storing = poll([picture(1, rows=60)], tmp_path, policy, selection=selection)
    assert storing.outcome is not None
    assert bool(poller.pages) is fetched
