"""A process that makes something for later gives way to those whom somebody waits for.

What always holds: only the calling process and what it starts are set back; where the kernel cannot do one part of it,
the rest holds all the same.

Must not: be called in a process that leads a session for others.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

NICE, GROUP_NICE = 15, 5
GROUP = Path("/proc/self/autogroup")
TRIES, PAUSE_S = 5, 0.1
"""Ten times a second such a file may be written, by all users together; only root need not care."""


def step_back() -> None:
    """For the rest of this process' life."""
    os.nice(NICE)
    # Where the kernel shares out time by sessions (sched(7), autogroup), nice counts only within one. Not much: limits
    # on time go by the clock, and a page must be drawn on a busy machine too.
    if os.getsid(0) != os.getpid():
        return
    for _ in range(TRIES):
        try:
            GROUP.write_text(str(GROUP_NICE))
            return
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return
        time.sleep(PAUSE_S)
