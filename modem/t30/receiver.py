"""The called fax machine that receives: T.30 as a pure state machine. This file: ECM, and the end of a call.

What always holds: events and times in, wishes for the line and notes out (``take_outputs``, in order); a block is
confirmed only when each of its frames came in with a good FCS, or the sender gave the rest up (ERR). It must not read
files or look at clocks.
"""

from __future__ import annotations

from codec.coder import Decoded, End
from codec.page import Bitmap
from modem.outcome import Cause
from modem.t30.capabilities import Bits
from modem.t30.frames import Type
from modem.t30.rates import BY_DCS
from modem.t30.receiver_images import Images, Reply
from modem.t30.receiver_notes import Receipt
from modem.t30.receiver_page import EcmPage
from modem.t30.receiver_states import PAGE_ENDS, State

_PPRS = 60


class Receiver(Images):
    """One call."""

    # ECM (T.30 Annex A).

    def _on_block_ended(self) -> None:
        assert self._frame is not None and self.format is not None
        fif = self._frame.fif
        if len(fif) < 4:
            self._on_listen_on()
            return
        end, page, block, frames = fif[0], fif[1], fif[2], fif[3] + 1
        if not self.format.ecm:
            kind = _end_of(end)
            self._judge(kind) if kind is not None else self._on_listen_on()
            return
        key = (page, block)
        if self._answer is not None and self._frame.octets == self._command and key == self._block_done:
            if self._ecm is not None:
                self._ecm.drop_block()  # sent again though we had it
            self._on_command_again()
            return
        if self._block is not None and key != self._block:
            if block != 0:
                self._give_up(Cause.PROTOCOL_ERROR, f"block {block} of page {page} came out of turn")
                return
            if self._ecm is not None:
                self._ecm.restart()
        self._block = key
        self._close_block(end, frames)

    def _close_block(self, end: int, frames: int) -> None:
        assert self.format is not None and self.rate is not None
        if self._ecm is None:
            self._page_began = self.now
            self._ecm = EcmPage(self.format, self.rate.bps)
        self._long_training = False
        missing = self._ecm.missing(frames)
        if missing is not None:
            self._pprs += 1
            self.frames_asked_again += missing.frames
            if self._pprs > _PPRS:
                self._give_up(Cause.LINE_TOO_BAD)
                return
            self._first_reply(Reply(Type.PPR, State.WAIT_PAGE, missing.map))
            return
        self._take_block(end, Type.MCF)

    def _take_block(self, end: int, kind: Type) -> None:
        """The block is over: MCF when it is whole, ERR when its rest was given up."""
        assert self._ecm is not None and self.format is not None
        self._pprs = 0
        self._ecm.close_block()
        page, block = self._block or (0, 0)
        self._block_done = (page, block)
        page_end = _end_of(end)
        if page_end is None:
            self._block = (page, block + 1 & 0xFF)
            self._first_reply(Reply(kind, State.WAIT_PAGE))
            return
        self._block = (page + 1 & 0xFF, 0)
        ecm, self._ecm = self._ecm, None
        decoded = ecm.decoded(self.format)
        clean = decoded.clean and decoded.end is not End.ROWS and not ecm.damaged
        receipt = Receipt.CLEAN if clean else Receipt.DAMAGED
        if decoded.rows == 0:
            if ecm.damaged:
                self._give_up(Cause.LINE_TOO_BAD, "nothing of the page could be read")
                return
            # A page without rows is all the same a page that was sent.
            decoded, receipt = _white_row(decoded), Receipt.DAMAGED
        self._store(self._page(decoded, receipt, ecm.octets), kind, page_end)

    def _on_frames_given_up(self) -> None:
        """EOR: the sender goes on without the missing frames (T.30 Annex A 4.4)."""
        assert self._frame is not None and self.format is not None
        if self._is_repeated():
            self._on_command_again()
            return
        if self._ecm is None or not self._frame.fif:
            self._on_listen_on()
            return
        self._long_training = False
        self._take_block(self._frame.fif[0], Type.ERR)

    def _on_correct_on(self) -> None:
        """CTC: the missing frames again, at another rate perhaps, with long training (T.30 Annex A 4.2)."""
        assert self._frame is not None and self.rate is not None
        if self.format is None or not self.format.ecm:
            self._on_listen_on()
            return
        if len(self._frame.fif) >= 2:
            rate = BY_DCS.get(Bits(self._frame.fif).field(11, 14))
            if rate is not None and rate.long_code in self._receive_codes:
                self.rate = rate
        self._pprs = 0
        self._first_reply(Reply(Type.CTR, State.WAIT_PAGE))
        self._long_training = True

    # The end.

    def _on_all_received(self) -> None:
        """DCN, or nothing more: both are as it should be."""
        self._finish(Cause.OK)

    def _on_far_end_left(self) -> None:
        self._finish(Cause.OK if self._last_page else Cause.FAR_END_DISCONNECTED)

    def _on_begin_again(self) -> None:
        if self.state is State.WAIT_RETRAIN and self._last_page:
            self._on_all_received()  # RTP to its last page, and it has gone
            return
        if self.state is State.WAIT_RETRAIN and self._answer is not None:
            self._renew_t1()
        super()._on_begin_again()

    def _keep_what_is_there(self) -> None:
        rows, ecm, refused = self._rows, self._ecm, self._refused
        self._rows = self._ecm = self._refused = None
        page = refused
        if self.format is not None and rows is not None:
            decoded = rows.decoded()
            page = self._page(decoded, Receipt.INCOMPLETE, rows.octets) if decoded.rows else refused
        elif self.format is not None and ecm is not None and ecm.begun:
            ecm.take_what_is_there()
            decoded = ecm.decoded(self.format)
            page = self._page(decoded, Receipt.INCOMPLETE, ecm.octets) if decoded.rows else refused
        if page is not None:
            self._give_out(page)


def _end_of(fcf2: int) -> Type | None:
    """The end of the page that FCF2 of a PPS or EOR names; None: the page goes on."""
    for kind, means in PAGE_ENDS.items():
        if fcf2 & 0xFE == kind.value:
            return means
    return None


def _white_row(decoded: Decoded) -> Decoded:
    width = decoded.bitmap.width
    return Decoded(Bitmap(width, 1, bytes((width + 7) // 8)), (), 0, decoded.end, decoded.bits_used)
