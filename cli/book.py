"""The commands of the address book and of the sender's profile: platen book, platen profile."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.sending import Json
from fax.book import BookFormat
from fax.types import Report, ReportKind

if TYPE_CHECKING:
    from fax.book import Group, Person
    from fax.client import Client

book = typer.Typer(help="The address book.", no_args_is_help=True, rich_markup_mode=None)
group = typer.Typer(help="Groups of people in the book.", no_args_is_help=True, rich_markup_mode=None)
profile = typer.Typer(
    help="What your faxes say of their sender when they say nothing themselves.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PersonId = Annotated[int, typer.Argument(metavar="ID", help="The person's number in the book.", show_default=False)]
Shared = Annotated[bool, typer.Option("--shared", help="In the book of all; else in your own.")]
Email = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Where faxes that are routed to them are mailed.", show_default=False),
]
User = Annotated[
    str | None,
    typer.Option(metavar="USER", help="Whose inbox faxes that are routed to them are in.", show_default=False),
]
Format = Annotated[
    BookFormat | None, typer.Option("--format", help="Else by the file's name, else CSV.", show_default=False)
]
LIMIT = 1000


def register(app: typer.Typer) -> None:
    book.command("list")(list_)
    book.command("add")(add)
    book.command("change")(change)
    book.command("remove")(remove)
    book.command("find")(find)
    book.command("import")(import_)
    book.command("export")(export)
    group.command("list")(group_list)
    group.command("set")(group_set)
    group.command("remove")(group_remove)
    book.add_typer(group, name="group")
    profile.command("show")(profile_show)
    profile.command("set")(profile_set)
    app.add_typer(book, name="book")
    app.add_typer(profile, name="profile")


COLUMNS = ("Id", "Name", "Company", "Number", "Book", "E-mail", "User")


def _row(person: Person) -> tuple[str, ...]:
    whom, book = person.recipient, "shared" if person.shared else "own"
    return str(person.id), whom.name, whom.company, whom.number or "", book, person.email, person.user


def list_(
    context: typer.Context,
    prefix: Annotated[
        str, typer.Argument(metavar="[PREFIX]", help="How a word of the name begins.", show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """List people in the book."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    found = client.people(prefix, limit=LIMIT)
    while found and (more := client.people(prefix, after=found[-1].id, limit=LIMIT)):
        found += more
    output.listing(found, as_json, COLUMNS, _row)


def _show(person: Person, as_json: bool) -> None:
    from cli import output

    if as_json:
        output.json(person)
    else:
        id, name, company, number, which, email, user = _row(person)
        reached = f"{f', mail {email}' if email else ''}{f', user {user}' if user else ''}"
        output.line(f"book:{id}: {name}{f' ({company})' if company else ''}, {number}, {which}{reached}")


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.", show_default=False)],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The fax number.", show_default=False)],
    company: Annotated[str, typer.Option(metavar="NAME", show_default=False)] = "",
    department: Annotated[str, typer.Option(metavar="NAME", show_default=False)] = "",
    email: Email = None,
    user: User = None,
    shared: Shared = False,
    as_json: Json = False,
) -> None:
    """Put somebody into the book."""
    from fax.client import Client
    from fax.types import Recipient

    whom = Recipient(name=name, number=number, company=company, department=department)
    _show(Client(context.obj).add_person(whom, shared=shared, email=email, user=user), as_json)


