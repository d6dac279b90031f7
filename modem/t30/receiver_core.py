"""The engine of the receiver, upon ``machine``: waiting for commands, pages on their way to the disk, the way to DCN.

What always holds: what is done for each event in each state is ``receiver_table.TRANSITIONS``; every state but ENDED
has one deadline, and no far end can put it off for ever; a DCN is not sent to a far end that has gone. The phases are
in ``receiver_training`` and ``receiver``.
"""

from __future__ import annotations

from modem.outcome import Cause
from modem.t30 import line
from modem.t30.frames import Frame, Type, build, ident_text
from modem.t30.machine import FRAME_S, Machine, Rules
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_states import Event, State, event_of
from modem.t30.receiver_table import TRANSITIONS

T1_S = 35.0  # CED until a DCS
T2_S = 6.0  # after EOM's answer, until the new DIS
COMMAND_S = 9.0  # a command that is due: T2 and what the far end's preamble takes
SENDING_ON_S = 35.0  # the same, when the far end may still be sending an image that we have lost
CALL_S = 3 * 3600.0
_RENEWALS = 3  # so often a wait begins anew when a frame came that could not be read
_SET_UP_S = 40.0
PICK_UP_S = 60.0
_SEND_S = 40.0
_CANCEL_S = 10.0
# The far end will say again what could not be read, after a T4 of its own.
_RENEWED = frozenset((State.WAIT_RETRAIN, State.WAIT_PAGE, State.WAIT_PPM, State.WAIT_RR, State.WAIT_DCN))
_STORE_S = 60.0

_EVENTS: dict[type[line.LineEvent], Event] = {
    line.Ready: Event.READY,
    line.FlagsUp: Event.FLAGS_UP,
    line.Failed: Event.FAILED,
    line.Signal: Event.SIGNAL,
    line.SignalLost: Event.SIGNAL_LOST,
    line.Carrier: Event.CARRIER,
    line.Data: Event.DATA,
    line.DataEnd: Event.DATA_END,
    line.Sent: Event.SENT,
    line.LineLost: Event.LINE_LOST,
    line.OnHook: Event.ON_HOOK,
}


_RULES = Rules(
    acts=TRANSITIONS,
    event_of=event_of,
    bad_frame=Event.BAD_FRAME,
    timeout=Event.TIMEOUT,
    cancel=Event.CANCEL,
    hang_up=State.HANG_UP,
    ended=State.ENDED,
)


