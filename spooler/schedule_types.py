"""What the schedule is told and what it says: values only.

What always holds: every time is an aware instant; a ``Wait`` says why a job is not in a call as data, and
``schedule_words`` makes the sentence of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from fax.settings import OutboundRule
from fax.types import Priority
from spooler.schedule_window import ALWAYS, Window

RANKS = {Priority.LOW: 0, Priority.NORMAL: 1, Priority.HIGH: 2}
HIGHEST = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """An instant by the wall clock that something waits for.

    ``within``: how long it was to wait when that was decided. When more than that is left, the clock has been set back,
    and the wait begins anew: it is never longer than it was meant, however far the clock jumped. None: the instant is
    what a person asked for, and counts as it stands.
    """

    at: datetime
    within: timedelta | None = None

    def kept(self, now: datetime) -> Deadline:
        if self.within is None or self.at - now <= self.within:
            return self
        return replace(self, at=now + self.within)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A job that waits for its call."""

    job: int
    number: str  # one destination, one text; the outbound rules know it by its digits after +
    user: str  # the share of the lines that it counts against
    since: datetime  # when it was accepted: older ones of a sender go first
    behind: timedelta = timedelta()  # it counts as so much younger: its place in a broadcast
    priority: Priority = Priority.NORMAL
    not_before: Deadline | None = None
    retrying: bool = False  # ``not_before`` is the pause after a try, not a person's wish
    expires: Deadline | None = None  # given up then, unless it is in a call
    discount: bool = False  # in the discount period only
    group: str = ""  # of ports, asked for by the job; empty: by the rules
    line: str = ""  # jobs for one number share a call when this is the same


@dataclass(frozen=True, kw_only=True, slots=True)
class PortRules:
    """A port as it is set up. Ports with a lower ``priority`` are tried first; equal ones in the order given."""

    name: str
    priority: int = 1
    sends: bool = True  # False: never used for sending


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The settings that bear on the schedule."""

    paused: bool = False  # the outgoing queue: nothing new is called
    window: Window = ALWAYS  # the discount period
    ageing: timedelta = timedelta(hours=1)  # after this without a call, what a sender has waiting rises by a priority
    documents_per_call: int = 10
    calls_a_day: int = 0  # to one number within any 24 hours; 0: no limit
    ports: tuple[PortRules, ...] = ()
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)  # ports in the order in which they are tried
    outbound: tuple[OutboundRule, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A decision: one call to ``number`` on ``port`` with these jobs, the one that it is made for first."""

    jobs: tuple[int, ...]
    number: str
    port: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is to be done now. ``expired``: jobs whose time is up; they wait no more. ``more``: ask again at once, there
    may be more to be done now."""

    calls: tuple[Assignment, ...] = ()
    expired: tuple[int, ...] = ()
    more: bool = False


class WaitReason(Enum):
    """Why a job is not in a call. Value: the keyword."""

    SEND_TIME = "send-time"
    RETRY = "retry"
    DISCOUNT = "discount-period"
    NUMBER_IN_CALL = "number-in-call"
    NUMBER_LIMIT = "number-limit"  # as many calls to the number as one day allows
    NUMBER_BARRED = "number-barred"  # it was busy too often
    QUEUE_PAUSED = "queue-paused"
    NO_PORTS = "no-ports"  # none is set up, or none may send
    NO_SUCH_GROUP = "no-such-group"  # the group or port that is asked for has no port that may send
    PORTS_DOWN = "ports-down"
    PORTS_BUSY = "ports-busy"
    NEXT = "next"  # nothing stands in its way


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Why a job waits. ``until``: when it can be tried next, as far as times decide; None: at any moment."""

    reason: WaitReason
    until: datetime | None = None
    number: str = ""
    limit: int = 0  # calls a day
    ports: tuple[tuple[str, str], ...] = ()  # ports that are down, and why
    group: str = ""