def change(
    context: typer.Context,
    id: PersonId,
    name: Annotated[str | None, typer.Option(metavar="NAME", show_default=False)] = None,
    number: Annotated[str | None, typer.Option(metavar="NUMBER", show_default=False)] = None,
    company: Annotated[str | None, typer.Option(metavar="NAME", show_default=False)] = None,
    department: Annotated[str | None, typer.Option(metavar="NAME", show_default=False)] = None,
    email: Email = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Change what is named of somebody in the book; an empty text takes it out."""
    from fax.client import Client

    client = Client(context.obj)
    known = _person(client, id)
    said = {"name": name, "number": number, "company": company, "department": department}
    whom = replace(known.recipient, **{key: value for key, value in said.items() if value is not None})
    _show(client.change_person(id, whom, shared=known.shared, email=email, user=user), as_json)


def _person(client: Client, id: int) -> Person:
    from fax.errors import Cause, RequestError

    for person in client.people(after=id - 1, limit=1):
        if person.id == id:
            return person
    raise RequestError(Cause.NO_SUCH_ENTRY, f"There is no person {id} in the book")


def remove(context: typer.Context, id: PersonId) -> None:
    """Take somebody out of the book and its groups."""
    from cli import output
    from fax.client import Client

    Client(context.obj).remove_person(id)
    output.line(f"book:{id}: removed")


def find(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whole name, or book:ID.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show whom a name stands for when it is sent to."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).find(name)
    if as_json:
        output.json(found)
        return
    output.table(("Name", "Company", "Number"), [(who.name, who.company, who.number or "") for who in found.recipients])


def _format(file: Path | None, said: BookFormat | None) -> BookFormat:
    if said is not None:
        return said
    return BookFormat.VCARD if file is not None and file.suffix.lower() in (".vcf", ".vcard") else BookFormat.CSV


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or vCard.", show_default=False)],
    format: Format = None,
    shared: Shared = False,
    as_json: Json = False,
) -> None:
    """Take in a file of people; who is there already (name and company) is changed."""
    from cli import output
    from fax.client import Client

    done = Client(context.obj).import_book(file.read_bytes(), _format(file, format), shared=shared)
    if as_json:
        output.json(done)
        return
    output.line(f"{done.added} added, {done.changed} changed, {done.unchanged} as they were")
    for entry in done.refused:
        output.complain(f"{file}, line {entry.line}: {entry.name or 'somebody'} was not taken in: {entry.why}")


def export(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Else standard output.", show_default=False)
    ] = None,
    format: Format = None,
    shared: Shared = False,
) -> None:
    """Write the book to a file."""
    from fax.client import Client

    octets = Client(context.obj).export_book(_format(out, format), shared=shared)
    if out is None:
        sys.stdout.buffer.write(octets)
        sys.stdout.flush()
    else:
        out.write_bytes(octets)


def group_list(context: typer.Context, as_json: Json = False) -> None:
    """List groups."""
    from cli import output
    from fax.client import Client

    def row(each: Group) -> tuple[str, ...]:
        return str(each.id), each.name, output.count(len(each.members), "member"), "shared" if each.shared else "own"

    output.listing(Client(context.obj).groups(), as_json, ("Id", "Name", "Members", "Book"), row)


def group_set(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The group's name.", show_default=False)],
    members: Annotated[
        list[int], typer.Argument(metavar="ID...", help="Its members' numbers in the book.", show_default=False)
    ],
    shared: Shared = False,
    as_json: Json = False,
) -> None:
    """Make a group, or give one other members."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    there = [
        each
        for each in client.groups(name)
        if each.name.casefold() == name.strip().casefold() and each.shared == shared
    ]
    if there:
        made = client.change_group(there[0].id, name, tuple(members), shared=shared)
    else:
        made = client.add_group(name, tuple(members), shared=shared)
    if as_json:
        output.json(made)
    else:
        output.line(f"group {made.id} {made.name}: {output.count(len(made.members), 'member')}")


def group_remove(
    context: typer.Context,
    id: Annotated[int, typer.Argument(metavar="ID", help="The group's number.", show_default=False)],
) -> None:
    """Remove a group; its members stay in the book."""
    from cli import output
    from fax.client import Client

    Client(context.obj).remove_group(id)
    output.line(f"group {id}: removed")


def profile_show(context: typer.Context, as_json: Json = False) -> None:
    """Show your profile."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).profile()
    if as_json:
        output.json(found)
        return
    rows = [(field.name.replace("_", "-"), getattr(found.sender, field.name)) for field in fields(found.sender)]
    report = "" if found.report.kind is ReportKind.NONE else f"{found.report.kind.value} {found.report.address}".strip()
    if report and found.report.together:
        report += ", one for all faxes of a submission"
    rows += [("mail", found.mail), ("billing-code", found.billing_code), ("report", report), ("cover", found.cover)]
    output.table(("", ""), [row for row in rows if row[1]])


def profile_set(
    context: typer.Context,
    name: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    fax_number: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    company: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    address: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    department: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    office_location: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    home_phone: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    office_phone: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    billing_code: Annotated[str | None, typer.Option(metavar="TEXT", show_default=False)] = None,
    report: Annotated[
        ReportKind | None, typer.Option(help="How you learn what became of a fax.", show_default=False)
    ] = None,
    report_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="With --report email.", show_default=False)
    ] = None,
    report_together: Annotated[
        bool | None,
        typer.Option(
            "--report-together/--report-each",
            help="One report for all recipients, or one for each.",
            show_default=False,
        ),
    ] = None,
    mail: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Where you read mail: reports to your inbox go there.", show_default=False
        ),
    ] = None,
    cover: Annotated[
        str | None,
        typer.Option(metavar="TEMPLATE", help="What the default cover page stands for.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is named of your profile; an empty text takes it out."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    known = client.profile()
    said = {
        "name": name,
        "fax_number": fax_number,
        "company": company,
        "address": address,
        "title": title,
        "department": department,
        "office_location": office_location,
        "home_phone": home_phone,
        "office_phone": office_phone,
    }
    kind = known.report.kind if report is None else report
    where = report_address if report_address is not None else known.report.address
    done = client.set_profile(
        replace(
            known,
            sender=replace(known.sender, **{key: value for key, value in said.items() if value is not None}),
            billing_code=known.billing_code if billing_code is None else billing_code,
            report=Report(
                kind=kind,
                address=where if kind is ReportKind.EMAIL else "",
                together=known.report.together if report_together is None else report_together,
            ),
            mail=known.mail if mail is None else mail,
            cover=known.cover if cover is None else cover,
        )
    )
    if as_json:
        output.json(done)
    else:
        profile_show(context)
