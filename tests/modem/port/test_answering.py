"""A port that answers: when, where things go, what it says of itself; and that nothing changes when it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modem import journal, journal_writer
from modem.class1.ringing import RingWatch
from modem.journal_writer import JournalWriter
from modem.outcome import Cause, Fault
from modem.port import answering as answering_module
from modem.port.answering import policy_of
from modem.port.messages import AnswerSettings, CallAnswer, PortState
from modem.receipt import CallerId
from modem.received import calls_in
from tests.modem.port.bench import Bench, save_plan
from tests.modem.port.scripted import ScriptedModem


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


def test_a_call_whose_journal_cannot_be_made_leaves_no_folder(
    bench: Bench, modem: ScriptedModem, settings: AnswerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be taken for a call that was answered and died; and it rings on."""
    bench.ready()
    bench.port.set_answering(settings)
    bench.until(lambda: not bench._busy() and bench.port._dialogue is None)
    with monkeypatch.context() as full:
        full.setattr(journal_writer, "RESERVE_OCTETS", 1 << 61)  # no disk has so much room
        for _ in range(4):
            ring(bench, modem)
    assert "ATA" not in modem.heard
    assert list(Path(settings.folder).iterdir()) == []
    for _ in range(2):
        ring(bench, modem)
    bench.until(lambda: "ATA" in modem.heard)


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
