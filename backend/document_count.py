"""How many documents a print job has, asked of cupsd without the imports that asking usually costs.

The end of our filters asks this for every print job, in a process of its own; with ``ipp.client`` that would be the
greater part of its work. One fixed question (RFC 8010), and one number looked for in the answer.
"""

from __future__ import annotations

import _socket

LIMIT_OCTETS = 1 << 16
TIMEOUT_S = 5.0
_NAME = b"number-of-documents"


def document_count(server: str | None, job_id: str) -> int | None:
    """The number of documents, banner pages among them; None when cupsd, at the socket ``server``, does not tell."""
    if not server or not server.startswith("/") or not job_id.isdigit():
        return None
    question = b"".join(
        (
            b"\x02\x00\x00\x09\x00\x00\x00\x01\x01",  # IPP 2.0, Get-Job-Attributes, operation attributes
            _attribute(0x47, b"attributes-charset", b"utf-8"),
            _attribute(0x48, b"attributes-natural-language", b"en"),
            _attribute(0x45, b"job-uri", b"ipp://localhost/jobs/" + job_id.encode()),
            _attribute(0x42, b"requesting-user-name", b"root"),
            _attribute(0x44, b"requested-attributes", _NAME),
            b"\x03",
        )
    )
    head = "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/ipp\r\n"
    head += f"Content-Length: {len(question)}\r\n\r\n"
    try:
        answer = _exchanged(server, head.encode() + question)
    except OSError:
        return None
    # an integer (0x21), its name, and four octets
    mark = b"\x21" + len(_NAME).to_bytes(2, "big") + _NAME + b"\x00\x04"
    _, found, after = answer.partition(mark)
    if not found or len(after) < 4:
        return None
    return int.from_bytes(after[:4], "big", signed=True)


def _exchanged(server: str, octets: bytes) -> bytes:
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(TIMEOUT_S)
        connection.connect(server)
        connection.sendall(octets)
        answer = b""
        while len(answer) < LIMIT_OCTETS and (block := connection.recv(LIMIT_OCTETS)):
            answer += block
        return answer
    finally:
        connection.close()


def _attribute(tag: int, name: bytes, value: bytes) -> bytes:
    return bytes([tag]) + len(name).to_bytes(2, "big") + name + len(value).to_bytes(2, "big") + value
