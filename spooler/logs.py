"""The log: where it goes, and how much of each category is said.

What always holds: a change of levels acts on the next line; a line stands in one category, by the part of the program
that says it; a text from elsewhere (a name, a number) can begin no line of its own and bring no control character in; a
target that fails stops nobody.

Logging is one for the whole process, and so is this module.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from logging.handlers import SysLogHandler, WatchedFileHandler
from typing import TYPE_CHECKING

from fax.settings import LogCategory, LogLevel

if TYPE_CHECKING:
    from pathlib import Path

_ORDER = tuple(LogLevel)
_INIT = ("spooler.main", "spooler.serving", "spooler.daemon", "spooler.migrations", "uvicorn")
_OUTBOUND = (
    "spooler.dispatch",
    "spooler.port_attendance",
    "spooler.port_launch",
    "spooler.port_news",
    "spooler.ports",
    "spooler.planning",
    "spooler.preparation",
    "spooler.schedule",
    "spooler.transmissions",
)
_INBOUND = (
    "spooler.extension_host",
    "spooler.extensions",
    "spooler.port_incoming",
    "spooler.reception",
    "spooler.routing",
    "spooler.routing_folder",
    "spooler.routing_mail",
    "spooler.routing_print",
)
_BY_NAME = (
    dict.fromkeys(_INIT, LogCategory.INIT)
    | dict.fromkeys(_OUTBOUND, LogCategory.OUTBOUND)
    | dict.fromkeys(_INBOUND, LogCategory.INBOUND)
)
# sd-daemon(3): what stands before a line on the standard error of a service.
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
PLAIN = "%(asctime)s %(levelname)s %(category)s %(name)s: %(message)s"
BARE = "%(category)s: %(message)s"  # where the receiver adds time and level


def category_of(logger: str) -> LogCategory:
    """The category of what a logger of this name says."""
    parts = logger.split(".")
    for end in range(len(parts), 0, -1):
        if (found := _BY_NAME.get(".".join(parts[:end]))) is not None:
            return found
    return LogCategory.UNKNOWN


def level_of(severity: int) -> LogLevel:
    """The lowest level at which a line of this severity is said."""
    if severity >= logging.ERROR:
        return LogLevel.MIN
    return LogLevel.MED if severity >= logging.INFO else LogLevel.MAX


class Gate(logging.Filter):
    """Lets a record through when its category's level is high enough, and names its category."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: Mapping[LogCategory, LogLevel] = dict.fromkeys(LogCategory, LogLevel.MED)

    def filter(self, record: logging.LogRecord) -> bool:
        category = category_of(record.name)
        record.category = category.value
        return _ORDER.index(self.levels[category]) >= _ORDER.index(level_of(record.levelno))


class OneLine(logging.Formatter):
    """A record as one line; those of a traceback follow it, set in. Control characters are written out."""

    def format(self, record: logging.LogRecord) -> str:
        first, *others = map(_printable, super().format(record).splitlines() or [""])
        return "\n".join([first, *(f"    {line}" for line in others)])


class ForTheJournal(OneLine):
    """Each line with its priority in front, as the journal reads it."""

    def format(self, record: logging.LogRecord) -> str:
        mark = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in super().format(record).splitlines())


def _printable(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in line)


_gate = Gate()


def begin(levels: Mapping[LogCategory, LogLevel], *, to: str = "stderr", file: Path | None = None) -> None:
    """Send the log to ``to`` ("stderr", which is the journal under systemd; "syslog"; "none"), and to ``file``.

    Raises OSError when the file or the syslog socket cannot be opened.
    """
    handlers: list[logging.Handler] = []
    if to == "stderr":
        handlers.append(logging.StreamHandler(sys.stderr))
        handlers[-1].setFormatter(ForTheJournal(BARE) if _is_the_journal() else OneLine(PLAIN))
    elif to == "syslog":
        handlers.append(SysLogHandler("/dev/log", SysLogHandler.LOG_LPR))
        handlers[-1].setFormatter(OneLine(f"platend[{os.getpid()}]: {BARE}"))
    if file is not None:
        handlers.append(WatchedFileHandler(file, encoding="utf-8"))
        handlers[-1].setFormatter(OneLine(PLAIN))
    logging.raiseExceptions = False  # a full disk is no reason to print tracebacks
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    for handler in handlers:
        handler.addFilter(_gate)
        root.addHandler(handler)
    set_levels(levels)


def set_levels(levels: Mapping[LogCategory, LogLevel]) -> None:
    """Say so much from now on."""
    _gate.levels = dict(levels)
    loudest = max(_ORDER.index(level) for level in levels.values())
    least = {LogLevel.NONE: logging.CRITICAL + 1, LogLevel.MIN: logging.ERROR, LogLevel.MED: logging.INFO}
    logging.getLogger().setLevel(least.get(_ORDER[loudest], logging.DEBUG))


def _is_the_journal() -> bool:
    """Whether standard error is a stream of the journal's (systemd.exec(5), JOURNAL_STREAM)."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        about = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(about.st_dev), str(about.st_ino))
