"""The schedule with a full queue: how long a decision takes, beside the naive reference of the tests; and how long a
daemon takes to start with it.

What always holds: both are told the same and must decide the same, so that a fast wrong answer fails the run; a
decision is one ``decide``, with ``wake_at`` behind the last of a moment, as the dispatcher asks (the garbage collector
waits meanwhile), and what happened before it (a call that ended, a job that came) is part of its time. It finds one
call at most, and leaves what is left to do to the next: each of them counts. Times are the thread's own, and of several
lives that are the same each decision's time is its shortest, since others may be using the machine. No call is made.
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
from datetime import time as day_time
from datetime import timedelta
from pathlib import Path

from bench._daemon import ONE_PAGE, Daemon
from bench._schedule import CASES, START, Life, decide, hard, line, port_is, shortest, soon
from bench.submit import fill
from fax.settings import OutboundRule
from fax.types import Priority
from spooler.schedule import Schedule
from spooler.schedule_types import Assignment, Candidate, Deadline, PortRules, Rules
from spooler.schedule_window import Window
from tests.spooler.schedule_reference import Reference

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


def drive(schedule: Schedule | Reference, jobs: list[Candidate], ports: int, moments: int, seed: int) -> Life:
    """The same life for both."""
    chance = random.Random(seed)
    by_id = {job.job: job for job in jobs}
    next_id = len(jobs) + 1
    now = START
    calls: list[Assignment] = []
    life = Life([], [])
    for number in range(ports):
        port_is(schedule, f"line{number}", True)
    for _ in range(moments):
        what = chance.random()
        now += timedelta(seconds=chance.random() * 4)
        gc.disable()
        begun = time.thread_time()
        if calls and what < 0.7:
            call = calls.pop(chance.randrange(len(calls)))
            schedule.end(call.jobs[0])
            port_is(schedule, call.port, True)
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
        calls += decide(schedule, now, begun, life)
        gc.enable()
    return life


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


def compare(jobs: int, ports: int, moments: int, seed: int) -> bool:
    """The same life for the schedule and the reference; whether they decided the same."""
    loaded = load(jobs, random.Random(seed))
    ours, naive = Schedule(rules(ports), START), Reference(rules(ports), START)
    for job in loaded:
        ours.put(job)
        naive.put(job)
    life, plain = drive(ours, loaded, ports, moments, seed), drive(naive, loaded, ports, moments, seed)
    print(f"{jobs} jobs, {ports} ports, {moments} moments, {sum(map(len, life.decided))} calls")
    print(line("  schedule", life.flat))
    print(line("  naive reference", plain.flat))
    print(f"  the same decisions: {'yes' if life.decided == plain.decided else 'NO'}")
    return life.decided == plain.decided


def measure(count: int, ports: int, moments: int, seed: int, lives: int) -> bool:
    """A full queue; whether all decisions are soon enough."""
    jobs = load(count, random.Random(seed))
    lived: list[Life] = []
    load_s: list[float] = []
    for _ in range(lives):
        schedule = Schedule(rules(ports), START)
        gc.collect()
        gc.freeze()  # as the daemon does
        begun = time.process_time()
        for job in jobs:
            schedule.put(job)
        decide(schedule, START, 0.0, Life([], []))
        load_s.append(time.process_time() - begun)
        gc.collect()
        gc.freeze()
        lived.append(drive(schedule, jobs, ports, moments, seed))
    life = shortest(lived)
    alone = [took[0] for took, calls in zip(life.took, life.decided, strict=True) if len(calls) == 1]
    print(f"{count} jobs, {ports} ports, {moments} moments, {sum(map(len, life.decided))} calls")
    print(f"  loaded in {min(load_s):.2f} s of processor time")
    print(line("  schedule", life.flat))
    print(line("  of these: a call", alone))
    first = life.took[0]
    print(f"  the first moment, {ports} ports free: {len(life.decided[0])} calls in {sum(first):.3f} ms")
    print(f"  the longest moment of the others: {max(map(sum, life.took[1:])):.3f} ms")
    naive = Reference(rules(ports), START)
    for job in jobs:
        naive.put(job)
    naive.set_port("line0", True)
    begun = time.thread_time()
    naive.decide(START)
    naive_ms = (time.thread_time() - begun) * 1000
    ratio = naive_ms / statistics.median(alone)
    print(f"  naive reference, one decision for one free port: {naive_ms:.0f} ms, {ratio:.0f} times")
    return soon(life)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=100_000)
    arguments.add_argument("--ports", type=int, default=64)
    arguments.add_argument("--moments", type=int, default=5000, help="at which something happens and is decided upon")
    arguments.add_argument("--lives", type=int, default=3, help="times that the same is measured")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--compared", type=int, default=2000, help="jobs in the queue in which both decide")
    arguments.add_argument("--started", type=int, default=100_000, help="jobs that a daemon starts with; 0: not done")
    asked = arguments.parse_args()
    good = compare(asked.compared, asked.ports, 300, asked.seed)
    good = measure(asked.jobs, asked.ports, asked.moments, asked.seed, asked.lives) and good
    for name, case in CASES.items():
        good = hard(name, case, min(asked.jobs, asked.compared), asked.jobs, asked.ports, asked.lives) and good
    if asked.started:
        good = restart(asked.started) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
