"""One client of ``bench.submit``: hands faxes in over one connection and prints the seconds of each as JSON.

``python -m bench._submitter SOCKET COUNT NAME [distinct]``: begins at the first line on standard input. Each fax is an
upload of the document's octets and a submission with a key, as a door does it; it counts when the daemon has answered
201. ``distinct``: every document is another one.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bench._daemon import ONE_PAGE, Kept


def submit(connection: Kept, key: str, octets: bytes) -> None:
    document = connection.ask("POST", "/v1/documents", octets, X_Document_Name="fax.ps")["id"]
    body = json.dumps({"documents": [document], "recipients": [{"number": "5552001"}], "title": key}).encode()
    connection.ask("POST", "/v1/submissions", body, Idempotency_Key=key)


def main(socket: str, count: str, name: str, *distinct: str) -> int:
    connection = Kept(Path(socket))
    connection.ask("GET", "/v1/status")
    print("ready", flush=True)
    sys.stdin.readline()
    took = []
    for number in range(int(count)):
        octets = ONE_PAGE + f"% {name} {number}\n".encode() if distinct else ONE_PAGE
        began = time.perf_counter()
        submit(connection, f"{name}-{number}", octets)
        took.append(time.perf_counter() - began)
    print(json.dumps(took), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
