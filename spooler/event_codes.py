"""Which event of the Windows fax service one of ours is. Pure.

What always holds: one of ours has at most one number. HANDLED (a device that sends by itself) comes from the devices of
service providers only.
"""

from __future__ import annotations

from enum import IntEnum

from modem.outcome import Cause


class Code(IntEnum):
    """FEI_ numbers."""

    DIALING = 1
    SENDING = 2
    RECEIVING = 3
    COMPLETED = 4
    BUSY = 5
    NO_ANSWER = 6
    BAD_ADDRESS = 7
    NO_DIAL_TONE = 8
    DISCONNECTED = 9
    FATAL_ERROR = 10
    NOT_FAX_CALL = 11
    CALL_DELAYED = 12
    CALL_BLACKLISTED = 13
    RINGING = 14
    ABORTING = 15
    ROUTING = 16
    MODEM_POWERED_ON = 17
    MODEM_POWERED_OFF = 18
    IDLE = 19
    FAXSVC_ENDED = 20
    ANSWERED = 21
    JOB_QUEUED = 22
    DELETED = 23
    INITIALIZING = 24
    LINE_UNAVAILABLE = 25
    HANDLED = 26
    FAXSVC_STARTED = 27


BY_KIND = {
    "accepted": Code.JOB_QUEUED,
    "restarted": Code.JOB_QUEUED,
    "initializing": Code.INITIALIZING,
    "dialling": Code.DIALING,
    "page-sending": Code.SENDING,
    "aborting": Code.ABORTING,
    # For the Windows fax service a job is gone when it was sent or cancelled; one that failed is kept for a while.
    "done": Code.DELETED,
    "cancelled": Code.DELETED,
    "ringing": Code.RINGING,
    "answered": Code.ANSWERED,
    "receiving": Code.RECEIVING,
    "routing": Code.ROUTING,
    "line-idle": Code.IDLE,
    "line-unavailable": Code.LINE_UNAVAILABLE,
    "modem-on": Code.MODEM_POWERED_ON,
    "modem-off": Code.MODEM_POWERED_OFF,
    "service-started": Code.FAXSVC_STARTED,
    "service-ended": Code.FAXSVC_ENDED,
}

BY_CAUSE = {
    Cause.OK: Code.COMPLETED,
    Cause.CANCELLED: Code.DISCONNECTED,
    Cause.DEVICE_MISSING: Code.LINE_UNAVAILABLE,
    Cause.DEVICE_SILENT: Code.LINE_UNAVAILABLE,
    Cause.DEVICE_ERROR: Code.LINE_UNAVAILABLE,
    Cause.DEVICE_NOT_FAX: Code.LINE_UNAVAILABLE,
    Cause.PORT_DIED: Code.DISCONNECTED,
    Cause.NO_DIAL_TONE: Code.NO_DIAL_TONE,
    Cause.BUSY: Code.BUSY,
    Cause.NO_ANSWER: Code.NO_ANSWER,
    Cause.NO_CARRIER: Code.DISCONNECTED,
    Cause.BAD_NUMBER: Code.BAD_ADDRESS,
    Cause.BLACKLISTED: Code.CALL_BLACKLISTED,
    Cause.DELAYED: Code.CALL_DELAYED,
    Cause.HANDLED: Code.HANDLED,
    Cause.NO_FAX: Code.NOT_FAX_CALL,
    Cause.FAR_END_DISCONNECTED: Code.DISCONNECTED,
    Cause.LINE_LOST: Code.DISCONNECTED,
}


def of_end(cause: str | None) -> Code:
    """For how a call ended; what the table does not name is a fatal error."""
    try:
        return BY_CAUSE.get(Cause(cause), Code.FATAL_ERROR)
    except ValueError:
        return Code.FATAL_ERROR
