"""The engine of the sender: events in, wishes and notes out, timers, and the ends of a call.

What always holds: what is done for each event in each state is ``table.TRANSITIONS``; every state but ENDED has one
deadline; a DCN is not sent to a far end that has gone. The phases are in ``negotiation`` and ``sender``.
"""

from __future__ import annotations

from dataclasses import dataclass

from modem.outcome import Cause, Phase
from modem.t30 import line
from modem.t30.frames import FINAL, Frame, FrameError, Type, build, ident_text, parse
from modem.t30.notes import Ended, Note
from modem.t30.rates import Rate
from modem.t30.states import Event, State, event_of
from modem.t30.table import TRANSITIONS

T4_S = 3.2  # command until the first flag of the answer
FRAME_S = 3.45  # flags until the end of a frame: at most 3 s +15 %
SECOND_COPY_S = 0.2  # after the answer to a repeated command: time for its second copy to begin
_BABBLE_S = 10.0  # beyond an answer's time, for a far end that sends frames and frames
_SET_UP_S = 90.0
_HANG_UP_S = 30.0
_SEND_BACKSTOP_S = 120.0  # beyond the time that it takes: the driver has its own limits well below


_EVENTS: dict[type[line.LineEvent], Event] = {
    line.Ready: Event.READY,
    line.Connected: Event.CONNECTED,
    line.DialFailed: Event.DIAL_FAILED,
    line.Failed: Event.FAILED,
    line.Signal: Event.SIGNAL,
    line.SignalLost: Event.SIGNAL_LOST,
    line.Given: Event.GIVEN,
    line.Sent: Event.SENT,
    line.LineLost: Event.LINE_LOST,
    line.OnHook: Event.ON_HOOK,
}
# Frames that settle what was asked; after these alone a second copy may follow.
ANSWERS = frozenset(
    (
        Event.CFR,
        Event.FTT,
        Event.CTR,
        Event.MCF,
        Event.RTP,
        Event.RTN,
        Event.PIP,
        Event.PIN,
        Event.PPR,
        Event.RNR,
        Event.ERR,
    )
)
_AWAITED = {
    State.SEND_TCF: State.WAIT_CFR,
    State.SEND_PPM: State.WAIT_PPM,
    State.SEND_PPS: State.WAIT_PPS,
    State.SEND_RR: State.WAIT_RR,
    State.SEND_CTC: State.WAIT_CTR,
    State.SEND_EOR: State.WAIT_ERR,
}


@dataclass(frozen=True, kw_only=True)
class SenderPolicy:
    """What the sender may use, and who it says it is."""

    tsid: str = ""
    ecm: bool = True
    v17: bool = True
    max_rate_bps: int | None = None
    begin_rate_bps: int | None = None  # begin no faster; a new phase B after clean pages may step up
    sub_address_required: bool = False
    fetch: bool = False  # when our pages are through, a document of the far end's is fetched (polling)
    pages_again_after_rtn: int = 2


