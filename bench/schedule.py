"""The schedule with a full queue: how long a decision takes, beside the naive reference of the tests; and how long a
daemon takes to start with it.

What always holds: both are told the same and must decide the same, so that a fast wrong answer fails the run; a
decision is one ``decide`` with ``wake_at`` behind it, as the dispatcher asks (the garbage collector waits meanwhile),
and what happened before it (a call that ended, a job that came) is part of its time; one that finds several calls at
once, as the first with all ports free, counts as so many. Times are the thread's own, and of several lives that are the
same each decision's time is its shortest, since others may be using the machine. No call is made.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from pathlib import Path

from bench._daemon import ONE_PAGE, Daemon
from bench.submit import fill
from fax.settings import OutboundRule
from fax.types import Priority
from spooler.schedule import Schedule
from spooler.schedule_types import Assignment, Candidate, Deadline, PortRules, Rules
from spooler.schedule_window import Window
from tests.spooler.schedule_reference import Reference

START = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
LIMIT_MS = 1.0
START_LIMIT_S = 20.0
PATIENCE_S = 600.0


def rules(ports: int) -> Rules:
    """Three groups, rules by country and area, a discount period that is closed at the start."""
    names = [f"line{number}" for number in range(ports)]
    third = max(1, ports // 3)
    return Rules(
        window=Window(start=day_time(18), stop=day_time(6)),
        ports=tuple(PortRules(name=name, priority=1 + number % 4) for number, name in enumerate(names)),
        groups={"near": tuple(names[:third]), "far": tuple(names[third : 2 * third])},
        outbound=(
            OutboundRule(country="49", area="30", group="near"),
            OutboundRule(country="49", port=names[-1]),
            OutboundRule(country="1", group="far"),
            OutboundRule(),
        ),
        calls_a_day=20,
    )


def load(count: int, chance: random.Random) -> list[Candidate]:
    """Half of it broadcasts of 5,000, one of them for a set time; of all others every tenth waits for a time, and every
    tenth for the discount period. Both times come while decisions are made."""
    jobs = []
    for job in range(1, count + 1):
        broadcast = job <= count // 2
        at_once = job <= 5000
        waits = not at_once and chance.random() < 0.1
        not_before = Deadline(at=START + timedelta(seconds=chance.randrange(36000))) if waits else None
        place = chance.choice(["4930", "4989", "1", "44", "33"])
        jobs.append(
            Candidate(
                job=job,
                number=f"+{place}{chance.randrange(count // 2)}",
                user=f"sender{job // 5000}" if broadcast else f"person{chance.randrange(1 + count // 100)}",
                since=START - timedelta(seconds=(count - job) // 10),
                priority=Priority.LOW
                if broadcast
                else chance.choice([Priority.NORMAL, Priority.NORMAL, Priority.HIGH]),
                not_before=Deadline(at=START + timedelta(minutes=10)) if at_once else not_before,
                expires=Deadline(at=START + timedelta(days=chance.randrange(1, 30))),
                discount=chance.random() < 0.1,
            )
        )
    return jobs


def drive(
    schedule: Schedule | Reference, jobs: list[Candidate], ports: int, decisions: int, seed: int
) -> tuple[list[float], list[tuple[Assignment, ...]]]:
    """The same life for both. Returns the time of each decision in ms, and what was decided."""
    chance = random.Random(seed)
    by_id = {job.job: job for job in jobs}
    next_id = len(jobs) + 1
    now = START
    calls: list[Assignment] = []
    times: list[float] = []
    decided: list[tuple[Assignment, ...]] = []

    def port_is(name: str, free: bool) -> None:
        if isinstance(schedule, Schedule):
            schedule.set_port(name, free=free)
        else:
            schedule.set_port(name, free)

    for number in range(ports):
        port_is(f"line{number}", True)
    for _ in range(decisions):
        what = chance.random()
        now += timedelta(seconds=chance.random() * 4)
        gc.disable()
        begun = time.thread_time()
        if calls and what < 0.7:
            call = calls.pop(chance.randrange(len(calls)))
            schedule.end(call.jobs[0])
            port_is(call.port, True)
            if what < 0.2:
                again = Deadline(at=now + timedelta(minutes=10), within=timedelta(minutes=10))
                for each in call.jobs:
                    schedule.put(replace(by_id[each], not_before=again, retrying=True))
        elif what < 0.8:
            job = replace(by_id[chance.randrange(len(jobs) // 2, len(jobs))], job=next_id, since=now, not_before=None)
            by_id[next_id] = job
            next_id += 1
            schedule.put(job)
        elif what < 0.85:
            schedule.drop(chance.randrange(1, next_id))
        elif what < 0.9:
            schedule.bar(
                f"+4930{chance.randrange(1000)}", Deadline(at=now + timedelta(hours=1), within=timedelta(hours=1))
            )
        decision = schedule.decide(now)
        if isinstance(schedule, Schedule):
            schedule.wake_at()
        times.append((time.thread_time() - begun) * 1000 / max(1, len(decision.calls)))
        gc.enable()
        calls += decision.calls
        decided.append(decision.calls)
    return times, decided


def line(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return f"{name:<22} p50 {statistics.median(times):9.3f} ms   p99 {p99:9.3f} ms   max {ordered[-1]:9.3f} ms"


def restart(queued: int) -> bool:
    """A daemon that was killed with a full queue: how long until it answers again. Whether that is soon enough."""
    with tempfile.TemporaryDirectory(prefix="platen-schedule-") as folder, Daemon(Path(folder)) as daemon:
        (Path(folder) / "fax.ps").write_bytes(ONE_PAGE)
        fill(daemon, queued)
        until = time.monotonic() + PATIENCE_S
        while daemon.client.status().jobs["waiting"] < queued and time.monotonic() < until:
            time.sleep(0.2)
        daemon.end()
        took_s = daemon.start()
        waiting = daemon.client.status().jobs["waiting"]
        good = took_s < START_LIMIT_S and waiting == queued
        fields = Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()
        processor_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        print(
            f"  started with {waiting} waiting jobs in {took_s:.1f} s, {processor_s:.1f} s of it processor time"
            f"  (wanted: under {START_LIMIT_S:g} s)"
        )
        return good


def compare(jobs: int, ports: int, decisions: int, seed: int) -> bool:
    """The same life for the schedule and the reference; whether they decided the same."""
    loaded = load(jobs, random.Random(seed))
    ours, naive = Schedule(rules(ports), START), Reference(rules(ports), START)
    for job in loaded:
        ours.put(job)
        naive.put(job)
    took, decided = drive(ours, loaded, ports, decisions, seed)
    naive_took, naive_decided = drive(naive, loaded, ports, decisions, seed)
    print(f"{jobs} jobs, {ports} ports, {decisions} decisions, {sum(map(len, decided))} calls")
    print(line("  schedule", took))
    print(line("  naive reference", naive_took))
    print(f"  the same decisions: {'yes' if decided == naive_decided else 'NO'}")
    return decided == naive_decided


def measure(count: int, ports: int, decisions: int, seed: int, lives: int) -> bool:
    """A full queue; whether all decisions are soon enough."""
    jobs = load(count, random.Random(seed))
    took: list[list[float]] = []
    load_s: list[float] = []
    decided: list[tuple[Assignment, ...]] = []
    for _ in range(lives):
        schedule = Schedule(rules(ports), START)
        gc.collect()
        gc.freeze()  # as the daemon does
        begun = time.process_time()
        for job in jobs:
            schedule.put(job)
        schedule.decide(START)
        load_s.append(time.process_time() - begun)
        gc.collect()
        gc.freeze()
        life, decided = drive(schedule, jobs, ports, decisions, seed)
        took.append(life)
    times = [min(each) for each in zip(*took, strict=True)]
    alone = [each for each, calls in zip(times, decided, strict=True) if len(calls) == 1]
    print(f"{count} jobs, {ports} ports, {decisions} decisions, {sum(map(len, decided))} calls")
    print(f"  loaded in {min(load_s):.2f} s of processor time")
    print(line("  schedule", times))
    print(line("  of these: one call", alone))
    calls = len(decided[0])
    print(f"  the first, {calls} ports free: {times[0] * calls:.3f} ms, {times[0]:.3f} ms for each call")
    naive = Reference(rules(ports), START)
    for job in jobs:
        naive.put(job)
    naive.set_port("line0", True)
    begun = time.thread_time()
    naive.decide(START)
    naive_ms = (time.thread_time() - begun) * 1000
    ratio = naive_ms / statistics.median(alone)
    print(f"  naive reference, one decision for one free port: {naive_ms:.0f} ms, {ratio:.0f} times")
    late = sum(1 for each in times if each >= LIMIT_MS)
    print(f"  decisions of {LIMIT_MS:g} ms and more: {late} of {len(times)}")
    return not late


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=100_000)
    arguments.add_argument("--ports", type=int, default=64)
    arguments.add_argument("--decisions", type=int, default=5000)
    arguments.add_argument("--lives", type=int, default=3, help="times that the same is measured")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--compared", type=int, default=2000, help="jobs in the queue in which both decide")
    arguments.add_argument("--started", type=int, default=100_000, help="jobs that a daemon starts with; 0: not done")
    asked = arguments.parse_args()
    good = compare(asked.compared, asked.ports, 300, asked.seed)
    good = measure(asked.jobs, asked.ports, asked.decisions, asked.seed, asked.lives) and good
    if asked.started:
        good = restart(asked.started) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
