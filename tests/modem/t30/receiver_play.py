"""A scripted sender and a line of virtual time for the receiver alone: frame by frame, no modem.

The script is a generator: it yields what the far end does next and gets what it hears::

    def script():
        yield hear("DIS")
        yield say(TSI, dcs())
        yield tcf()
        yield hear("CFR")

What the receiver sends is told in words with its times; a burst that is not heard is not acted upon.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from modem.outcome import Cause
from modem.t30 import line
from modem.t30.frames import Frame, fcs, parse
from modem.t30.machine import Output
from modem.t30.rates import FTM_CODES
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_notes import PageConfirmed, PageIn, PageRefused, Receipt
from tests.modem.t30.receiver_script import (
    _NOTHING,
    GAP_S,
    PREAMBLE_S,
    Burst,
    Hear,
    HearAny,
    HearNothing,
    Image,
    Say,
    Script,
    Silence,
)


@dataclass
class Played:
    """What happened."""

    receiver: Receiver
    bursts: list[Burst] = field(default_factory=list)
    notes: list[Output] = field(default_factory=list)
    finished_script: bool = False
    seconds: float = 0.0

    @property
    def sent(self) -> list[str]:
        return [burst.name for burst in self.bursts]

    @property
    def cause(self) -> Cause:
        assert self.receiver.ended is not None
        return self.receiver.ended.cause

    @property
    def pages(self) -> list[PageIn]:
        return [note for note in self.notes if isinstance(note, PageIn)]

    @property
    def receipts(self) -> list[Receipt]:
        return [page.receipt for page in self.pages]

    @property
    def confirmed(self) -> list[tuple[int, str]]:
        return [(note.number, note.by) for note in self.notes if isinstance(note, PageConfirmed)]

    @property
    def refused(self) -> int:
        return sum(isinstance(note, PageRefused) for note in self.notes)


class Line:
    """The receiver, the far end, and time."""

    def __init__(
        self,
        receiver: Receiver,
        script: Script,
        *,
        codes: frozenset[int] = FTM_CODES,
        store_s: float | None = 0.0,
        adaptive: bool = True,
    ) -> None:
        self.played = Played(receiver)
        self.now = receiver.now
        self._receiver = receiver
        self._script = script
        self._codes = codes
        self._store_s = store_s
        self._adaptive = adaptive
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._listening: line.Wish | None = None
        self._act = 0  # the wish that is under way
        self._flags_since: float | None = None
        self._far_quiet_since = 0.0
        self._hearing: Hear | HearAny | None = None
        self._hear_deadline = 0.0
        self._silent_until: float | None = None
        self._unheard: list[Burst] = []
        self._stored = 0

    # Receiver's side.

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + seconds, next(self._order), act))

    def _event(self, seconds: float, event: line.LineEvent) -> None:
        """An event of the wish under way; if another replaces it, it does not come."""
        act = self._act

        def tell() -> None:
            if act == self._act:
                self._receiver.handle(event, self.now)
                self._take()

        self._after(seconds, tell)

    def _take(self) -> None:
        for output in self._receiver.take_outputs():
            match output:
                case line.GetReady():
                    self._act += 1
                    self._event(0.1, line.Ready(self._codes, self._codes))
                case line.PickUp():
                    self._act += 1
                    self._flags_since = self.now + 4.0
                    self._event(4.0, line.FlagsUp())
                case line.RaiseFlags():
                    self._act += 1
                    self._listening = None
                    self._flags_since = self.now + GAP_S
                    self._event(GAP_S, line.FlagsUp())
                case line.SendFrames():
                    self._send(output)
                case line.Listen() | line.ReceiveFast():
                    self._act += 1
                    self._listening = output
                case line.HangUp():
                    self._act += 1
                    self._listening = None
                    self._event(0.1, line.OnHook(True))
                case line.SetUp() | line.Dial() | line.SendFast() | line.StopFast():
                    raise AssertionError(output)
                case _:
                    self.played.notes.append(output)
                    if isinstance(output, PageIn) and self._store_s is not None:
                        self._after(self._store_s, self._store)

    def _store(self) -> None:
        self._stored += 1
        self._receiver.stored(self._stored, self.now)
        self._take()

    def _send(self, wish: line.SendFrames) -> None:
        self._act += 1
        self._listening = None
        begun = self._flags_since if self._flags_since is not None else self.now + GAP_S
        self._flags_since = None
        frames = tuple(parse(octets + fcs(octets)) for octets in wish.frames)
        seconds = sum(len(frame.octets) + 3 for frame in frames) * 8 / 300
        ended = max(begun + PREAMBLE_S, self.now) + seconds
        burst = Burst(frames, begun, ended, begun - self._far_quiet_since)
        self._event(ended - self.now, line.Sent())
        self._after(ended - self.now, lambda: self._said(burst))

    def _said(self, burst: Burst) -> None:
        self.played.bursts.append(burst)
        if self._hearing is not None:
            self._heard(burst)
        else:
            self._unheard.append(burst)

    # The far end's side.

    def _heard(self, burst: Burst) -> None:
        wanted = self._hearing
        assert wanted is not None
        self._hearing = None
        if burst.name == "DCN" != wanted.name:
            return  # the far end is gone: the script has no more to say
        assert wanted.name in ("", burst.name), (
            f"{burst.name} instead of {wanted.name} at {self.now:.2f}: {self.played.sent}"
        )
        self._next(burst)

    def _next(self, value: Burst | None = None) -> None:
        try:
            step = next(self._script) if value is None else self._script.send(value)
        except StopIteration:
            self.played.finished_script = True
            return
        match step:
            case Say():
                self._after(step.after, lambda: self._far_says(step))
            case Image():
                self._after(step.after, lambda: self._far_sends(step))
            case Silence(seconds):
                self._after(seconds, lambda: self._next(_NOTHING))
            case Hear() | HearAny():
                self._hearing = step
                self._unheard = [burst for burst in self._unheard if burst.ended > self._far_quiet_since]
                if self._unheard:
                    self._heard(self._unheard.pop(0))
                    return
                self._after(step.at_most_s, lambda: self._must_have_heard(step))
            case HearNothing(seconds):
                before = len(self.played.bursts)

                def quiet() -> None:
                    assert len(self.played.bursts) == before, self.played.sent
                    self._next(_NOTHING)

                self._after(seconds, quiet)

    def _must_have_heard(self, step: Hear | HearAny) -> None:
        if "DCN" in self.played.sent:
            return
        assert self._hearing is not step, f"no {step.name} by {self.now:.2f}: {self.played.sent}"

    def _hears_v21(self) -> bool:
        wish = self._listening
        return isinstance(wish, line.Listen) or (self._adaptive and isinstance(wish, line.ReceiveFast))

    def _far_says(self, step: Say) -> None:
        at = PREAMBLE_S
        self._after(0.1, self._signal)
        for each in step.frames:
            octets = each.octets + fcs(each.octets) if isinstance(each, Frame) else each
            if step.bad:
                octets = octets[:-1] + bytes((octets[-1] ^ 0x55,))
            at += (len(octets) + 1) * 8 / 300
            self._after(at, lambda octets=octets: self._frame(octets, not step.bad))  # type: ignore[misc]
        self._far_quiet_since = self.now + at
        self._after(at, self._far_is_through)

    def _signal(self) -> None:
        if self._hears_v21():
            self._receiver.handle(line.Signal(), self.now)
            self._take()

    def _frame(self, octets: bytes, good: bool) -> None:
        if self._hears_v21():
            self._listening = None
            self._receiver.handle(line.FrameHeard(octets, good), self.now)
            self._take()

    def _far_is_through(self) -> None:
        self._unheard.clear()
        self._next(_NOTHING)

    def _far_sends(self, step: Image) -> None:
        code = step.rate.short_code if step.short else step.rate.long_code
        training = 0.14 if code in (146, 122, 98, 74) else 1.4 if step.rate.bps > 9600 else 0.7
        wish = self._listening
        heard = isinstance(wish, line.ReceiveFast) and wish.code == code and not step.lost
        if heard:
            self._act += 1
        heard_whole = heard and not step.untrained
        if heard_whole:
            self._event(training, line.Carrier())
        at = training
        piece = step.rate.bps // 80
        for place in range(0, len(step.octets), piece):
            octets = step.octets[place : place + piece]
            at += len(octets) * 8 / step.rate.bps
            if heard_whole:
                self._event(at, line.Data(octets))
        if heard:
            self._event(at + 0.02, line.DataEnd())
        self._far_quiet_since = self.now + at + 0.02
        self._after(at + 0.02, self._far_is_through)

    def run(self, at: Callable[[float, Receiver], None] | None = None, give_up_s: float = 20_000.0) -> Played:
        receiver = self._receiver
        self._take()
        self._next()
        while receiver.ended is None:
            assert self.now < give_up_s, f"a call without an end: {self.played.sent[-20:]}"
            due = self._queue[0][0] if self._queue else None
            deadline = receiver.deadline
            assert due is not None or deadline is not None, f"nothing will ever happen: {receiver.state}"
            if due is not None and (deadline is None or due <= deadline):
                self.now = max(self.now, due)
                heapq.heappop(self._queue)[2]()
            else:
                assert deadline is not None
                self.now = max(self.now, deadline)
                receiver.tick(self.now)
                self._take()
            if at is not None:
                at(self.now, receiver)
                self._take()
        self.played.seconds = self.now
        return self.played


def play(
    script: Script,
    policy: ReceiverPolicy | None = None,
    *,
    codes: frozenset[int] = FTM_CODES,
    store_s: float | None = 0.0,
    adaptive: bool = True,
    document: bool = False,
    at: Callable[[float, Receiver], None] | None = None,
    whole: bool = True,
) -> Played:
    """One call of a scripted sender. ``whole``: the script must come to its end."""
    receiver = Receiver(policy or ReceiverPolicy(csi="+1 555 2001"), 0.0)
    receiver.has_document = document
    played = Line(receiver, script, codes=codes, store_s=store_s, adaptive=adaptive).run(at)
    if whole:
        assert played.finished_script, f"the call ended before the script: {played.sent}"
    return played
