"""The commands that set the server up while it runs: config, ports, log.

What always holds: a value is read by the type of its setting, so that a typing mistake is told before anything is sent;
what the server then refuses is told in its own words.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import time
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer

from cli.sending import Json

if TYPE_CHECKING:
    from fax.client import Client
    from fax.ports import PortChange, PortInfo

config = typer.Typer(name="config", help="The server's settings.", no_args_is_help=True, rich_markup_mode=None)
ports = typer.Typer(name="ports", help="The telephone lines.", no_args_is_help=True, rich_markup_mode=None)
log = typer.Typer(name="log", help="How much the server logs.", no_args_is_help=True, rich_markup_mode=None)

LISTS = {
    "port_groups": '[{"name": "sales", "ports": ["fax1", "fax0"]}]',
    "outbound_rules": '[{"country": "49", "area": "30", "group": "sales"}, {"country": "1", "port": "fax0"}]',
    "cover_rules": '[{"group": "clinic", "template": "medical", "forced": true}, {"template": "business"}]',
}
PortName = Annotated[str, typer.Argument(metavar="PORT", help="The line's name or number.", show_default=False)]


def register(app: typer.Typer) -> None:
    config.command("list")(list_settings)
    config.command("get")(get_setting)
    config.command("set")(set_settings)
    ports.command("list")(list_ports)
    ports.command("show")(show_port)
    ports.command("set")(set_port)
    ports.command()(enable)
    ports.command()(disable)
    ports.command()(statistics)
    log.command("list")(list_levels)
    log.command("set")(set_level)
    for group in (config, ports, log):
        app.add_typer(group)


def list_settings(context: typer.Context, as_json: Json = False) -> None:
    """List every setting, with what it means."""
    from cli import output
    from fax.client import Client
    from fax.settings import settings

    found = Client(context.obj).configuration()
    if as_json:
        output.json(found)
        return
    rows = [(each.name, shown(getattr(found, each.name)), str(each.metadata["help"])) for each in settings()]
    output.table(("Setting", "Value", "Meaning"), rows)


def get_setting(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A setting; platen config list names them.")],
) -> None:
    """Print one setting."""
    from cli import output
    from fax.client import Client

    _type_of(name)
    output.line(shown(getattr(Client(context.obj).configuration(), name)))


def set_settings(
    context: typer.Context,
    changes: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="retries=5, discount_start=20:00, dirty_days=none")
    ],
    as_json: Json = False,
) -> None:
    """Change settings, all or none; they act at once. A password that is ``-`` is asked for, or read from a pipe."""
    from cli import output
    from fax.client import Client

    wanted: dict[str, object] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise typer.BadParameter(f"{change}: write NAME=VALUE")
        wanted[name] = value_of(name, text, _type_of(name))
        if text == "-" and name in _secrets():
            wanted[name] = _asked_for(name)
    after = Client(context.obj).change_configuration(wanted)
    if as_json:
        output.json(after)
        return
    for name in wanted:
        output.line(f"{name} = {shown(getattr(after, name))}")


def _secrets() -> set[str]:
    from fax.settings import settings

    return {each.name for each in settings() if each.metadata["secret"]}


def _asked_for(name: str) -> str:
    """A secret, asked for twice, or read from standard input: the command line is seen by others."""
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _type_of(name: str) -> Any:
    from difflib import get_close_matches

    from fax.settings import Configuration

    types = get_type_hints(Configuration)
    if name not in types:
        near = get_close_matches(name, types, 1)
        hint = f"did you mean {near[0]}?" if near else "platen config list names them"
        raise typer.BadParameter(f"{name} is not a setting; {hint}")
    return types[name]


def value_of(name: str, text: str, type: Any) -> object:
    """The value that a person means by ``text``. Raises typer.BadParameter."""
    if get_origin(type) is tuple:
        return _list_of(name, text)
    kinds = [kind for kind in get_args(type) if kind is not None.__class__] or [type]
    if len(kinds) < len(get_args(type)) and text.casefold() in ("none", "never"):
        return None
    (kind,) = kinds
    try:
        if kind is bool:
            return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}[text.casefold()]
        if kind is time:
            return time.fromisoformat(text)
        return kind(text)
    except (KeyError, ValueError):
        wanted = {bool: "true or false", int: "a whole number", float: "a number", time: "a time like 20:00"}.get(
            kind, " or ".join(member.value for member in kind) if issubclass(kind, Enum) else "a text"
        )
        none = ", or none" if len(kinds) < len(get_args(type)) else ""
        raise typer.BadParameter(f"{name} is {wanted}{none}, not {text}") from None


def _list_of(name: str, text: str) -> list[object]:
    """A list as JSON writes it; what its entries must be, the server says."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise typer.BadParameter(f"{name} is a list in JSON, like {LISTS.get(name, '[]')}, not {text}")
    return found


