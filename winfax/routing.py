"""Routing methods of faxes that come in: FaxEnumGlobalRoutingInfo, FaxSetGlobalRoutingInfo, FaxEnumRoutingMethods,
FaxEnableRoutingMethod, FaxGetRoutingInfo, FaxSetRoutingInfo.

What always holds: a method is known by its GUID, in whatever case; what is set acts on the next fax that comes in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from winfax import constants as c
from winfax.errors import WinFaxError, attempt, bad_parameter, done
from winfax.handles import Handle, PortHandle, port_of, server_of
from winfax.memory import FaxArray, FaxBuffer
from winfax.ports import GONE
from winfax.structures import FAX_GLOBAL_ROUTING_INFO, FAX_ROUTING_METHOD, check_size

if TYPE_CHECKING:
    from fax.routing import PortMethod

__all__ = [
    "FaxEnableRoutingMethod",
    "FaxEnumGlobalRoutingInfo",
    "FaxEnumRoutingMethods",
    "FaxGetRoutingInfo",
    "FaxSetGlobalRoutingInfo",
    "FaxSetRoutingInfo",
]


def FaxEnumGlobalRoutingInfo(FaxHandle: Handle) -> tuple[bool, FaxArray[FAX_GLOBAL_ROUTING_INFO] | None, int]:
    """``ok, RoutingInfo, MethodsReturned``: every method of the server, in the order in which they run. Right:
    FAX_CONFIG_QUERY. Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_ACCESS_DENIED."""

    def act() -> FaxArray[FAX_GLOBAL_ROUTING_INFO]:
        return FaxArray(
            FAX_GLOBAL_ROUTING_INFO(
                Priority=method.priority,
                Guid=method.guid,
                FriendlyName=method.friendly_name,
                FunctionName=method.function_name,
                ExtensionImageName=method.extension_image,
                ExtensionFriendlyName=method.extension_name,
            )
            for method in server_of(FaxHandle).client.routing_methods()
        )

    found = attempt(act)
    return (False, None, 0) if found is None else (True, found, len(found))


def FaxSetGlobalRoutingInfo(FaxHandle: Handle, RoutingInfo: FAX_GLOBAL_ROUTING_INFO | None) -> bool:
    """Have the method of this Guid run at this Priority; the others' shift. Right: FAX_CONFIG_SET.

    Fails: ERROR_INVALID_PARAMETER (NULL, a wrong SizeOfStruct, no such place), ERROR_INVALID_DATA (no such method),
    ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        server = server_of(FaxHandle)
        wanted = check_size(RoutingInfo, FAX_GLOBAL_ROUTING_INFO)
        if not isinstance(wanted.Priority, int):
            raise bad_parameter("Priority is not a number")
        server.client.set_method_priority(_guid(wanted.Guid), wanted.Priority)

    return done(act)


def FaxEnumRoutingMethods(FaxPortHandle: Handle) -> tuple[bool, FaxArray[FAX_ROUTING_METHOD] | None, int]:
    """``ok, RoutingMethod, MethodsReturned``: every method, and whether it is enabled on this device. Right:
    FAX_PORT_QUERY. Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED."""

    def act() -> FaxArray[FAX_ROUTING_METHOD]:
        port = port_of(FaxPortHandle)
        return FaxArray(
            FAX_ROUTING_METHOD(
                DeviceId=method.device,
                Enabled=method.enabled,
                DeviceName=method.port,
                Guid=method.guid,
                FriendlyName=method.friendly_name,
                FunctionName=method.function_name,
                ExtensionImageName=method.extension_image,
                ExtensionFriendlyName=method.extension_name,
            )
            for method in port.client.port_methods(port.id)
        )

    found = attempt(act, GONE)
    return (False, None, 0) if found is None else (True, found, len(found))


def FaxEnableRoutingMethod(FaxPortHandle: Handle, RoutingGuid: str | None, Enabled: int) -> bool:
    """Have a method run, or not, on faxes that come in on this device. Right: FAX_PORT_SET.

    Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_INVALID_HANDLE, ERROR_INVALID_DATA (no such method),
    ERROR_BAD_CONFIGURATION (its folder, printer, ... is not set up), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        port, guid = port_of(FaxPortHandle), _guid(RoutingGuid)
        port.client.change_port_method(port.id, guid, enabled=bool(Enabled))

    return done(act, GONE)


def FaxGetRoutingInfo(FaxPortHandle: Handle, RoutingGuid: str | None) -> tuple[bool, FaxBuffer | None, int]:
    """``ok, RoutingInfoBuffer, RoutingInfoBufferSize``: what is set of a method on this device, as the method has it.
    Right: FAX_PORT_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_INVALID_HANDLE, ERROR_INVALID_DATA (no such method),
    ERROR_ACCESS_DENIED.
    """

    def act() -> FaxBuffer:
        return FaxBuffer(method_of(port_of(FaxPortHandle), _guid(RoutingGuid)).data)

    found = attempt(act, GONE)
    return (False, None, 0) if found is None else (True, found, len(found))


def method_of(port: PortHandle, guid: str) -> PortMethod:
    """Raises WinFaxError, FaxError."""
    for method in port.client.port_methods(port.id):
        if method.guid.lower() == guid.lower():
            return method
    raise WinFaxError(c.ERROR_INVALID_DATA, f"There is no routing method {guid}")


def FaxSetRoutingInfo(
    FaxPortHandle: Handle,
    RoutingGuid: str | None,
    RoutingInfoBuffer: bytes | FaxBuffer | None,
    RoutingInfoBufferSize: int,
) -> bool:
    """Have the first octets of the buffer as what is set of a method on this device. Right: FAX_PORT_SET.

    Fails: ERROR_INVALID_PARAMETER (NULL, a size beyond the buffer), ERROR_INVALID_HANDLE, ERROR_INVALID_DATA (no such
    method), ERROR_BAD_CONFIGURATION (it is enabled, and could not run so), ERROR_ACCESS_DENIED.
    """

    def act() -> None:
        port, guid = port_of(FaxPortHandle), _guid(RoutingGuid)
        if not isinstance(RoutingInfoBuffer, bytes | FaxBuffer):
            raise bad_parameter("RoutingInfoBuffer is NULL, or no octets")
        data = bytes(RoutingInfoBuffer)
        if not 0 <= RoutingInfoBufferSize <= len(data):
            raise bad_parameter(f"RoutingInfoBufferSize is not from 0 to {len(data)}")
        port.client.change_port_method(port.id, guid, data=data[:RoutingInfoBufferSize])

    return done(act, GONE)


def _guid(guid: str | None) -> str:
    if not guid:
        raise bad_parameter("The GUID is NULL")
    return guid
