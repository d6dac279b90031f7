"""Puts the fax printer into a CUPS, or takes it out: what ``script/queue`` runs once everything is set up.

What always holds: an error is one sentence and exit code 1; a queue that is there is set anew, and its jobs stay.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from backend.install import (
    DEFAULT_URI,
    SYSTEM_SERVERBIN,
    InstallError,
    add_queue,
    install_backend,
    install_filters,
    remove_queue,
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="script/queue", description="The fax printer in this machine's CUPS.")
    parser.add_argument("act", choices=("add", "remove"))
    parser.add_argument("name", nargs="?", default="fax", help="the queue's name (default fax)")
    parser.add_argument("--uri", default=DEFAULT_URI, help=f"the queue's device (default {DEFAULT_URI})")
    parser.add_argument("--server", help="another CUPS: the path of its socket, or host:port")
    parser.add_argument("--serverbin", type=Path, default=SYSTEM_SERVERBIN, help="where that CUPS has its programs")
    options = parser.parse_args(arguments)
    try:
        if options.act == "remove":
            remove_queue(options.name, options.server)
            print(f"The queue {options.name} is removed.")
            return 0
        backend = install_backend(options.serverbin / "backend")
        filters = install_filters(options.serverbin / "filter")
        add_queue(options.name, options.uri, server=options.server)
    except InstallError as error:
        print(f"queue: {error}", file=sys.stderr)
        return 1
    for file in (backend, *filters):
        print(f"{file.path}{': ' + file.note if file.note else ''}")
    print(f"The queue {options.name} is ready: lp -d {options.name} -o phone=NUMBER FILE")
    return 0


if __name__ == "__main__":
    sys.exit(main())
