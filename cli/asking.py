"""The command that starts the agent of the desktop session.

What always holds: the agent runs under the system's Python, whose ``gi`` it needs, and takes this process' place.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode

SYSTEM_PYTHON = Path("/usr/bin/python3")
AGENT = Path(__file__).resolve().parents[1] / "agent" / "__main__.py"


def register(app: typer.Typer) -> None:
    app.command()(agent)


def agent(
    context: typer.Context,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the dialogue at once, without a notification before it.")
    ] = False,
) -> None:
    """Ask in this desktop session for the recipients of faxes that were printed without one."""
    from cli.output import complain

    if not SYSTEM_PYTHON.exists():
        complain(f"{SYSTEM_PYTHON} is missing: the agent needs the system's Python and its package python3-gi")
        raise typer.Exit(ExitCode.USAGE)
    server = ["--server", context.obj] if context.obj else []
    # Our environment is not the system's: what it says of modules must not reach that Python.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    sys.stdout.flush()
    os.execve(
        SYSTEM_PYTHON,
        [str(SYSTEM_PYTHON), str(AGENT), *server, *(["--open"] if open_ else [])],
        environment,
    )
