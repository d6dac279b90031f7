"""The client against a real HTTP server on a Unix socket that says what docs/api.md says."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fax import (
    Cause,
    Client,
    DocumentError,
    DocumentId,
    Fate,
    FaxError,
    JobId,
    JobState,
    NotRunningError,
    Recipient,
    RequestError,
    ServerError,
    Submission,
)
from tests.fax.wire_server import Handler, WireServer, job


def test_a_job_is_read_with_its_times_enums_pages_and_calls(client: Client, server: WireServer) -> None:
    server.say("GET", "/v1/jobs/12", 200, job(whole=True))
    found = client.job(JobId(12))
    assert found.state is JobState.WAITING
    assert found.created == datetime(2026, 11, 20, 10, 51, 3, 500000, UTC)
    assert found.recipient == Recipient(number="5552001", name="Bob")
    assert [page.fate for page in found.pages] == [Fate.CONFIRMED, Fate.NOT_SENT]
    assert found.calls[0].line_seconds == 39.5


def test_the_questions_of_a_list_are_in_the_query(client: Client, server: WireServer) -> None:
    server.say("GET", "/v1/jobs", 200, f"[{job()}]")
    assert [found.id for found in client.jobs(state=JobState.HELD, after=JobId(3), limit=5)] == [12]
    assert [found.id for found in client.jobs()] == [12]
    assert [asked.target for asked in server.asked] == ["/v1/jobs?state=held&after=3&limit=5", "/v1/jobs"]


def test_a_submission_carries_its_key_and_its_fields(client: Client, server: WireServer) -> None:
    server.say("POST", "/v1/submissions", 201, '{"submission": "s-1", "jobs": [12, 13]}')
    wanted = Submission(
        documents=(DocumentId("ab" * 32),), recipients=(Recipient(number="555 20-01"), Recipient(number="5552002"))
    )
    assert client.submit(wanted, key="job-uuid-1").jobs == (12, 13)
    (asked,) = server.asked
    assert asked.headers["idempotency-key"] == "job-uuid-1"
    said = json.loads(asked.body)
    assert said["documents"] == ["ab" * 32]
    assert [recipient["number"] for recipient in said["recipients"]] == ["555 20-01", "5552002"]
    assert said["resolution"] == "fine"


@pytest.mark.parametrize("key", ["", "x" * 256, "zwölf", "a\r\nX-Other: b"])
def test_a_key_that_is_not_printable_ascii_never_reaches_the_wire(client: Client, server: WireServer, key: str) -> None:
    with pytest.raises(RequestError) as caught:
        client.submit(Submission(documents=(), recipients=()), key=key)
    assert caught.value.cause is Cause.BAD_REQUEST
    assert server.asked == []


class _Endless:
    """A source that counts how much of it is wanted at a time, and ends after ``octets``."""

    def __init__(self, octets: int) -> None:
        self.left = octets
        self.largest = 0

    def read(self, size: int, /) -> bytes:
        self.largest = max(self.largest, size)
        block = b"\0" * min(size, self.left)
        self.left -= len(block)
        return block


DOCUMENT = '{"id": "aa", "type": "application/pdf", "pages": 3, "octets": 5}'


def test_an_upload_is_streamed_in_chunks(client: Client, server: WireServer) -> None:
    server.say("POST", "/v1/documents", 201, DOCUMENT)
    source = _Endless(1_000_000)
    assert client.upload(source, name="Übersicht 1/2.pdf").pages == 3
    (asked,) = server.asked
    assert len(asked.body) == 1_000_000
    assert max(asked.chunks) == source.largest < 100_000
    assert asked.headers["x-document-name"] == "%C3%9Cbersicht%201%2F2.pdf"
    assert "content-length" not in asked.headers


def test_a_file_is_uploaded_under_its_own_name(client: Client, server: WireServer, tmp_path: Path) -> None:
    server.say("POST", "/v1/documents", 201, DOCUMENT)
    (tmp_path / "a b.pdf").write_bytes(b"%PDF-")
    client.upload(tmp_path / "a b.pdf")
    assert server.asked[0].headers["x-document-name"] == "a%20b.pdf"
    assert server.asked[0].body == b"%PDF-"


def test_an_empty_document_is_sent_as_such(client: Client, server: WireServer) -> None:
    server.refuse("POST", "/v1/documents", 422, "document-empty", "The document is empty")
    with pytest.raises(DocumentError) as caught:
        client.upload(io.BytesIO())
    assert caught.value.cause is Cause.DOCUMENT_EMPTY
    assert server.asked[0].body == b""


def test_a_refusal_in_the_middle_of_an_upload_is_heard(client: Client, server: WireServer) -> None:
    def too_large(handler: Handler, _: bytes) -> None:
        handler.rfile.read(1000)
        handler.problem(413, "document-too-large", "The document is larger than 100 MB")
        handler.drop()

    server.act("POST", "/v1/documents", too_large, before_body=True)
    source = _Endless(200_000_000)
    with pytest.raises(DocumentError) as caught:
        client.upload(source)
    assert caught.value.cause is Cause.DOCUMENT_TOO_LARGE
    assert source.left > 0


class _Broken:
    def read(self, size: int, /) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_source_that_cannot_be_read_is_not_taken_for_a_dead_daemon(client: Client, server: WireServer) -> None:
    server.say("POST", "/v1/documents", 201, DOCUMENT)
    with pytest.raises(OSError, match="Input/output error"):
        client.upload(_Broken())


@pytest.mark.parametrize(
    ("status", "cause", "kind"),
    [
        (400, Cause.BAD_REQUEST, RequestError),
        (400, Cause.BAD_NUMBER, RequestError),
        (400, Cause.COVER_PAGE, RequestError),
        (403, Cause.NOT_ALLOWED, RequestError),
        (404, Cause.NO_SUCH_JOB, RequestError),
        (404, Cause.NO_SUCH_DOCUMENT, RequestError),
        (409, Cause.WRONG_STATE, RequestError),
        (413, Cause.DOCUMENT_TOO_LARGE, DocumentError),
        (422, Cause.DOCUMENT_TYPE, DocumentError),
        (422, Cause.DOCUMENT_DAMAGED, DocumentError),
        (422, Cause.DOCUMENT_ENCRYPTED, DocumentError),
        (500, Cause.INTERNAL, ServerError),
        (507, Cause.STORAGE, ServerError),
    ],
)
def test_each_problem_becomes_its_error(
    client: Client, server: WireServer, status: int, cause: Cause, kind: type[FaxError]
) -> None:
    server.refuse("POST", "/v1/jobs/12/cancel", status, cause.value, "What is wrong", '"and more"')
    with pytest.raises(FaxError) as caught:
        client.cancel(JobId(12))
    assert type(caught.value) is kind
    assert (caught.value.cause, caught.value.text, caught.value.detail) == (cause, "What is wrong", "and more")


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (500, "Internal Server Error", Cause.INTERNAL),
        (400, "Invalid HTTP request received.", Cause.BAD_REQUEST),
        (404, '{"detail": "Not Found"}', Cause.BAD_REQUEST),
        (418, '{"type": "from-the-future", "title": "Tea only"}', Cause.BAD_REQUEST),
    ],
)
def test_a_refusal_that_is_no_problem_of_ours_still_becomes_an_error(
    client: Client, server: WireServer, status: int, body: str, cause: Cause
) -> None:
    server.say("GET", "/v1/status", status, body)
    with pytest.raises(FaxError) as caught:
        client.status()
    assert caught.value.cause is cause


@pytest.mark.parametrize("body", ["", "{}", "not json", '{"version": 3}'])
def test_a_good_answer_that_makes_no_sense_is_the_servers_fault(client: Client, server: WireServer, body: str) -> None:
    server.say("GET", "/v1/status", 200, body)
    with pytest.raises(ServerError) as caught:
        client.status()
    assert caught.value.cause is Cause.INTERNAL


def test_without_a_socket_the_error_names_it_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match=r"none\.sock.*platend") as caught:
        Client(tmp_path / "none.sock").status()
    assert caught.value.cause is Cause.NOT_RUNNING


def test_a_socket_that_nobody_listens_on_is_a_daemon_not_running(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))
    with pytest.raises(NotRunningError, match=r"dead\.sock"):
        Client(tmp_path / "dead.sock").status()


def test_a_path_too_long_for_a_socket_is_a_daemon_not_running(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="too long"):
        Client(tmp_path / ("x" * 120)).status()


def test_a_daemon_that_dies_before_it_answers_is_not_running(client: Client, server: WireServer) -> None:
    server.act("POST", "/v1/submissions", lambda handler, _: handler.drop())
    with pytest.raises(NotRunningError, match="went away"):
        client.submit(Submission(documents=(), recipients=()))


def test_an_answer_cut_short_is_a_daemon_not_running(client: Client, server: WireServer) -> None:
    def cut(handler: Handler, _: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"version": "1')
        handler.drop()

    server.act("GET", "/v1/status", cut)
    with pytest.raises(NotRunningError, match="went away"):
        client.status()


def test_a_daemon_that_says_nothing_is_given_up(server: WireServer) -> None:
    def silent(handler: Handler, _: bytes) -> None:
        handler.rfile.read(1)

    server.act("GET", "/v1/status", silent)
    with pytest.raises(NotRunningError, match="no answer in time"):
        Client(server.path, timeout_s=0.05).status()


def test_the_socket_may_come_from_the_environment(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.say("GET", "/v1/jobs", 200, "[]")
    monkeypatch.setenv("PLATEN_SOCKET", str(server.path))
    assert Client().jobs() == []
    monkeypatch.delenv("PLATEN_SOCKET")
    assert str(Client().server) == "/run/platen/api.sock"


def test_pages_are_written_whole(client: Client, server: WireServer, tmp_path: Path) -> None:
    server.say("GET", "/v1/jobs/12/pages", 200, b"II*\0" * 50_000)
    client.pages(JobId(12), tmp_path / "out.tif")
    assert (tmp_path / "out.tif").read_bytes() == b"II*\0" * 50_000


@pytest.mark.parametrize("chunked", [True, False])
def test_pages_that_break_off_leave_the_file_as_it_was(
    client: Client, server: WireServer, tmp_path: Path, chunked: bool
) -> None:
    def cut(handler: Handler, _: bytes) -> None:
        if chunked:
            handler.begin_stream()
            handler.chunk(b"II*\0" * 30_000)
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", "300000")
            handler.end_headers()
            handler.wfile.write(b"II*\0" * 30_000)
        handler.drop()

    server.act("GET", "/v1/jobs/12/pages", cut)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.tif").write_bytes(b"old")
    with pytest.raises(NotRunningError):
        client.pages(JobId(12), tmp_path / "out" / "out.tif")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["out.tif"]
    assert (tmp_path / "out" / "out.tif").read_bytes() == b"old"


def test_the_types_come_without_http_and_the_client_without_anything_slow() -> None:
    script = "import sys, fax; a = 'http.client' in sys.modules; fax.Client; print(a, *sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert said[0] == "False"
    assert "http.client" in said
    assert not {"asyncio", "typer", "rich", "pydantic", "numpy", "PIL", "sqlalchemy", "subprocess"} & set(said)
