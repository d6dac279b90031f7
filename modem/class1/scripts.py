"""The dialogues of Class 1, one generator for each wish (T.31 8, TIA-578 8).

What always holds: a script yields steps and gets the modem's answer to each (None when its time ran out); every wait
has an end; it ends with exactly the event that ``modem.t30.line`` promises for its wish, ``Listen`` apart.
"""

from __future__ import annotations

from collections.abc import Generator

from modem.class1.profile import FALLBACK_CODES, Profile, listed_codes, lists_class_1
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
from modem.t30.line import (
    Carrier,
    Connected,
    DataEnd,
    Dial,
    DialFailed,
    DialResult,
    Failed,
    Failure,
    FlagsUp,
    FrameHeard,
    GetReady,
    HangUp,
    LineLost,
    Listen,
    OnHook,
    PickUp,
    RaiseFlags,
    Ready,
    ReceiveFast,
    SendFast,
    SendFrames,
    Sent,
    SetUp,
    Signal,
    SignalLost,
    StopFast,
    Wish,
)

CAN = b"\x18"
_COMMAND_S = 5.0
_FRAME_S = 7.55  # one V.21 frame: at most 3 s and its preamble
_DRAIN_S = 60.0  # from the end of the data by our clock to the modem's OK
_PASSED_S = 0.4
_HOOK_ERRORS = 3  # ERRORs to +FRH=3 before the line is held for lost
_DIAL_BACKSTOP_S = 200.0
_ANSWER_S = 15.0  # 1.8 to 2.5 s, CED of 2.6 to 4 s, and what a modem takes to go off-hook
_DIAL_RESULTS = {
    Result.BUSY: DialResult.BUSY,
    Result.NO_DIALTONE: DialResult.NO_DIAL_TONE,
    Result.NO_ANSWER: DialResult.NO_ANSWER,
    Result.NO_CARRIER: DialResult.NO_CARRIER,
    Result.BLACKLISTED: DialResult.BLACKLISTED,
    Result.DELAYED: DialResult.DELAYED,
    Result.ERROR: DialResult.ERROR,
}


def _command(text: str, timeout_s: float | None = _COMMAND_S) -> Say:
    return Say(text.encode("ascii") + b"\r", timeout_s, text)


