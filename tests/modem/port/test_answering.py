"""A port that answers: when, where things go, what it says of itself; and that nothing changes when it does not."""

from __future__ import annotations

import select
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codec.tiff import read_pages, write_pages
from modem import journal
from modem.class1.ringing import RingWatch
from modem.device import DeviceGoneError
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault
from modem.port import answering as answering_module
from modem.port.answering import AnswerRun, policy_of
from modem.port.messages import AnswerSettings, CallAnswer, PortState
from modem.port.store import PageStore
from modem.receipt import CallerId, ReceivedPage
from modem.received import calls_in
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, Incoming
from modem.soft.virtual import VirtualModem
from modem.t30.receiver_abilities import ReceiverPolicy
from tests.modem.port.bench import PAGES, PICTURES, Bench, save_plan
from tests.modem.port.scripted import ScriptedModem
from tests.modem.soft.pictures import read_fax


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[ScriptedModem]:
    one = ScriptedModem(tmp_path / "ttyFAX0")
    yield one
    one.unplug()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modem: ScriptedModem) -> Iterator[Bench]:
    one = Bench(tmp_path, monkeypatch, modem)
    yield one
    one.port.close()


@pytest.fixture
def settings(tmp_path: Path) -> AnswerSettings:
    return AnswerSettings(folder=str(tmp_path / "in"), rings=2, csi="+1 555 2001")


def ring(bench: Bench, modem: ScriptedModem, text: str = "RING") -> None:
    modem.say(text)
    bench.until(lambda: not bench._busy())
    bench.port.tick()


def answered(bench: Bench) -> list[Path]:
    return [call.journal for call in calls_in(bench.folder / "in")]


# When.


def test_without_settings_nothing_is_answered_and_nothing_said(bench: Bench, modem: ScriptedModem) -> None:
    bench.ready()
    before = list(modem.heard)
    for _ in range(5):
        ring(bench, modem)
    assert modem.heard == before
    assert bench.port.state is PortState.IDLE
    assert not bench.port.pick_up()


def test_a_call_is_answered_after_so_many_rings(bench: Bench, modem: ScriptedModem, settings: AnswerSettings) -> None:
    modem.answers["ATA"] = "NO CARRIER"
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: "AT+VCID=1" in modem.heard and bench.port.state is PortState.IDLE and not bench._busy())
    ring(bench, modem)
    ring(bench, modem, "NMBR = 5559000")
    assert "ATA" not in modem.heard
    modem.say("RING")
    bench.until(lambda: bench.port.last_answer is not None)
    assert modem.heard.count("ATA") == 1
    assert PortState.RECEIVING in bench.states
    outcome = bench.port.last_answer
    assert outcome is not None
    assert (outcome.cause, outcome.fault) == (Cause.NO_CARRIER, Fault.FAR_END)
    assert outcome.caller == CallerId(number="5559000")
    (path,) = answered(bench)
    lines, _ = journal.read(path)
    assert (lines[0].kind, lines[-1].kind) == ("begin", "end")
    assert lines[0].fields["caller"] == {"number": "5559000"}
    assert bench.port.last_call == bench.port.last_received == path.parent.name
    assert [left.name for left in path.parent.iterdir()] == ["journal.jsonl"]
    bench.ready()


def test_a_caller_who_gives_up_and_another_one_do_not_add_up(
    bench: Bench, modem: ScriptedModem, settings: AnswerSettings
) -> None:
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    ring(bench, modem)
    assert bench.port.answering.rings == 1
    bench.time_s += 12
    bench.port.tick()
    assert bench.port.answering.rings == 0
    ring(bench, modem)
    assert "ATA" not in modem.heard


def test_on_command_a_call_is_answered_at_once(bench: Bench, modem: ScriptedModem, settings: AnswerSettings) -> None:
    modem.answers["ATA"] = "NO CARRIER"
    bench.ready()
    bench.port.set_answering(AnswerSettings(folder=settings.folder, rings=0))
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    for _ in range(4):
        ring(bench, modem)
    assert "ATA" not in modem.heard
    assert bench.port.pick_up()
    bench.until(lambda: bench.port.last_answer is not None)
    assert "ATA" in modem.heard


def test_answering_can_be_turned_off_again(bench: Bench, modem: ScriptedModem, settings: AnswerSettings) -> None:
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    ring(bench, modem)
    bench.port.set_answering(None)
    for _ in range(3):
        ring(bench, modem)
    assert "ATA" not in modem.heard


