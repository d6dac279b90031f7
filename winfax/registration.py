"""Modules of others: FaxRegisterRoutingExtension, FaxRegisterServiceProvider, and their opposites.

What always holds: what is registered, or taken away, counts from the server's next start; it is for administrators. A
module is Python and lies on the server's machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from winfax import constants as c
from winfax.errors import WinFaxError, bad_parameter, done
from winfax.handles import Handle, ServerHandle, default_client, server_of

if TYPE_CHECKING:
    from fax.registry import MethodRegistration

__all__ = [
    "FaxRegisterRoutingExtension",
    "FaxRegisterServiceProvider",
    "FaxRoutingInstallationCallback",
    "FaxUnregisterRoutingExtension",
    "FaxUnregisterServiceProvider",
]

METHODS_LIMIT = 1000


class FaxRoutingInstallationCallback(Protocol):
    """Gives ``True, MethodName, FriendlyName, FunctionName, Guid``, another method with each call; false: no more."""

    def __call__(self, FaxHandle: ServerHandle, Context: Any, /) -> tuple[object, str, str, str, str] | object: ...


def FaxRegisterRoutingExtension(
    FaxHandle: Handle,
    ExtensionName: str | None,
    FriendlyName: str | None,
    ImageName: str | None,
    CallBack: FaxRoutingInstallationCallback | Callable[..., object] | None,
    Context: Any,
) -> bool:
    """Register a routing extension, whose methods the callback names. Right: to be an administrator.

    What the callback raises comes out of here, and nothing is registered. Fails: ERROR_INVALID_PARAMETER (NULL, the
    context too; a callback that names no method, or one that cannot be), ERROR_INVALID_FUNCTION (a remote server),
    ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        from fax.registry import ExtensionRegistration

        server = server_of(FaxHandle)
        if None in (ExtensionName, FriendlyName, ImageName, CallBack) or Context is None:
            raise bad_parameter("A parameter is NULL")
        if server.remote:
            raise WinFaxError(c.ERROR_INVALID_FUNCTION, "An extension is registered on the server's own machine")
        assert ExtensionName is not None and FriendlyName is not None and ImageName is not None
        wanted = ExtensionRegistration(
            name=ExtensionName,
            friendly_name=FriendlyName,
            image=ImageName,
            methods=tuple(_methods(server, CallBack, Context)),
        )
        server.client.register_extension(wanted)

    return done(act)


def _methods(server: ServerHandle, callback: Any, context: Any) -> list[MethodRegistration]:
    from fax.registry import MethodRegistration

    found: list[MethodRegistration] = []
    while True:
        given = callback(server, context)
        if not given or not isinstance(given, tuple) or not given[0]:
            break
        if len(given) != 5 or not all(isinstance(text, str) for text in given[1:]):
            raise bad_parameter("The callback gives True, MethodName, FriendlyName, FunctionName, Guid")
        _, name, friendly_name, function, guid = given
        found.append(MethodRegistration(name=name, friendly_name=friendly_name, function=function, guid=guid))
        if len(found) > METHODS_LIMIT:
            raise bad_parameter("The callback names methods without end")
    if not found:
        raise bad_parameter("The callback named no method")
    return found


def FaxRegisterServiceProvider(
    DeviceProvider: str | None, FriendlyName: str | None, ImageName: str | None, TspName: str | None
) -> bool:
    """Register a module that brings devices of its own. Right: to be an administrator.

    Fails: ERROR_INVALID_PARAMETER (NULL, what cannot be a name or a path), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        from fax.registry import ProviderRegistration

        if DeviceProvider is None or FriendlyName is None or ImageName is None or TspName is None:
            raise bad_parameter("A parameter is NULL")
        default_client().register_provider(
            ProviderRegistration(name=DeviceProvider, friendly_name=FriendlyName, image=ImageName, tsp_name=TspName)
        )

    return done(act)


def FaxUnregisterRoutingExtension(FaxHandle: Handle, ExtensionName: str | None) -> bool:
    """Take a routing extension away. Right: to be an administrator.

    Fails: ERROR_INVALID_PARAMETER (NULL, a built-in one), ERROR_INVALID_DATA (no such extension), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        server = server_of(FaxHandle)
        if ExtensionName is None:
            raise bad_parameter("ExtensionName is NULL")
        server.client.remove_extension(ExtensionName)

    return done(act)


def FaxUnregisterServiceProvider(DeviceProvider: str | None) -> bool:
    """Take a service provider away. Right: to be an administrator.

    Fails: ERROR_INVALID_PARAMETER (NULL, a built-in one), ERROR_INVALID_DATA (no such provider), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        if DeviceProvider is None:
            raise bad_parameter("DeviceProvider is NULL")
        default_client().remove_provider(DeviceProvider)

    return done(act)
