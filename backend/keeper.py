"""The end of our filters: stays until the backend has the document, and hands the fax over when the backend was killed.

CUPS counts a backend that was killed as one that has printed, and nothing in a backend can guard the moment before it
has a child. So the filter that feeds it keeps a copy and waits until the document was read, which only the backend's
worker does, beside a parent that starts another when it dies; and then until the backend says that it ends of itself
(``backend.main.tell_the_end``). When it is gone without that word, the hand-over is done from here; the key is the
job's, so that a backend that died after its hand-over makes no second fax.

Of a job with several documents each passes through a filter of its own, and cupsd itself keeps the pipe open between
them: such a job is only kept from being taken for printed, when nobody reads for a while.

Exit codes, as CUPS takes those of a filter: 0 good; 1: the job is stopped and kept, until somebody releases it.

What it must not do: look into the document, do anything when the job was cancelled, or import more than it needs while
all goes well: it runs for every print job.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import sys
import termios
import time

from backend.document_count import document_count
from backend.main import BACK_CHANNEL, OK, say, unnamed_file

BLOCK_OCTETS = 1 << 16
PATIENCE_S = 10.0
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 2, 50


def main(argv: list[str]) -> int:
    """``argv`` as CUPS gives it to a filter; the document on stdin, the backend's pipe on stdout."""
    try:
        copy = unnamed_file()
    except OSError as error:
        say("DEBUG", f"No copy is kept of the document: {error.strerror}")
        copy = -1
    try:
        if not _pass_on(0, 1, copy):
            taken = copy < 0
        elif copy >= 0 and _is_pipe(BACK_CHANNEL) and document_count(os.environ.get("CUPS_SERVER"), argv[1]) == 1:
            taken = _has_ended_of_itself(1)
        else:
            taken = _is_taken(1, argv) or copy < 0
        if taken:
            return 0
        return _take_over(argv, copy)
    except Exception as error:
        say("ERROR", f"The fax could not be handed over: {type(error).__name__}")
        return 1


def _pass_on(source: int, target: int, copy: int) -> bool:
    """Move everything; False when nobody reads it any more (the copy is whole all the same)."""
    read = True
    while block := os.read(source, BLOCK_OCTETS):
        try:
            if copy >= 0:
                _write(copy, block)
        except OSError as error:
            # Half a copy is none; from here on we are a filter like others.
            say("DEBUG", f"No copy is kept of the document: {error.strerror}")
            os.ftruncate(copy, 0)
            copy = -1
        try:
            if read:
                _write(target, block)
        except BrokenPipeError:
            read = False
            if copy < 0:
                return True
    return read


def _write(handle: int, block: bytes) -> None:
    left = memoryview(block)
    while left:
        left = left[os.write(handle, left) :]


def _is_taken(target: int, argv: list[str]) -> bool:
    """Wait until what was written has been read; False when its reader is gone before, or nobody seems to be there."""
    poll = select.poll()
    poll.register(target, 0)
    pause_ms = FIRST_PAUSE_MS
    patience = time.monotonic() + PATIENCE_S
    while True:
        gone = poll.poll(pause_ms)  # an error is told without being asked for
        try:
            left = int.from_bytes(fcntl.ioctl(target, termios.FIONREAD, bytes(4)), sys.byteorder)
        except OSError:
            return True  # no pipe: there is nobody to wait for
        if not left:
            return True
        if gone:
            return False
        pause_ms = min(2 * pause_ms, LONGEST_PAUSE_MS)
        if time.monotonic() > patience:
            if _is_one_of_several(argv):
                return False
            patience += PATIENCE_S


def _is_one_of_several(argv: list[str]) -> bool:
    return document_count(os.environ.get("CUPS_SERVER"), argv[1]) not in (None, 1)


def _has_ended_of_itself(target: int) -> bool:
    """Let the backend see the document's end, and wait for its word; False when it is gone without one.

    cupsd has let go of the back channel by then, so its end is the backend's.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, target)
    os.close(nowhere)
    poll = select.poll()
    poll.register(BACK_CHANNEL, select.POLLIN)
    poll.poll()  # it does not block by itself
    return os.read(BACK_CHANNEL, 1) != b""


def _is_pipe(handle: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(handle).st_mode)
    except OSError:
        return False


def _take_over(argv: list[str], copy: int) -> int:
    """The hand-over, without the backend."""
    from backend.cups_job import CupsJob

    cups = CupsJob(os.environ.get("CUPS_SERVER"), argv[1])
    attributes = cups.attributes()
    if cups.is_cancelled():
        return 0
    if "job-uuid" not in attributes or _is_one_of_several(argv):
        # Without the key it could become two faxes; and of several documents we have one.
        say("ERROR", "The fax could not be handed over: its backend was killed. Release the job to try again")
        return 1
    from backend.hand_over import work

    say("DEBUG", "The backend is gone: the filter hands the fax over")
    return 0 if work(argv[:6], copy, "") == OK else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
