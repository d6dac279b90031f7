"""``python -m tests.spooler.asks_raw SOCKET``: requests from standard input, a line of JSON each (method, target,
body), made as whoever runs this; the answers go to standard output, a line each (status, body)."""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path
from typing import Any

from tests.spooler.described import Connection


def said(answer: http.client.HTTPResponse, method: str) -> Any:
    """The answer's JSON: a value, or a list of what is given line by line; None where it is something else. What is
    asked for by POST may go on for ever, and is read to its first line."""
    whole = method == "GET" or answer.headers.get("content-length")
    octets = answer.read() if whole else answer.readline()
    kind = answer.headers.get("content-type", "")
    try:
        if "ndjson" in kind:
            return [json.loads(line) for line in octets.splitlines() if line.strip()]
        return json.loads(octets or b"null")
    except ValueError:
        return None


def main(arguments: list[str]) -> int:
    for line in sys.stdin:
        method, target, body = json.loads(line)
        connection = Connection(Path(arguments[0]))
        try:
            connection.request(method, target, body=None if body is None else json.dumps(body))
            answer = connection.getresponse()
            print(json.dumps([answer.status, said(answer, method)]), flush=True)
        finally:
            connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
