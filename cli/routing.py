"""The commands of routing: platen routing; those of extensions are in ``registry``, those of rules in ``rules``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json

if TYPE_CHECKING:
    from fax.client import Client
    from fax.ports import PortInfo
    from fax.routing import Decision, PortMethod, RoutingMethod

routing = typer.Typer(name="routing", help="Where faxes that come in go.", no_args_is_help=True, rich_markup_mode=None)
SHORT = {
    "folder": "{92041a90-9af2-11d0-abf7-00c04fd91a4e}",
    "email": "{6bbf7bfe-9af2-11d0-abf7-00c04fd91a4e}",
    "print": "{aec1b37c-9af2-11d0-abf7-00c04fd91a4e}",
}

Method = Annotated[
    str,
    typer.Argument(metavar="METHOD", help="folder, email, print, a method's name, or its GUID.", show_default=False),
]
PortName = Annotated[str, typer.Argument(metavar="PORT", help="The line's name.", show_default=False)]


def register(app: typer.Typer) -> None:
    from cli import rules

    routing.command("methods")(methods)
    routing.command("order")(order)
    routing.command("show")(show)
    routing.command("set")(set_)
    routing.command("enable")(enable)
    routing.command("disable")(disable)
    routing.command("test")(test)
    rules.register(routing)
    app.add_typer(routing)


def methods(context: typer.Context, as_json: Json = False) -> None:
    """List the routing methods in the order in which they run."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).routing_methods()
    if as_json:
        output.json(found)
        return
    rows = [
        (str(each.priority), each.friendly_name, each.guid, each.extension_name, "" if each.working else "not there")
        for each in found
    ]
    output.table(("Place", "Method", "GUID", "Of", "State"), rows)


def order(
    context: typer.Context,
    method: Method,
    place: Annotated[int, typer.Argument(metavar="PLACE", min=1, help="1 runs first.", show_default=False)],
) -> None:
    """Have a method run at another place; the others move."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    for each in client.set_method_priority(_method(client, method).guid, place):
        output.line(f"{each.priority} {each.friendly_name}")


def show(context: typer.Context, port: PortName, as_json: Json = False) -> None:
    """Show what is set of each method on a line."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    found = client.port_methods(_port(client, port).id)
    if as_json:
        output.json(found)
        return
    rows = [
        (str(each.priority), each.friendly_name, "enabled" if each.enabled else "disabled", readable(each.data))
        for each in found
    ]
    output.table(("Place", "Method", "State", "Data"), rows)


def set_(
    context: typer.Context,
    port: PortName,
    method: Method,
    target: Annotated[
        str | None,
        typer.Argument(metavar="[TARGET]", help="Folder, e-mail addresses or print queue.", show_default=False),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="An option of the target (format=pdf, name={date}-{id}, media=A4); again for more.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The data as they are, for methods of others.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set where a method delivers what this line receives, and enable it there."""
    from fax.client import Client
    from fax.routing import data_of

    if (target is None) == (data is None):
        raise typer.BadParameter("either a target or --data is needed", param_hint="TARGET")
    if data is not None:
        octets = data.read_bytes()
    else:
        said = [each.partition("=") for each in option or ()]
        if any(not equals for _, equals, _ in said):
            raise typer.BadParameter("an option reads NAME=VALUE", param_hint="--option")
        octets = data_of(target or "", **{name: value for name, _, value in said})
    client = Client(context.obj)
    guid = _method(client, method).guid
    _say(client.change_port_method(_port(client, port).id, guid, enabled=True, data=octets), as_json)


def enable(context: typer.Context, port: PortName, method: Method, as_json: Json = False) -> None:
    """Have a method run on what this line receives."""
    from fax.client import Client

    client = Client(context.obj)
    guid = _method(client, method).guid
    _say(client.change_port_method(_port(client, port).id, guid, enabled=True), as_json)


def disable(context: typer.Context, port: PortName, method: Method, as_json: Json = False) -> None:
    """Have a method not run on what this line receives; its data stay."""
    from fax.client import Client

    client = Client(context.obj)
    guid = _method(client, method).guid
    _say(client.change_port_method(_port(client, port).id, guid, enabled=False), as_json)


def test(
    context: typer.Context,
    port: PortName,
    caller: Annotated[str, typer.Option(metavar="NUMBER", help="The caller id.")] = "",
    tsid: Annotated[str, typer.Option(metavar="TEXT", help="The caller's identifier.")] = "",
    sub: Annotated[str, typer.Option(metavar="TEXT", help="The subaddress.")] = "",
    digits: Annotated[str, typer.Option(metavar="DIGITS", help="The number that was called (DID), or DTMF.")] = "",
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M"], help="When it comes in, local time; else now.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show where a fax with these facts would go. Nothing is delivered."""
    from cli import output
    from fax.client import Client
    from fax.routing import Facts

    when = None if at is None else at.astimezone()
    facts = Facts(port=port, caller_id=caller, tsid=tsid, sub_address=sub, digits=digits, at=when)
    found = Client(context.obj).test_routing(facts)
    if as_json:
        output.json(found)
        return
    for line in _told(found):
        output.line(line)


def _told(decision: Decision) -> list[str]:
    lines = [
        f"{step.name}{f': {step.target}' if step.target else ''} ({step.why}){'' if step.working else '; not there'}"
        for step in decision.steps
    ]
    lines += [f"in the inbox of {user}" for user in decision.users]
    return lines or ["nowhere: it is kept, and those see it who may see all faxes"]


def _method(client: Client, said: str) -> RoutingMethod:
    """Raises typer.Exit."""
    from cli import output

    found = client.routing_methods()
    guid = SHORT.get(said, "{" + said.strip("{}").lower() + "}")
    chosen = [each for each in found if each.guid == guid]
    chosen = chosen or [each for each in found if each.friendly_name.casefold() == said.casefold()]
    if len(chosen) == 1:
        return chosen[0]
    known = ", ".join(each.friendly_name for each in found)
    output.complain(f"{said}: {'several methods have' if chosen else 'no method has'} this name; there are {known}")
    raise typer.Exit(ExitCode.REFUSED)


def _port(client: Client, name: str) -> PortInfo:
    """Raises typer.Exit."""
    from cli.settings import _named

    return _named(client, name)


def _say(made: PortMethod, as_json: bool) -> None:
    from cli import output

    if as_json:
        output.json(made)
        return
    data = readable(made.data)
    state = "enabled" if made.enabled else "disabled"
    output.line(f"{made.port}: {made.friendly_name} is {state}{f', {data}' if data else ''}")


def readable(data: bytes) -> str:
    """Data for people: text as it is, other octets by their number."""
    from fax.errors import FaxError
    from fax.routing import target_of

    try:
        target = target_of(data)
    except FaxError:
        return f"{len(data)} octets"
    if not target.text.isprintable():
        return f"{len(data)} octets"
    return " ".join([target.text, *(f"{name}={value}" for name, value in target.options.items())]).strip()
