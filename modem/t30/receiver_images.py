"""The receiver's phases C and D: images, copy quality, storing, answers and their repetition (T.30 5.2.3, 5.3.6.1.7).

What always holds: a page is given out (``PageIn``) before it is confirmed, and MCF, RTP or ERR goes out only when it
has been ``stored``; the same command again, with no image between, gets the same answer again and counts once. What is
of ECM alone is in ``receiver``.
"""

from __future__ import annotations

from dataclasses import dataclass

from codec.coder import Decoded, End
from codec.page import Resolution
from modem.outcome import Cause
from modem.t30 import line
from modem.t30.capabilities import Bits, PageFormat
from modem.t30.frames import Type
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_core import COMMAND_S, SENDING_ON_S, T2_S
from modem.t30.receiver_notes import PageConfirmed, PageIn, PageRefused, Receipt
from modem.t30.receiver_page import EcmPage, RowStream
from modem.t30.receiver_states import PAGE_ENDS, State
from modem.t30.receiver_training import PAGE_S, Training

PAGE_LONGEST_S = 3600.0
HOLD_S = 2.2  # flags of ours before the frame: with their second of preamble the far end waits for 3 s
NOT_READY_S = 60.0
_CRPS = 2  # without ECM nothing else gives us time
_WAIT_DCS_S = 6.9
_LATE_S = 3.5  # without a carrier of an image, V.21 may still come
_AT_ONCE_S = 2.5  # the end of an image, its preamble and command
_REPEATS = 10
_SAME_COMMAND_S = COMMAND_S
_SAME_COMMAND_ONCE_S = 5.6  # the longest T4, 4.5 s +15 %, and what preamble and frame take longer than ours


@dataclass(frozen=True)
class Reply:
    """An answer to a command, for the first time or again."""

    kind: Type
    after: State
    fif: bytes = b""
    confirms: int = 0  # number of the page that it confirms


