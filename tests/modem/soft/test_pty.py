"""The software modem on ptys, in real time but short: the exchange is quick and no page is sent."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modem.soft.event import Event
from modem.soft.farend import Answers, ExchangeData, FarEnd
from modem.soft.pty import Host
from modem.soft.server import Asked, Server

ROOT = Path(__file__).resolve().parents[3]
DATA = ExchangeData(
    numbers=(FarEnd(number="1", ident="far"), FarEnd(number="2", answers=Answers.BUSY)), set_up_s=0.02, ring_s=0.02
)
PATIENCE_S = 120.0


class Device:
    """A serial device, opened as a program would."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.heard = b""

    def ask(self, octets: bytes, ending: bytes) -> bytes:
        os.write(self.fd, octets)
        return self.read_until(ending)

    def read_until(self, ending: bytes) -> bytes:
        give_up = time.monotonic() + PATIENCE_S
        while ending not in self.heard:
            assert time.monotonic() < give_up, f"no {ending!r} in {self.heard!r}"
            if select.select([self.fd], [], [], 0.1)[0]:
                self.heard += os.read(self.fd, 4096)
        place = self.heard.index(ending) + len(ending)
        taken, self.heard = self.heard[:place], self.heard[place:]
        return taken

    def close(self) -> None:
        os.close(self.fd)


@contextlib.contextmanager
def serving(folder: Path, events: list[Event], *names: str, speed: float = 5.0) -> Iterator[Server]:
    asked = [Asked(number=str(100 + place), link=folder / name) for place, name in enumerate(names)]
    server = Server(asked, DATA, out=folder / "out", on_event=events.append, speed=speed)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.close()


def until(what: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def unread(fd: int) -> int:
    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)


def wait_for(events: list[Event], kind: str, count: int = 1) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while [event.kind for event in events].count(kind) < count:
        assert time.monotonic() < give_up, f"no {kind} in {[event.kind for event in events]}"
        time.sleep(0.005)


@pytest.mark.realtime
def test_hosts_come_and_go_and_the_modem_stays(tmp_path: Path) -> None:
    events: list[Event] = []
    with serving(tmp_path, events, "ttyFAX0"):
        link = tmp_path / "ttyFAX0"
        for turn in range(1, 4):
            device = Device(link)
            assert device.ask(b"AT\r", b"OK\r\n") == b"AT\r\r\nOK\r\n"  # echo is on again
            device.ask(b"ATE0+FCLASS=1\r", b"OK\r\n")
            assert device.ask(b"ATDT2\r", b"BUSY\r\n") == b"\r\nBUSY\r\n"
            device.ask(b"ATDT1\r", b"CONNECT\r\n")
            device.close()  # in the middle of the far end's frame
            wait_for(events, "record", turn)
        assert [event.record.completion for event in events if event.record] == [None, None, None]
        assert sorted(path.name for path in (tmp_path / "out" / "1").glob("*.json")) == [
            "0001.json",
            "0002.json",
            "0003.json",
        ]
    assert not link.is_symlink()


def test_octets_of_a_host_that_left_do_not_reach_the_next(tmp_path: Path) -> None:
    events: list[Event] = []
    with serving(tmp_path, events, "ttyFAX0") as server:
        (port,) = server._ports
        first = Device(tmp_path / "ttyFAX0")
        first.ask(b"ATE0\r", b"OK\r\n")
        os.write(first.fd, b"ATI\rATS0?\rAT+F")
        until(lambda: unread(first.fd) > len(b"\r\nOK\r\n" * 2))  # its answers lie unread in the pty
        first.close()
        until(lambda: port.pty.host is Host.GONE)
        second = Device(tmp_path / "ttyFAX0")
        assert second.ask(b"AT\r", b"OK\r\n") == b"AT\r\r\nOK\r\n"
        second.close()


def test_two_ptys_are_two_modems_of_one_exchange(tmp_path: Path) -> None:
    events: list[Event] = []
    with serving(tmp_path, events, "a", "b"):
        caller, called = Device(tmp_path / "a"), Device(tmp_path / "b")
        for device in (caller, called):
            device.ask(b"ATE0+FCLASS=1\r", b"OK\r\n")
        os.write(caller.fd, b"ATDT101\r")
        called.read_until(b"RING\r\n")
        called.ask(b"ATA\r", b"CONNECT\r\n")
        called.ask(b"\xff\x13\x80\x00\xee\xf8\x00\x10\x03", b"OK\r\n")
        caller.read_until(b"CONNECT\r\n")
        assert caller.read_until(b"\x10\x03").startswith(b"\xff\x13\x80\x00\xee\xf8\x00")
        caller.close()
        called.close()
        wait_for(events, "on-hook", 2)


def test_a_host_that_writes_much_is_held_back_by_the_pty(tmp_path: Path) -> None:
    events: list[Event] = []
    with serving(tmp_path, events, "ttyFAX0"):
        device = Device(tmp_path / "ttyFAX0")
        device.ask(b"ATE0+FCLASS=1\r", b"OK\r\n")
        device.ask(b"ATDT1\r", b"CONNECT\r\n")
        device.read_until(b"OK\r\n")
        device.ask(b"AT+FTM=24\r", b"CONNECT\r\n")  # 300 octets a second
        written = 0
        with contextlib.suppress(BlockingIOError):
            while written < 200_000:
                written += os.write(device.fd, bytes(1000))
        assert written < 60_000
        device.close()


def test_a_path_that_is_no_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "ttyFAX0").write_text("precious")
    with pytest.raises(FileExistsError):
        Server([Asked(number="1", link=tmp_path / "ttyFAX0")], DATA, out=tmp_path)
    assert (tmp_path / "ttyFAX0").read_text() == "precious"


def test_the_program_says_when_it_is_ready_and_ends_cleanly(tmp_path: Path) -> None:
    config = tmp_path / "exchange.toml"
    config.write_text('[[numbers]]\nnumber = "1"\nanswers = "busy"\n')
    link = tmp_path / "dev" / "ttyFAX0"
    link.parent.mkdir()
    link.symlink_to("/dev/pts/999999")  # what a killed predecessor leaves
    arguments = ["--link", f"{link}=5550", "--config", str(config), "--out", str(tmp_path / "out"), "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "modem.soft", *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["kind"] == "ready"
            assert ready["modems"][0]["number"] == "5550"
            assert str(link.readlink()) == ready["modems"][0]["device"]
            device = Device(link)
            device.ask(b"ATE0+FCLASS=1\rATDT1\r", b"BUSY\r\n")
            kinds = [json.loads(process.stdout.readline())["kind"] for _ in range(3)]
            assert kinds == ["dialled", "busy", "on-hook"]
            device.close()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert not link.is_symlink()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[numbers]]\nnumber = "1"\nbuzy_calls = 2\n', "buzy_calls is not known"),
        ('[[numbers]]\nnumber = "1"\nscript = ["sing DIS"]\n', "sing DIS"),
        ('[[numbers]]\nnumber = "1"\n[numbers.fax]\ncodings = ["JBIG"]\n', "JBIG"),
        ("[[numbers]\n", "exchange.toml"),
    ],
)
def test_a_wrong_exchange_file_is_explained(tmp_path: Path, text: str, complaint: str) -> None:
    config = tmp_path / "exchange.toml"
    config.write_text(text)
    arguments = ["--link", str(tmp_path / "tty"), "--config", str(config)]
    done = subprocess.run([sys.executable, "-m", "modem.soft", *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
