"""What a modem says: result codes and lines, and data between CONNECT and <DLE><ETX> (T.31 7, TIA-578).

What always holds: octets may come in any pieces; nothing that comes in can raise; memory is bounded. In text mode a
line ends with CR or LF, echo and blank lines are harmless. In frame mode everything before the first address octet FF
is skipped, unless it is a result code: some modems say CONNECT on any carrier and then NO CARRIER without data.
In data mode every octet counts, as far as <DLE><ETX>; a NO CARRIER that comes without one ends the data too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

DLE, ETX, SUB = 0x10, 0x03, 0x1A
CR, LF = 0x0D, 0x0A
_LINE_MAX = 1024
_FRAME_MAX = 600  # a T.30 frame has at most 130 octets or so
END_OF_DATA = bytes((DLE, ETX))
_LOST = b"\r\nNO CARRIER\r\n"


class Result(Enum):
    """Result codes that end a command; the value is the text with V1."""

    OK = "OK"
    CONNECT = "CONNECT"
    RING = "RING"
    NO_CARRIER = "NO CARRIER"
    ERROR = "ERROR"
    NO_DIALTONE = "NO DIALTONE"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    FCERROR = "+FCERROR"
    FRH3 = "+FRH:3"
    DELAYED = "DELAYED"
    BLACKLISTED = "BLACKLISTED"


_OTHER_SPELLINGS = {
    "NO DIAL TONE": Result.NO_DIALTONE,
    "NODIALTONE": Result.NO_DIALTONE,
    "NOCARRIER": Result.NO_CARRIER,
    "NOANSWER": Result.NO_ANSWER,
    "+F4": Result.FCERROR,
    "+FRH: 3": Result.FRH3,
    "DIALING DISABLED": Result.BLACKLISTED,
    "BLACK LISTED": Result.BLACKLISTED,
}


def result_of(text: str) -> Result | None:
    """The result code that a line is, or None. ``CONNECT 14400`` is CONNECT."""
    words = " ".join(text.upper().split())
    for result in Result:
        if words == result.value:
            return result
    if words.startswith("CONNECT "):
        return Result.CONNECT
    return _OTHER_SPELLINGS.get(words)


@dataclass(frozen=True)
class Line:
    """One line of text without its end."""

    text: str
    result: Result | None


@dataclass(frozen=True)
class Block:
    """Data up to <DLE><ETX>, with the doubling of DLE undone."""

    octets: bytes


@dataclass(frozen=True)
class Piece:
    """Some of the data that are coming in, with the doubling of DLE undone. An empty ``Block`` follows the last one."""

    octets: bytes


Token = Line | Block | Piece


def escape(octets: bytes) -> bytes:
    """Data for the modem: each DLE doubled."""
    return octets.replace(b"\x10", b"\x10\x10")


class Reader:
    """Cuts the modem's octets into tokens. The driver says when data follow: ``expect_frame``."""

    def __init__(self) -> None:
        self._input = bytearray()
        self._frame_mode = False
        self._data_mode = False
        self._data_ended = False  # the last piece has been given
        self._tail = b""  # data mode: the last octets
        self._prefix = bytearray()  # frame mode, before FF
        self._data: bytearray | None = None  # frame mode, from FF on
        self._dle = False
        self._after_cr = False

    def feed(self, octets: bytes) -> None:
        self._input += octets

    def expect_frame(self) -> None:
        """The next octet belongs to a frame."""
        self._frame_mode = True
        self._data_mode = False
        self._prefix.clear()
        self._data = None
        self._dle = False

    def expect_data(self) -> None:
        """The next octet belongs to an image."""
        self._data_mode = True
        self._frame_mode = self._data_ended = False
        self._tail = b""

    def expect_text(self) -> None:
        """Back to lines, whatever was begun."""
        self._frame_mode = self._data_mode = False

    def next(self) -> Token | None:
        """The next token, or None until more octets come."""
        if self._data_mode:
            return self._next_piece()
        return self._next_block() if self._frame_mode else self._next_line()

    def _next_line(self) -> Line | None:
        while self._input:
            if self._after_cr and self._input[0] == LF:
                del self._input[0]
                self._after_cr = False
                continue
            self._after_cr = False
            end = next((at for at, octet in enumerate(self._input) if octet in (CR, LF)), None)
            if end is None:
                if len(self._input) > _LINE_MAX:
                    del self._input[:-_LINE_MAX]
                return None
            raw = bytes(self._input[:end])
            self._after_cr = self._input[end] == CR
            del self._input[: end + 1]
            text = _text(raw)
            if text:
                return Line(text, result_of(text))
        return None

    def _next_piece(self) -> Token | None:
        waiting, found = self._input, bytearray()
        if self._after_cr and waiting:
            self._after_cr = False
            if waiting[0] == LF:
                del waiting[0]  # of the CONNECT
        at = 0
        while not self._data_ended:
            dle = waiting.find(DLE, at)
            if dle < 0 or dle + 1 >= len(waiting):
                end = len(waiting) if dle < 0 else dle
                found += waiting[at:end]
                at = end
                break
            found += waiting[at:dle]
            at = dle + 2
            second = waiting[dle + 1]
            if second == ETX:
                self._data_ended = True
            elif second == DLE:
                found.append(DLE)
            elif second == SUB:
                found += b"\x10\x10"
        del waiting[:at]
        if found:
            self._tail = (self._tail + found[-len(_LOST) :])[-len(_LOST) :]
            self._data_ended = self._data_ended or self._tail == _LOST
            return Piece(bytes(found))
        if self._data_ended:
            self._data_mode = self._data_ended = False
            return Line(_LOST.decode("ascii").strip(), Result.NO_CARRIER) if self._tail == _LOST else Block(b"")
        return None

    def _next_block(self) -> Token | None:
        for at, octet in enumerate(self._input):
            token = self._before_frame(octet) if self._data is None else self._in_frame(octet)
            if token is not None:
                del self._input[: at + 1]
                self._after_cr = isinstance(token, Line) and octet == CR
                self._frame_mode = False
                return token
        self._input.clear()
        return None

    def _before_frame(self, octet: int) -> Token | None:
        if self._dle:
            self._dle = False
            return Block(b"") if octet == ETX else None
        if octet == DLE:
            self._dle = True
        elif octet == 0xFF:
            self._data = bytearray((octet,))
        elif octet in (CR, LF):
            text = _text(bytes(self._prefix))
            self._prefix.clear()
            result = result_of(text)
            if result is not None:
                return Line(text, result)
        elif len(self._prefix) < _LINE_MAX:
            self._prefix.append(octet)
        return None

    def _in_frame(self, octet: int) -> Block | None:
        assert self._data is not None
        room = len(self._data) < _FRAME_MAX
        if self._dle:
            self._dle = False
            if octet == ETX:
                return Block(bytes(self._data))
            if room and octet == DLE:
                self._data.append(DLE)
            elif room and octet == SUB:
                self._data += b"\x10\x10"
        elif octet == DLE:
            self._dle = True
        elif room:
            self._data.append(octet)
        return None


def _text(raw: bytes) -> str:
    return "".join(chr(octet) for octet in raw if 0x20 <= octet < 0x7F).strip()
