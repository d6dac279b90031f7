"""Printing while somebody kills: cupsd, the backend's processes and the daemon, at random moments of the hand-over.

What must hold: each job that lp was told is accepted becomes one fax; one that lp was not told of, at most one.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from backend.private import PrivateCups
from tests.backend.conftest import write_pdf
from tests.backend.desk import ABORTED, CANCELLED, COMPLETED, Desk, backends, eventually
from tests.backend.real_daemon import Daemon

VICTIMS = ("cupsd", "cupsd stopped", "parent", "worker", "both", "daemon", "daemon and parent")


@dataclass
class Report:
    """``hits``: how often each victim was there to be killed."""

    accepted: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Killing:
    """``folder`` must be one that lp can reach."""

    def __init__(self, folder: Path, *, rounds: int, seed: int) -> None:
        self._chance = random.Random(seed)
        self._rounds = rounds
        self._folder = folder
        self._daemon = Daemon(folder)
        self._report = Report()

    def run(self) -> Report:
        self._daemon.start()
        settings = ("DirtyCleanInterval 0", "JobRetryLimit 1", "JobRetryInterval 1")
        cups = PrivateCups(
            self._folder / "cups",
            daemon_socket=self._daemon.socket,
            spool=self._daemon.spool,
            settings=settings,
        )
        try:
            with cups:
                self._print_and_kill(Desk(cups))
        finally:
            self._daemon.stop()
        return self._report

    def _print_and_kill(self, desk: Desk) -> None:
        usual_s = self._usual(desk)
        told: dict[str, bool] = {}
        for number in range(self._rounds):
            title = f"round {number}"
            file = write_pdf(self._folder / f"{number}.pdf", title, "second page")
            told[title] = self._lp(desk, title, file)
            victim = self._chance.choice(VICTIMS)
            if victim in ("parent", "worker", "both"):
                # half of a job's time goes by before there is one
                limit = time.monotonic() + usual_s
                while desk.no_backend_runs() and time.monotonic() < limit:
                    time.sleep(0.002)
            time.sleep(self._chance.uniform(0, usual_s if victim not in ("worker", "both") else usual_s / 2))
            self._kill(desk, victim)
            if number % 4 == 3:
                self._settle(desk)
        self._settle(desk)
        eventually(lambda: not any((self._daemon.spool / "incoming").iterdir()), "a fax is not taken in")
        faxes = Counter(job.title for job in self._daemon.client.jobs(limit=1000))
        for title, accepted in told.items():
            self._report.accepted += accepted
            if faxes[title] > 1 or (accepted and not faxes[title]):
                state = "accepted by CUPS" if accepted else "not accepted"
                self._report.violations.append(f"{title}, {state}, became {faxes[title]} faxes")

    def _usual(self, desk: Desk) -> float:
        """How long a job takes here and now."""
        file = write_pdf(self._folder / "usual.pdf", "usual")
        desk.print("-t", "usual", "-o", "phone=5552001", file)
        start = time.monotonic()
        desk.print("-t", "usual", "-o", "phone=5552001", file)
        return time.monotonic() - start

    def _lp(self, desk: Desk, title: str, file: Path) -> bool:
        command = ["lp", "-d", desk.cups.queue, "-t", title, "-o", "phone=5552001", str(file)]
        done = subprocess.run(command, capture_output=True, env=desk.cups.environment(), check=False, timeout=60)
        return re.search(rb"request id is", done.stdout) is not None

    def _kill(self, desk: Desk, victim: str) -> None:
        parents, workers = backends(desk.program)
        doomed = {"parent": parents, "worker": workers, "both": [*parents, *workers], "daemon and parent": parents}
        hit = bool(doomed.get(victim, True))
        for process in doomed.get(victim, []):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        if victim.startswith("daemon"):
            self._daemon.kill()
            self._daemon.start()
        if victim.startswith("cupsd"):
            if victim == "cupsd":
                desk.cups.kill()
            else:
                desk.cups.stop()
            desk.cups.start()
        self._report.hits[victim] += hit

    def _settle(self, desk: Desk) -> None:
        """As a person would look after the queue: let go on what was stopped, and wait until CUPS has nothing left."""

        def settled() -> bool:
            desk.run("cupsenable", desk.cups.queue)
            left = re.findall(rf"^{desk.cups.queue}-(\d+)", desk.run("lpstat", "-o", desk.cups.queue), re.MULTILINE)
            for job in left:
                if desk.ask(int(job)).state not in (CANCELLED, ABORTED, COMPLETED):
                    subprocess.run(
                        ["lp", "-i", f"{desk.cups.queue}-{job}", "-H", "resume"],
                        capture_output=True,
                        env=desk.cups.environment(),
                        check=False,
                    )
            time.sleep(0.2)
            return not left

        eventually(settled, f"CUPS keeps jobs: {desk.cups.log_tail(40)}")
        eventually(desk.no_backend_runs, "a backend stays")
