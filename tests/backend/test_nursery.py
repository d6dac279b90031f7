"""Workers from the nursery: the same faxes, whoever dies, and nothing for strangers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.door import nursed, understood
from backend.private import PrivateCups
from tests.backend.desk import CANCELLED, COMPLETED, LIMIT_S, Desk, Process, eventually, processes
from tests.backend.recorder import Recorder
from tests.backend.test_printing import _pages

POINTS = ["before documents", "after documents", "before submissions", "after submissions"]


class Nursery:
    """A desk whose backend has a nursery, and who lives there."""

    def __init__(self, cups: PrivateCups) -> None:
        self.desk = Desk(cups)
        self.pid = cups.start_nursery()

    def workers(self) -> list[Process]:
        return [process for process in processes() if process.parent == self.pid]

    def backend(self) -> Process:
        (found,) = (process for process in processes() if str(self.desk.program) in process.command)
        return found


@pytest.fixture
def nursery(open_folder: Path, recorder: Recorder) -> Iterator[Nursery]:
    folder = Path(tempfile.mkdtemp(prefix="nursery-", dir=open_folder))
    with PrivateCups(folder, daemon_socket=recorder.path, spool=open_folder / "spool") as cups:
        yield Nursery(cups)


def test_a_worker_of_the_nursery_hands_over_as_any_other(
    nursery: Nursery, recorder: Recorder, pdf: Path, other_pdf: Path
) -> None:
    gate = recorder.gate("before documents")
    job = nursery.desk.lp("-U", "alice", "-o", "phone=5552001", pdf, other_pdf)
    assert gate.reached.wait(LIMIT_S)
    (worker,) = nursery.workers()
    assert Path(f"/proc/{worker.pid}").owner() == Path(f"/proc/{nursery.backend().pid}").owner()
    gate.opened.set()
    ticket = nursery.desk.wait(job)
    assert (ticket.state, ticket.message) == (COMPLETED, f"Queued as fax {recorder.only.jobs[0]}")
    assert (recorder.only.key, recorder.only.submission.user) == (ticket.attributes["job-uuid"].text(), "alice")
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2, 1]
    eventually(lambda: not nursery.workers(), "the worker stays")


def test_a_refusal_is_told(nursery: Nursery, recorder: Recorder, pdf: Path) -> None:
    recorder.refuse("documents", 422, "document-encrypted", "The document is protected by a password")
    ticket = nursery.desk.print("-o", "phone=5552001", pdf)
    assert (ticket.state, ticket.message) == (CANCELLED, "The document is protected by a password")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("victim", ["worker", "backend", "nursery"])
def test_killed_at_any_moment_the_fax_arrives_once(
    nursery: Nursery, recorder: Recorder, pdf: Path, point: str, victim: str
) -> None:
    gate = recorder.gate(point)
    job = nursery.desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    (worker,) = nursery.workers()
    doomed = {"worker": worker.pid, "backend": nursery.backend().pid, "nursery": nursery.pid}[victim]
    os.kill(doomed, signal.SIGKILL)
    gate.opened.set()
    assert nursery.desk.wait(job).state == COMPLETED
    eventually(lambda: len(recorder.taken) == 1 and not worker.running, "the fax does not arrive")
    assert recorder.contents(recorder.only)[0].startswith(b"%PDF-")
    eventually(nursery.desk.no_backend_runs, "a backend stays")
    assert len(recorder.taken) == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_cancelled_job_is_no_fax_or_a_cancelled_one(
    nursery: Nursery, recorder: Recorder, pdf: Path, point: str
) -> None:
    gate = recorder.gate(point)
    job = nursery.desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    nursery.desk.run("cancel", str(job))
    if point in POINTS[:2]:
        eventually(nursery.desk.no_backend_runs, "the backend does not end")
    gate.opened.set()
    eventually(nursery.desk.no_backend_runs, "the backend does not end")
    assert nursery.desk.wait(job).state == CANCELLED
    if point in POINTS[:2]:
        assert recorder.taken == {}
    else:
        assert recorder.cancelled == list(recorder.only.jobs)


def test_without_a_nursery_the_backend_does_its_work(nursery: Nursery, recorder: Recorder, pdf: Path) -> None:
    os.kill(nursery.pid, signal.SIGKILL)
    assert nursery.desk.print("-o", "phone=5552001", pdf).state == COMPLETED
    assert len(recorder.taken) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_nothing_is_handed_to_a_process_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o777)
    path = folder / "door"
    listen = "import socket, sys; s = socket.socket(1, 5); s.bind(sys.argv[1]); s.listen(); print(1, flush=True);"
    take = "c = s.accept()[0]; print(len(c.recv(9)), flush=True)"
    become = ["--reuid=games", "--regid=games", "--clear-groups"]
    stranger = subprocess.Popen(
        ["setpriv", *become, "--", sys.executable, "-c", listen + take, path],
        stdout=subprocess.PIPE,
    )
    assert stranger.stdout is not None
    assert stranger.stdout.readline() == b"1\n"
    monkeypatch.setenv("PLATEN_DOOR", str(path))
    assert nursed(["platen", "1", "alice", "title", "1", "phone=1"], 0, "chance") is None
    assert stranger.communicate(timeout=LIMIT_S)[0] == b"0\n"
    path.unlink()
    folder.rmdir()


def test_what_is_too_long_for_one_message_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "door"))
        listener.listen()
        monkeypatch.setenv("PLATEN_DOOR", str(tmp_path / "door"))
        assert nursed(["platen", "1", "a", "t", "1", "x" * 200_000], 0, "chance") is None


def test_a_job_is_described_whole() -> None:
    message = b"\0".join([b"63", b"c0ffee", b"2", b"platen", b"t\xc3\xa4 x", b"A=1", b"B=x=y", b"E="])
    found = understood(message)
    assert found == (63, "c0ffee", ["platen", "tä x"], {b"A": b"1", b"B": b"x=y", b"E": b""})
