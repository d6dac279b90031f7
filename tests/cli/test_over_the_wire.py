"""The commands against a server whose answers the test says: exit codes, JSON, lost answers, Ctrl-C."""

from __future__ import annotations

import itertools
import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.command import begin, platen
from tests.fax.wire_server import Handler, WireServer, event, job

DOCUMENT = '{"id": "aa", "type": "text/plain", "pages": null, "octets": 5}'
ACCEPTED = '{"submission": "s-1", "jobs": [12]}'
STATUS = '{"version": "0.1", "ports": [], "jobs": {}, "spool": "/s", "free_octets": 1, "cursor": %d}'


@pytest.mark.parametrize(
    ("status", "cause", "code"),
    [
        (400, "bad-request", 4),
        (409, "wrong-state", 4),
        (404, "no-such-job", 5),
        (403, "not-allowed", 6),
        (500, "internal", 7),
        (507, "storage", 7),
    ],
)
def test_each_refusal_has_its_exit_code(server: WireServer, status: int, cause: str, code: int) -> None:
    server.refuse("GET", "/v1/jobs/12", status, cause, "What is wrong")
    done = platen("show", "12", socket=server.path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "platen: What is wrong\n")


def test_all_jobs_are_acted_on_and_the_first_refusal_gives_the_exit_code(server: WireServer) -> None:
    server.say("POST", "/v1/jobs/12/cancel", 200, job("cancelled"))
    server.refuse("POST", "/v1/jobs/13/cancel", 409, "wrong-state", "The fax has been sent")
    done = platen("cancel", "13", "14", "12", socket=server.path)
    assert done.returncode == 4
    assert done.stdout == "job 12: cancelled\n"
    assert "job 13: The fax has been sent" in done.stderr
    assert "job 14" in done.stderr


def test_json_answers_are_json_and_nothing_else(server: WireServer) -> None:
    server.say("GET", "/v1/jobs", 200, f"[{job()}]")
    server.say("GET", "/v1/jobs/12", 200, job(whole=True))
    server.say("GET", "/v1/status", 200, STATUS % 3)
    server.say("POST", "/v1/jobs/12/hold", 200, job("held"))
    server.say("POST", "/v1/jobs/12/address", 200, job())
    assert json.loads(platen("jobs", "--json", socket=server.path).stdout)[0]["state"] == "waiting"
    assert json.loads(platen("show", "12", "--json", socket=server.path).stdout)["calls"][0]["line_seconds"] == 39.5
    assert json.loads(platen("status", "--json", socket=server.path).stdout)["spool"] == "/s"
    assert json.loads(platen("hold", "12", "--json", socket=server.path).stdout)[0]["state"] == "held"
    addressed = platen("address", "12", "--to", "5552001", "--name", "Bob", "--json", socket=server.path)
    assert json.loads(addressed.stdout)["id"] == 12
    assert json.loads(server.asked[-1].body)["name"] == "Bob"


def test_a_list_on_a_pipe_is_one_line_a_job(server: WireServer) -> None:
    sneaky = job().replace("report.pdf", "a\\u001b[2J\\n\\tb")
    server.say("GET", "/v1/jobs", 200, f"[{sneaky}]")
    done = platen("jobs", "--all", socket=server.path)
    (line,) = done.stdout.splitlines()
    cells = line.split("\t")
    assert cells[:4] == ["12", "waiting", "5552001 Bob", "a [2J  b"]
    assert cells[4:6] == ["1/3", "2"]
    assert "the line was busy" in cells[6]


def test_a_long_list_is_fetched_in_pieces(server: WireServer) -> None:
    def listed(handler: Handler, _: bytes) -> None:
        after = int(dict(part.split("=") for part in handler.path.partition("?")[2].split("&")).get("after", 0))
        found = range(after + 1, min(after + 1000, 2500) + 1)
        handler.json(200, f"[{','.join(job().replace('12', str(id), 1) for id in found)}]".encode())

    server.act("GET", "/v1/jobs", listed)
    done = platen("jobs", "--all", socket=server.path)
    assert [int(line.split("\t")[0]) for line in done.stdout.splitlines()] == list(range(1, 2501))


