"""Whoever dies, is stopped or is away during the hand-over: the fax arrives once, or the job stays with CUPS."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fax.incoming import MANIFEST, Incoming
from tests.backend.desk import CANCELLED, COMPLETED, HELD, LIMIT_S, PENDING, Desk, eventually
from tests.backend.recorder import Recorder

POINTS = ["before documents", "after documents", "before submissions", "after submissions"]


def _left(incoming: Path) -> list[Incoming]:
    """What lies in the incoming folder, ready; asserts that nothing else does."""
    folders = sorted(incoming.iterdir())
    assert all(folder.name.endswith(".ready") for folder in folders)
    return [msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Incoming) for folder in folders]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("victim", ["worker", "parent"])
def test_killed_at_any_moment_the_fax_arrives_once(
    desk: Desk, recorder: Recorder, incoming: Path, pdf: Path, point: str, victim: str
) -> None:
    gate = recorder.gate(point)
    job = desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    survivor = desk.kill(victim)
    gate.opened.set()
    ticket = desk.wait(job)
    eventually(lambda: not survivor.running, "the survivor does not end")
    assert ticket.state == COMPLETED
    assert recorder.only.key == ticket.attributes["job-uuid"].text()
    assert recorder.contents(recorder.only)[0].startswith(b"%PDF-")
    assert _left(incoming) == []
    eventually(desk.no_backend_runs, "a backend stays")


@pytest.mark.parametrize("point", POINTS)
def test_a_backend_killed_whole_after_it_has_read_the_document_loses_no_fax(
    desk: Desk, recorder: Recorder, incoming: Path, pdf: Path, point: str
) -> None:
    gate = recorder.gate(point)
    job = desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    desk.kill_both()
    gate.opened.set()
    ticket = desk.wait(job)
    assert ticket.state == COMPLETED
    assert recorder.only.key == ticket.attributes["job-uuid"].text()
    assert recorder.contents(recorder.only)[0].startswith(b"%PDF-")
    assert _left(incoming) == []
    assert recorder.cancelled == []


def _killed_at_start(desk: Desk) -> None:
    """From now on the backend of this desk dies before it has a child."""
    desk.program.write_text("#!/bin/sh\nkill -9 $$\n")


@pytest.mark.parametrize("kind", ["pdf", "ps"])
def test_a_backend_killed_before_it_has_a_child_loses_no_fax(
    own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path, tmp_path: Path, kind: str
) -> None:
    document = pdf if kind == "pdf" else tmp_path / "words.ps"
    if kind == "ps":
        # more than the pipe holds
        document.write_text("%!PS-Adobe-3.0\n" + "% words\n" * 100_000 + "showpage\n")
    _killed_at_start(own_desk)
    ticket = own_desk.print("-U", "alice", "-o", "phone=5552001", document)
    assert ticket.state == COMPLETED
    assert recorder.only.key == ticket.attributes["job-uuid"].text()
    (octets,) = recorder.contents(recorder.only)
    assert octets == document.read_bytes() if kind == "ps" else octets.startswith(b"%PDF-")
    assert _left(incoming) == []


def test_a_backend_killed_at_its_start_with_the_daemon_away_leaves_the_fax_in_the_incoming_folder(
    own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path
) -> None:
    recorder.stop()
    _killed_at_start(own_desk)
    ticket = own_desk.print("-o", "phone=5552001", pdf)
    assert ticket.state == COMPLETED
    (left,) = _left(incoming)
    assert left.key == ticket.attributes["job-uuid"].text()


def test_a_job_of_several_documents_whose_backend_was_killed_stays_with_cups(
    own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path, other_pdf: Path
) -> None:
    _killed_at_start(own_desk)
    ticket = own_desk.print("-o", "phone=5552001", pdf, other_pdf)
    assert ticket.state not in (COMPLETED, CANCELLED)
    assert recorder.taken == {}
    assert _left(incoming) == []


def test_a_worker_killed_again_and_again_leaves_the_fax_in_the_incoming_folder(
    desk: Desk, recorder: Recorder, incoming: Path, pdf: Path
) -> None:
    gates = [recorder.gate(point) for point in POINTS[:3]]
    job = desk.lp("-o", "phone=5552001", pdf)
    for gate in gates:
        assert gate.reached.wait(LIMIT_S)
        desk.kill("worker")
        gate.opened.set()
    assert desk.wait(job).state == COMPLETED
    (left,) = _left(incoming)
    assert left.submission.recipients[0].number == "5552001"
    # a request whose asker was killed may have been done; the key makes it one fax
    assert {taken.key for taken in recorder.taken.values()} <= {left.key}


@pytest.mark.parametrize("victim", ["worker", "parent"])
def test_a_long_document_is_whole_when_its_reader_is_killed(
    own_desk: Desk, recorder: Recorder, incoming: Path, victim: str
) -> None:
    import subprocess

    octets = b"%PDF-1.4\n" + b"".join(b"%07d\n" % number for number in range(400_000)) + b"%%EOF\n"
    environment = {"PLATEN_SOCKET": str(recorder.path), "PLATEN_SPOOL": str(incoming.parent), "TMPDIR": "/tmp"}
    options = "phone=5552001 job-uuid=urn:uuid:1"
    backend = subprocess.Popen(
        [own_desk.program, "1", "alice", "title", "1", options], stdin=subprocess.PIPE, env=environment
    )
    assert backend.stdin is not None
    backend.stdin.write(octets[:1_000_000])
    backend.stdin.flush()
    eventually(lambda: not own_desk.no_backend_runs() and bool(_workers(own_desk)), "no worker")
    survivor = own_desk.kill(victim)
    backend.stdin.write(octets[1_000_000:])
    backend.stdin.close()
    backend.wait()
    eventually(lambda: not survivor.running, "the survivor does not end")
    assert recorder.contents(recorder.only) == [octets]


def _workers(desk: Desk) -> list[object]:
    from tests.backend.desk import backends

    return list(backends(desk.program)[1])


def test_with_the_daemon_away_the_fax_waits_in_the_incoming_folder(
    own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path, other_pdf: Path
) -> None:
    recorder.stop()
    ticket = own_desk.print("-U", "alice", "-o", "phone=5552001", "-o", "FaxNote=Hello", pdf, other_pdf)
    assert ticket.state == COMPLETED
    assert "is kept" in ticket.message
    (left,) = _left(incoming)
    assert (left.key, left.user) == (ticket.attributes["job-uuid"].text(), "alice")
    assert left.submission.recipients[0].number == "5552001"
    assert left.submission.cover is not None
    (folder,) = incoming.iterdir()
    pieces = [(folder / name).read_bytes() for name in left.submission.documents]
    assert [octets[:5] for octets in pieces] == [b"%PDF-", b"%PDF-"]


def test_a_daemon_that_falls_silent_is_away(own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path) -> None:
    gate = recorder.gate("before submissions")
    job = own_desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    recorder.hang_up()
    ticket = own_desk.wait(job)
    assert ticket.state == COMPLETED
    (left,) = _left(incoming)
    assert left.key == ticket.attributes["job-uuid"].text()


def test_a_daemon_without_room_leaves_it_to_the_incoming_folder(
    own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path
) -> None:
    recorder.refuse("submissions", 507, "storage", "No space")
    assert own_desk.print("-o", "phone=5552001", pdf).state == COMPLETED
    assert len(_left(incoming)) == 1


def test_with_nowhere_to_go_the_queue_stops_and_the_job_stays(
    own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path
) -> None:
    recorder.stop()
    incoming.rename(incoming.with_name("away"))
    job = own_desk.lp("-o", "phone=5552001", pdf)
    queue = own_desk.cups.queue
    eventually(lambda: "disabled" in own_desk.run("lpstat", "-p", queue), "the queue goes on")
    assert own_desk.ask(job).state == PENDING
    assert "platend" in own_desk.run("lpstat", "-l", "-p", queue)
    incoming.with_name("away").rename(incoming)
    own_desk.run("cupsenable", queue)
    assert own_desk.wait(job).state == COMPLETED
    assert len(_left(incoming)) == 1


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("crash", [True, False], ids=["killed", "stopped"])
def test_when_cupsd_goes_in_the_middle_the_fax_arrives_once(
    own_desk: Desk, recorder: Recorder, incoming: Path, pdf: Path, point: str, crash: bool
) -> None:
    gate = recorder.gate(point)
    job = own_desk.lp("-o", "phone=5552001", pdf)
    key = own_desk.ask(job).attributes["job-uuid"].text()
    assert gate.reached.wait(LIMIT_S)
    if crash:
        own_desk.cups.kill()
    else:
        own_desk.cups.stop()
    gate.opened.set()
    own_desk.cups.start()
    ticket = own_desk.wait(job)
    assert (ticket.state, ticket.attributes["job-uuid"].text()) == (COMPLETED, key)
    eventually(own_desk.no_backend_runs, "a backend stays")
    assert recorder.only.key == key
    assert _left(incoming) == []


@pytest.mark.parametrize("point", POINTS[:2])
def test_a_job_cancelled_before_the_hand_over_is_no_fax(
    desk: Desk, recorder: Recorder, incoming: Path, pdf: Path, point: str
) -> None:
    gate = recorder.gate(point)
    job = desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    desk.run("cancel", str(job))
    eventually(desk.no_backend_runs, "the backend does not end")
    gate.opened.set()
    assert desk.wait(job).state == CANCELLED
    assert recorder.taken == {}
    assert _left(incoming) == []


@pytest.mark.parametrize("point", POINTS[2:])
def test_a_job_cancelled_during_the_hand_over_cancels_the_fax(
    desk: Desk, recorder: Recorder, pdf: Path, point: str
) -> None:
    gate = recorder.gate(point)
    job = desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    desk.run("cancel", str(job))
    gate.opened.set()
    eventually(desk.no_backend_runs, "the backend does not end")
    assert desk.wait(job).state == CANCELLED
    assert recorder.cancelled == list(recorder.only.jobs)


@pytest.mark.parametrize("point", POINTS)
def test_a_queue_stopped_and_started_again_cancels_nothing(
    desk: Desk, recorder: Recorder, pdf: Path, point: str
) -> None:
    gate = recorder.gate(point)
    job = desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    desk.run("cupsdisable", desk.cups.queue)
    gate.opened.set()
    eventually(desk.no_backend_runs, "the backend does not end")
    desk.run("cupsenable", desk.cups.queue)
    assert desk.wait(job).state == COMPLETED
    assert recorder.only.submission.recipients[0].number == "5552001"
    assert recorder.cancelled == []


def test_a_backend_stopped_by_hand_prints_again(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    import os
    import signal

    from tests.backend.desk import backends

    gate = recorder.gate("before documents")
    job = desk.lp("-o", "phone=5552001", pdf)
    assert gate.reached.wait(LIMIT_S)
    (parent,), _ = backends(desk.program)
    os.kill(parent.pid, signal.SIGTERM)
    gate.opened.set()
    assert desk.wait(job).state == COMPLETED
    assert recorder.only.submission.recipients[0].number == "5552001"


def test_a_daemon_that_does_not_understand_us_holds_the_job(desk: Desk, recorder: Recorder, pdf: Path) -> None:
    recorder.refuse("submissions", 400, "bad-request", "what?")
    ticket = desk.print("-o", "phone=5552001", pdf)
    assert ticket.state == HELD
    assert "refused the request" in ticket.message
    recorder.refusals.clear()
    desk.run("lp", "-i", f"{desk.cups.queue}-{ticket.id}", "-H", "resume")
    assert desk.wait(ticket.id, COMPLETED).state == COMPLETED
    assert len(recorder.taken) == 1
