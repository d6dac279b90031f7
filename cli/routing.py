"""The commands of routing: platen routing; those of extensions are in ``registry``."""

from __future__ import annotations

import typer

routing = typer.Typer(name="routing", help="Where faxes that come in go.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    app.add_typer(routing)
