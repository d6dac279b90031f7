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
from modem.class1.profile import Profile
from modem.conversation import Conversation
from modem.incoming import IncomingPages
from modem.memory import learned
from modem.outcome import Cause, Fate, Figures, Outcome, Phase, Retry, parted
from modem.plan import CallPlan
from modem.receipt import fetched_pages
from modem.t30 import notes, receiver_notes
from modem.t30.ecodes import ecode
from modem.t30.endings import ENDINGS, sentence
from modem.t30.meaning import describe_dcs, describe_dis
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.sender import Sender
from modem.t30.states import State

_PROGRESS_S = 1.0
# With flow control data may wait before the modem so long: enough for any stall of ours, little enough to cancel.
_AHEAD_S = 8.0


class Call(Conversation[Outcome]):
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
        self._planned = plan.pages
        count = len(pages) if supply is None else supply.count
        if len(self._planned) != count:
            raise ValueError(f"{count} pages for a plan of {len(self._planned)}")
        profile = profile or Profile()
        if plan.policy.flow_control:
            profile = replace(profile, ahead_s=_AHEAD_S, after_class=(*profile.after_class, "AT+FLO=2"))
        super().__init__(now, profile)
        self._plan = plan
        self._progress_at = now
        self._looked_ahead = -1  # the page during which the next one was coded
        number = dial_string(plan.dial)
        fault = fault_of(plan)
        self._fetched: IncomingPages | None = None  # its receiver is at work instead of the sender, once it is there
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
        due = super().deadline
        if self.outcome is not None or not self._image_going_out:
            return due
        progress = self._progress_at + _PROGRESS_S
        return progress if due is None else min(due, progress)

    def tick(self, now: float) -> None:
        super().tick(now)
        if self.outcome is None:
            self._note_progress()

    @property
    def _machine(self) -> Sender | Receiver:
        return self._fetched.receiver if self._fetched is not None else self._sender

    @property
    def _incoming(self) -> IncomingPages | None:
        return self._fetched

    def _take_note(self, note: notes.Note | receiver_notes.Note) -> None:
        sender = self._sender
        match note:
            case notes.Dialled():
                self._write("dialling", number=self._plan.dial)
            case notes.Answered():
                self._write("connected")
            case notes.FarEnd(ident, abilities):
                self._write("far-end", ident=ident, abilities=describe_dis(abilities))
            case notes.Trained() | notes.TrainingFailed():
                self._write_training(note)
            case notes.PageStarted(index):
                each = self._planned[index]
                self._progress_at = self._now
                self._write(
                    "page-intent",
                    **each.said,
                    digest=each.page.digest,
                    index=sender.page_of_call,
                    octets=sender.octets_total,
                    barrier=True,
                )
            case notes.PageAnswered(index, fate, by):
                self._write("page-answer", **self._planned[index].said, fate=fate.value, by=by, barrier=True)
            case notes.AddressingLeftOut(sub_address, password):
                self._write("addressing-left-out", sub_address=sub_address, password=password)
            case notes.FetchNow():
                self._fetch()
            case receiver_notes.Sender(ident, _, parameters):
                self._write("far-end", ident=ident, abilities=describe_dcs(parameters))
            case receiver_notes.PageIn() | receiver_notes.PageConfirmed() | receiver_notes.PageRefused():
                assert self._fetched is not None
                self._fetched.take_note(note)
            case receiver_notes.PickedUp() | receiver_notes.Polled():
                raise AssertionError(f"{note} is not for one who has called")
            case notes.Ended(cause, phase, detail, after):
                self._end(cause, phase, detail, after)

    def _fetch(self) -> None:
        """The far end has a document, and sends from now on (polling)."""
        plan = self._plan
        assert plan.fetch is not None
        policy = ReceiverPolicy(
            csi=plan.tsid, ecm=plan.policy.ecm, v17=plan.policy.v17, max_rate_bps=plan.policy.max_rate_bps
        )
        receiver = Receiver(policy, self._now)
        receiver.begin_polling(
            self._sender.receive_codes,
            self._now,
            cig=plan.tsid,
            password=plan.fetch.password,
            selection=plan.fetch.selection,
        )
        self._fetched = IncomingPages(receiver, self._write, lambda: self._given)
        self._carry_out()

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
        said = self._planned[sender.index].said
        self._write("page-progress", **said, octets_sent=octets, octets_total=sender.octets_total)

    def _end(self, cause: Cause, phase: Phase, detail: str = "", after: str = "") -> None:
        sender = self._sender
        ending = ENDINGS[cause]
        retry = ending.retry
        pages, prefaces = parted(self._plan, sender.fates)
        fetched = self._plan.fetch is None or cause is Cause.OK
        if fetched and all(page.fate in (Fate.CONFIRMED, Fate.DAMAGED) for page in pages):
            retry = Retry.NO_NEED if pages or self._plan.fetch else retry
        rate, form = sender.rate_used, sender.format_used
        self.outcome = Outcome(
            cause=cause,
            phase=phase,
            fault=ending.fault,
            retry=retry,
            text=sentence(cause, detail),
            pages=pages,
            prefaces=prefaces,
            figures=Figures(
                line_seconds=self._seconds_off_hook,
                rate_bps=rate.bps if rate else None,
                modulation=rate.modulation.value if rate else None,
                coding=form.coding.value if form else None,
                ecm=form.ecm if form else None,
                ecm_frames_resent=sender.frames_resent,
                far_ident=sender.far_ident or None,
            ),
            advice=ending.advice if retry is not Retry.NO_NEED else ENDINGS[Cause.OK].advice,
            code=ecode(cause, phase, after),
            fetched=fetched_pages(self._fetched.receipts if self._fetched is not None else ()),
            memory=learned(self._plan.memory, facts(sender)),
        )
        self._write("end", outcome=msgspec.to_builtins(self.outcome), barrier=True)
