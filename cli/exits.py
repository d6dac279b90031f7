"""The exit codes of the command: a contract with scripts, told in ``platen --help`` and docs/command.md."""

from __future__ import annotations

from enum import IntEnum

from fax.errors import Cause, FaxError, NotRunningError


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1  # a fax that was followed, or a call, did not succeed
    USAGE = 2  # the command line, or a file that it names
    NOT_RUNNING = 3
    REFUSED = 4  # the request or the document
    NO_SUCH_JOB = 5
    NOT_ALLOWED = 6
    FAULT = 7  # the server's, or ours
    INTERRUPTED = 130  # Ctrl-C
    PIPE_CLOSED = 141  # the reader of our output has gone


HELP = """\
Exit codes:

\b
  0    all went well
  1    a fax that was followed, or a call, did not succeed
  2    wrong command line, or a file that cannot be read or written
  3    the fax server does not answer
  4    the request or the document was refused
  5    there is no such job
  6    not allowed
  7    a fault of the fax server or of this program
  130  interrupted (Ctrl-C)
"""


def exit_code(error: FaxError) -> ExitCode:
    if isinstance(error, NotRunningError):
        return ExitCode.NOT_RUNNING
    match error.cause:
        case Cause.NO_SUCH_JOB:
            return ExitCode.NO_SUCH_JOB
        case Cause.NOT_ALLOWED | Cause.NOT_AUTHENTICATED | Cause.TOO_MANY_TRIES:
            return ExitCode.NOT_ALLOWED
        case Cause.STORAGE | Cause.INTERNAL:
            return ExitCode.FAULT
        case _:
            return ExitCode.REFUSED
