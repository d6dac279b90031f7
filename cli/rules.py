"""The commands of routing rules: platen routing rules, rule add, rule remove, rule move."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import ExitCode
from cli.sending import Json

if TYPE_CHECKING:
    from fax.routing import RoutingRule

rule = typer.Typer(name="rule", help="Rules, one by one.", no_args_is_help=True, rich_markup_mode=None)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The rule's name.", show_default=False)]
Many = list[str] | None


def register(app: typer.Typer) -> None:
    app.command("rules")(rules)
    rule.command("add")(add)
    rule.command("remove")(remove)
    rule.command("move")(move)
    rule.command("enable")(enable)
    rule.command("disable")(disable)
    app.add_typer(rule)


def rules(
    context: typer.Context,
    set_: Annotated[
        Path | None,
        typer.Option(
            "--set", metavar="FILE", help="Have the rules of this JSON file, and no others.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the rules in their order; with --json as --set takes them."""
    import msgspec

    from cli import output
    from fax.client import Client
    from fax.routing import RoutingRule

    client = Client(context.obj)
    if set_ is not None:
        octets = sys.stdin.buffer.read() if str(set_) == "-" else set_.read_bytes()
        try:
            wanted = msgspec.json.decode(octets, type=list[RoutingRule])
        except msgspec.DecodeError as error:
            output.complain(f"{set_}: {error}")
            raise typer.Exit(ExitCode.USAGE) from error
        found = client.set_routing_rules(wanted)
    else:
        found = client.routing_rules()
    if as_json:
        output.json(found)
        return
    rows = [
        (str(place), each.name, "" if each.enabled else "disabled", " ".join(asks(each)), " ".join(goes(each)))
        for place, each in enumerate(found, 1)
    ]
    output.table(("Place", "Rule", "State", "For", "To"), rows)


def add(
    context: typer.Context,
    name: Name,
    port: Annotated[Many, typer.Option(metavar="PORT", help="Received on this line.")] = None,
    sub: Annotated[Many, typer.Option(metavar="PATTERN", help="With this subaddress.")] = None,
    digits: Annotated[Many, typer.Option(metavar="PATTERN", help="For this number (DID) or these digits.")] = None,
    caller: Annotated[Many, typer.Option(metavar="PATTERN", help="From this caller id.")] = None,
    tsid: Annotated[Many, typer.Option(metavar="PATTERN", help="From a machine that calls itself so.")] = None,
    day: Annotated[Many, typer.Option(metavar="DAY", help="On this weekday: mon to sun.")] = None,
    begin: Annotated[
        datetime | None, typer.Option(formats=["%H:%M"], help="From this time of day on.", show_default=False)
    ] = None,
    end: Annotated[
        datetime | None, typer.Option(formats=["%H:%M"], help="Until this time of day.", show_default=False)
    ] = None,
    folder: Annotated[Many, typer.Option(metavar="FOLDER", help="Stored there.")] = None,
    mail: Annotated[Many, typer.Option(metavar="ADDRESS", help="Mailed there.")] = None,
    printer: Annotated[Many, typer.Option(metavar="QUEUE", help="Printed there.")] = None,
    user: Annotated[Many, typer.Option(metavar="USER", help="In this user's inbox.")] = None,
    person: Annotated[
        list[int] | None, typer.Option(metavar="ID", help="To this person of the shared address book.")
    ] = None,
    method: Annotated[Many, typer.Option(metavar="METHOD", help="By this method, with the line's data.")] = None,
    instead: Annotated[bool, typer.Option("--instead", help="And not to what is enabled on the line.")] = False,
    last: Annotated[bool, typer.Option("--last", help="Later rules are not looked at.")] = False,
    place: Annotated[
        int | None, typer.Option(metavar="PLACE", min=1, help="Its place; else the last.", show_default=False)
    ] = None,
) -> None:
    """Add a rule, or put another one in the place of that name. Each option may be given several times; * and ? stand
    for any characters and for one."""
    from cli import output
    from cli.routing import _method
    from fax.client import Client
    from fax.routing import MethodTarget, RoutingRule

    if strange := {text.lower()[:3] for text in day or ()} - set(DAYS):
        raise typer.BadParameter(f"{min(strange)} is none of {', '.join(DAYS)}", param_hint="--day")
    client = Client(context.obj)
    made = RoutingRule(
        name=name,
        ports=tuple(port or ()),
        sub_addresses=tuple(sub or ()),
        digits=tuple(digits or ()),
        callers=tuple(caller or ()),
        tsids=tuple(tsid or ()),
        weekdays=tuple(DAYS.index(text.lower()[:3]) + 1 for text in day or ()),
        begin=None if begin is None else begin.time(),
        end=None if end is None else end.time(),
        methods=tuple(MethodTarget(method=_method(client, text).guid) for text in method or ()),
        folders=tuple(folder or ()),
        addresses=tuple(mail or ()),
        printers=tuple(printer or ()),
        people=tuple(person or ()),
        users=tuple(user or ()),
        instead=instead,
        last=last,
    )
    known = client.routing_rules()
    before = next((at for at, each in enumerate(known) if each.name == name), len(known))
    others = [each for each in known if each.name != name]
    others.insert(before if place is None else place - 1, made)
    client.set_routing_rules(others)
    output.line(f"{name}: {' '.join(asks(made)) or 'every fax'} -> {' '.join(goes(made)) or 'nowhere'}")


