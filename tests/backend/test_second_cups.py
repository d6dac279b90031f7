"""A second CUPS, as on another machine: its stock ipp backend and a driverless queue print to the plain queue."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.private import PrivateCups
from backend.queue import Queue, add_queue, remove_queue
from tests.backend.desk import COMPLETED, LIMIT_S, Desk, eventually
from tests.backend.recorder import Recorder
from tests.backend.test_printing import _pages


@pytest.fixture(scope="module")
def other(private_cups: PrivateCups, open_folder: Path) -> Iterator[Desk]:
    """With the queue "remote"."""
    add_queue(Queue(name="paper", fax=False, shared=True), str(private_cups.socket))
    uri = f"ipp://{private_cups.server}/printers/paper"
    folder = Path(tempfile.mkdtemp(prefix="other-", dir=open_folder))
    with PrivateCups(folder, daemon_socket=folder / "none", spool=folder / "none") as cups:
        _lpadmin(cups, "-p", "described", "-v", uri, "-m", "everywhere")
        # A thread of cupsd asks the printer after lpadmin has its answer. Until it is done jobs go out raw, or are
        # aborted for lack of filters, and it takes no lock on cupsd's tables: the queue itself is added without it.
        eventually(lambda: (folder / "cache" / "described.data").exists(), "the printer is not described")
        cups.kill()
        cups.start()
        _lpadmin(cups, "-p", "remote", "-v", uri, "-P", str(folder / "etc" / "ppd" / "described.ppd"), "-E")
        yield Desk(cups)
    remove_queue("paper", str(private_cups.socket))


def _lpadmin(cups: PrivateCups, *arguments: str) -> None:
    subprocess.run(["lpadmin", "-h", str(cups.socket), *arguments], check=True, capture_output=True, timeout=LIMIT_S)


def _print(other: Desk, recorder: Recorder, *arguments: str | Path) -> None:
    ticket = other.wait(other.lp(*arguments, queue="remote"))
    assert ticket.state == COMPLETED, ticket.message
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
