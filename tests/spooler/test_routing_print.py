"""Printing at a real CUPS: once, with the delivery's id in the job's name; what CUPS refuses is a failure in words."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.private import PrivateCups
from fax.errors import Cause, RequestError
from fax.routing import data_of
from spooler.printing_child import Question
from spooler.routing_method import Order, Outcome
from spooler.routing_print import PrintMethod, ask, parsed
from tests.spooler.test_routing_folder import order


@pytest.fixture(scope="module")
def cups() -> Iterator[PrivateCups]:
    """A cupsd with a queue "paper" that keeps what is printed, held."""
    folder = Path(tempfile.mkdtemp(prefix="platen-print-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with PrivateCups(folder / "cups", daemon_socket=folder / "none", spool=folder / "spool") as running:
            lpadmin = ["lpadmin", "-h", running.server, "-p", "paper", "-v", "file:///dev/null"]
            subprocess.run([*lpadmin, "-m", "raw"], check=True, stderr=subprocess.DEVNULL)
            subprocess.run(["cupsaccept", "-h", running.server, "paper"], check=True)
            before = os.environ.get("CUPS_SERVER")
            os.environ["CUPS_SERVER"] = running.server
            try:
                yield running
            finally:
                os.environ.pop("CUPS_SERVER")
                if before is not None:
                    os.environ["CUPS_SERVER"] = before
    finally:
        shutil.rmtree(folder)


def jobs(cups: PrivateCups) -> list[str]:
    done = subprocess.run(
        ["lpstat", "-h", cups.server, "-W", "all", "-o", "paper"], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def deliver(wanted: Order) -> Outcome:
    async def play() -> Outcome:
        return await PrintMethod().deliver(wanted)

    return asyncio.run(play())


def check(data: bytes) -> None:
    async def play() -> None:
        await PrintMethod().check(data, "fax0", 1)

    asyncio.run(play())


def test_a_fax_is_given_to_the_queue_once_however_often_its_delivery_is_made(cups: PrivateCups, tmp_path: Path) -> None:
    wanted = order(tmp_path, data_of("paper", **{"job-hold-until": "indefinite"}), id="7-1")
    outcome = deliver(wanted)
    assert outcome.done, outcome.text
    assert len(jobs(cups)) == 1
    again = deliver(replace(wanted, tries=1))
    assert again.done and "paper-" in again.text
    assert len(jobs(cups)) == 1
    assert deliver(replace(wanted, id="7-2", tries=1)).done
    assert len(jobs(cups)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["fax.tif"]


def test_a_queue_that_refuses_or_is_not_there_is_told_in_words(cups: PrivateCups, tmp_path: Path) -> None:
    missing = deliver(order(tmp_path, b"nowhere"))
    assert not missing.done and missing.again
    assert "no queue nowhere" in missing.text
    subprocess.run(["cupsreject", "-h", cups.server, "paper"], check=True)
    try:
        assert "does not take jobs" in deliver(order(tmp_path, b"paper")).text
        with pytest.raises(RequestError) as error:
            check(b"paper")
        assert error.value.cause is Cause.BAD_CONFIGURATION
    finally:
        subprocess.run(["cupsaccept", "-h", cups.server, "paper"], check=True)
    check("paper\0".encode("utf-16-le"))


def test_a_cups_that_is_away_is_a_failure_that_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "no.sock"))
    outcome = deliver(order(tmp_path, b"paper"))
    assert not outcome.done and outcome.again
    assert "CUPS" in outcome.text


def test_a_child_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    answer = asyncio.run(ask(Question(queue="paper"), timeout_s=0.2))
    assert "did not answer" in answer.trouble


@pytest.mark.parametrize("data", [b"", b"two words", b"a/b", b"a#b", b"paper\n=x", b"paper\nnonsense"])
def test_what_cannot_be_a_queue_is_refused(data: bytes) -> None:
    with pytest.raises(RequestError) as error:
        parsed(data)
    assert error.value.cause is Cause.BAD_CONFIGURATION
