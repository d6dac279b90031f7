"""Calls that come in on their way to the disk: the store of pages, and whole calls through the run in virtual time."""

from __future__ import annotations

import errno
import os
import select
import stat
from pathlib import Path

import pytest

from codec.tiff import read_pages, write_pages
from codec.tiff_writer import TiffWriter
from modem import journal
from modem.device import DeviceGoneError
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault
from modem.port.answering import AnswerRun
from modem.port.store import PageStore
from modem.receipt import CallerId, ReceivedPage
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, Incoming
from modem.soft.virtual import VirtualModem
from modem.t30.receiver_abilities import ReceiverPolicy
from tests.modem.port.bench import PAGES, PICTURES
from tests.modem.soft.pictures import read_fax

# The store.


def received(number: int) -> ReceivedPage:
    from codec.tiff_tags import FaxTags

    return ReceivedPage(number=number, page=PAGES[number % 2], tags=FaxTags(description="Fax", bad_rows=0))


def test_pages_are_stored_one_by_one_and_the_file_is_whole_each_time(tmp_path: Path) -> None:
    store = PageStore(tmp_path / "a.tif")
    assert not (tmp_path / "a.tif").exists()
    for number in range(3):
        store.put([received(number)])
        assert select.select([store.wake_fd], [], [], 10)[0]
        store.acknowledge()
        store.wait(10)
        assert store.stored == number + 1
        assert len(read_pages(tmp_path / "a.tif")) == number + 1
    store.close()
    assert [page.digest for page in read_pages(tmp_path / "a.tif")] == [PAGES[n % 2].digest for n in range(3)]
    assert stat.S_IMODE((tmp_path / "a.tif").stat().st_mode) == 0o600


def test_a_store_that_fails_says_why_and_stores_nothing_more(tmp_path: Path) -> None:
    store = PageStore(tmp_path / "none" / "a.tif")
    store.put([received(0)])
    store.wait(10)
    assert (store.stored, store.failure) == (0, "No such file or directory")
    store.close()


def test_a_store_that_fails_gives_its_file_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port process lives for months; on a full disk each call would cost it a descriptor."""

    def full(self: TiffWriter, data: bytes, at: int) -> None:
        if at >= 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.pwrite(self._fd, data, at)

    monkeypatch.setattr(TiffWriter, "_write", full)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(3):
        store = PageStore(tmp_path / f"{number}.tif")
        store.put([received(0)])
        store.close()
        assert store.failure == "No space left on device"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_waits_is_stored_before_the_end(tmp_path: Path) -> None:
    store = PageStore(tmp_path / "a.tif")
    store.put([received(0), received(1)])
    store.close()
    assert len(read_pages(tmp_path / "a.tif")) == 2


# Whole calls through the run.


class Wire:
    """The virtual modem as the run sees a device."""

    def __init__(self, modem: VirtualModem) -> None:
        self.modem = modem
        self.heard = b""
        self.gone = False

    def read(self) -> bytes:
        if self.gone:
            raise DeviceGoneError("pulled out")
        octets, self.heard = self.heard, b""
        return octets

    def write(self, octets: bytes) -> int:
        if self.gone:
            raise DeviceGoneError("pulled out")
        self.modem.write(octets)
        return len(octets)


class Stage:
    """An incoming call through an ``AnswerRun``, its journal and pages on a real disk, the line in virtual time."""

    def __init__(self, folder: Path) -> None:
        write_pages(folder / "sent.tif", PAGES)
        incoming = Incoming(to="100", send=str(folder / "sent.tif"), number="5559000", ident="+49 555 9000")
        self.exchange = Exchange(ExchangeData(incoming=(incoming,)), out=folder / "out")
        self.modem = VirtualModem(self.exchange, "100")
        self.modem.read_until(b"RING", 20)
        self.wire = Wire(self.modem)
        self.tiff = folder / "in.tif"
        self.journal = folder / "in.journal"
        writer, store = JournalWriter(self.journal), PageStore(self.tiff)
        policy = ReceiverPolicy(csi="+1 555 2001")
        self.run = AnswerRun("in-1", policy, CallerId(), self.wire, writer, store, self.modem.now)

    def turn(self) -> None:
        run, modem, store = self.run, self.modem, self.run.store
        assert store is not None
        waits = run.writer.synced < run.writer.appended or store.stored < store._put
        ready = select.select([run.writer.wake_fd, store.wake_fd], [], [], 0.05 if waits else 0)[0]
        if run.writer.wake_fd in ready:
            run.journal_ready(modem.now)
        elif store.wake_fd in ready:
            run.pages_ready(modem.now)
        elif heard := modem.read():
            self.wire.heard += heard
            run.device_ready(True, False, modem.now)
        elif (due := run.deadline) is not None and due <= modem.now:
            run.tick(modem.now)
        else:
            modem.advance(0.005)

    def kinds(self) -> list[str]:
        return [line.kind for line in journal.read(self.journal)[0]]

    def to_the_end(self) -> None:
        while self.run.outcome is None:
            self.turn()
        self.exchange.close()


def test_a_whole_call_is_on_disk(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.to_the_end()
    outcome = stage.run.outcome
    assert outcome is not None
    assert outcome.cause is Cause.OK
    assert stage.run.journal_whole
    assert [page.confirmed for page in outcome.pages] == [True, True]
    assert [page.digest for page in read_pages(stage.tiff)] == [page.digest for page in outcome.pages]
    assert read_fax(stage.tiff) == [picture.tobytes() for picture in PICTURES]
    assert stage.kinds().count("page-confirmed") == 2
    assert stage.exchange.records[0].pages_sent == 2


@pytest.mark.parametrize("kind", ["connected", "trained", "page-received", "page-confirmed"])
def test_a_device_that_vanishes_leaves_what_was_confirmed(kind: str, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    while kind not in stage.kinds():
        stage.turn()
    stage.wire.gone = True
    stage.to_the_end()
    outcome = stage.run.outcome
    assert outcome is not None
    assert outcome.cause is Cause.DEVICE_MISSING
    confirmed = sum(page.confirmed for page in outcome.pages)
    assert confirmed == stage.kinds().count("page-confirmed")
    held = len(read_pages(stage.tiff)) if stage.tiff.exists() else 0
    assert held == len(outcome.pages) >= confirmed
    assert stage.kinds()[-1] == "end"


def test_a_full_disk_confirms_nothing_and_says_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.tiff.mkdir()  # no file can be made there
    stage.to_the_end()
    outcome = stage.run.outcome
    assert outcome is not None
    assert (outcome.cause, outcome.fault) == (Cause.STORAGE, Fault.US)
    assert not any(page.confirmed for page in outcome.pages)
    assert stage.exchange.records[0].pages_sent == 0


def test_a_fault_of_our_own_ends_the_call_with_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(tmp_path)
    while "page-confirmed" not in stage.kinds():
        stage.turn()
    from modem.t30.receiver import Receiver

    def broken(self: Receiver) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Receiver, "_on_page_begins", broken)
    stage.to_the_end()
    outcome = stage.run.outcome
    assert outcome is not None
    assert (outcome.cause, outcome.fault) == (Cause.PORT_DIED, Fault.US)
    assert [page.confirmed for page in outcome.pages] == [True]
    assert stage.kinds()[-1] == "end"
    assert len(read_pages(stage.tiff)) == 1


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        Stage(tmp_path / str(number)).to_the_end()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1
