"""The commands that set up the printer in a CUPS: queue add, remove, list, refresh, policy.

Must not: import ``backend`` outside a function; the other commands start without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json
from fax.types import Resolution

queue = typer.Typer(
    name="queue", help="The printer in this machine's CUPS.", no_args_is_help=True, rich_markup_mode=None
)


def register(app: typer.Typer) -> None:
    queue.command()(add)
    queue.command()(remove)
    queue.command("list")(list_queues)
    queue.command()(refresh)
    queue.command()(policy)
    app.add_typer(queue)


class Paper(Enum):
    A4 = "A4"
    LETTER = "Letter"
    LEGAL = "Legal"
    B4 = "B4"
    A3 = "A3"


class Commands(Enum):
    OFF = "off"
    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A queue, in ``platen queue list --json``."""

    name: str
    uri: str
    fax: bool
    shared: bool
    stopped: bool
    message: str


Server = Annotated[
    str | None,
    typer.Option(metavar="SOCKET|HOST:PORT", help="Another CUPS than this machine's.", show_default=False),
]
ServerBin = Annotated[Path, typer.Option(metavar="DIR", help="Where that CUPS has its programs.")]
Config = Annotated[Path, typer.Option(metavar="FILE", help="The daemon's settings.")]
CONFIG = Path("/etc/platen/platen.toml")
SERVERBIN = Path("/usr/lib/cups")
CACHE = Path("/var/cache/cups")
BOOK = Path("/etc/platen/book.csv")
SHARED = "shared"
COPIES = Path("/var/lib/platen-queue")
SHARED_COPY = "platen-shared-book.csv"


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The queue's name.")] = "fax",
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Announce it as a printer, for Windows, macOS and driverless clients."),
    ] = False,
    to: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER", help="All its jobs without another number go there; repeat it for more."),
    ] = None,
    cover: Annotated[str, typer.Option(metavar="[=TEMPLATE]", help="With a cover page unless the job names one.")] = "",
    resolution: Annotated[
        Resolution | None, typer.Option(help="Unless the job says another.", case_sensitive=False, show_default=False)
    ] = None,
    paper: Annotated[Paper, typer.Option(help="Paper of jobs that name none.", case_sensitive=False)] = Paper.A4,
    title: Annotated[
        bool, typer.Option("--title/--no-title", help="A job's title that is a number is dialled.")
    ] = True,
    commands: Annotated[
        Commands,
        typer.Option(
            help="Obey @@fax to=NUMBER@@ in the text of a document's first page, and keep it in the image or remove it."
        ),
    ] = Commands.OFF,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Rules for other texts of the first page that name the number."),
    ] = None,
    book: Annotated[
        str,
        typer.Option(
            metavar="shared|FILE",
            help=f"Whose entries can be chosen: the server's shared book, or a CSV file; else {BOOK} if it is there.",
        ),
    ] = "",
    copies: Annotated[Path, typer.Option(metavar="DIR", help="Where the copy of the shared book is kept.")] = COPIES,
    group: Annotated[str, typer.Option(metavar="NAME", help="Group of lines that its faxes go out on.")] = "",
    shared: Annotated[
        bool | None, typer.Option("--shared/--not-shared", help="Offer it to the network.", show_default=False)
    ] = None,
    info: Annotated[str, typer.Option(metavar="TEXT", help="What people read instead of its name.")] = "",
    location: Annotated[str, typer.Option(metavar="TEXT", help="Where it is.")] = "",
    server: Server = None,
    serverbin: ServerBin = SERVERBIN,
    cache: Annotated[Path, typer.Option(metavar="DIR", help="Where that CUPS keeps pictures of queues.")] = CACHE,
    config: Config = CONFIG,
) -> None:
    """Put backend, filters and a queue into CUPS, or set the queue anew.

    Its jobs stay, and what was chosen as its defaults.
    """
    from backend.checks import apparmor, incoming_faults, program_faults, unreadable
    from backend.install import install_backend, install_filters
    from backend.options import parameters
    from backend.queue import Queue, add_queue, device_uri, place_icon, with_settings
    from cli import output

    with _told():
        listed = Path(book) if book else BOOK if BOOK.exists() else None
        if book == SHARED:
            listed = copies / SHARED_COPY
            _copy_shared(context.obj, listed)
        files = [path.absolute() if path else None for path in (rules, listed)]
        parts = (
            *(("to", number) for number in to or ()),
            ("cover", cover),
            ("resolution", resolution.value if resolution else ""),
            ("title", "" if title else "no"),
            ("commands", "" if commands is Commands.OFF else commands.value),
            ("rules", str(files[0] or "")),
            ("book", str(files[1] or "")),
            ("group", group),
            ("socket", str(Path(context.obj).absolute()) if context.obj and "://" not in context.obj else ""),
        )
        made = Queue(
            name=name,
            uri=device_uri(parts),
            fax=not plain,
            info=info or ("Platen fax" if not plain else "Platen fax (as a printer)"),
            location=location,
            shared=shared,
            paper=paper.value,
        )
        made = with_settings(made, config)
        _check_rules(files[0])
        backend = install_backend(serverbin / "backend")
        filters = install_filters(serverbin / "filter")
        add_queue(made, server, config=config)
        place_icon(name, cache)
    for file in (backend, *filters):
        output.line(f"{file.path}{': ' + file.note if file.note else ''}")
    said = dict(parameters(made.uri))
    faults = [
        *(fault for file in (backend, *filters) for fault in program_faults(file.path)),
        *unreadable(file for file in files if file is not None),
        *incoming_faults(Path(said.get("spool", "/var/spool/platen"))),
    ]
    for fault in faults:
        output.complain(fault)
    for text in apparmor():
        output.line(text)
    option = "" if plain or to else " -o phone=NUMBER"
    output.line(f"The queue {name} is ready: lp -d {name}{option} FILE")


