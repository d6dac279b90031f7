"""The command ``platend``: reads the settings, takes the spool, runs the daemon.

What always holds: what keeps it from starting is one clear line on standard error and an exit code of sysexits.h: 78
settings, 73 spool or database not usable, 75 another daemon has the spool, 71 socket.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import sys
from pathlib import Path

from fax.errors import FaxError
from spooler import VERSION, logs
from spooler.serving import SocketError, serve
from spooler.settings import DEFAULT_CONFIG, Settings, load
from spooler.settings_values import SettingsError
from spooler.spool import Spool, SpoolBusyError, SpoolError
from spooler.store import Store, StoreError
from spooler.tls import ListenerError

log = logging.getLogger(__name__)
SWITCH_S = 0.0005
COLLECT_AT = (20_000, 20, 100)  # objects, then collections of the younger generation


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
    try:
        logs.begin(settings.first_levels, to=settings.log_to, file=settings.log_file)
    except OSError as error:
        return _refuse(
            f"The log cannot be written: {error.filename or settings.log_to}: {error.strerror}", os.EX_CONFIG
        )
    return run(settings)


def run(settings: Settings) -> int:
    """Run the daemon until it is told to end; returns the exit code."""
    # The event loop and the store hand work to each other all the time; who waits for the other is not to wait long.
    sys.setswitchinterval(SWITCH_S)
    # What waits for days is not looked through for waste again and again.
    gc.set_threshold(*COLLECT_AT)
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
    except (SocketError, ListenerError) as error:
        return _refuse(str(error), os.EX_OSERR)
    except OSError as error:
        return _refuse(f"The spool {settings.spool} fails: {error.strerror or error}", os.EX_CANTCREAT)
    except FaxError as error:
        return _refuse(error.text, os.EX_CANTCREAT)
    return 0


def _refuse(text: str, code: int) -> int:
    print(f"platend: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
