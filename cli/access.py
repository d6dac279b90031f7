"""The commands of rights: platen access; and platen numbers.

Must not: hold rules; what a right means is the server's.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json

if TYPE_CHECKING:
    from fax.access import PasswordSet, Token
    from fax.audit import AuditLine

access = typer.Typer(help="Who may do what at the fax server.", no_args_is_help=True, rich_markup_mode=None)
token = typer.Typer(
    help="Tokens, for programs and people that come over TLS.", no_args_is_help=True, rich_markup_mode=None
)
password = typer.Typer(help="Passwords, for people that come over TLS.", no_args_is_help=True, rich_markup_mode=None)
numbers = typer.Typer(help="What the fax server makes of numbers.", no_args_is_help=True, rich_markup_mode=None)

Subject = Annotated[str, typer.Argument(metavar="WHO", help="user:NAME, group:NAME or everybody.", show_default=False)]
User = Annotated[str, typer.Argument(metavar="USER", help="The user's name.", show_default=False)]


def register(app: typer.Typer) -> None:
    access.command("check")(check)
    access.command("list")(list_)
    access.command("grant")(grant)
    access.command("revoke")(revoke)
    access.command("audit")(audit)
    token.command("add")(token_add)
    token.command("list")(token_list)
    token.command("remove")(token_remove)
    password.command("set")(password_set)
    password.command("list")(password_list)
    password.command("remove")(password_remove)
    access.add_typer(token, name="token")
    access.add_typer(password, name="password")
    numbers.command("check")(numbers_check)
    app.add_typer(access, name="access")
    app.add_typer(numbers, name="numbers")


def check(
    context: typer.Context,
    rights: Annotated[
        str,
        typer.Argument(metavar="[RIGHTS]", help="As job-submit,port-query, or read, write, all.", show_default=False),
    ] = "none",
    as_json: Json = False,
) -> None:
    """Show who the server takes you for and what you may do; exit code 1 if it is less than RIGHTS."""
    from cli import output
    from fax.access import Right, mask_of, right_names
    from fax.client import Client

    found = Client(context.obj).access_check(mask_of(rights))
    if as_json:
        output.json(found)
    else:
        groups = f", groups {', '.join(found.groups)}" if found.groups else ""
        kind = " (administrator)" if found.administrator else ""
        output.line(f"{found.user}{kind}, known by the {found.via}{groups}")
        output.line(f"may: {' '.join(right_names(Right(found.mask))) or 'nothing'}")
        if found.missing:
            output.line(f"missing: {' '.join(found.missing)}")
    if not found.granted:
        raise typer.Exit(ExitCode.FAILED)


def list_(context: typer.Context, as_json: Json = False) -> None:
    """List what has been granted to whom."""
    from cli import output
    from fax.access import Grant, Right, right_names
    from fax.client import Client

    def row(each: Grant) -> tuple[str, ...]:
        since = "" if each.changed is None else output.clock(each.changed)
        return each.subject, " ".join(right_names(Right(each.mask))) or "none", since, each.by

    output.listing(Client(context.obj).grants(), as_json, ("Who", "Rights", "Since", "By"), row)


def grant(
    context: typer.Context,
    subject: Subject,
    rights: Annotated[
        str,
        typer.Argument(metavar="RIGHTS", help="As job-submit,port-query, or read, write, all.", show_default=False),
    ],
    as_json: Json = False,
) -> None:
    """Let somebody have these rights and no others."""
    from cli import output
    from fax.access import Right, mask_of, right_names
    from fax.client import Client

    made = Client(context.obj).grant(subject, mask_of(rights))
    if as_json:
        output.json(made)
    else:
        output.line(f"{made.subject}: {' '.join(right_names(Right(made.mask))) or 'none'}")


def revoke(context: typer.Context, subject: Subject) -> None:
    """Take away what has been granted to somebody."""
    from cli import output
    from fax.client import Client

    Client(context.obj).revoke(subject)
    output.line(f"{subject}: none")


def audit(
    context: typer.Context,
    after: Annotated[int, typer.Option(metavar="ID", min=0, help="Lines behind this one only.")] = 0,
    as_json: Json = False,
) -> None:
    """Show who changed what, oldest first."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    found = client.audit(after)
    while found and (more := client.audit(found[-1].id)):
        found += more

    def row(line: AuditLine) -> tuple[str, ...]:
        when, change = output.clock(line.at), _change(line.before, line.after)
        return str(line.id), when, line.user, line.via, line.action, line.subject, change

    output.listing(found, as_json, ("Line", "When", "Who", "By", "What", "Of", "From -> to"), row)


def _change(before: str | None, after: str | None) -> str:
    return " -> ".join("" if each is None else each for each in (before, after)).strip()


def token_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.", show_default=False)],
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Whom it stands for; else you.", show_default=False)
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Until when, local time; else for ever.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token. It is shown this once: standard output holds it and nothing else."""
    from cli import output
    from fax.client import Client

    until = None if expires is None else expires.astimezone().astimezone(UTC)
    made = Client(context.obj).add_token(name, user, until)
    if as_json:
        output.json(made)
        return
    output.line(made.token)
    output.complain(f"token {made.about.id} for {made.about.user}: keep it, it is not shown again")


def token_list(context: typer.Context, as_json: Json = False) -> None:
    """List tokens: yours, or everybody's if you may grant rights."""
    from cli import output
    from fax.client import Client

    def row(each: Token) -> tuple[str, ...]:
        times = ("never" if at is None else output.clock(at) for at in (each.expires, each.used))
        return str(each.id), each.name, each.user, output.clock(each.created), *times

    output.listing(Client(context.obj).tokens(), as_json, ("Token", "For", "User", "Made", "Expires", "Used"), row)


def token_remove(
    context: typer.Context,
    id: Annotated[int, typer.Argument(metavar="ID", help="The token's number.", show_default=False)],
) -> None:
    """Let a token count no more."""
    from cli import output
    from fax.client import Client

    Client(context.obj).remove_token(id)
    output.line(f"token {id}: removed")


def password_set(context: typer.Context, user: User) -> None:
    """Give a user a password, asked for twice, or read from standard input."""
    from cli import output
    from fax.client import Client

    if sys.stdin.isatty():
        secret = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        secret = sys.stdin.readline().rstrip("\n")
    Client(context.obj).set_password(user, secret)
    output.line(f"{user}: has a password now")


def password_list(context: typer.Context, as_json: Json = False) -> None:
    """List who has a password."""
    from cli import output
    from fax.client import Client

    def row(each: PasswordSet) -> tuple[str, ...]:
        return each.user, output.clock(each.changed), each.by

    output.listing(Client(context.obj).passwords(), as_json, ("User", "Since", "By"), row)


def password_remove(context: typer.Context, user: User) -> None:
    """Take a user's password away."""
    from cli import output
    from fax.client import Client

    Client(context.obj).remove_password(user)
    output.line(f"{user}: has no password")


def numbers_check(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As you would write it.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show what a number means and what would be dialled; exit code 4 if it may not be called."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).check_number(number)
    if as_json:
        output.json(found)
    elif found.number is not None:
        where = "an extension of the own exchange" if found.internal else found.country
        output.line(f"{found.number}{f' ({where})' if where else ''}")
        if found.dialled is not None:
            output.line(f"dialled: {found.dialled}")
        if found.warning:
            output.complain(found.warning)
    if found.number is None:
        if not as_json:
            output.complain(found.why)
        raise typer.Exit(ExitCode.REFUSED)
