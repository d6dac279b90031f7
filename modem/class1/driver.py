"""The Class 1 driver: turns a T.30 machine's wishes into commands of T.31 and the modem's answers into events.

What always holds: pure (octets and times in, octets and events out); each command has a time by which it is over; a
receive that is under way is aborted before anything else is sent; nothing is sent after <DLE><ETX> until the modem has
answered; fast data never run further ahead of the line than the profile allows, since a pty has no flow control.
Each wish is one generator ("script") below, which reads like the dialogue; the driver turns it.
It must not know what the frames mean.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from modem.class1.profile import Profile
from modem.class1.reader import END_OF_DATA, Line, Piece, Reader, Result, Token, escape
from modem.class1.scripts import Scripts
from modem.class1.steps import Answer, Drain, Emit, Hold, ReadBlock, ReadData, Say, Step, Transmit, Until
from modem.t30.line import Data, Given, LineEvent, SendFast, SendFrames, StopFast, Wish


@dataclass(frozen=True)
class Said:
    """A command to the modem, for the journal."""

    text: str


@dataclass(frozen=True)
class Heard:
    """A line from the modem, for the journal."""

    text: str


# No modem sends faster than its rate: before this share of the data's time they are not all on the line.
_SURELY_NOT_YET = 0.9
_PACE_S = 0.1  # fast data are handed out in pieces of about this length


class Driver:
    """One modem. Turn it with ``perform``, ``receive``, ``tick``; collect ``take_output`` and ``take_events``."""

    def __init__(self, now: float, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self._now = now
        self._reader = Reader()
        self._output = bytearray()
        self._events: list[LineEvent | Said | Heard] = []
        self._scripts = Scripts(self.profile)
        self._script: Generator[Step, Answer, None] | None = None
        self._step: Step | None = None
        self._deadline: float | None = None
        self._last_command = ""
        self._released = True
        self._stopped = False
        self._data = b""
        self._data_at = 0
        self._data_since = 0.0
        self._data_bps = 1
        self._given_at: float | None = None  # when all data can be on the line at the earliest

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called."""
        if isinstance(self._step, Transmit) and self._data_at < len(self._data):
            return self._next_data_at()
        if isinstance(self._step, Drain) and self._given_at is not None:
            return self._given_at
        return self._deadline

    @property
    def busy(self) -> bool:
        return self._script is not None

    @property
    def progress(self) -> tuple[int, int] | None:
        """Octets of fast data on the line (by our clock) and in all, while they go out."""
        if not isinstance(self._step, (Transmit, Drain)):
            return None
        return min(self._data_at, int((self._now - self._data_since) * self._data_bps / 8)), len(self._data)

    def perform(self, wish: Wish, now: float) -> None:
        """Start on a wish; what is under way is given up. ``after_journal`` wishes wait for ``release``."""
        self._now = now
        if isinstance(wish, StopFast):
            self._stop_fast()
            return
        self._released = not (isinstance(wish, (SendFrames, SendFast)) and wish.after_journal)
        self._stopped = False
        if self._script is not None:
            self._script.close()
        self._reader.expect_text()
        self._start(self._scripts.script(wish))

    def _stop_fast(self) -> None:
        self._stopped = self._released = True
        if isinstance(self._step, Transmit):
            self._data = self._data[: self._data_at]
            self._transmit()
        elif isinstance(self._step, Hold):
            self._advance(Result.OK)

    def release(self, now: float) -> None:
        """The journal is on disk: an ``after_journal`` wish may go on."""
        self._now = now
        self._released = True
        if isinstance(self._step, Hold):
            self._advance(Result.OK)

    def receive(self, octets: bytes, now: float) -> None:
        self._now = now
        self._reader.feed(octets)
        while (token := self._reader.next()) is not None:
            self._take(token)

    def tick(self, now: float) -> None:
        self._now = now
        if isinstance(self._step, Transmit) and self._data_at < len(self._data):
            return  # take_output has more by now
        self._look_whether_given()
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._advance(None)

    def take_output(self) -> bytes:
        """What the modem may have by now."""
        if isinstance(self._step, Transmit):
            self._transmit()
        output = bytes(self._output)
        self._output.clear()
        return output

    def take_events(self) -> list[LineEvent | Said | Heard]:
        events, self._events = self._events, []
        return events

    # The engine: scripts yield steps, answers come back.

    def _start(self, script: Generator[Step, Answer, None]) -> None:
        self._script = script
        self._step = None
        self._deadline = None
        self._advance(None)

    def _advance(self, answer: Answer) -> None:
        """Give the script its answer and take up the steps that need no waiting."""
        self._scripts.now = self._now
        while self._script is not None:
            script = self._script
            try:
                step = script.send(answer if self._step is not None else None)
            except StopIteration:
                if self._script is script:
                    self._script, self._step, self._deadline = None, None, None
                return
            self._step = step
            answer = None
            if isinstance(step, Emit):
                self._events.append(step.event)
                continue
            if isinstance(step, Say):
                self._say(step)
                if step.timeout_s is None:
                    continue
            elif isinstance(step, Hold) and self._released:
                answer = Result.OK
                continue
            elif isinstance(step, ReadBlock):
                self._reader.expect_frame()
            elif isinstance(step, ReadData):
                self._reader.expect_data()
            elif isinstance(step, Transmit):
                self._data, self._data_at = b"" if self._stopped else step.octets, 0
                self._data_since, self._data_bps = self._now, step.bps
                self._deadline = None
                self._transmit()
                return
            if isinstance(step, Drain):
                line_s = 8 * len(self._data) / self._data_bps
                self._deadline = max(self._now, self._data_since + line_s) + step.beyond_s
                self._given_at = None if self._stopped else self._data_since + _SURELY_NOT_YET * line_s
                self._look_whether_given()
                return
            timeout_s = getattr(step, "timeout_s", None)
            self._deadline = None if timeout_s is None else self._now + timeout_s
            return

    def _say(self, step: Say) -> None:
        self._output += step.octets
        if step.command:
            self._last_command = step.command
            self._events.append(Said(step.command))

    def _take(self, token: Token) -> None:
        if isinstance(token, Line):
            if token.result is None and token.text == self._last_command:
                return  # echo
            self._events.append(Heard(token.text))
            if token.result is None:
                self._scripts.lines.append(token.text)
                del self._scripts.lines[:-50]
                return
            if token.result is Result.RING:
                if isinstance(self._step, ReadBlock):
                    self._reader.expect_frame()  # the frame is still to come
                return
            if isinstance(self._step, (Say, Until, ReadBlock, ReadData, Transmit, Drain)):
                self._advance(token.result)
        elif isinstance(token, Piece):
            if isinstance(self._step, ReadData):
                self._events.append(Data(token.octets))
        elif isinstance(self._step, (ReadBlock, ReadData)):
            self._advance(token)

    # Fast data, paced.

    def _look_whether_given(self) -> None:
        if isinstance(self._step, Drain) and self._given_at is not None and self._now >= self._given_at:
            self._given_at = None
            self._events.append(Given())

    def _allowed(self) -> int:
        elapsed = max(0.0, self._now - self._data_since)
        return min(len(self._data), int(elapsed * self._data_bps / 8) + self._ahead)

    @property
    def _ahead(self) -> int:
        return max(self.profile.ahead_octets, int(self.profile.ahead_s * self._data_bps / 8))

    def _next_data_at(self) -> float:
        wanted = min(len(self._data), self._data_at + max(32, int(self._data_bps / 8 * _PACE_S)))
        return self._data_since + max(0, wanted - self._ahead) * 8 / self._data_bps + 1e-6

    def _transmit(self) -> None:
        allowed = self._allowed()
        if allowed > self._data_at:
            self._output += escape(self._data[self._data_at : allowed])
            self._data_at = allowed
        if self._data_at >= len(self._data):
            self._output += END_OF_DATA
            self._advance(None)
