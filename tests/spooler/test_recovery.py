"""kill -9 at every stage: nothing accepted is lost, nothing is sent twice, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from fax.types import Fate, JobState, Recipient, Submission
from modem.plan import CallPlan
from tests.spooler.rig import PATIENCE_S, REPORT, Rig, wait_for

SLOW = "%!PS\n0 1 {rounds} {{ pop }} for\n/Helvetica findfont 12 scalefont setfont 72 700 moveto (Slow) show showpage\n"


def working_in(folder: Path) -> list[int]:
    """Processes whose working folder lies in ``folder``."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and process.joinpath("cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_a_daemon_killed_in_the_middle_of_an_upload_leaves_nothing(rig: Rig) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(rig.socket))
        connection.sendall(
            b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"words " * 500_000
        )
        wait_for(rig.leftovers, "the upload's folder")
        rig.kill()
    rig.start()
    wait_for(lambda: not rig.leftovers(), "tidying up")
    assert list((rig.spool / "documents").glob("??/*")) == []
    rig.text()


def test_what_was_accepted_is_there_however_soon_the_daemon_is_killed(rig: Rig) -> None:
    document = rig.client.upload(REPORT).id
    accepted = []
    for number in range(3):
        submission = Submission(documents=(document,), recipients=(Recipient(number=f"555200{number}"),))
        accepted.append(rig.client.submit(submission, key=f"key {number}"))
        rig.restart()
        assert rig.client.submit(submission, key=f"key {number}") == accepted[-1]
    assert [job.id for job in rig.client.jobs()] == [answer.jobs[0] for answer in accepted]
    for answer in accepted:
        assert rig.until(answer.jobs[0], JobState.WAITING).pages_total == 3


def test_a_daemon_killed_while_it_prepares_prepares_again(rig: Rig) -> None:
    rounds, done = 3_000_000, 0
    while True:
        document = rig.client.upload(BytesIO(SLOW.format(rounds=rounds).encode()), "slow.ps").id
        job = rig.send("5552001", documents=[document])
        wait_for(lambda done=done: working_in(rig.spool) or len(rig.masters()) > done, "the converter")  # type: ignore[misc]
        rig.kill()
        wait_for(lambda: not working_in(rig.spool), "the converter's end")
        if len(rig.masters()) == done:
            break
        # We were too late for it; the next one has more to do.
        rig.start()
        rounds, done = rounds * 2, done + 1
    rig.start()
    assert rig.until(job.id, JobState.WAITING).pages_total == 1
    assert len(rig.masters()) == done + 1
    wait_for(lambda: not rig.leftovers(), "tidying up")


def test_a_call_goes_on_without_the_daemon_and_the_next_one_adopts_it(rig: Rig) -> None:
    with rig.plug_in(None).running() as modem:
        job = rig.send("5552001")
        wait_for(lambda: modem.dialled, "dialling")
        process = rig.port_pid()
        rig.restart()
        assert rig.port_pid() == process
        assert rig.until(job.id, JobState.SENDING).attempts == 1
        wait_for(lambda: rig.client.status().ports[0].job == job.id, "the port's job")
        modem.dial = "NO DIALTONE"
        modem.say("BUSY")
        wait_for(lambda: rig.client.job(job.id).calls[0].ended, "the end of the call")
        assert rig.client.job(job.id).calls[0].cause == "busy"
        assert rig.kinds(job.id).count("dialling") >= 1


def test_a_call_that_ended_while_the_daemon_was_away_is_settled_by_the_next_one(rig: Rig) -> None:
    with rig.plug_in(None).running() as modem:
        job = rig.send("5552001")
        wait_for(lambda: modem.dialled, "dialling")
        rig.kill()
        modem.say("BUSY")
        journal = rig.spool / "calls" / f"{job.id}-1" / "journal.jsonl"
        wait_for(lambda: b'"end"' in journal.read_bytes(), "the end of the call")
        rig.start()
        wait_for(lambda: rig.client.job(job.id).calls[0].cause == "busy", "the settlement")


