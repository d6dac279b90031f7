"""The backend program's parent: starts the worker, waits for it, and turns its death into a new try.

CUPS counts a backend that was killed as one that has printed. So the work is done by a child, and this parent, which
does next to nothing, answers CUPS. It keeps the job's data in a file without a name that it shares with the child:
what a killed child had read is not lost. When the parent is killed, the child finishes the hand-over all the same.
The exit codes of this program, what CUPS makes of them, and when they are used:

- 0 OK (completed): the daemon or the incoming folder has the fax on stable storage; also discovery.
- 1 FAILED (tried a few times, then given up): wrong number of arguments, which CUPS never has.
- 2 AUTH_REQUIRED (held for a password): never.
- 3 HOLD (held until somebody releases it, with our text): the worker died again and again, or the daemon does not
  understand us. A new try would end the same way, but the job is not at fault and must not be lost.
- 4 STOP (queue stopped, job stays): neither the daemon nor the incoming folder takes anything, the daemon does not let
  this queue in, or there is no room to read the job. It would be the same for every job.
- 5 CANCEL (cancelled, with our text): the document or the request is refused, and would be again. The person reads
  why, and the queue goes on.
- 6 RETRY (as 1): never.
- 7 RETRY_CURRENT (run again at once): SIGTERM before the hand-over. A job that a person cancelled stays cancelled all
  the same; one that was stopped with its queue or with CUPS runs again.

Must not: import more than it needs, since every import is a moment in which it can be killed before it has a child.
"""

from __future__ import annotations

import os
import stat
import sys

from backend.waking import Waking

TYPE_CHECKING = False  # typing's own costs its import
if TYPE_CHECKING:
    import signal
    from typing import NoReturn

    from backend.door import Nursed
else:
    import _signal as signal  # the part of signal that costs nothing: its enums are a third of our start

OK = 0
FAILED = 1
HOLD = 3
STOP = 4
CANCEL = 5
RETRY_CURRENT = 7
CRASHED = 70
"""The worker's own: an error that it did not foresee. Never given to CUPS."""

DISCOVERY = (
    'direct platen:/fax "Platen Virtual Fax" "Platen fax"'
    ' "MFG:Platen;MDL:Virtual Fax;CMD:PDF;CLS:PRINTER;DES:Platen Virtual Fax;" ""'
)
BACK_CHANNEL = 3
"""What CUPS gives a backend to speak to its filters, and them to listen to it (cupsd 2.4, ``cupsBackChannelWrite``)."""
PAUSES_S = (0.0, 0.5, 2.0)
"""Before each new try of a worker that died; the last try goes to the incoming folder without the daemon."""


def main(argv: list[str]) -> int:
    """``argv`` as CUPS gives it: program job-id user title copies options [file]; without arguments, discovery."""
    if len(argv) == 1:
        return _discover()
    if len(argv) not in (6, 7):
        say("ERROR", "Usage: platen job-id user title copies options [file]")
        return FAILED
    heard = _is_back_channel()
    code = _Parent(argv, heard).run()
    if heard:
        tell_the_end()
    return code


def end(code: int) -> NoReturn:
    """End this process as it is: CUPS begins the next job once it is gone, and tidying up an interpreter takes time."""
    try:
        sys.stdout.flush()
    finally:
        os._exit(code)


def tell_the_end(channel: int = BACK_CHANNEL) -> None:
    """Say to our filters that the backend ends of itself: nobody needs to finish its work. They may be gone."""
    try:
        os.write(channel, b"E")
    except OSError:
        return


def _is_back_channel() -> bool:
    """Whether CUPS started us; otherwise its number may be anything's. To be asked before we open anything."""
    try:
        return stat.S_ISFIFO(os.fstat(BACK_CHANNEL).st_mode)
    except OSError:
        return False


def say(level: str, text: str) -> None:
    """A line for cupsd on stderr. It may be gone already, and that must not stop the hand-over."""
    line = f"{level}: {' '.join(text.split())}".encode("utf-8", "replace")[:2000]
    try:
        os.write(2, line + b"\n")
    except OSError:
        return


def _discover() -> int:
    try:
        from backend.discovery import devices

        for line in devices():
            print(line)
    except Exception as error:
        # CUPS must know us, whatever is broken
        say("DEBUG", f"{type(error).__name__}: {error}")
        print(DISCOVERY)
    return OK


class _Parent:
    def __init__(self, argv: list[str], heard: bool) -> None:
        self._argv = argv
        self._heard = heard
        self._worker = 0
        self._nursed: Nursed | None = None
        self._stopped = False
        self._chance = os.urandom(16).hex()
        self._waking = Waking()

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self._pass_on)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)  # for the waking only
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD, signal.SIGTERM})
        try:
            data = unnamed_file()
        except OSError as error:
            say("ERROR", f"There is no room to read the print job: {error.strerror}")
            return STOP
        code = self._by_nursery(data)
        if code is not None:
            return code
        for attempt in range(len(PAUSES_S) + 1):
            if attempt:
                self._waking.forget()
                if not self._stopped:
                    self._waking.wait(timeout_s=PAUSES_S[attempt - 1])
            if self._stopped:
                return RETRY_CURRENT
            status = self._try(data, with_daemon=attempt < len(PAUSES_S))
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) != CRASHED:
                return os.WEXITSTATUS(status)
            say("DEBUG", f"The worker died with status {status}, try {attempt + 1}")
        say(
            "ERROR",
            "The fax could not be handed over: the program failed again and again. Release the job to try again",
        )
        return HOLD

    def _by_nursery(self, data: int) -> int | None:
        """The exit code of a worker that the nursery has forked; None without one, or when it died."""
        from backend.door import nursed

        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self._nursed = nursed(self._argv, data, self._chance, BACK_CHANNEL if self._heard else None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        if self._nursed is None:
            return None
        code = self._nursed.wait(self._waking)
        self._nursed = None
        return None if code == CRASHED else code

    def _try(self, data: int, *, with_daemon: bool) -> int:
        # blocked until both sides know what to do with it
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self._worker = os.fork()
        if not self._worker:
            code = CRASHED
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                # http.client loads OpenSSL unasked, a seventh of our start; all our talk is over Unix sockets
                sys.modules["ssl"] = None  # type: ignore[assignment]
                from backend.hand_over import work

                code = work(self._argv, data, self._chance, with_daemon=with_daemon)
                if self._heard and code in (OK, CANCEL):
                    # Nothing is left to do, should our parent be killed now. Of all else only the parent may say so.
                    tell_the_end()
            except BaseException as error:
                say("DEBUG", f"{type(error).__name__}: {error}")
            finally:
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        while os.waitid(os.P_PID, self._worker, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            self._waking.wait()
        # as long as it is not reaped its number is its own, and _pass_on can hit nobody else
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        _, status = os.waitpid(self._worker, 0)
        self._worker = 0
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return status

    def _pass_on(self, number: int, frame: object) -> None:
        # cupsd signals the whole process group as root, and the parent alone otherwise
        self._stopped = True
        if self._nursed is not None:
            self._nursed.stop()
        if self._worker:
            os.kill(self._worker, signal.SIGTERM)


def unnamed_file() -> int:
    """A new file in $TMPDIR that has no name: it goes when the last process that has it open does."""
    folder = os.environ.get("TMPDIR", "/tmp")
    try:
        return os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    except OSError:  # not every file system can
        import tempfile

        handle, path = tempfile.mkstemp(prefix="platen-", dir=folder)
        os.remove(path)  # noqa: PTH107 (pathlib is not worth its import here)
        return handle


if __name__ == "__main__":
    sys.exit(main(sys.argv))