class ReceiverCore(Machine[State, Event]):
    """What all phases of the receiver share. ``stored`` drives it as well; ``ended`` says how it ended."""

    def __init__(self, policy: ReceiverPolicy, now: float) -> None:
        super().__init__(_RULES, State.SET_UP, _SET_UP_S, now)
        self.sub_address = ""
        self._x = 0  # our frames' X: 0 at the station that sent the DIS (T.30 5.3.6.1)
        self._policy = policy
        self._receive_codes: frozenset[int] = frozenset()
        self._sender_id = self._password = self._selection = ""
        self._data = b""
        self._window = 0.0
        self._renewals = 0
        self._call_over = now + CALL_S
        self._cancelled = False
        self._given = self._stored = 0  # pages
        self._store_fault = ""
        self._wish(line.GetReady())

    # In and out.

    def handle(self, heard: line.LineEvent, now: float) -> None:
        """Something happened on the line."""
        self.now = now
        match heard:
            case line.FrameHeard():
                self._frame_heard(heard)
                return
            case line.Ready():
                self._codes, self._receive_codes = heard.codes, heard.receive_codes
            case line.Failed():
                self._failure = heard
            case line.Data():
                self._data = heard.octets
            case line.Connected() | line.DialFailed() | line.Given():
                return  # a caller's
        self._act(_EVENTS[type(heard)])

    def stored(self, pages: int, now: float) -> None:
        """The first so many pages that were given out are on disk."""
        self.now = now
        if pages > self._stored:
            self._stored = pages
            if not self._storing:
                self._act(Event.STORED)

    def store_failed(self, text: str, now: float) -> None:
        """A page cannot be kept: the far end must not believe that it is."""
        self.now = now
        self._store_fault = text
        self._act(Event.STORE_FAILED)

    # Small parts.

    @property
    def _storing(self) -> bool:
        return self._stored < self._given

    def _frame_of(self, kind: Type, fif: bytes = b"", *, final: bool = True) -> Frame:
        return build(kind, fif, final=final, x=self._x)

    def _send(self, state: State, *frames: Frame) -> None:
        self._last_sent = tuple(frame.octets for frame in frames)
        self._enter(state, _SEND_S)
        self._wish(line.SendFrames(self._last_sent))

    def _wait(self, state: State, seconds: float, wish: line.Wish | None = None) -> None:
        """Wait for the far end: ``seconds`` until its first signal."""
        seconds = min(seconds, max(0.0, self._call_over - self.now))
        if self._cancelled:
            seconds = min(seconds, _CANCEL_S)
        self._enter(state, seconds)
        self._due = self.now + seconds
        self._window, self._renewals = seconds, _RENEWALS
        self._wish(wish or line.Listen())

    def _listen_again(self) -> None:
        """As before: for a fast carrier too, where one is due."""
        self._wish(line.Listen())

    # Any state.

    def _on_later(self) -> None:
        """It is remembered, and looked at when it counts."""

    def _on_listen_on(self) -> None:
        """A frame that says nothing here: the right one may still come until its time is up, or right behind it."""
        if self.state in _RENEWED and self._renewals > 0 and not self._cancelled:
            self._renewals -= 1
            self._due = self.deadline = self.now + self._window
        else:
            self._extend(0.5)
        self._listen_again()

    def _on_ident(self) -> None:
        """TSI, SUB and their kin: what follows them in the same burst says what they are for."""
        frame = self._frame
        assert frame is not None
        match frame.type:
            case Type.TSI | Type.CIG:
                self.far_ident = ident_text(frame.fif)
            case Type.SUB:
                self.sub_address = ident_text(frame.fif)
            case Type.SID:
                self._sender_id = ident_text(frame.fif)
            case Type.PWD:
                self._password = ident_text(frame.fif)
            case Type.SEP:
                self._selection = ident_text(frame.fif)
        self._extend(FRAME_S)
        self._wish(line.Listen())

    # The end.

    def _give_up(self, cause: Cause, detail: str = "") -> None:
        """End with a DCN."""
        self._ending = self._ending or (cause, self.state.phase, detail)
        self._send(State.SEND_DCN, self._frame_of(Type.DCN))

    def _keep_what_is_there(self) -> None:
        """The call is over: a page that has begun to come in is given out as it is."""
        raise NotImplementedError

    def _on_hang_up(self) -> None:
        self._keep_what_is_there()
        super()._on_hang_up()

    def _on_on_hook(self) -> None:
        self._let_go()

    def _let_go(self) -> None:
        self._keep_what_is_there()
        if self._storing and not self._store_fault:
            self._enter(State.LAST_PAGES, _STORE_S)
        elif self._store_fault:
            self._on_last_page_lost()
        else:
            self._on_end()

    def _on_last_page_lost(self) -> None:
        _, phase, _ = self._ending or (Cause.OK, self.state.phase, "")
        self._ending = (Cause.STORAGE, phase, self._store_fault or "the disk did not answer in time")
        self._on_end()

    def _on_nobody_there(self) -> None:
        self._finish(Cause.NO_CARRIER)

    def _on_far_end_left(self) -> None:
        self._finish(Cause.FAR_END_DISCONNECTED)

    def _on_store_failed(self) -> None:
        self._give_up(Cause.STORAGE, self._store_fault)

    def _on_cancel_in_turn(self) -> None:
        """DCN takes the place of our next answer."""
        self._cancelled = True
        if self.deadline is not None:
            self.deadline = min(self.deadline, self.now + _CANCEL_S)

    def _end_if_cancelled(self) -> bool:
        if self._cancelled:
            self._give_up(Cause.CANCELLED)
        return self._cancelled
