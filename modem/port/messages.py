"""What is said on the control socket: one JSON object a line, each request answered by one line, in order.

What always holds: both ends use these types and nothing else; unknown fields are ignored, so that a process that
outlived an upgrade of the daemon can still be spoken to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

LINE_LIMIT = 65536
SOCKET_NAME = "control.sock"
LOCK_NAME = "lock"
LOG_NAME = "log"


class PortState(Enum):
    """What the port is doing; the API's keywords."""

    STARTING = "starting"  # opening the device, setting the modem up
    IDLE = "idle"  # ready for a call
    SENDING = "sending"
    RECEIVING = "receiving"  # a call that came in
    DOWN = "down"  # no usable modem: see the reason; it keeps trying


@dataclass(frozen=True, kw_only=True)
class ServedDocument:
    """What a caller may fetch (polling): all pages of a TIFF-F, each proved by its digest."""

    file: str
    digests: tuple[str, ...]  # codec.Page.digest of each page, in order
    password: str = ""  # PWD that the caller must give; empty: none is asked for
    selection: str = ""  # SEP under which it is found; empty: any


@dataclass(frozen=True, kw_only=True)
class AnswerSettings:
    """How calls that come in are answered. What is received lies in ``folder``: see ``modem.received``."""

    folder: str
    rings: int = 1  # before it is answered; 0: on command only
    csi: str = ""  # our identifier, at most 20 printable ASCII characters
    ecm: bool = True
    v17: bool = True
    max_rate_bps: int | None = None
    codings: tuple[str, ...] = ("mh", "mr", "mmr", "t85")  # that senders may use; MH is always one
    sub_addresses: tuple[str, ...] | None = None  # None: any, and none
    # Patterns of ``modem.callers``, of caller ids and TSIs. Who is refused by their caller id is let ring.
    allowed_callers: tuple[str, ...] = ()  # none: anybody
    refused_callers: tuple[str, ...] = ()
    sender_password: str = ""  # SID that a sender must give
    document: ServedDocument | None = None  # None: who wants to fetch one gets a DCN


@dataclass(frozen=True, kw_only=True)
class PortStatus:
    """The port at a glance."""

    name: str
    device: str
    pid: int
    version: str
    state: PortState
    reason: str = ""  # DOWN: why; STARTING after DOWN: what it was
    call: str | None = None  # SENDING, RECEIVING: the call's id
    journal: str | None = None  # SENDING, RECEIVING: where its journal is
    last_call: str | None = None  # the call that ended last, if any did in this process
    last_received: str | None = None  # the incoming call that ended last
    modem: str = ""  # maker, model and revision as the modem says
    quitting: bool = False  # takes no more calls
    answering: bool = False  # answers calls that come in
    answering_into: str = ""  # the folder of received faxes, while it answers
    answering_after: int = 0  # rings; 0: on command only
    served_pages: int = 0  # of the document that callers may fetch
    rings: int = 0  # of the call that is coming in
    device_taken: bool = False  # DOWN: since another program has the device


class CallAnswer(Enum):
    """What became of a request to call. Only STARTED means that a call is under way."""

    STARTED = "started"  # also when this very call was under way already
    DONE = "done"  # the journal has an end: called before, or refused as PLAN_INVALID
    DEAD = "dead"  # the journal has no end and nobody writes it
    BUSY = "busy"  # another call is under way
    DOWN = "down"  # the modem is not ready, or the process is quitting; nothing was dialled


@dataclass(frozen=True, kw_only=True)
class CallReply:
    answer: CallAnswer
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """``verb``: "status", "call" (plan, journal), "cancel" (call), "answering" (answer: None turns it off), "pick-up",
    "quit"."""

    verb: str
    plan: str = ""
    journal: str = ""
    call: str = ""
    answer: AnswerSettings | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Exactly one field is set, by verb; ``error`` when the request made no sense."""

    status: PortStatus | None = None  # status, answering, quit
    call: CallReply | None = None  # call
    picked_up: bool | None = None  # pick-up: False when the port is not idle or does not answer calls
    cancelled: bool | None = None  # cancel: whether this call was under way
    error: str | None = None
