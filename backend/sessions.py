"""The processes of a session, and their end.

What always holds: only processes of that session are signalled, by their ids; nothing of it runs when ``end_session``
returns.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

LIMIT_S = 10.0


class SessionError(Exception):
    """Processes of the session do not end."""


def members(leader: int) -> list[int]:
    """The processes of the session that ``leader`` leads, the leader first."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # the name in brackets may hold anything; the state and the session follow it
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue
            if int(session) == leader and state != "Z":
                found.append(int(entry.name))
    return sorted(found, key=lambda pid: pid != leader)


def end_session(leader: int) -> None:
    """End what is left of the session that ``leader`` leads or led: asked first, then killed. Raises SessionError."""
    limit = time.monotonic() + LIMIT_S
    with_mercy = time.monotonic() + LIMIT_S / 5
    first = True
    while left := members(leader):
        for pid in left:
            try:
                if first:
                    os.kill(pid, signal.SIGTERM)
                elif time.monotonic() > with_mercy:
                    os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        first = False
        if time.monotonic() > limit:
            raise SessionError(f"processes of the session {leader} do not end: {left}")
        time.sleep(0.02)
