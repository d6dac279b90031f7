"""The line's side of a Class 1 modem without sound: V.21 frames and fast data, out and in, at their true times.

What always holds: results come when a modem has them; it hears nothing while it sends; where the host is late in an
image there are zeros in it, and five seconds without data end a carrier (T.31 8.3.3). It must not know commands: those
are in ``framemodem``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from modem.soft.framelevel import (
    BPS,
    FLAG_S,
    PREAMBLE_S,
    TRAILING_FLAGS,
    FrameLine,
    Kind,
    Signal,
    frame_s,
    training_s,
    turn_off_s,
)
from modem.soft.timeline import Ticket, Timeline
from modem.t30.frames import fcs

_DLE, _ETX, _SUB = 0x10, 0x03, 0x1A
_ESCAPED = re.compile(rb"\x10(.)", re.DOTALL)
_NO_DATA_S: Final = 5.0
_FLAGS_HEARD_S: Final = 0.04  # of flags, before CONNECT
_FLOW_S: Final = 0.2  # how often fast data are passed on while a host is silent
_LATE_S: Final = {True: 0.06, False: 0.25}  # how late +FRM may come after a short and a long training has begun
CED_S, AFTER_CED_S = 2.6, 0.075


class Mode(Enum):
    COMMAND = auto()
    DIALLING = auto()
    ANSWERING = auto()
    PAUSING = auto()  # +FTS
    QUIET = auto()  # +FRS
    HEAR_FLAGS = auto()  # +FRH until CONNECT
    HEAR_FRAME = auto()  # after it
    HEAR_FAST = auto()  # +FRM until CONNECT
    HEAR_TAIL = auto()  # a final frame was given, its carrier is still there
    FAST_DATA = auto()
    GIVE_FRAMES = auto()  # +FTH: data of the host
    GIVE_FAST = auto()  # +FTM
    DRAINING = auto()


DEAF = frozenset((Mode.PAUSING, Mode.DRAINING, Mode.ANSWERING))
_TAIL_S: Final = 0.2  # the longest wait for a carrier's end behind a final frame


class LineSide:
    """What ``FrameModem`` is built on."""

    def __init__(self, timeline: Timeline) -> None:
        self.starved = 0  # octets of zeros that were put into an image because the host was late
        self.tells_untrained = True  # NO CARRIER behind a fast carrier whose training failed; some modems say nothing
        self.missed_images = 0  # fast carriers of which the host has heard nothing at all
        self.most_waiting = 0  # octets of fast data that waited here
        self._timeline = timeline
        self._output = bytearray()
        self._pending = bytearray()
        self._mode = Mode.COMMAND
        self._adaptive = False
        self._line: FrameLine | None = None
        self._side = 0
        self._ticket: Ticket | None = None
        self._heard: set[Signal] = set()  # V.21 signals at our ear; more than one spoil each other
        self._fast_heard: Signal | None = None
        self._fast_told = False  # the host knows of it
        self._frames: list[bytes] = []  # heard and not yet asked for
        self._verdict = ""
        self._sent: Signal | None = None
        self._sent_until = 0.0
        self._line_at = 0.0  # so far what we send is settled
        self._block = bytearray()
        self._waiting = bytearray()
        self._begun = False
        self._code = 0

    def write(self, octets: bytes) -> None:
        """From the host."""
        raise NotImplementedError

    def _say(self, text: str) -> None:
        self._output += f"\r\n{text}\r\n".encode("ascii")

    def _result(self, text: str, mode: Mode = Mode.COMMAND) -> None:
        """A result code, and what the modem does from now on."""
        self._say(text)
        was, self._mode = self._mode, mode
        if was in DEAF:
            self.write(b"")

    def _plan(self, seconds: float, act: Callable[[], None]) -> None:
        self._forget_plan()
        self._ticket = self._timeline.after(seconds, act)

    def _forget_plan(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None

    def _stop_sending(self) -> None:
        if self._sent is not None and self._line is not None:
            self._line.end(self._sent)
        self._sent, self._sent_until = None, self._timeline.now

    # Sending frames.

    def _start_frames(self) -> None:
        assert self._line is not None
        self._deafen()
        self._sent = self._line.begin(self._side, Kind.V21)
        self._line_at = self._timeline.now + PREAMBLE_S
        self._block.clear()
        self._plan(_NO_DATA_S, self._starve)
        self._result("CONNECT", Mode.GIVE_FRAMES)

    def _starve(self) -> None:
        self._stop_sending()
        self._result("ERROR")

    def _take_frame(self) -> bool:
        block, whole = self._unescaped()
        self._block += block
        if not whole:
            return False
        octets, self._block = bytes(self._block), bytearray()
        self._mode = Mode.DRAINING
        if not octets:
            self._plan(self._line_at - self._timeline.now, self._burst_over)
            return False
        frame = octets + fcs(octets)
        self._line_at = max(self._timeline.now, self._line_at) + frame_s(frame)
        self._plan(self._line_at - self._timeline.now, lambda: self._frame_left(frame))
        return False

    def _frame_left(self, frame: bytes) -> None:
        assert self._line is not None and self._sent is not None
        self._line.frame(self._sent, frame)
        if frame[1] & 0x10:
            self._plan(TRAILING_FLAGS * FLAG_S, self._burst_over)
            return
        self._plan(_NO_DATA_S, self._starve)
        self._result("CONNECT", Mode.GIVE_FRAMES)

    def _burst_over(self) -> None:
        self._stop_sending()
        self._result("OK")

    def _unescaped(self) -> tuple[bytes, bool]:
        """What the host gave, at most up to <DLE><ETX>, and whether that came. Half of a pair stays."""
        pending = self._pending
        at = 0
        while (at := pending.find(_DLE, at)) >= 0 and at + 1 < len(pending) and pending[at + 1] != _ETX:
            at += 2
        whole = 0 <= at < len(pending) - 1
        end = at if at >= 0 else len(pending)
        raw = bytes(pending[:end])
        del pending[: end + 2 if whole else end]
        return _ESCAPED.sub(_unescape, raw), whole

    # Sending fast data.

    def _start_fast(self) -> None:
        assert self._line is not None
        self._deafen()
        now = self._timeline.now
        self._sent = self._line.begin(self._side, Kind.FAST, self._code)
        self._line_at = now + training_s(self._code)
        self._waiting.clear()
        self._begun = False
        self._plan(_NO_DATA_S, self._flow_on)
        self._result("CONNECT", Mode.GIVE_FAST)

    def _take_fast(self) -> bool:
        octets, whole = self._unescaped()
        self._settle()
        if octets:
            if not self._begun:
                # Before the first octet the modem sends ones, which are no data.
                self._begun = True
                self._line_at = max(self._line_at, self._timeline.now)
            self._waiting += octets
            self._most()
        if whole:
            self._mode = Mode.DRAINING
            end = max(self._timeline.now, self._line_at) + len(self._waiting) * 8 / BPS[self._code]
            self._plan_drain(end)
        elif octets:
            self._plan(_FLOW_S, self._flow_on)
        return False

    def _most(self) -> None:
        self.most_waiting = max(self.most_waiting, len(self._waiting))

    def _flow_on(self) -> None:
        """Nothing has come from the host for a while."""
        self._settle()
        if not self._waiting and self._timeline.now >= self._line_at + _NO_DATA_S:
            self._starve()
        else:
            self._plan(_FLOW_S, self._flow_on)

    def _settle(self) -> None:
        """Pass on what is on the line by now; zeros where the host was late."""
        assert self._line is not None and self._sent is not None
        room = int((self._timeline.now - self._line_at) * BPS[self._code] / 8)
        if room <= 0 or not self._begun:
            return
        octets = bytes(self._waiting[:room])
        del self._waiting[:room]
        missing = room - len(octets) if self._mode is Mode.GIVE_FAST else 0
        self.starved += missing
        self._line_at += (len(octets) + missing) * 8 / BPS[self._code]
        if octets or missing:
            self._line.data(self._sent, octets + bytes(missing))

    def _plan_drain(self, end: float) -> None:
        left = end - self._timeline.now
        if left > _FLOW_S:
            self._plan(_FLOW_S, lambda: self._drain_on(end))
        else:
            self._plan(left, self._drained)

    def _drain_on(self, end: float) -> None:
        self._settle()
        self._plan_drain(end)

    def _drained(self) -> None:
        assert self._line is not None and self._sent is not None
        if self._waiting:
            self._line.data(self._sent, bytes(self._waiting))
            self._waiting.clear()
        self._plan(turn_off_s(self._code), self._burst_over)

    # Hearing.

    def _deafen(self) -> None:
        """A receive is over: what was heard and not asked for is forgotten."""
        self._forget_plan()
        self._frames.clear()
        self._mode = Mode.COMMAND

    def _listen_for_frames(self) -> None:
        self._forget_plan()
        if self._frames:
            self._say("CONNECT")
            self._give_frame(self._frames.pop(0))
            return
        self._mode = Mode.HEAR_FLAGS
        if self._heard:
            self._plan(_FLAGS_HEARD_S, self._flags_heard)

    def _flags_heard(self) -> None:
        self._ticket = None
        self._result("CONNECT", Mode.HEAR_FRAME)

    def _give_frame(self, octets: bytes) -> None:
        self._output += octets.replace(b"\x10", b"\x10\x10") + bytes((_DLE, _ETX))
        self._verdict = "OK" if len(octets) > 2 and fcs(octets[:-2]) == octets[-2:] else "ERROR"
        if self._heard and len(octets) > 1 and octets[1] & 0x10:
            self._mode = Mode.HEAR_TAIL
            self._plan(_TAIL_S, self._give_verdict)
        else:
            self._give_verdict()

    def _give_verdict(self) -> None:
        self._forget_plan()
        self._result(self._verdict)

    def _listen_for_data(self) -> None:
        self._forget_plan()
        self._frames.clear()
        self._mode = Mode.HEAR_FAST
        if self._fast_heard is not None:
            self._fast_begins(self._fast_heard)
        elif self._heard:
            self._frames_instead()

    def _fast_begins(self, signal: Signal) -> None:
        late = self._timeline.now - signal.began
        training = training_s(signal.code)
        if signal.code != self._code:
            self._fast_told = True
            self._result("+FCERROR")
        elif not signal.garbled and late <= _LATE_S[training < 0.2]:
            self._plan(training - late, self._trained)

    def _trained(self) -> None:
        self._ticket = None
        self._result("CONNECT", Mode.FAST_DATA)

    def _frames_instead(self) -> None:
        """V.21 where a fast carrier was asked for."""
        if not self._adaptive:
            self._result("+FCERROR")
            return
        self._say("+FRH:3")
        self._mode = Mode.HEAR_FLAGS
        self._plan(_FLAGS_HEARD_S, self._flags_heard)

    def begins(self, signal: Signal) -> None:
        if signal.kind is Kind.CED:
            return
        if signal.kind is Kind.V21:
            self._heard.add(signal)
            if self._mode is Mode.DIALLING or self._mode is Mode.HEAR_FLAGS:
                self._plan(_FLAGS_HEARD_S, self._flags_heard)
            elif self._mode is Mode.HEAR_FAST:
                self._frames_instead()
        else:
            self._fast_heard, self._fast_told = signal, False
            if self._mode is Mode.HEAR_FAST:
                self._fast_begins(signal)

    def frame(self, signal: Signal, octets: bytes, began: float) -> None:
        if signal not in self._heard or self._sent is not None or began < self._sent_until:
            return
        if self._mode is Mode.HEAR_FRAME:
            self._give_frame(octets)
        elif self._mode is Mode.COMMAND:
            self._frames.append(octets)

    def data(self, signal: Signal, octets: bytes) -> None:
        if signal is self._fast_heard and self._mode is Mode.FAST_DATA:
            self._output += octets.replace(b"\x10", b"\x10\x10")

    def ends(self, signal: Signal) -> None:
        if signal in self._heard:
            self._heard.discard(signal)
            if self._heard:
                return
            if self._mode is Mode.HEAR_TAIL:
                self._give_verdict()
            elif self._mode in (Mode.HEAR_FRAME, Mode.HEAR_FLAGS):
                self._deafen()
                self._result("NO CARRIER")
        elif signal is self._fast_heard:
            self._fast_heard = None
            if self._mode is Mode.FAST_DATA:
                self._output += _DYING + bytes((_DLE, _ETX))
                self._result("NO CARRIER")
            elif self._mode is Mode.HEAR_FAST and self.tells_untrained:
                self._deafen()
                self._result("NO CARRIER")
            else:
                self.missed_images += not self._fast_told
                if self._mode is Mode.HEAR_FAST:
                    self._forget_plan()


# What a demodulator makes of a carrier that stops. Its beginning looks like an EOL, as some do: behind the EOL of a
# row that is two of them. The rest has no long runs of zeros: two EOLs made of nothing are beyond all chance.
_DYING = b"\x00\x08" + bytes((37 * at) & 0xFF | 0x11 for at in range(31))


def _unescape(match: re.Match[bytes]) -> bytes:
    second = match[1][0]
    return b"\x10" if second == _DLE else b"\x10\x10" if second == _SUB else b""
