"""What goes to the terminal, the pipe and the error stream.

What always holds: results go to standard output, everything else to standard error; text from elsewhere (titles, names,
messages) cannot steer the terminal; with ``--json`` standard output holds JSON and nothing else; rich is loaded only
when there is a terminal to draw on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import typer

from cli.exits import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")
STYLES = {
    "done": "green",
    "confirmed": "green",
    "idle": "green",
    "failed": "red",
    "refused": "red",
    "down": "red",
    "uncertain": "yellow",
    "damaged": "yellow",
    "cancelled": "dim",
    "address": "yellow",
    "waits": "yellow",
    "held": "yellow",
    "sending": "cyan",
}


def on_terminal() -> bool:
    return sys.stdout.isatty()


def console() -> Console:
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, emoji=False, markup=False, soft_wrap=True)


def shown(text: str) -> str:
    """``text`` as one line that cannot steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Otherwise the interpreter complains once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.PIPE_CLOSED) from None


def save(pieces: Iterable[bytes], path: Path) -> None:
    """Write to ``path`` as a whole or not at all, or (``-``) to standard output as it comes. Raises OSError."""
    if str(path) == "-":
        try:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.PIPE_CLOSED) from None
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def line(text: str) -> None:
    _write(shown(text) + "\n")


def complain(text: str) -> None:
    """One sentence on standard error."""
    print(f"platen: {shown(text)}", file=sys.stderr, flush=True)


def json(value: object) -> None:
    """A value of the API, indented."""
    _write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def json_line(value: object) -> None:
    _write(msgspec.json.encode(value).decode() + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; on a pipe one line for each row, without a heading, its cells parted by tabs."""
    if not on_terminal():
        _write("".join("\t".join(shown(cell) for cell in row) + "\n" for row in rows))
        return
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(shown(cell), style=STYLES.get(cell.partition(" ")[0], "")) for cell in row))
    out = console()
    out.soft_wrap = False
    out.print(drawn)


def listing(found: Sequence[T], as_json: bool, columns: Sequence[str], row: Callable[[T], Sequence[str]]) -> None:
    """What the server listed: as JSON, or as a table."""
    if as_json:
        json(found)
    else:
        table(columns, [row(each) for each in found])


def clock(at: datetime) -> str:
    """Local time: the hour alone today, else with its day."""
    local = at.astimezone()
    today = datetime.now().astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M")


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def octets(number: int) -> str:
    size, unit = float(number), "octets"
    for unit in ("octets", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "octets" else f"{size:.1f} {unit}"
