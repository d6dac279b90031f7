"""The command that receives without a daemon: answer.

Must not: import ``codec`` or ``modem`` outside a function; the other commands start without them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from cli.local import Progress

if TYPE_CHECKING:
    from modem.entries import Entry
    from modem.receipt import AnswerOutcome


def register(app: typer.Typer) -> None:
    app.command()(answer)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The last line of a call of ``platen answer --json``. ``tiff``: None when no page came in."""

    call: str
    tiff: str | None
    journal: str
    outcome: AnswerOutcome


def answer(
    tty: Annotated[str, typer.Option(metavar="DEVICE", help="The modem's device.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where received faxes and journals go.", show_default=False)],
    rings: Annotated[int, typer.Option(metavar="N", min=1, help="Answer after so many rings.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="End after one call.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Pick up at once, whether it rings or not.")] = False,
    ident: Annotated[str, typer.Option(metavar="TEXT", help="Our number as the far end sees it.")] = "",
    ecm: Annotated[bool, typer.Option("--ecm/--no-ecm", help="Error correction, if the far end can.")] = True,
    max_rate: Annotated[
        int | None, typer.Option(metavar="BPS", help="Fastest rate in bit/s.", show_default=False)
    ] = None,
    coding: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="mr, mmr or t85 beside mh, again for more; any if not said.", show_default=False
        ),
    ] = None,
    v17: Annotated[bool, typer.Option("--v17/--no-v17", help="Rates above 9600, if the far end can.")] = True,
    document: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGES.tif",
            help="Pages, as `platen convert` writes them, that a caller may fetch by polling.",
            show_default=False,
        ),
    ] = None,
    poll_password: Annotated[
        str,
        typer.Option(
            envvar="PLATEN_POLL_PASSWORD",
            metavar="TEXT",
            help="The password that a polling caller must give (PWD); better in the environment.",
            show_default=False,
        ),
    ] = "",
    selection: Annotated[
        str,
        typer.Option(metavar="TEXT", help="The name under which the document is found (SEP).", show_default=False),
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Progress as lines of JSON, each call's outcome as its last one.")
    ] = False,
) -> None:
    """Answer calls with a modem and keep the faxes, without a fax server.

    Each call has a folder of its own in DIR, with pages.tif and journal.jsonl. Ends with Ctrl-C. Exit code with
    --once: 0 when all pages were received, or the document was fetched; 1 when not.
    """
    if document is None and (poll_password or selection):
        raise typer.BadParameter("this belongs to --document", param_hint="--poll-password, --selection")
    from cli import output
    from codec.errors import TiffError
    from modem.byhand import answer_by_hand, served
    from modem.lock import usual_folder
    from modem.outcome import Cause
    from modem.port.messages import AnswerSettings
    from modem.port.pages import PlanError
    from modem.received import ReceivedCall

    def show(entry: Entry) -> None:
        text = _entry_words(entry)
        if text is None:
            return
        if as_json:
            output.json_line(Progress(t=round(entry.t, 3), kind=entry.kind, text=text))
        else:
            output.line(f"{entry.t:7.2f} s  {text}")

    def ended(call: str, outcome: AnswerOutcome) -> None:
        received = ReceivedCall(out / call)
        if as_json:
            tiff = str(received.pages) if outcome.pages else None
            output.json_line(Answered(call=call, tiff=tiff, journal=str(received.journal), outcome=outcome))
            return
        output.line(outcome.text)
        figures = outcome.figures
        facts = [
            figures.far_ident and f"from {figures.far_ident}",
            figures.modulation and f"{figures.modulation} {figures.rate_bps} bit/s",
            figures.coding and figures.coding.upper(),
            figures.ecm is not None and ("ECM" if figures.ecm else "no ECM"),
            figures.ecm_frames_resent and f"{output.count(figures.ecm_frames_resent, 'frame')} sent again",
            outcome.bad_rows and output.count(outcome.bad_rows, "bad row"),
            figures.line_seconds is not None and f"{figures.line_seconds:.0f} s off-hook",
        ]
        if said := ", ".join(fact for fact in facts if fact):
            output.line(said)
        if outcome.pages:
            output.line(f"{received.pages}: {output.count(len(outcome.pages), 'page')}")
        if outcome.sent:
            output.table(("Page", "Fate"), [(str(page.number), page.fate.value) for page in outcome.sent])

    settings = AnswerSettings(folder=str(out), rings=rings, csi=ident, ecm=ecm, v17=v17, max_rate_bps=max_rate)
    if coding:
        settings = replace(settings, codings=tuple(coding))
    try:
        if document is not None:
            settings = replace(settings, document=served(document, poll_password, selection))
        outcome = answer_by_hand(
            tty, settings, once=once, now=now, lock_folder=usual_folder(), on_entry=show, on_end=ended
        )
    except (OSError, TiffError, PlanError, ValueError) as error:
        output.complain(f"{document}: {error}" if isinstance(error, TiffError) else str(error))
        raise typer.Exit(ExitCode.REFUSED) from error
    if outcome is None or outcome.cause is Cause.CANCELLED:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if once and outcome.cause is not Cause.OK:
        raise typer.Exit(ExitCode.FAILED)


def _entry_words(entry: Entry) -> str | None:
    """The journal's entries that a person wants to see as they happen."""
    said = entry.fields
    match entry.kind:
        case "begin":
            caller = said.get("caller") or {}
            who = " ".join(part for part in (caller.get("number"), caller.get("name")) if part)
            return f"answering a call{f' from {who}' if who else ''}"
        case "far-end":
            return f"sender: {said.get('ident') or 'no identifier'}; {said.get('abilities', '')}"
        case "trained" | "training-failed":
            how = f"{said.get('modulation', '')} {said.get('rate_bps', '')} bit/s"
            return f"{'trained' if entry.kind == 'trained' else 'training failed'}: {how}"
        case "page-received":
            bad = said.get("bad_rows")
            return f"page {said.get('number')}: {said.get('rows')} rows{f', {bad} of them bad' if bad else ''}"
        case "page-confirmed":
            return f"page {said.get('number')} confirmed ({said.get('by')})"
        case "page-refused":
            return f"page refused: {said.get('bad_rows')} of {said.get('rows')} rows are bad"
        case "page-intent":
            return f"page {said.get('number')} of our document"
        case "page-answer":
            return f"page {said.get('number')} of our document {said.get('fate')} ({said.get('by')})"
        case _:
            return None
