"""The dialogues of Class 1 for what goes over the line: V.21 frames and fast data, heard and sent (T.31 8, TIA-578 8).

What always holds: as in ``scripts``, whose other half this is.
"""

from __future__ import annotations

from collections.abc import Generator

from modem.class1.profile import Profile
from modem.class1.reader import END_OF_DATA, Block, Result, escape
from modem.class1.steps import (
    Answer,
    Drain,
    Emit,
    Hold,
    Pause,
    ReadBlock,
    ReadData,
    Say,
    Script,
    Step,
    Transmit,
    Until,
)
from modem.t30.frames import fcs
from modem.t30.line import (
    Carrier,
    DataEnd,
    Failed,
    Failure,
    FlagsUp,
    FrameHeard,
    LineLost,
    ReceiveFast,
    SendFast,
    SendFrames,
    Sent,
    Signal,
    SignalLost,
)

CAN = b"\x18"
_COMMAND_S = 5.0
_FRAME_S = 7.55  # one V.21 frame: at most 3 s and its preamble
_DRAIN_S = 60.0  # from the end of the data by our clock to the modem's OK
_PASSED_S = 0.4
_HOOK_ERRORS = 3  # ERRORs to +FRH=3 before the line is held for lost


def ask(text: str, timeout_s: float | None = _COMMAND_S) -> Say:
    """A command, and its result code is waited for."""
    return Say(text.encode("ascii") + b"\r", timeout_s, text)


