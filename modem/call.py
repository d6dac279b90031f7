"""One outgoing call: a plan, an AT dialogue and T.30, without I/O, clock or randomness.

The rim (the port process, a test in virtual time) owns a byte channel to the modem and turns the crank::

    call = Call(plan, pages, now=t)      # pages: codec.Page for every PlannedPage, hashes already checked
    while call.outcome is None:
        octets = call.take_output()          # to the modem, now; as much as it may have by now
        entries = call.take_entries()        # to the journal, in order
        wait until octets come in, or call.deadline is reached, or a barrier entry is on disk; then
        call.receive(octets, now) | call.tick(now) | call.synced(count, now)

``synced(count, now)``: the first ``count`` entries ever taken are on disk. ``cancel(now)`` ends the call politely.
``deadline`` is the ``now`` at which ``tick`` wants to be called, or None. ``hung_up(now)``: the device is gone.

What always holds: the last entry is ``end``, and it is given out when ``outcome`` is there; a post-page command is not
begun before its page's intent is on disk, the next page's training not before the answer is. Octets that are taken
may be written late: then the modem has them late, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from codec.page import Page
from modem.briefing import coded_pages, dial_string, facts, fault_of, sender_policy, told
from modem.class1.driver import Driver, Heard, Said
from modem.class1.profile import Profile
from modem.entries import Entry
from modem.fetching import Fetching
from modem.journal import masked
from modem.memory import learned
from modem.outcome import Cause, Fate, Figures, Outcome, PageFate, Phase, Retry
from modem.plan import CallPlan
from modem.receipt import ReceivedPage
from modem.t30 import line, notes, receiver_notes
from modem.t30.ecodes import ecode
from modem.t30.endings import ENDINGS, sentence
from modem.t30.frames import Frame, FrameError, parse
from modem.t30.meaning import describe, describe_dcs, describe_dis
from modem.t30.receiver import Receiver
from modem.t30.sender import Sender
from modem.t30.states import State

_PROGRESS_S = 1.0
# With flow control data may wait before the modem so long: enough for any stall of ours, little enough to cancel.
_AHEAD_S = 8.0


class Call:
    """One call, from setting up the modem to on-hook."""

    def __init__(
        self,
        plan: CallPlan,
        pages: Sequence[Page],
        now: float,
        profile: Profile | None = None,
        supply: notes.Pages | None = None,
    ) -> None:
        """``supply``: code for these pages from elsewhere (a replay). Raises ValueError when ``pages`` are not as many
        as the plan has."""
        self._planned = [(document, page) for document in plan.documents for page in document.pages]
        count = len(pages) if supply is None else supply.count
        if len(self._planned) != count:
            raise ValueError(f"{count} pages for a plan of {len(self._planned)}")
        self.outcome: Outcome | None = None
        self._plan = plan
        self._began = self._now = now
        self._off_hook: float | None = None
        self._line_seconds: float | None = None
        self._entries: list[Entry] = []
        self._given = 0  # entries ever made
        self._barrier = 0  # so many must be on disk before the next gated act
        self._synced = 0
        self._progress_at = now
        self._looked_ahead = -1  # the page during which the next one was coded
        policy = plan.policy
        profile = profile or Profile()
        if policy.flow_control:
            profile = replace(profile, ahead_s=_AHEAD_S, after_class=(*profile.after_class, "AT+FLO=2"))
        self._driver = Driver(now, profile)
        number = dial_string(plan.dial)
        fault = fault_of(plan)
        self._fetching: Fetching | None = None  # instead of the sender, once the far end sends
        self._sender = Sender(number, supply or coded_pages(plan, pages), sender_policy(plan), now)
        documents = [
            {"job": document.job, "pages": [page.number for page in document.pages]} for document in plan.documents
        ]
        self._write(
            "begin",
            call=plan.call,
            dial=plan.dial,
            tsid=plan.tsid,
            documents=documents,
            plan=told(plan),
            sheets=[(page.width, page.rows, page.dpi_x, page.dpi_y) for page in pages],
            profile=msgspec.to_builtins(profile),
        )
        if fault or not number or not (count or plan.fetch):
            self._end(Cause.BAD_NUMBER if not number else Cause.PLAN_INVALID, Phase.SETUP, fault)
        else:
            self._pump()

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called."""
        if self.outcome is not None:
            return None
        times = [time for time in (self._driver.deadline, self._machine.deadline) if time is not None]
        if self._image_going_out:
            times.append(self._progress_at + _PROGRESS_S)
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
            self._note_progress()

    def synced(self, count: int, now: float) -> None:
        """The first ``count`` entries ever taken are on disk."""
        self._now = now
        self._synced = max(self._synced, count)
        if self.outcome is None:
            self._release()
            if self._fetching is not None:
                self._fetching.kept(self._synced, now)
            self._pump()

    def take_pages(self) -> list[ReceivedPage]:
        """Pages that were fetched since the last time, to be stored, in order."""
        return self._fetching.take_pages() if self._fetching is not None else []

    def stored(self, count: int, now: float) -> None:
        """The first ``count`` pages ever taken are on disk."""
        self._now = now
        if self.outcome is None and self._fetching is not None:
            self._fetching.stored(count)
            self._fetching.kept(self._synced, now)
            self._pump()

    def store_failed(self, text: str, now: float) -> None:
        """A page cannot be stored: the call ends, and the far end is not told that we have it."""
        self._now = now
        if self.outcome is None and self._fetching is not None:
            self._fetching.receiver.store_failed(text, now)
            self._pump()

    @property
    def _machine(self) -> Sender | Receiver:
        return self._fetching.receiver if self._fetching is not None else self._sender

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

    # Between sender, driver and journal.

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
            if isinstance(output, notes.Note):
                self._take_note(output)
                continue
            if isinstance(output, receiver_notes.Note):
                self._take_receivers_note(output)
                continue
            if isinstance(output, line.SendFrames):
                for octets in output.frames:
                    self._write_frame("out", Frame(octets[1], octets[2], octets[3:]), octets, good=True)
            self._perform(output)

    def _perform(self, wish: line.Wish) -> None:
        if isinstance(wish, line.Dial):
            self._off_hook = self._now
        self._driver.perform(wish, self._now)
        self._release()

    def _release(self) -> None:
        if self._synced >= self._barrier:
            self._driver.release(self._now)

    def _take_note(self, note: notes.Note) -> None:
        sender = self._sender
        match note:
            case notes.Dialled():
                self._write("dialling", number=self._plan.dial)
            case notes.Answered():
                self._write("connected")
            case notes.FarEnd(ident, abilities):
                self._write("far-end", ident=ident, abilities=describe_dis(abilities))
            case notes.Trained(rate, form, weighed):
                self._write(
                    "trained",
                    rate_bps=rate.bps,
                    modulation=rate.modulation.value,
                    coding=form.coding.value,
                    ecm=form.ecm,
                    weighed=dict(weighed),
                )
            case notes.TrainingFailed(rate):
                self._write("training-failed", rate_bps=rate.bps, modulation=rate.modulation.value)
            case notes.PageStarted(index):
                document, page = self._planned[index]
                self._progress_at = self._now
                self._write(
                    "page-intent",
                    job=document.job,
                    number=page.number,
                    digest=page.digest,
                    index=sender.page_of_call,
                    octets=sender.octets_total,
                    barrier=True,
                )
            case notes.PageAnswered(index, fate, by):
                document, page = self._planned[index]
                self._write("page-answer", job=document.job, number=page.number, fate=fate.value, by=by, barrier=True)
            case notes.AddressingLeftOut(sub_address, password):
                self._write("addressing-left-out", sub_address=sub_address, password=password)
            case notes.FetchNow():
                self._fetching = Fetching(
                    self._plan, self._sender.receive_codes, self._write, lambda: self._given, self._now
                )
                self._carry_out()
            case notes.Ended(cause, phase, detail, after):
                self._end(cause, phase, detail, after)

    def _take_receivers_note(self, note: receiver_notes.Note) -> None:
        assert self._fetching is not None
        match note:
            case receiver_notes.Sender(ident, _, parameters):
                self._write("far-end", ident=ident, abilities=describe_dcs(parameters))
            case receiver_notes.PageIn():
                self._fetching.take(note)
            case receiver_notes.PageConfirmed():
                self._fetching.confirmed(note)
            case receiver_notes.PageRefused():
                self._fetching.refused(note)
            case _:
                raise AssertionError(f"{note} is not for one who has called")

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

    @property
    def _image_going_out(self) -> bool:
        return self._driver.progress is not None and self._sender.state in (State.SEND_PAGE, State.SEND_BLOCK)

    def _note_progress(self) -> None:
        """About once a second while an image goes out."""
        progress = self._driver.progress
        sender = self._sender
        if progress is None or not self._image_going_out or self._now < self._progress_at + _PROGRESS_S:
            return
        if self._looked_ahead != sender.index:
            self._looked_ahead = sender.index
            sender.look_ahead()
        self._progress_at = self._now
        sent, total = progress
        octets = sender.octets_before + int(sender.octets_going_out * sent / max(1, total))
        document, page = self._planned[sender.index]
        self._write(
            "page-progress",
            job=document.job,
            number=page.number,
            octets_sent=octets,
            octets_total=sender.octets_total,
        )

    def _end(self, cause: Cause, phase: Phase, detail: str = "", after: str = "") -> None:
        sender = self._sender
        ending = ENDINGS[cause]
        retry = ending.retry
        pages = tuple(
            PageFate(job=document.job, number=page.number, fate=fate)
            for (document, page), fate in zip(self._planned, sender.fates, strict=True)
        )
        fetched = self._plan.fetch is None or cause is Cause.OK
        if fetched and all(page.fate in (Fate.CONFIRMED, Fate.DAMAGED) for page in pages):
            retry = Retry.NO_NEED if pages or self._plan.fetch else retry
        if self._line_seconds is None and self._off_hook is not None:
            self._line_seconds = self._now - self._off_hook
        rate, form = sender.rate_used, sender.format_used
        self.outcome = Outcome(
            cause=cause,
            phase=phase,
            fault=ending.fault,
            retry=retry,
            text=sentence(cause, detail),
            pages=pages,
            figures=Figures(
                line_seconds=None if self._line_seconds is None else round(self._line_seconds, 3),
                rate_bps=rate.bps if rate else None,
                modulation=rate.modulation.value if rate else None,
                coding=form.coding.value if form else None,
                ecm=form.ecm if form else None,
                ecm_frames_resent=sender.frames_resent,
                far_ident=sender.far_ident or None,
            ),
            advice=ending.advice if retry is not Retry.NO_NEED else ENDINGS[Cause.OK].advice,
            code=ecode(cause, phase, after),
            fetched=tuple(self._fetching.pages) if self._fetching is not None else (),
            memory=learned(self._plan.memory, facts(sender)),
        )
        self._write("end", outcome=msgspec.to_builtins(self.outcome), barrier=True)
