"""Whether the spool can take what is asked of it: free space, a disk that writes, Ghostscript.

What always holds: new work is refused as soon as a trouble is known, with a sentence that says which and what to do;
what was accepted goes on as long as the disk takes anything; a trouble that is over is forgotten at the next look,
without a hand. ``look`` blocks; everything else may be asked on any thread.

Must not: end or delete anything.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

from codec.sniff import Kind
from fax.errors import Cause, ServerError
from spooler.configuration import Live
from spooler.spool import Spool

log = logging.getLogger(__name__)
LOOK_EVERY_S = 15.0
LOOK_IN_TROUBLE_S = 2.0
PROBE_OCTETS = 4096
LEAST_OCTETS = 4 << 20  # below this nothing is begun: a call's journal and the database must find room
LIBRARIES = ("usr/lib/*-linux-*/libgs.so.*", "usr/lib/libgs.so.*", "usr/local/lib/libgs.so.*")
LOADS_IT = (sys.executable, "-c", "from ghostscript import _gsprint")
NEED_GHOSTSCRIPT = frozenset((Kind.PDF.mime, Kind.POSTSCRIPT.mime))


@dataclass(frozen=True, kw_only=True)
class State:
    """What the last look found, as sentences; None: no trouble. ``disk``: nothing can be begun; ``space``: nothing new
    is taken in; ``ghostscript``: no PDF and no PostScript can be prepared."""

    free_octets: int = 0
    disk: str | None = None
    space: str | None = None
    ghostscript: str | None = None

    @property
    def troubles(self) -> tuple[str, ...]:
        return tuple(text for text in (self.disk, self.space, self.ghostscript) if text is not None)


class Health:
    """``state`` is what the last ``look`` found."""

    def __init__(self, spool: Spool, live: Live) -> None:
        self._spool = spool
        self._live = live
        self.state = State()

    @property
    def pause_s(self) -> float:
        """Until the next look."""
        return LOOK_IN_TROUBLE_S if self.state.troubles else LOOK_EVERY_S

    def look(self) -> State:
        """Look at the disk and the programs. Raises nothing: what fails is what is found."""
        before, self.state = self.state, self._look()
        for text in self.state.troubles:
            if text not in before.troubles:
                log.error("%s", text)
        if before.troubles and not self.state.troubles:
            log.warning("The fax server takes new faxes again")
        return self.state

    def _look(self) -> State:
        root = self._spool.root
        floor = self._live.configuration.free_floor_octets
        try:
            free = shutil.disk_usage(root).free
        except OSError as error:
            return State(
                disk=f"The fax server's disk fails ({root}): {error.strerror or error}", ghostscript=_missing()
            )
        disk = _probe(self._spool)
        if disk is None and free < min(floor, LEAST_OCTETS):
            disk = f"The fax server's disk is full: {_size(free)} are free at {root}"
        space = None
        if disk is None and free < floor:
            space = f"The fax server's disk is nearly full: {_size(free)} are free at {root}, {_size(floor)} are needed"
        return State(free_octets=free, disk=disk, space=space, ghostscript=_missing())

    def check_new_work(self) -> None:
        """Raises ServerError STORAGE when nothing new can be taken in."""
        text = self.state.disk or self.state.space
        if text is not None:
            raise ServerError(Cause.STORAGE, f"{text}. Nothing was taken in; try again later")

    def check_type(self, mime: str) -> None:
        """Raises ServerError INTERNAL when a document of this type cannot be prepared here."""
        if self.state.ghostscript is not None and mime in NEED_GHOSTSCRIPT:
            raise ServerError(Cause.INTERNAL, f"{self.state.ghostscript}. Nothing was taken in; try again later")


def _probe(spool: Spool) -> str | None:
    """Why nothing can be written; None: it can."""
    path = spool.root / "tmp" / f"probe-{uuid.uuid4().hex}"
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                left = PROBE_OCTETS
                while left:
                    left -= os.write(handle, bytes(left))
                os.fsync(handle)
            finally:
                os.close(handle)
        finally:
            path.unlink(missing_ok=True)
    except OSError as error:
        where = f"at {spool.root}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"The fax server's disk is full: nothing can be written {where}"
        return f"The fax server's disk cannot be written {where}: {error.strerror or error}"
    return None


def _missing() -> str | None:
    """That Ghostscript's library is not there, if so; nothing of it is loaded into this process."""
    if any(True for pattern in LIBRARIES for _ in Path("/").glob(pattern)):
        return None
    # It may lie where only the loader knows.
    done = subprocess.run(LOADS_IT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return None if done.returncode == 0 else "Ghostscript is missing: install the Debian package 'ghostscript'"


def _size(octets: int) -> str:
    return f"{octets >> 20} MiB" if octets >= 1 << 20 else f"{octets >> 10} KiB"
