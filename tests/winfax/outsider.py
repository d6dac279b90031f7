"""``python -m tests.winfax.outsider SOCKET``: a program of another user, which is told what to do.

Reads expressions in which ``winfax`` and ``handle`` (a server handle) are known, one a line, and answers each with a
line of JSON: what it gave (functions of the literal layer: ``ok`` first) as text, and the last error.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import winfax


def main(arguments: list[str]) -> int:
    os.environ["PLATEN_SOCKET"] = arguments[0]
    known: dict[str, Any] = {"winfax": winfax, "w": winfax}
    for line in sys.stdin:
        if known.get("handle") is None:
            known["handle"] = winfax.FaxConnectFaxServer()[1]
        winfax.SetLastError(0)
        found = eval(line, known)
        ok = found[0] if isinstance(found, tuple) else found
        print(json.dumps([bool(ok), winfax.GetLastError(), repr(found)]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
