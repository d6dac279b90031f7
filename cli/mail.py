"""The commands of reports and mail: report, mail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.looking import JobArgument
from cli.sending import Json
from fax.mail import Language, Mail, MailState
from fax.types import JobId

mail = typer.Typer(name="mail", help="Mails that the server sends.", no_args_is_help=True, rich_markup_mode=None)
MailArguments = Annotated[
    list[int], typer.Argument(metavar="MAIL...", help="Their numbers; platen mail list names them.")
]
LIST_LIMIT = 1000


def register(app: typer.Typer) -> None:
    app.command()(report)
    mail.command("list")(list_mails)
    mail.command()(retry)
    mail.command()(discard)
    mail.command()(test)
    app.add_typer(mail)


def report(
    context: typer.Context,
    id: JobArgument,
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", metavar="FILE", help="Write the confirmation sheet there.", show_default=False),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Its language, else as the server's settings say.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell what became of a fax, page by page and call by call."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    if pdf is not None:
        client.report_sheet(JobId(id), pdf, language)
        if not as_json:
            output.line(f"job {id}: {pdf}")
            return
    found = client.report(JobId(id), language)
    if as_json:
        output.json(found)
        return
    output.line(found.subject)
    output.line("")
    for line in found.text.splitlines():
        output.line(line)


def list_mails(
    context: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Also those that were sent.")] = False,
    job: Annotated[
        int | None, typer.Option(metavar="ID", help="Those about this fax, sent or not.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List mails that wait or could not be sent, oldest first."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    states = (None,) if all_ or job is not None else (MailState.WAITING, MailState.FAILED)
    found: dict[int, Mail] = {}
    for state in states:
        after = 0
        while some := client.mails(state=state, job=None if job is None else JobId(job), after=after):
            found |= {one.id: one for one in some}
            after = some[-1].id
            if len(some) < LIST_LIMIT:
                break
    listed = [found[id] for id in sorted(found)]
    if as_json:
        output.json(listed)
        return
    output.table(
        ("Mail", "State", "About", "To", "Job", "Made", "Tries", "Why"),
        [
            (
                str(one.id),
                one.state.value,
                one.kind.value,
                one.address,
                "all of a submission" if one.job is None else str(one.job),
                output.clock(one.created),
                str(one.tries) if one.tries else "",
                _why(one),
            )
            for one in listed
        ],
    )


def _why(one: Mail) -> str:
    from cli import output

    if one.state is MailState.WAITING and one.until is not None and one.error:
        until = f"; given up {output.clock(one.give_up_at)}" if one.give_up_at is not None else ""
        return f"{one.error}; next try {output.clock(one.until)}{until}"
    return one.error


def retry(context: typer.Context, mails: MailArguments) -> None:
    """Try mails again at once; each keeps its Message-ID."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    for id in mails:
        output.line(f"mail {client.retry_mail(id).id}: is tried again")


def discard(context: typer.Context, mails: MailArguments) -> None:
    """Let go of mails: they are not sent any more, and not listed."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    for id in mails:
        output.line(f"mail {client.discard_mail(id).id}: discarded")


def test(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where a mail is to go.")],
    as_json: Json = False,
) -> None:
    """Send a mail now, and tell what the mail server says."""
    from cli import output
    from fax.client import Client

    done = Client(context.obj).test_mail(address)
    if as_json:
        output.json(done)
    elif done.sent:
        output.line(f"sent: {done.text}")
    else:
        output.complain(f"not sent: {done.text}")
    if not done.sent:
        raise typer.Exit(ExitCode.FAILED)
