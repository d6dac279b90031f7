"""``python -m modem.port``: the port process on the command line. Logs to standard error."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from modem.port.process import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m modem.port", description="One telephone line of Platen.")
    parser.add_argument("--name", required=True, help="the port's name")
    parser.add_argument("--device", required=True, help="the modem's device, such as /dev/ttyACM0")
    parser.add_argument("--folder", required=True, type=Path, help="where its lock and control socket are")
    parser.add_argument("--lock-folder", type=Path, help="where UUCP lock files are (default: none are made)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s")
    return serve(arguments.name, arguments.device, arguments.folder.absolute(), arguments.lock_folder)


if __name__ == "__main__":
    sys.exit(main())
