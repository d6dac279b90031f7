"""The client's methods for faxes that came in, and for how they are routed.

What always holds: as in ``fax.client``. Jobs of faxes that came in are read with ``job``, ``pages``, ``events`` and
deleted with ``delete``, as others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from fax.asking import Asking
from fax.routing import (
    Decision,
    Facts,
    MethodChange,
    PortMethod,
    PortMethodChange,
    RoutingMethod,
    RoutingRule,
)
from fax.types import Job, JobId, JobType


class RoutingClient(Asking):
    """Part of ``fax.client.Client``."""

    def inbox(
        self,
        *,
        type: JobType | None = None,
        since: datetime | None = None,
        after: JobId | None = None,
        limit: int | None = None,
    ) -> list[Job]:
        """Faxes that came in and that one may see, oldest first, without pages and deliveries."""
        wanted = {
            "type": type.value if type else None,
            "since": since.isoformat() if since else None,
            "after": after,
            "limit": limit,
        }
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return self._ask("GET", "/v1/inbox" + (f"?{query}" if query else ""), list[Job])

    def route_again(self, id: JobId, *, failed_only: bool = False) -> Job:
        """Decide anew where a received fax goes, and deliver it there, under new ids; with ``failed_only`` try again
        what failed or waits, now, under the ids that it has.

        Raises RequestError WRONG_STATE: it is still being routed; or nothing of it failed.
        """
        return self._ask("POST", f"/v1/jobs/{id}/route?failed={str(failed_only).lower()}", Job)

    def routing_methods(self) -> list[RoutingMethod]:
        """Every method, in the order in which they run."""
        return self._ask("GET", "/v1/routing/methods", list[RoutingMethod])

    def set_method_priority(self, guid: str, priority: int) -> list[RoutingMethod]:
        """Have a method run at this place. Raises RequestError: NO_SUCH_METHOD, BAD_SETTING."""
        change = MethodChange(priority=priority)
        return self._tell("PATCH", f"/v1/routing/methods/{quote(guid)}", change, list[RoutingMethod])

    def port_methods(self, device: int) -> list[PortMethod]:
        """Every method as this line has it, in the order in which they run. Raises RequestError NO_SUCH_PORT."""
        return self._ask("GET", f"/v1/ports/{device}/routing", list[PortMethod])

    def change_port_method(
        self, device: int, guid: str, *, enabled: bool | None = None, data: bytes | None = None
    ) -> PortMethod:
        """Set what is not None.

        Raises RequestError: NO_SUCH_PORT, NO_SUCH_METHOD, BAD_CONFIGURATION (it cannot be enabled with such data).
        """
        change = PortMethodChange(enabled=enabled, data=data)
        return self._tell("PATCH", f"/v1/ports/{device}/routing/{quote(guid)}", change, PortMethod)

    def routing_rules(self) -> list[RoutingRule]:
        """The rules, in their order."""
        return self._ask("GET", "/v1/routing/rules", list[RoutingRule])

    def set_routing_rules(self, rules: Sequence[RoutingRule]) -> list[RoutingRule]:
        """Have these rules and no others. Raises RequestError: BAD_SETTING, NO_SUCH_METHOD, NO_SUCH_ENTRY (people)."""
        return self._tell("PUT", "/v1/routing/rules", list(rules), list[RoutingRule])

    def test_routing(self, facts: Facts) -> Decision:
        """Where a fax with these facts would go now. Nothing is delivered."""
        return self._tell("POST", "/v1/routing/test", facts, Decision)