def test_when_both_die_the_journal_tells_and_no_confirmed_page_is_planned_again(rig: Rig) -> None:
    with rig.plug_in(None).running() as modem:
        job = rig.send("5552001", documents=[rig.client.upload(REPORT).id])
        wait_for(lambda: modem.dialled, "dialling")
        rig.kill()
        rig.kill_port()
        # What the process would have written, had it come so far before it died.
        journal = rig.spool / "calls" / f"{job.id}-1" / "journal.jsonl"
        n = journal.read_bytes().count(b"\n")
        with journal.open("ab") as file:
            for kind, number, fields in (
                ("page-intent", 1, {"digest": "", "index": 0}),
                ("page-answer", 1, {"fate": "confirmed", "by": "MCF"}),
                ("page-intent", 2, {"digest": "", "index": 1}),
            ):
                line = {"n": n, "t": 60.0 + n, "kind": kind, "job": job.id, "number": number, **fields}
                file.write(msgspec.json.encode(line) + b"\n")
                n += 1
            file.write(b'{"n": 99, "t": 99, "kind": "page-ans')
        rig.start()
        wait_for(lambda: modem.dialled == 2, "the next call")
        again = rig.client.job(job.id)
        assert [page.fate for page in again.pages] == [Fate.CONFIRMED, Fate.UNCERTAIN, Fate.NOT_SENT]
        assert again.pages_confirmed == 1
        assert again.calls[0].cause == "port-died"
        plan = CallPlan.load(rig.spool / "calls" / f"{job.id}-2" / "plan.json")
        assert [(page.number, page.possible_duplicate) for page in plan.documents[0].pages] == [(2, True), (3, False)]
        assert rig.kinds(job.id).count("page-confirmed") == 1
        assert rig.kinds(job.id).count("page-uncertain") == 1


def test_an_intent_without_a_plan_was_never_dialled_and_is_made_again(rig: Rig) -> None:
    with rig.plug_in(None).running() as modem:
        job = rig.send("5552001")
        wait_for(lambda: modem.dialled, "dialling")
        rig.kill()
        rig.kill_port()
        # As if the daemon had died between its intent and the plan.
        for path in (rig.spool / "calls" / f"{job.id}-1").iterdir():
            path.unlink()
        with closing(sqlite3.connect(rig.spool / "platen.db")) as connection, connection:
            connection.execute("DELETE FROM ledger")
            connection.execute("UPDATE calls SET next_n = 0, offset = 0")
        rig.start()
        wait_for(lambda: modem.dialled == 2, "the next call")
        first, second = rig.client.job(job.id).calls
        assert (first.cause, second.ended) == ("not-dialled", None)


def test_a_cancel_is_carried_out_by_the_next_daemon(rig: Rig) -> None:
    with rig.plug_in(None).running() as modem:
        job = rig.send("5552001")
        wait_for(lambda: modem.dialled, "dialling")
        rig.until(job.id, JobState.SENDING)
        rig.client.cancel(job.id)
        rig.restart()
        assert rig.until(job.id, JobState.CANCELLED).attempts == 1


def test_at_sigterm_the_daemon_ends_and_the_call_goes_on(rig: Rig) -> None:
    with rig.plug_in(None).running() as modem:
        rig.send("5552001")
        wait_for(lambda: modem.dialled, "dialling")
        stream = rig.client.events(follow=True)
        next(stream)
        assert rig.process is not None
        rig.process.send_signal(signal.SIGTERM)
        assert rig.process.wait(PATIENCE_S) == 0
        assert not rig.socket.exists()
        assert rig.port_pid() is not None
        rig.process = None


def test_a_second_daemon_on_the_same_spool_is_refused(rig: Rig) -> None:
    second = subprocess.run(rig.command, cwd=Path.cwd(), capture_output=True, text=True, check=False)
    assert second.returncode == 75
    assert rig.process is not None
    assert f"process {rig.process.pid}" in second.stderr
    assert rig.answers()


@pytest.mark.parametrize(("what", "code"), [("spool", 73), ("database", 73), ("socket", 71)])
def test_what_keeps_the_daemon_from_starting_is_said_in_one_line(tmp_path: Path, what: str, code: int) -> None:
    rig = Rig(tmp_path, port=False)
    (tmp_path / "file").write_text("")
    if what == "spool":
        rig.config.write_text(f'spool = "{tmp_path}/file/spool"\nsocket = "{rig.socket}"\n')
    elif what == "database":
        rig.spool.mkdir()
        (rig.spool / "platen.db").write_bytes(b"not a database" * 100)
    else:
        rig.config.write_text(f'spool = "{rig.spool}"\nsocket = "{tmp_path}/file/api.sock"\n')
    done = subprocess.run(rig.command, cwd=Path.cwd(), capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr.startswith("platend: ")
    assert done.stderr.count("\n") == 1
