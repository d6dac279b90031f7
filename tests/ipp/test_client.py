"""The client: against a real HTTP server on a Unix socket and on TCP, and against servers that misbehave."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path

import pytest

from ipp.client import post
from ipp.codec import decode, encode
from ipp.values import Group, IppError, Message, Operation, integer, request


class _Echo(BaseHTTPRequestHandler):
    """Answers with job-id = operation and the document behind, as it came."""

    protocol_version = "HTTP/1.1"
    status = 200

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            octets = b""
            while size := int(self.rfile.readline(), 16):
                octets += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            octets = self.rfile.read(int(self.headers["Content-Length"]))
        asked = decode(octets)
        groups = request(Operation.GET_JOBS, integer("job-id", asked.code)).groups
        body = encode(Message(0, asked.request_id, groups, data=asked.data))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def address_string(self) -> str:
        return "local"


class _Refusing(_Echo):
    status = 403


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _saying(octets: bytes) -> Iterator[str]:
    """A TCP server that reads a little, says ``octets`` to one caller and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        caller, _ = listener.accept()
        with caller:
            caller.recv(65536)
            caller.sendall(octets)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join()
        listener.close()


def test_a_request_goes_over_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with _serving(socketserver.UnixStreamServer(path, _Echo)):
        answer = post(path, "/", request(Operation.GET_JOB_ATTRIBUTES))
    assert answer.successful
    assert answer.find(Group.OPERATION, "job-id") == integer("job-id", Operation.GET_JOB_ATTRIBUTES)


def test_a_document_goes_behind_the_request_over_tcp() -> None:
    server = socketserver.TCPServer(("127.0.0.1", 0), _Echo)
    document = bytes(range(256)) * 1000
    with _serving(server):
        where = f"127.0.0.1:{server.server_address[1]}"
        answer = post(where, "/ipp/print", request(Operation.PRINT_JOB), BytesIO(document))
    assert answer.data == document


def test_a_refusal_by_http_is_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with _serving(socketserver.UnixStreamServer(path, _Refusing)), pytest.raises(IppError, match="403"):
        post(path, "/", request(Operation.GET_JOBS))


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IppError, match="no answer"):
        post(str(tmp_path / "nobody"), "/", request(Operation.GET_JOBS))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x02\x00\x00\x00",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_a_server_that_talks_nonsense_is_an_error(octets: bytes) -> None:
    with _saying(octets) as where, pytest.raises(IppError):
        post(where, "/", request(Operation.GET_JOBS))


def test_a_silent_server_is_an_error_after_the_time_limit(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with pytest.raises(IppError, match="no answer"):
            post(path, "/", request(Operation.GET_JOBS), timeout_s=0.05)


@pytest.mark.parametrize("where", ["127.0.0.1:1", "[::1]:1", "no such host", "a\0b", ""])
def test_an_address_that_leads_nowhere_is_an_error(where: str) -> None:
    with pytest.raises(IppError):
        post(where, "/", request(Operation.GET_JOBS), timeout_s=1)
