"""A pseudo terminal as a serial port of a modem, at a stable path.

What always holds: the host sees raw octets; what a host left unread is gone before the next one opens the device; the
link is there as long as the port is, and is removed with it when it still is ours. Closing the device is the only
DTR a pty has: a host that wants to hang up by DTR closes it, and keeps it closed for a tenth of a second.
What it must not do: know what the octets mean.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import termios
import tty
from enum import Enum
from pathlib import Path
from typing import Final

_READ: Final = 4096


class Host(Enum):
    """Whether somebody has the device open."""

    THERE = "there"
    GONE = "gone"


class Pty:
    """A pty with ``link`` pointing at its slave. Raises FileExistsError when the path is taken by something else."""

    def __init__(self, link: Path) -> None:
        if link.exists() and not link.is_symlink():
            raise FileExistsError(errno.EEXIST, "this is not a symbolic link, so it is not replaced", str(link))
        self.link = link
        self.host = Host.GONE
        self.fd, slave = os.openpty()
        self.device = Path(os.ttyname(slave))
        self._output = bytearray()
        os.set_blocking(self.fd, False)
        tty.setraw(slave)
        os.close(slave)
        link.parent.mkdir(parents=True, exist_ok=True)
        new = link.with_name(f".{link.name}.{os.getpid()}")
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        new.symlink_to(self.device)
        new.rename(link)

    @property
    def waiting(self) -> bool:
        """Whether octets wait for the host to read."""
        return bool(self._output)

    def look(self) -> Host:
        """Whether the device is open now."""
        poller = select.poll()
        poller.register(self.fd, 0)
        return Host.GONE if any(found & select.POLLHUP for _, found in poller.poll(0)) else Host.THERE

    def read(self) -> bytes | None:
        """What the host wrote, b"" when there is nothing; None: it has closed the device."""
        try:
            return os.read(self.fd, _READ) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:
                return None
            raise

    def write(self, octets: bytes) -> None:
        """To the host, as it reads; octets for nobody are dropped."""
        if self.host is Host.GONE:
            return
        self._output += octets
        self.flush()

    def flush(self) -> None:
        """Give the host what it has room for."""
        while self._output:
            try:
                written = os.write(self.fd, self._output)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                written = len(self._output)
            del self._output[:written]

    def host_left(self) -> None:
        """Throw away what was meant for it, and make the line raw again for the next."""
        self.host = Host.GONE
        self._output.clear()
        with contextlib.suppress(OSError):
            slave = os.open(self.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                termios.tcflush(slave, termios.TCIOFLUSH)
                tty.setraw(slave)
            finally:
                os.close(slave)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if self.link.readlink() == self.device:
                self.link.unlink()
        os.close(self.fd)