class Scripts:
    """The dialogues and the little that lasts from one to the next."""

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

    def script(self, wish: Wish) -> Script:
        match wish:
            case SetUp():
                return self._set_up(wish)
            case Dial():
                return self._dial(wish)
            case Listen():
                return self._listen()
            case SendFrames():
                return self._send_frames(wish)
            case SendFast():
                return self._send_fast(wish)
            case GetReady():
                return self._get_ready()
            case PickUp():
                return self._pick_up()
            case RaiseFlags():
                return self._raise_flags()
            case ReceiveFast():
                return self._receive_fast(wish)
            case HangUp():
                return self._hang_up()
            case StopFast():
                raise AssertionError("StopFast is no dialogue")

    def _failed(self, what: str, result: Result | None) -> Emit:
        if result is None:
            return Emit(Failed(Failure.SILENT, f"no answer to {what}"))
        return Emit(Failed(Failure.ERROR, f"{result.value} to {what}"))

    def _set_up(self, wish: SetUp) -> Script:
        result: Answer = None
        for attempt in range(3):
            if attempt:
                # It may stand in the middle of data or of a receive: end both, then ask again.
                yield Say(END_OF_DATA + CAN)
                yield Pause(0.3)
                yield Say(b"\r")
                yield Pause(0.2)
            result = yield _command(self._profile.reset, 3.0)
            if result is Result.OK:
                break
        if result is not Result.OK:
            yield self._failed(self._profile.reset, result if isinstance(result, Result) else None)
            return
        for command in self._profile.init:
            result = yield _command(command)
            if result is None:
                yield self._failed(command, None)
                return
        self.lines.clear()
        yield _command("AT+FCLASS=?")
        has_class_1 = lists_class_1(self.lines)
        result = yield _command("AT+FCLASS=1")
        if result is None:
            yield self._failed("AT+FCLASS=1", None)
            return
        if result is not Result.OK or has_class_1 is False:
            yield Emit(Failed(Failure.NOT_FAX, "the modem has no fax Class 1"))
            return
        for command in (*self._profile.after_class, *(self._profile.before_answer if wish.receives else ())):
            yield _command(command)
        self.lines.clear()
        yield _command("AT+FTM=?")
        codes = listed_codes(self.lines) or FALLBACK_CODES
        if not wish.receives:
            yield Emit(Ready(codes))
            return
        self.lines.clear()
        yield _command("AT+FRM=?")
        yield Emit(Ready(codes, listed_codes(self.lines) or FALLBACK_CODES))

    def _dial(self, wish: Dial) -> Script:
        self._dialling = True
        result: Answer = yield _command(self._profile.dial + wish.number, _DIAL_BACKSTOP_S)
        odd = 0
        while result in (Result.OK, Result.FRH3) and odd < 3:
            odd += 1
            result = yield Until(_DIAL_BACKSTOP_S)
        self._dialling = False
        if result is Result.CONNECT:
            self._receiving = True
            yield Emit(Connected(listening=True))
            if not (yield from self._hear_frame()):
                yield from self._listen()
            return
        self._silent = True
        if result is Result.FCERROR:
            yield Emit(Connected(listening=False))
        elif isinstance(result, Result) and result in _DIAL_RESULTS:
            yield Emit(DialFailed(_DIAL_RESULTS[result]))
        else:
            self._dialling = result is None
            yield self._failed("dialling", None if result is None else Result.ERROR)

    def _listen(self) -> Script:
        """+FRH=3 again and again until a frame comes; the machine above has the timers."""
        yield from self._end_flags()
        yield from self._abort_receive()
        errors = repeats = 0
        while True:
            self._receiving = True
            result = yield _command("AT+FRH=3", 120.0)
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
        octets = block.octets
        yield Emit(FrameHeard(octets, result is not Result.ERROR))
        return True

    def _abort_receive(self) -> Generator[Step, Answer, None]:
        """Stop a receive; after it we have been silent for long."""
        if not self._receiving:
            return
        yield Say(CAN)
        yield Until(0.5)
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
            yield _command(self._profile.silence, self._profile.silence_s + 1.0)

    def _get_ready(self) -> Script:
        """No reset: the telephone is ringing, and the port has set the modem up. Classes fall back in some, though."""
        result = yield _command("AT+FCLASS=1")
        if result is not Result.OK:
            yield self._failed("AT+FCLASS=1", result if isinstance(result, Result) else None)
            return
        for command in (*self._profile.after_class, *self._profile.before_answer):
            yield _command(command)
        self.lines.clear()
        yield _command("AT+FTM=?")
        codes = listed_codes(self.lines) or FALLBACK_CODES
        self.lines.clear()
        yield _command("AT+FRM=?")
        yield Emit(Ready(codes, listed_codes(self.lines) or FALLBACK_CODES))

    def _pick_up(self) -> Script:
        """ATA: CED, and then it is as if +FTH=3 had been said (T.31 8.3.3)."""
        self._silent = False
        self._answering = True
        result = yield _command(self._profile.answer, _ANSWER_S)
        odd = 0
        while result in (Result.OK, Result.RING) and odd < 3:
            odd += 1
            result = yield Until(_ANSWER_S)
        self._answering = result is None
        if result is not Result.CONNECT:
            yield self._no_carrier_of_ours(self._profile.answer, result)
            return
        self._sending = self._flags = True
        yield Emit(FlagsUp())

    def _raise_flags(self) -> Script:
        yield from self._abort_receive()
        yield from self._silence()
        self._silent = False
        result = yield _command("AT+FTH=3")
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
            result = yield _command(f"AT+FRM={wish.code}", 120.0)
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
            result = yield _command("AT+FTH=3")
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
        result = yield _command(command)
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

    def _hang_up(self) -> Script:
        if self._dialling or self._answering:
            # Any octet ends dialling and answering, and is lost (V.250 6.3.1, 6.3.5); the modem says NO CARRIER or OK.
            # CONNECT: it was that far already.
            if (yield Say(b"\r", 2.0)) is Result.CONNECT:
                self._sending, self._receiving = self._answering, self._dialling
            self._dialling = self._answering = False
        yield from self._abort_receive()
        if self._sending:
            yield Say(END_OF_DATA, 3.0)
            self._sending = self._flags = False
        if self._profile.wait_before_hang_up_s:
            yield Pause(self._profile.wait_before_hang_up_s)
        for _ in range(3):
            result = yield _command("ATH0")
            if result is Result.NO_CARRIER:
                result = yield Until(1.0)
            if result is Result.OK:
                yield Emit(OnHook(True))
                return
        yield Emit(OnHook(False))