def shown(value: object) -> str:
    """A setting's value as a person writes it."""
    if isinstance(value, tuple):
        return json.dumps([each if isinstance(each, str) else asdict(each) for each in value], ensure_ascii=False)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return f"{value:g}" if isinstance(value, float) else str(value)


def list_ports(context: typer.Context, as_json: Json = False) -> None:
    """List the telephone lines in the order in which they are tried, and what each is doing."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).ports()
    if as_json:
        output.json(found)
        return
    rows = []
    for port in found:
        status = port.status
        page = f" page {status.current_page}" if status.current_page else ""
        fax = f"job {status.job}{page}" if status.job is not None else ""
        use = [word for word, is_so in (("send", port.send), ("receive", port.receive)) if is_so]
        about = (status.state.value, fax or status.detail, ", ".join(use) or "off")
        rows.append((str(port.id), port.name, *about, str(port.priority), port.tsid))
    output.table(("Number", "Port", "State", "Now", "Used to", "Priority", "TSID"), rows)


def show_port(context: typer.Context, port: PortName, as_json: Json = False) -> None:
    """Show one line: its settings, and what it is doing."""
    from cli import output
    from fax.client import Client

    found = _named(Client(context.obj), port)
    if as_json:
        output.json(found)
        return
    status = found.status
    facts = [
        ("Port", f"{found.name} (number {found.id})"),
        ("Device", found.device),
        ("State", status.state.value),
        ("Why", status.detail),
        ("Modem", status.modem),
        ("Sends", "yes" if found.send else "no"),
        ("Receives", f"yes, after {output.count(found.rings, 'ring')}" if found.receive else "no"),
        ("Priority", str(found.priority)),
        ("TSID", found.tsid),
        ("CSID", found.csid),
        ("Job", "" if status.job is None else f"{status.job} of {status.user}, {status.document_name}"),
        ("Number", status.phone_number),
        ("Far end", status.csid),
        ("Page", "" if not status.current_page else f"{status.current_page} of {status.total_pages or '?'}"),
        ("Since", "" if status.started is None else output.clock(status.started)),
    ]
    output.table(("", ""), [(name, value) for name, value in facts if value])


def set_port(
    context: typer.Context,
    port: PortName,
    rings: Annotated[int | None, typer.Option(help="Rings before it answers, 0 to 99.", show_default=False)] = None,
    priority: Annotated[
        int | None, typer.Option(help="1 is tried first; others make room.", show_default=False)
    ] = None,
    tsid: Annotated[str | None, typer.Option(help="Its identifier when it sends.", show_default=False)] = None,
    csid: Annotated[str | None, typer.Option(help="Its identifier when it receives.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Change a line's settings; they act at once. A line that is in use is not changed."""
    from fax.ports import PortChange

    change = PortChange(rings=rings, priority=priority, tsid=tsid, csid=csid)
    if change == PortChange():
        raise typer.BadParameter("name something to set; platen ports set --help tells what there is")
    _change(context, port, change, as_json)


