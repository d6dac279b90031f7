"""The client's methods for settings, the log, and telephone lines.

What always holds: as in ``fax.client``. A lease ends when its connection does, whatever becomes of who holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any

import msgspec

from fax.asking import ANSWER_TIMEOUT_S, Asking
from fax.errors import FaxError
from fax.ports import PortChange, PortInfo, PortStatistics
from fax.settings import Configuration, LogSetting
from fax.wire import exchange, misunderstood, not_running

LEASE_HEADER = "Platen-Lease"


@dataclass(frozen=True, kw_only=True)
class LeaseGiven:
    """The first line of a lease's stream."""

    port: int
    lease: str


class SettingsClient(Asking):
    """Part of ``fax.client.Client``."""

    def configuration(self) -> Configuration:
        """The server's settings in force."""
        return self._ask("GET", "/v1/configuration", Configuration)

    def set_configuration(self, configuration: Configuration) -> Configuration:
        """Have all of these settings in force. Raises RequestError BAD_SETTING; ``detail`` names the setting."""
        return self._tell("PUT", "/v1/configuration", configuration, Configuration)

    def change_configuration(self, changes: Mapping[str, object]) -> Configuration:
        """Change these settings, by name, and no other; raises as ``set_configuration`` does."""
        return self._tell("PATCH", "/v1/configuration", dict(changes), Configuration)

    def log_categories(self) -> list[LogSetting]:
        """How much is logged of each category."""
        return self._ask("GET", "/v1/log/categories", list[LogSetting])

    def set_log_categories(self, wanted: Sequence[LogSetting]) -> list[LogSetting]:
        """Log so much of these categories; the others stay."""
        return self._tell("PUT", "/v1/log/categories", list(wanted), list[LogSetting])

    def ports(self) -> list[PortInfo]:
        """Every line, in order of priority."""
        return self._ask("GET", "/v1/ports", list[PortInfo])

    def port(self, id: int) -> PortInfo:
        """One line. Raises RequestError NO_SUCH_PORT."""
        return self._ask("GET", f"/v1/ports/{id}", PortInfo)

    def change_port(self, id: int, change: PortChange) -> PortInfo:
        """Set what is not None; a priority shifts the other lines'.

        Raises RequestError: NO_SUCH_PORT, BAD_SETTING, PORT_BUSY (in a call), PORT_LEASED (somebody else changes it).
        """
        return self._tell("PATCH", f"/v1/ports/{id}", _said(change), PortInfo)

    def lease_port(self, id: int) -> PortLease:
        """Be the only one who may change this line, until the lease is closed. Raises RequestError PORT_LEASED, ..."""
        return PortLease(self, id)

    def port_statistics(self) -> list[PortStatistics]:
        """What went over each line."""
        return self._ask("GET", "/v1/statistics/ports", list[PortStatistics])

    def number_statistics(self, number: str | None = None) -> list[PortStatistics]:
        """What went to each number, most calls first; at most 1000 numbers. ``number``: to this one only."""
        from urllib.parse import quote

        query = "" if number is None else f"?number={quote(number, safe='')}"
        return self._ask("GET", f"/v1/statistics/numbers{query}", list[PortStatistics])


def _said(change: PortChange) -> dict[str, Any]:
    return {each.name: value for each in fields(change) if (value := getattr(change, each.name)) is not None}


class PortLease:
    """The exclusive right to change one line; a context manager."""

    def __init__(self, client: SettingsClient, id: int) -> None:
        self.id = id
        self._client = client
        with ExitStack() as stack:
            answer = stack.enter_context(
                exchange(client.server, "POST", f"/v1/ports/{id}/lease", timeout_s=ANSWER_TIMEOUT_S)
            )
            line = next(answer.lines(), None)
            if line is None:
                raise not_running(client.server, "it went away before it had answered")
            try:
                given = msgspec.json.decode(line, type=LeaseGiven)
            except msgspec.DecodeError as error:
                raise misunderstood(client.server, error) from error
            self._lease = given.lease
            self._held = stack.pop_all()

    def __enter__(self) -> PortLease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def change(self, change: PortChange) -> PortInfo:
        """As ``Client.change_port``. Raises RequestError WRONG_STATE when the lease has ended."""
        headers = {LEASE_HEADER: self._lease}
        return self._client._tell("PATCH", f"/v1/ports/{self.id}", _said(change), PortInfo, headers)

    def close(self) -> None:
        """Give the lease back: when this returns, somebody else can have it."""
        with self._held, suppress(FaxError):
            # What the server does not take back now ends with the connection.
            self._client._do("DELETE", f"/v1/ports/{self.id}/lease", {LEASE_HEADER: self._lease})
