"""What sender and receiver have in common: a machine of states that is driven by events and has one deadline.

What always holds: what is done for an event in a state is looked up in a table and done by the method ``_on_`` with its
name; whoever waits for the far end cannot be kept waiting for ever; every end has a cause, and the first one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from modem.outcome import Cause, Phase
from modem.t30 import line, notes, receiver_notes, receiver_states, states
from modem.t30.frames import Frame, FrameError, parse

T4_S = 3.2  # command until the first flag of the answer
FRAME_S = 3.45  # flags until the end of a frame: at most 3 s +15 %
_BABBLE_S = 10.0  # beyond a wait's time, for a far end that sends frames and frames
_HANG_UP_S = 30.0

Output = line.Wish | notes.Note | receiver_notes.Note
S = TypeVar("S", states.State, receiver_states.State)
E = TypeVar("E", states.Event, receiver_states.Event)


@dataclass(frozen=True, kw_only=True)
class Rules(Generic[S, E]):
    """The table, and what of its states and events is named here."""

    acts: Mapping[tuple[S, E], str]
    event_of: Callable[[Frame, tuple[bytes, ...]], E]  # a frame, and what we said last
    bad_frame: E
    timeout: E
    cancel: E
    hang_up: S
    ended: S


class Machine(Generic[S, E]):
    """``handle``, ``tick`` and ``cancel`` drive it, ``take_outputs`` is what comes of it."""

    state: S
    _rules: Rules[S, E]

    def __init__(self, rules: Rules[S, E], state: S, seconds: float, now: float) -> None:
        """``seconds``: how long it may stay in its first state."""
        self.state = state
        self.now = now
        self.deadline: float | None = now + seconds
        self.ended: notes.Ended | None = None
        self.far_ident = ""
        self._rules = rules
        self._outputs: list[Output] = []
        self._codes: frozenset[int] = frozenset()  # what +FTM lists
        self._frame: Frame | None = None
        self._last_sent: tuple[bytes, ...] = ()
        self._last_command = ""
        self._due = now  # when what is waited for is over, had nothing been heard
        self._ending: tuple[Cause, Phase, str] | None = None
        self._failure = line.Failed(line.Failure.SILENT, "")

    # In and out.

    def tick(self, now: float) -> None:
        self.now = now
        if self.deadline is not None and now >= self.deadline:
            self._act(self._rules.timeout)

    def cancel(self, now: float) -> None:
        """End the call politely, as soon as it is our turn."""
        self.now = now
        self._act(self._rules.cancel)

    def hung_up(self, now: float) -> None:
        """The device is gone: there is nobody to wish anything of."""
        self.now = now
        if self.ended is None:
            self._ending = self._ending or (Cause.DEVICE_MISSING, self.state.phase, "")
            self._let_go()

    def take_outputs(self) -> list[Output]:
        outputs, self._outputs = self._outputs, []
        return outputs

    def _frame_heard(self, heard: line.FrameHeard) -> None:
        try:
            frame = parse(heard.octets)
        except FrameError:
            self._frame = None
            self._act(self._rules.bad_frame)
            return
        self._frame = frame
        self._act(self._rules.event_of(frame, self._last_sent))

    def _act(self, event: E) -> None:
        getattr(self, "_on_" + self._rules.acts[self.state, event])()

    # Small parts.

    def _wish(self, wish: line.Wish) -> None:
        self._outputs.append(wish)

    def _note(self, note: notes.Note | receiver_notes.Note) -> None:
        self._outputs.append(note)

    def _enter(self, state: S, seconds: float | None) -> None:
        self.state = state
        self.deadline = None if seconds is None else self.now + seconds

    def _extend(self, seconds: float) -> None:
        """Something is heard: wait so long for the rest of it, but not for ever."""
        self.deadline = max(self._due, min(self.now + seconds, self._due + _BABBLE_S))

    # Any state.

    def _on_deaf(self) -> None:
        """Half duplex: while we send, or an image comes in, nothing else can be heard."""

    def _on_stale(self) -> None:
        """The end of something that has been given up."""

    def _on_over(self) -> None:
        """The call is ending."""

    def _on_signal(self) -> None:
        self._extend(FRAME_S)

    def _on_signal_lost(self) -> None:
        self._extend(0.5)

    # The end.

    def _finish(self, cause: Cause, detail: str = "") -> None:
        """End without a DCN: nobody would hear it."""
        self._ending = self._ending or (cause, self.state.phase, detail)
        self._on_hang_up()

    def _on_hang_up(self) -> None:
        self._enter(self._rules.hang_up, _HANG_UP_S)
        self._wish(line.HangUp())

    def _let_go(self) -> None:
        """We are on-hook, or what would have us there is gone."""
        self._on_end()

    def _on_end(self) -> None:
        assert self._ending is not None
        self._enter(self._rules.ended, None)
        self.ended = notes.Ended(*self._ending, self._last_command)
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

    def _on_cancel_at_once(self) -> None:
        self._finish(Cause.CANCELLED)