class Use(Enum):
    SEND = "send"
    RECEIVE = "receive"


UseOption = Annotated[Use | None, typer.Option("--for", help="For this only; else for sending.", show_default=False)]


def enable(context: typer.Context, port: PortName, use: UseOption = None, as_json: Json = False) -> None:
    """Let a line send (or, with --for receive, answer calls)."""
    _use(context, port, use, True, as_json)


def disable(context: typer.Context, port: PortName, use: UseOption = None, as_json: Json = False) -> None:
    """Let a line neither send nor answer calls (or, with --for, only the other)."""
    _use(context, port, use, False, as_json)


def _use(context: typer.Context, port: str, use: Use | None, wanted: bool, as_json: bool) -> None:
    from fax.ports import PortChange

    if use is None:
        change = PortChange(send=True) if wanted else PortChange(send=False, receive=False)
    else:
        change = PortChange(send=wanted) if use is Use.SEND else PortChange(receive=wanted)
    _change(context, port, change, as_json)


def _change(context: typer.Context, port: str, change: PortChange, as_json: bool) -> None:
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    after = client.change_port(_named(client, port).id, change)
    if as_json:
        output.json(after)
        return
    names = ("send", "receive", "rings", "priority", "tsid", "csid")
    for name in names:
        if getattr(change, name) is not None:
            output.line(f"{after.name}: {name} = {shown(getattr(after, name))}")


def _named(client: Client, port: str) -> PortInfo:
    """The line of this name, else of this number. Raises FaxError."""
    from fax.errors import Cause, RequestError

    found = client.ports()
    for key in ("name", "id"):
        for each in found:
            if str(getattr(each, key)) == port:
                return client.port(each.id)
    known = ", ".join(each.name for each in found) or "there is none"
    raise RequestError(Cause.NO_SUCH_PORT, f"There is no port {port} ({known})")


def statistics(
    context: typer.Context,
    numbers: Annotated[bool, typer.Option("--numbers", help="By number called, not by line.")] = False,
    as_json: Json = False,
) -> None:
    """What went over each line: calls, pages, time, and how the calls ended."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    found = client.number_statistics() if numbers else client.port_statistics()
    if as_json:
        output.json(found)
        return
    output.table(
        ("Number" if numbers else "Port", "Calls", "Answered", "Sent", "Pages", "Minutes", "Ends"),
        [
            (
                one.name,
                str(one.calls),
                str(one.answered),
                str(one.sent),
                str(one.pages),
                f"{one.line_seconds / 60:.1f}",
                ", ".join(f"{cause} {count}" for cause, count in sorted(one.outcomes.items())),
            )
            for one in found
        ],
    )


def list_levels(context: typer.Context, as_json: Json = False) -> None:
    """List the categories of the log, and how much is logged of each."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).log_categories()
    if as_json:
        output.json(found)
        return
    output.table(("Category", "Level", "About"), [(each.category.value, each.level.value, each.name) for each in found])


def set_level(
    context: typer.Context,
    category: Annotated[str, typer.Argument(metavar="CATEGORY", help="init, outbound, inbound, unknown or all.")],
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="none, min (failures), med or max (everything).")],
) -> None:
    """Log so much of a category, from now on."""
    from cli import output
    from fax.client import Client
    from fax.settings import LogCategory, LogLevel, LogSetting

    categories = {each.value: [each] for each in LogCategory} | {"all": list(LogCategory)}
    levels = {each.value: each for each in LogLevel}
    if category not in categories:
        raise typer.BadParameter(f"{category} is none of {', '.join(categories)}")
    if level not in levels:
        raise typer.BadParameter(f"{level} is none of {', '.join(levels)}")
    wanted = [LogSetting(category=each, level=levels[level]) for each in categories[category]]
    after = Client(context.obj).set_log_categories(wanted)
    output.table(("Category", "Level"), [(each.category.value, each.level.value) for each in after])
