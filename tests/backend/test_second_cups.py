"""A second CUPS, as on another machine: its stock ipp backend and a driverless queue print to the plain queue."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.private import PrivateCups
from backend.queue import Queue, add_queue, remove_queue
from tests.backend.desk import COMPLETED, Desk, eventually
from tests.backend.recorder import Recorder
from tests.backend.test_printing import _pages


@pytest.fixture
def other(desk: Desk, open_folder: Path) -> Iterator[Desk]:
    """With the queue "remote"."""
    server = str(desk.cups.socket)
    add_queue(Queue(name="paper", fax=False, shared=True), server)
    folder = Path(tempfile.mkdtemp(prefix="other-", dir=open_folder))
    with PrivateCups(folder, daemon_socket=folder / "none", spool=folder / "none") as cups:
        made = Desk(cups)
        uri = f"ipp://{desk.cups.server}/printers/paper"
        subprocess.run(
            ["lpadmin", "-h", str(cups.socket), "-p", "remote", "-v", uri, "-m", "everywhere", "-E"],
            check=True,
            capture_output=True,
            timeout=60,
        )
        yield made
    remove_queue("paper", server)


def _print(other: Desk, recorder: Recorder, *arguments: str | Path) -> None:
    assert other.wait(other.lp(*arguments, queue="remote")).state == COMPLETED
    eventually(lambda: len(recorder.taken) == 1, "the fax does not arrive")


def test_a_driverless_queue_prints_and_the_fax_waits_for_its_number(other: Desk, recorder: Recorder, pdf: Path) -> None:
    _print(other, recorder, "-U", "alice", "-t", "Bericht", pdf)
    submission = recorder.only.submission
    assert (submission.title, submission.user) == ("Bericht", "alice")
    assert [item.number for item in submission.recipients] == [None]
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2]


def test_a_title_that_is_a_number_is_dialled(other: Desk, recorder: Recorder, pdf: Path) -> None:
    _print(other, recorder, "-t", "+49 30 123456", pdf)
    assert recorder.only.submission.recipients[0].number == "+49 30 123456"
