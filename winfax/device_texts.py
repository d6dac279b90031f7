"""What the objects call what a device is doing."""

from __future__ import annotations

from winfax import constants as c

UNKNOWN = "Unknown"

_TEXTS = {
    c.FPS_DIALING: "Dialing",
    c.FPS_SENDING: "Sending",
    c.FPS_RECEIVING: "Receiving",
    c.FPS_COMPLETED: "Completed",
    c.FPS_HANDLED: "Handled",
    c.FPS_UNAVAILABLE: "Unavailable",
    c.FPS_BUSY: "Busy",
    c.FPS_NO_ANSWER: "No Answer",
    c.FPS_BAD_ADDRESS: "Bad Address",
    c.FPS_NO_DIAL_TONE: "No Dial Tone",
    c.FPS_DISCONNECTED: "Disconnected",
    c.FPS_FATAL_ERROR: "Fatal Error",
    c.FPS_NOT_FAX_CALL: "Not a Fax Call",
    c.FPS_CALL_DELAYED: "Call Delayed",
    c.FPS_CALL_BLACKLISTED: "Call Blacklisted",
    c.FPS_INITIALIZING: "Initializing",
    c.FPS_OFFLINE: "Offline",
    c.FPS_RINGING: "Ringing",
    c.FPS_AVAILABLE: "Available",
    c.FPS_ABORTING: "Aborting",
    c.FPS_ROUTING: "Routing",
    c.FPS_ANSWERED: "Answered",
}


def device_text(status: int) -> str:
    """The English text of an FPS_ value; "Unknown" where there is no device."""
    return _TEXTS.get(status, UNKNOWN)
