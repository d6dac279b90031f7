"""Routing extensions and service providers: shown, registered, taken away.

What always holds: what is registered counts from the daemon's next start; built-in ones stay.
"""

from __future__ import annotations

from functools import partial

from fastapi import Request, Response

from fax.errors import Cause, RequestError
from fax.registry import ExtensionInfo, ExtensionRegistration, ProviderInfo, ProviderRegistration
from spooler import store_registry
from spooler.access_table import who_asks
from spooler.api_common import Routes, answer, body_of
from spooler.daemon import Daemon
from spooler.providers import BUILT_IN


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store = daemon.store

    async def provider_infos() -> tuple[ProviderInfo, ...]:
        return daemon.providers.listing(await store.run(store_registry.provider_list))

    @routes.request("GET", "/v1/providers", gives=list[ProviderInfo])
    async def providers(request: Request) -> Response:
        """The service providers, which drive the lines: built-in ones first."""
        return answer(await provider_infos())

    @routes.request("POST", "/v1/providers", takes=ProviderRegistration, gives=ProviderInfo)
    async def register_provider(request: Request) -> Response:
        """Register a provider, or replace the one of this name; from the next start on. For administrators."""
        wanted = await body_of(request, ProviderRegistration)
        work = partial(store_registry.register_provider, who=who_asks(request), wanted=wanted, built_in=BUILT_IN)
        made = await store.run(work)
        return answer(next(each for each in await provider_infos() if each.name == made.name))

    @routes.request("DELETE", "/v1/providers/{name}", gives=None, status=204)
    async def remove_provider(request: Request, name: str) -> Response:
        """Take a provider away; from the next start on. For administrators."""
        if name in BUILT_IN:
            raise RequestError(Cause.WRONG_STATE, f"The provider {name} is built in")
        await store.run(partial(store_registry.remove_provider, who=who_asks(request), name=name))
        return Response(status_code=204)

    async def extension_infos() -> tuple[ExtensionInfo, ...]:
        return daemon.extensions.listing(await store.run(store_registry.extension_list))

    @routes.request("GET", "/v1/routing/extensions", gives=list[ExtensionInfo])
    async def extensions(request: Request) -> Response:
        """The routing extensions: built-in ones first."""
        return answer(await extension_infos())

    @routes.request("POST", "/v1/routing/extensions", takes=ExtensionRegistration, gives=ExtensionInfo)
    async def register_extension(request: Request) -> Response:
        """Register an extension, or replace the one of this name; from the next start on. For administrators."""
        wanted = await body_of(request, ExtensionRegistration)
        built_in = daemon.extensions.built_in
        work = partial(store_registry.register_extension, who=who_asks(request), wanted=wanted, built_in=built_in)
        made = await store.run(work)
        return answer(next(each for each in await extension_infos() if each.name == made.name))

    @routes.request("DELETE", "/v1/routing/extensions/{name}", gives=None, status=204)
    async def remove_extension(request: Request, name: str) -> Response:
        """Take an extension away, with its methods; from the next start on. For administrators."""
        if name in {each.name for each in daemon.extensions.built_in}:
            raise RequestError(Cause.WRONG_STATE, f"The extension {name} is built in")
        await store.run(partial(store_registry.remove_extension, who=who_asks(request), name=name))
        return Response(status_code=204)

    return routes
