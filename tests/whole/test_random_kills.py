"""SIGKILL at random moments, with people at work on the job: each page keeps one fate, and each job comes to an end."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from fax import CoverPage, JobId, JobState, NotRunningError, Recipient, Submission
from fax.errors import FaxError
from modem.port.client import is_locked
from script.house import House, wait_until
from tests.whole.conftest import NUMBER, QUICK, check_calls, letter

LINES = tuple("retries = 9" if line.startswith("retries") else line for line in QUICK)
ACTS = ("none", "none", "cancel", "hold", "address", "cover")
VICTIMS = ("daemon", "port", "both")


def kill(house: House, victims: str) -> None:
    """By the process id in the lock, so that a process that does not answer yet is hit too."""
    if victims in ("daemon", "both"):
        house.kill_daemon()
    if victims in ("port", "both"):
        with suppress(OSError, ValueError):
            pid = int((house.port_folder / "lock").read_text())
            if is_locked(house.port_folder):
                os.kill(pid, signal.SIGKILL)


def play(house: House, key: str, act: str, delay_s: float, jobs: list[JobId]) -> None:
    """Hand in a letter and do ``act`` to it ``delay_s`` later; what the daemon's death breaks off is asked again."""
    while True:
        try:
            submission = Submission(
                documents=(house.client.upload(letter(house)).id,),
                recipients=(Recipient(number=None if act == "address" else NUMBER),),
                cover=CoverPage() if act == "cover" else None,
            )
            job = house.client.submit(submission, key).jobs[0]
            break
        except NotRunningError:
            time.sleep(0.05)
    with suppress(FaxError):
        if act in ("cancel", "hold"):
            time.sleep(delay_s)
            (house.client.cancel if act == "cancel" else house.client.hold)(job)
    jobs.append(job)


def ended(house: House, job: JobId) -> bool:
    found = house.client.job(job)
    with suppress(FaxError):
        if found.state is JobState.HELD:
            house.client.resume(job)
        if found.state is JobState.ADDRESS:
            house.client.address(job, Recipient(number=NUMBER))
    return found.state.ended


@pytest.mark.parametrize("rounds", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_random_kills_lose_nothing_and_double_nothing(build: Callable[..., House], rounds: int) -> None:
    chance = random.Random(rounds)
    house = build(settings=LINES)
    wait_until(lambda: house.port_pid is not None)
    for number in range(rounds):
        act, victims, delay_s = chance.choice(ACTS), chance.choice(VICTIMS), chance.uniform(0, 3.0)
        about = f"round {number}: {act}, {victims} killed after {delay_s:.2f} s"
        jobs: list[JobId] = []
        person = threading.Thread(target=play, args=(house, f"round {number}", act, delay_s * 0.9, jobs))
        person.start()
        time.sleep(delay_s)
        kill(house, victims)
        if victims != "port":
            house.start_daemon()
        person.join(60)
        (job,) = jobs
        assert wait_until(partial(ended, house, job), 60, quiet=True), (about, house.client.job(job))
        found = house.client.job(job)
        assert found.state is JobState.DONE or (found.state, act) == (JobState.CANCELLED, "cancel"), (about, found)
        if found.state is JobState.DONE:
            check_calls(house, job)
        kinds = [event.kind for event in house.client.events(job=job)]
        assert kinds[0] == "accepted" and kinds[-1] == found.state.value, (about, kinds)
        assert sum(kind in ("done", "failed", "cancelled") for kind in kinds) == 1, (about, kinds)
        assert len(house.client.jobs()) == number + 1, about
    assert list((house.spool / "tmp").iterdir()) == []
