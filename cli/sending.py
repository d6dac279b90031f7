"""The commands that bring a fax on its way: send, fetch, address."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from fax.errors import DocumentError, NotRunningError
from fax.types import (
    Accepted,
    CoverPage,
    DocumentId,
    JobId,
    JobState,
    Poll,
    Priority,
    Recipient,
    Report,
    ReportKind,
    Resolution,
    Schedule,
    ScheduleAction,
    Sender,
    Submission,
)

if TYPE_CHECKING:
    from fax.client import Client

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
SUBMIT_PAUSES_S = (0.5, 1.0, 2.0)


def register(app: typer.Typer) -> None:
    app.command()(send)
    app.command()(fetch)
    app.command()(address)


def send(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]", help="Documents; - is standard input. None: the cover page alone.", show_default=False
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER|NAME",
            help="Fax number, or somebody or a group in the book; repeat it for more. None: the fax waits for"
            " `platen address`.",
        ),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Recipient's name; the n-th belongs to the n-th number.")
    ] = None,
    company: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Recipient's company, likewise.")] = None,
    cover: Annotated[
        str | None,
        typer.Option(metavar="[=TEMPLATE]", help="With a cover page; --cover=TEMPLATE for another template."),
    ] = None,
    confidential: Annotated[bool, typer.Option("--confidential", help="Templates may show a mark of it.")] = False,
    subject: Annotated[str | None, typer.Option(metavar="TEXT", help="Subject on the cover page.")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Note on the cover page.")] = None,
    from_name: Annotated[str | None, typer.Option(metavar="NAME", help="Sender's name; else your own.")] = None,
    from_company: Annotated[str | None, typer.Option(metavar="NAME", help="Sender's company.")] = None,
    from_number: Annotated[str | None, typer.Option(metavar="NUMBER", help="Sender's fax number.")] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What the fax is called in lists.")] = None,
    resolution: Annotated[
        Resolution, typer.Option(help="204x98, 204x196 or 204x391 dots per inch.", case_sensitive=False)
    ] = Resolution.FINE,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not before this time: 14:30, or 2026-12-24 14:30.")
    ] = None,
    discount: Annotated[bool, typer.Option("--discount", help="In the server's discount period only.")] = False,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Give up at this time.")] = None,
    priority: Annotated[Priority, typer.Option(help="Which of several goes first.")] = Priority.NORMAL,
    retries: Annotated[
        int | None, typer.Option(metavar="N", help="Tries after the first that failed; else the server's setting.")
    ] = None,
    billing_code: Annotated[str, typer.Option(metavar="TEXT", help="Else your profile's.", show_default=False)] = "",
    report: Annotated[
        ReportKind | None,
        typer.Option(help="How you learn what became of it; else as your profile says.", show_default=False),
    ] = None,
    report_address: Annotated[
        str, typer.Option(metavar="ADDRESS", help="With --report email.", show_default=False)
    ] = "",
    report_together: Annotated[bool, typer.Option("--report-together", help="One report for all recipients.")] = False,
    sub_address: Annotated[
        str, typer.Option(metavar="TEXT", help="Where at the far end it is to go (SUB).", show_default=False)
    ] = "",
    password: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            envvar="PLATEN_CALL_PASSWORD",
            help="The password that the far end wants (SID); better in the environment.",
            show_default=False,
        ),
    ] = "",
    ident: Annotated[
        str, typer.Option(metavar="TEXT", help="Our identifier at the far end; else the line's.", show_default=False)
    ] = "",
    ports: Annotated[
        str, typer.Option(metavar="GROUP", help="The group of lines that it goes out on.", show_default=False)
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Stay and show how it goes; exit 1 if it fails.")] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Do not send before `platen resume`.")] = False,
    as_json: Json = False,
) -> None:
    """Send documents as one fax, to one or several numbers."""
    from cli import following, output
    from fax.client import Client

    files = files or []
    if files.count("-") > 1:
        raise typer.BadParameter("standard input (-) can be sent only once", param_hint="FILE")
    if follow and not to:
        raise typer.BadParameter("there is nothing to follow without --to", param_hint="--follow")
    if follow and hold:
        raise typer.BadParameter("there is nothing to follow with --hold", param_hint="--follow")
    with_cover = cover is not None or subject is not None or note is not None or confidential
    if not files and not with_cover:
        raise typer.BadParameter(
            "there is nothing to send: name a document, or a cover page (--cover)", param_hint="FILE"
        )
    client = Client(context.obj)
    submission = Submission(
        documents=(),
        recipients=tuple(
            replace(whom, sub_address=sub_address or whom.sub_address, password=password)
            for whom in recipients_of(client, to or [], name or [], company or [])
        ),
        title=title
        if title is not None
        else ", ".join(Path(file).name for file in files if file != "-") or (subject or ""),
        sender=Sender(
            name=from_name if from_name is not None else _own_name() if with_cover else "",
            company=from_company or "",
            fax_number=from_number or "",
        ),
        cover=CoverPage(template=cover or "default", subject=subject or "", note=note or "", confidential=confidential)
        if with_cover
        else None,
        resolution=resolution,
        hold=hold,
        schedule=_schedule(at, discount, until),
        priority=priority,
        retries=retries,
        billing_code=billing_code,
        report=Report(
            kind=report or ReportKind.NONE,
            address=report_address,
            together=report_together,
            final=report is ReportKind.NONE,
        ),
        tsid=ident,
        port_group=ports,
    )
    # One job's events can be asked for from their beginning; those of several only among all others.
    after = following.cursor_now(client) if follow and len(submission.recipients) > 1 else 0
    documents = tuple(_upload(client, file) for file in files)
    accepted = _submit(client, _with_documents(submission, documents))
    if as_json:
        (output.json_line if follow else output.json)(accepted)
    else:
        for id, whom in zip(accepted.jobs, submission.recipients, strict=False):
            state = "held" if hold else "accepted"
            output.line(f"job {id}: {state}, to {whom.number}" if whom.number else f"job {id}: waits for a recipient")
            if whom.number is None:
                output.complain(f"name one with: platen address {id} --to NUMBER")
    if follow:
        ended = following.follow(client, frozenset(accepted.jobs), after, as_json)
        if any(state is not JobState.DONE for state in ended.values()):
            raise typer.Exit(ExitCode.FAILED)


def _schedule(at: str | None, discount: bool, until: str | None) -> Schedule:
    from cli.when import instant

    if at is not None and discount:
        raise typer.BadParameter("--at and --discount exclude each other", param_hint="--at")
    give_up_at = None if until is None else instant(until, "--until")
    if at is not None:
        return Schedule(action=ScheduleAction.AT, at=instant(at, "--at"), give_up_at=give_up_at)
    return Schedule(action=ScheduleAction.DISCOUNT if discount else ScheduleAction.NOW, give_up_at=give_up_at)


def fetch(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER|NAME", help="Whom to call.", show_default=False)],
    selection: Annotated[
        str, typer.Option(metavar="TEXT", help="Which of the documents there (SEP).", show_default=False)
    ] = "",
    password: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            envvar="PLATEN_POLL_PASSWORD",
            help="The password that the far end wants (PWD); better in the environment.",
            show_default=False,
        ),
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", help="Stay and show how it goes; exit 1 if it fails.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch the document that waits at a far end (polling); `platen pages` gives it out then."""
    from cli import following, output
    from fax.client import Client

    client = Client(context.obj)
    recipients = recipients_of(client, [number], [], [])
    poll = Poll(selection=selection, password=password)
    accepted = _submit(client, Submission(documents=(), recipients=recipients, title="Fetched", poll=poll))
    if as_json:
        (output.json_line if follow else output.json)(accepted)
    else:
        for id, whom in zip(accepted.jobs, recipients, strict=False):
            output.line(f"job {id}: accepted, from {whom.number}")
    if follow:
        ended = following.follow(client, frozenset(accepted.jobs), 0, as_json)
        if any(state is not JobState.DONE for state in ended.values()):
            raise typer.Exit(ExitCode.FAILED)


