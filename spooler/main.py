"""The command ``platend``: reads the settings, takes the spool, runs the daemon.

What always holds: what keeps it from starting is one clear line on standard error and an exit code of sysexits.h: 78
settings, 73 spool or database not usable, 75 another daemon has the spool, 71 socket.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from spooler import VERSION
from spooler.daemon import serve
from spooler.settings import DEFAULT_CONFIG, Settings, SettingsError, load
from spooler.spool import Spool, SpoolBusyError, SpoolError
from spooler.store import Store, StoreError

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="platend", description="The daemon of the fax server Platen.")
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help=f"settings (default {DEFAULT_CONFIG})")
    parser.add_argument("--check-config", action="store_true", help="check the settings and end")
    parser.add_argument("--version", action="version", version=f"platend {VERSION}")
    options = parser.parse_args(arguments)
    try:
        settings = load(options.config)
    except SettingsError as error:
        return _refuse(str(error), os.EX_CONFIG)
    if options.check_config:
        print(f"{options.config}: good, {len(settings.ports)} port(s)")
        return 0
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    return run(settings)


def run(settings: Settings) -> int:
    """Run the daemon until it is told to end; returns the exit code."""
    # Faxes are nobody else's business; what others may reach is opened by name.
    os.umask(0o077)
    spool = Spool(settings.spool.absolute())
    try:
        with spool.only_instance():
            spool.prepare(settings.users.backends[0] if settings.users.backends else None)
            store = Store(spool.database)
            try:
                asyncio.run(serve(settings, spool, store))
            finally:
                store.close()
    except SpoolBusyError as error:
        return _refuse(str(error), os.EX_TEMPFAIL)
    except (SpoolError, StoreError) as error:
        return _refuse(str(error), os.EX_CANTCREAT)
    except OSError as error:
        return _refuse(f"The socket {settings.socket} cannot be made: {error.strerror or error}", os.EX_OSERR)
    return 0


def _refuse(text: str, code: int) -> int:
    print(f"platend: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
