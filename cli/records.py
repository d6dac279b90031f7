"""The command platen records: one line for each call, on the terminal, as JSON or as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fax.archive import Direction

if TYPE_CHECKING:
    from fax.records import CallRecord


def register(app: typer.Typer) -> None:
    app.command()(records)


def records(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="2026-11-20, or with 14:30.", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before this time.", show_default=False)] = None,
    port: Annotated[str | None, typer.Option(metavar="PORT", help="Over this line.", show_default=False)] = None,
    user: Annotated[
        str | None, typer.Option(metavar="NAME", help="With a fax of this user.", show_default=False)
    ] = None,
    direction: Annotated[
        Direction | None, typer.Option(help="Made (sent) or answered (received).", show_default=False)
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="All of each record, as CSV; - is standard output.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Each record as a line of JSON.")] = False,
) -> None:
    """Show the calls that were made and answered: numbers, times, pages, outcome, whose."""
    from cli import output, when
    from fax.client import Client

    client = Client(context.obj)
    first = None if since is None else when.past(since, "--since")
    last = None if until is None else when.past(until, "--until")
    if csv is not None:
        pieces = client.records_csv(since=first, until=last, port=port, user=user, direction=direction)
        output.save(pieces, csv)
        return
    found = client.records(since=first, until=last, port=port, user=user, direction=direction)
    if as_json:
        for record in found:
            output.json_line(record)
        return
    output.table(
        ("Call", "", "Line", "Number", "Began", "Pages", "Off-hook", "Rate", "Outcome", "User"), [*map(_row, found)]
    )


def _row(record: CallRecord) -> tuple[str, ...]:
    from cli import output

    return (
        record.call,
        record.direction.value,
        record.port,
        record.number or record.far_ident,
        output.clock(record.began),
        f"{record.pages}/{record.pages_total}",
        "" if record.line_seconds is None else f"{record.line_seconds:.0f} s",
        "" if record.rate_bps is None else str(record.rate_bps),
        record.cause,
        " ".join(dict.fromkeys(job.user for job in record.jobs if job.user)),
    )
