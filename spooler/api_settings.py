"""The settings that change while the server runs, and how much is logged."""

from __future__ import annotations

import msgspec
from fastapi import Request, Response

from fax.settings import Configuration, LogSetting, masked
from spooler.access_table import who_asks
from spooler.api_common import Routes, answer, body_of
from spooler.daemon import Daemon
from spooler.store_configuration import Levels


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    live = daemon.live

    async def changed(request: Request, complete: bool) -> Response:
        changes = await body_of(request, dict[str, msgspec.Raw])
        return answer(masked(await live.change(changes, who_asks(request), complete=complete)))

    @routes.request("GET", "/v1/configuration", gives=Configuration)
    async def configuration(request: Request) -> Response:
        """The settings in force."""
        return answer(masked(live.configuration))

    @routes.request("PUT", "/v1/configuration", gives=Configuration, takes=Configuration)
    async def set_configuration(request: Request) -> Response:
        """Have these settings in force, every one of them named; all or none."""
        return await changed(request, complete=True)

    @routes.request("PATCH", "/v1/configuration", gives=Configuration, takes=Configuration)
    async def change_configuration(request: Request) -> Response:
        """Change the settings that are named, and no other; all or none."""
        return await changed(request, complete=False)

    @routes.request("GET", "/v1/log/categories", gives=list[LogSetting])
    async def log_categories(request: Request) -> Response:
        """How much is logged of each category."""
        return answer(shown(live.levels))

    @routes.request("PUT", "/v1/log/categories", gives=list[LogSetting], takes=list[LogSetting])
    async def set_log_categories(request: Request) -> Response:
        """Log so much of the categories that are named; the others stay."""
        wanted = {each.category: each.level for each in await body_of(request, list[LogSetting])}
        return answer(shown(await live.change_levels(wanted, who_asks(request))))

    return routes


NAMES = {
    "init": "Start and stop",
    "outbound": "Outgoing faxes",
    "inbound": "Incoming faxes",
    "unknown": "Everything else",
}


def shown(levels: Levels) -> list[LogSetting]:
    return [
        LogSetting(category=category, level=level, name=NAMES[category.value]) for category, level in levels.items()
    ]