def remove(context: typer.Context, name: Name) -> None:
    """Remove a rule."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    known = client.routing_rules()
    _found(known, name)
    client.set_routing_rules([each for each in known if each.name != name])
    output.line(f"{name}: removed")


def move(
    context: typer.Context,
    name: Name,
    place: Annotated[int, typer.Argument(metavar="PLACE", min=1, help="1 is looked at first.", show_default=False)],
) -> None:
    """Have a rule looked at in another place."""
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    known = client.routing_rules()
    moved = _found(known, name)
    others = [each for each in known if each.name != name]
    others.insert(place - 1, moved)
    for at, each in enumerate(client.set_routing_rules(others), 1):
        output.line(f"{at} {each.name}")


def enable(context: typer.Context, name: Name) -> None:
    """Have a rule count."""
    _switch(context, name, True)


def disable(context: typer.Context, name: Name) -> None:
    """Have a rule not count; it stays in its place."""
    _switch(context, name, False)


def _switch(context: typer.Context, name: str, wanted: bool) -> None:
    from cli import output
    from fax.client import Client

    client = Client(context.obj)
    known = client.routing_rules()
    _found(known, name)
    client.set_routing_rules([replace(each, enabled=wanted) if each.name == name else each for each in known])
    output.line(f"{name}: {'enabled' if wanted else 'disabled'}")


def _found(known: list[RoutingRule], name: str) -> RoutingRule:
    """Raises typer.Exit."""
    from cli import output

    for each in known:
        if each.name == name:
            return each
    output.complain(f"There is no rule {name}; platen routing rules lists them")
    raise typer.Exit(ExitCode.REFUSED)


def asks(rule: RoutingRule) -> list[str]:
    """What a rule asks for, as its options read."""
    words = [
        f"{name}={','.join(texts)}"
        for name, texts in (
            ("port", rule.ports),
            ("sub", rule.sub_addresses),
            ("digits", rule.digits),
            ("caller", rule.callers),
            ("tsid", rule.tsids),
            ("day", tuple(DAYS[day - 1] for day in rule.weekdays)),
        )
        if texts
    ]
    for name, at in (("begin", rule.begin), ("end", rule.end)):
        if at is not None:
            words.append(f"{name}={at:%H:%M}")
    return words


def goes(rule: RoutingRule) -> list[str]:
    """Where a rule sends a fax, as its options read."""
    from cli.routing import SHORT

    short = {guid: name for name, guid in SHORT.items()}
    words = [
        f"{name}={' '.join(text.splitlines())}"
        for name, texts in (
            ("folder", rule.folders),
            ("mail", rule.addresses),
            ("printer", rule.printers),
            ("user", rule.users),
            ("person", tuple(map(str, rule.people))),
            ("method", tuple(short.get(each.method, each.method) for each in rule.methods)),
        )
        for text in texts
    ]
    return words + [word for word, so in (("instead", rule.instead), ("last", rule.last)) if so]
