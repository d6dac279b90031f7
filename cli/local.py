"""The commands that need no daemon, for trying things by hand: call (``calls`` has it), convert, softmodem.

Must not: import ``codec`` or ``modem`` outside a function; the other commands start without them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json
from fax.types import Resolution


def register(app: typer.Typer) -> None:
    app.command()(convert)
    app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(
        softmodem
    )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One line of ``platen call --json`` before the last, which is the outcome."""

    t: float
    kind: str
    text: str


def call(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Fax number to dial.", show_default=False)],
    tiff: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PAGES.tif]",
            help="Pages as `platen convert` writes them; not needed with --poll.",
            show_default=False,
        ),
    ] = None,
    *,
    tty: Annotated[str, typer.Option(metavar="DEVICE", help="The modem's device.", show_default=False)],
    ident: Annotated[str, typer.Option(metavar="TEXT", help="Our number as the far end sees it.")] = "",
    journal: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the call's journal there.", show_default=False)
    ] = None,
    ecm: Annotated[bool, typer.Option("--ecm/--no-ecm", help="Error correction, if the far end can.")] = True,
    max_rate: Annotated[
        int | None, typer.Option(metavar="BPS", help="Fastest rate in bit/s.", show_default=False)
    ] = None,
    from_page: Annotated[int, typer.Option(metavar="N", min=1, help="First page to send.")] = 1,
    header: Annotated[bool, typer.Option("--header/--no-header", help="The line above each page.")] = True,
    coding: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="mh, mr, mmr or t85, again for more; any if not said.", show_default=False),
    ] = None,
    v17: Annotated[bool, typer.Option("--v17/--no-v17", help="Rates above 9600, if the far end can.")] = True,
    sub_address: Annotated[
        str, typer.Option(metavar="TEXT", help="Where at the far end it is to go.", show_default=False)
    ] = "",
    password: Annotated[
        str,
        typer.Option(
            envvar="PLATEN_CALL_PASSWORD",
            metavar="TEXT",
            help="The password that the far end asks senders for; better in the environment.",
            show_default=False,
        ),
    ] = "",
    poll: Annotated[
        bool, typer.Option("--poll", help="Fetch the document that waits at the far end; PAGES.tif goes first.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Polling: where the fetched fax and the journal go.", show_default=False),
    ] = None,
    poll_password: Annotated[
        str,
        typer.Option(
            envvar="PLATEN_POLL_PASSWORD",
            metavar="TEXT",
            help="The password that opens the document (PWD); better in the environment.",
            show_default=False,
        ),
    ] = "",
    selection: Annotated[
        str, typer.Option(metavar="TEXT", help="Which of its documents (SEP).", show_default=False)
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Progress as lines of JSON, the outcome as the last one.")
    ] = False,
) -> None:
    """Make one call with a modem, without a fax server.

    Exit code 0 when all pages were confirmed, and what was to be fetched is here; 1 when not.
    """
    if poll and out is None:
        raise typer.BadParameter("say with --out where the fetched fax is to go", param_hint="--poll")
    if not poll and (out is not None or poll_password or selection):
        raise typer.BadParameter("this belongs to --poll", param_hint="--out, --poll-password, --selection")
    if not poll and tiff is None:
        raise typer.BadParameter("there is nothing to send; or is --poll missing?", param_hint="PAGES.tif")
    from cli import output
    from codec.errors import TiffError
    from modem.byhand import HandOptions, call_by_hand, fetch_folder
    from modem.entries import Entry
    from modem.outcome import Cause, Retry
    from modem.plan import LinePolicy, PlannedFetch
    from modem.port.pages import PlanError

    def show(entry: Entry) -> None:
        text = _entry_words(entry.kind, entry.fields)
        if text is None:
            return
        if as_json:
            output.json_line(Progress(t=round(entry.t, 3), kind=entry.kind, text=text))
        else:
            output.line(f"{entry.t:7.2f} s  {text}")

    policy = LinePolicy(ecm=ecm, max_rate_bps=max_rate, v17=v17, header_line=header)
    if coding:
        policy = replace(policy, codings=tuple(coding))
    options = HandOptions(
        ident=ident,
        journal=journal,
        policy=policy,
        start_page=from_page,
        sub_address=sub_address,
        password=password,
    )
    fetched = fetch_folder(out) if out is not None else None
    if fetched is not None:
        fetch = PlannedFetch(password=poll_password, selection=selection, file=str(fetched.pages.absolute()))
        options = replace(options, fetch=fetch, journal=journal or fetched.journal)
    try:
        outcome = call_by_hand(number, tiff, tty, options, show)
    except (PlanError, TiffError) as error:
        output.complain(f"{tiff}: {error}" if isinstance(error, TiffError) else str(error))
        raise typer.Exit(ExitCode.REFUSED) from error
    finally:
        if fetched is not None and not any(fetched.folder.iterdir()):
            fetched.folder.rmdir()  # nothing was dialled
    if as_json:
        output.json_line(outcome)
    else:
        output.line(outcome.text + (f" ({outcome.code})" if outcome.code else ""))
        figures = outcome.figures
        facts = [
            figures.far_ident and f"far end {figures.far_ident}",
            figures.modulation and f"{figures.modulation} {figures.rate_bps} bit/s",
            figures.coding and figures.coding.upper(),
            figures.ecm is not None and ("ECM" if figures.ecm else "no ECM"),
            figures.ecm_frames_resent and f"{output.count(figures.ecm_frames_resent, 'frame')} sent again",
            figures.line_seconds is not None and f"{figures.line_seconds:.0f} s off-hook",
        ]
        if said := ", ".join(fact for fact in facts if fact):
            output.line(said)
        if outcome.pages:
            output.table(("Page", "Fate"), [(str(page.number), page.fate.value) for page in outcome.pages])
        if fetched is not None and outcome.fetched:
            bad = sum(page.bad_rows for page in outcome.fetched)
            said = output.count(len(outcome.fetched), "page") + (f", {output.count(bad, 'bad row')}" if bad else "")
            output.line(f"{fetched.pages}: {said}")
    if outcome.cause is Cause.CANCELLED:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if outcome.retry is not Retry.NO_NEED:
        raise typer.Exit(ExitCode.FAILED)