def _copy_shared(socket: str | None, copy: Path) -> None:
    """Bring the copy of the server's shared book up to date, for the backend's eyes only. While the server is away the
    copy stays as it is."""
    from backend.install import place_private
    from cli import output
    from fax.client import Client
    from fax.errors import FaxError

    try:
        octets = Client(socket).export_book(shared=True)
    except FaxError as error:
        output.complain(f"the shared address book stays as it was: {error.text}")
        if copy.exists():
            return
        octets = b"name,number,company\n"
    place_private(copy, octets)


def _check_rules(file: Path | None) -> None:
    if file is not None:
        from backend.rules import read_rules

        read_rules(file)


def remove(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The queue's name.")] = "fax",
    server: Server = None,
    serverbin: ServerBin = SERVERBIN,
    cache: Annotated[Path, typer.Option(metavar="DIR", help="Where that CUPS keeps pictures of queues.")] = CACHE,
) -> None:
    """Take a queue out of CUPS; with the last one, backend and filters too.

    Faxes that were handed over stay with the fax server.
    """
    from backend.install import remove_programs
    from backend.queue import queues, remove_icon, remove_queue
    from cli import output

    with _told():
        known = queues(server)
        if name not in {item.name for item in known}:
            output.complain(f"there is no queue {name} of ours: {', '.join(item.name for item in known) or 'none'}")
            raise typer.Exit(ExitCode.REFUSED)
        remove_queue(name, server)
        remove_icon(name, cache)
        if len(known) == 1:
            remove_programs(serverbin)
    output.line(f"The queue {name} is removed.")


def list_queues(server: Server = None, as_json: Json = False) -> None:
    """The queues that print to us."""
    from backend.queue import queues
    from cli import output

    with _told():
        found = queues(server)
    if as_json:
        output.json(
            [
                Shown(
                    name=item.name,
                    uri=item.uri,
                    fax=item.fax,
                    shared=bool(item.shared),
                    stopped=item.stopped,
                    message=item.message,
                )
                for item in found
            ]
        )
        return
    rows = [
        (
            item.name,
            "fax" if item.fax else "plain",
            "shared" if item.shared else "",
            "stopped" if item.stopped else "ready",
            item.uri,
            item.message,
        )
        for item in found
    ]
    output.table(("Queue", "Kind", "", "State", "Device", "Message"), rows)


def refresh(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="The queues; all of ours if none is named.")
    ] = None,
    server: Server = None,
    config: Config = CONFIG,
) -> None:
    """Bring what print dialogues show up to date with address book and cover pages."""
    from backend.options import parameters
    from backend.queue import queues, refresh_queue
    from cli import output

    copied: set[Path] = set()
    with _told():
        known = {item.name: item for item in queues(server)}
        for name in names or sorted(known):
            if name not in known:
                output.complain(f"there is no queue {name} of ours: {', '.join(known) or 'none'}")
                raise typer.Exit(ExitCode.REFUSED)
            copy = Path(dict(parameters(known[name].uri)).get("book", ""))
            if copy.name == SHARED_COPY and copy not in copied:
                _copy_shared(context.obj, copy)
                copied.add(copy)
            changed = refresh_queue(known[name], server, config=config)
            output.line(f"{name}: {'brought up to date' if changed else 'is up to date'}")


def policy() -> None:
    """Print lines for cupsd.conf that keep numbers and names from other users."""
    from backend.install import HOUSE
    from cli import output

    for line in (HOUSE / "backend" / "private.policy").read_text().splitlines():
        output.line(line)


class _told:
    """Turns what cannot be set up into one sentence and an exit code."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from backend.install import InstallError
        from backend.rules import RulesError
        from cli import output

        if isinstance(error, InstallError | RulesError):
            output.complain(str(error))
            raise typer.Exit(ExitCode.FAULT if isinstance(error, InstallError) else ExitCode.USAGE) from error
