"""The command ``platen``: its commands, and the rim where errors become one sentence and an exit code.

What always holds: no traceback reaches a person (unless PLATEN_DEBUG is set); ``--help`` loads neither rich nor
anything that speaks to the daemon.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cli import exits

app = typer.Typer(
    name="platen",
    help="Send faxes and look after them.",
    epilog=exits.HELP,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def options(
    context: typer.Context,
    socket: Annotated[
        str | None,
        typer.Option(
            "--socket",
            "--server",
            help="The fax server's socket, or https://HOST:PORT; else $PLATEN_SOCKET, else /run/platen/api.sock.",
            show_default=False,
        ),
    ] = None,
) -> None:
    context.obj = socket


def _register() -> None:
    from cli import (
        access,
        answering,
        archive,
        asking,
        book,
        calls,
        changing,
        covers,
        inbox,
        keeping,
        local,
        looking,
        mail,
        queues,
        records,
        registry,
        routing,
        sending,
        settings,
    )

    for module in (
        sending,
        changing,
        looking,
        inbox,
        mail,
        archive,
        records,
        book,
        settings,
        routing,
        registry,
        access,
        queues,
        asking,
        calls,
        covers,
        local,
        answering,
        keeping,
    ):
        module.register(app)


def cover_argument(arguments: Sequence[str]) -> list[str]:
    """``--cover`` alone means the default template; its value, if any, comes after ``=`` so that a file is never taken
    for it."""
    made = list(arguments)
    end = made.index("--") if "--" in made else len(made)
    return ["--cover=default" if at < end and word == "--cover" else word for at, word in enumerate(made)]


def asked_for(filename: object) -> str:
    """The file that the person named: results are written under a hidden temporary name beside it."""
    path = Path(os.fsdecode(filename) if isinstance(filename, str | bytes | os.PathLike) else str(filename))
    part = re.fullmatch(r"\.(.+)\.[^.]+\.part", path.name)
    return str(path.with_name(part[1]) if part else path)


def main() -> None:
    """Run the command and leave with one of ``cli.exits.ExitCode``."""
    try:
        _register()
        app(cover_argument(sys.argv[1:]), prog_name="platen")
    except KeyboardInterrupt:
        sys.exit(exits.ExitCode.INTERRUPTED)
    except Exception as error:
        if os.environ.get("PLATEN_DEBUG"):
            raise
        from cli.output import complain
        from fax.errors import FaxError

        if isinstance(error, FaxError):
            complain(f"{error.text} ({error.detail})" if error.detail else error.text)
            sys.exit(exits.exit_code(error))
        if isinstance(error, OSError):
            where = f"{asked_for(error.filename)}: " if error.filename is not None else ""
            complain(f"{where}{error.strerror or error}")
            sys.exit(exits.ExitCode.USAGE)
        complain(f"a fault in this program ({type(error).__name__}: {error}); PLATEN_DEBUG=1 shows where")
        sys.exit(exits.ExitCode.FAULT)


if __name__ == "__main__":
    main()