def _entry_words(kind: str, said: Mapping[str, object]) -> str | None:
    """The entries of a call's journal that a person wants to see as they happen, in words; None for the others."""
    match kind:
        case "dialling":
            return f"dialling {said.get('number', '')}"
        case "connected":
            return "the far end answers"
        case "far-end":
            return f"far end: {said.get('ident') or 'no identifier'}; {said.get('abilities', '')}"
        case "trained" | "training-failed":
            how = f"{said.get('modulation', '')} {said.get('rate_bps', '')} bit/s"
            return f"{'trained' if kind == 'trained' else 'training failed'}: {how}"
        case "page-intent":
            return f"page {said.get('number')}"
        case "page-answer":
            return f"page {said.get('number')} {said.get('fate')} ({said.get('by')})"
        case "page-received":
            bad = said.get("bad_rows")
            return f"page {said.get('number')} came in: {said.get('rows')} rows{f', {bad} of them bad' if bad else ''}"
        case "page-confirmed":
            return f"page {said.get('number')} is stored, and the far end knows ({said.get('by')})"
        case "page-refused":
            return f"page refused: {said.get('bad_rows')} of {said.get('rows')} rows are bad"
        case _:
            return None


def convert(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Documents, one after the other.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--output", "-o", metavar="PAGES.tif", help="The TIFF-F.", show_default=False)],
    resolution: Annotated[
        Resolution, typer.Option(help="204x98, 204x196 or 204x391 dots per inch.", case_sensitive=False)
    ] = Resolution.FINE,
    as_json: Json = False,
) -> None:
    """Turn documents into the pages of a fax.

    Exactly the pages that would go out, without a fax server.
    """
    from cli import output
    from codec.documents import convert as convert_documents
    from codec.documents import inspect
    from codec.errors import DocumentError, RenderError
    from codec.page import Resolution as PageResolution

    file = None
    try:
        for file in files:
            # As at intake, so that what the fax server would refuse is refused here too.
            inspect(file, file.name)
        file = files[0] if len(files) == 1 else None
        made = convert_documents(files, out, PageResolution(resolution.value))
    except DocumentError as error:
        where = f"{file}: " if file is not None else ""
        output.complain(f"{where}{error.text}{f' ({error.detail})' if error.detail else ''}")
        raise typer.Exit(ExitCode.REFUSED) from error
    except RenderError as error:
        output.complain(str(error))
        raise typer.Exit(ExitCode.FAULT) from error
    if as_json:
        output.json(made)
        return
    if output.on_terminal():
        output.line(f"{out}: {output.count(len(made.pages), 'page')}")
    output.table(
        ("Page", "Width", "Rows", "Resolution", "SHA-256"),
        [
            (str(number), str(page.width), str(page.rows), f"{page.dpi_x}x{page.dpi_y}", page.digest)
            for number, page in enumerate(made.pages, 1)
        ],
    )


def softmodem(context: typer.Context) -> None:
    """Run a software modem with fax machines behind it."""
    from modem.soft.__main__ import main as serve

    sys.argv[0] = "platen softmodem"
    code = serve(list(context.args))
    if code:
        raise typer.Exit(code)
