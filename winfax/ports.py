"""Ports: FaxEnumPorts, FaxGetPort, FaxSetPort, FaxGetDeviceStatus. (FaxOpenPort: ``winfax.handles``.)

What always holds: a port is changed only by who opened it with PORT_OPEN_MODIFY, and not while it is in use; what is
set acts on the next call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fax.errors import Cause
from winfax import constants as c
from winfax.errors import WinFaxError, attempt, bad_parameter, done
from winfax.handles import Handle, PortHandle, port_of, server_of
from winfax.memory import FaxArray
from winfax.structures import FAX_DEVICE_STATUS, FAX_PORT_INFO, check_size
from winfax.times import FILETIME

if TYPE_CHECKING:
    from fax.ports import PortInfo

__all__ = ["FaxEnumPorts", "FaxGetDeviceStatus", "FaxGetPort", "FaxSetPort"]

GONE = {Cause.NO_SUCH_PORT: c.ERROR_INVALID_HANDLE}  # the port behind a handle has been taken away


def FaxEnumPorts(FaxHandle: Handle) -> tuple[bool, FaxArray[FAX_PORT_INFO] | None, int]:
    """``ok, PortInfo, PortsReturned``: every port, in order of priority. Right: FAX_PORT_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_ACCESS_DENIED.
    """
    found = attempt(lambda: FaxArray(shown(port) for port in server_of(FaxHandle).client.ports()))
    return (False, None, 0) if found is None else (True, found, len(found))


def FaxGetPort(FaxPortHandle: Handle) -> tuple[bool, FAX_PORT_INFO | None]:
    """``ok, PortInfo``: one port. Right: FAX_PORT_QUERY.

    Fails: ERROR_INVALID_PARAMETER (NULL), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED.
    """

    def act() -> FAX_PORT_INFO:
        port = port_of(FaxPortHandle)
        return shown(port.client.port(port.id))

    found = attempt(act, GONE)
    return found is not None, found


def FaxSetPort(FaxPortHandle: Handle, PortInfo: FAX_PORT_INFO | None) -> bool:
    """Have this port send or receive, ring so often, have this rank and these identifiers. Right: FAX_PORT_SET, and a
    handle opened with PORT_OPEN_MODIFY.

    All else in PortInfo is not looked at; nor is Rings where the port is not to receive. Fails: ERROR_INVALID_PARAMETER
    (NULL, a wrong SizeOfStruct, a value out of range), ERROR_INVALID_DATA (not a port handle), ERROR_ACCESS_DENIED,
    ERROR_DEVICE_IN_USE (it is sending or receiving).
    """

    def act() -> None:
        from fax.ports import PortChange

        if FaxPortHandle is not None and not isinstance(FaxPortHandle, PortHandle):
            raise WinFaxError(c.ERROR_INVALID_DATA, "FaxPortHandle is not the handle of a port")
        port = port_of(FaxPortHandle)
        wanted = check_size(PortInfo, FAX_PORT_INFO)
        if port.lease is None:
            raise WinFaxError(c.ERROR_ACCESS_DENIED, "The port was not opened with PORT_OPEN_MODIFY")
        receive = bool(wanted.Flags & c.FPF_RECEIVE)
        for name in ("Flags", "Rings", "Priority"):
            if not isinstance(getattr(wanted, name), int):
                raise bad_parameter(f"{name} is not a number")
        change = PortChange(
            send=bool(wanted.Flags & c.FPF_SEND),
            receive=receive,
            rings=wanted.Rings if receive else None,
            priority=wanted.Priority,
            tsid=wanted.Tsid or "",
            csid=wanted.Csid or "",
        )
        port.lease.change(change)

    # A lease that has ended is a handle that is worth nothing any more.
    return done(act, GONE | {Cause.WRONG_STATE: c.ERROR_INVALID_HANDLE})


def shown(port: PortInfo) -> FAX_PORT_INFO:
    return FAX_PORT_INFO(
        DeviceId=port.id,
        State=port.status.state.code,
        Flags=(c.FPF_SEND if port.send else 0)
        | (c.FPF_RECEIVE if port.receive else 0)
        | (c.FPF_VIRTUAL if port.virtual else 0),
        Rings=port.rings,
        Priority=port.priority,
        DeviceName=port.name,
        Tsid=port.tsid or None,
        Csid=port.csid or None,
    )


def FaxGetDeviceStatus(FaxPortHandle: Handle) -> tuple[bool, FAX_DEVICE_STATUS | None]:
    """``ok, DeviceStatus``: what a port is doing right now. Right: FAX_PORT_QUERY.

    Of a fax that one may not see, nothing is told but that it is there. Fails: ERROR_INVALID_PARAMETER (NULL),
    ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED.
    """

    def act() -> FAX_DEVICE_STATUS:
        port = port_of(FaxPortHandle)
        return status(port.client.port(port.id))

    found = attempt(act, GONE)
    return found is not None, found


def status(port: PortInfo) -> FAX_DEVICE_STATUS:
    now = port.status
    kind = None if now.job_type is None else now.job_type.value
    return FAX_DEVICE_STATUS(
        CallerId=now.caller_id or None,
        Csid=now.csid or None,
        CurrentPage=now.current_page or 0,
        DeviceId=port.id,
        DeviceName=port.name,
        DocumentName=now.document_name or None,
        JobType=c.JT_UNKNOWN if kind is None else c.JT_SEND if kind == "send" else c.JT_RECEIVE,
        PhoneNumber=now.phone_number or None,
        RoutingString=now.routing_string or None,
        SenderName=now.sender_name or None,
        RecipientName=now.recipient_name or None,
        Size=min(now.size or 0, 0xFFFFFFFF),
        StartTime=FILETIME.from_datetime(now.started),
        Status=now.state.code,
        SubmittedTime=FILETIME.from_datetime(now.submitted),
        TotalPages=now.total_pages or 0,
        Tsid=now.tsid or None,
        UserName=now.user or None,
    )
