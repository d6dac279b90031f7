"""A job that fetches a document (polling): the plan says so, and what came in can be had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codec.tiff import read_pages, write_pages
from fax.errors import Cause
from fax.types import Job, JobState, Poll, Recipient, Submission
from modem.byhand import served
from modem.plan import CallPlan, PlannedFetch
from modem.port import client
from modem.port.client import AnswerSettings, PortClient, PortState
from tests.modem.port.bench import PAGES
from tests.spooler.rig import ROOT, Rig, refusal


def fetch(rig: Rig, number: str, poll: Poll) -> Job:
    submission = Submission(documents=(), recipients=(Recipient(number=number),), poll=poll)
    return rig.client.job(rig.client.submit(submission).jobs[0])


def test_a_job_that_fetches_is_a_plan_without_documents_of_ours(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        job = fetch(rig, "5552001", Poll(selection="7", password="sesame"))
        assert job.poll == Poll(selection="7", password="********")
        rig.until(job.id, JobState.FAILED)
        (path,) = (rig.spool / "calls").glob("*/plan.json")
        plan = CallPlan.load(path)
        assert plan.documents == ()
        assert plan.fetch == PlannedFetch(selection="7", password="sesame")
        assert refusal(lambda: rig.client.pages(job.id, tmp_path / "none.tif")).cause is Cause.WRONG_STATE


@contextmanager
def far_end(folder: Path, near: Path) -> Iterator[None]:
    """Modems 100 (at ``near``) and 200 of one exchange; a port process at the second serves a document."""
    there = folder / "tty200"
    command = [sys.executable, "-m", "modem.soft", "--link", f"{near}=100", "--link", f"{there}=200", "--out", "out"]
    exchange = subprocess.Popen(
        [*command, "--json", "--speed", "4"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert exchange.stdout is not None
    pid = 0
    try:
        assert exchange.stdout.readline()
        port = PortClient(folder / "far", 120.0)
        pid = client.launch("far", str(there), port.folder)
        while (status := port.status()) is None or status.state is not PortState.IDLE:
            time.sleep(0.05)
        write_pages(folder / "offered.tif", PAGES)
        document = served(folder / "offered.tif", password="sesame")
        port.set_answering(AnswerSettings(folder=str(folder / "in"), document=document))
        yield
    finally:
        if pid:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        exchange.terminate()
        exchange.stdout.close()
        exchange.wait()


@pytest.mark.slow
def test_a_document_is_fetched_and_its_pages_are_the_job_s(tmp_path: Path) -> None:
    with far_end(tmp_path, tmp_path / "tty"), Rig(tmp_path) as rig:
        job = fetch(rig, "200", Poll(password="sesame"))
        while not (ended := rig.client.job(job.id)).state.ended:
            time.sleep(0.1)
        assert ended.state is JobState.DONE, ended.reason
        rig.client.pages(job.id, tmp_path / "fetched.tif")
        assert [page.digest for page in read_pages(tmp_path / "fetched.tif")] == [page.digest for page in PAGES]
        assert "sesame" not in rig.log.read_text()
