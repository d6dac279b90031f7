"""What an exchange tells about its calls.

What always holds: events come in the order in which things happen; ``call`` counts the exchange's calls from 1.
What it must not do: change anything; it is for people, logs and tests.
"""

from __future__ import annotations

from dataclasses import dataclass

from modem.soft.parties import FaxRecord


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. ``kind``: dialled, ringing, busy, no-answer, no-dial-tone, no-carrier, answered, frame,
    page, far-end-on-hook, record, on-hook."""

    at: float  # seconds of line time since the exchange began
    call: int
    kind: str
    caller: str
    called: str
    text: str = ""
    off_hook_s: float | None = None  # with on-hook: how long the modem was off-hook
    record: FaxRecord | None = None  # with record
