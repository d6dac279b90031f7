"""Printing as a person does: the real lp against a private cupsd, and what CUPS then says of the job."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.private import PrivateCups
from ipp.client import post
from ipp.values import Attribute, Group, Operation, keyword, name_value, request, uri

LIMIT_S = 90.0
"""Longer than anything takes, also on a machine that has much else to do: only a test that fails waits for it."""
PENDING, HELD, PROCESSING, STOPPED, CANCELLED, ABORTED, COMPLETED = range(3, 10)


@dataclass(frozen=True)
class Ticket:
    """What CUPS says of a job."""

    id: int
    state: int
    message: str
    attributes: Mapping[str, Attribute]


class Desk:
    def __init__(self, cups: PrivateCups) -> None:
        self.cups = cups

    def lp(self, *arguments: str | Path, stdin: bytes | None = None, queue: str | None = None) -> int:
        """Print with lp; the job's id."""
        done = subprocess.run(
            ["lp", "-d", queue or self.cups.queue, *map(str, arguments)],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=self.cups.environment(),
            check=False,
        )
        found = re.search(rb"request id is \S+-(\d+)", done.stdout)
        assert found, done.stderr.decode()
        return int(found[1])

    def ask(self, job: int) -> Ticket:
        question = request(
            Operation.GET_JOB_ATTRIBUTES,
            uri("job-uri", f"ipp://localhost/jobs/{job}"),
            name_value("requesting-user-name", "root"),
            keyword("requested-attributes", "all"),
        )
        answer = post(str(self.cups.socket), "/", question)
        assert answer.successful, hex(answer.code)
        found = {item.name: item for group in answer.groups if group.tag == Group.JOB for item in group.attributes}
        state = found["job-state"].values[0].data
        assert isinstance(state, int)
        message = found.get("job-printer-state-message")
        return Ticket(job, state, (message.text() if message else "") or "", found)

    def wait(self, job: int, *states: int) -> Ticket:
        """Wait until the job has one of the states; without any, until it has ended or is held."""
        wanted = states or (HELD, STOPPED, CANCELLED, ABORTED, COMPLETED)
        ticket = self.ask(job)
        limit = time.monotonic() + LIMIT_S
        while ticket.state not in wanted:
            assert time.monotonic() < limit, f"job {job} stays in state {ticket.state}: {self.cups.log_tail(60)}"
            time.sleep(0.02)
            ticket = self.ask(job)
        return ticket

    def print(self, *arguments: str | Path, stdin: bytes | None = None) -> Ticket:
        """Print and wait for the end."""
        return self.wait(self.lp(*arguments, stdin=stdin))

    @property
    def program(self) -> Path:
        return self.cups.folder / "bin" / "backend" / "platen"

    def kill(self, who: str) -> Process:
        """SIGKILL the "parent" or the "worker" of the one backend that runs."""
        parent, worker = self._pair()
        victim = parent if who == "parent" else worker
        os.kill(victim.pid, signal.SIGKILL)
        eventually(lambda: not victim.running, "it does not die")
        return worker if who == "parent" else parent

    def kill_both(self) -> None:
        """SIGKILL parent and worker of the one backend that runs, at one instant for either."""
        parent, worker = self._pair()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in (parent, worker):
                os.kill(process.pid, number)
        eventually(lambda: not parent.running and not worker.running, "they do not die")

    def _pair(self) -> tuple[Process, Process]:
        """The one backend that runs and its worker, which may be about to be started anew."""
        found: list[tuple[list[Process], list[Process]]] = []

        def both() -> bool:
            found[:] = [backends(self.program)]
            return all(len(each) == 1 for each in found[0])

        eventually(both, "there is not one backend with one worker")
        ((parent,), (worker,)) = found[0]
        return parent, worker

    def no_backend_runs(self) -> bool:
        return backends(self.program) == ([], [])

    def run(self, *command: str) -> str:
        """One of CUPS' programs, against this CUPS."""
        done = subprocess.run(command, capture_output=True, text=True, env=self.cups.environment(), check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@dataclass(frozen=True)
class Process:
    """A process, by /proc."""

    pid: int
    parent: int
    command: tuple[str, ...]

    @property
    def running(self) -> bool:
        return any(item.pid == self.pid for item in processes())


def processes() -> list[Process]:
    """All that run; zombies do not."""
    found: list[Process] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if state != "Z":
                found.append(Process(int(entry.name), int(parent), tuple(command)))
    return found


def backends(program: Path) -> tuple[list[Process], list[Process]]:
    """The parents and the workers of the backend program that run."""
    ours = [process for process in processes() if str(program) in process.command]
    pids = {process.pid for process in ours}
    return [p for p in ours if p.parent not in pids], [p for p in ours if p.parent in pids]


def eventually(true: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < limit, what
        time.sleep(0.01)
