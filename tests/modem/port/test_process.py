"""The port process as it stands: started detached, spoken to, adopted, killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modem import journal
from modem.outcome import Cause, Fate, Fault, Outcome, Retry
from modem.plan import CallPlan
from modem.port import client
from modem.port.client import CallAnswer, PortClient, PortState, PortStatus
from tests.modem.port.bench import save_plan
from tests.modem.port.scripted import ScriptedModem

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 120.0


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class Line:
    """A port process on a scripted modem, in a folder of its own."""

    def __init__(self, folder: Path, modem: ScriptedModem) -> None:
        self.folder = folder
        self.modem = modem
        self.port_folder = folder / "ports" / "main"
        self.locks = folder / "locks"
        self.locks.mkdir()
        self.client = PortClient(self.port_folder, PATIENCE_S)
        self.pids: list[int] = []

    def launch(self) -> int:
        pid = client.launch("main", str(self.modem.link), self.port_folder, lock_folder=self.locks)
        self.pids.append(pid)
        return pid

    def status(self) -> PortStatus:
        status = self.client.status()
        assert status is not None
        return status

    def ready(self) -> None:
        self.launch()
        self.until_state(PortState.IDLE)

    def until_state(self, state: PortState) -> None:
        wait_for(lambda: (status := self.client.status()) is not None and status.state is state)

    def start(self, call: str = "c1") -> Path:
        """A call under way, ringing; its journal."""
        plan = save_plan(self.folder, call)
        before = self.modem.dialled
        assert self.client.start_call(plan, self.folder / f"{call}.journal").answer is CallAnswer.STARTED
        wait_for(lambda: self.modem.dialled > before)
        return self.folder / f"{call}.journal"

    def end_of(self, path: Path) -> Outcome:
        plan = CallPlan.load(path.with_suffix(".plan"))
        wait_for(lambda: journal.outcome_of(journal.read(path)[0], plan) is not None)
        outcome = journal.outcome_of(journal.read(path)[0], plan)
        assert outcome is not None
        return outcome

    def kill(self) -> None:
        os.kill(self.status().pid, signal.SIGKILL)
        wait_for(lambda: not client.is_locked(self.port_folder))

    def log(self) -> str:
        return (self.port_folder / "log").read_text()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    modem = ScriptedModem(tmp_path / "ttyFAX0")
    one = Line(tmp_path, modem)
    with modem.running():
        yield one
        for pid in one.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        wait_for(lambda: not client.is_locked(one.port_folder))
        client.reap()
    modem.unplug()


def test_it_starts_calls_and_quits(line: Line) -> None:
    line.ready()
    status = line.status()
    assert (status.name, status.device, status.modem) == ("main", str(line.modem.link), "Scripted")
    assert (status.call, status.quitting) == (None, False)
    assert client.is_locked(line.port_folder)
    assert line.end_of(line.start()).cause is Cause.BUSY
    assert line.status().last_call == "c1"
    line.client.quit()
    wait_for(lambda: not client.is_locked(line.port_folder))
    assert line.client.status() is None
    assert sorted(path.name for path in line.port_folder.iterdir()) == ["lock", "log"]
    assert not list(line.locks.iterdir())


def test_a_second_process_for_a_folder_ends_at_once(line: Line) -> None:
    line.ready()
    first = line.status().pid
    second = line.launch()
    assert client._children[-1].pid == second
    assert client._children[-1].wait(PATIENCE_S) == 3
    assert line.status().pid == first
    assert f"locked by process {first}" in line.log()


def test_a_plan_with_a_wrong_digest_is_refused_without_dialling(line: Line) -> None:
    line.ready()
    plan = save_plan(line.folder)
    other = save_plan(line.folder, "c2")
    plan.write_bytes(plan.read_bytes().replace(CallPlan.load(other).documents[0].pages[1].digest.encode(), b"0" * 64))
    reply = line.client.start_call(plan, line.folder / "c1.journal")
    assert reply.answer is CallAnswer.DONE
    assert line.end_of(line.folder / "c1.journal").cause is Cause.PLAN_INVALID
    assert line.modem.dialled == 0


def test_the_same_call_asked_for_again_and_again_is_dialled_once(line: Line) -> None:
    line.modem.dial = None
    line.ready()
    path = line.start()
    for _ in range(3):
        assert line.client.start_call(path.with_suffix(".plan"), path).answer is CallAnswer.STARTED
    line.modem.say("BUSY")
    line.end_of(path)
    for _ in range(3):
        assert line.client.start_call(path.with_suffix(".plan"), path).answer is CallAnswer.DONE
    assert line.modem.dialled == 1


def test_it_is_cancelled_over_the_socket(line: Line) -> None:
    line.modem.dial = None
    line.ready()
    path = line.start()
    assert not line.client.cancel("another")
    assert line.client.cancel("c1")
    assert line.end_of(path).cause is Cause.CANCELLED
    assert line.client.cancel("c1") is False
    line.until_state(PortState.IDLE)


PARENT = """
import sys, time
from pathlib import Path
from modem.port import client
folder, device = Path(sys.argv[1]), sys.argv[2]
client.launch("main", device, folder / "ports" / "main", lock_folder=folder / "locks")
port = client.PortClient(folder / "ports" / "main", 120.0)
while (status := port.status()) is None or status.state is not client.PortState.IDLE:
    time.sleep(0.01)