class Core:
    """What all phases share. ``handle``, ``tick`` and ``cancel`` drive it; ``ended`` says how it ended."""

    def __init__(self, policy: SenderPolicy, now: float) -> None:
        self.state = State.SET_UP
        self.now = now
        self.deadline: float | None = now + _SET_UP_S
        self.ended: Ended | None = None
        self.far_ident = ""
        self._policy = policy
        self._outputs: list[line.Wish | Note] = []
        self._codes: frozenset[int] = frozenset()
        self.receive_codes: frozenset[int] = frozenset()  # what +FRM lists, when a document is to be fetched
        self._frame: Frame | None = None
        self._last_sent: tuple[bytes, ...] = ()
        self._last_command = ""
        self._answer_due = now
        self._ending: tuple[Cause, Phase, str] | None = None
        self._listening = False
        self._heard_something = False  # since our last new command
        self._repeated = False  # our command was sent again: its answer may come twice
        self._event = Event.READY  # what is being handled
        self._parked: tuple[State, float, tuple[line.Wish | Note, ...]] | None = None
        self._dial_result = line.DialResult.ERROR
        self._failure = line.Failed(line.Failure.SILENT, "")
        self._wish(line.SetUp(receives=policy.fetch))

    # In and out.

    def handle(self, heard: line.LineEvent, now: float) -> None:
        """Something happened on the line."""
        self.now = now
        match heard:
            case line.FrameHeard():
                self._frame_heard(heard)
                return
            case line.Ready():
                self._codes, self.receive_codes = heard.codes, heard.receive_codes
            case line.Connected():
                self._listening = heard.listening
            case line.DialFailed():
                self._dial_result = heard.result
            case line.Failed():
                self._failure = heard
        self._act(_EVENTS[type(heard)])

    def tick(self, now: float) -> None:
        self.now = now
        if self.deadline is not None and now >= self.deadline:
            self._act(Event.TIMEOUT)

    def cancel(self, now: float) -> None:
        """End the call politely, as soon as it is our turn."""
        self.now = now
        self._act(Event.CANCEL)

    def take_outputs(self) -> list[line.Wish | Note]:
        outputs, self._outputs = self._outputs, []
        return outputs

    def _frame_heard(self, heard: line.FrameHeard) -> None:
        try:
            frame = parse(heard.octets)
        except FrameError:
            self._frame = None
            self._act(Event.BAD_FRAME)
            return
        self._frame = frame
        self._act(event_of(frame, self._last_sent))

    def _act(self, event: Event) -> None:
        self._event = event
        getattr(self, "_on_" + TRANSITIONS[self.state, event].act)()

    # Small parts.

    def _wish(self, wish: line.Wish) -> None:
        self._outputs.append(wish)

    def _note(self, note: Note) -> None:
        self._outputs.append(note)

    def _enter(self, state: State, seconds: float | None) -> None:
        self.state = state
        self.deadline = None if seconds is None else self.now + seconds

    def _send(self, state: State, *frames: Frame, after_journal: bool = False) -> None:
        octets = tuple(frame.octets for frame in frames)
        self._transmit(state, _SEND_BACKSTOP_S, line.SendFrames(octets, after_journal))

    def _send_fast(
        self,
        state: State,
        rate: Rate,
        octets: bytes,
        *,
        short: bool,
        after_journal: bool,
        note: Note | None = None,
    ) -> None:
        """``note`` is given out when the carrier is wished for."""
        code = rate.short_code if short else rate.long_code
        wish = line.SendFast(code, rate.bps, octets, after_journal)
        seconds = _SEND_BACKSTOP_S + 10 * len(octets) * 8 / rate.bps
        self._transmit(state, seconds, *((note, wish) if note else (wish,)))

    def _transmit(self, state: State, seconds: float, *outputs: line.Wish | Note) -> None:
        repeated, self._repeated = self._repeated, False
        if repeated and self._event in ANSWERS:
            self._parked = (state, seconds, outputs)
            self._listen(State.SECOND_COPY, SECOND_COPY_S)
            return
        self._enter(state, seconds)
        for output in outputs:
            if isinstance(output, line.SendFrames):
                self._last_sent = output.frames
                name = Frame(FINAL, output.frames[-1][2]).name
                self._last_command = self._last_command if name == Type.DCN.label else name
            self._outputs.append(output)

    def _on_copy_passed(self) -> None:
        """The line is quiet, or the second copy has been heard: now what the answer led to."""
        assert self._parked is not None
        state, seconds, outputs = self._parked
        self._parked = None
        self._transmit(state, seconds, *outputs)

    def _on_left_after_answer(self) -> None:
        self._finish(Cause.FAR_END_DISCONNECTED)

    def _listen(self, state: State, seconds: float) -> None:
        """Wait for the far end: ``seconds`` until its first flag."""
        self._enter(state, seconds)
        self._answer_due = self.now + seconds
        self._wish(line.Listen())

    def _extend(self, seconds: float) -> None:
        """Something is heard: wait so long for the rest of it, but not for ever."""
        self.deadline = max(self._answer_due, min(self.now + seconds, self._answer_due + _BABBLE_S))

    # Any state.

    def _on_deaf(self) -> None:
        """Half duplex: while we send nothing can be heard."""

    def _on_stale(self) -> None:
        """The end of something that has been given up."""

    def _on_over(self) -> None:
        """The call is ending."""

    def _on_listen_on(self) -> None:
        """A frame that says nothing here: the answer may still come until its time is up, or right behind it."""
        self._extend(0.5)
        self._wish(line.Listen())

    def _on_signal(self) -> None:
        self._heard_something = True
        self._extend(FRAME_S)

    def _on_signal_lost(self) -> None:
        self._extend(0.5)

    def _on_ident(self) -> None:
        frame = self._frame
        if frame is not None and frame.type is Type.CSI:
            self.far_ident = ident_text(frame.fif)
        self._extend(FRAME_S)
        self._wish(line.Listen())

    def _on_await_answer(self) -> None:
        """Our command is out: T4 runs from its end."""
        self._listen(_AWAITED[self.state], T4_S)

    # The end.

    def _give_up(self, cause: Cause, detail: str = "") -> None:
        """End with a DCN."""
        self._ending = self._ending or (cause, self.state.phase, detail)
        self._on_send_dcn()

    def _finish(self, cause: Cause, detail: str = "") -> None:
        """End without one: nobody would hear it."""
        self._ending = self._ending or (cause, self.state.phase, detail)
        self._on_hang_up()

    def _on_send_dcn(self) -> None:
        self._send(State.SEND_DCN, build(Type.DCN))

    def _on_hang_up(self) -> None:
        self._enter(State.HANG_UP, _HANG_UP_S)
        self._wish(line.HangUp())

    def _on_end(self) -> None:
        assert self._ending is not None
        self._enter(State.ENDED, None)
        self.ended = Ended(*self._ending, self._last_command)
        self._note(self.ended)

    def _on_line_lost(self) -> None:
        self._finish(Cause.LINE_LOST)

    def _on_device_failed(self) -> None:
        cause = {
            line.Failure.SILENT: Cause.DEVICE_SILENT,
            line.Failure.ERROR: Cause.DEVICE_ERROR,
            line.Failure.NOT_FAX: Cause.DEVICE_NOT_FAX,
            line.Failure.JOURNAL: Cause.STORAGE,
        }[self._failure.failure]
        self._finish(cause, "" if cause is Cause.STORAGE else self._failure.text)

    def _on_device_silent(self) -> None:
        self._finish(Cause.DEVICE_SILENT)

    def _on_cancel(self) -> None:
        self._give_up(Cause.CANCELLED)

    def _on_cancel_at_once(self) -> None:
        self._finish(Cause.CANCELLED)

    def _on_cancel_after_sent(self) -> None:
        self._ending = (Cause.CANCELLED, self.state.phase, "")
        self.state = State.STOP

    def _on_cancel_data(self) -> None:
        self._on_cancel_after_sent()
        self._wish(line.StopFast())

    def hung_up(self, now: float) -> None:
        """The device is gone: there is nobody to wish anything of."""
        self.now = now
        if self.ended is None:
            self._ending = self._ending or (Cause.DEVICE_MISSING, self.state.phase, "")
            self._on_end()