def recipients_of(
    client: Client, to: Sequence[str], names: Sequence[str], companies: Sequence[str]
) -> tuple[Recipient, ...]:
    """Numbers as they are; who is named, from the book, where a group is all of its members."""
    for what, values in (("--name", names), ("--company", companies)):
        if len(values) > max(1, len(to)):
            raise typer.BadParameter(f"{len(values)} given for {len(to)} of --to", param_hint=what)

    def at(values: Sequence[str], place: int) -> str:
        return values[place] if place < len(values) else ""

    made: list[Recipient] = []
    for place, written in enumerate(to):
        if is_name(written):
            if at(names, place) or at(companies, place):
                raise typer.BadParameter(f"{written} stands in the book under a name of its own", param_hint="--name")
            made += client.find(written).recipients
        else:
            made.append(Recipient(number=written, name=at(names, place), company=at(companies, place)))
    return tuple(made) if to else (Recipient(name=at(names, 0), company=at(companies, 0)),)


def is_name(written: str) -> bool:
    """Whether somebody in the book is meant: what has a letter that is no dialling mark is no number."""
    if written.lower().startswith("tel:"):
        return False
    return any(character.isalpha() and character not in "wp" for character in written)


def _own_name() -> str:
    """The full name of the user, from the password file; empty when it says none."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0]
    except KeyError:
        return ""


def _upload(client: Client, file: str) -> DocumentId:
    try:
        if file == "-":
            if sys.stdin.isatty():
                from cli.output import complain

                complain("reading the document from the terminal; it ends with Ctrl-D")
            return client.upload(sys.stdin.buffer).id
        return client.upload(file).id
    except DocumentError as error:
        label = "standard input" if file == "-" else file
        raise DocumentError(error.cause, f"{label}: {error.text}", error.detail) from error


def _with_documents(submission: Submission, documents: tuple[DocumentId, ...]) -> Submission:
    return replace(submission, documents=documents)


def _submit(client: Client, submission: Submission) -> Accepted:
    """Submit under a key of its own, so that an answer lost with a dying daemon can be asked for again."""
    key = f"platen-{uuid.uuid4()}"
    for pause_s in SUBMIT_PAUSES_S:
        try:
            return client.submit(submission, key)
        except NotRunningError:
            time.sleep(pause_s)
    return client.submit(submission, key)


def address(
    context: typer.Context,
    id: Annotated[int, typer.Argument(metavar="ID", help="Job number.", show_default=False)],
    to: Annotated[
        str,
        typer.Option(metavar="NUMBER|NAME", help="Fax number, or somebody in the book.", show_default=False),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="Recipient's name.", show_default=False)] = "",
    company: Annotated[str, typer.Option(metavar="NAME", help="Recipient's company.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """Name the recipient of a fax that waits for one.

    Or name another than it had, as long as it is not in a call and has not ended.
    """
    from cli import output, words
    from fax.client import Client

    client = Client(context.obj)
    found = recipients_of(client, [to], [name] if name else [], [company] if company else [])
    if len(found) > 1:
        raise typer.BadParameter(f"{to} is a group, and this fax goes to one recipient", param_hint="--to")
    job = client.address(JobId(id), found[0])
    if as_json:
        output.json(job)
    else:
        output.line(f"job {job.id}: to {words.recipient(job.recipient)}, {words.STATES[job.state]}")
