"""``python -m spooler.keeping check|rebuild-ledger``, run by ``platen spool``: looks after a spool without the daemon.

What always holds: run by root it works as the spool's owner, so that nothing of it belongs to another user afterwards;
``check`` writes nothing and works beside a running daemon; ``rebuild-ledger`` works only while no daemon has the spool.

Exit codes: 0 all is well (or was made so), 1 something is wrong, 75 a daemon has the spool, 73 the spool or its
database cannot be used, 78 the settings.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from functools import partial
from pathlib import Path

import msgspec

from spooler.checking import Finding, check, read_books
from spooler.settings import DEFAULT_CONFIG, load
from spooler.settings_values import SettingsError
from spooler.spool import Spool, SpoolBusyError, SpoolError
from spooler.store import Store, StoreError
from spooler.store_check import OtherVersionError
from spooler.store_rebuild import Rebuilt, rebuild


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="platen spool", description="Looks after the fax server's spool.")
    parser.add_argument("task", choices=["check", "rebuild-ledger"])
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="the daemon's settings")
    parser.add_argument("--spool", type=Path, help="the spool's folder, else as the settings say")
    parser.add_argument("--json", action="store_true", help="the findings, or the figures, as JSON")
    options = parser.parse_args(arguments)
    try:
        root = options.spool or load(options.config).spool
        spool = Spool(root.absolute())
        _become_owner(spool.root)
        if not spool.database.is_file():
            raise SpoolError(f"{spool.root} is no spool: there is no {spool.database.name}")
        if options.task == "check":
            return _told(check(spool), options.json)
        return _rebuilt(_rebuild(spool), options.json)
    except SettingsError as error:
        return _refuse(str(error), os.EX_CONFIG)
    except SpoolBusyError as error:
        return _refuse(f"{error}; end it first", os.EX_TEMPFAIL)
    except OtherVersionError as error:
        return _refuse(f"The spool's database is of another version: {error}. Start the daemon once", os.EX_CANTCREAT)
    except sqlite3.DatabaseError as error:
        return _refuse(f"The spool's database cannot be read: {error}", os.EX_CANTCREAT)
    except (SpoolError, StoreError) as error:
        return _refuse(str(error), os.EX_CANTCREAT)
    except OSError as error:
        return _refuse(f"{error.filename or spool.root}: {error.strerror or error}", os.EX_CANTCREAT)


def _become_owner(root: Path) -> None:
    """Root works as whom the spool belongs to. Raises OSError."""
    if os.geteuid() == 0:
        about = root.stat()
        os.setgroups([])
        os.setegid(about.st_gid)
        os.seteuid(about.st_uid)


def _rebuild(spool: Spool) -> Rebuilt:
    with spool.only_instance():
        store = Store(spool.database)
        try:
            return store.call(partial(rebuild, books=read_books(spool)))
        finally:
            store.close()


def _told(findings: list[Finding], as_json: bool) -> int:
    if as_json:
        print(msgspec.json.encode(findings).decode())
    else:
        for found in findings:
            print(f"{found.what}: {found.text}")
        print(f"{len(findings)} finding{'' if len(findings) == 1 else 's'}" if findings else "The spool is in order.")
    return 1 if findings else 0


def _rebuilt(done: Rebuilt, as_json: bool) -> int:
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        print(f"The ledger was made anew from the journals of {done.calls} calls; {done.pages} pages have a fate.")
        if done.found:
            print(f"{done.found} of the calls were not known to the database.")
    return 0


def _refuse(text: str, code: int) -> int:
    print(f"platen spool: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
