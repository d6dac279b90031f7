"""One IPP request over HTTP, one answer: to a Unix domain socket or to TCP.

What always holds: the answer is bounded in size, a server that is away, slow or talks something else raises
``IppError``. It keeps no connection and knows no passwords.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import BinaryIO

from ipp.codec import decode, encode
from ipp.values import IppError, Message

MAX_ANSWER = 16 * 1024 * 1024
"""Octets of an answer that are read at most."""
_BLOCK = 1 << 16


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connect(server: str, timeout_s: float) -> http.client.HTTPConnection:
    """A connection to ``server``: an absolute path is a Unix domain socket, anything else ``host[:port]`` (631)."""
    if server.startswith("/"):
        return _UnixConnection(server, timeout_s)
    host, colon, port = server.rpartition(":")
    if not colon or not port.isdigit():
        host, port = server, "631"
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=timeout_s)


def post(
    server: str, resource: str, message: Message, document: BinaryIO | None = None, *, timeout_s: float = 10.0
) -> Message:
    """Post ``message`` (and the octets of ``document`` behind it) to ``resource``, such as ``/``; the answer.

    ``timeout_s`` bounds each wait for the socket, not the whole. IppError when no IPP answer comes; an IPP answer
    that says no is an answer.
    """
    octets = encode(message)
    headers = {"Content-Type": "application/ipp"}
    try:
        # inside the try, since a host name can be refused here already
        connection = connect(server, timeout_s)
        try:
            if document is None:
                connection.request("POST", resource, octets, headers)
            else:
                connection.request("POST", resource, _blocks(octets, document), headers, encode_chunked=True)
            answer = connection.getresponse()
            body = answer.read(MAX_ANSWER + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise IppError(f"no answer from {server}: {error}") from error
    if answer.status != 200:
        raise IppError(f"{server} answered with HTTP status {answer.status}")
    if len(body) > MAX_ANSWER:
        raise IppError(f"the answer of {server} is longer than {MAX_ANSWER} octets")
    return decode(body)


def _blocks(head: bytes, document: BinaryIO) -> Iterator[bytes]:
    yield head
    while block := document.read(_BLOCK):
        yield block
