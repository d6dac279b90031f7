"""SIGKILL for the daemon, the port process and both, at five moments: nothing is lost, nothing confirmed goes twice."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from fax import JobId, JobState, NotRunningError
from modem.soft.farend import FarEnd
from script.house import House, wait_until
from tests.whole.conftest import (
    NUMBER,
    REPORT,
    calls_of,
    check_calls,
    differences,
    letter,
    sent_pages,
    submit,
    wait_for_end,
)

Build = Callable[..., House]


def journal_entries(house: House, job: JobId) -> list[dict[str, object]]:
    """Every entry of every journal of the job, as far as it is on disk."""
    found = []
    for journal in (house.spool / "calls").glob(f"{job}-*/journal.jsonl"):
        for line in journal.read_bytes().splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return found


def reached(house: House, job: JobId, kind: str, number: int | None = None) -> bool:
    entries = journal_entries(house, job)
    return any(entry["kind"] == kind and (number is None or entry.get("number") == number) for entry in entries)


MOMENTS: dict[str, Callable[[House, JobId], bool]] = {
    "preparing": lambda house, job: house.client.job(job).state is JobState.PREPARING,
    "dialling": lambda house, job: reached(house, job, "dialling"),
    "in the middle of page 2": lambda house, job: reached(house, job, "page-intent", 2),
    "after the last page": lambda house, job: reached(house, job, "page-answer", 2),
}
VICTIMS = ("daemon", "port", "both")
PATIENCE_S = 120.0


def kill(house: House, victims: str) -> None:
    if victims in ("port", "both"):
        house.kill_port()
    if victims in ("daemon", "both"):
        house.kill_daemon()


def restart(house: House, victims: str) -> None:
    if victims in ("daemon", "both"):
        house.start_daemon()


@pytest.mark.parametrize("victims", VICTIMS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_loses_nothing_and_sends_no_confirmed_page_again(build: Build, moment: str, victims: str) -> None:
    house = build(FarEnd(number=NUMBER, rings=20), speed=6.0)
    wait_until(lambda: house.port_pid is not None)
    for work_ms in (2000, 8000, 32000):
        job = submit(house, letter(house, work_ms=work_ms if moment == "preparing" else 0))
        met = [False]

        def now(job: JobId = job, met: list[bool] = met) -> bool:
            met[0] = MOMENTS[moment](house, job)
            return met[0] or house.client.job(job).state.ended

        wait_until(now, PATIENCE_S)
        kill(house, victims)
        missed = moment == "in the middle of page 2" and reached(house, job, "page-answer", 2)
        if met[0] and not (missed and victims != "daemon"):
            break
        # The machine stood still, and the moment was over when we came.
        restart(house, victims)
        wait_for_end(house, job)
    restart(house, victims)
    done = wait_for_end(house, job)
    assert done.state is JobState.DONE, done
    check_calls(house, job)
    calls = calls_of(house, job)
    received = house.received_pages(NUMBER)
    if victims == "daemon":
        assert len(calls) == 1, "the call goes on without the daemon"
    if moment == "after the last page" or victims == "daemon":
        assert differences(sent_pages(house, job), received) == []
    if moment == "in the middle of page 2" and victims != "daemon":
        assert [fate.value for fate in calls[0].fates().values()] == ["confirmed", "uncertain"]
        (again,) = calls[1].plan.documents[0].pages
        assert again.number == 2 and again.possible_duplicate


@pytest.mark.parametrize("victims", VICTIMS)
def test_a_kill_in_the_intake_leaves_a_whole_job_or_none(build: Build, victims: str) -> None:
    house = build()
    wait_until(lambda: house.port_pid is not None)
    half, killed = threading.Event(), threading.Event()

    class Slow:
        """A document that comes in two halves."""

        def __init__(self) -> None:
            data = REPORT.read_bytes()
            self.parts = [data[: len(data) // 2], data[len(data) // 2 :]]

        def read(self, _octets: int = -1) -> bytes:
            if len(self.parts) == 1:
                half.set()
                assert killed.wait(PATIENCE_S)
            return self.parts.pop(0) if self.parts else b""

    failed: list[BaseException] = []

    def upload() -> None:
        try:
            from fax import Client

            with Client(house.socket) as client:
                client.upload(Slow(), name="report.pdf")
        except NotRunningError as error:
            failed.append(error)

    thread = threading.Thread(target=upload)
    thread.start()
    assert half.wait(PATIENCE_S)
    kill(house, victims)
    killed.set()
    thread.join(PATIENCE_S)
    if victims != "port":
        assert failed, "an upload that was cut off was not answered"
    restart(house, victims)
    assert house.client.jobs() == []
    job = submit(house, letter(house))
    assert wait_for_end(house, job).state is JobState.DONE
    assert differences(sent_pages(house, job), house.received_pages(NUMBER)) == []


def test_a_daemon_killed_while_the_backend_hands_over_still_gets_the_fax_once(build: Build) -> None:
    house = build(cups=True)
    os.kill(house.daemon_pid, signal.SIGSTOP)
    house.lp("-o", f"phone={NUMBER}", "-o", "page-ranges=3", str(REPORT))
    time.sleep(0.5)
    house.kill_daemon()
    wait_until(lambda: cups_is_idle(house), 90)
    house.start_daemon()
    (job,) = house.wait_for_jobs(1)
    assert wait_for_end(house, job.id).state is JobState.DONE
    assert len(house.client.jobs()) == 1
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER)) == []


def test_a_fax_printed_while_the_daemon_was_away_arrives_when_it_is_back(build: Build) -> None:
    """However long it was away: CUPS tries once and gives the job up, so it must not be CUPS that waits."""
    house = build(cups=True, cups_settings=("JobRetryLimit 1", "JobRetryInterval 1"))
    house.stop_daemon()
    house.lp("-o", f"phone={NUMBER}", "-o", "page-ranges=3", str(REPORT))
    wait_until(lambda: cups_is_idle(house), 60)
    assert list((house.spool / "incoming").iterdir()), "CUPS has given it away, so it must stand in the incoming folder"
    house.start_daemon()
    (job,) = house.wait_for_jobs(1)
    assert wait_for_end(house, job.id).state is JobState.DONE
    assert differences(sent_pages(house, job.id), house.received_pages(NUMBER)) == []


def cups_is_idle(house: House) -> bool:
    """Whether CUPS has no job left to do."""
    import subprocess

    left = subprocess.run(["lpstat", "-h", house.cups_server, "-o"], capture_output=True, text=True, timeout=30)
    return left.stdout.strip() == ""


def test_the_id_of_a_job_is_never_used_again_after_a_kill(build: Build) -> None:
    house = build()
    first: JobId = submit(house, REPORT, number=None)
    house.kill_daemon()
    house.start_daemon()
    assert submit(house, REPORT, number=None) > first
