"""The commands of the archive: platen archive list, search, show, save, pdf, send-again, forward, delete, quota."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.sending import Json
from fax.archive import ArchiveQuery, ArchiveResult, ArchiveSort, Direction
from fax.types import JobId

if TYPE_CHECKING:
    from fax.archive import ArchivedFax
    from fax.client import Client
    from fax.types import Accepted

group = typer.Typer(
    help="Faxes that were sent and received, kept for as long as the server's settings say.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Id = Annotated[int, typer.Argument(metavar="ID", help="The fax's job number.", show_default=False)]
Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="Job numbers.", show_default=False)]
Number = Annotated[str, typer.Option(metavar="DIGITS", help="Part of the far end's number.", show_default=False)]
Name = Annotated[str, typer.Option(metavar="TEXT", help="Name, company or identifier.", show_default=False)]
Subject = Annotated[str, typer.Option(metavar="TEXT", help="Subject or title.", show_default=False)]
Way = Annotated[Direction | None, typer.Option("--direction", help="Sent or received.", show_default=False)]
Result = Annotated[ArchiveResult | None, typer.Option(help="How it arrived.", show_default=False)]
User = Annotated[str | None, typer.Option(metavar="NAME", help="Whose it is.", show_default=False)]
Port = Annotated[str | None, typer.Option(metavar="PORT", help="Which line it went over.", show_default=False)]
Billing = Annotated[
    str | None, typer.Option("--billing-code", metavar="CODE", help="Of faxes sent.", show_default=False)
]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="2026-11-20, or with 14:30.", show_default=False)]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before this time.", show_default=False)]
Sort = Annotated[ArchiveSort, typer.Option(help="What the list goes by.")]
Ascending = Annotated[bool, typer.Option("--ascending", help="The oldest, or smallest, first.")]
Limit = Annotated[int, typer.Option(min=0, metavar="N", help="At most so many; 0: all.")]
Out = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to put it.", show_default=False)]


def register(app: typer.Typer) -> None:
    group.command("list")(list_)
    for act in (search, show, save, pdf, forward, delete, quota):
        group.command(act.__name__)(act)
    group.command("send-again")(send_again)
    app.add_typer(group, name="archive")


def list_(
    context: typer.Context,
    direction: Way = None,
    since: Since = None,
    until: Until = None,
    sort: Sort = ArchiveSort.TIME,
    ascending: Ascending = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List archived faxes, the latest first."""
    query = ArchiveQuery(direction=direction, sort=sort, descending=not ascending)
    _listed(context, query, since, until, limit, as_json)


def search(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD...]", help="In number, names, subject or title.", show_default=False),
    ] = None,
    number: Number = "",
    name: Name = "",
    subject: Subject = "",
    direction: Way = None,
    result: Result = None,
    user: User = None,
    port: Port = None,
    billing_code: Billing = None,
    since: Since = None,
    until: Until = None,
    sort: Sort = ArchiveSort.TIME,
    ascending: Ascending = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """Find archived faxes by part of a number, a name, a subject, by day, result, user or line."""
    query = ArchiveQuery(
        text=" ".join(words or ()),
        number=number,
        name=name,
        subject=subject,
        direction=direction,
        result=result,
        user=user,
        port=port,
        billing_code=billing_code,
        sort=sort,
        descending=not ascending,
    )
    _listed(context, query, since, until, limit, as_json)


def _listed(
    context: typer.Context, query: ArchiveQuery, since: str | None, until: str | None, limit: int, as_json: bool
) -> None:
    from dataclasses import replace

    from cli import output, when
    from fax.client import Client

    query = replace(
        query,
        since=None if since is None else when.past(since, "--since"),
        until=None if until is None else when.past(until, "--until"),
    )
    faxes = Client(context.obj).archived_faxes(query)
    found = list(islice(faxes, limit + 1) if limit else faxes)
    more = 0 < limit < len(found)
    found = found[:limit] if limit else found
    if as_json:
        output.json(found)
        return
    output.table(
        ("Fax", "", "When", "Number", "Name", "Subject", "Pages", "Result"),
        [
            (
                str(fax.id),
                fax.direction.value,
                output.clock(fax.at),
                fax.number or fax.ident,
                fax.name or fax.company or (fax.ident if fax.number else ""),
                fax.subject or fax.title,
                str(fax.pages),
                fax.result.value,
            )
            for fax in found
        ],
    )
    if output.on_terminal() and (more or not found):
        output.line("There are more: --limit 0 shows all." if more else "No such faxes in the archive.")


def show(context: typer.Context, id: Id, as_json: Json = False) -> None:
    """Show one archived fax."""
    from cli import output
    from fax.client import Client

    fax = Client(context.obj).archived_fax(JobId(id))
    if as_json:
        output.json(fax)
        return
    for label, value in _facts(fax):
        if value:
            output.line(f"{label + ':':<14}{value}")


