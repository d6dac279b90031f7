"""The commands that look: jobs, show, follow, status, pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json
from fax.types import Call, Job, JobId, JobState, JobType

if TYPE_CHECKING:
    from fax.client import Client

JobArgument = Annotated[int, typer.Argument(metavar="ID", help="Job number.", show_default=False)]
LIST_LIMIT = 1000


def register(app: typer.Typer) -> None:
    app.command()(jobs)
    app.command()(show)
    app.command()(follow)
    app.command()(status)
    app.command()(pages)


def jobs(
    context: typer.Context,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only what waits: for a recipient, a person, a line, a time.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: Json = False,
) -> None:
    """List faxes that have not ended, oldest first."""
    from cli import output, words
    from fax.client import Client

    if waiting and all_:
        raise typer.BadParameter("--waiting and --all exclude each other")
    client = Client(context.obj)
    found = list(_every(client, None)) if all_ else _unended(client)
    if waiting:
        found = [job for job in found if job.state in (JobState.ADDRESS, JobState.HELD, JobState.WAITING)]
    if as_json:
        output.json(found)
        return
    if not found and output.on_terminal():
        output.line("No faxes." if all_ else "No faxes under way. Those that have ended: platen jobs --all")
        return
    output.table(
        ("Job", "State", "To", "Title", "Pages", "Tries", "Why"),
        [
            (
                str(job.id),
                words.STATES[job.state] if output.on_terminal() else job.state.value,
                words.recipient(job.recipient),
                job.title,
                words.pages(job),
                str(job.attempts) if job.attempts else "",
                words.why(job),
            )
            for job in found
        ],
    )


def _every(client: Client, state: JobState | None) -> Iterator[Job]:
    after = None
    while True:
        found = client.jobs(state=state, type=JobType.SEND, after=after, limit=LIST_LIMIT)
        yield from found
        if len(found) < LIST_LIMIT:
            return
        after = found[-1].id


def _unended(client: Client) -> list[Job]:
    """All jobs that have not ended; asked for by state, since those that have may be many."""
    found: dict[JobId, Job] = {}
    # A job moves on between two questions; waiting is asked for twice since jobs come back to it from a call.
    for state in (
        JobState.PREPARING,
        JobState.ADDRESS,
        JobState.HELD,
        JobState.WAITING,
        JobState.SENDING,
        JobState.WAITING,
    ):
        found.update({job.id: job for job in _every(client, state)})
    return [found[id] for id in sorted(found)]


def show(context: typer.Context, id: JobArgument, as_json: Json = False) -> None:
    """Show one fax with its pages and calls."""
    from cli import output, words
    from fax.client import Client

    job = Client(context.obj).job(JobId(id))
    if as_json:
        output.json(job)
        return
    facts = [
        ("Job", str(job.id)),
        ("State", words.STATES[job.state]),
        ("Why", words.why(job)),
        ("To", words.recipient(job.recipient)),
        ("From", " ".join(part for part in (job.sender.name, job.sender.company, job.sender.fax_number) if part)),
        ("Title", job.title),
        ("Cover page", "" if job.cover is None else f"{job.cover.template} {job.cover.subject}".strip()),
        ("Resolution", job.resolution.value),
        ("Pages", f"{words.pages(job)} confirmed" if job.pages_total is not None else ""),
        ("Tries", str(job.attempts)),
        ("User", job.user),
        ("Created", output.clock(job.created)),
    ]
    for label, value in facts:
        if value:
            output.line(f"{label + ':':<12}{value}")
    if job.pages:
        output.line("")
        output.table(
            ("Page", "Fate", "Size", "Call"),
            [
                (
                    f"{page.number}{' (cover)' if page.cover else ''}",
                    page.fate.value,
                    f"{page.width}x{page.rows}",
                    page.call or "",
                )
                for page in job.pages
            ],
        )
    if job.calls:
        output.line("")
        output.table(("Call", "Line", "Began", "Off-hook", "Outcome"), [_call_row(call) for call in job.calls])


def _call_row(call: Call) -> tuple[str, str, str, str, str]:
    from cli import output

    seconds = "" if call.line_seconds is None else f"{call.line_seconds:.0f} s"
    return call.id, call.port, output.clock(call.started), seconds, call.text or call.cause or "under way"


def follow(
    context: typer.Context,
    id: Annotated[int | None, typer.Argument(metavar="[ID]", help="Job number.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Each event as a line of JSON.")] = False,
) -> None:
    """Show a fax as it goes.

    Until it ends: exit code 0 when it was sent, 1 when not. Without ID: all faxes, from now on.
    """
    from cli import following
    from fax.client import Client

    client = Client(context.obj)
    if id is None:
        following.follow(client, None, following.cursor_now(client), as_json)
    elif following.follow_one(client, JobId(id), as_json) is not JobState.DONE:
        raise typer.Exit(ExitCode.FAILED)


def status(context: typer.Context, as_json: Json = False) -> None:
    """Show the fax server at a glance."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    now = client.status()
    if as_json:
        output.json(now)
        return
    output.line(f"platen {now.version} answers on {client.server}")
    output.line(f"spool {now.spool}, {output.octets(now.free_octets)} free")
    for trouble in now.troubles:
        output.line(trouble)
    faxes = ", ".join(f"{number} {state}" for state, number in now.jobs.items() if number)
    output.line(f"faxes: {faxes or 'none'}")
    output.line("" if now.ports else "no telephone line is set up")
    output.table(
        ("Line", "State", "Job", "Device", ""),
        [(port.name, port.state, str(port.job or ""), port.device, port.detail) for port in now.ports],
    )


def pages(
    context: typer.Context,
    id: JobArgument,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to put them.", show_default=False)],
) -> None:
    """Write the pages of a fax, as they go out, to a TIFF-F."""
    from fax.client import Client

    Client(context.obj).pages(JobId(id), out)
