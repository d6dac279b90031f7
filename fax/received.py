"""A fax that came in, as the API shows it: what is known of its call, and where it went.

What always holds: a delivery has one id for ever (``JOB-N``), whatever is tried again, so that whoever gets something
twice can tell; the routing string is ``CanonicalNumber`` or ``CanonicalNumber|additional`` (T.30 subaddress, digits).

May import: the standard library alone, since ``fax.types`` stands on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class DeliveryState(Enum):
    """Where one delivery stands."""

    WAITING = "waiting"  # its turn has not come, or it is tried again at ``until``
    DONE = "done"
    FAILED = "failed"  # given up, or nothing that trying again would mend
    CANCELLED = "cancelled"  # by a person


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One thing that routing does with a fax: one method, for one target."""

    id: str  # stable: shown to whoever gets it (file names, mail headers, print job names, webhooks)
    method: str  # GUID, braces included
    name: str  # the method's friendly name
    target: str  # what it is given: folder, addresses, printer; a method's own data as it reads, else empty
    state: DeliveryState
    why: str = ""  # the port's method, or which rule
    tries: int = 0
    reason: str | None = None  # why it failed last, or what became of it
    until: datetime | None = None  # when it is tried next
    ended: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    """What is known of a call that came in. What the far end or the network did not say is empty.

    Everything in it that the far end said is hostile: printable ASCII at most, of any meaning.
    """

    call: str  # the incoming call's id
    port: str
    device: int  # the port's permanent id; 0: the port is not known any more
    started: datetime  # answered
    ended: datetime
    caller_id: str = ""  # the number that calls, as the telephone company says
    caller_name: str = ""
    tsid: str = ""  # the far end's identifier (T.30 TSI)
    csid: str = ""  # ours, as the far end was told
    sub_address: str = ""  # T.30 SUB
    digits: str = ""  # DID: the number that was called, or DTMF digits
    receiver_name: str = ""  # whom it is for, as far as a service provider's device knows
    receiver_number: str = ""
    routing: str = ""
    pages: int = 0
    bad_rows: int = 0
    line_seconds: float | None = None  # off-hook
    rate_bps: int | None = None
    modulation: str = ""
    coding: str = ""
    ecm: bool | None = None
    cause: str = "ok"  # keyword of the call's end
    text: str = ""  # the same as a sentence
    users: tuple[str, ...] = ()  # to whom it was routed: they see it
    deliveries: tuple[Delivery, ...] = ()  # in show only; empty in lists
