"""The commands of received faxes: platen inbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.looking import JobArgument
from cli.sending import Json
from fax.types import Job, JobId, JobType

if TYPE_CHECKING:
    from fax.client import Client

inbox = typer.Typer(name="inbox", help="Faxes that came in.", no_args_is_help=True, rich_markup_mode=None)
LIST_LIMIT = 1000
STATES = {
    (JobType.RECEIVE, "routing"): "being routed",
    (JobType.RECEIVE, "done"): "received",
    (JobType.ROUTING, "routing"): "routing is tried again",
    (JobType.ROUTING, "failed"): "routing failed",
    (JobType.FAIL_RECEIVE, "failed"): "incomplete",
}


def register(app: typer.Typer) -> None:
    inbox.command("list")(list_)
    inbox.command("show")(show)
    inbox.command("save")(save)
    inbox.command("route")(route)
    inbox.command("delete")(delete)
    app.add_typer(inbox)


def list_(
    context: typer.Context,
    type: Annotated[
        JobType | None, typer.Option(help="receive, routing or fail-receive only.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List the faxes that came in and that you may see, oldest first."""
    from cli import output
    from fax.client import Client

    found = list(_every(Client(context.obj), type))
    if as_json:
        output.json(found)
        return
    if not found and output.on_terminal():
        output.line("No faxes.")
        return
    output.table(("Job", "Received", "From", "For", "Pages", "Port", "State", "Why"), [_row(job) for job in found])


def show(context: typer.Context, id: JobArgument, as_json: Json = False) -> None:
    """Show a fax that came in: its call, its pages, and where it went."""
    from cli import output
    from fax.client import Client

    job = Client(context.obj).job(JobId(id))
    if as_json:
        output.json(job)
        return
    facts = job.received
    output.line(f"Job {job.id}: {job.title}, {state(job)}")
    if job.reason:
        output.line(job.reason)
    if facts is not None:
        said = (
            ("caller id", " ".join(filter(None, (facts.caller_id, facts.caller_name)))),
            ("TSID", facts.tsid),
            ("CSID", facts.csid),
            ("subaddress", facts.sub_address),
            ("digits", facts.digits),
            ("for", " ".join(filter(None, (facts.receiver_number, facts.receiver_name)))),
            ("routing", facts.routing),
            ("line", f"{facts.port}, call {facts.call}"),
            ("received", f"{output.clock(facts.started)} to {output.clock(facts.ended)}"),
            ("speed", f"{facts.modulation} {facts.rate_bps} bit/s {facts.coding.upper()}" if facts.rate_bps else ""),
            ("end", facts.text),
            ("inbox of", ", ".join(facts.users)),
        )
        for name, value in said:
            if value:
                output.line(f"{name}: {value}")
    rows = [
        (str(page.number), str(page.rows), page.fate.value, "" if page.bad_rows is None else str(page.bad_rows))
        for page in job.pages
    ]
    output.table(("Page", "Rows", "Fate", "Bad rows"), rows)
    if facts is not None and facts.deliveries:
        output.table(
            ("Delivery", "Method", "To", "State", "Tries", "Why"),
            [
                (each.id, each.name, each.target, each.state.value, str(each.tries), each.reason or "")
                for each in facts.deliveries
            ],
        )


def save(
    context: typer.Context,
    id: JobArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="FILE.tif or FILE.pdf.", show_default=False)],
) -> None:
    """Save a fax that came in as TIFF-F or PDF, by the file's name."""
    from tempfile import TemporaryDirectory

    from fax.client import Client

    client = Client(context.obj)
    if out.suffix.lower() != ".pdf":
        client.pages(JobId(id), out)
        return
    from codec.pdf import write_pdf
    from codec.tiff import TiffReader

    with TemporaryDirectory(prefix=".platen-", dir=out.parent) as folder:
        tiff, part = Path(folder) / "fax.tif", Path(folder) / "fax.pdf"
        client.pages(JobId(id), tiff)
        with TiffReader(tiff) as reader:
            write_pdf(reader, part, f"Fax {id}")
        part.replace(out)


def route(
    context: typer.Context,
    id: JobArgument,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only try again what failed or waits, under the ids that it has.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Decide anew where a fax goes, and deliver it there."""
    from cli import output
    from fax.client import Client

    job = Client(context.obj).route_again(JobId(id), failed_only=failed)
    if as_json:
        output.json(job)
        return
    waiting = [] if job.received is None else [each for each in job.received.deliveries if each.ended is None]
    output.line(f"job {job.id}: {len(waiting)} to be delivered")


def delete(context: typer.Context, id: JobArgument) -> None:
    """Delete a fax that came in, with its pages."""
    from cli import output
    from fax.client import Client

    Client(context.obj).delete(JobId(id))
    output.line(f"job {id}: deleted")


def state(job: Job) -> str:
    """Where a received fax stands, in words."""
    return STATES.get((job.type, job.state.value), job.state.value)


def _row(job: Job) -> tuple[str, ...]:
    from cli import output

    facts = job.received
    if facts is None:
        return (str(job.id), "", "", "", "", "", state(job), job.reason or "")
    who = " ".join(filter(None, (facts.tsid, facts.caller_id if facts.caller_id != facts.tsid else "")))
    whom = " ".join(filter(None, (facts.digits, facts.sub_address, ",".join(facts.users))))
    pages = str(job.pages_total or 0)
    return (str(job.id), output.clock(facts.started), who, whom, pages, facts.port, state(job), job.reason or "")


def _every(client: Client, type: JobType | None) -> Iterator[Job]:
    after = JobId(0)
    while found := client.inbox(type=type, after=after, limit=LIST_LIMIT):
        yield from found
        after = found[-1].id
