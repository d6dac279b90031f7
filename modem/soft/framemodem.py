"""A Class 1 modem without sound: T.31 words on the host's side, frames and octets with their true times on the line's.

What always holds: result codes come when a modem has them (preamble, frames with their zero insertion, training, data
at the rate, turn-off); it hears nothing while it sends; any octet of the host ends a receive or a dialling; five
seconds without data end a carrier (T.31 8.3.3). What it must not do: look into frames, apart from their FCS.
"""

from __future__ import annotations

import re
from typing import Protocol

from modem.soft.frameair import AFTER_CED_S, CED_S, DEAF, LineSide, Mode
from modem.soft.framelevel import (
    BPS,
    FrameLine,
    Kind,
    Signal,
)
from modem.soft.timeline import Timeline


class Switch(Protocol):
    """Where a modem's line leads."""

    def dial(self, modem: FrameModem, dialled: str) -> None:
        """Comes back by ``connect`` or ``say``."""
        ...

    def answer(self, modem: FrameModem) -> None: ...

    def hang_up(self, modem: FrameModem) -> None: ...


class FrameModem(LineSide):
    """One modem. ``write`` and ``read`` are its serial line; the rest is for its switch and its line.

    ``adaptive``: a V.21 signal that comes when a fast one was asked for is reported as +FRH:3 (+FAR=1).
    """

    def __init__(self, timeline: Timeline, switch: Switch, codes: frozenset[int] = frozenset(BPS)) -> None:
        super().__init__(timeline)
        self.off_hook_at: float | None = None
        self.on_hook_at: float | None = None
        self._switch = switch
        self._codes = codes
        self._echo = True

    # The serial line.

    def write(self, octets: bytes) -> None:
        """From the host."""
        self._pending += octets
        while self._pending and self._mode not in DEAF and self._take():
            pass

    @property
    def said(self) -> bytearray:
        """What waits for the host, to look at."""
        return self._output

    @property
    def expects_host(self) -> bool:
        """Whether the modem is in a call and it is the host's turn: for a command, or for data."""
        return self._line is not None and self._mode in (Mode.COMMAND, Mode.GIVE_FRAMES, Mode.GIVE_FAST)

    @property
    def host_is_due(self) -> bool:
        """``expects_host``, and nothing of what the host gave is left to be taken or sent."""
        return self.expects_host and not self._pending and self.given_until <= self._timeline.now

    @property
    def given_until(self) -> float:
        """Until when the octets of an image last that the host has given."""
        return self._line_at + len(self._waiting) * 8 / BPS[self._code] if self._mode is Mode.GIVE_FAST else 0.0

    def read(self) -> bytes:
        """All that waits for the host."""
        octets = bytes(self._output)
        self._output.clear()
        return octets

    def drop_dtr(self) -> None:
        """The host has closed the device."""
        self._go_on_hook()
        self._pending.clear()
        self._output.clear()
        self._echo = True

    def _take(self) -> bool:
        """Take some of what the host wrote, by what we are doing. False: more must come first."""
        if self._mode is Mode.COMMAND:
            end = self._pending.find(b"\r")
            if end < 0:
                return False
            line = bytes(self._pending[:end]).strip(b"\n\x18 ")
            del self._pending[: end + 1]
            if self._echo:
                self._output += line + b"\r"
            self._command(line.decode("ascii", "replace").upper())
            return True
        if self._mode is Mode.DIALLING:
            self._pending.clear()
            self._go_on_hook()
            self._result("NO CARRIER")
            return False
        if self._mode is Mode.GIVE_FRAMES:
            return self._take_frame()
        if self._mode is Mode.GIVE_FAST:
            return self._take_fast()
        del self._pending[0]
        self._deafen()
        self._result("OK")
        return True

    # Commands.

    def _command(self, line: str) -> None:
        if not line.startswith("AT"):
            if line:
                self._say("ERROR")
            return
        words = line[2:].replace(" ", "")
        if words.startswith("D"):
            self._dial(words.lstrip("D").lstrip("TP"))
        elif words == "A":
            self._answer()
        elif words in ("+FCLASS=?", "+FTM=?", "+FRM=?", "+FTH=?", "+FRH=?"):
            codes = ",".join(str(code) for code in sorted(self._codes))
            self._say({"+FCLASS=?": "0,1", "+FTM=?": codes, "+FRM=?": codes}.get(words, "3"))
            self._say("OK")
        elif match := re.fullmatch(r"\+F([TR])([SHM])=(\d+)", words):
            self._action(match[1] + match[2], int(match[3]))
        elif words in ("H", "H0", "Z", "&F"):
            self._go_on_hook()
            self._echo = self._echo or (words != "H" and words != "H0")
            self._say("OK")
        else:
            if match := re.search(r"E(\d?)", words):
                self._echo = match[1] == "1"
            if match := re.search(r"\+FAR=(\d)", words):
                self._adaptive = match[1] == "1"
            if words in ("+FMI?", "+FMM?", "+FMR?", "I3", "I", "I0", "+GMM", "+GMI"):
                self._say("Platen frame-level modem")
            self._say("OK")

    def _dial(self, number: str) -> None:
        if self.off_hook_at is not None and self.on_hook_at is None:
            self._go_on_hook()
        self._off_hook(Mode.DIALLING)
        self._switch.dial(self, number)

    def _answer(self) -> None:
        self._off_hook(Mode.ANSWERING)
        self._switch.answer(self)

    def _off_hook(self, mode: Mode) -> None:
        self.off_hook_at, self.on_hook_at = self._timeline.now, None
        self._heard.clear()
        self._fast_heard = None
        self._frames.clear()
        self._mode = mode

    def _action(self, what: str, value: int) -> None:
        if self._line is None:
            self._say("ERROR")
            return
        if what == "TS":
            self._deafen()
            self._mode = Mode.PAUSING
            self._plan(value * 0.01, lambda: self._result("OK"))
        elif what == "RS":
            self._mode = Mode.QUIET
            self._plan(value * 0.01, self._quiet)
        elif what == "TH" and value == 3:
            self._start_frames()
        elif what == "RH" and value == 3:
            self._listen_for_frames()
        elif what in ("TM", "RM") and value in self._codes:
            self._code = value
            if what == "TM":
                self._start_fast()
            else:
                self._listen_for_data()
        else:
            self._say("ERROR")

    def _quiet(self) -> None:
        if self._heard or self._fast_heard is not None:
            self._plan(0.02, self._quiet)
        else:
            self._result("OK")

    # The switch.

    def connect(self, line: FrameLine, side: int, *, dialled: bool) -> None:
        """The call is through."""
        self._line, self._side = line, side
        line.attach(side, self)
        if dialled:
            return
        signal = line.begin(side, Kind.CED)
        self._plan(CED_S, lambda: self._after_ced(signal))

    def _after_ced(self, signal: Signal) -> None:
        assert self._line is not None
        self._line.end(signal)
        self._plan(AFTER_CED_S, self._start_frames)

    def ring(self) -> None:
        """One ring."""
        if self._line is None:
            self._say("RING")

    def refuse(self, result: str) -> None:
        """The dialled call did not come about."""
        if self._mode is Mode.DIALLING:
            self._go_on_hook()
            self._result(result)

    def _go_on_hook(self) -> None:
        self._forget_plan()
        self._stop_sending()
        if self.off_hook_at is not None and self.on_hook_at is None:
            self.on_hook_at = self._timeline.now
            self._switch.hang_up(self)
        if self._line is not None:
            self._line.attach(self._side, None)
            self._line = None
        self._mode = Mode.COMMAND

    def dropped(self) -> None:
        """The line is dead: in Class 1 nobody says so."""
        self._heard.clear()
        self._fast_heard = None

    def lose_current(self) -> None:
        """The line is dead, and this modem is one that notices: it goes on-hook by itself."""
        if self._line is None:
            return
        busy = self._mode is not Mode.COMMAND
        self._go_on_hook()
        if busy:
            self._result("NO CARRIER")
