"""The receiver's phases A and B: picking up, DIS, the far end's DCS, the training check (T.30 5.2, 5.3).

What always holds: a DIS is repeated until T1 is over, and no longer; a rate is confirmed only when the training check
had a second of zeros; what SUB, SID or PWD must be is the policy's, and who does not give it gets a DCN.
"""

from __future__ import annotations

from modem.outcome import Cause
from modem.t30 import line
from modem.t30.capabilities import Bits, PageFormat, parse_dcs
from modem.t30.frames import Frame, Type, build, fcs, ident_fif
from modem.t30.machine import T4_S
from modem.t30.notes import Trained, TrainingFailed
from modem.t30.rates import BY_DCS, Rate
from modem.t30.receiver_abilities import ReceiverPolicy, build_dis
from modem.t30.receiver_core import PICK_UP_S, T1_S, ReceiverCore
from modem.t30.receiver_notes import PickedUp, Polled, Sender
from modem.t30.receiver_page import TCF_ZEROS_S, zeros_s
from modem.t30.receiver_states import State

NO_TCF_S = 4.5  # DCS until the carrier of its training check
TCF_LONGEST_S = 8.0
PAGE_S = 7.0  # CFR or MCF until the carrier: T2
FTTS = 20  # a sender that never gets any wiser
DTCS = 3  # of one caller, without a DCS between
_TCF_OCTETS = 1 << 16


