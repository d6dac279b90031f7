"""``python -m modem.soft``: the software modem by hand. What it offers is ``server.serve``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modem.soft.farend import EXAMPLE, load
from modem.soft.library import SpandspMissing
from modem.soft.server import Asked, serve


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="platen softmodem", description="Class 1 modems on ptys, with a small telephone exchange behind them."
    )
    parser.add_argument(
        "--link",
        action="append",
        required=True,
        metavar="PATH[=NUMBER]",
        help="where the device shall be found, and its number at the exchange (default 100, 101, ...); repeatable",
    )
    parser.add_argument("--config", type=Path, help="the exchange, TOML or JSON; default: an example, which is printed")
    parser.add_argument("--out", type=Path, help="folder for what the fax machines receive")
    parser.add_argument("--json", action="store_true", help="JSON Lines instead of text")
    parser.add_argument("--frames", action="store_true", help="also a line for each T.30 frame")
    parser.add_argument("--speed", type=float, default=1.0, help="line time is so much faster than the clock (tests)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    asked = []
    for place, text in enumerate(options.link):
        path, _, number = str(text).partition("=")
        asked.append(Asked(number=number or str(100 + place), link=Path(path)))
    try:
        data = load(options.config) if options.config else EXAMPLE
        serve(asked, data, out=options.out, as_json=options.json, frames=options.frames, speed=options.speed)
    except (OSError, ValueError, SpandspMissing) as error:
        print(f"softmodem: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
