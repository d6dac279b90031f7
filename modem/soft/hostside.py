"""What stands between a host and a T.31 modem state: the pending input, and what the host has set.

What always holds (libspandsp 0.0.6 needs it): input is given to the modem in pieces that end at a carriage return or
at DLE ETX; never more than ``PIECE`` octets at once, nothing while clear-to-send is off; DLE SUB is given as two
doubled DLE; what follows DLE ETX waits for the result code; +FTS after an aborted receive, which that library would
never answer, is timed here. What it must not do: touch calls or audio.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from modem.soft.spandsp import BLOCK, SAMPLE_RATE

PIECE: Final = 512
PER_BLOCK: Final = 1024  # octets per 20 ms: a serial line that is never the bottleneck, yet not endless

_DLE, _ETX, _SUB, _CAN, _LF = 0x10, 0x03, 0x1A, 0x18, 0x0A
_FINAL = {b"OK", b"ERROR", b"NO CARRIER", b"BUSY", b"NO ANSWER", b"NO DIALTONE", b"+FCERROR"}
_NUMERIC = {b"0\r": b"OK", b"1\r": b"CONNECT", b"3\r": b"NO CARRIER", b"4\r": b"ERROR", b"F4\r": b"+FCERROR"}
_NUMERIC |= {b"6\r": b"NO DIALTONE", b"7\r": b"BUSY", b"8\r": b"NO ANSWER", b"+F4\r": b"+FCERROR"}
_TOKEN = re.compile(r"\s*(?:(D).*|(\+[A-Z0-9]+|#[A-Z]+(?==))([^;]*);?|(S\d+)(=\d*|\?)?|([&%\\*#]?[A-Z])(\d*))")


class Mode(Enum):
    COMMAND = auto()
    DIALLING = auto()  # from ATD until the far end's signal: any octet gives the call up
    RECEIVING = auto()  # +FRM, +FRH, +FRS: any octet ends it
    SENDING = auto()  # data to DLE ETX
    DRAINING = auto()  # DLE ETX is given, the result is not there
    PAUSING = auto()  # +FTS that is timed here


def tokens(line: str) -> list[tuple[str, str]]:
    """The commands of a line ``AT...`` as (name, value); dialling and what follows is ("D", "")."""
    found: list[tuple[str, str]] = []
    text = line.strip().upper()
    if not text.startswith("AT"):
        return found
    place = 2
    while place < len(text) and (match := _TOKEN.match(text, place)) and match.end() > place:
        place = match.end()
        dial, extended, extended_value, register, register_value, basic, basic_value = match.groups()
        if dial:
            found.append(("D", ""))
        elif extended:
            found.append((extended, extended_value))
        elif register:
            found.append((register, register_value or ""))
        elif basic:
            found.append((basic, basic_value))
    return found


class HostSide:
    """The host's octets on their way to the modem. ``give`` is the modem's input, ``say`` its output to the host."""

    def __init__(
        self, give: Callable[[bytes], None], say: Callable[[bytes], None], abandon_dialling: Callable[[], None]
    ) -> None:
        self._give = give
        self._say = say
        self._abandon = abandon_dialling
        self._pending = bytearray()
        self._room = PER_BLOCK
        self._line = bytearray()  # of the command that is being given
        self._action = ""
        self._after_crlf = False
        self._line_ended = False
        self._feeding = False
        self._aborted = False  # a receive was: the library's silence generator is considered running
        self._pause_left = 0  # samples
        self.mode = Mode.COMMAND
        self.clear_to_send = True
        self.owes_result = False  # a command that takes time has had none yet
        self.settings: dict[str, str] = {}

    @property
    def backlog(self) -> int:
        """Octets of the host that the modem has not taken yet."""
        return len(self._pending)

    @property
    def hungry(self) -> bool:
        """Whether image data is expected, and the host has given no more than was taken."""
        sending = self.mode is Mode.SENDING and self._action == "+FTM"
        return sending and self.clear_to_send and not self._pending

    @property
    def is_due(self) -> bool:
        """Whether in a call it is the host's turn: for a command, or for data."""
        if self._pending or not self.clear_to_send:
            return False
        return self.mode is Mode.SENDING or (self.mode is Mode.COMMAND and not self.owes_result)

    def write(self, octets: bytes) -> None:
        self._pending += octets
        self.feed()

    def passed(self, samples: int) -> None:
        """So much line time has passed."""
        self._room = min(PER_BLOCK, self._room + max(1, PER_BLOCK * samples // BLOCK))
        if self.mode is Mode.PAUSING:
            self._pause_left -= samples
            if self._pause_left <= 0:
                self.mode = Mode.COMMAND
                self.say_result("OK", "0")
        self.feed()

    def forget(self, *, settings: bool) -> None:
        """The call is over, or the host is gone: nothing that waits belongs to what comes next."""
        self.mode, self.clear_to_send, self._aborted = Mode.COMMAND, True, False
        self.owes_result = False
        self._line.clear()
        self._pending.clear()
        if settings:
            self.settings.clear()

    def feed(self) -> None:
        """Give what may be given now."""
        if self._feeding:
            return
        self._feeding = True
        try:
            while self._pending and self._room > 0 and self.clear_to_send:
                piece = self._next_piece()
                if not piece:
                    break
                self._room -= len(piece)
                self._give(piece)
        finally:
            self._feeding = False

    def heard(self, piece: bytes) -> None:
        """What the modem says to the host, in the pieces in which it says it: results change the mode."""
        result = piece if self._after_crlf else _NUMERIC.get(piece, b"")
        self._after_crlf = piece == b"\r\n"
        if result.startswith(b"CONNECT"):
            if self.mode is Mode.DIALLING or self._action in ("+FRM", "+FRH", "D"):
                self.mode = Mode.RECEIVING
            elif self._action in ("+FTM", "+FTH", "A"):
                self.mode = Mode.SENDING
        elif result in _FINAL and self.mode is not Mode.SENDING:
            self.mode, self.owes_result = Mode.COMMAND, False

    def say_result(self, verbose: str, numeric: str) -> None:
        """A result that the modem state itself would not give."""
        self.owes_result = False
        self._say(f"{numeric}\r".encode() if self.settings.get("V") == "0" else f"\r\n{verbose}\r\n".encode())

    def _next_piece(self) -> bytes:
        if self.mode in (Mode.DIALLING, Mode.RECEIVING) and self._line_ended and self._pending[0] == _LF:
            del self._pending[0]  # some hosts end a command with CR LF; that must not abort it
        self._line_ended = False
        if not self._pending:
            return b""
        if self.mode is Mode.DIALLING:
            self._pending.clear()
            self._abandon()
            return b""
        if self.mode in (Mode.DRAINING, Mode.PAUSING):
            return b""
        if self.mode is Mode.SENDING:
            return self._data_piece()
        if self.mode is Mode.RECEIVING:
            self._aborted = True
            if self._pending[0] == _CAN:
                return self._take(1)
        end = self._pending.find(b"\r")
        piece = self._take(end + 1 if end >= 0 else len(self._pending))
        if self.mode is Mode.RECEIVING:
            return piece
        self._line += piece
        if not piece.endswith(b"\r"):
            return piece
        line, self._line = self._line.decode("ascii", "replace"), bytearray()
        self._line_ended = True
        if self._command(line) is Mode.PAUSING:
            if self.settings.get("E") != "0":
                self._say(piece)
            return b""
        return piece

    def _take(self, count: int) -> bytes:
        piece = bytes(self._pending[: min(count, PIECE)])
        del self._pending[: len(piece)]
        return piece

    def _data_piece(self) -> bytes:
        """Up to DLE ETX; a DLE is never parted from its second octet."""
        made = bytearray()
        limit = min(PIECE, self._room, len(self._pending))
        place = 0
        while place < limit:
            found = self._pending.find(_DLE, place, limit)
            if found < 0:
                made += self._pending[place:limit]
                place = limit
                break
            made += self._pending[place:found]
            place = found
            if found + 1 >= len(self._pending):
                break
            second = self._pending[found + 1]
            place = found + 2
            if second == _SUB:
                made += bytes((_DLE, _DLE, _DLE, _DLE))
            else:
                made += bytes((_DLE, second))
            if second == _ETX:
                self.mode = Mode.DRAINING
                break
        del self._pending[:place]
        return bytes(made)

    def _command(self, line: str) -> Mode:
        """Note what the line will do before it is given: its results may come at once."""
        for name, value in tokens(line):
            if name == "D":
                self._action, self.mode = "D", Mode.DIALLING
            elif name == "A":
                self._action = "A"
            elif name in ("Z", "&F"):
                self.settings.clear()
            elif name in ("+FTM", "+FTH", "+FRM", "+FRH", "+FTS", "+FRS"):
                if value.startswith("=") and value != "=?":
                    self._action, self.owes_result = name, True
                    if name in ("+FRM", "+FRH", "+FRS"):
                        self.mode = Mode.RECEIVING
                    if name == "+FTS" and self._aborted and value[1:].isdigit():
                        self._pause_left = int(value[1:]) * SAMPLE_RATE // 100
                        self.mode = Mode.PAUSING
                    elif name != "+FTS":
                        self._aborted = False
            elif "?" not in value and name not in ("H", "O", "I"):
                self.settings[name] = value
        return self.mode

    def setting(self, name: str, otherwise: int) -> int:
        """The number last set for ``name``, such as S7."""
        digits = self.settings.get(name, "").lstrip("=")
        return int(digits) if digits.isdigit() else otherwise

    def replay(self) -> list[bytes]:
        """Command lines that bring a fresh modem to what the host has set."""
        return [f"AT{name}{value}\r".encode() for name, value in self.settings.items()]