print(port.start_call(folder / "c1.plan", folder / "c1.journal").answer.value, flush=True)
time.sleep(600)
"""


def test_when_its_parent_is_killed_the_call_goes_on_and_the_next_one_adopts_it(line: Line) -> None:
    line.modem.dial = None
    save_plan(line.folder)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(line.folder), str(line.modem.link)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"started\n"
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert client.is_locked(line.port_folder)
    status = line.status()
    line.pids.append(status.pid)
    assert (status.state, status.call) == (PortState.SENDING, "c1")
    assert status.journal == str(line.folder / "c1.journal")
    wait_for(lambda: line.modem.dialled == 1)
    line.modem.say("NO CARRIER")
    assert line.end_of(line.folder / "c1.journal").cause is Cause.NO_CARRIER
    line.until_state(PortState.IDLE)
    assert line.status().pid == status.pid
    assert line.modem.dialled == 1


def test_a_hang_up_signal_means_nothing_to_it(line: Line) -> None:
    line.modem.dial = None
    line.ready()
    path = line.start()
    os.kill(line.status().pid, signal.SIGHUP)
    assert line.status().state is PortState.SENDING
    line.modem.say("BUSY")
    assert line.end_of(path).cause is Cause.BUSY


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_the_call_politely_first(line: Line, number: int) -> None:
    line.modem.dial = None
    line.ready()
    path = line.start()
    os.kill(line.status().pid, number)
    wait_for(lambda: not client.is_locked(line.port_folder))
    outcome = line.end_of(path)
    assert (outcome.cause, outcome.fault, outcome.retry) == (Cause.PORT_DIED, Fault.US, Retry.DEVICE)
    assert {page.fate for page in outcome.pages} == {Fate.NOT_SENT}
    assert line.modem.heard[-1].startswith("ATH")
    assert not list(line.locks.iterdir())


def test_quitting_waits_for_the_call_and_takes_no_other(line: Line) -> None:
    line.modem.dial = None
    line.ready()
    path = line.start()
    line.client.quit()
    assert line.status().quitting
    line.modem.say("BUSY")
    assert line.end_of(path).cause is Cause.BUSY
    wait_for(lambda: not client.is_locked(line.port_folder))


def test_killed_while_it_rings_it_leaves_a_journal_without_end_and_the_next_one_takes_over(line: Line) -> None:
    line.modem.dial = None
    line.ready()
    path = line.start()
    wait_for(lambda: any(entry.kind == "dialling" for entry in journal.read(path)[0]))
    plan = CallPlan.load(path.with_suffix(".plan"))
    line.kill()
    assert not journal.is_being_written(path)
    lines, _ = journal.read(path)
    assert journal.outcome_of(lines, plan) is None
    outcome = journal.outcome_after_death(lines, plan)
    assert (outcome.cause, outcome.retry) == (Cause.PORT_DIED, Retry.LATER)
    assert {page.fate for page in outcome.pages} == {Fate.NOT_SENT}
    assert [found.name for found in line.locks.iterdir()] != []

    line.modem.heard.clear()
    line.modem.dial = "BUSY"
    line.ready()
    assert line.modem.heard[0] == "ATE0Q0V1"
    assert line.client.start_call(path.with_suffix(".plan"), path).answer is CallAnswer.DEAD
    assert line.end_of(line.start("c2")).cause is Cause.BUSY


def test_killed_when_idle_it_leaves_only_what_the_next_one_replaces(line: Line) -> None:
    line.ready()
    line.kill()
    assert line.client.status() is None
    line.ready()
    assert line.end_of(line.start()).cause is Cause.BUSY


@pytest.mark.parametrize("after", ["begin", "command", "response"])
def test_killed_before_dialling_costs_no_try(line: Line, after: str) -> None:
    line.modem.answers["AT+FCLASS=1"] = None
    line.ready()
    plan = save_plan(line.folder)
    path = line.folder / "c1.journal"
    line.client.start_call(plan, path)
    wait_for(lambda: any(entry.kind == after for entry in journal.read(path)[0]))
    line.kill()
    outcome = journal.outcome_after_death(journal.read(path)[0], CallPlan.load(plan))
    assert (outcome.cause, outcome.retry) == (Cause.PORT_DIED, Retry.DEVICE)
    assert line.modem.dialled == 0


def test_without_a_modem_it_is_down_and_says_why(line: Line) -> None:
    line.modem.silent = True
    line.launch()
    line.until_state(PortState.DOWN)
    assert "does not answer" in line.status().reason
    plan = save_plan(line.folder)
    reply = line.client.start_call(plan, line.folder / "c1.journal")
    assert reply.answer is CallAnswer.DOWN
    assert "does not answer" in reply.reason
    assert not (line.folder / "c1.journal").exists()
    line.client.quit()
    wait_for(lambda: not client.is_locked(line.port_folder))


def test_a_folder_with_a_long_path_is_no_obstacle(line: Line) -> None:
    line.port_folder = line.folder / ("long" * 20) / ("longer" * 20)
    line.client = PortClient(line.port_folder, PATIENCE_S)
    line.ready()
    assert line.end_of(line.start()).cause is Cause.BUSY


def test_a_process_whose_folder_was_taken_away_ends(line: Line) -> None:
    line.ready()
    (line.port_folder / "lock").unlink()
    os.kill(line.status().pid, 0)
    wait_for(lambda: client._children[-1].poll() is not None)
    assert client._children[-1].returncode == 0
    assert "is not its own any more" in line.log()
    assert not list(line.locks.iterdir())


def test_a_large_log_is_put_aside_at_the_start(line: Line) -> None:
    line.port_folder.mkdir(parents=True)
    (line.port_folder / "log").write_bytes(b"x" * (client.LOG_LIMIT_OCTETS + 1))
    line.ready()
    assert (line.port_folder / "log.1").stat().st_size == client.LOG_LIMIT_OCTETS + 1
    assert "x" not in line.log().split("port main")[0]
