"""The commands of modules that are registered with the server: platen ports provider, platen routing extension.

Must not: look at the module itself; the server does, at its next start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.routing import routing
from cli.sending import Json
from cli.settings import ports

provider = typer.Typer(
    help="Service providers: modules that drive devices which are no serial modems.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
extension = typer.Typer(
    help="Routing extensions: modules with routing methods of their own.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its internal name, unique.", show_default=False)]
Module = Annotated[Path, typer.Argument(metavar="FILE", help="The Python module.", show_default=False)]
Title = Annotated[str, typer.Option(metavar="TEXT", help="What people read; else its name.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Behind ``settings`` and ``routing``, whose groups these are in."""
    provider.command("add")(provider_add)
    provider.command("list")(provider_list)
    provider.command("remove")(provider_remove)
    ports.add_typer(provider, name="provider")
    extension.command("add")(extension_add)
    extension.command("list")(extension_list)
    extension.command("remove")(extension_remove)
    routing.add_typer(extension, name="extension")


def provider_add(context: typer.Context, name: Name, module: Module, title: Title = "", as_json: Json = False) -> None:
    """Register a provider, or another module for one; it counts from the server's next start."""
    from cli import output
    from fax.client import Client
    from fax.registry import ProviderRegistration

    wanted = ProviderRegistration(name=name, friendly_name=title or name, image=str(module.absolute()))
    made = Client(context.obj).register_provider(wanted)
    if as_json:
        output.json(made)
    else:
        output.line(f"{made.name}: {made.image}, from the fax server's next start on")


def provider_list(context: typer.Context, as_json: Json = False) -> None:
    """List the providers and how each is doing."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).providers()
    if as_json:
        output.json(found)
        return
    rows = [
        (each.name, each.friendly_name, each.running.value, " ".join(each.devices), each.image, each.detail)
        for each in found
    ]
    output.table(("Provider", "Name", "State", "Lines", "Module", "Detail"), rows)


def provider_remove(context: typer.Context, name: Name) -> None:
    """Take a provider away; its lines go with the server's next start."""
    from cli import output
    from fax.client import Client

    Client(context.obj).remove_provider(name)
    output.line(f"{name}: gone with the fax server's next start")


def extension_add(
    context: typer.Context,
    name: Name,
    module: Module,
    methods: Annotated[
        list[str],
        typer.Option(
            "--method", metavar="FUNCTION=GUID[=TITLE]", help="A method of it; repeat it for more.", show_default=False
        ),
    ],
    title: Title = "",
    as_json: Json = False,
) -> None:
    """Register an extension, or another module for one; it counts from the server's next start."""
    from cli import output
    from fax.client import Client
    from fax.registry import ExtensionRegistration, MethodRegistration

    said = [method.split("=", 2) for method in methods]
    for method, parts in zip(methods, said, strict=True):
        if len(parts) < 2:
            raise typer.BadParameter(f"{method!r} is not FUNCTION=GUID[=TITLE]", param_hint="--method")
    wanted = ExtensionRegistration(
        name=name,
        friendly_name=title or name,
        image=str(module.absolute()),
        methods=tuple(
            MethodRegistration(
                name=parts[0], function=parts[0], guid=parts[1], friendly_name="".join(parts[2:]) or parts[0]
            )
            for parts in said
        ),
    )
    made = Client(context.obj).register_extension(wanted)
    if as_json:
        output.json(made)
    else:
        output.line(f"{made.name}: {made.image}, from the fax server's next start on")


def extension_list(context: typer.Context, as_json: Json = False) -> None:
    """List the extensions, their methods, and how each is doing."""
    from cli import output
    from fax.client import Client

    found = Client(context.obj).extensions()
    if as_json:
        output.json(found)
        return
    rows = [
        (
            each.name,
            each.running.value,
            output.count(each.failures, "failure") if each.failures else "",
            " ".join(f"{method.friendly_name} {method.guid}" for method in each.methods),
            each.image,
            each.detail,
        )
        for each in found
    ]
    output.table(("Extension", "State", "", "Methods", "Module", "Detail"), rows)


def extension_remove(context: typer.Context, name: Name) -> None:
    """Take an extension away; its methods go with the server's next start, and what is set of them."""
    from cli import output
    from fax.client import Client

    Client(context.obj).remove_extension(name)
    output.line(f"{name}: gone with the fax server's next start")