def test_calls_of_ours_and_calls_that_come_in_keep_out_of_each_others_way(
    bench: Bench, modem: ScriptedModem, settings: AnswerSettings, tmp_path: Path
) -> None:
    modem.answers["ATA"] = None
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    modem.say("RING")
    modem.say("RING")
    bench.until(lambda: bench.port.state is PortState.RECEIVING)
    reply = bench.port.start_call(save_plan(tmp_path), tmp_path / "journal")
    assert reply.answer is CallAnswer.BUSY
    assert bench.port.call is not None and bench.port.call.startswith("in-")
    assert bench.port.journal_path == answered(bench)[0]
    assert not (tmp_path / "journal").exists()
    bench.until(lambda: bench.port.last_answer is not None)  # the modem never answered: it is set up anew
    bench.ready()
    assert bench.call(save_plan(tmp_path)).cause is Cause.BUSY
    assert modem.heard.count("AT+VCID=1") == 2


def test_a_folder_that_cannot_be_written_means_that_nobody_answers(
    bench: Bench, modem: ScriptedModem, settings: AnswerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)

    def broken(path: Path) -> JournalWriter:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(answering_module, "JournalWriter", broken)
    for _ in range(2):
        ring(bench, modem)
    assert "ATA" not in modem.heard
    assert bench.port.state is PortState.IDLE


def test_a_modem_without_caller_id_answers_too(bench: Bench, modem: ScriptedModem, settings: AnswerSettings) -> None:
    modem.answers["AT+VCID=1"] = "ERROR"
    modem.answers["ATA"] = "NO CARRIER"
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    modem.say("RING")
    modem.say("RING")
    bench.until(lambda: bench.port.last_answer is not None)


def test_a_polite_end_while_receiving(bench: Bench, modem: ScriptedModem, settings: AnswerSettings) -> None:
    modem.answers["ATA"] = None
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    assert bench.port.pick_up()
    bench.until(lambda: "ATA" in modem.heard)
    bench.port.shut_down()
    bench.until(lambda: bench.port.call is None)
    outcome = bench.port.last_answer
    assert outcome is not None
    assert (outcome.cause, outcome.fault) == (Cause.PORT_DIED, Fault.US)


def test_a_line_that_the_modem_may_still_have_is_made_free_before_the_next_call(
    bench: Bench, modem: ScriptedModem, settings: AnswerSettings
) -> None:
    modem.answers["ATA"] = "NO CARRIER"
    modem.answers["ATH0"] = None
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    before = len(modem.heard)
    assert bench.port.pick_up()
    bench.until(lambda: bench.port.last_answer is not None)
    assert bench.port.last_answer is not None and bench.port.last_answer.cause is Cause.NO_CARRIER
    assert bench.port.state is PortState.STARTING
    bench.ready()
    said = modem.heard[before:]
    assert said[said.index("ATA") :].count("ATH0") > 3  # those of the call, and those of setting it up anew
    assert "ATZ" in said


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


# Who.


def test_who_is_refused_by_caller_id_is_let_ring_and_the_next_one_is_answered(
    bench: Bench, modem: ScriptedModem, settings: AnswerSettings
) -> None:
    modem.answers["ATA"] = "NO CARRIER"
    bench.ready()
    bench.port.set_answering(replace(settings, refused_callers=("+49 555*", "anonymous")))
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    ring(bench, modem)
    ring(bench, modem, "NMBR = +49 5559000")
    for _ in range(5):
        ring(bench, modem)
    assert "ATA" not in modem.heard
    bench.time_s += 12
    bench.port.tick()
    ring(bench, modem)
    ring(bench, modem, "NMBR = 5559001")
    modem.say("RING")
    bench.until(lambda: bench.port.last_answer is not None)
    assert modem.heard.count("ATA") == 1


def test_whose_caller_id_is_allowed_may_call_itself_what_it_likes() -> None:
    settings = AnswerSettings(folder="x", allowed_callers=("5559*", "Clinic"), refused_callers=("evil",))
    known, unknown = CallerId(number="555-9000"), CallerId(number="5551")
    assert policy_of(settings, known).accepts_ident("Somebody")
    assert not policy_of(settings, known).accepts_ident("EVIL")
    assert not policy_of(settings, unknown).accepts_ident("Somebody")
    assert policy_of(settings, unknown).accepts_ident("clinic")
    assert not policy_of(settings).accepts_ident("")


def test_the_number_that_was_called_is_kept() -> None:
    watch = RingWatch()
    watch.receive(b"\r\nRING\r\n\r\nDDN_NMBR= 4711\r\nNMBR=5559000\r\n", 0.0)
    assert watch.caller == CallerId(number="5559000", dialled="4711")
