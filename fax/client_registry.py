"""The client's methods for routing extensions and service providers.

What always holds: as in ``fax.client``. What is registered counts from the daemon's next start.
"""

from __future__ import annotations

from urllib.parse import quote

from fax.asking import Asking
from fax.registry import ExtensionInfo, ExtensionRegistration, ProviderInfo, ProviderRegistration


class RegistryClient(Asking):
    """Part of ``fax.client.Client``. To register and to take away is for administrators."""

    def extensions(self) -> list[ExtensionInfo]:
        """The routing extensions, built-in ones first."""
        return self._ask("GET", "/v1/routing/extensions", list[ExtensionInfo])

    def register_extension(self, wanted: ExtensionRegistration) -> ExtensionInfo:
        """Raises RequestError BAD_SETTING; NOT_ALLOWED. One of the same name is replaced."""
        return self._tell("POST", "/v1/routing/extensions", wanted, ExtensionInfo)

    def remove_extension(self, name: str) -> None:
        """Raises RequestError NO_SUCH_ENTRY, WRONG_STATE (a built-in one), NOT_ALLOWED."""
        self._do("DELETE", f"/v1/routing/extensions/{quote(name, safe='')}")

    def providers(self) -> list[ProviderInfo]:
        """The service providers, built-in ones first."""
        return self._ask("GET", "/v1/providers", list[ProviderInfo])

    def register_provider(self, wanted: ProviderRegistration) -> ProviderInfo:
        """Raises RequestError BAD_SETTING; NOT_ALLOWED. One of the same name is replaced."""
        return self._tell("POST", "/v1/providers", wanted, ProviderInfo)

    def remove_provider(self, name: str) -> None:
        """Raises RequestError NO_SUCH_ENTRY, WRONG_STATE (a built-in one), NOT_ALLOWED."""
        self._do("DELETE", f"/v1/providers/{quote(name, safe='')}")
