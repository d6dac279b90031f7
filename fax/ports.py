"""Telephone lines as the API shows them: what is set, what the line is doing, what it has done.

What always holds: a line is known by its permanent id; the states are those of the Windows fax service's device status,
one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from fax.types import CallId, JobId, JobType


class DeviceState(Enum):
    """What a line is doing. Value: the keyword; ``code``: FPS_ of the Windows fax service."""

    DIALING = "dialing"
    SENDING = "sending"
    RECEIVING = "receiving"
    COMPLETED = "completed"
    HANDLED = "handled"  # by a service provider's device, which sends by itself
    UNAVAILABLE = "unavailable"  # another program has the device
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    BAD_ADDRESS = "bad-address"
    NO_DIAL_TONE = "no-dial-tone"
    DISCONNECTED = "disconnected"
    FATAL_ERROR = "fatal-error"
    NOT_FAX_CALL = "not-fax-call"
    CALL_DELAYED = "call-delayed"
    CALL_BLACKLISTED = "call-blacklisted"
    INITIALIZING = "initializing"  # setting the modem or a call up
    OFFLINE = "offline"  # no usable modem
    RINGING = "ringing"
    AVAILABLE = "available"
    ABORTING = "aborting"
    ROUTING = "routing"
    ANSWERED = "answered"

    @property
    def code(self) -> int:
        return _FPS[self]


_FPS = {
    state: 0x20000000 | bit
    for state, bit in {
        DeviceState.DIALING: 0x1,
        DeviceState.SENDING: 0x2,
        DeviceState.RECEIVING: 0x4,
        DeviceState.COMPLETED: 0x8,
        DeviceState.HANDLED: 0x10,
        DeviceState.UNAVAILABLE: 0x20,
        DeviceState.BUSY: 0x40,
        DeviceState.NO_ANSWER: 0x80,
        DeviceState.BAD_ADDRESS: 0x100,
        DeviceState.NO_DIAL_TONE: 0x200,
        DeviceState.DISCONNECTED: 0x400,
        DeviceState.FATAL_ERROR: 0x800,
        DeviceState.NOT_FAX_CALL: 0x1000,
        DeviceState.CALL_DELAYED: 0x2000,
        DeviceState.CALL_BLACKLISTED: 0x4000,
        DeviceState.INITIALIZING: 0x8000,
        DeviceState.OFFLINE: 0x10000,
        DeviceState.RINGING: 0x20000,
        DeviceState.AVAILABLE: 0x100000,
        DeviceState.ABORTING: 0x200000,
        DeviceState.ROUTING: 0x400000,
        DeviceState.ANSWERED: 0x800000,
    }.items()
}


@dataclass(frozen=True, kw_only=True)
class DeviceStatus:
    """What a line is doing right now, in the order of FAX_DEVICE_STATUS. What does not apply is empty or None."""

    caller_id: str = ""  # receiving: the number that calls, as the telephone company says
    csid: str = ""  # sending: the far end's identifier; receiving: ours
    current_page: int | None = None  # from 1
    document_name: str = ""
    job_type: JobType | None = None  # None: idle
    phone_number: str = ""  # sending: the number dialled
    routing_string: str = ""
    sender_name: str = ""
    recipient_name: str = ""
    size: int | None = None  # octets of the document
    started: datetime | None = None  # the call
    state: DeviceState
    detail: str = ""  # why, where the state does not say all
    submitted: datetime | None = None
    total_pages: int | None = None
    tsid: str = ""  # sending: ours; receiving: the far end's
    user: str = ""
    job: JobId | None = None
    call: CallId | None = None
    modem: str = ""  # maker, model and revision as the modem says


@dataclass(frozen=True, kw_only=True)
class PortStatistics:
    """What went over one line, or to one number, since the first call that is still remembered."""

    name: str  # the line's name, or the number
    calls: int = 0
    answered: int = 0  # by a fax machine
    sent: int = 0  # calls that ended well
    pages: int = 0  # that were confirmed
    line_seconds: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)  # calls by the keyword of their end
    last: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PortInfo:
    """One line: FAX_PORT_INFO, its status, and who is changing it."""

    id: int  # permanent
    name: str
    device: str
    send: bool
    receive: bool
    rings: int  # before it answers, 1 to 99
    priority: int  # 1 is tried first
    tsid: str
    csid: str
    status: DeviceStatus
    leased: bool = False  # somebody is changing it
    virtual: bool = False  # FPF_VIRTUAL: no telephone line of its own, a service provider's device
    provider: str = ""  # that provider's name


@dataclass(frozen=True, kw_only=True)
class PortChange:
    """What is to be set of a line; None: as it is."""

    send: bool | None = None
    receive: bool | None = None
    rings: int | None = None  # 0 to 99; 0 counts as 1
    priority: int | None = None
    tsid: str | None = None
    csid: str | None = None
