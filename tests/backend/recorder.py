"""A stand-in for the daemon's door while the backend is what is tested: docs/api.md's two requests, recorded.

It keeps what a daemon would keep (documents by content, submissions by user and key), and can be told to refuse, or
to stop at a point and wait, so that a test can kill somebody just then.
"""

from __future__ import annotations

import hashlib
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import msgspec

from fax.types import Accepted, Document, DocumentId, JobId, Submission, SubmissionId
from tests.backend.desk import LIMIT_S


@dataclass
class Gate:
    """A point where the server waits until it is opened; ``reached`` tells that somebody stands there, who still
    lives: what is left of a request whose asker was killed goes through."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        if self.reached.is_set():
            return  # the first comer alone is stopped
        self.reached.set()
        if not self.opened.wait(LIMIT_S):
            raise TimeoutError("nobody opened the gate")


@dataclass(frozen=True)
class Taken:
    """A submission that was accepted."""

    key: str
    submission: Submission
    jobs: tuple[JobId, ...]


class Recorder:
    """Listens on ``path`` between ``start`` and ``stop``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.documents: dict[str, bytes] = {}
        self.taken: dict[tuple[str | None, str], Taken] = {}
        self.cancelled: list[int] = []
        self.requests: list[str] = []
        self.refusals: dict[str, tuple[int, str, str]] = {}
        self.gates: dict[str, Gate] = {}
        self.dead = False
        self._next = 41
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = _Server(str(self.path), _Handler)
        self._server.recorder = self
        self.path.chmod(0o666)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server and self._thread:
            for gate in self.gates.values():
                gate.opened.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self.path.unlink(missing_ok=True)
            self._server = None

    def hang_up(self) -> None:
        """Break every connection that is open, as a daemon that dies does; those at a gate do nothing any more."""
        self.dead = True
        for gate in self.gates.values():
            gate.opened.set()

    def refuse(self, request: str, status: int, cause: str, text: str) -> None:
        """Answer ``request`` ("documents" or "submissions") with a problem document."""
        self.refusals[request] = (status, cause, text)

    def gate(self, point: str) -> Gate:
        """Stop at ``point``: a request's name with "before" or "after" what it does."""
        return self.gates.setdefault(point, Gate())

    @property
    def only(self) -> Taken:
        """The one submission."""
        (taken,) = self.taken.values()
        return taken

    def contents(self, taken: Taken) -> list[bytes]:
        return [self.documents[name] for name in taken.submission.documents]

    def next_jobs(self, count: int) -> tuple[JobId, ...]:
        first = self._next + 1
        self._next += count
        return tuple(JobId(number) for number in range(first, first + count))


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    recorder: Recorder


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        recorder = self.server.recorder
        name = self.path.removeprefix("/v1/")
        try:
            body = self._body()
        except ConnectionError:
            return
        with recorder.lock:
            recorder.requests.append(name)
        self._pass(f"before {name}")
        if recorder.dead:
            self.close_connection = True
            return
        if name in recorder.refusals:
            status, cause, text = recorder.refusals[name]
            problem = {"type": cause, "title": text, "status": status, "detail": None}
            self._answer(status, msgspec.json.encode(problem), "application/problem+json")
            return
        with recorder.lock:
            status, answer = self._act(recorder, name, body)
        self._pass(f"after {name}")
        self._answer(status, msgspec.json.encode(answer), "application/json")

    def _act(self, recorder: Recorder, name: str, body: bytes) -> tuple[int, object]:
        if name == "documents":
            id = DocumentId(hashlib.sha256(body).hexdigest())
            recorder.documents[id] = body
            return 201, Document(id=id, type="application/octet-stream", pages=None, octets=len(body))
        if name == "submissions":
            submission = msgspec.json.decode(body, type=Submission)
            assert set(submission.documents) <= set(recorder.documents)
            key = (submission.user, self.headers["Idempotency-Key"])
            known = recorder.taken.get(key)
            if known is None:
                known = Taken(key[1], submission, recorder.next_jobs(len(submission.recipients)))
                recorder.taken[key] = known
            return 201, Accepted(submission=SubmissionId(key[1]), jobs=known.jobs)
        jobs, number, act = name.split("/")
        assert (jobs, act) == ("jobs", "cancel")
        recorder.cancelled.append(int(number))
        return 200, {}

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        octets = b""
        while True:
            line = self.rfile.readline()
            if not line:
                raise ConnectionError  # the client died: a daemon takes nothing then
            size = int(line, 16)
            block = self.rfile.read(size)
            self.rfile.readline()
            if len(block) < size:
                raise ConnectionError
            if not size:
                return octets
            octets += block

    def _pass(self, point: str) -> None:
        if (gate := self.server.recorder.gates.get(point)) and not self._asker_is_gone():
            gate.pass_through()

    def _asker_is_gone(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass

    def address_string(self) -> str:
        return "local"
