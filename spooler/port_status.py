"""What a line is doing, from what is known of its process and of the call's journal. Pure.

What always holds: exactly one state; how a call ended is told by the state that the Windows fax service has for it.

Must not: read files or the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from fax.ports import DeviceState
from modem.journal import Line
from modem.outcome import Cause
from modem.port.messages import PortState
from spooler.event_codes import Code, of_end

RESULTS = {
    Code.COMPLETED: DeviceState.COMPLETED,
    Code.LINE_UNAVAILABLE: DeviceState.OFFLINE,
    Code.DISCONNECTED: DeviceState.DISCONNECTED,
    Code.NO_DIAL_TONE: DeviceState.NO_DIAL_TONE,
    Code.BUSY: DeviceState.BUSY,
    Code.NO_ANSWER: DeviceState.NO_ANSWER,
    Code.BAD_ADDRESS: DeviceState.BAD_ADDRESS,
    Code.CALL_BLACKLISTED: DeviceState.CALL_BLACKLISTED,
    Code.CALL_DELAYED: DeviceState.CALL_DELAYED,
    Code.HANDLED: DeviceState.HANDLED,
    Code.NOT_FAX_CALL: DeviceState.NOT_FAX_CALL,
    Code.FATAL_ERROR: DeviceState.FATAL_ERROR,
}


def state_after(cause: str) -> DeviceState:
    """The state of a line whose call has just ended so."""
    return DeviceState.ABORTING if cause == Cause.CANCELLED.value else RESULTS[of_end(cause)]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a call has come, as far as its journal tells."""

    state: DeviceState = DeviceState.INITIALIZING
    job: int | None = None
    page: int | None = None
    far_ident: str = ""


@dataclass(frozen=True, kw_only=True)
class PortNow:
    """What a port is doing."""

    state: DeviceState
    detail: str
    modem: str
    call: str | None = None
    job: int | None = None
    page: int | None = None
    number: str = ""
    far_ident: str = ""
    tsid: str = ""
    began: datetime | None = None


def went_on(before: Progress, lines: Iterable[Line]) -> Progress:
    """The progress after these lines, too."""
    now = before
    for line in lines:
        fields = line.fields
        match line.kind:
            case "dialling":
                now = replace(now, state=DeviceState.DIALING)
            case "connected" | "trained":
                now = replace(now, state=DeviceState.SENDING)
            case "far-end" if isinstance(ident := fields.get("ident"), str):
                now = replace(now, state=DeviceState.SENDING, far_ident=ident.strip())
            case "page-intent" if isinstance(fields.get("job"), int) and isinstance(fields.get("number"), int):
                now = replace(now, state=DeviceState.SENDING, job=fields["job"], page=fields["number"])
            case "page-intent" if isinstance(fields.get("job"), int):
                # The cover page of a fax that is continued: no page of the fax.
                now = replace(now, state=DeviceState.SENDING, job=fields["job"], page=None)
            case "asked-to-end":
                now = replace(now, state=DeviceState.ABORTING)
            case "end" if isinstance(outcome := fields.get("outcome"), dict):
                now = replace(now, state=state_after(str(outcome.get("cause"))))
    return now


def state_of(
    process: PortState, progress: Progress | None, *, cancelling: bool, rings: int, device_taken: bool
) -> DeviceState:
    """The state of a line. ``progress``: of the call that goes out on it."""
    if progress is not None:
        ended = progress.state not in (DeviceState.INITIALIZING, DeviceState.DIALING, DeviceState.SENDING)
        return DeviceState.ABORTING if cancelling and not ended else progress.state
    match process:
        case PortState.IDLE:
            return DeviceState.RINGING if rings else DeviceState.AVAILABLE
        case PortState.RECEIVING:
            return DeviceState.RECEIVING
        case PortState.SENDING:
            return DeviceState.SENDING
        case PortState.DOWN:
            return DeviceState.UNAVAILABLE if device_taken else DeviceState.OFFLINE
        case PortState.STARTING:
            return DeviceState.INITIALIZING
