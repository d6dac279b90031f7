"""The serial port of a modem, by pyserial: open it, read and write without waiting, drop DTR.

What always holds: 115200 8N1, raw, both directions non-blocking; RTS/CTS flow control on a real line, none on a pseudo
terminal, where there are no such wires; flocked, so that no second program of ours or of pyserial's opens it. Every
failure is a ``DeviceError`` whose text names the device and what a person can do. HUPCL stays on: when this process is
killed, the kernel drops DTR and the modem hangs up.

What it must not do: know AT commands, or wait for anything.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

import serial

BAUD = 115200
READ_OCTETS = 4096
PTY_MAJORS = range(136, 144)


class DeviceError(Exception):
    """The device cannot be used."""


class DeviceMissingError(DeviceError):
    """There is no such device (any more)."""


class DeviceBusyError(DeviceError):
    """Another program has it."""


class DeviceDeniedError(DeviceError):
    """We may not open it."""


class DeviceUnusableError(DeviceError):
    """It is not a serial port, or its driver refuses."""


class DeviceGoneError(DeviceError):
    """It was open and has vanished."""


class Device:
    """An open serial port. ``fileno`` is for polling."""

    def __init__(self, path: str) -> None:
        """Raises DeviceError (never OSError)."""
        self.path = path
        self.is_pty = _is_pty(path)
        try:
            # An inter-byte timeout of 0 makes pyserial set VMIN=1: reading without data is then told from a hang-up.
            self._port = serial.Serial(
                path,
                BAUD,
                timeout=0,
                write_timeout=0,
                inter_byte_timeout=0,
                rtscts=not self.is_pty,
                exclusive=True,
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise _open_error(path, error) from error
        self._fd: int = self._port.fileno()
        if not self.is_pty:
            with suppress(OSError, ValueError, NotImplementedError):  # a wish that not every driver knows
                self._port.set_low_latency_mode(True)  # USB adapters: 1 ms instead of 16

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes:
        """What has come in; empty when there is nothing. Raises DeviceGoneError."""
        try:
            octets = os.read(self._fd, READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise self._gone(error) from error
        if not octets:
            raise self._gone(None)
        return octets

    def write(self, octets: bytes) -> int:
        """How many octets the driver took: 0 when its buffer is full. Raises DeviceGoneError."""
        try:
            return os.write(self._fd, octets)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise self._gone(error) from error

    def set_dtr(self, on: bool) -> None:
        """Raise or drop DTR; a pseudo terminal has none. Raises DeviceGoneError."""
        try:
            self._port.dtr = on
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EINVAL):
                raise self._gone(error) from error

    def discard(self) -> None:
        """Forget what waits in the driver, in both directions."""
        try:
            self._port.reset_output_buffer()
            self._port.reset_input_buffer()
        except Exception as error:  # termios.error is no OSError
            raise self._gone(error) from error

    def close(self) -> None:
        with suppress(OSError):  # it may have vanished
            self._port.close()

    def _gone(self, error: Exception | None) -> DeviceGoneError:
        return DeviceGoneError(f"{self.path} has vanished" + (f" ({error})" if error else ""))


def _is_pty(path: str) -> bool:
    try:
        return os.major(Path(path).stat().st_rdev) in PTY_MAJORS
    except OSError:
        return False


def _open_error(path: str, error: OSError | ValueError) -> DeviceError:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return DeviceMissingError(f"there is no device {path}: is the modem plugged in?")
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return DeviceBusyError(f"{path} is in use by another program")
    if number in (errno.EACCES, errno.EPERM):
        return DeviceDeniedError(f"no permission to open {path}: is this user in the group dialout?")
    return DeviceUnusableError(f"{path} cannot be used as a serial port: {error}")