class Signals:
    """Hearing and sending, and the little that lasts from one dialogue to the next."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.lines: list[str] = []  # lines of the modem that are no result codes, since the last query
        self._sending = False  # a +FTH or +FTM has been CONNECTed: the modem takes data, no commands
        self._receiving = False  # a +FRH is under way: any octet aborts it
        self._dialling = False
        self._answering = False  # ATA is under way
        self._flags = False  # our V.21 flags are up: the next octets are a frame
        self.now = 0.0  # the driver keeps it up to date
        self._silent = True  # we have been silent long enough already

    def _failed(self, what: str, result: Result | None) -> Emit:
        if result is None:
            return Emit(Failed(Failure.SILENT, f"no answer to {what}"))
        return Emit(Failed(Failure.ERROR, f"{result.value} to {what}"))

    def _listen(self) -> Script:
        """+FRH=3 again and again until a frame comes; the machine above has the timers."""
        yield from self._end_flags()
        yield from self._abort_receive()
        errors = repeats = 0
        while True:
            self._receiving = True
            result = yield ask("AT+FRH=3", 120.0)
            if result in (Result.CONNECT, Result.FRH3):
                yield Emit(Signal())
                if (yield from self._hear_frame()):
                    return
                errors = 0
            elif result is Result.ERROR:
                self._receiving = False
                errors += 1
                if errors >= _HOOK_ERRORS:
                    yield Emit(LineLost())
                    return
            self._receiving = False
            repeats += 1
            if repeats > 1:
                yield Pause(0.05)  # a modem that answers at once must not make us spin

    def _hear_frame(self) -> Generator[Step, Answer, bool]:
        """After CONNECT: the frame and its result code. False when the signal went without one."""
        block = yield ReadBlock(10.0)
        if not isinstance(block, Block):
            if block is None:
                yield from self._abort_receive()
            self._receiving = False
            yield Emit(SignalLost())
            return False
        result = yield Until(3.0)
        self._receiving = False
        self._silent = False
        good = result is not Result.ERROR
        octets = block.octets + (fcs(block.octets) if self._profile.no_fcs and good else b"")
        yield Emit(FrameHeard(octets, good))
        return True

    def _abort_receive(self) -> Generator[Step, Answer, None]:
        """Stop a receive; after it we have been silent for long."""
        if not self._receiving:
            return
        yield Say(CAN)
        for _ in range(3):
            if (yield Until(0.5)) not in (Result.CONNECT, Result.FRH3):
                break  # else a signal has come at the same moment: the abort's own OK follows
        self._receiving = False
        self._silent = True

    def _silence(self) -> Generator[Step, Answer, None]:
        """75 ms between two signals (T.30 5.2), unless we have been silent already."""
        if self._silent:
            return
        self._silent = True
        if self._profile.silence is None:
            yield Pause(self._profile.silence_s)
        else:
            yield ask(self._profile.silence, self._profile.silence_s + 1.0)

    def _carrier(self, command: str) -> Generator[Step, Answer, Answer]:
        """The answer to a transmit command. OK is none: it is a late one, of an abort or of a silence."""
        result = yield ask(command)
        if result is Result.OK:
            result = yield Until(_COMMAND_S)
        return result

    def _raise_flags(self) -> Script:
        yield from self._abort_receive()
        yield from self._silence()
        self._silent = False
        result = yield from self._carrier("AT+FTH=3")
        if result is not Result.CONNECT:
            yield self._no_carrier_of_ours("AT+FTH=3", result)
            return
        self._sending = self._flags = True
        yield Emit(FlagsUp())

    def _end_flags(self) -> Generator[Step, Answer, None]:
        """Flags that were raised and are not wanted: an empty frame ends the burst (T.31 8.3.3)."""
        if self._flags:
            self._flags = False
            yield Say(END_OF_DATA, 3.0)
            self._sending = False

    def _receive_fast(self, wish: ReceiveFast) -> Script:
        """+FRM, until the carrier has come and gone, or V.21 has been heard instead (T.31 8.3.4, 8.3.6)."""
        yield from self._end_flags()
        yield from self._abort_receive()
        errors = repeats = 0
        while True:
            self._receiving = True
            asked = self.now
            result = yield ask(f"AT+FRM={wish.code}", 120.0)
            if result is Result.CONNECT:
                yield Emit(Carrier())
                end = yield ReadData()
                if isinstance(end, Block):
                    yield Until(3.0)
                self._receiving = self._silent = False
                yield Emit(DataEnd())
                return
            if result is Result.FRH3:
                yield Emit(Signal())
                yield Until(1.0)  # its CONNECT
                if (yield from self._hear_frame()):
                    return
            elif result is Result.FCERROR:
                self._receiving = False
                yield from self._listen()
                return
            elif result is Result.NO_CARRIER and self.now - asked > _PASSED_S:
                # One came and went, and the modem has not trained on it. (At once: it only says that there is none.)
                self._receiving = self._silent = False
                yield Emit(DataEnd())
                return
            elif result is Result.ERROR:
                errors += 1
                if errors >= _HOOK_ERRORS:
                    self._receiving = False
                    yield Emit(LineLost())
                    return
            self._receiving = False
            repeats += 1
            if repeats > 1:
                yield Pause(0.05)

    def _send_frames(self, wish: SendFrames) -> Script:
        if self._flags:
            self._flags = False
        else:
            yield from self._abort_receive()
            yield from self._silence()
            if (yield Hold()) is None:
                yield Emit(Failed(Failure.JOURNAL, "the journal is not on disk"))
                return
            self._silent = False
            result = yield from self._carrier("AT+FTH=3")
            if result is not Result.CONNECT:
                yield self._no_carrier_of_ours("AT+FTH=3", result)
                return
            self._sending = True
        for index, frame in enumerate(wish.frames):
            last = index == len(wish.frames) - 1
            result = yield Say(escape(frame) + END_OF_DATA, _FRAME_S)
            if result is not (Result.OK if last else Result.CONNECT):
                self._sending = result is None or result is Result.CONNECT
                yield self._no_carrier_of_ours("a frame", result)
                return
        self._sending = False
        yield Emit(Sent())

    def _send_fast(self, wish: SendFast) -> Script:
        yield from self._end_flags()
        yield from self._abort_receive()
        yield from self._silence()
        if (yield Hold()) is None:
            yield Emit(Failed(Failure.JOURNAL, "the journal is not on disk"))
            return
        self._silent = False
        command = f"AT+FTM={wish.code}"
        result = yield from self._carrier(command)
        if result is not Result.CONNECT:
            yield self._no_carrier_of_ours(command, result)
            return
        self._sending = True
        if self._profile.data_delay_s:
            yield Pause(self._profile.data_delay_s)
        result = yield Transmit(wish.octets, wish.bps)
        if result is None:
            result = yield Drain(_DRAIN_S)
        self._sending = result is None
        if result is not Result.OK:
            yield self._no_carrier_of_ours("the end of the data", result)
            return
        yield Emit(Sent())

    def _no_carrier_of_ours(self, what: str, answer: Answer) -> Emit:
        """A transmit command that did not work: ERROR and NO CARRIER mean that we are on-hook (T.31 8.3)."""
        if answer in (Result.ERROR, Result.NO_CARRIER, Result.FCERROR):
            return Emit(LineLost())
        return self._failed(what, answer if isinstance(answer, Result) else None)
