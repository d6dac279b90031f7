"""A small telephone exchange: modems attached under numbers, far ends that are data, calls between them.

What always holds: all time is line time, counted in samples, so a run is the same every time; whoever owns the
exchange turns the crank with ``advance`` (a virtual clock, or a server that keeps up with the real one); a modem is in
at most one call. What it must not do: know files of its host, ttys or clocks.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count as counting
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from modem.soft.connection import Connection
from modem.soft.event import Event
from modem.soft.farend import Answers, ExchangeData, FarEnd, Incoming, normalised
from modem.soft.line import Impairments, Moment
from modem.soft.modem import Hook, SoftModem
from modem.soft.parties import FaxParty, FaxRecord, Party, Silent
from modem.soft.script import ScriptedParty
from modem.soft.spandsp import BLOCK, SAMPLE_RATE, Block, CallEvent

_NO_DIAL_TONE_S: Final = 2.0  # how long a modem listens for it
_UNKNOWN_S: Final = 2.0  # from the end of dialling to the announcement


class _Call:
    """A call from dialling to the last on-hook."""

    def __init__(self, number: int, caller: str, called: str) -> None:
        self.number = number
        self.caller = caller
        self.called = called
        self.connection: Connection | None = None
        self.modems: dict[SoftModem, int] = {}  # who is off-hook, since when (samples)
        self.rings: SoftModem | None = None
        self.seizes = ""  # the number of the exchange that is engaged by it
        self.on_answer: Callable[[], None] | None = None
        self.fax: FaxParty | None = None
        self.scripted: ScriptedParty | None = None
        self.moments = Counter[str]()
        self.triggers: list[tuple[Moment, Callable[[], None]]] = []
        self.dead = False

    @property
    def through(self) -> bool:
        """Whether the far end wants to go on-hook."""
        if self.scripted is not None:
            return self.scripted.finished
        return self.fax is not None and self.fax.finished and self.fax.record is None


class Exchange:
    """See the module. ``out``: where fax machines keep what they receive: ``out/NUMBER/0001.tif`` and ``.json``;
    without it they keep it as long as the exchange lives."""

    def __init__(
        self, data: ExchangeData, *, out: Path | None = None, on_event: Callable[[Event], None] | None = None
    ) -> None:
        self.data = data
        self.records: list[FaxRecord] = []
        self.modems: dict[str, SoftModem] = {}
        self._own_folder = None if out is not None else TemporaryDirectory(prefix="platen-exchange-")
        self._out = Path(self._own_folder.name) if self._own_folder is not None else Path(out or ".")
        self._on_event = on_event
        self._samples = 0
        self._block = Block()
        self._calls: list[_Call] = []
        self._call_numbers = counting(1)
        self._called = Counter[str]()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = counting()
        for incoming in data.incoming:
            self.expect(incoming)

    @property
    def now(self) -> float:
        """Seconds of line time."""
        return self._samples / SAMPLE_RATE

    @property
    def talking(self) -> bool:
        """Whether samples flow, or a host's octets wait for them to: time has to pass block by block."""
        return any(call.connection for call in self._calls) or any(modem.backlog for modem in self.modems.values())

    @property
    def next_due(self) -> float | None:
        """When the next thing is planned, in seconds of line time."""
        return self._due[0][0] / SAMPLE_RATE if self._due else None

    def attach(self, number: str = "") -> SoftModem:
        """A new modem. Without a number it can call and cannot be called."""
        name = number or f"line {len(self.modems) + 1}"
        if name in self.modems:
            raise ValueError(f"there is already a modem under {name}")
        modem = self.modems[name] = SoftModem(name, self)
        return modem

    def expect(self, incoming: Incoming) -> None:
        """Plan a call to one of the modems, ``after_s`` from now."""
        self._after(incoming.after_s, lambda: self._begin_incoming(incoming))

    def advance(self, samples: int) -> None:
        """Let so many samples pass on every line."""
        end = self._samples + samples
        self._fire()
        while self._samples < end:
            step = end - self._samples
            if self._due:
                step = max(1, min(step, self._due[0][0] - self._samples))
            if self.talking:
                step = min(BLOCK, step)
                self._run_connections(step)
            self._samples += step
            self._fire()

    def close(self) -> None:
        """Everybody hangs up; records of running calls are written."""
        for modem in self.modems.values():
            modem.drop_dtr()
        for call in tuple(self._calls):
            self._finish(call)
        for modem in self.modems.values():
            modem.close()
        if self._own_folder is not None:
            self._own_folder.cleanup()

    # What modems ask (modem.Switch).

    def dial(self, modem: SoftModem, dialled: str) -> None:
        self.hang_up(modem)  # a modem that dials again has left its call
        call = self._new_call(modem.number, normalised(dialled))
        call.modems[modem] = self._samples
        self._say(call, "dialled", dialled)
        if not self.data.dial_tone:
            self._after(_NO_DIAL_TONE_S, lambda: self._fail(call, modem, CallEvent.NO_DIAL_TONE))
            return
        self._after(self.data.set_up_s, lambda: self._route(call, modem))
        self._after(float(modem.wait_for_carrier_s()), lambda: self._no_carrier_in_time(call, modem))

    def answer(self, modem: SoftModem) -> None:
        if any(modem in call.modems for call in self._calls):
            modem.connect(dialled=False)  # once more in the same call: the answer tone again
            return
        call = next((call for call in self._calls if call.rings is modem), None)
        if call is None:
            call = self._new_call("", modem.number)
            self._connect(call, Silent(), modem, Impairments(), None, "nobody had rung")
        call.rings = None
        call.modems[modem] = self._samples
        if call.on_answer is not None:
            call.on_answer()
        modem.connect(dialled=False)

    def hang_up(self, modem: SoftModem) -> None:
        for call in tuple(self._calls):
            if modem in call.modems:
                self._on_hook(call, modem)

    # The course of a call.

    def _run_connections(self, step: int) -> None:
        for call in tuple(self._calls):
            if call.connection is not None and not call.dead:
                call.connection.run(step)
        for modem in self.modems.values():
            modem.passed(step)
        for call in tuple(self._calls):
            if call.through:
                self._far_end_on_hook(call)

    def _new_call(self, caller: str, called: str) -> _Call:
        call = _Call(next(self._call_numbers), caller, called)
        self._calls.append(call)
        return call

    def _route(self, call: _Call, modem: SoftModem) -> None:
        if call.dead:
            return
        other = self.modems.get(call.called)
        if other is not None:
            if other.hook is not Hook.ON or any(each.rings is other for each in self._calls):
                self._fail(call, modem, CallEvent.BUSY)
            else:
                call.on_answer = lambda: self._join(call, modem, other)
                self._ring(call, other, 8, lambda: self._fail(call, modem, CallEvent.NO_ANSWER))
            return
        end = self.data.find(call.called)
        self._called[call.called] += 1
        if end is None or end.answers is Answers.UNKNOWN:
            self._after(_UNKNOWN_S, lambda: self._fail(call, modem, None))
        elif end.answers is Answers.BUSY or self._called[call.called] <= end.busy_calls or self._engaged(call):
            self._fail(call, modem, CallEvent.BUSY)
        else:
            call.seizes = call.called
            self._say(call, "ringing")
            answered = end.answers is not Answers.NO_ANSWER
            then = self._far_end_answers if answered else self._far_end_does_not
            self._after(end.rings * self.data.ring_s, lambda: then(call, modem, end))

    def _engaged(self, call: _Call) -> bool:
        """A fax machine has one line."""
        return any(each.seizes == call.called for each in self._calls)

    def _far_end_does_not(self, call: _Call, modem: SoftModem, _end: FarEnd) -> None:
        self._fail(call, modem, CallEvent.NO_ANSWER)

    def _far_end_answers(self, call: _Call, modem: SoftModem, end: FarEnd) -> None:
        if call.dead:
            return
        party: Party = Silent()
        if end.script:
            party = call.scripted = ScriptedParty(end.script, on_moment=lambda what: self._moment(call, what))
        elif end.answers is Answers.FAX:
            party = call.fax = FaxParty(
                number=end.number,
                abilities=end.fax.abilities(end.ident),
                stem=self._stem(end.number),
                on_moment=lambda what: self._moment(call, what),
            )
        self._connect(call, modem, party, end.line, end.hang_up, end.answers.value)
        modem.connect(dialled=True)

    def _begin_incoming(self, incoming: Incoming) -> None:
        modem = self.modems.get(incoming.to)
        if modem is None:
            raise ValueError(f"an incoming call is for {incoming.to}, where no modem is attached")
        call = self._new_call(incoming.number, incoming.to)
        self._say(call, "dialled", "incoming")
        if modem.hook is not Hook.ON:
            self._finish(call, "busy")
            return
        party: Party = Silent()
        if incoming.send:
            party = call.fax = FaxParty(
                number=incoming.number,
                abilities=incoming.fax.abilities(incoming.ident),
                stem=self._stem(incoming.number),
                send=Path(incoming.send),
                on_moment=lambda what: self._moment(call, what),
            )
        call.on_answer = lambda: self._connect(call, party, modem, incoming.line, incoming.hang_up, "incoming")
        self._ring(call, modem, incoming.rings, lambda: self._finish(call, "no-answer"))

    def _ring(self, call: _Call, modem: SoftModem, rings: int, give_up: Callable[[], None]) -> None:
        call.rings = modem
        left = rings

        def ring() -> None:
            nonlocal left
            if call.dead or call.rings is not modem:
                return
            if left == 0:
                call.rings = None
                modem.ringing_ended()
                give_up()
                return
            left -= 1
            self._after(self.data.ring_s, ring)
            self._say(call, "ringing")
            modem.ring()

        ring()

    def _join(self, call: _Call, caller: SoftModem, called: SoftModem) -> None:
        self._connect(call, caller, called, self.data.line, None, "modem")
        caller.connect(dialled=True)

    def _connect(
        self, call: _Call, caller: Party, called: Party, line: Impairments, hang_up: Moment | None, text: str
    ) -> None:
        connection = call.connection = Connection(caller, called, line)
        for disturbance in line.disturbances:
            call.triggers.append((disturbance.start, partial(connection.disturb, disturbance)))
        if hang_up is not None:
            call.triggers.append((hang_up, lambda: self._far_end_on_hook(call)))
        self._say(call, "answered", text)
        self._moment(call, "answered")

    def _moment(self, call: _Call, what: str) -> None:
        """Something of interest happened; may come from inside a library callback, so it only plans."""
        call.moments[what] += 1
        if what != "answered":
            self._say(call, "page" if what == "page" else "frame", str(call.moments[what]) if what == "page" else what)
        for moment, action in call.triggers:
            if moment.what == what and moment.nth == call.moments[what]:
                self._after(moment.delay_s, action)

    def _far_end_on_hook(self, call: _Call) -> None:
        """The fax machine is through, or hangs up in the middle: its side of the line is silent from now on."""
        if call.dead or call.connection is None:
            return
        self._keep_record(call)
        for party in (call.fax, call.scripted):
            if party is not None:
                call.connection.leave(party)
        if call.scripted is not None:
            call.scripted.close()
            call.scripted = None
        self._say(call, "far-end-on-hook")
        if self.data.says_far_hang_up:
            for modem in tuple(call.modems):
                modem.say_no_carrier()
                self._on_hook(call, modem)

    def _keep_record(self, call: _Call) -> None:
        if call.fax is not None and call.fax.record is None:
            record = call.fax.close()
            self.records.append(record)
            self._say(call, "record", record.completion_text, record=record)

    def _fail(self, call: _Call, modem: SoftModem, event: CallEvent | None) -> None:
        """The dialled call does not come about. None: NO CARRIER."""
        if call.dead or modem not in call.modems:
            return
        kind = "no-carrier" if event is None else event.name.lower().replace("_", "-")
        if event is None:
            modem.say_no_carrier()
        else:
            modem.refuse(event)
        self._say(call, kind)
        self._on_hook(call, modem)

    def _no_carrier_in_time(self, call: _Call, modem: SoftModem) -> None:
        """S7 is over."""
        if not modem.heard_carrier:
            self._fail(call, modem, CallEvent.NO_ANSWER if call.connection is None else None)

    def _on_hook(self, call: _Call, modem: SoftModem) -> None:
        if call.dead or modem not in call.modems:
            return
        since = call.modems.pop(modem)
        if call.connection is not None:
            call.connection.leave(modem)
        self._say(call, "on-hook", modem.number, off_hook_s=(self._samples - since) / SAMPLE_RATE)
        if not call.modems:
            self._finish(call)

    def _finish(self, call: _Call, kind: str = "") -> None:
        if call.dead:
            return
        if kind:
            self._say(call, kind)
        if call.connection is not None:
            self._hear_the_end(call)
        self._keep_record(call)
        call.dead = True
        if call.rings is not None:
            call.rings.ringing_ended()
        self._calls.remove(call)

    def _hear_the_end(self, call: _Call) -> None:
        """The modem has gone: what is still in the far end's ear (a DCN, say) counts; up to 2 s, outside line time."""
        party = call.scripted or call.fax
        for _ in range(100):
            if party is None or party.finished:
                break
            party.transmit(self._block, BLOCK)
            self._block.silence()
            party.receive(self._block, BLOCK)

    # Small things.

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._samples + round(seconds * SAMPLE_RATE), next(self._order), action))

    def _fire(self) -> None:
        while self._due and self._due[0][0] <= self._samples:
            heapq.heappop(self._due)[2]()

    def _say(
        self,
        call: _Call,
        kind: str,
        text: str = "",
        *,
        off_hook_s: float | None = None,
        record: FaxRecord | None = None,
    ) -> None:
        if self._on_event is not None:
            self._on_event(
                Event(
                    at=self.now,
                    call=call.number,
                    kind=kind,
                    caller=call.caller,
                    called=call.called,
                    text=text,
                    off_hook_s=off_hook_s,
                    record=record,
                )
            )

    def _stem(self, number: str) -> Path:
        """The next free file name of a fax machine, without suffix."""
        folder = self._out / normalised(number) if normalised(number) else self._out / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        taken = [int(path.stem) for path in folder.iterdir() if path.stem.isdigit()]
        return folder / f"{max(taken, default=0) + 1:04d}"
