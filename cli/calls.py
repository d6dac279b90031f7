"""The command ``platen call``: one call by hand, and what the journal of a call says.

``platen call NUMBER PAGES.tif`` calls; ``platen call show ID`` and ``platen call replay ID`` read a journal. A number
is never called ``show`` or ``replay``.

Must not: import ``modem`` outside a function; the other commands start without it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.exits import ExitCode
from cli.local import call
from cli.sending import Json

SPOOL = Path("/var/spool/platen")
_DIAL = "number"


class CallGroup(TyperGroup):
    """Words that are no command of this group are the number and its options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = [_DIAL, *args]
        return super().parse_args(ctx, args)


group = typer.Typer(
    cls=CallGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make a call by hand: NUMBER PAGES.tif --tty DEVICE. Or look at a call that has been made.",
)
group.command(_DIAL)(call)

Journal = Annotated[
    str,
    typer.Argument(
        metavar="ID|FILE",
        help="A call's id (its journal is read from $PLATEN_SPOOL, else /var/spool/platen), or a journal's file.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="call")


def _journal(name: str) -> Path:
    """A journal's file, by its name, its folder's, or a call's id. Raises OSError."""
    path = Path(name)
    if (path / "journal.jsonl").is_file():
        return path / "journal.jsonl"
    if not path.is_file():
        spool = Path(os.environ.get("PLATEN_SPOOL") or SPOOL)
        path = spool / "calls" / path.name / "journal.jsonl"
        path.stat()
    return path


def _refuse(path: Path, why: str) -> typer.Exit:
    from cli import output

    output.complain(f"{path}: {why}")
    return typer.Exit(ExitCode.REFUSED)


@group.command()
def show(
    journal: Journal,
    commands: Annotated[bool, typer.Option("--commands", help="The modem's commands and answers, too.")] = False,
    as_json: Json = False,
) -> None:
    """Tell a call as a story: who called whom, what went over the line, how it ended and what to do next."""
    from cli import output
    from modem.journal import read
    from modem.story import lines, tell

    path = _journal(journal)
    entries, _ = read(path)
    if not entries:
        raise _refuse(path, "this is no journal of a call")
    story = tell(entries, commands=commands)
    if as_json:
        output.json(story)
    else:
        _draw(list(lines(story)))


_STYLES = {
    "title": "bold",
    "out": "cyan",
    "fast-out": "bold cyan",
    "in": "green",
    "fast-in": "bold green",
    "bad": "red",
}


def _draw(said: Sequence[tuple[str, str]]) -> None:
    from cli import output

    if not output.on_terminal():
        for _, text in said:
            output.line(text)
        return
    from rich.text import Text

    out = output.console()
    for style, text in said:
        out.print(Text(output.shown(text), style=_STYLES.get(style, "")))


@group.command()
def replay(journal: Journal, as_json: Json = False) -> None:
    """Play a call's far end against the program of today.

    Exit code 0 when our side behaves as it did then, 1 when not.
    """
    from cli import output
    from modem.journal import read, with_images
    from modem.recorded import NotARecordingError
    from modem.replay import replay as play
    from modem.replay import words

    path = _journal(journal)
    try:
        verdict = play(with_images(path, read(path)[0]))
    except NotARecordingError as error:
        raise _refuse(path, str(error)) from error
    if as_json:
        output.json(verdict)
    else:
        for text in words(verdict):
            output.line(text)
    if not verdict.same:
        raise typer.Exit(ExitCode.FAILED)


__all__ = ["register", "replay", "show"]
