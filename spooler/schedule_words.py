"""Why a job waits, in words. Pure.

What always holds: every ``Wait`` has its sentence, and one that ends at a time says when.
"""

from __future__ import annotations

from datetime import datetime

from spooler.jobs import at_time
from spooler.numbers import printable
from spooler.schedule_types import Wait, WaitReason


def sentence(wait: Wait, now: datetime) -> str:
    """For people, in the server's time zone, without a full stop."""
    when = "" if wait.until is None else at_time(wait.until, now)
    number = printable(wait.number)
    match wait.reason:
        case WaitReason.SEND_TIME:
            return f"Is to be sent {when}"
        case WaitReason.RETRY:
            return f"Is tried again {when}"
        case WaitReason.DISCOUNT:
            return f"Waits for the discount period, {when}"
        case WaitReason.NUMBER_IN_CALL:
            return "Waits for another fax to the same number"
        case WaitReason.NUMBER_LIMIT:
            calls = "call" if wait.limit == 1 else "calls"
            return f"{number} has had its {wait.limit} {calls} of this day; next try {when}"
        case WaitReason.NUMBER_BARRED:
            return f"{number} was called in vain too often; next try {when}"
        case WaitReason.QUEUE_PAUSED:
            return "The queue is paused"
        case WaitReason.NO_PORTS:
            return "No port is set up for sending"
        case WaitReason.NO_SUCH_GROUP:
            return f"No port that may send belongs to {wait.group}"
        case WaitReason.PORTS_DOWN:
            faults = "; ".join(f"{name}: {why}" if why else name for name, why in wait.ports)
            return f"No port is ready ({faults})"
        case WaitReason.PORTS_BUSY:
            return f"Waits for a free port of {wait.group}" if wait.group else "Waits for a free port"
        case WaitReason.NEXT:
            return "Is called next"