class Training(ReceiverCore):
    """Phases A and B."""

    def __init__(self, policy: ReceiverPolicy, now: float) -> None:
        super().__init__(policy, now)
        self.rate: Rate | None = None
        self.format: PageFormat | None = None
        self.rate_used: Rate | None = None  # of the last training that worked
        self.format_used: PageFormat | None = None
        self.has_document = False  # one waits to be polled
        self._polling: tuple[Frame, ...] = ()  # we have called, and want to receive
        self._dtcs = 0
        self._dcs = b""
        self._t1 = now
        self._tcf = bytearray()
        self._ftts = 0
        self._long_training = False
        self._after = State.WAIT_DCS  # where the answer that is going out leads to

    # Phase A.

    def _on_pick_up(self) -> None:
        self._enter(State.PICK_UP, PICK_UP_S)
        self._wish(line.PickUp())

    def _on_picked_up(self) -> None:
        self._note(PickedUp())
        self._t1 = self.now + T1_S
        self._send_dis()

    def begin_polling(
        self, receive_codes: frozenset[int], now: float, *, cig: str = "", password: str = "", selection: str = ""
    ) -> None:
        """We are the caller, have heard a DIS with a document, and fetch it: DTC takes the place of DIS, and X is 1.

        What a caller does before that is a sender's (dialling, the DIS); the modem is set up, and ours to use.
        """
        self.now = now
        self.take_outputs()
        self._x = 1
        self._receive_codes = receive_codes
        self._t1 = now + T1_S
        idents = ((Type.CIG, cig), (Type.PWD, password), (Type.SEP, selection))
        frames = [build(kind, ident_fif(text), final=False) for kind, text in idents if text]
        dtc = Bits(build_dis(self._policy, receive_codes))
        dtc.set(47, bool(selection))
        dtc.set(50, bool(password))
        self._polling = (*frames, build(Type.DTC, dtc.fif()))
        self._send_dis()

    # DIS and what answers it.

    def _send_dis(self) -> None:
        if self._end_if_cancelled():
            return
        self.sub_address = self._sender_id = self._password = self._selection = ""
        if self._polling:
            self._dtcs += 1
            if self._dtcs > DTCS:
                self._give_up(Cause.LINE_LOST)
                return
            self._send(State.SEND_DIS, *self._polling)
            return
        fif = build_dis(self._policy, self._receive_codes, document=self.has_document)
        dis = self._frame_of(Type.DIS, fif)
        csi = [self._frame_of(Type.CSI, ident_fif(self._policy.csi), final=False)] if self._policy.csi else []
        self._send(State.SEND_DIS, *csi, dis)

    def _on_await_dcs(self) -> None:
        self._wait(State.WAIT_DCS, T4_S)

    def _on_dis_again(self) -> None:
        if self._end_if_cancelled():
            return
        if self.now >= self._t1:
            self._give_up(Cause.LINE_LOST if self._dcs else Cause.NO_FAX)
        else:
            self._send_dis()

    def _renew_t1(self) -> None:
        self._t1 = self.now + T1_S

    def _on_begin_again(self) -> None:
        """After EOM, or a DCS that did not come: a new phase B, with a T1 of its own."""
        if self.state is State.WAIT_T2:
            self._renew_t1()
        self._on_dis_again()

    def _on_polled(self) -> None:
        """DTC, or a DIS of the caller's, which then wants to receive (T.30 5.3.6.1.2)."""
        assert self._frame is not None
        if self._end_if_cancelled():
            return
        if self._polling:
            self._on_dis_again()  # the DIS of the one that we poll: it has missed our DTC
        elif not self.has_document:
            self._give_up(Cause.CANNOT_RECEIVE, "the caller wants to fetch a document, and there is none")
        elif not self._policy.accepts_poll(self._password, self._selection):
            self._give_up(Cause.INCOMPATIBLE, "the caller did not give the right password or document")
        else:
            frame = self._frame if self._frame.type is Type.DTC else build(Type.DTC, self._frame.fif)
            self._enter(State.ENDED, None)
            self._note(Polled(frame.octets + fcs(frame.octets), self.far_ident, self._codes))

    # Training.

    def _on_take_dcs(self) -> None:
        assert self._frame is not None
        fif = self._frame.fif
        parameters = parse_dcs(fif)
        self._drop_page(parameters.format)
        self._dcs = fif
        self._dtcs = 0
        self.format, self.rate = parameters.format, parameters.rate
        self._note(Sender(self.far_ident, self.sub_address, parameters))
        self._tcf.clear()
        if Bits(fif).field(11, 14) not in BY_DCS or self.rate.long_code not in self._receive_codes:
            self._wait(State.WAIT_TCF, NO_TCF_S)  # deaf to this rate: FTT when its check is over
        else:
            self._wait(State.WAIT_TCF, NO_TCF_S, line.ReceiveFast(self.rate.long_code))

    def _drop_page(self, form: PageFormat) -> None:
        """A new training: what has come in of a page will be sent again, in this form."""
        raise NotImplementedError

    def _on_tcf_begins(self) -> None:
        self._enter(State.RECEIVE_TCF, TCF_LONGEST_S)

    def _on_collect_tcf(self) -> None:
        if len(self._tcf) < _TCF_OCTETS:
            self._tcf += self._data

    def _on_check_tcf(self) -> None:
        assert self.rate is not None and self.format is not None
        if self._sender_refused():
            return
        if zeros_s(bytes(self._tcf), self.rate.bps) < TCF_ZEROS_S:
            self._refuse_training()
            return
        self._ftts = 0
        self.rate_used, self.format_used = self.rate, self.format
        self._note(Trained(self.rate, self.format))
        self._long_training = False
        self._reply(Type.CFR, State.WAIT_PAGE)

    def _on_no_tcf(self) -> None:
        if not self._sender_refused():
            self._refuse_training()

    def _refuse_training(self) -> None:
        assert self.rate is not None
        self._note(TrainingFailed(self.rate))
        self._ftts += 1
        if self._ftts > FTTS:
            self._give_up(Cause.CANNOT_TRAIN)
            return
        self._reply(Type.FTT, State.WAIT_RETRAIN)

    # Answers.

    def _sender_refused(self) -> bool:
        """Who is not to send hears so behind its training check: before that it would not listen."""
        if not self._policy.accepts_ident(self.far_ident):
            self._give_up(Cause.INCOMPATIBLE, "its identifier is one that may not send to us")
            return True
        if self._policy.accepts_sender(self.sub_address, self._sender_id):
            return False
        self._give_up(Cause.INCOMPATIBLE, "the sender did not give a sub-address or password that is ours")
        return True

    def _reply(self, kind: Type, after: State, fif: bytes = b"") -> None:
        """Answer a command; from then on wait in ``after``."""
        if self._end_if_cancelled():
            return
        self._after = after
        self._send(State.SEND_ANSWER, self._frame_of(kind, fif))

    def _await_page(self) -> None:
        assert self.rate is not None
        self._wait(State.WAIT_PAGE, PAGE_S, self._page_carrier())

    def _page_carrier(self) -> line.ReceiveFast:
        """The carrier of an image: short training, except behind a CTC (T.30 Annex A 4.2)."""
        assert self.rate is not None
        return line.ReceiveFast(self.rate.long_code if self._long_training else self.rate.short_code)
