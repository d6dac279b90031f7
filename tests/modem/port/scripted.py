"""A modem on a pty that answers words of Class 1 by a script: for what needs no fax at the far end.

It is turned by hand (``pump``), or by a thread of its own (``running``). A command without an answer in the script is
answered with OK; an answer of None is silence.
"""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ANSWERS: Mapping[str, str | None] = {
    "AT+FCLASS=?": "0,1\r\n\r\nOK",
    "AT+FMI?": "Scripted\r\n\r\nOK",
    "AT+FTM=?": "24,48,72,73,74,96,97,98,121,122,145,146\r\n\r\nOK",
    "AT+FRM=?": "24,48,72,73,74,96,97,98,121,122,145,146\r\n\r\nOK",
}


class ScriptedModem:
    """``link`` is where its device is found, as long as it is plugged in."""

    def __init__(self, link: Path, dial: str | None = "BUSY") -> None:
        self.link = link
        self.answers: dict[str, str | None] = dict(ANSWERS)
        self.dial = dial  # the answer to ATD...
        self.silent = False  # stuck: answers nothing
        self.wakes_by = b""  # the octets that end its being stuck
        self.heard: list[str] = []
        self.octets_in = 0
        self.octets_out = 0
        self._master = -1
        self._slave = -1
        self._input = b""
        self.plug()

    def plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.octets_in = self.octets_out = 0
        self._input = b""
        self.link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        if self._master >= 0:
            self.link.unlink()
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    @property
    def dialled(self) -> int:
        """How often it was made to dial."""
        return sum(command.startswith("ATD") for command in self.heard)

    def pump(self) -> bool:
        """Take what has come in and answer it; whether there was anything."""
        if self._master < 0:
            return False
        try:
            octets = os.read(self._master, 4096)
        except BlockingIOError:
            return False
        self.octets_in += len(octets)
        if self.wakes_by and self.wakes_by in octets:
            self.silent = False
        *commands, self._input = (self._input + octets).split(b"\r")
        for command in commands:
            self._take(command.decode("latin-1"))
        return bool(octets)

    def say(self, text: str) -> None:
        """A result code, asked for or not."""
        octets = f"\r\n{text}\r\n".encode()
        self.octets_out += os.write(self._master, octets)

    def _take(self, command: str) -> None:
        command = command.lstrip("\x18\x10\x03")
        self.heard.append(command)
        answer = self.dial if command.startswith("ATD") else self.answers.get(command, "OK")
        if answer is not None and not self.silent:
            self.say(answer)

    @contextmanager
    def running(self) -> Iterator[ScriptedModem]:
        """Answers by itself while the block runs."""
        read_end, write_end = os.pipe()

        def run() -> None:
            while read_end not in select.select([self._master, read_end], [], [])[0]:
                self.pump()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield self
        finally:
            os.write(write_end, b"x")
            thread.join()
            os.close(read_end)
            os.close(write_end)
