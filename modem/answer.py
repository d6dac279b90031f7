"""One incoming call: an AT dialogue and T.30, without I/O, clock or randomness.

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

import msgspec

from codec.page import Page
from modem.briefing import told_policy
from modem.class1.profile import Profile
from modem.conversation import Conversation
from modem.incoming import IncomingPages
from modem.outcome import Cause, Figures, PageFate, Phase
from modem.receipt import AnswerOutcome, CallerId, PageReceipt, fault_of, sentence
from modem.t30 import notes, receiver_notes
from modem.t30.core import SenderPolicy
from modem.t30.meaning import describe_dcs, describe_dis
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_polled import PolledSender
from modem.t30.sender import Sender
from modem.t30.supply import CodedPages, Sheet

POLLED_JOB = 0  # of the pages that a caller fetched


class Answer(Conversation[AnswerOutcome]):
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
        supply: notes.Pages | None = None,
    ) -> None:
        """``document``: what the caller may fetch; ``supply``: code for its pages from elsewhere (a replay)."""
        super().__init__(now, profile)
        self.call = call
        self._caller = caller or CallerId()
        self._policy = policy
        self._document = tuple(document)
        self._supply = supply
        self._receiver = Receiver(policy, now)
        self._receiver.has_document = bool(document)
        self._sender: PolledSender | None = None  # instead of the receiver, once the caller fetches
        self._received = IncomingPages(self._receiver, self._write, lambda: self._given)
        told = {name: value for name, value in msgspec.to_builtins(self._caller).items() if value}
        self._write(
            "begin",
            call=call,
            dial="",
            incoming=True,
            caller=told,
            policy=told_policy(policy),
            sheets=[(page.width, page.rows, page.dpi_x, page.dpi_y) for page in document],
            profile=msgspec.to_builtins(profile or Profile()),
        )
        self._pump()

    @property
    def _machine(self) -> Sender | Receiver:
        return self._sender or self._receiver

    @property
    def _incoming(self) -> IncomingPages | None:
        return self._received

    @property
    def receipts(self) -> tuple[PageReceipt, ...]:
        """The pages so far."""
        return tuple(self._received.receipts)

    def _take_note(self, note: notes.Note | receiver_notes.Note) -> None:
        match note:
            case receiver_notes.PickedUp():
                self._write("connected")
            case receiver_notes.Sender(ident, _, parameters):
                self._write("far-end", ident=ident, abilities=describe_dcs(parameters))
            case notes.Trained() | notes.TrainingFailed():
                self._write_training(note)
            case receiver_notes.PageIn() | receiver_notes.PageConfirmed() | receiver_notes.PageRefused():
                self._received.take_note(note)
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
                    octets=self._sender.octets_total if self._sender is not None else 0,
                    barrier=True,
                )
            case notes.PageAnswered(index, fate, by):
                self._write("page-answer", job=POLLED_JOB, number=index + 1, fate=fate.value, by=by, barrier=True)
            case notes.Ended(cause, phase, detail):
                self._end(cause, phase, detail)

    def _turn_around(self, dtc: bytes, ident: str, codes: frozenset[int]) -> None:
        policy = self._policy
        self._sender = PolledSender(
            self._supply
            or CodedPages([Sheet(page) for page in self._document], [coding.value for coding in policy.codings]),
            SenderPolicy(tsid=policy.csi, ecm=policy.ecm, v17=policy.v17, max_rate_bps=policy.max_rate_bps),
            codes,
            ident,
            dtc,
            self._now,
        )
        self._carry_out()

    def _end(self, cause: Cause, phase: Phase, detail: str = "") -> None:
        receiver, sender = self._receiver, self._sender
        machine = self._machine
        rate, form = machine.rate_used, machine.format_used
        self.outcome = AnswerOutcome(
            cause=cause,
            phase=phase,
            fault=fault_of(cause),
            text="Our document was fetched." if sender is not None and cause is Cause.OK else sentence(cause, detail),
            pages=self.receipts,
            sent=tuple(
                PageFate(job=POLLED_JOB, number=number, fate=fate)
                for number, fate in enumerate(sender.fates if sender is not None else (), 1)
            ),
            bad_rows=receiver.bad_rows,
            sub_address=receiver.sub_address,
            caller=self._caller,
            figures=Figures(
                line_seconds=self._seconds_off_hook,
                rate_bps=rate.bps if rate else None,
                modulation=rate.modulation.value if rate else None,
                coding=form.coding.value if form else None,
                ecm=form.ecm if form else None,
                ecm_frames_resent=receiver.frames_asked_again if sender is None else sender.frames_resent,
                far_ident=machine.far_ident or None,
            ),
        )
        self._write("end", outcome=msgspec.to_builtins(self.outcome), barrier=True)