def test_send_uploads_each_document_and_submits_them_as_one_fax(server: WireServer, tmp_path: Path) -> None:
    ids = itertools.count()
    server.act(
        "POST",
        "/v1/documents",
        lambda handler, _: handler.json(201, DOCUMENT.replace("aa", f"d{next(ids)}").encode()),
    )
    server.say("POST", "/v1/submissions", 201, '{"submission": "s-1", "jobs": [12, 13]}')
    (tmp_path / "a.txt").write_text("hello")
    done = platen(
        *("send", tmp_path / "a.txt", "-", "--to", "555 2001", "--to", "5552002", "--name", "Ann", "--name", "Bob"),
        *("--company", "Ann's", "--cover", "--subject", "Zwölf", "--resolution", "superfine"),
        socket=server.path,
        octets=b"from a pipe",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "job 12: accepted, to 555 2001\njob 13: accepted, to 5552002\n"
    first, second, submission = server.asked
    assert (first.body, second.body) == (b"hello", b"from a pipe")
    said = json.loads(submission.body)
    assert said["documents"] == ["d0", "d1"]
    assert [(whom["number"], whom["name"], whom["company"]) for whom in said["recipients"]] == [
        ("555 2001", "Ann", "Ann's"),
        ("5552002", "Bob", ""),
    ]
    cover = {name: value for name, value in said["cover"].items() if value}
    assert cover == {"template": "default", "subject": "Zwölf"}
    assert (said["title"], said["resolution"], said["hold"]) == ("a.txt", "superfine", False)


def test_a_file_after_cover_is_a_file_and_a_template_comes_after_an_equals_sign(
    server: WireServer, tmp_path: Path
) -> None:
    server.say("POST", "/v1/documents", 201, DOCUMENT)
    server.say("POST", "/v1/submissions", 201, ACCEPTED)
    (tmp_path / "a.txt").write_text("hello")
    for words, template in ((("--cover",), "default"), (("--cover=letter",), "letter")):
        done = platen("send", *words, "a.txt", "--to", "1", "--json", socket=server.path, cwd=tmp_path)
        assert json.loads(done.stdout) == {"submission": "s-1", "jobs": [12]}
        assert json.loads(server.asked[-1].body)["cover"]["template"] == template
    platen("send", "a.txt", "--to", "1", socket=server.path, cwd=tmp_path)
    assert json.loads(server.asked[-1].body)["cover"] is None


def test_a_refused_document_is_named(server: WireServer, tmp_path: Path) -> None:
    server.refuse("POST", "/v1/documents", 422, "document-encrypted", "The document is encrypted")
    (tmp_path / "a.pdf").write_text("hello")
    done = platen("send", tmp_path / "a.pdf", "--to", "1", socket=server.path)
    assert (done.returncode, done.stderr) == (4, f"platen: {tmp_path}/a.pdf: The document is encrypted\n")


def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_key(server: WireServer) -> None:
    tries = itertools.count()

    def dies_once(handler: Handler, _: bytes) -> None:
        if next(tries) == 0:
            handler.drop()
        else:
            handler.json(200, ACCEPTED.encode())

    server.say("POST", "/v1/documents", 201, DOCUMENT)
    server.act("POST", "/v1/submissions", dies_once)
    done = platen("send", "-", "--to", "1", socket=server.path, octets=b"x")
    assert (done.returncode, done.stdout) == (0, "job 12: accepted, to 1\n")
    keys = [asked.headers["idempotency-key"] for asked in server.asked if "submissions" in asked.target]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def stream(server: WireServer, *lines: bytes) -> None:
    """Events that come, and a connection that then stays open."""

    def follow(handler: Handler, _: bytes) -> None:
        handler.begin_stream()
        for line in lines:
            handler.chunk(line)
        if "follow=true" in handler.path:
            handler.rfile.read(1)
        else:
            handler.chunk(b"")

    server.act("GET", "/v1/events", follow)


@pytest.mark.parametrize(("end", "code"), [("done", 0), ("failed", 1), ("cancelled", 1)])
def test_following_ends_with_the_job_and_its_end_is_the_exit_code(server: WireServer, end: str, code: int) -> None:
    server.say("GET", "/v1/jobs/12", 200, job("sending"))
    stream(
        server,
        event(1, "accepted"),
        event(2, "page-confirmed", ', "page": 1, "pages": 3'),
        event(3, end, ', "text": "Because"'),
        event(4, "accepted"),
    )
    done = platen("follow", "12", socket=server.path)
    assert done.returncode == code
    lines = [line.partition("  ")[2] for line in done.stdout.splitlines()]
    assert lines[:2] == ["Accepted", "Page 1 of 3 confirmed"]
    assert "Because" in lines[2]
    assert len(lines) == 3
    as_json = platen("follow", "12", "--json", socket=server.path)
    assert [json.loads(line)["cursor"] for line in as_json.stdout.splitlines()] == [1, 2, 3]
    assert as_json.returncode == code


def test_following_a_job_that_has_ended_does_not_wait(server: WireServer) -> None:
    server.say("GET", "/v1/jobs/12", 200, job("failed"))
    stream(server, event(1, "accepted"))
    done = platen("follow", "12", socket=server.path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "failed: the line was busy"


def test_following_all_begins_now(server: WireServer) -> None:
    server.say("GET", "/v1/status", 200, STATUS % 7)
    stream(server, event(8, "accepted", job=13))
    with begin("follow", socket=server.path) as running:
        assert running.stdout is not None
        assert running.stdout.readline().endswith("job 13  Accepted\n")
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert "after=7" in server.asked[-1].target


def test_send_and_follow_wait_for_all_recipients(server: WireServer) -> None:
    server.say("GET", "/v1/status", 200, STATUS % 0)
    server.say("POST", "/v1/documents", 201, DOCUMENT)
    server.say("POST", "/v1/submissions", 201, '{"submission": "s-1", "jobs": [12, 13]}')
    lines = [event(1, "failed", job=11), event(2, "done", job=13), event(3, "done", job=12)]

    def follow(handler: Handler, _: bytes) -> None:
        if "follow=true" not in handler.path:
            handler.json(200, b"")
            return
        handler.begin_stream()
        for line in lines:
            handler.chunk(line)
        handler.rfile.read(1)

    server.act("GET", "/v1/events", follow)
    sent = ("send", "-", "--to", "1", "--to", "2", "--follow", "--json")
    done = platen(*sent, socket=server.path, octets=b"x")
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said[0]["jobs"] == [12, 13]
    assert [each["job"] for each in said[1:]] == [13, 12]
    lines[1] = event(2, "cancelled", job=13)
    assert platen(*sent, socket=server.path, octets=b"x").returncode == 1


def test_ctrl_c_is_clean(server: WireServer) -> None:
    server.say("GET", "/v1/jobs/12", 200, job("sending"))
    stream(server, event(1, "accepted"))
    with begin("follow", "12", socket=server.path) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert (running.stdout.read(), running.stderr.read()) == ("", "")


def test_a_reader_that_goes_away_ends_the_command_quietly(server: WireServer) -> None:
    server.say("GET", "/v1/jobs/12", 200, job("sending"))
    stream(server, *(event(number, "accepted") for number in range(1, 30_000)))
    reading, writing = os.pipe()
    with begin("follow", "12", socket=server.path, stdout=writing) as running:
        os.close(writing)
        os.read(reading, 10)
        os.close(reading)
        assert running.wait(60) == 141
        assert running.stderr is not None
        assert running.stderr.read() == ""