class Images(Training):
    """Phases C and D."""

    def __init__(self, policy: ReceiverPolicy, now: float) -> None:
        super().__init__(policy, now)
        self.pages = 0  # confirmed, or about to be
        self.frames_asked_again = 0
        self.bad_rows = 0
        self._rows: RowStream | None = None
        self._rows_without_rtc = 0  # of the last page that ended so
        self._ecm: EcmPage | None = None
        self._refused: PageIn | None = None
        self._page_began = self._image_ended = now
        self._late = False  # no carrier came in time: listening for V.21 alone
        self._image_since = False  # our last answer
        self._command = b""  # the last one that was answered
        self._answer: Reply | None = None
        self._answer_sent = now
        self._signals = 0  # of V.21, since then
        self._repeats = self._pprs = self._crps = 0
        self._confirmed = 0
        self._last_page = False  # EOP has been confirmed
        self._hold_since: float | None = None
        self._block: tuple[int, int] | None = None  # page and block that come next; None: any
        self._block_done: tuple[int, int] | None = None

    # Phase C.

    def _listen_again(self) -> None:
        if self.state is State.WAIT_PAGE and not self._late:
            self._wish(self._page_carrier())
        elif self.state is State.WAIT_TCF and self.rate is not None and self.rate.long_code in self._receive_codes:
            self._wish(line.ReceiveFast(self.rate.long_code))
        else:
            self._wish(line.Listen())

    def _on_page_begins(self) -> None:
        assert self.format is not None and self.rate is not None
        self._image_since = True
        self._repeats = 0
        self._long_training = False
        if self.format.ecm:
            if self._ecm is None:
                self._page_began = self.now
                self._ecm = EcmPage(self.format, self.rate.bps)
            self._ecm.carrier(self.rate.bps)
        else:
            self._page_began = self.now
            self._rows = RowStream(self.format, self.rate.bps)
        self._enter(State.RECEIVE_PAGE, PAGE_LONGEST_S)

    def _on_collect_page(self) -> None:
        image = self._image
        assert image is not None
        image.feed(self._data)
        if image.endless:
            self._on_image_given_up()

    @property
    def _image(self) -> RowStream | EcmPage | None:
        return self._ecm if self.format is not None and self.format.ecm else self._rows

    def _on_image_ended(self) -> None:
        """A carrier that went without RTC or RCP may be a gap in the line: then the image goes on without us."""
        self._image_ended = self.now
        image = self._image
        self._wait(State.WAIT_PPM, COMMAND_S if image is not None and image.ended else SENDING_ON_S)

    def _on_image_missed(self) -> None:
        """A carrier has passed on which the modem did not train: an image was there, and nothing of it came in."""
        self._image_since = True
        self._repeats = 0
        self._rows = None
        self._image_ended = self.now
        self._wait(State.WAIT_PPM, COMMAND_S)

    def _on_image_given_up(self) -> None:
        if self._end_if_cancelled():
            return
        self._image_ended = self.now
        self._wait(State.WAIT_PPM, COMMAND_S)

    def _on_no_page(self) -> None:
        """No carrier: a modem that did not train on it does not say so. In ECM what comes behind it helps."""
        if self._late or self._cancelled:
            self._give_up(Cause.CANCELLED if self._cancelled else Cause.LINE_LOST)
            return
        self._late = True
        ecm = self.format is not None and self.format.ecm
        self._wait(State.WAIT_PAGE, SENDING_ON_S - PAGE_S if ecm else _LATE_S)

    def _drop_page(self, form: PageFormat) -> None:
        """A DCS: the page begins anew. What was refused before will be sent again. Blocks in another form than the one
        that is said now belong to no page that can still come."""
        self._rows = None
        if self._ecm is not None:
            self._ecm.drop_block()
            if form != self.format:
                self._ecm = None
                self._block = (self._block[0], 0) if self._block is not None else None
        self._command, self._answer = b"", None
        self._last_page = False

    # Phase D without ECM (T.30 5.2.3, figure 5-2b).

    def _on_page_ended(self) -> None:
        assert self._frame is not None and self.format is not None
        if self.format.ecm:
            if self._ecm is None or (self._ecm.fresh and (self._image_since or not self._ecm.begun)):
                self._nothing_came_in()
            else:
                self._close_block(self._frame.fcf, 0)
            return
        kind = self._frame.type
        assert kind is not None
        self._judge(PAGE_ENDS[kind])

    def _judge(self, end: Type) -> None:
        """The page is here: MCF, RTP or RTN by its quality (T.30 5.3.6.1.7)."""
        assert self.format is not None
        rows, self._rows = self._rows, None
        decoded = rows.decoded() if rows is not None else None
        if rows is None or decoded is None or decoded.rows == 0:
            self._nothing_came_in()
            return
        broken_off = not rows.ended and not self._ends_like_this(decoded.rows)
        kind = self._policy.quality.answer(
            decoded.rows, len(decoded.bad_rows), decoded.longest_bad_run, self.format.resolution
        )
        if broken_off or rows.stood_still:
            kind = Type.RTN
        receipt = Receipt.DAMAGED if decoded.bad_rows or decoded.end is End.ROWS else Receipt.CLEAN
        if kind is Type.RTN:
            self._refused = self._page(decoded, Receipt.DAMAGED, rows.octets)
            self._note(PageRefused(decoded.rows, len(decoded.bad_rows)))
            self._first_reply(Reply(Type.RTN, _after(end, Type.RTN)))
            return
        self._store(self._page(decoded, receipt, rows.octets), kind, end)

    def _nothing_came_in(self) -> None:
        """RTN is taken for a confirmation by some senders: what did not come in at all must not be."""
        self._give_up(Cause.LINE_TOO_BAD, "nothing of the page could be read")

    def _ends_like_this(self, rows: int) -> bool:
        """A page without RTC has been broken off; unless it comes again, ends in the same row, and its command follows
        at once: then its sender has no RTC."""
        again = rows == self._rows_without_rtc and self.now - self._image_ended < _AT_ONCE_S
        self._rows_without_rtc = rows
        return again

    def _page(self, decoded: Decoded, receipt: Receipt, octets: int) -> PageIn:
        assert self.format is not None
        inch = Bits(self._dcs)[44]
        dpi_y = self.format.resolution.dpi_y
        if inch:
            dpi_y = {Resolution.STANDARD: 100, Resolution.FINE: 200, Resolution.SUPERFINE: 400}[self.format.resolution]
        return PageIn(
            number=self._given + 1,
            receipt=receipt,
            decoded=decoded,
            dpi_x=200 if inch else 204,
            dpi_y=dpi_y,
            octets=octets,
            seconds=max(0.0, self._image_ended - self._page_began),
            dcs=self._dcs,
            ident=self.far_ident,
            sub_address=self.sub_address,
        )

    def _give_out(self, page: PageIn) -> None:
        self._given += 1
        self.bad_rows += len(page.decoded.bad_rows)
        self._refused = None
        self._note(page)

    def _store(self, page: PageIn, kind: Type, end: Type) -> None:
        """Give the page out, hold the far end by flags, and confirm when it is on disk."""
        assert self._frame is not None
        self._give_out(page)
        self.pages += 1
        self._last_page = end is Type.EOP
        self._command = self._frame.octets
        self._answer = Reply(kind, _after(end, kind), confirms=self._given)
        self._hold_since = None
        self._crps = 0
        self._raise_flags()

    def _raise_flags(self) -> None:
        self._enter(State.RAISE_FLAGS, 20.0)
        self._wish(line.RaiseFlags())

    def _on_flags_up(self) -> None:
        if self._hold_since is None:
            self._hold_since = self.now
        if self._store_fault:
            self._on_store_failed()
        elif self._storing and not self._cancelled:
            self._enter(State.HOLD, HOLD_S)
        else:
            self._on_confirm()

    def _on_confirm(self) -> None:
        assert self._answer is not None
        self._reply_with(self._answer)

    def _on_hold_longer(self) -> None:
        """The disk is slow: RNR in ECM (T.30 Annex A 4.4), else CRP, which makes the far end say it again."""
        ecm = self.format is not None and self.format.ecm
        self._crps += 1
        waited = self.now - (self._hold_since or self.now)
        if waited > NOT_READY_S or (not ecm and self._crps > _CRPS):
            self._give_up(Cause.STORAGE, "a page did not get to the disk in time")
            return
        self._reply(Type.RNR if ecm else Type.CRP, State.WAIT_RR)

    def _on_still_waiting(self) -> None:
        """RR, or the command again: the answer, if there is one by now."""
        if self._storing:
            self._raise_flags()
        else:
            self._on_confirm()

    def _on_no_rr(self) -> None:
        self._give_up(Cause.CANCELLED if self._cancelled else Cause.LINE_LOST)

    # Answers, and the same ones again.

    def _first_reply(self, reply: Reply) -> None:
        assert self._frame is not None
        self._command = self._frame.octets
        self._answer = reply
        self._reply_with(reply)

    def _reply_with(self, reply: Reply) -> None:
        self._reply(reply.kind, reply.after, reply.fif)

    def _on_answered(self) -> None:
        """Our answer is on the line."""
        self._image_since = False
        self._late = False
        self._answer_sent = self.now
        self._signals = 0
        answer = self._answer
        if answer is not None and self._after is answer.after and answer.confirms > self._confirmed:
            self._confirmed = answer.confirms
            self._note(PageConfirmed(answer.confirms, answer.kind.label))
        match self._after:
            case State.WAIT_PAGE:
                self._await_page()
            case State.WAIT_T2:
                self._wait(State.WAIT_T2, T2_S)
            case State.WAIT_RETRAIN:
                self._wait(State.WAIT_RETRAIN, _WAIT_DCS_S)
            case State.WAIT_DCN:
                self._wait(State.WAIT_DCN, T2_S)
            case _:
                self._wait(State.WAIT_RR, COMMAND_S)

    def _on_repeat_answer(self) -> None:
        """RR or CRP: what we said last, as long as nothing has come in since."""
        if self._image_since or not self._may_repeat():
            self._on_listen_on()
        elif self._answer is not None and self._command:
            self._reply_with(self._answer)
        else:
            self._send(State.SEND_ANSWER, self._frame_of(_kind_of(self._last_sent)))

    def _may_repeat(self) -> bool:
        self._repeats += 1
        return self._repeats <= _REPEATS

    def _on_command_again(self) -> None:
        """Our answer was lost: the same one again; nothing is counted twice."""
        assert self._frame is not None
        if self._answer is not None and self._frame.octets == self._command and self._may_repeat():
            self._reply_with(self._answer)
        else:
            self._on_listen_on()

    def _on_signal(self) -> None:
        self._signals += 1
        super()._on_signal()

    def _is_repeated(self) -> bool:
        """Whether this command is the one that was just answered: no image between, and no time for one. A modem may
        not tell of an image on which it did not train: the far end's second repetition is believed only when there
        was a trace of the first, or could be none."""
        assert self._frame is not None and self.format is not None
        once = not self.format.ecm and not self._late and self._signals < 2
        soon = self.now - self._answer_sent <= (_SAME_COMMAND_ONCE_S if once else _SAME_COMMAND_S)
        return soon and not self._image_since and self._frame.octets == self._command and self._answer is not None

    def _on_command_without_image(self) -> None:
        """MPS, EOM or EOP where an image was due: our answer was lost, or the whole image."""
        assert self.format is not None
        if self._is_repeated():
            self._on_command_again()
            return
        self._on_page_ended()

    def _on_no_ppm(self) -> None:
        self._give_up(Cause.CANCELLED if self._cancelled else Cause.LINE_LOST)

    def _close_block(self, end: int, frames: int) -> None:
        """In ECM: a command that ends a block of so many frames, as far as it says; ``end`` is its FCF2."""
        raise NotImplementedError


def _after(end: Type, kind: Type) -> State:
    """Where the answer to a page leads to."""
    if end is Type.EOM:
        return State.WAIT_T2
    if kind in (Type.RTN, Type.RTP):
        return State.WAIT_RETRAIN
    return State.WAIT_DCN if end is Type.EOP else State.WAIT_PAGE


def _kind_of(frames: tuple[bytes, ...]) -> Type:
    """CFR or FTT, the only answers that are not kept as such."""
    return Type.CFR if frames and frames[-1][2] & 0xFE == Type.CFR.value else Type.FTT
