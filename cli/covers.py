"""The commands of cover page templates: platen cover list, show, check, preview, install, remove.

What always holds: a name means a template of the fax server, a file that ends in .toml one that lies here; checking and
previewing a file needs no fax server.
"""

from __future__ import annotations

import os
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json
from fax.settings import Paper
from fax.types import Priority, Recipient, Resolution, Sender

if TYPE_CHECKING:
    from coverpage import CoverFields
    from fax.covers import CoverFiles, CoverPreview, CoverTemplate

cover = typer.Typer(help="Cover page templates.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The template; own/NAME is your own.", show_default=False)]
NameOrFile = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="A template of the fax server, or a .toml file.", show_default=False)
]
ENDING = ".toml"
_PLAIN = ("subject", "note", "billing_code", "title")
_HIDDEN = ("sub_address", "password")


def register(app: typer.Typer) -> None:
    cover.command("list")(list_)
    cover.command("show")(show)
    cover.command("check")(check)
    cover.command("preview")(preview)
    cover.command("install")(install)
    cover.command("remove")(remove)
    app.add_typer(cover, name="cover")


def list_(context: typer.Context, as_json: Json = False) -> None:
    """List the templates that you may choose from, with what each costs on the line."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).cover_templates()
    if as_json:
        output.json(found)
        return
    output.table(("Name", "Kind", "Title", "Language", "Octets", "About"), [_row(each) for each in found])


def _row(each: CoverTemplate) -> tuple[str, ...]:
    size = "" if each.octets is None else str(each.octets)
    return each.name, each.kind, each.title, each.language, size, each.problem or each.about


def show(context: typer.Context, name: Name) -> None:
    """Print a template, to look at or to begin one's own with."""
    from fax.client import Client

    (main, *beside) = Client(context.obj).cover_files(name).files
    sys.stdout.write(main.octets.decode("utf-8", "replace"))
    for each in beside:
        sys.stdout.write(f"# beside it: {each.name}, {len(each.octets)} octets\n")


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Templates.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Check templates that lie here; each problem with its line and what to do."""
    from cli import output
    from coverpage import CoverPageError, Problem, Studio, TemplateError, load
    from coverpage.sample import SAMPLE

    studio = Studio()
    found: list[dict[str, object]] = []
    for file in files:
        problems: tuple[Problem, ...] = ()
        try:
            studio.cover(load(file), SAMPLE)
        except TemplateError as error:
            problems = error.problems
        except CoverPageError as error:
            problems = (Problem(1, error.text, "change what it names"),)
        for each in problems:
            found.append({"file": str(file), "line": each.line, "text": each.text, "remedy": each.remedy})
            if not as_json:
                output.line(f"{file}:{each.line}: {each.text}; {each.remedy}")
        if not problems and not as_json:
            output.line(f"{file}: right")
    if as_json:
        output.json(found)
    if found:
        raise typer.Exit(ExitCode.REFUSED)


def preview(
    context: typer.Context,
    name: NameOrFile,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="NAME=VALUE",
            help="As recipient.name=Jo, subject=Offer, page_count=3, confidential=yes; repeat it. None: samples.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where the PNG goes; - is standard output.")
    ] = "cover.png",
    resolution: Annotated[
        Resolution, typer.Option(help="As the far end gets it.", case_sensitive=False)
    ] = Resolution.FINE,
    paper: Annotated[
        Paper | None, typer.Option(help="Else the server's.", case_sensitive=False, show_default=False)
    ] = None,
    page: Annotated[int, typer.Option(metavar="N", help="Page of the cover.", min=1)] = 1,
    box: Annotated[int, typer.Option(metavar="N", help="So many pixels across become one.", min=1, max=16)] = 1,
) -> None:
    """Draw a cover exactly as it arrives, as a PNG."""
    from cli import output
    from fax.client import Client

    order = replace(_order(name, field or []), resolution=resolution, paper=paper, page=page)
    if name.endswith(ENDING):
        png = _drawn_here(Path(name), order, box)
    else:
        png = Client(context.obj).preview_cover(order, box)
    if out == "-":
        sys.stdout.buffer.write(png)
        return
    part = Path(out).with_name(f".{Path(out).name}.{os.getpid()}.part")
    part.write_bytes(png)
    part.replace(out)
    output.line(f"{out}: page {page} of the cover, {resolution.value} resolution")


def _drawn_here(file: Path, order: CoverPreview, box: int) -> bytes:
    from codec.operations import to_png
    from codec.page import Resolution as CodecResolution
    from coverpage import PaperName, Studio, load

    paper: PaperName = "letter" if order.paper is Paper.LETTER else "a4"
    cover = Studio().cover(load(file), _fields_of(order), paper, CodecResolution(order.resolution.value))
    if order.page > len(cover.pages):
        raise typer.BadParameter(f"the cover has {len(cover.pages)} pages", param_hint="--page")
    return to_png(cover.pages[order.page - 1], box)


def _fields_of(order: CoverPreview) -> CoverFields:
    from datetime import datetime

    from coverpage import fields_for

    return fields_for(
        order.recipient,
        order.sender,
        order.cover,
        time_sent=datetime.now().astimezone(),
        document_pages=order.document_pages,
        job_id=order.job,
        billing_code=order.billing_code,
        priority=order.priority,
        title=order.title,
        continued_from=order.continued_from,
        continued_of=order.continued_of,
    )


def _order(name: str, given: list[str]) -> CoverPreview:
    """The order with the fields that were named; of samples when none was."""
    from fax.covers import CoverPreview
    from fax.types import CoverPage

    template = CoverPage().template if name.endswith(ENDING) else name
    if not given:
        from coverpage.sample import SAMPLE

        return CoverPreview(
            cover=CoverPage(template=template, subject=SAMPLE.subject, note=SAMPLE.note),
            recipient=SAMPLE.recipient,
            sender=SAMPLE.sender,
            document_pages=2,
            billing_code=SAMPLE.billing_code,
            title=SAMPLE.title,
            job=SAMPLE.job_id,
        )
    said = dict(_pair(each) for each in given)
    members = {
        group: {
            member.name: said.pop(f"{group}.{member.name}")
            for member in fields(kind)
            if member.name not in _HIDDEN and f"{group}.{member.name}" in said
        }
        for group, kind in (("recipient", Recipient), ("sender", Sender))
    }
    plain = {key: said.pop(key, "") for key in _PLAIN}
    try:
        order = CoverPreview(
            cover=CoverPage(
                template=template,
                subject=plain["subject"],
                note=plain["note"].replace("\\n", "\n"),
                confidential=said.pop("confidential", "no") in ("yes", "true", "1"),
            ),
            recipient=Recipient(**members["recipient"]),
            sender=Sender(**members["sender"]),
            document_pages=max(0, int(said.pop("page_count", "1")) - 1),
            billing_code=plain["billing_code"],
            title=plain["title"],
            priority=Priority(said.pop("priority", Priority.NORMAL.value)),
            job=int(said.pop("job_id")) if "job_id" in said else None,
            continued_from=int(said.pop("continued_from")) if "continued_from" in said else None,
            continued_of=int(said.pop("continued_of")) if "continued_of" in said else None,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--field") from error
    if said:
        raise typer.BadParameter(f"there is no field {', '.join(said)} to set", param_hint="--field")
    return order


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--field")
    return name.strip(), value


def _files(file: Path) -> CoverFiles:
    """A template that lies here with what it names. Raises CoverPageError (not right), OSError."""
    from coverpage import load
    from coverpage.template import files_of
    from fax.covers import MAIN_FILE, CoverFile, CoverFiles

    found = load(file)
    main = CoverFile(name=MAIN_FILE, octets=file.read_bytes())
    beside = [CoverFile(name=name, octets=found.octets(name)) for name in files_of(found.template)]
    return CoverFiles(files=(main, *beside))


def install(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The template, .toml.", show_default=False)],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Else the file's name.", show_default=False)
    ] = None,
    common: Annotated[bool, typer.Option("--common", help="For everybody; else your own (own/NAME).")] = False,
    as_json: Json = False,
) -> None:
    """Put a template and the pictures that it names on the fax server."""
    from cli import output
    from fax.client import Client

    bare = name if name is not None else file.parent.name if file.stem == "template" else file.stem
    made = Client(context.obj).install_cover(bare if common else f"own/{bare}", _files(file))
    if as_json:
        output.json(made)
    else:
        output.line(f"{made.name}: installed, {made.octets} octets at fine resolution")


def remove(context: typer.Context, name: Name) -> None:
    """Remove a template that was installed."""
    from cli import output
    from fax.client import Client

    Client(context.obj).remove_cover(name)
    output.line(f"{name}: removed")
