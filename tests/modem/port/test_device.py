"""The serial port, on pseudo terminals."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modem.device import (
    Device,
    DeviceBusyError,
    DeviceGoneError,
    DeviceMissingError,
    DeviceUnusableError,
)


@dataclass
class Pty:
    master: int
    name: str

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1


@pytest.fixture
def pty() -> Iterator[Pty]:
    master, slave = os.openpty()
    pair = Pty(master, os.ttyname(slave))
    os.close(slave)
    yield pair
    if pair.master >= 0:
        os.close(pair.master)


@pytest.fixture
def device(pty: Pty) -> Iterator[Device]:
    port = Device(pty.name)
    yield port
    port.close()


def test_every_octet_comes_through_unchanged_in_both_directions(pty: Pty, device: Device) -> None:
    octets = bytes(range(256))
    os.write(pty.master, octets)
    assert select.select([device], [], [], 10)[0]
    assert device.read() == octets
    assert device.write(octets) == 256
    received = b""
    while len(received) < 256:
        received += os.read(pty.master, 300)
    assert received == octets


def test_reading_without_data_is_not_a_hang_up(device: Device) -> None:
    assert device.read() == b""


def test_writing_never_waits(device: Device) -> None:
    total = 0
    while taken := device.write(b"x" * 4096):
        total += taken
        assert total < 10_000_000
    assert total > 0


def test_a_hang_up_of_the_other_side_is_told(pty: Pty, device: Device) -> None:
    pty.hang_up()
    assert select.select([device], [], [], 10)[0]
    with pytest.raises(DeviceGoneError):
        device.read()
    with pytest.raises(DeviceGoneError):
        device.write(b"AT\r")


def test_dtr_of_a_pseudo_terminal_does_nothing(device: Device) -> None:
    device.set_dtr(False)
    device.set_dtr(True)


def test_a_device_is_opened_once_only(device: Device) -> None:
    with pytest.raises(DeviceBusyError, match="in use"):
        Device(device.path)
    device.close()
    Device(device.path).close()


def test_a_device_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceMissingError, match="ttyNone"):
        Device(str(tmp_path / "ttyNone"))


@pytest.mark.parametrize("path", ["/dev/null", "/", "."])
def test_what_is_no_serial_port_is_refused(path: str) -> None:
    with pytest.raises(DeviceUnusableError, match="serial port"):
        Device(path)


def test_a_refused_device_leaves_nothing_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(DeviceUnusableError):
        Device("/dev/null")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
