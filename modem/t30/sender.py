"""The calling fax machine that sends: T.30 as a pure state machine. This file: phases C and D.

What always holds: events and times in, wishes for the line and notes for the journal out (``take_outputs``, in order);
a page is CONFIRMED only by MCF, RTP or PIP to its post-page command, and NOT_SENT only when its image did not leave
whole. It must not read files, look at clocks, or know anything of AT commands.
"""

from __future__ import annotations

from modem.outcome import Cause, Fate
from modem.t30.capabilities import ctc_fif
from modem.t30.core import SenderPolicy
from modem.t30.ecm import ENOUGH_PROGRESS, EcmPage
from modem.t30.frames import Type, build
from modem.t30.hdlc import block_stream
from modem.t30.negotiation import TRIES, Negotiation
from modem.t30.notes import IncompatibleError, PageAnswered, Pages, PageStarted
from modem.t30.rates import Modulation, Rate, slower
from modem.t30.states import State

T5_S = 62.0  # first RNR of a row until patience ends: 60 s, +5 -0
PAGES_AGAIN = 2  # a page that is refused or not answered goes out again at most so often, whatever the policy says
_T2_AGAIN_S = 14.0  # after EOM's MCF the far end waits T2 = 6 s +-1 before its DIS: twice that


class Sender(Negotiation):
    """One call."""

    def __init__(self, number: str, pages: Pages, policy: SenderPolicy, now: float) -> None:
        super().__init__(number, pages, policy, now)
        self.fates = [Fate.NOT_SENT] * pages.count
        self.frames_sent = 0
        self.frames_resent = 0
        self._resent_before_page = 0
        self.ecm_trouble = False  # it went wrong where ECM may be why
        self.coding_trouble = False  # the far end refused or left when it had a whole page
        self.octets_total = 0  # code of the page that is going out
        self.octets_before = 0  # of these, before the block that is going out
        self.octets_going_out = 0  # of these, in what is going out now
        self._ecm: EcmPage | None = None
        self._end = Type.EOP  # this page's post-page command
        self.page_of_call = 0  # pages begun in this call, as ECM counts them
        self._rtns = 0
        self._rtps = 0
        self._long_training = False  # CTC asks for it
        self._repeats = 0
        self._invalid = 0
        self._dis_after_page = 0
        self._unanswered = 0  # times that this page was sent and a new phase B came instead of its answer
        self._t5: float | None = None
        self._rr_for = State.WAIT_PPS

    # Phase C.

    def _start_page(self) -> None:
        assert self.rate is not None and self.format is not None
        data = self._pages.code(self.index, self.format, self.rate)
        self._end = self._post_page_command()
        self._repeats = self._invalid = self._dis_after_page = 0
        self._resent_before_page = self.frames_resent
        self.octets_total, self.octets_before = len(data), 0
        started = PageStarted(self.index)
        if self.format.ecm:
            self._ecm = EcmPage(data, self.page_of_call, self.format.frame_octets)
            self._send_block(started)
        else:
            self._ecm = None
            self.octets_going_out = len(data)
            self._send_fast(State.SEND_PAGE, self.rate, data, short=True, after_journal=True, note=started)

    def look_ahead(self) -> None:
        """While an image goes out there is time to code the next page, so that its training need not wait for it."""
        following = self.index + 1
        if self._end is Type.MPS and following < self._pages.count and self.format and self.rate:
            self._pages.prepare(following, self.format, self.rate)

    def _post_page_command(self) -> Type:
        """EOP for the last page, MPS when the next one has the same form, else EOM (T.30 5.3.6.1.6)."""
        assert self._abilities is not None and self.format is not None and self.rate is not None
        if self.index + 1 == self._pages.count:
            return Type.EOM if self._policy.fetch else Type.EOP
        try:
            following = self._pages.format(self.index + 1, self._abilities, self.format.ecm, self.rate)
        except IncompatibleError:
            return Type.EOM
        same_place = self._pages.addressing(self.index + 1) == self._pages.addressing(self.index)
        return Type.MPS if following == self.format and same_place else Type.EOM

    def _on_image_given(self) -> None:
        """All of the image is on its way: from now on the far end may hold the page."""
        self.fates[self.index] = Fate.UNCERTAIN

    def _on_send_ppm(self) -> None:
        self._on_image_given()
        self._heard_something = False
        self._send_ppm()

    def _send_ppm(self) -> None:
        self._send(State.SEND_PPM, build(self._end), after_journal=True)

    # Phase D without ECM (T.30 5.2.3, figure 5-2b).

    def _answered(self, fate: Fate) -> None:
        assert self._frame is not None
        self.fates[self.index] = fate
        self._note(PageAnswered(self.index, fate, self._frame.name))

    def _on_page_confirmed(self) -> None:
        damaged = self._ecm is not None and self._ecm.damaged
        self._answered(Fate.DAMAGED if damaged else Fate.CONFIRMED)
        clean = not damaged and self.frames_resent == self._resent_before_page
        self._clean_pages = self._clean_pages + 1 if clean else 0
        self._next_page(train=False)

    def _on_page_confirmed_train(self) -> None:
        self._answered(Fate.CONFIRMED)
        self._clean_pages = 0
        self._rtps += 1
        if self._rtps > 1:
            self._step_down()
        self._next_page(train=True)

    def _next_page(self, *, train: bool) -> None:
        self.index += 1
        self.page_of_call += 1
        self._rtns = self._unanswered = 0
        if self._end is Type.EOP:
            self._give_up(Cause.OK)
        elif self._end is Type.EOM:
            self._listen(State.WAIT_DIS_AGAIN, _T2_AGAIN_S)
        elif train:
            self._dcs_sent = 0
            self._train()
        else:
            self._start_page()

    def _on_page_refused(self) -> None:
        """RTN or PIN: the same page again at a lower rate, twice at most; never taken for a confirmation."""
        self._answered(Fate.REFUSED)
        self._rtns += 1
        if self._rtns > min(PAGES_AGAIN, self._policy.pages_again_after_rtn):
            self._give_up(Cause.PAGE_REFUSED)
            return
        self._step_down()
        if self._end is Type.EOM:
            self._listen(State.WAIT_DIS_AGAIN, _T2_AGAIN_S)
            return
        self._dcs_sent = 0
        self._train()

    def _on_dis_after_page(self) -> None:
        """After EOM the far end has begun a new phase B: our page was not answered, so it goes out again, twice at
        most. After another command it may have missed it."""
        if self._end is Type.EOM:
            self._unanswered += 1
            if self._unanswered > PAGES_AGAIN:
                self._give_up(Cause.NO_ANSWER_TO_PAGE)
            else:
                self._on_negotiate()
            return
        self._dis_after_page += 1
        if self._dis_after_page > 1:
            self._give_up(Cause.NO_ANSWER_TO_PAGE)
            return
        self._on_repeat_command()

    def _on_left_after_page(self) -> None:
        self._look_at_coding()
        self._finish(Cause.FAR_END_DISCONNECTED)

    def _look_at_coding(self) -> None:
        """Nothing has got through yet, and the far end has just had a whole page: its coding may be why."""
        if not any(fate in (Fate.CONFIRMED, Fate.DAMAGED) for fate in self.fates):
            self.coding_trouble = self._ecm is None or self._ecm.last_block

    def _look_at_ecm(self) -> None:
        """No block has ever been confirmed: next time without ECM."""
        first_block = self._ecm is not None and self._ecm.block == 0 and self._ecm.pprs == self._ecm.ctcs == 0
        if first_block and self.page_of_call == 0:
            self.ecm_trouble = True

    def _on_repeat_command(self) -> None:
        """No answer, or CRP: the command again, three times in all (T.30 5.4.2); RR only as long as T5 lasts."""
        if self.state is State.WAIT_RR and self._t5 is not None and self.now >= self._t5:
            self._look_at_ecm()
            self._give_up(Cause.NOT_READY_TOO_LONG)
            return
        self._repeats += 1
        if self._repeats >= TRIES:
            self._look_at_ecm()
            self._give_up(Cause.NO_ANSWER_TO_PAGE if self._heard_something else Cause.LINE_LOST)
            return
        match self.state:
            case State.WAIT_PPM:
                self._send_ppm()
            case State.WAIT_PPS:
                self._send_pps()
            case State.WAIT_CTR:
                self._send_ctc()
            case State.WAIT_ERR:
                self._send_eor()
            case _:
                self._send(State.SEND_RR, build(Type.RR))
        self._repeated = True

    def _on_invalid_answer(self) -> None:
        """A frame that cannot be an answer: once is let pass, a second one ends the call."""
        self._invalid += 1
        if self._invalid > 1:
            assert self._frame is not None
            self._look_at_ecm()
            self._give_up(Cause.PROTOCOL_ERROR, f"{self._frame.name} as the answer to a page")
            return
        self._on_listen_on()

    # ECM (T.30 Annex A).

    def _send_block(self, started: PageStarted | None = None) -> None:
        assert self._ecm is not None and self.rate is not None
        self.octets_before = self._ecm.block_start
        self.octets_going_out = self._ecm.octets_pending
        self.frames_sent += len(self._ecm.pending)
        octets = block_stream(self._ecm.frames(), self.rate.bps)
        short = not self._long_training
        self._long_training = False
        self._send_fast(State.SEND_BLOCK, self.rate, octets, short=short, after_journal=True, note=started)

    def _block_end(self) -> int:
        """FCF2: what follows this block."""
        assert self._ecm is not None
        return build(self._end).fcf if self._ecm.last_block else 0

    def _on_send_pps(self) -> None:
        self._on_image_given()
        self._heard_something = False
        self._repeats = self._invalid = 0
        self._send_pps()

    def _send_pps(self) -> None:
        assert self._ecm is not None
        self._send(State.SEND_PPS, build(Type.PPS, self._ecm.pps_fif(self._block_end())), after_journal=True)

    def _on_block_confirmed(self) -> None:
        assert self._ecm is not None
        self._t5 = None
        if self._ecm.last_block:
            self._on_page_confirmed()
            return
        self._ecm.next_block()
        self._send_block()

    def _on_frames_missing(self) -> None:
        assert self._ecm is not None and self._frame is not None and self.rate is not None
        self._t5 = None
        self._ecm.take_ppr(self._frame.fif)
        if not self._ecm.asked_too_often:
            self._send_again()
            return
        if self._ecm.progress == 0 and self.page_of_call == 0 and self._ecm.block == 0:
            # A training check that was good and not one frame: V.17 modems that do not agree do this.
            self.v17_trouble = self.v17_trouble or self.rate.modulation is Modulation.V17
        if self._ecm.may_correct_on:
            self._rate_for_correction()
            self._repeats = 0
            self._send_ctc()
        elif self.format is not None and self.format.loses_page_on_gap:
            self._give_up(Cause.LINE_TOO_BAD)
        else:
            self._repeats = 0
            self._send_eor()

    def _send_again(self) -> None:
        assert self._ecm is not None
        self.frames_resent += len(self._ecm.pending)
        self._send_block()

    def _rate_for_correction(self) -> None:
        """Half of the frames came through: the rate stays. None at all: another modulation, when there is one."""
        assert self._ecm is not None and self.rate is not None
        if self._ecm.progress >= ENOUGH_PROGRESS:
            return
        if self._ecm.progress == 0 and self.rate.modulation is not Modulation.V27TER:
            rest = self._rates[self._rates.index(self.rate) + 1 :]
            others = (rate for rate in rest if rate.modulation not in (self.rate.modulation, Modulation.V17))
            other: Rate | None = next(others, None)
            self.rate = other or slower(self.rate, self._rates) or self.rate
            return
        self._step_down()

    def _send_ctc(self) -> None:
        assert self.rate is not None
        self._send(State.SEND_CTC, build(Type.CTC, ctc_fif(self.rate)))

    def _on_correct_on(self) -> None:
        assert self._ecm is not None
        self._t5 = None
        self._ecm.correct_on()
        self._long_training = True
        self._send_again()

    def _send_eor(self) -> None:
        self._send(State.SEND_EOR, build(Type.EOR, bytes((self._block_end(),))))

    def _on_damage_accepted(self) -> None:
        """ERR: the far end goes on without the missing frames."""
        assert self._ecm is not None
        self._ecm.damaged = True
        self._on_block_confirmed()

    def _on_page_refused_in_ecm(self) -> None:
        self._answered(Fate.REFUSED)
        self._look_at_coding()
        self._give_up(Cause.PAGE_REFUSED)

    def _on_not_ready(self) -> None:
        """RNR: ask with RR until the far end is ready or T5 is over (T.30 Annex A 5.4.1)."""
        if self.state is not State.WAIT_RR:
            self._rr_for = self.state
        if self._t5 is None:
            self._t5 = self.now + T5_S
        if self.now >= self._t5:
            self._give_up(Cause.NOT_READY_TOO_LONG)
            return
        self._repeats = 0
        self._send(State.SEND_RR, build(Type.RR))

    def _on_ready_again(self) -> None:
        """The answer that RNR has put off."""
        assert self._frame is not None
        kind = self._frame.type
        if self._rr_for is State.WAIT_CTR and kind is Type.CTR:
            self._on_correct_on()
        elif self._rr_for is State.WAIT_ERR and kind not in (Type.PPR, Type.CTR):
            self._on_damage_accepted()
        elif self._rr_for is State.WAIT_PPS and kind is Type.PPR:
            self._on_frames_missing()
        elif self._rr_for is State.WAIT_PPS and kind in (Type.MCF, Type.PIP, Type.RTP):
            self._on_block_confirmed()
        else:
            self._on_invalid_answer()


__all__ = ["T5_S", "Sender", "SenderPolicy"]
