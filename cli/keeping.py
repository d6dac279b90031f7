"""The commands ``platen spool check`` and ``platen spool rebuild-ledger``: the daemon's own program for looking after
its spool, which needs no running daemon. A door does not import the spooler; it runs its program.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The daemon's settings, which name the spool.", show_default=False),
]
Folder = Annotated[
    Path | None, typer.Option("--spool", metavar="DIR", help="The spool's folder itself.", show_default=False)
]

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look after the fax server's spool.")

# What the program says beside success and findings, as this command's own codes.
_CODES = {0: ExitCode.OK, 1: ExitCode.FAILED, 2: ExitCode.USAGE, 78: ExitCode.USAGE, 75: ExitCode.REFUSED}


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="spool")


@group.command()
def check(config: Config = None, spool: Folder = None, as_json: Json = False) -> None:
    """Check the database, every file and every journal; beside a running daemon too.

    Exit code 0 when all is in order, 1 when something was found.
    """
    _run("check", config, spool, as_json)


@group.command("rebuild-ledger")
def rebuild_ledger(config: Config = None, spool: Folder = None, as_json: Json = False) -> None:
    """Make the pages' fates and the calls' records anew from the journals; while no daemon runs."""
    _run("rebuild-ledger", config, spool, as_json)


def _run(task: str, config: Path | None, spool: Path | None, as_json: bool) -> None:
    import subprocess

    options = ["--json"] if as_json else []
    for name, value in (("--config", config), ("--spool", spool)):
        if value is not None:
            options += [name, str(value)]
    done = subprocess.run([sys.executable, "-m", "spooler.keeping", task, *options], check=False)
    if done.returncode:
        raise typer.Exit(_CODES.get(done.returncode, ExitCode.FAULT))
