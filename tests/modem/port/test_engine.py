"""The port on a clock of the test's own: states, calls that end before a far end, faults of modem and disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from modem import journal
from modem.call import Call
from modem.journal_writer import JournalWriter
from modem.lock import UucpLock
from modem.outcome import Cause, Fate, Fault, Retry
from modem.plan import CallPlan
from modem.port.messages import CallAnswer, PortState
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
    assert not list(one.locks.iterdir())


def test_a_port_sets_its_modem_up_once_and_is_idle(bench: Bench, modem: ScriptedModem) -> None:
    assert bench.port.state is PortState.STARTING
    bench.ready()
    assert bench.port.modem == "Scripted"
    assert [path.read_text() for path in bench.locks.iterdir()] == [f"{os.getpid():10d}\n"]
    assert modem.heard.count("ATZ") == 1


@pytest.mark.parametrize(
    ("dial", "cause"),
    [("BUSY", Cause.BUSY), ("NO DIALTONE", Cause.NO_DIAL_TONE), ("NO CARRIER", Cause.NO_CARRIER)],
)
def test_a_call_that_finds_no_far_end_ends_with_its_cause(
    bench: Bench, dial: str, cause: Cause, tmp_path: Path
) -> None:
    assert bench.modem is not None
    bench.modem.dial = dial
    bench.ready()
    outcome = bench.call(save_plan(tmp_path))
    assert outcome.cause is cause
    assert {page.fate for page in outcome.pages} == {Fate.NOT_SENT}
    assert bench.port.state is PortState.IDLE
    lines, _ = journal.read(tmp_path / "journal")
    assert journal.outcome_of(lines, CallPlan.load(tmp_path / "c1.plan")) == outcome
    assert (lines[0].kind, lines[-1].kind) == ("begin", "end")
    assert [entry.kind for entry in bench.entries] == [line.kind for line in lines]
    assert bench.modem.dialled == 1


def test_one_call_after_the_other(bench: Bench, tmp_path: Path) -> None:
    bench.ready()
    for number in range(3):
        assert bench.call(save_plan(tmp_path, f"c{number}"), f"j{number}").cause is Cause.BUSY
        assert bench.port.last_call == f"c{number}"
    assert bench.modem is not None
    assert bench.modem.dialled == 3


def test_a_call_with_a_journal_is_not_dialled_again(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    bench.ready()
    plan = save_plan(tmp_path)
    bench.call(plan)
    assert bench.port.start_call(plan, tmp_path / "journal").answer is CallAnswer.DONE
    (tmp_path / "dead").write_text('{"n":0,"t":0,"kind":"begin"}\n')
    assert bench.port.start_call(plan, tmp_path / "dead").answer is CallAnswer.DEAD
    other = JournalWriter(tmp_path / "elsewhere")
    assert bench.port.start_call(plan, tmp_path / "elsewhere").answer is CallAnswer.BUSY
    other.close()
    assert bench.port.call is None
    assert modem.dialled == 1


def test_while_a_call_is_under_way_there_is_no_other(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    modem.dial = None
    bench.ready()
    plan = save_plan(tmp_path)
    assert bench.port.start_call(plan, tmp_path / "journal").answer is CallAnswer.STARTED
    assert bench.port.start_call(plan, tmp_path / "journal").answer is CallAnswer.STARTED
    assert bench.port.state is PortState.SENDING
    bench.until(lambda: modem.dialled == 1)
    assert bench.port.call == "c1"
    assert bench.port.journal_path == tmp_path / "journal"
    assert bench.port.start_call(plan, tmp_path / "journal").answer is CallAnswer.STARTED
    other = bench.port.start_call(save_plan(tmp_path, "c2"), tmp_path / "journal2")
    assert other.answer is CallAnswer.BUSY
    assert not (tmp_path / "journal2").exists()
    assert not bench.port.cancel("c2")
    modem.say("BUSY")
    bench.until(lambda: bench.port.call is None)
    assert modem.dialled == 1


def test_a_call_is_cancelled_while_it_rings(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    modem.dial = None
    bench.ready()
    bench.port.start_call(save_plan(tmp_path), tmp_path / "journal")
    bench.until(lambda: modem.dialled == 1)
    assert bench.port.cancel("c1")
    bench.until(lambda: bench.port.call is None, 30)
    assert bench.port.last_outcome is not None
    assert bench.port.last_outcome.cause is Cause.CANCELLED
    assert modem.heard[-1].startswith("ATH")
    assert bench.port.state is PortState.IDLE


def test_a_call_is_cancelled_before_it_is_dialled(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    bench.ready()
    bench.port.start_call(save_plan(tmp_path), tmp_path / "journal")
    assert bench.port.cancel("c1")
    assert bench.port.last_outcome is not None
    assert bench.port.last_outcome.cause is Cause.CANCELLED
    assert bench.journal_kinds() == ["begin", "end"]
    assert bench.port.state is PortState.IDLE
    assert modem.dialled == 0


def spoil(plan: Path, **changes: object) -> None:
    raw = msgspec.json.decode(plan.read_bytes())
    raw["documents"][0]["pages"][1].update(changes)
    plan.write_bytes(msgspec.json.encode(raw))


@pytest.mark.parametrize(
    "changes", [{"digest": "0" * 64}, {"index": 0}, {"index": 7}, {"index": -1}, {"file": "/none.tif"}]
)
def test_a_plan_with_one_wrong_page_never_dials(
    bench: Bench, modem: ScriptedModem, tmp_path: Path, changes: dict[str, object]
) -> None:
    bench.ready()
    before = list(modem.heard)
    plan = save_plan(tmp_path)
    spoil(plan, **changes)
    reply = bench.port.start_call(plan, tmp_path / "journal")
    assert reply.answer is CallAnswer.DONE
    assert "page 2 of job 7" in reply.reason
    outcome = journal.outcome_of(journal.read(tmp_path / "journal")[0], CallPlan.load(plan))
    assert outcome is not None
    assert (outcome.cause, outcome.retry) == (Cause.PLAN_INVALID, Retry.NEVER)
    assert [page.fate for page in outcome.pages] == [Fate.NOT_SENT, Fate.NOT_SENT]
    assert bench.port.state is PortState.IDLE
    for _ in range(5):
        bench.port.tick()
        modem.pump()
    assert modem.heard == before


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b'{"call":"c","dial":"1","documents":[]}'])
def test_what_is_no_plan_never_dials(bench: Bench, tmp_path: Path, content: bytes | None) -> None:
    bench.ready()
    if content is not None:
        (tmp_path / "plan").write_bytes(content)
    assert bench.port.start_call(tmp_path / "plan", tmp_path / "journal").answer is CallAnswer.DONE
    outcome = journal.outcome_of(journal.read(tmp_path / "journal")[0], CallPlan.load(save_plan(tmp_path)))
    assert outcome is not None
    assert outcome.cause is Cause.PLAN_INVALID
    assert len(outcome.pages) == 2


def test_a_journal_that_cannot_be_made_means_no_call(bench: Bench, tmp_path: Path) -> None:
    bench.ready()
    reply = bench.port.start_call(save_plan(tmp_path), tmp_path / "none" / "journal")
    assert reply.answer is CallAnswer.DOWN
    assert "journal" in reply.reason
    assert bench.port.state is PortState.IDLE


def test_a_device_that_is_missing_is_found_when_it_comes(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    modem.unplug()
    bench.until(lambda: bench.port.state is PortState.DOWN)
    assert "ttyFAX0" in bench.port.reason
    assert bench.port.down_cause is Cause.DEVICE_MISSING
    assert bench.port.start_call(save_plan(tmp_path), tmp_path / "journal").answer is CallAnswer.DOWN
    assert not (tmp_path / "journal").exists()
    begun = bench.time_s
    bench.until(lambda: bench.time_s > begun + 100)
    assert bench.port.state is PortState.DOWN
    modem.plug()
    bench.ready()
    assert bench.port.reason == ""


def test_a_device_that_vanishes_and_comes_back_is_set_up_again(bench: Bench, modem: ScriptedModem) -> None:
    bench.ready()
    modem.unplug()
    bench.until(lambda: bench.port.state is PortState.DOWN)
    assert "vanished" in bench.port.reason
    assert not list(bench.locks.iterdir())
    modem.plug()
    modem.heard.clear()
    bench.ready()
    assert modem.heard[0] == "ATH0"


def test_a_device_that_vanishes_in_a_call_ends_it(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    modem.dial = None
    bench.ready()
    bench.port.start_call(save_plan(tmp_path), tmp_path / "journal")
    bench.until(lambda: modem.dialled == 1)
    modem.unplug()
    bench.until(lambda: bench.port.call is None)
    assert bench.port.last_outcome is not None
    assert bench.port.last_outcome.fault is Fault.DEVICE
    assert bench.journal_kinds()[-1] == "end"
    assert bench.port.state is PortState.DOWN


def test_a_device_that_another_program_has_locked_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modem: ScriptedModem
) -> None:
    bench = Bench(tmp_path, monkeypatch, modem)
    lock = UucpLock(bench.locks, modem.link)
    lock.path.write_bytes(b"%10d\n" % os.getppid())
    bench.until(lambda: bench.port.state is PortState.DOWN)
    assert f"in use by process {os.getppid()}" in bench.port.reason
    lock.path.unlink()
    bench.ready()
    bench.port.close()


def test_a_silent_modem_is_down_and_comes_back(bench: Bench, modem: ScriptedModem) -> None:
    modem.silent = True
    bench.until(lambda: bench.port.state is PortState.DOWN)
    assert bench.port.down_cause is Cause.DEVICE_SILENT
    assert "does not answer" in bench.port.reason
    begun = bench.time_s
    bench.until(lambda: bench.time_s > begun + 60)
    modem.silent = False
    bench.ready()
    assert bench.port.reason == ""


def test_a_modem_without_fax_is_down(bench: Bench, modem: ScriptedModem) -> None:
    modem.answers["AT+FCLASS=?"] = "0\r\n\r\nOK"
    bench.until(lambda: bench.port.state is PortState.DOWN)
    assert bench.port.down_cause is Cause.DEVICE_NOT_FAX


def test_an_idle_modem_that_got_stuck_is_noticed_and_brought_back(bench: Bench, modem: ScriptedModem) -> None:
    bench.ready()
    modem.silent = True
    modem.wakes_by = b"\x18"
    bench.states.clear()
    bench.until(lambda: not modem.silent)
    bench.ready()
    assert bench.states == [PortState.IDLE, PortState.STARTING, PortState.IDLE]


def test_a_call_that_comes_in_the_middle_of_a_check_is_made_after_it(
    bench: Bench, modem: ScriptedModem, tmp_path: Path
) -> None:
    bench.ready()
    bench.until(lambda: bench.port._dialogue is not None)
    assert bench.call(save_plan(tmp_path)).cause is Cause.BUSY


def test_a_call_for_a_modem_that_turns_out_stuck_ends_undialled(
    bench: Bench, modem: ScriptedModem, tmp_path: Path
) -> None:
    bench.ready()
    modem.silent = True
    bench.until(lambda: bench.port._dialogue is not None)
    outcome = bench.call(save_plan(tmp_path))
    assert (outcome.fault, outcome.retry) == (Fault.DEVICE, Retry.DEVICE)
    assert bench.port.state is PortState.DOWN
    assert bench.journal_kinds() == ["begin", "end"]


def test_a_modem_that_is_stuck_after_dialling_ends_the_call_and_is_recovered(
    bench: Bench, modem: ScriptedModem, tmp_path: Path
) -> None:
    modem.dial = None
    bench.ready()
    bench.port.start_call(save_plan(tmp_path), tmp_path / "journal")
    bench.until(lambda: modem.dialled == 1)
    modem.silent = True
    bench.until(lambda: bench.port.call is None)
    assert bench.port.last_outcome is not None
    assert {page.fate for page in bench.port.last_outcome.pages} == {Fate.NOT_SENT}
    modem.silent = False
    bench.ready()


def test_a_ringing_line_does_not_disturb_an_idle_port(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    bench.ready()
    for _ in range(3):
        modem.say("RING")
    assert bench.call(save_plan(tmp_path)).cause is Cause.BUSY


def test_a_quitting_port_takes_no_call(bench: Bench, tmp_path: Path) -> None:
    bench.ready()
    bench.port.quitting = True
    assert bench.port.start_call(save_plan(tmp_path), tmp_path / "journal").answer is CallAnswer.DOWN


def test_a_fault_of_our_own_ends_the_call_and_not_the_port(
    bench: Bench, modem: ScriptedModem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Call, octets: bytes, now: float) -> None:
        raise RuntimeError("on purpose")

    bench.ready()
    with monkeypatch.context() as patch:
        patch.setattr(Call, "receive", broken)
        outcome = bench.call(save_plan(tmp_path))
    assert (outcome.cause, outcome.fault) == (Cause.PORT_DIED, Fault.US)
    assert "on purpose" in outcome.text
    assert bench.journal_kinds()[-1] == "end"
    bench.ready()
    assert bench.call(save_plan(tmp_path, "c2"), "j2").cause is Cause.BUSY


def test_a_call_that_cannot_even_begin_ends_with_an_outcome(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Call, *arguments: object, **named: object) -> None:
        raise ValueError("no such thing")

    bench.ready()
    with monkeypatch.context() as patch:
        patch.setattr(Call, "__init__", broken)
        outcome = bench.call(save_plan(tmp_path))
    assert (outcome.cause, outcome.retry) == (Cause.PORT_DIED, Retry.DEVICE)
    assert bench.journal_kinds() == ["end"]


@pytest.mark.parametrize("call", ["fdatasync", "write"])
def test_a_journal_that_cannot_be_written_ends_the_call_and_says_so(
    bench: Bench, modem: ScriptedModem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    modem.dial = None
    bench.ready()
    bench.port.start_call(save_plan(tmp_path), tmp_path / "journal")
    bench.until(lambda: modem.dialled == 1)
    run = bench.port._run
    assert run is not None
    journal_fd, real = run.writer._fd, getattr(os, call)
    failures = iter(range(2))  # the first try and the one after the reserve was given up

    def failing(fd: int, *arguments: object) -> object:
        if fd == journal_fd and next(failures, None) is not None:
            raise OSError(28, "No space left on device")
        return real(fd, *arguments)

    monkeypatch.setattr(os, call, failing)
    modem.say("RING")
    bench.until(lambda: bench.port.call is None, 60)
    outcome = bench.port.last_outcome
    assert outcome is not None
    assert (outcome.cause, outcome.fault, outcome.retry) == (Cause.STORAGE, Fault.US, Retry.LATER)
    assert "No space left" in outcome.text
    lines, _ = journal.read(tmp_path / "journal")
    assert journal.outcome_of(lines, CallPlan.load(tmp_path / "c1.plan")) == outcome
    bench.ready()


def test_closing_in_a_call_leaves_its_end_on_disk(bench: Bench, modem: ScriptedModem, tmp_path: Path) -> None:
    modem.dial = None
    bench.ready()
    bench.port.start_call(save_plan(tmp_path), tmp_path / "journal")
    bench.until(lambda: modem.dialled == 1)
    bench.port.close()
    assert bench.journal_kinds()[-1] == "end"
    assert bench.port.call is None
