"""The commands of modules that are registered with the server: platen ports provider.

Must not: look at the module itself; the server does, at its next start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.sending import Json
from cli.settings import ports

provider = typer.Typer(
    help="Service providers: modules that drive devices which are no serial modems.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its internal name, unique.", show_default=False)]
Module = Annotated[Path, typer.Argument(metavar="FILE", help="The Python module.", show_default=False)]
Title = Annotated[str, typer.Option(metavar="TEXT", help="What people read; else its name.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Behind ``settings``, whose group these are in."""
    provider.command("add")(provider_add)
    provider.command("list")(provider_list)
    provider.command("remove")(provider_remove)
    ports.add_typer(provider, name="provider")


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
