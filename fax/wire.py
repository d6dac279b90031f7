"""One HTTP exchange with the daemon, over its Unix socket or over TLS.

What always holds: a failure to reach the daemon, and a refusal by it, leaves here as an error of ``fax.errors``; a
connection serves one exchange, so that a restarted daemon is never met through a dead connection; a request's body is
streamed in chunks and never held whole.

Must not: know what the requests mean (``fax.client`` does), or retry by itself.
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar, Union

import msgspec

from fax.errors import Cause, FaxError, NotRunningError, RequestError, ServerError, error_for

if TYPE_CHECKING:
    from pathlib import Path
    from ssl import SSLContext

BLOCK_OCTETS = 1 << 16
START_COMMAND = "platend"
PROBLEM_LIMIT_OCTETS = 1 << 20

T = TypeVar("T")


class Readable(Protocol):
    """Whatever a document's octets can be read from; ``read`` gives b"" at the end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class _Problem:
    type: str = ""
    title: str = ""
    status: int = 0
    detail: str | None = None


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A daemon that is reached over TCP. ``tls`` False: to this machine only. ``authorization``: the header's value."""

    host: str
    port: int
    tls: bool
    authorization: str | None = None
    ca_file: str | None = None  # None: the system's

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def __repr__(self) -> str:
        # A traceback must not hold what lets one in.
        return f"Remote({self})"


Where = Union["Path", Remote]
"""The daemon: its Unix socket, or where it is reached over TCP."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(os.fspath(self._path))
        except BaseException:
            self.sock.close()
            raise


def _trust(remote: Remote) -> SSLContext:
    """Raises RequestError: its file of authorities cannot be used."""
    import ssl

    try:
        return ssl.create_default_context(cafile=remote.ca_file)
    except (OSError, ssl.SSLError) as error:
        text = f"The certificates of {remote.ca_file} cannot be used: {error}"
        raise RequestError(Cause.BAD_REQUEST, text) from error


def _connection(where: Where, timeout_s: float) -> http.client.HTTPConnection:
    if not isinstance(where, Remote):
        return _UnixConnection(where, timeout_s)
    if where.tls:
        return http.client.HTTPSConnection(where.host, where.port, timeout=timeout_s, context=_trust(where))
    return http.client.HTTPConnection(where.host, where.port, timeout=timeout_s)


def not_running(where: Where, why: str) -> NotRunningError:
    """The error for a daemon that is not there; names the socket and the command that starts the daemon."""
    start = "" if isinstance(where, Remote) else f". Start it with: {START_COMMAND}"
    return NotRunningError(f"The fax server does not answer on {where}: {why}{start}")


def _connection_error(where: Where, error: OSError) -> FaxError:
    if isinstance(error, FileNotFoundError):
        return not_running(where, "there is no such socket")
    if isinstance(error, ConnectionRefusedError):
        return not_running(where, "nothing listens there")
    if isinstance(error, TimeoutError) or error.errno == errno.EAGAIN:
        return not_running(where, "it is too busy to take the connection")
    if isinstance(error, PermissionError):
        return RequestError(Cause.NOT_ALLOWED, f"You may not use the fax server's socket {where}: permission denied")
    if isinstance(error, ValueError):  # ssl.SSLCertVerificationError is one too
        why = getattr(error, "verify_message", str(error))
        text = f"Who answers on {where} cannot prove to be the fax server: {why}"
        return RequestError(Cause.NOT_AUTHENTICATED, text)
    return not_running(where, error.strerror or str(error))


def _open(where: Where, timeout_s: float) -> http.client.HTTPConnection:
    connection = _connection(where, timeout_s)
    try:
        connection.connect()
    except OSError as error:
        connection.close()
        raise _connection_error(where, error) from error
    return connection


def _guard(where: Where, act: Callable[[], T]) -> T:
    """``act`` on the socket; its failure means that the daemon went away or fell silent."""
    try:
        return act()
    except TimeoutError as error:
        raise not_running(where, "it took the request but gave no answer in time") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise not_running(where, "it went away before it had answered") from error


@contextmanager
def exchange(
    where: Where,
    method: str,
    target: str,
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    body: bytes | Readable | None = None,
) -> Iterator[Answer]:
    """Send one request and hand out its answer, good answers only.

    ``timeout_s`` bounds each wait for the daemon, not the whole exchange. A ``body`` that is read from is sent chunked.

    Raises:
        NotRunningError: no daemon, or it went away or fell silent in the exchange.
        FaxError: the daemon's refusal, by its cause.
        OSError: reading ``body`` failed; the daemon then sees a request that breaks off.
    """
    connection = _open(where, timeout_s)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        said = {"Connection": "close", **(headers or {})}
        if isinstance(where, Remote) and where.authorization is not None:
            said["Authorization"] = where.authorization
        for name, value in said.items():
            connection.putheader(name, value)
        if body is None or isinstance(body, bytes):
            if method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body or b"")))
            _send(where, lambda: connection.endheaders(body))
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            _send(where, connection.endheaders)
            _send_chunks(where, connection, body)
        response = _guard(where, connection.getresponse)
        if response.status >= 400:
            raise _refusal(where, response)
        yield Answer(where, response)
    finally:
        connection.close()


def _send(where: Where, act: Callable[[], None]) -> bool:
    """False when the daemon no longer reads: it may have answered already, and that answer is what the caller needs."""
    try:
        _guard(where, act)
    except NotRunningError as error:
        if isinstance(error.__cause__, BrokenPipeError | ConnectionResetError):
            return False
        raise
    return True


def _send_chunks(where: Where, connection: http.client.HTTPConnection, body: Readable) -> None:
    block = b"-"
    while block:
        block = body.read(BLOCK_OCTETS)
        chunk = b"%x\r\n%b\r\n" % (len(block), block)
        if not _send(where, partial(connection.send, chunk)):
            return


class Answer:
    """The daemon's good answer, read in pieces or whole."""

    def __init__(self, where: Where, response: http.client.HTTPResponse) -> None:
        self._where = where
        self._response = response
        self.status = response.status

    def blocks(self) -> Iterator[bytes]:
        """The body in pieces. Raises NotRunningError when it breaks off."""
        while block := _guard(self._where, lambda: self._response.read(BLOCK_OCTETS)):
            yield block
        # http.client takes an end before the promised length for an end like any other when it reads in pieces.
        if self._response.length:
            raise not_running(self._where, "it went away before it had answered")

    def lines(self) -> Iterator[bytes]:
        """The body by lines, each with its end; a line that broke off is not given out."""
        while (line := _guard(self._where, self._response.readline)).endswith(b"\n"):
            yield line

    def whole(self) -> bytes:
        return b"".join(self.blocks())


def _refusal(where: Where, response: http.client.HTTPResponse) -> FaxError:
    body = b""
    with suppress(OSError, http.client.HTTPException):
        body = response.read(PROBLEM_LIMIT_OCTETS)
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    try:
        cause = Cause(problem.type)
    except ValueError:
        # Not one of ours: something else listens there, or a newer daemon.
        cause = Cause.INTERNAL if response.status >= 500 else Cause.BAD_REQUEST
    text = problem.title or f"The fax server on {where} answered {response.status} {response.reason}"
    return error_for(cause, text, problem.detail)


def misunderstood(where: Where, error: Exception) -> ServerError:
    """The daemon's good answer is not what the API promises."""
    return ServerError(Cause.INTERNAL, f"The answer of the fax server on {where} makes no sense", str(error))
