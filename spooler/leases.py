"""Who may change which line: at most one at a time, as long as its connection lives.

What always holds: a line is leased to one holder at most; what ends is told by its token, so that a connection that
dies late takes nothing from its successor.

Must not: outlive the daemon (a lease is a connection, and those end with it).
"""

from __future__ import annotations

import secrets

from fax.errors import Cause, RequestError


class Leases:
    """On the event loop only."""

    def __init__(self) -> None:
        self._held: dict[int, str] = {}

    def take(self, port: int) -> str:
        """The lease's token. Raises RequestError PORT_LEASED."""
        if port in self._held:
            raise RequestError(Cause.PORT_LEASED, f"Somebody else is changing port {port}")
        self._held[port] = secrets.token_urlsafe(16)
        return self._held[port]

    def end(self, port: int, token: str) -> None:
        if self._held.get(port) == token:
            del self._held[port]

    def held(self, port: int) -> bool:
        return port in self._held

    def check(self, port: int, token: str | None) -> None:
        """May the line be changed by who shows ``token`` (None: nobody in particular)? Raises RequestError."""
        held = self._held.get(port)
        if token is None and held is not None:
            raise RequestError(Cause.PORT_LEASED, f"Somebody else is changing port {port}")
        if token is not None and token != held:
            raise RequestError(Cause.WRONG_STATE, f"The lease of port {port} has ended")
