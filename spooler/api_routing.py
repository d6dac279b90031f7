"""Routing: methods and their order, what is set of them on a line, rules, and where a fax would go.

What always holds: what a method refuses is not set; data are set before a method is enabled with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fastapi import Request, Response

from fax.errors import RequestError
from fax.routing import (
    DATA_LIMIT_OCTETS,
    Decision,
    Facts,
    MethodChange,
    PortMethod,
    PortMethodChange,
    RoutingMethod,
    RoutingRule,
)
from fax.settings_check import bad_setting
from spooler import store_routing
from spooler.access_table import who_asks
from spooler.api_common import Routes, answer, body_of
from spooler.daemon import Daemon
from spooler.routing_rules import every_target
from spooler.store import Transaction
from spooler.store_ports import of_id


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store, live, routing = daemon.store, daemon.live, daemon.routing

    @routes.request("GET", "/v1/routing/methods", gives=list[RoutingMethod])
    async def routing_methods(request: Request) -> Response:
        """Every routing method, in the order in which they run."""
        return answer([routing.shown(each) for each in await store.run(store_routing.listing)])

    @routes.request("PATCH", "/v1/routing/methods/{guid}", takes=MethodChange, gives=list[RoutingMethod])
    async def change_method(request: Request, guid: str) -> Response:
        """Have a method run at another place; the answer is the new order."""
        who, change = who_asks(request), await body_of(request, MethodChange)

        def work(tx: Transaction) -> Sequence[RoutingMethod]:
            store_routing.set_priority(tx, who, guid, change.priority)
            return store_routing.listing(tx)

        return answer([routing.shown(each) for each in await store.run(work)])

    @routes.request("GET", "/v1/ports/{id:int}/routing", gives=list[PortMethod])
    async def port_methods(request: Request, id: int) -> Response:
        """Every method as this line has it, in the order in which they run."""
        port = of_id(live.ports, id)
        found = await store.run(partial(store_routing.of_port, port=port))
        return answer([await routing.with_data(each) for each in found])

    @routes.request("PATCH", "/v1/ports/{id:int}/routing/{guid}", takes=PortMethodChange, gives=PortMethod)
    async def change_port_method(request: Request, id: int, guid: str) -> Response:
        """Set what is named: the method's data on this line, and whether it runs there."""
        who, change, port = who_asks(request), await body_of(request, PortMethodChange), of_id(live.ports, id)
        data, enabled = change.data, change.enabled
        if data is not None and len(data) > DATA_LIMIT_OCTETS:
            raise bad_setting("data", f"are more than {DATA_LIMIT_OCTETS} octets")
        known = (await store.run(partial(store_routing.method, guid=guid))).guid
        before = next(each for each in await store.run(partial(store_routing.of_port, port=port)) if each.guid == known)
        method = routing.method(known)
        if method is not None:
            if enabled or (enabled is None and before.enabled and data is not None):
                await method.check(before.data if data is None else data, port.name, port.id)
            if data is not None:
                data = await method.set_data(port.id, data)
            if enabled is not None:
                await method.set_enabled(port.id, enabled)
        change_it = partial(store_routing.set_of_port, who=who, port=port, guid=known, enabled=enabled, data=data)
        return answer(await routing.with_data(await store.run(change_it)))

    @routes.request("GET", "/v1/routing/rules", gives=list[RoutingRule])
    async def routing_rules(request: Request) -> Response:
        """The rules, in their order."""
        return answer(await store.run(store_routing.rules))

    @routes.request("PUT", "/v1/routing/rules", takes=list[RoutingRule], gives=list[RoutingRule])
    async def set_routing_rules(request: Request) -> Response:
        """Have these rules and no others."""
        who, wanted = who_asks(request), await body_of(request, list[RoutingRule])
        for rule in wanted:
            for guid, data in every_target(rule):
                if (method := routing.method(store_routing.folded(guid))) is not None:
                    try:
                        await method.check(data, "", 0)
                    except RequestError as error:
                        raise RequestError(error.cause, f"Rule {rule.name}: {error.text}", error.detail) from error

        def work(tx: Transaction) -> Sequence[RoutingRule]:
            store_routing.set_rules(tx, who, wanted, live.ports)
            return store_routing.rules(tx)

        return answer(await store.run(work))

    @routes.request("POST", "/v1/routing/test", takes=Facts, gives=Decision)
    async def test_routing(request: Request) -> Response:
        """Where a fax with these facts would go now."""
        facts = await body_of(request, Facts)
        return answer(routing.told(await store.run(lambda tx: routing.decision(tx, facts))))

    return routes
