"""The sender's phases A and B: dialling, the far end's DIS, DCS, the training check and falling back (T.30 5.2, 5.3).

What always holds: V.17 is used only when far end, modem and policy all can; a rate is raised only at a new phase B, by
a step, after clean pages; a DCS without an answer is sent at most three times.
"""

from __future__ import annotations

from collections import Counter

from modem.outcome import Cause
from modem.t30 import line
from modem.t30.capabilities import Abilities, PageFormat, Parameters, build_dcs, parse_dis
from modem.t30.core import Core, SenderPolicy
from modem.t30.frames import Frame, Type, build, ident_fif
from modem.t30.notes import (
    NOWHERE,
    Addressing,
    AddressingLeftOut,
    Answered,
    Dialled,
    FarEnd,
    FetchNow,
    IncompatibleError,
    Pages,
    Trained,
    TrainingFailed,
)
from modem.t30.rates import Modulation, Rate, slower, usable
from modem.t30.states import State

T0_S = 60.0  # dialled, until an answer signal
T1_S = 35.0  # answer signal until DIS
TRIES = 3
TCF_S = 1.5
STEPS_TO_A_RATE = 2


class Negotiation(Core):
    """Phases A and B. ``index`` is the page that is to be sent next."""

    def __init__(self, number: str, pages: Pages, policy: SenderPolicy, now: float) -> None:
        super().__init__(policy, now)
        self.rate: Rate | None = None
        self.format: PageFormat | None = None
        self.index = 0
        self._number = number
        self._pages = pages
        self._abilities: Abilities | None = None
        self._rates: tuple[Rate, ...] = ()
        self._dcs_sent = 0
        self._v17_failures = 0
        self._failed: Counter[Rate] = Counter()  # what made us step down, in this call
        self._clean_pages = 0  # since the rate was chosen
        self.v17_trouble = False  # V.17 got nothing through
        self.stepped_down = False
        self._lowest_tried_again = False
        self.rate_used: Rate | None = None  # of the last training that worked
        self.format_used: PageFormat | None = None

    @property
    def answered(self) -> bool:
        """Whether a DIS was heard."""
        return self._abilities is not None

    def _start_page(self) -> None:
        """Training was good: phase C begins."""
        raise NotImplementedError

    # Phase A.

    def _on_dial(self) -> None:
        pauses = sum(self._number.count(mark) * seconds for mark, seconds in ((",", 2.0), ("W", 10.0)))
        self._enter(State.DIAL, T0_S + pauses + 0.25 * len(self._number) + 5.0)
        self._note(Dialled())
        self._wish(line.Dial(self._number))

    def _on_connected(self) -> None:
        self._note(Answered())
        self._enter(State.WAIT_DIS, T1_S)
        self._due = self.now + T1_S
        if not self._listening:
            self._wish(line.Listen())

    def _on_dial_failed(self) -> None:
        cause = {
            line.DialResult.BUSY: Cause.BUSY,
            line.DialResult.NO_DIAL_TONE: Cause.NO_DIAL_TONE,
            line.DialResult.NO_ANSWER: Cause.NO_ANSWER,
            line.DialResult.NO_CARRIER: Cause.NO_CARRIER,
            line.DialResult.BLACKLISTED: Cause.BLACKLISTED,
            line.DialResult.DELAYED: Cause.DELAYED,
            line.DialResult.ERROR: Cause.DEVICE_ERROR,
        }[self._dial_result]
        self._finish(cause)

    def _on_no_answer(self) -> None:
        self._finish(Cause.NO_ANSWER)

    # Phase B.

    def _on_no_fax(self) -> None:
        self._give_up(Cause.NO_FAX)

    def _on_no_dis_again(self) -> None:
        self._give_up(Cause.LINE_LOST)

    def _on_far_end_left(self) -> None:
        self._finish(Cause.FAR_END_DISCONNECTED)

    def _on_negotiate(self) -> None:
        assert self._frame is not None
        self._take_dis(self._frame.fif)
        self._step_up()
        abilities = self._abilities
        assert abilities is not None
        if self._policy.fetch and self.index >= self._pages.count:
            self._fetch(abilities)
            return
        if not abilities.can_receive and self._frame.type is Type.DIS:
            self._give_up(Cause.CANNOT_RECEIVE)
            return
        if self.rate is None:
            self._give_up(Cause.INCOMPATIBLE, "no rate that both can")
            return
        self._dcs_sent = 0
        self._train()

    def _fetch(self, abilities: Abilities) -> None:
        """DIS bit 9: there is a document. Whoever receives it sends the DTC (T.30 5.3.6.1.2)."""
        if not abilities.has_document:
            self._give_up(Cause.NOTHING_TO_FETCH)
            return
        self._enter(State.ENDED, None)
        self._note(FetchNow())

    def _take_dis(self, fif: bytes) -> None:
        """What the far end can, and the rate to begin with: the fastest, or the one that fall-back has led to."""
        abilities = parse_dis(fif)
        if abilities == self._abilities:
            return
        self._abilities = abilities
        self._note(FarEnd(self.far_ident, abilities))
        policy = self._policy
        self._rates = usable(abilities.rates, self._codes, policy.max_rate_bps, policy.v17)
        if self.rate not in self._rates:
            limit = self.rate.bps if self.rate else policy.begin_rate_bps
            slow_enough = [rate for rate in self._rates if limit is None or rate.bps <= limit]
            self.rate = slow_enough[0] if slow_enough else self._rates[-1] if self._rates else None

    def _train(self) -> None:
        """[TSI] DCS, then the training check (T.30 5.3.2)."""
        assert self._abilities is not None and self.rate is not None
        try:
            ecm = self._policy.ecm and self._abilities.ecm
            self.format = self._pages.format(self.index, self._abilities, ecm, self.rate)
        except IncompatibleError as error:
            self._give_up(Cause.INCOMPATIBLE, str(error))
            return
        asked = self._pages.addressing(self.index)
        said = self._said(asked, self._abilities)
        if asked.sub_address and not said.sub_address and self._policy.sub_address_required:
            self._give_up(Cause.INCOMPATIBLE, "it knows no sub-addresses")
            return
        if said != asked and self._dcs_sent == 0:
            self._note(AddressingLeftOut(asked.sub_address != said.sub_address, asked.password != said.password))
        self._dcs_sent += 1
        self._send(State.SEND_DCS, *self._prologue(said, self.format, self.rate), after_journal=True)

    @staticmethod
    def _said(asked: Addressing, abilities: Abilities) -> Addressing:
        """What of it the far end understands (DIS bits 49 and 50)."""
        return Addressing(
            asked.sub_address if abilities.sub_address else "", asked.password if abilities.password else ""
        )

    def _prologue(self, said: Addressing, form: PageFormat, rate: Rate) -> list[Frame]:
        """[TSI] [SUB] [SID] DCS (T.30 5.3.6.1.4)."""
        idents = (
            (Type.TSI, self._policy.tsid),
            (Type.SUB, said.sub_address),
            (Type.SID, said.password),
        )
        parameters = Parameters(
            format=form, rate=rate, sub_address=bool(said.sub_address), password=bool(said.password)
        )
        frames = [build(kind, ident_fif(text), final=False) for kind, text in idents if text]
        return [*frames, build(Type.DCS, build_dcs(parameters))]

    def _on_send_tcf(self) -> None:
        assert self.rate is not None
        zeros = bytes(self.rate.octets_in(TCF_S) + 4)
        repeated = self._repeated
        self._send_fast(State.SEND_TCF, self.rate, zeros, short=False, after_journal=False)
        self._repeated = repeated

    def _on_trained(self) -> None:
        assert self.rate is not None and self.format is not None
        self._dcs_sent = self._v17_failures = 0
        self._lowest_tried_again = False
        self.rate_used, self.format_used = self.rate, self.format
        self._note(Trained(self.rate, self.format, self._pages.weighed))
        self._start_page()

    def _on_training_failed(self) -> None:
        """FTT: the next lower rate; the lowest one gets a second chance (T.30 4.4)."""
        assert self.rate is not None
        self._note(TrainingFailed(self.rate))
        self._v17_failures += self.rate.modulation is Modulation.V17
        if not self._step_down():
            if self._lowest_tried_again:
                self._give_up(Cause.CANNOT_TRAIN)
                return
            self._lowest_tried_again = True
        self._dcs_sent = 0
        self._train()

    def _step_down(self) -> bool:
        assert self.rate is not None
        self._failed[self.rate] += 1
        self._clean_pages = 0
        self.stepped_down = True
        lower = slower(self.rate, self._rates, self._v17_failures)
        if lower is None:
            return False
        self.rate = lower
        return True

    def _step_up(self) -> None:
        """At a new phase B after clean pages: one step, and not to a rate that has failed twice."""
        if self.rate not in self._rates or not self._clean_pages:
            return
        faster = [
            rate
            for rate in self._rates[: self._rates.index(self.rate)]
            if rate.bps > self.rate.bps and self._failed[rate] < STEPS_TO_A_RATE
        ]
        if faster:
            self.rate = faster[-1]
            self._clean_pages = 0

    def _on_train_again_after_dis(self) -> None:
        assert self._frame is not None
        if self._frame.type is Type.DIS:
            self._take_dis(self._frame.fif)
        self._on_train_again()

    def _on_train_again(self) -> None:
        if self.rate is None or self._dcs_sent >= TRIES:
            self._look_at_v17()
            self._give_up(Cause.NO_ANSWER_TO_TRAINING)
            return
        if self._dcs_sent == TRIES - 1:
            self._step_down()
        self._train()
        self._repeated = True

    def _on_field_refused(self) -> None:
        self._give_up(Cause.INCOMPATIBLE, "it does not accept a field that we sent")

    def _look_at_v17(self) -> None:
        """Far ends that leave at the first V.17 training take V.29 in the next call; but a password may be why."""
        asked = self._pages.addressing(self.index) != NOWHERE
        if self.rate is not None and self.rate.modulation is Modulation.V17 and self.rate_used is None and not asked:
            self.v17_trouble = True

    def _on_left_in_training(self) -> None:
        self._look_at_v17()
        self._finish(Cause.FAR_END_DISCONNECTED)
