"""From a modem's result code to our next command: real port processes on ptys, journal writing included, busy cores.

What always holds: the processes are those of the daemon; a reaction runs from the moment before the modem's octets are
written to the pty to the moment at which the host's next octets can be read from it, for every result in a call after
which it is our turn; meanwhile as many processes as there are cores do nothing but compute. Line time runs faster than
the clock, so that there are enough reactions in some minutes; the host's own clock and disk are what they are.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

from bench.ports import Running, ended, judge, make_plan, stop_processes, wait_idle
from modem.plan import LinePolicy
from modem.port.client import PortClient, launch
from modem.port.messages import CallAnswer
from modem.soft.framepty import FramePtyServer, Reaction

AIM_S, MOST_S = 0.015, 0.040


def _load() -> None:
    number = 1
    while os.getppid() != 1:
        for _ in range(100_000):
            number = (number * 1103515245 + 12345) & 0x7FFFFFFF


def start_load(count: int) -> list[BaseProcess]:
    """Processes that compute until they are ended."""
    context = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = [context.Process(target=_load, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    return processes


def measure_first() -> str:
    """Have the kernel run the measuring thread before all else, so that it is not what is measured."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        return "real-time priority"
    with suppress(OSError):
        os.nice(-10)
        return "higher priority"
    return "no priority: its own lateness is in the figures"


class _Port:
    """A port process that makes one call after the other."""

    def __init__(self, number: int, folder: Path, link: Path) -> None:
        self.number = number
        self.folder = folder / f"port-{number}"
        self.pid = launch(f"p{number}", str(link), self.folder)
        self.client = PortClient(self.folder, 30.0)
        self.calls = 0
        self.running: Running | None = None

    def call(self) -> None:
        """Begin the next one."""
        self.calls += 1
        folder = self.folder / f"call-{self.calls}"
        folder.mkdir()
        policy = LinePolicy(header_line=False, flow_control=True)
        plan, pages = make_plan(folder, self.number + 1000 * self.calls, 2, policy)
        self.running = Running(self.number, self.pid, self.client, folder / "journal", plan, pages)
        while (reply := self.client.start_call(folder / "plan", folder / "journal")).answer is CallAnswer.DOWN:
            time.sleep(0.1)
        if reply.answer not in (CallAnswer.STARTED, CallAnswer.DONE):
            raise RuntimeError(f"the call was not started: {reply}")


def run(count: int, ports: int, speed: float, folder: Path) -> tuple[list[Reaction], int, list[str], str]:
    """Reactions, calls, what was wrong with some, and how the measuring thread ran."""
    links = [folder / f"modem-{number}" for number in range(ports)]
    server = FramePtyServer(links, speed=speed)
    priority: list[str] = []

    sys.setswitchinterval(0.0005)

    def serve() -> None:
        priority.append(measure_first())
        server.run()

    thread = threading.Thread(target=serve, name="modems")
    thread.start()
    load = start_load(os.cpu_count() or 1)
    wrong: list[str] = []
    running: list[_Port] = []
    calls = 0
    try:
        running = [_Port(number, folder, link) for number, link in enumerate(links)]
        wait_idle([port.client for port in running], 120)
        for port in running:
            port.call()
        said = 0
        while sum(len(port.reactions) for port in server.ports) < count:
            for port in running:
                assert port.running is not None
                if ended(port.running.journal):
                    calls += 1
                    if problem := judge(port.running, server.ports[port.number]):
                        wrong.append(problem)
                    port.call()
            if (done := sum(len(port.reactions) for port in server.ports)) >= said + 2000:
                said = done
                print(f"  {done} reactions", file=sys.stderr, flush=True)
            time.sleep(0.05)
    finally:
        for process in load:
            process.kill()
        stop_processes([port.pid for port in running])
        server.stop()
        thread.join()
        server.close()
    return [reaction for port in server.ports for reaction in port.reactions][:count], calls, wrong, priority[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=2000, help="reactions (default 2,000; the full run is 10,000)")
    parser.add_argument("--ports", type=int, default=2)
    parser.add_argument("--speed", type=float, default=20.0, help="seconds of line time in one of the clock")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="platen-reaction-", dir=os.environ.get("TMPDIR")) as name:
        reactions, calls, wrong, priority = run(given.count, given.ports, given.speed, Path(name))
    seconds = sorted(reaction.seconds for reaction in reactions)
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    figures = {name: seconds[min(len(seconds) - 1, int(share * len(seconds)))] for name, share in shares.items()}
    figures["max"] = seconds[-1]
    if given.json:
        print(json.dumps({"reactions": len(seconds), "calls": calls, "wrong": wrong, **figures}))
    else:
        print(f"{len(seconds)} reactions in {calls} calls over {given.ports} ports, all cores busy ({priority})")
        print("    " + ", ".join(f"{name} {1e3 * value:.2f} ms" for name, value in figures.items()))
        print(f"    aim: 99.9 % under {1e3 * AIM_S:.0f} ms, none above {1e3 * MOST_S:.0f} ms")
        slow = Counter(
            f"{reaction.result} -> {reaction.octets.decode('ascii', 'replace').strip()!r}"
            for reaction in reactions
            if reaction.seconds >= AIM_S
        )
        for what, number in slow.most_common(8):
            print(f"    {number} times not under {1e3 * AIM_S:.0f} ms: {what}")
        for problem, number in Counter(wrong).most_common():
            print(f"    {number} calls: {problem}")
    return 0 if figures["p99.9"] < AIM_S and figures["max"] <= MOST_S and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
