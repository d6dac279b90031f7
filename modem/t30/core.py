"""The engine of the sender, upon ``machine``: its commands and their repetition, waiting for answers, the way to DCN.

What always holds: what is done for each event in each state is ``table.TRANSITIONS``; every state but ENDED has one
deadline; a DCN is not sent to a far end that has gone. The phases are in ``negotiation`` and ``sender``.
"""

from __future__ import annotations

from dataclasses import dataclass

from modem.outcome import Cause
from modem.t30 import line
from modem.t30.frames import FINAL, Frame, Type, build, ident_text
from modem.t30.machine import FRAME_S, T4_S, Machine, Output, Rules
from modem.t30.notes import Note
from modem.t30.rates import Rate
from modem.t30.states import Event, State, event_of
from modem.t30.table import TRANSITIONS

SECOND_COPY_S = 0.2  # after the answer to a repeated command: time for its second copy to begin
_SET_UP_S = 90.0
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


_RULES = Rules(
    acts={place: row.act for place, row in TRANSITIONS.items()},
    event_of=event_of,
    bad_frame=Event.BAD_FRAME,
    timeout=Event.TIMEOUT,
    cancel=Event.CANCEL,
    hang_up=State.HANG_UP,
    ended=State.ENDED,
)


class Core(Machine[State, Event]):
    """What all phases of the sender share. ``ended`` says how it ended."""

    def __init__(self, policy: SenderPolicy, now: float) -> None:
        super().__init__(_RULES, State.SET_UP, _SET_UP_S, now)
        self._policy = policy
        self.receive_codes: frozenset[int] = frozenset()  # what +FRM lists, when a document is to be fetched
        self._listening = False
        self._heard_something = False  # since our last new command
        self._repeated = False  # our command was sent again: its answer may come twice
        self._event = Event.READY  # what is being handled
        self._parked: tuple[State, float, tuple[Output, ...]] | None = None
        self._dial_result = line.DialResult.ERROR
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

    def _act(self, event: Event) -> None:
        self._event = event
        super()._act(event)

    # Small parts.

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

    def _transmit(self, state: State, seconds: float, *outputs: Output) -> None:
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
        self._due = self.now + seconds
        self._wish(line.Listen())

    # Any state.

    def _on_listen_on(self) -> None:
        """A frame that says nothing here: the answer may still come until its time is up, or right behind it."""
        self._extend(0.5)
        self._wish(line.Listen())

    def _on_signal(self) -> None:
        self._heard_something = True
        super()._on_signal()

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

    def _on_send_dcn(self) -> None:
        self._send(State.SEND_DCN, build(Type.DCN))

    def _on_cancel(self) -> None:
        self._give_up(Cause.CANCELLED)

    def _on_cancel_after_sent(self) -> None:
        self._ending = (Cause.CANCELLED, self.state.phase, "")
        self.state = State.STOP

    def _on_cancel_data(self) -> None:
        self._on_cancel_after_sent()
        self._wish(line.StopFast())
