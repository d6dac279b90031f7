"""What a call that we make and one that we answer have in common: the crank between machine, modem, journal and disk.

What always holds: no I/O, no clock; the last entry is ``end``, and it is given out when ``outcome`` is there; what the
machine wants done only after the journal is on disk waits for its barrier entries. What it must not do: decide about
T.30, or where anything is stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from modem.class1.driver import Driver, Heard, Said
from modem.class1.profile import Profile
from modem.entries import Entry
from modem.heard import HeardImage
from modem.incoming import IncomingPages
from modem.journal import IMAGE, masked
from modem.outcome import Outcome
from modem.receipt import AnswerOutcome, ReceivedPage
from modem.t30 import line, notes, receiver_notes
from modem.t30.frames import Frame, FrameError, parse
from modem.t30.meaning import describe
from modem.t30.receiver import Receiver
from modem.t30.sender import Sender

Found = TypeVar("Found", Outcome, AnswerOutcome)


class Conversation(ABC, Generic[Found]):
    """One call, from setting up the modem to on-hook. See ``modem.call`` for how the crank is turned."""

    def __init__(self, now: float, profile: Profile | None) -> None:
        self.outcome: Found | None = None
        self._began = self._now = now
        self._off_hook: float | None = None
        self._line_seconds: float | None = None
        self.on_hook = True  # as far as the modem has said; a call that was given up may still have the line
        self._entries: list[Entry] = []
        self._given = 0  # entries ever made
        self._barrier = 0  # so many must be on disk before the next gated act
        self._synced = 0
        self._image: HeardImage | None = None  # what is coming in on a fast carrier
        self._driver = Driver(now, profile)

    @property
    @abstractmethod
    def _machine(self) -> Sender | Receiver:
        """Whose turn it is."""

    @property
    @abstractmethod
    def _incoming(self) -> IncomingPages | None:
        """Pages that come in, if any may."""

    @abstractmethod
    def _take_note(self, note: notes.Note | receiver_notes.Note) -> None:
        """The machine tells something."""

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called."""
        if self.outcome is not None:
            return None
        times = [time for time in (self._driver.deadline, self._machine.deadline) if time is not None]
        return min(times, default=None)

    def take_output(self) -> bytes:
        """Octets for the modem: all that it may have by now."""
        output = self._driver.take_output()
        self._pump()
        return output

    def take_entries(self) -> list[Entry]:
        """Journal entries since the last time, in order."""
        entries, self._entries = self._entries, []
        return entries

    def take_pages(self) -> list[ReceivedPage]:
        """Pages to be stored since the last time, in order."""
        return self._incoming.take_pages() if self._incoming is not None else []

    def receive(self, octets: bytes, now: float) -> None:
        """Octets came from the modem."""
        self._now = now
        if self.outcome is None:
            self._driver.receive(octets, now)
            self._pump()

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._now = now
        if self.outcome is None:
            self._driver.tick(now)
            self._pump()
            self._machine.tick(now)
            self._pump()

    def synced(self, count: int, now: float) -> None:
        """The first ``count`` entries ever taken are on disk."""
        self._now = now
        self._synced = max(self._synced, count)
        self._look_what_is_kept()

    def stored(self, count: int, now: float) -> None:
        """The first ``count`` pages ever taken are on disk."""
        self._now = now
        if self._incoming is not None:
            self._incoming.stored(count)
            self._look_what_is_kept()

    def store_failed(self, text: str, now: float) -> None:
        """A page cannot be stored: the call ends, and the far end is not told that we have it."""
        self._now = now
        if self.outcome is None and self._incoming is not None:
            self._write("store-failed", text=text)
            self._incoming.receiver.store_failed(text, now)
            self._pump()

    def cancel(self, now: float) -> None:
        """End the call politely, as soon as the line allows."""
        self._now = now
        if self.outcome is None:
            self._write("asked-to-end")
            self._machine.cancel(now)
            self._pump()

    def hung_up(self, now: float) -> None:
        """The device is gone."""
        self._now = now
        if self.outcome is None:
            self._write("device-gone")
            self._machine.hung_up(now)
            self._pump()

    # Between machine, driver, journal and store.

    def _look_what_is_kept(self) -> None:
        if self.outcome is None:
            self._release()
            if self._incoming is not None:
                self._incoming.kept(self._synced, self._now)
            self._pump()

    def _pump(self) -> None:
        while self.outcome is None:
            events = self._driver.take_events()
            for event in events:
                if isinstance(event, Said):
                    self._write("command", text=event.text)
                elif isinstance(event, Heard):
                    self._write("response", text=event.text)
                else:
                    self._take_event(event)
            self._carry_out()
            if not events:
                return

    def _take_event(self, event: line.LineEvent) -> None:
        match event:
            case line.FrameHeard():
                self._write_frame_in(event)
            case line.OnHook():
                self.on_hook = event.confirmed
                if self._off_hook is not None:
                    self._line_seconds = self._now - self._off_hook
            case line.Carrier():
                self._image = HeardImage(self._t)
            case line.Data() if self._image is not None:
                self._image.add(event.octets, self._t)
            case line.DataEnd():
                self._write_image(ended=True)
        self._machine.handle(event, self._now)
        self._carry_out()

    def _carry_out(self) -> None:
        for output in self._machine.take_outputs():
            if isinstance(output, notes.Note | receiver_notes.Note):
                self._take_note(output)
                continue
            self._write_image(ended=False)
            if isinstance(output, line.SendFrames):
                for octets in output.frames:
                    self._write_frame("out", Frame(octets[1], octets[2], octets[3:]), octets, good=True)
            elif isinstance(output, line.Dial | line.PickUp):
                self._off_hook = self._now
                self.on_hook = False
            self._driver.perform(output, self._now)
            self._release()

    def _release(self) -> None:
        if self._synced >= self._barrier:
            self._driver.release(self._now)

    @property
    def _seconds_off_hook(self) -> float | None:
        """At the end: for the figures."""
        if self._line_seconds is None and self._off_hook is not None:
            self._line_seconds = self._now - self._off_hook
        return None if self._line_seconds is None else round(self._line_seconds, 3)

    @property
    def _t(self) -> float:
        """Seconds since the call began, as the journal has them."""
        return round(self._now - self._began, 4)

    def _write_image(self, *, ended: bool) -> None:
        """What came in on a fast carrier, if there is one: it is over, or we turn to something else."""
        image, self._image = self._image, None
        if image is not None:
            self._append(IMAGE, image.fields(ended=ended))

    def _write(self, kind: str, *, barrier: bool = False, **fields: object) -> None:
        if kind == "end":
            self._write_image(ended=False)
        self._append(kind, fields, barrier)

    def _append(self, kind: str, fields: dict[str, Any], barrier: bool = False) -> None:
        self._entries.append(masked(Entry(kind, self._t, fields, barrier)))
        self._given += 1
        if barrier:
            self._barrier = self._given

    def _write_frame_in(self, heard: line.FrameHeard) -> None:
        try:
            frame = parse(heard.octets)
        except FrameError as error:
            self._write("frame", dir="in", name="?", octets=heard.octets.hex(), meaning=str(error), good=False)
            return
        self._write_frame("in", frame, heard.octets, good=True)

    def _write_frame(self, direction: str, frame: Frame, octets: bytes, *, good: bool) -> None:
        self._write("frame", dir=direction, name=frame.name, octets=octets.hex(), meaning=describe(frame), good=good)

    def _write_training(self, note: notes.Trained | notes.TrainingFailed) -> None:
        rate = note.rate
        if isinstance(note, notes.TrainingFailed):
            self._write("training-failed", rate_bps=rate.bps, modulation=rate.modulation.value)
            return
        self._write(
            "trained",
            rate_bps=rate.bps,
            modulation=rate.modulation.value,
            coding=note.format.coding.value,
            ecm=note.format.ecm,
            weighed=dict(note.weighed),
        )
