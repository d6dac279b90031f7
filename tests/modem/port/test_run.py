"""Whole calls through the run's own crank and a journal on a real disk, the line in virtual time.

The process may be killed, or its disk may fail, at any moment: what the journal then says of each page is held against
what the far end really has.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from codec.tiff import read_pages, write_pages
from modem import journal
from modem.call import Call
from modem.device import DeviceGoneError
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fate, Fault, Outcome, Retry
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.port.process import TERMINATE_SECONDS
from modem.port.run import CallRun, Why
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, FarEnd
from modem.soft.virtual import VirtualModem
from tests.modem.port.bench import PAGES, PICTURES
from tests.modem.soft.pictures import read_fax

NUMBER = "5552001"
STEP_S = 0.005


class Wire:
    """The virtual modem as the run sees a device."""

    def __init__(self, modem: VirtualModem) -> None:
        self.modem = modem
        self.heard = b""
        self.gone = False

    def read(self) -> bytes:
        octets, self.heard = self.heard, b""
        return octets

    def write(self, octets: bytes) -> int:
        if self.gone:
            raise DeviceGoneError("pulled out")
        self.modem.write(octets)
        return len(octets)


@dataclass
class Stage:
    """A call that is under way."""

    run: CallRun
    wire: Wire
    plan: CallPlan
    path: Path
    out: Path

    def turn(self, disk_waits: bool = False) -> None:
        """One event. Time passes when nothing else is due; the disk is faster than the line, unless ``disk_waits``."""
        run, modem = self.run, self.wire.modem
        if not disk_waits and run.writer.synced < run.writer.appended and run.writer.failure is None:
            if select.select([run.writer.wake_fd], [], [], 0.001)[0]:
                run.journal_ready(modem.now)
        elif select.select([run.writer.wake_fd], [], [], 0)[0]:
            run.journal_ready(modem.now)
        elif heard := modem.read():
            self.wire.heard += heard
            run.device_ready(True, False, modem.now)
        elif (due := run.deadline) is not None and due <= modem.now:
            run.tick(modem.now)
        else:
            modem.advance(STEP_S)

    def until(self, condition: Callable[[], bool]) -> None:
        while self.run.outcome is None and not condition():
            assert self.wire.modem.now < 600
            self.turn()

    def ended(self) -> Outcome:
        self.until(lambda: False)
        assert self.run.outcome is not None
        return self.run.outcome

    def killed(self) -> Outcome:
        """The outcome as it is known after ``kill -9`` at this moment: from the file alone."""
        path = self.path.with_name("as-it-was")
        path.write_bytes(self.path.read_bytes())
        self.wire.modem.drop_dtr()
        self.wire.modem.advance(60)
        return journal.outcome_after_death(journal.read(path)[0], self.plan)

    def received(self) -> list[bytes]:
        """The pages that the far end holds, as rows of pixels."""
        found = list(self.out.rglob("*.tif"))
        return read_fax(found[0]) if found else []

    def judge(self, outcome: Outcome) -> None:
        """Nothing is claimed that the far end does not have, nothing is denied that it has."""
        received = self.received()
        for fate, image in zip((page.fate for page in outcome.pages), PICTURES, strict=True):
            arrived = image.tobytes() in received
            assert arrived or fate is not Fate.CONFIRMED
            assert not arrived or fate is not Fate.NOT_SENT


def stage(folder: Path, *, ecm: bool = True) -> Stage:
    folder.mkdir()
    write_pages(folder / "pages.tif", PAGES)
    planned = tuple(
        PlannedPage(file=str(folder / "pages.tif"), index=n, digest=page.digest, number=n + 1)
        for n, page in enumerate(PAGES)
    )
    plan = CallPlan(
        call="c1",
        dial=NUMBER,
        documents=(PlannedDocument(job=7, pages=planned, pages_total=len(PAGES)),),
        policy=LinePolicy(ecm=ecm, header_line=False),
    )
    exchange = Exchange(ExchangeData(numbers=(FarEnd(number=NUMBER),)), out=folder / "out")
    wire = Wire(VirtualModem(exchange, "100"))
    writer = JournalWriter(folder / "journal")
    run = CallRun(plan, read_pages(folder / "pages.tif"), wire, writer, wire.modem.now)
    return Stage(run, wire, plan, folder / "journal", folder / "out")


KINDS = pytest.mark.parametrize("ecm", [True, False], ids=["ecm", "without-ecm"])


@KINDS
def test_a_whole_call_ends_with_every_page_confirmed_there_and_on_disk(tmp_path: Path, ecm: bool) -> None:
    one = stage(tmp_path / "call", ecm=ecm)
    outcome = one.ended()
    assert (outcome.cause, outcome.figures.ecm) == (Cause.OK, ecm)
    assert [page.fate for page in outcome.pages] == [Fate.CONFIRMED, Fate.CONFIRMED]
    one.wire.modem.advance(10)
    assert one.received() == [image.tobytes() for image in PICTURES]
    assert one.run.journal_whole
    lines, _ = journal.read(one.path)
    assert [line.n for line in lines] == list(range(len(lines)))
    assert journal.outcome_of(lines, one.plan) == outcome


@KINDS
def test_killed_at_any_time_the_journal_claims_and_denies_nothing_wrongly(tmp_path: Path, ecm: bool) -> None:
    last = stage(tmp_path / "whole", ecm=ecm).ended().figures.line_seconds
    assert last is not None
    seen = set()
    for moment in range(1, int(last / 0.7)):
        one = stage(tmp_path / str(moment), ecm=ecm)
        one.until(lambda: one.wire.modem.now >= moment * 0.7)  # noqa: B023
        outcome = one.killed()
        one.judge(outcome)
        seen.add(tuple(page.fate for page in outcome.pages))
    assert seen >= {
        (Fate.NOT_SENT, Fate.NOT_SENT),
        (Fate.UNCERTAIN, Fate.NOT_SENT),
        (Fate.CONFIRMED, Fate.UNCERTAIN),
        (Fate.CONFIRMED, Fate.CONFIRMED),
    }


@KINDS
def test_an_answer_is_on_disk_before_the_next_page_is_trained_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ecm: bool
) -> None:
    one = stage(tmp_path / "call", ecm=ecm)
    entries: list[Entry] = []
    one.run._on_entry = entries.append
    real, disk_goes_on = os.fdatasync, threading.Event()

    def slow(fd: int) -> None:
        if fd == one.run.writer._fd and b"page-answer" in one.path.read_bytes():
            assert disk_goes_on.wait(30)
        real(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    one.until(lambda: any(entry.kind == "page-answer" for entry in entries))
    before = len(entries)
    answered = one.wire.modem.now
    while one.wire.modem.now < answered + 2:
        one.turn(disk_waits=True)
    assert not [entry for entry in entries[before:] if "FTM" in entry.fields.get("text", "")]
    disk_goes_on.set()
    assert one.ended().cause is Cause.OK
    assert [entry for entry in entries[before:] if "FTM" in entry.fields.get("text", "")]


@KINDS
@pytest.mark.parametrize("page", [1, 2])
def test_a_disk_that_fails_in_a_page_ends_the_call_politely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ecm: bool, page: int
) -> None:
    one = stage(tmp_path / "call", ecm=ecm)
    one.until(lambda: one.path.read_bytes().count(b"page-intent") == page)
    real, fd = os.fdatasync, one.run.writer._fd

    def failing(which: int) -> None:
        if which == fd:
            raise OSError(28, "No space left on device")
        real(which)

    monkeypatch.setattr(os, "fdatasync", failing)
    outcome = one.ended()
    assert (outcome.cause, outcome.fault) == (Cause.STORAGE, Fault.US)
    one.wire.modem.advance(30)
    assert one.wire.modem.exchange.records[0].frames[-1].name == "DCN"
    assert not one.run.journal_whole
    on_disk = journal.outcome_after_death(journal.read(one.path)[0], one.plan)
    one.judge(on_disk)
    one.judge(outcome)


@KINDS
@pytest.mark.parametrize("why", [Why.PERSON, Why.SHUTDOWN])
def test_ended_at_any_time_it_is_over_soon_and_the_journal_says_whose_wish_it_was(
    tmp_path: Path, ecm: bool, why: Why
) -> None:
    for moment in range(1, 21):
        one = stage(tmp_path / str(moment), ecm=ecm)
        one.until(lambda: one.wire.modem.now >= moment)  # noqa: B023
        if one.run.outcome is not None:
            return
        one.run.cancel(one.wire.modem.now, why)
        outcome = one.ended()
        assert one.wire.modem.now < moment + TERMINATE_SECONDS / 2
        assert outcome.cause in (Cause.CANCELLED if why is Why.PERSON else Cause.PORT_DIED, Cause.OK)
        assert outcome.retry is not Retry.NEVER or why is Why.PERSON
        assert journal.outcome_of(journal.read(one.path)[0], one.plan) == outcome
        one.wire.modem.advance(30)
        one.judge(outcome)


def test_a_call_that_does_not_move_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = stage(tmp_path / "call")
    one.until(lambda: one.wire.modem.now >= 3)
    with monkeypatch.context() as patch:
        patch.setattr(Call, "tick", lambda self, now: None)
        patch.setattr(Call, "deadline", None)
        patch.setattr(Call, "receive", lambda self, octets, now: None)
        one.wire.modem.read()
        one.wire.modem.drop_dtr()
        outcome = one.ended()
    assert (outcome.cause, outcome.fault, outcome.retry) == (Cause.PROTOCOL_ERROR, Fault.US, Retry.LATER)


@KINDS
def test_a_modem_that_is_pulled_out_in_a_page_leaves_it_uncertain(tmp_path: Path, ecm: bool) -> None:
    one = stage(tmp_path / "call", ecm=ecm)
    one.until(lambda: one.path.read_bytes().count(b"page-intent") == 2)
    one.wire.gone = True
    one.run.device_gone(DeviceGoneError("pulled out"), one.wire.modem.now)
    outcome = one.ended()
    assert outcome.fault is Fault.DEVICE
    one.wire.modem.drop_dtr()
    one.wire.modem.advance(60)
    one.judge(outcome)
    assert journal.outcome_of(journal.read(one.path)[0], one.plan) == outcome


def test_who_watches_and_fails_does_not_end_the_call(tmp_path: Path) -> None:
    one = stage(tmp_path / "call")

    def broken(entry: object) -> None:
        raise BrokenPipeError

    one.run._on_entry = broken
    assert one.ended().cause is Cause.OK
