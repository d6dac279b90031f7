"""The program by itself: every exit code that backend.main names, and discovery."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from backend.main import CANCEL, FAILED, HOLD, OK, RETRY_CURRENT, STOP
from backend.options import parameters
from tests.backend.desk import LIMIT_S, eventually
from tests.backend.real_daemon import Daemon
from tests.backend.recorder import Recorder

JOB = ["7", "alice", "title", "1", "phone=5552001 job-uuid=urn:uuid:7"]
DOCUMENT = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def surroundings(recorder: Recorder, incoming: Path) -> dict[str, str]:
    return {"PLATEN_SOCKET": str(recorder.path), "PLATEN_SPOOL": str(incoming.parent), "TMPDIR": "/tmp"}


def _run(
    arguments: list[str], environment: Mapping[str, str], data: bytes = DOCUMENT, before: str = ""
) -> tuple[int, str]:
    """The exit code and what was said, without the pauses; ``before``: Python to run first."""
    code = "import sys; import backend.main; backend.main.PAUSES_S = (0, 0, 0);"
    code += before or "import backend.hand_over; backend.hand_over.PAUSES_S = ()"
    code += ";"
    code += "sys.exit(backend.main.main(['platen', *sys.argv[1:]]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=data, capture_output=True, env=environment, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def test_without_arguments_it_tells_of_its_device() -> None:
    code, text = _run([], {})
    assert code == OK
    kind, uri, rest = text.strip().split(" ", 2)
    assert (kind, uri) == ("direct", "platen:/fax")
    assert rest.count('"') == 8


def test_discovery_lists_the_lines_and_their_groups(daemon: Daemon) -> None:
    environment = {"PLATEN_SOCKET": str(daemon.socket)}
    code, text = _run([], environment)
    assert (code, text.splitlines()) == (OK, [text.strip()])
    assert '"Platen fax (no line)"' in text
    name = 'sales "x" & more'
    daemon.client.change_configuration({"port_groups": [{"name": name, "ports": []}]})
    general, group = _run([], environment)[1].splitlines()
    assert general in text
    uri = group.split(" ")[1]
    assert parameters(uri) == (("group", name),)
    assert group.count('"') == 8
    daemon.client.change_configuration({"port_groups": []})


@pytest.mark.parametrize("count", [1, 4, 7])
def test_a_wrong_number_of_arguments_is_an_error(count: int) -> None:
    code, text = _run(["x"] * count, {})
    assert (code, text[:6]) == (FAILED, "ERROR:")


def test_handed_over_is_ok(surroundings: dict[str, str], recorder: Recorder) -> None:
    code, text = _run(JOB, surroundings)
    assert (code, text) == (OK, f"WARNING: Queued as fax {recorder.only.jobs[0]}\n")
    assert recorder.only.key == "urn:uuid:7"


def test_a_file_may_be_named_instead_of_stdin(surroundings: dict[str, str], recorder: Recorder, tmp_path: Path) -> None:
    file = tmp_path / "d00001-001"
    file.write_bytes(DOCUMENT)
    assert _run([*JOB, str(file)], surroundings, b"")[0] == OK
    assert recorder.contents(recorder.only) == [DOCUMENT]


def test_kept_in_the_incoming_folder_is_ok(surroundings: dict[str, str], recorder: Recorder) -> None:
    recorder.stop()
    code, text = _run(JOB, surroundings)
    assert (code, text.splitlines()[-1][:8]) == (OK, "WARNING:")


def test_the_device_uri_names_another_daemon_and_the_recipients(
    surroundings: dict[str, str], recorder: Recorder, incoming: Path
) -> None:
    query = f"to=+4930123456&to=5552001&cover=letter&resolution=standard&socket={recorder.path}"
    surroundings |= {"DEVICE_URI": f"platen:/fax?{query}", "PLATEN_SOCKET": "/nonexistent"}
    assert _run([*JOB[:4], ""], surroundings)[0] == OK
    submission = recorder.only.submission
    assert [recipient.number for recipient in submission.recipients] == ["+4930123456", "5552001"]
    assert submission.cover is not None
    assert (submission.cover.template, submission.resolution.value) == ("letter", "standard")


def test_without_a_uuid_each_job_is_a_job_of_its_own(surroundings: dict[str, str], recorder: Recorder) -> None:
    for _ in range(2):
        assert _run([*JOB[:4], "phone=5552001"], surroundings)[0] == OK
    assert len(recorder.taken) == 2


@pytest.mark.parametrize("uuid", ["", "ü", "x" * 300, "a\x07b"])
def test_a_uuid_that_cannot_be_a_key_is_none(surroundings: dict[str, str], recorder: Recorder, uuid: str) -> None:
    assert _run([*JOB[:4], f"phone=5552001 job-uuid={uuid}"], surroundings)[0] == OK
    assert recorder.only.key.startswith("cups-")


def test_octets_that_are_not_utf8_do_no_harm(surroundings: dict[str, str], recorder: Recorder) -> None:
    title = os.fsdecode(b"Br\xfcef")
    assert _run([JOB[0], title, title, "1", f"{JOB[4]} FaxRecipient={title}"], surroundings)[0] == OK
    submission = recorder.only.submission
    assert submission.user == submission.title == submission.recipients[0].name == "Br\ufffdef"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\0\0"])
def test_an_empty_document_is_cancelled(surroundings: dict[str, str], data: bytes) -> None:
    code, text = _run(JOB, surroundings, data)
    assert (code, text) == (CANCEL, "CRIT: The document is empty: there is nothing to fax\n")


@pytest.mark.parametrize(
    ("request_name", "status", "cause", "code"),
    [
        ("documents", 422, "document-damaged", CANCEL),
        ("documents", 413, "document-too-large", CANCEL),
        ("documents", 422, "document-type", CANCEL),
        ("documents", 507, "storage", OK),
        ("documents", 500, "internal", OK),
        ("submissions", 400, "bad-number", CANCEL),
        ("submissions", 400, "cover-page", CANCEL),
        ("submissions", 400, "bad-request", HOLD),
        ("submissions", 404, "no-such-document", HOLD),
        ("submissions", 403, "not-allowed", STOP),
        ("submissions", 507, "storage", OK),
        ("submissions", 500, "internal", OK),
        ("submissions", 502, "something else", OK),
    ],
)
def test_each_refusal_of_the_daemon_has_its_exit_code(
    surroundings: dict[str, str],
    recorder: Recorder,
    incoming: Path,
    request_name: str,
    status: int,
    cause: str,
    code: int,
) -> None:
    recorder.refuse(request_name, status, cause, "No")
    found, text = _run(JOB, surroundings)
    assert found == code
    assert text.splitlines()[-1].startswith("WARNING:" if code == OK else "CRIT:")
    assert len(list(incoming.iterdir())) == (1 if code == OK else 0)


def test_a_document_swept_away_in_between_is_sent_again(
    surroundings: dict[str, str], recorder: Recorder, incoming: Path
) -> None:
    recorder.refuse("submissions", 404, "no-such-document", "No")
    _run(JOB, surroundings)
    assert recorder.requests == ["documents", "submissions"] * 2


def test_with_nowhere_to_go_the_queue_stops(surroundings: dict[str, str], recorder: Recorder, incoming: Path) -> None:
    recorder.stop()
    incoming.rename(incoming.with_name("away"))
    code, text = _run(JOB, surroundings)
    incoming.with_name("away").rename(incoming)
    assert code == STOP
    assert "platend" in text


def test_without_room_to_read_the_job_the_queue_stops(surroundings: dict[str, str]) -> None:
    code, text = _run(JOB, surroundings | {"TMPDIR": "/nonexistent"})
    assert code == STOP
    assert "no room" in text


def test_a_spool_file_that_cannot_be_read_stops_the_queue(surroundings: dict[str, str]) -> None:
    assert _run([*JOB, "/nonexistent"], surroundings)[0] == STOP


def test_a_worker_that_fails_in_an_unforeseen_way_holds_the_job(surroundings: dict[str, str]) -> None:
    code, text = _run(JOB, surroundings, before="sys.modules['backend.hand_over'] = None")
    assert code == HOLD
    assert text.count("DEBUG: The worker died") == 4
    assert text.splitlines()[-1].startswith("ERROR:")


def test_a_job_beyond_all_bounds_is_cancelled(surroundings: dict[str, str]) -> None:
    code, text = _run(JOB, surroundings, before="import backend.documents as d; d.LIMIT_OCTETS = 10")
    assert (code, text) == (CANCEL, "CRIT: The print job is too long to be faxed\n")


def test_sigterm_while_reading_asks_cups_to_run_it_again(surroundings: dict[str, str], recorder: Recorder) -> None:
    code = "import sys; from backend.main import main; sys.exit(main(['platen', *sys.argv[1:]]))"
    program = subprocess.Popen([sys.executable, "-c", code, *JOB], stdin=subprocess.PIPE, env=surroundings)
    assert program.stdin is not None
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children")
    eventually(lambda: bool(children.read_text()), "no worker")
    program.terminate()
    assert program.wait(LIMIT_S) == RETRY_CURRENT
    program.stdin.close()
    assert recorder.taken == {}