def _facts(fax: ArchivedFax) -> list[tuple[str, str]]:
    from cli import output

    far = " ".join(part for part in (fax.number, fax.name, f"({fax.company})" if fax.company else "") if part)
    return [
        ("Fax", str(fax.id)),
        (fax.direction.value.capitalize(), output.clock(fax.at)),
        ("To" if fax.direction is Direction.SENT else "From", far),
        ("Identifier", fax.ident),
        ("Called", fax.called),
        ("Subject", fax.subject),
        ("Title", fax.title),
        ("Sender", fax.sender_name),
        ("Pages", f"{fax.pages}{f' ({fax.cover_pages} of them cover)' if fax.cover_pages else ''}"),
        ("Result", fax.result.value),
        ("Whose", ", ".join(fax.users)),
        ("Line", fax.port),
        ("Call", fax.call),
        ("Billing code", fax.billing_code),
        ("File", f"{fax.file} ({output.octets(fax.octets)})"),
    ]


def save(context: typer.Context, id: Id, out: Out) -> None:
    """Write an archived fax to a TIFF-F, with all that it says of itself."""
    from fax.client import Client

    Client(context.obj).archived_pages(JobId(id), out)


def pdf(context: typer.Context, id: Id, out: Out) -> None:
    """Write an archived fax to a PDF."""
    from fax.client import Client

    Client(context.obj).archived_pdf(JobId(id), out)


def send_again(context: typer.Context, ids: Ids, as_json: Json = False) -> None:
    """Send faxes that were sent once more to their recipients, their pages as they are."""
    import uuid

    from fax.client import Client

    client = Client(context.obj)
    for id in ids:
        _told(client, id, client.send_archived_again(JobId(id), uuid.uuid4().hex), as_json)


def forward(
    context: typer.Context,
    id: Id,
    to: Annotated[
        list[str],
        typer.Option("--to", metavar="NUMBER|NAME", help="Fax number, or somebody in the book.", show_default=False),
    ],
    name: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Of a --to.", show_default=False)] = None,
    cover: Annotated[
        str | None, typer.Option(metavar="[=TEMPLATE]", help="A new cover page in front.", show_default=False)
    ] = None,
    subject: Annotated[str, typer.Option(metavar="TEXT", help="For the new cover page.", show_default=False)] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="For the new cover page.", show_default=False)] = "",
    keep_cover: Annotated[
        bool, typer.Option("--keep-cover", help="The cover page that it went out with goes along.")
    ] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Let it wait until it is resumed.")] = False,
    as_json: Json = False,
) -> None:
    """Send an archived fax, sent or received, to others, its pages as they are."""
    import uuid

    from cli.sending import recipients_of
    from fax.archive import Forward
    from fax.client import Client
    from fax.types import CoverPage

    client = Client(context.obj)
    if cover is None and (subject or note):
        cover = "default"
    wanted = Forward(
        recipients=recipients_of(client, to, name or [], []),
        cover=None if cover is None else CoverPage(template=cover, subject=subject, note=note),
        keep_cover=keep_cover,
        hold=hold,
    )
    _told(client, id, client.forward_archived(JobId(id), wanted, uuid.uuid4().hex), as_json)


def _told(client: Client, id: int, accepted: Accepted, as_json: bool) -> None:
    from cli import output

    if as_json:
        output.json(accepted)
    else:
        output.line(f"fax {id} goes out as {', '.join(f'job {job}' for job in accepted.jobs)}")


def delete(context: typer.Context, ids: Ids, as_json: Json = False) -> None:
    """Delete faxes from the archive for good; the audit says who did."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    for id in ids:
        fax = client.delete_archived(JobId(id))
        if as_json:
            output.json(fax)
        else:
            output.line(f"fax {id}: deleted from the archive")


def quota(context: typer.Context, as_json: Json = False) -> None:
    """Show how full the archive is and what goes by itself; platen config set archive_... changes that."""
    from cli import output
    from fax.client import Client

    usage = Client(context.obj).archive_usage()
    if as_json:
        output.json(usage)
        return
    since = "" if usage.oldest is None else f", the oldest of {output.clock(usage.oldest)}"
    faxes = "1 fax" if usage.faxes == 1 else f"{usage.faxes} faxes"
    output.line(f"{faxes}, {output.octets(usage.octets)}{since}")
    output.line("kept for ever" if usage.keep_days is None else f"kept for {output.count(usage.keep_days, 'day')}")
    if usage.high_octets is None or usage.low_octets is None:
        output.line("of any size")
    else:
        high, low = output.octets(usage.high_octets), output.octets(usage.low_octets)
        output.line(f"above {high} the oldest go, until there are {low} at most")
