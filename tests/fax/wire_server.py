"""A real HTTP server on a Unix socket, whose answers a test says; it keeps what was asked of it."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import cast

Answerer = Callable[["Handler", bytes], None]


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    chunks: list[int] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WireServer

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def json(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status: int, cause: str, title: str, detail: str = "null") -> None:
        body = f'{{"type": "{cause}", "title": "{title}", "status": {status}, "detail": {detail}}}'.encode()
        self.json(status, body, "application/problem+json")

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, octets: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(octets), octets))

    def drop(self) -> None:
        """Break off, as a killed daemon does."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        self.server.asked.append(asked)
        answerer = self.server.answers.get((self.command, self.path.partition("?")[0]))
        if answerer is None:
            self.problem(404, "no-such-job", "There is no such job")
            return
        if not getattr(answerer, "before_body", False):
            self._read_body(asked)
        answerer(self, asked.body)

    def _read_body(self, asked: Asked) -> None:
        if asked.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                asked.chunks.append(size)
                asked.body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            asked.body = self.rfile.read(int(asked.headers.get("content-length", "0")))

    do_GET = do_POST = _serve


class WireServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Handler)
        self.path = path
        self.asked: list[Asked] = []
        self.answers: dict[tuple[str, str], Answerer] = {}

    def say(self, method: str, target: str, status: int, body: bytes | str) -> None:
        """Answer ``target`` with this from now on."""
        octets = body.encode() if isinstance(body, str) else body
        self.answers[method, target] = lambda handler, _: handler.json(status, octets)

    def refuse(self, method: str, target: str, status: int, cause: str, title: str, detail: str = "null") -> None:
        self.answers[method, target] = lambda handler, _: handler.problem(status, cause, title, detail)

    def act(self, method: str, target: str, answerer: Answerer, *, before_body: bool = False) -> None:
        """Answer ``target`` by calling ``answerer``, before the request's body is read if so said."""
        if before_body:
            cast(object, answerer).__dict__["before_body"] = True
        self.answers[method, target] = answerer

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def serving(path: Path) -> Iterator[WireServer]:
    path.unlink(missing_ok=True)
    server = WireServer(path)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        path.unlink(missing_ok=True)
        thread.join()


JOB = """{"id": 12, "submission": "s-1", "user": "ann", "title": "report.pdf", "state": "%s",
 "recipient": {"number": "5552001", "name": "Bob"}, "sender": {}, "cover": null, "resolution": "fine",
 "created": "2026-11-20T10:51:03.5Z", "attempts": 2, "pages_total": 3, "pages_confirmed": 1,
 "reason": "the line was busy", "cause": "busy", "until": "2026-11-20T10:56:03Z"%s}"""
PAGES_AND_CALLS = """, "pages": [{"number": 1, "width": 1728, "rows": 2292, "fate": "confirmed", "call": "c-1"},
 {"number": 2, "width": 1728, "rows": 2292}],
 "calls": [{"id": "c-1", "port": "line1", "started": "2026-11-20T10:51:04Z", "ended": "2026-11-20T10:51:44Z",
 "cause": "far-end-disconnected", "text": "The far end hung up.", "line_seconds": 39.5}]"""


def job(state: str = "waiting", *, whole: bool = False) -> str:
    """A job as docs/api.md has it on the wire."""
    return JOB % (state, PAGES_AND_CALLS if whole else "")


def event(cursor: int, kind: str, more: str = "", job: int = 12) -> bytes:
    return f'{{"cursor": {cursor}, "at": "2026-11-20T10:51:03Z", "kind": "{kind}", "job": {job}{more}}}\n'.encode()
