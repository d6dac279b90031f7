"""The dialogues of Class 1, one generator for each wish (T.31 8, TIA-578 8).

What always holds: a script yields steps and gets the modem's answer to each (None when its time ran out); every wait
has an end; it ends with exactly the event that ``modem.t30.line`` promises for its wish, ``Listen`` apart.
"""

from __future__ import annotations

from modem.class1.profile import FALLBACK_CODES, listed_codes, lists_class_1
from modem.class1.reader import END_OF_DATA, Result
from modem.class1.signals import CAN, Signals, ask
from modem.class1.steps import Answer, Emit, Pause, Say, Script, Until
from modem.t30.line import (
    Connected,
    Dial,
    DialFailed,
    DialResult,
    Failed,
    Failure,
    FlagsUp,
    GetReady,
    HangUp,
    Listen,
    OnHook,
    PickUp,
    RaiseFlags,
    Ready,
    ReceiveFast,
    SendFast,
    SendFrames,
    SetUp,
    StopFast,
    Wish,
)

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


class Scripts(Signals):
    """All of them: those for the line, and here those that set the modem up, go off-hook and on-hook."""

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

    def _set_up(self, wish: SetUp) -> Script:
        result: Answer = None
        for attempt in range(3):
            if attempt:
                # It may stand in the middle of data or of a receive: end both, then ask again.
                yield Say(END_OF_DATA + CAN)
                yield Pause(0.3)
                yield Say(b"\r")
                yield Pause(0.2)
            result = yield ask(self._profile.reset, 3.0)
            if result is Result.OK:
                break
        if result is not Result.OK:
            yield self._failed(self._profile.reset, result if isinstance(result, Result) else None)
            return
        for command in self._profile.init:
            result = yield ask(command)
            if result is None:
                yield self._failed(command, None)
                return
        self.lines.clear()
        yield ask("AT+FCLASS=?")
        has_class_1 = lists_class_1(self.lines)
        result = yield ask("AT+FCLASS=1")
        if result is None:
            yield self._failed("AT+FCLASS=1", None)
            return
        if result is not Result.OK or has_class_1 is False:
            yield Emit(Failed(Failure.NOT_FAX, "the modem has no fax Class 1"))
            return
        for command in (*self._profile.after_class, *(self._profile.before_answer if wish.receives else ())):
            yield ask(command)
        self.lines.clear()
        yield ask("AT+FTM=?")
        codes = listed_codes(self.lines) or FALLBACK_CODES
        if not wish.receives:
            yield Emit(Ready(codes))
            return
        self.lines.clear()
        yield ask("AT+FRM=?")
        yield Emit(Ready(codes, listed_codes(self.lines) or FALLBACK_CODES))

    def _dial(self, wish: Dial) -> Script:
        self._dialling = True
        result: Answer = yield ask(self._profile.dial + wish.number, _DIAL_BACKSTOP_S)
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

    def _get_ready(self) -> Script:
        """No reset: the telephone is ringing, and the port has set the modem up. Classes fall back in some, though."""
        result = yield ask("AT+FCLASS=1")
        if result is not Result.OK:
            yield self._failed("AT+FCLASS=1", result if isinstance(result, Result) else None)
            return
        for command in (*self._profile.after_class, *self._profile.before_answer):
            yield ask(command)
        self.lines.clear()
        yield ask("AT+FTM=?")
        codes = listed_codes(self.lines) or FALLBACK_CODES
        self.lines.clear()
        yield ask("AT+FRM=?")
        yield Emit(Ready(codes, listed_codes(self.lines) or FALLBACK_CODES))

    def _pick_up(self) -> Script:
        """ATA: CED, and then it is as if +FTH=3 had been said (T.31 8.3.3)."""
        self._silent = False
        self._answering = True
        result = yield ask(self._profile.answer, _ANSWER_S)
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
            result = yield ask("ATH0")
            if result is Result.NO_CARRIER:
                result = yield Until(1.0)
            if result is Result.OK:
                yield Emit(OnHook(True))
                return
        yield Emit(OnHook(False))
