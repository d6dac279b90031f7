"""One incoming call: an AT dialogue and T.30, without I/O, clock or randomness. The twin of ``modem.call.Call``.

The rim owns a byte channel to the modem, a journal and a store for pages, and turns the crank::

    answer = Answer("in-1", policy, now=t)      # it picks up at once
    while answer.outcome is None:
        octets = answer.take_output()           # to the modem, now
        entries = answer.take_entries()         # to the journal, in order
        pages = answer.take_pages()             # to the store, in order
        wait until octets come in, answer.deadline is reached, a barrier entry or a page is on disk; then
        answer.receive(octets, now) | tick(now) | synced(count, now) | stored(count, now)

``stored(count, now)``: the first ``count`` pages ever taken are on disk; ``store_failed(text, now)``: one cannot be.
``cancel(now)`` ends the call politely, ``hung_up(now)`` says that the device is gone.

What always holds: a page is confirmed to the far end only when it is stored and the journal's entry about it is on
disk; meanwhile the far end is held by flags, RNR or CRP. The last entry is ``end``, given out when ``outcome`` is
there. What it must not do: decide where pages go.

With a ``document`` a caller may fetch it instead (polling): from its DTC on the call goes as one of ours, with the same
entries and fates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from codec.coder import page_from_bitmap
from codec.page import Page
from codec.tiff_tags import Clean, FaxTags
from modem.class1.driver import Driver, Heard, Said
from modem.class1.profile import Profile
from modem.entries import Entry
from modem.journal import masked
from modem.outcome import Cause, Figures, PageFate, Phase
from modem.receipt import AnswerOutcome, CallerId, PageReceipt, Receipt, ReceivedPage, fault_of, sentence
from modem.t30 import line, notes, receiver_notes
from modem.t30.core import SenderPolicy
from modem.t30.frames import Frame, FrameError, parse
from modem.t30.meaning import describe, describe_dcs, describe_dis
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_polled import PolledSender
from modem.t30.receiver_states import State
from modem.t30.supply import CodedPages, Sheet

POLLED_JOB = 0  # of the pages that a caller fetched


class Answer:
    """One call, from going off-hook to on-hook."""

    def __init__(
        self,
        call: str,
        policy: ReceiverPolicy,
        now: float,
        *,
        caller: CallerId | None = None,
        profile: Profile | None = None,
        document: Sequence[Page] = (),
    ) -> None:
        self.call = call
        self.outcome: AnswerOutcome | None = None
        self._caller = caller or CallerId()
        self._began = self._now = now
        self._off_hook: float | None = None
        self._line_seconds: float | None = None
        self._entries: list[Entry] = []
        self._given = 0  # entries ever made
        self._synced = 0
        self._pages: list[ReceivedPage] = []
        self._receipts: list[PageReceipt] = []
        self._noted_at: list[int] = []  # the number of entries with which each page is told
        self._stored = 0
        self._driver = Driver(now, profile)
        self._policy = policy
        self._document = tuple(document)
        self._receiver = Receiver(policy, now)
        self._receiver.has_document = bool(document)
        self._sender: PolledSender | None = None  # instead of the receiver, once the caller fetches
        self._barrier = 0  # so many entries must be on disk before a page goes out
        told = {name: value for name, value in msgspec.to_builtins(self._caller).items() if value}
        self._write("begin", call=call, dial="", incoming=True, caller=told)
        self._pump()

    @property
    def _machine(self) -> Receiver | PolledSender:
        return self._sender or self._receiver

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called."""
        if self.outcome is not None:
            return None
        times = [time for time in (self._driver.deadline, self._machine.deadline) if time is not None]
        return min(times, default=None)

    @property
    def receipts(self) -> tuple[PageReceipt, ...]:
        """The pages so far."""
        return tuple(self._receipts)

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
        pages, self._pages = self._pages, []
        return pages

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
        self._stored = max(self._stored, count)
        self._look_what_is_kept()

    def store_failed(self, text: str, now: float) -> None:
        """A page cannot be stored: the call ends, and the far end is not told that we have it."""
        self._now = now
        if self.outcome is None:
            self._receiver.store_failed(text, now)
            self._pump()

    def cancel(self, now: float) -> None:
        """End the call politely, as soon as the line allows."""
        self._now = now
        if self.outcome is None:
            self._machine.cancel(now)
            self._pump()

    def hung_up(self, now: float) -> None:
        """The device is gone."""
        self._now = now
        if self.outcome is None:
            self._machine.hung_up(now)
            self._pump()

    # Between receiver, driver, journal and store.

    def _look_what_is_kept(self) -> None:
        if self.outcome is None:
            self._release()
            if self._receiver.state is State.LAST_PAGES:
                kept = self._stored  # nobody is told any more
            else:
                kept = sum(noted <= self._synced for noted in self._noted_at[: self._stored])
            self._receiver.stored(kept, self._now)
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
                    if isinstance(event, line.FrameHeard):
                        self._write_frame_in(event)
                    elif isinstance(event, line.OnHook) and self._off_hook is not None:
                        self._line_seconds = self._now - self._off_hook
                    self._machine.handle(event, self._now)
                    self._carry_out()
            self._carry_out()
            if not events:
                return

    def _carry_out(self) -> None:
        for output in self._machine.take_outputs():
            match output:
                case line.SendFrames():
                    for octets in output.frames:
                        self._write_frame("out", Frame(octets[1], octets[2], octets[3:]), octets, good=True)
                    self._perform(output)
                case line.PickUp():
                    self._off_hook = self._now
                    self._perform(output)
                case (
                    line.GetReady()
                    | line.Listen()
                    | line.RaiseFlags()
                    | line.ReceiveFast()
                    | line.SendFast()
                    | line.StopFast()
                    | line.HangUp()
                ):
                    self._perform(output)
                case line.SetUp() | line.Dial():
                    raise AssertionError(f"{output} is no wish of one who was called")
                case _:
                    self._take_note(output)

    def _perform(self, wish: line.Wish) -> None:
        self._driver.perform(wish, self._now)
        self._release()

    def _release(self) -> None:
        if self._synced >= self._barrier:
            self._driver.release(self._now)

    def _take_note(self, note: receiver_notes.Note | notes.Note) -> None:
        match note:
            case receiver_notes.PickedUp():
                self._write("connected")
            case receiver_notes.Sender(ident, _, parameters):
                self._write("far-end", ident=ident, abilities=describe_dcs(parameters))
            case notes.Trained(rate, form):
                self._write(
                    "trained",
                    rate_bps=rate.bps,
                    modulation=rate.modulation.value,
                    coding=form.coding.value,
                    ecm=form.ecm,
                )
            case notes.TrainingFailed(rate):
                self._write("training-failed", rate_bps=rate.bps, modulation=rate.modulation.value)
            case receiver_notes.PageIn():
                self._take_page(note)
            case receiver_notes.PageRefused(rows, bad_rows):
                self._write("page-refused", rows=rows, bad_rows=bad_rows)
            case receiver_notes.PageConfirmed(number, by):
                self._receipts[number - 1] = replace(self._receipts[number - 1], confirmed=True)
                self._write("page-confirmed", number=number, by=by)
            case receiver_notes.Polled(dtc, ident, codes):
                self._turn_around(dtc, ident, codes)
            case notes.FarEnd(ident, abilities):
                self._write("far-end", ident=ident, abilities=describe_dis(abilities))
            case notes.PageStarted(index):
                self._write(
                    "page-intent",
                    job=POLLED_JOB,
                    number=index + 1,
                    digest=self._document[index].digest,
                    index=index,
                    barrier=True,
                )
            case notes.PageAnswered(index, fate, by):
                self._write("page-answer", job=POLLED_JOB, number=index + 1, fate=fate.value, by=by, barrier=True)
            case notes.Ended(cause, phase, detail):
                self._end(cause, phase, detail)

    def _turn_around(self, dtc: bytes, ident: str, codes: frozenset[int]) -> None:
        policy = self._policy
        self._sender = PolledSender(
            CodedPages([Sheet(page) for page in self._document], [coding.value for coding in policy.codings]),
            SenderPolicy(tsid=policy.csi, ecm=policy.ecm, v17=policy.v17, max_rate_bps=policy.max_rate_bps),
            codes,
            ident,
            dtc,
            self._now,
        )
        self._carry_out()

    def _take_page(self, note: receiver_notes.PageIn) -> None:
        decoded = note.decoded
        page = page_from_bitmap(decoded.bitmap, note.dpi_x, note.dpi_y)
        repaired = Clean.REPAIRED if decoded.bad_rows else Clean.CLEAN
        tags = FaxTags(
            description=f"Fax from {note.ident}" if note.ident else "Fax",
            bad_rows=len(decoded.bad_rows),
            longest_bad_run=decoded.longest_bad_run,
            clean=Clean.DAMAGED if note.receipt is not Receipt.CLEAN and not decoded.bad_rows else repaired,
            sub_address=note.sub_address,
            receive_time_s=round(note.seconds),
            dcs=note.dcs.hex().upper(),
        )
        self._pages.append(ReceivedPage(number=note.number, page=page, tags=tags))
        receipt = PageReceipt(
            number=note.number,
            receipt=note.receipt,
            confirmed=False,
            rows=decoded.rows,
            bad_rows=len(decoded.bad_rows),
            digest=page.digest,
        )
        self._receipts.append(receipt)
        self._write(
            "page-received",
            number=note.number,
            receipt=note.receipt.value,
            digest=page.digest,
            width=page.width,
            rows=page.rows,
            bad_rows=receipt.bad_rows,
            octets=note.octets,
            barrier=True,
        )
        self._noted_at.append(self._given)

    def _write(self, kind: str, *, barrier: bool = False, **fields: object) -> None:
        self._entries.append(masked(Entry(kind, round(self._now - self._began, 4), fields, barrier)))
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

    def _end(self, cause: Cause, phase: Phase, detail: str = "") -> None:
        receiver, sender = self._receiver, self._sender
        machine = self._machine
        if self._line_seconds is None and self._off_hook is not None:
            self._line_seconds = self._now - self._off_hook
        rate, form = machine.rate_used, machine.format_used
        self.outcome = AnswerOutcome(
            cause=cause,
            phase=phase,
            fault=fault_of(cause),
            text="Our document was fetched." if sender is not None and cause is Cause.OK else sentence(cause, detail),
            pages=tuple(self._receipts),
            sent=tuple(
                PageFate(job=POLLED_JOB, number=number, fate=fate)
                for number, fate in enumerate(sender.fates if sender is not None else (), 1)
            ),
            bad_rows=receiver.bad_rows,
            sub_address=receiver.sub_address,
            caller=self._caller,
            figures=Figures(
                line_seconds=None if self._line_seconds is None else round(self._line_seconds, 3),
                rate_bps=rate.bps if rate else None,
                modulation=rate.modulation.value if rate else None,
                coding=form.coding.value if form else None,
                ecm=form.ecm if form else None,
                ecm_frames_resent=receiver.frames_asked_again if sender is None else sender.frames_resent,
                far_ident=machine.far_ident or None,
            ),
        )
        self._write("end", outcome=msgspec.to_builtins(self.outcome), barrier=True)
