"""Waiting that a signal ends, also one that came just before the wait began.

A signal's handler in Python runs between two steps of the program: one that arrives after the last step before a system
call would be noticed when that call returns, which may be never. Here the interpreter also writes an octet into a pipe,
at once, and the wait looks at that pipe too.

What always holds: when ``wait`` returns, the handlers of all signals that came before have run. Only for signals with a
handler in Python, and in the main thread; one object in a process at a time, and a new one after a fork.

Must not: import more than it needs (``backend.main`` does it).
"""

from __future__ import annotations

import os
import select

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # see backend.main

_BLOCK = 512


class Waking:
    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def wait(self, handle: int | None = None, timeout_s: float | None = None) -> bool:
        """Until the open file ``handle`` can be read without waiting (also: its end), a signal comes, or time is up.

        Whether ``handle`` can be read.
        """
        poll = select.poll()
        poll.register(self._read, select.POLLIN)
        if handle is not None:
            poll.register(handle, select.POLLIN)
        ready = [found for found, _ in poll.poll(None if timeout_s is None else timeout_s * 1000)]
        if self._read in ready:
            self.forget()
        return handle in ready

    def forget(self) -> None:
        """Let the signals that have come until now end no wait any more."""
        try:
            os.read(self._read, _BLOCK)
        except BlockingIOError:
            return
