"""Our own modems behind the contract of service providers: what they send and receive, and what they say of it."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from codec.tiff import read_pages, write_pages
from fax import provider as fs
from fax.provider import FAX_DEV_STATUS, FAX_RECEIVE, FAX_SEND, LINE_DEVSPECIFIC, LINEMESSAGE
from modem.port import client
from modem.port.client import PortClient, PortState
from spooler.provider_modem import ModemProvider
from tests.modem.port.bench import PAGES
from tests.spooler.rig import ROOT, wait_for

DEVICE = 1
EXCHANGE = """
[[numbers]]
number = "5552001"
ident = "+49 555 2001"
[[numbers]]
number = "5552002"
answers = "busy"
"""
CALLER = """
[[incoming]]
to = "100"
send = "sent.tif"
number = "5559000"
ident = "+49 555 9000"
rings = 400
after_s = 4
"""


class Port:
    """A completion port."""

    def __init__(self) -> None:
        self.packets: queue.SimpleQueue[tuple[object, Any]] = queue.SimpleQueue()

    def put(self, packet: tuple[object, object]) -> None:
        self.packets.put(packet)

    def taken(self) -> list[Any]:
        found = []
        while not self.packets.empty():
            found.append(self.packets.get()[1])
        return found


class Service:
    """Asks a provider as the fax service does."""

    def __init__(self, provider: ModemProvider, folder: Path) -> None:
        self.functions: dict[str, Callable[..., Any]] = dict(provider.exports())
        self.folder = folder
        self.port = Port()
        made = self.functions["FaxDevVirtualDeviceCreation"](self.port, "key")
        assert made == (True, 1, "modem", DEVICE)
        ok, self.line = self.functions["FaxDevInitialize"](None, None, None)
        assert ok

    def operation(self, function: str, *arguments: object) -> tuple[bool, FAX_DEV_STATUS, list[FAX_DEV_STATUS]]:
        said = Port()
        ok, handle = self.functions["FaxDevStartJob"](None, DEVICE, said, "call")
        assert ok
        done = self.functions[function](handle, *arguments)
        _, status = self.functions["FaxDevReportStatus"](handle)
        assert self.functions["FaxDevEndJob"](handle)
        return bool(done), status, said.taken()

    def send(self, number: str) -> tuple[bool, FAX_DEV_STATUS, list[FAX_DEV_STATUS]]:
        self.idle()
        wanted = FAX_SEND(FileName=str(self.folder / "sent.tif"), CallerNumber="+49 555 1", ReceiverNumber=number)
        return self.operation("FaxDevSend", wanted, lambda *said: True)

    def idle(self) -> None:
        port = PortClient(self.folder / "modems" / "modem0", 120.0)

        def is_idle() -> bool:
            status = port.status() if client.is_locked(port.folder) else None
            return status is not None and status.state is PortState.IDLE

        wait_for(is_idle, "the modem being ready")


@contextmanager
def modems(folder: Path, exchange: str) -> Iterator[Service]:
    """A provider with one software modem, and what is behind it."""
    write_pages(folder / "sent.tif", PAGES)
    (folder / "exchange.toml").write_text(exchange)
    link = folder / "ttySOFT"
    command = [sys.executable, "-m", "modem.soft", "--link", f"{link}=100", "--config", "exchange.toml"]
    server = subprocess.Popen(
        [*command, "--out", "far", "--json", "--speed", "4"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    provider = ModemProvider([str(link)], folder / "modems")
    try:
        wait_for(link.exists, "the software modem")
        yield Service(provider, folder)
    finally:
        provider.FaxDevShutdown()
        server.terminate()
        server.wait()
        wait_for(lambda: not client.is_locked(folder / "modems" / "modem0"), "the end of the port process")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with modems(tmp_path_factory.mktemp("modems"), EXCHANGE) as made:
        yield made


@pytest.mark.realtime
def test_a_busy_number_is_said_to_be_busy(service: Service) -> None:
    done, status, _ = service.send("5552002")
    assert (done, status.StatusId, status.PageCount) == (False, fs.FS_BUSY, 0)


@pytest.mark.realtime
def test_a_fax_is_sent_and_its_pages_are_told_as_they_go(service: Service) -> None:
    done, status, said = service.send("5552001")
    assert (done, status.StatusId) == (True, fs.FS_COMPLETED)
    assert status.CSI == "+49 555 2001"
    codes = list(dict.fromkeys(each.StatusId for each in said))
    assert codes == [fs.FS_DIALING, fs.FS_TRANSMITTING, fs.FS_COMPLETED]
    assert max(each.PageCount for each in said) == len(PAGES)


@pytest.mark.realtime
def test_a_call_that_rings_is_received(tmp_path: Path) -> None:
    with modems(tmp_path, CALLER) as service:
        service.line(None, DEVICE, LINE_DEVSPECIFIC, 0, 1, 1, 0)
        rung: list[object] = []

        def rings() -> bool:
            rung.extend(service.port.taken())
            return bool(rung)

        wait_for(rings, "a ring")
        assert rung[0] == LINEMESSAGE(hDevice=DEVICE)
        service.idle()
        target = tmp_path / "received.tif"
        target.touch()
        done, status, said = service.operation("FaxDevReceive", DEVICE, FAX_RECEIVE(FileName=str(target)))
    assert (done, status.StatusId, status.CSI) == (True, fs.FS_COMPLETED, "+49 555 9000")
    assert [page.rows for page in read_pages(target)] == [page.rows for page in PAGES]
    assert {fs.FS_ANSWERED, fs.FS_RECEIVING, fs.FS_COMPLETED} <= {each.StatusId for each in said}
