"""The sender's transitions, as data: for every state and every event, what is done and where it may lead
(T.30 5.2, Annex A 5, figures 5-2).

What always holds: each pair of state and event has exactly one row, and no row stands for "all the rest": a row names
its states and events one by one. ``leads_to`` names every state that the act may leave the machine in (``STAY``: the
same one). A test plays far ends of every kind and holds rows and behaviour equal in both directions. The acts are the
methods of ``Sender`` of the same name; three of them do nothing, each for its own reason:

``deaf``   we are sending; half duplex, so what is heard is an echo or a far end that talks out of turn
``stale``  an event of an act of the line that has been given up; the line promises it to the act, not to this state
``over``   the call is ending: nothing that is said now changes what became of it
"""

from __future__ import annotations

from dataclasses import dataclass

from modem.t30.states import Event as E
from modem.t30.states import State as S

FRAMES = (
    E.IDENT,
    E.DIS,
    E.DTC,
    E.COMMAND,
    E.CFR,
    E.FTT,
    E.CTR,
    E.MCF,
    E.RTP,
    E.RTN,
    E.PIP,
    E.PIN,
    E.PPR,
    E.RNR,
    E.ERR,
    E.CRP,
    E.FNV,
    E.DCN,
    E.ECHO,
    E.UNKNOWN,
    E.BAD_FRAME,
)
ENDING = (S.SEND_DCN,)
INVALID = (S.SEND_DCN, S.SECOND_COPY)  # an answer all the same: its second copy may follow
TRAINING = (S.SEND_DCS, S.SEND_DCN)
IMAGE = (S.SEND_PAGE, S.SEND_BLOCK, S.SECOND_COPY)
GONE = (S.HANG_UP,)
STAY: tuple[S, ...] = ()


@dataclass(frozen=True)
class Row:
    """For these states and these events: this act. ``why`` for people, in the drawn table."""

    states: tuple[S, ...]
    events: tuple[E, ...]
    act: str
    leads_to: tuple[S, ...]
    why: str = ""
    stays: bool = False  # besides ``leads_to`` it may also stay

    @property
    def targets(self) -> frozenset[S | None]:
        """All states that it may leave the machine in; None: the one that it was in."""
        return frozenset(self.leads_to) | ({None} if self.stays or not self.leads_to else set())


_SENDING_FRAMES = (S.SEND_DCS, S.SEND_PPM, S.SEND_PPS, S.SEND_RR, S.SEND_CTC, S.SEND_EOR)
_SENDING_DATA = (S.SEND_TCF, S.SEND_PAGE, S.SEND_BLOCK)
_SENDING = _SENDING_FRAMES + _SENDING_DATA
_AFTER_PAGE = (S.WAIT_PPM, S.WAIT_PPS, S.WAIT_RR, S.WAIT_CTR, S.WAIT_ERR)
_WAITING = (S.WAIT_DIS, S.WAIT_CFR, S.WAIT_DIS_AGAIN, *_AFTER_PAGE)
_AFTER_COPY = (S.SEND_DCS, S.SEND_PAGE, S.SEND_BLOCK, S.SEND_RR, S.SEND_CTC, S.SEND_EOR, S.SEND_DCN)
_LEAVING = (S.STOP, S.SEND_DCN, S.HANG_UP, S.ENDED)

ROWS: tuple[Row, ...] = (
    # Phase A
    Row((S.SET_UP,), (E.READY,), "dial", (S.DIAL,)),
    Row((S.SET_UP,), (E.FAILED,), "device_failed", GONE),
    Row((S.SET_UP,), (E.TIMEOUT,), "device_silent", GONE),
    Row((S.SET_UP,), (E.CANCEL,), "cancel_at_once", GONE),
    Row((S.SET_UP,), (E.CONNECTED, E.DIAL_FAILED, E.LINE_LOST), "stale", STAY, "nothing has been dialled"),
    Row((S.SET_UP,), (E.SIGNAL, E.SIGNAL_LOST, E.GIVEN, E.SENT, E.ON_HOOK), "stale", STAY, "nothing has been dialled"),
    Row((S.SET_UP,), FRAMES, "stale", STAY, "the modem is not listening yet"),
    Row((S.DIAL,), (E.CONNECTED,), "connected", (S.WAIT_DIS,)),
    Row((S.DIAL,), (E.DIAL_FAILED,), "dial_failed", GONE),
    Row((S.DIAL,), (E.FAILED,), "device_failed", GONE),
    Row((S.DIAL,), (E.TIMEOUT,), "no_answer", GONE, "T0"),
    Row((S.DIAL,), (E.CANCEL,), "cancel_at_once", GONE),
    Row((S.DIAL,), (E.LINE_LOST,), "line_lost", GONE),
    Row((S.DIAL,), (E.READY, E.SIGNAL, E.SIGNAL_LOST, E.GIVEN, E.SENT, E.ON_HOOK), "stale", STAY),
    Row((S.DIAL,), FRAMES, "stale", STAY, "frames count from the answer signal on"),
    # Waiting for a DIS
    Row((S.WAIT_DIS, S.WAIT_DIS_AGAIN), (E.DIS, E.DTC), "negotiate", (*TRAINING, S.ENDED), "ended: fetching"),
    Row((S.WAIT_DIS, S.WAIT_DIS_AGAIN), (E.DCN,), "far_end_left", GONE),
    Row((S.WAIT_DIS,), (E.TIMEOUT,), "no_fax", ENDING, "T1"),
    Row((S.WAIT_DIS_AGAIN,), (E.TIMEOUT,), "no_dis_again", ENDING, "twice T2"),
    Row(
        (S.WAIT_DIS, S.WAIT_DIS_AGAIN),
        (E.CFR, E.FTT, E.CTR, E.MCF, E.RTP, E.RTN, E.PIP, E.PIN, E.PPR, E.RNR, E.ERR),
        "listen_on",
        STAY,
        "a late answer to something else",
    ),
    Row(
        (S.WAIT_DIS, S.WAIT_DIS_AGAIN),
        (E.COMMAND, E.CRP, E.FNV, E.UNKNOWN),
        "listen_on",
        STAY,
        "whatever it means, its DIS is repeated",
    ),
    Row((S.WAIT_DIS, S.WAIT_DIS_AGAIN), (E.ECHO, E.BAD_FRAME), "listen_on", STAY),
    # Training
    Row((S.SEND_DCS,), (E.SENT,), "send_tcf", (S.SEND_TCF,)),
    Row((S.SEND_TCF,), (E.SENT,), "await_answer", (S.WAIT_CFR,)),
    Row((S.WAIT_CFR,), (E.CFR,), "trained", IMAGE),
    Row((S.WAIT_CFR,), (E.FTT,), "training_failed", (*TRAINING, S.SECOND_COPY), "the next lower rate"),
    Row((S.WAIT_CFR,), (E.DIS, E.DTC), "train_again_after_dis", TRAINING, "it missed our DCS"),
    Row((S.WAIT_CFR,), (E.CRP, E.TIMEOUT), "train_again", TRAINING, "three times in all"),
    Row((S.WAIT_CFR,), (E.FNV,), "field_refused", ENDING),
    Row((S.WAIT_CFR,), (E.DCN,), "left_in_training", GONE),
    Row(
        (S.WAIT_CFR,),
        (E.CTR, E.MCF, E.RTP, E.RTN, E.PIP, E.PIN, E.PPR, E.RNR, E.ERR),
        "listen_on",
        STAY,
        "a late answer to something else",
    ),
    Row((S.WAIT_CFR,), (E.COMMAND, E.ECHO, E.UNKNOWN, E.BAD_FRAME), "listen_on", STAY),
    # A page without ECM and its post-page command
    Row((S.SEND_PAGE, S.SEND_BLOCK), (E.GIVEN,), "image_given", STAY, "from now on the far end may hold the page"),
    Row((S.SEND_PAGE,), (E.SENT,), "send_ppm", (S.SEND_PPM,)),
    Row((S.SEND_PPM,), (E.SENT,), "await_answer", (S.WAIT_PPM,)),
    Row((S.WAIT_PPM,), (E.MCF, E.PIP), "page_confirmed", (S.SEND_PAGE, S.SECOND_COPY, S.WAIT_DIS_AGAIN, S.SEND_DCN)),
    Row((S.WAIT_PPM,), (E.RTP,), "page_confirmed_train", (*TRAINING, S.SECOND_COPY, S.WAIT_DIS_AGAIN)),
    Row((S.WAIT_PPM,), (E.RTN, E.PIN), "page_refused", (*TRAINING, S.SECOND_COPY, S.WAIT_DIS_AGAIN)),
    Row((S.WAIT_PPM,), (E.DIS, E.DTC), "dis_after_page", (*TRAINING, S.SEND_PPM)),
    Row((S.WAIT_PPM,), (E.CRP, E.TIMEOUT), "repeat_command", (S.SEND_PPM, S.SEND_DCN), "three times in all"),
    Row(
        (S.WAIT_PPM,),
        (E.COMMAND, E.CFR, E.FTT, E.CTR, E.PPR, E.RNR, E.ERR, E.FNV, E.UNKNOWN),
        "invalid_answer",
        INVALID,
        "one is let pass, the second ends the call",
        stays=True,
    ),
    Row(_AFTER_PAGE, (E.ECHO, E.BAD_FRAME), "listen_on", STAY, "T4 goes on"),
    Row(_AFTER_PAGE, (E.DCN,), "left_after_page", GONE),
    # ECM
    Row((S.SEND_BLOCK,), (E.SENT,), "send_pps", (S.SEND_PPS,)),
    Row((S.SEND_PPS,), (E.SENT,), "await_answer", (S.WAIT_PPS,)),
    Row((S.SEND_RR,), (E.SENT,), "await_answer", (S.WAIT_RR,)),
    Row((S.SEND_CTC,), (E.SENT,), "await_answer", (S.WAIT_CTR,)),
    Row((S.SEND_EOR,), (E.SENT,), "await_answer", (S.WAIT_ERR,)),
    Row(
        (S.WAIT_PPS,),
        (E.MCF, E.PIP, E.RTP),
        "block_confirmed",
        (S.SEND_BLOCK, S.SECOND_COPY, S.WAIT_DIS_AGAIN, S.SEND_DCN),
    ),
    Row((S.WAIT_PPS,), (E.PPR,), "frames_missing", (S.SEND_BLOCK, S.SEND_CTC, S.SEND_EOR, S.SECOND_COPY, S.SEND_DCN)),
    Row((S.WAIT_PPS,), (E.DIS, E.DTC), "dis_after_page", (*TRAINING, S.SEND_PPS)),
    Row((S.WAIT_PPS,), (E.CRP, E.TIMEOUT), "repeat_command", (S.SEND_PPS, S.SEND_DCN), "three times in all"),
    Row((S.WAIT_CTR,), (E.CRP, E.TIMEOUT), "repeat_command", (S.SEND_CTC, S.SEND_DCN), "three times in all"),
    Row((S.WAIT_ERR,), (E.CRP, E.TIMEOUT), "repeat_command", (S.SEND_EOR, S.SEND_DCN), "three times in all"),
    Row((S.WAIT_RR,), (E.CRP, E.TIMEOUT), "repeat_command", (S.SEND_RR, S.SEND_DCN), "three times in all"),
    Row(
        (S.WAIT_PPS, S.WAIT_RR, S.WAIT_CTR, S.WAIT_ERR),
        (E.RNR,),
        "not_ready",
        (S.SEND_RR, S.SECOND_COPY, S.SEND_DCN),
        "until T5",
    ),
    Row((S.WAIT_PPS, S.WAIT_RR, S.WAIT_CTR, S.WAIT_ERR), (E.RTN, E.PIN), "page_refused_in_ecm", INVALID),
    Row((S.WAIT_PPS,), (E.CTR,), "listen_on", STAY, "late"),
    Row((S.WAIT_PPS,), (E.COMMAND, E.CFR, E.FTT, E.ERR, E.FNV, E.UNKNOWN), "invalid_answer", INVALID, stays=True),
    Row(
        (S.WAIT_RR,),
        (E.MCF, E.PIP, E.RTP, E.PPR, E.ERR, E.CTR),
        "ready_again",
        (S.SEND_BLOCK, S.SEND_CTC, S.SEND_EOR, S.SECOND_COPY, S.WAIT_DIS_AGAIN, S.SEND_DCN),
        "the answer that RNR has put off",
        stays=True,
    ),
    Row((S.WAIT_RR,), (E.COMMAND, E.CFR, E.FTT, E.DIS, E.DTC, E.FNV, E.UNKNOWN), "invalid_answer", INVALID, stays=True),
    Row((S.WAIT_CTR,), (E.CTR,), "correct_on", (S.SEND_BLOCK, S.SECOND_COPY), "with the long training"),
    Row((S.WAIT_CTR,), (E.PPR, E.MCF, E.RTP, E.PIP), "listen_on", STAY, "late"),
    Row(
        (S.WAIT_CTR,),
        (E.COMMAND, E.CFR, E.FTT, E.ERR, E.DIS, E.DTC, E.FNV, E.UNKNOWN),
        "invalid_answer",
        INVALID,
        stays=True,
    ),
    Row(
        (S.WAIT_ERR,),
        (E.ERR, E.MCF, E.PIP, E.RTP),
        "damage_accepted",
        (S.SEND_BLOCK, S.SECOND_COPY, S.WAIT_DIS_AGAIN, S.SEND_DCN),
    ),
    Row((S.WAIT_ERR,), (E.PPR,), "listen_on", STAY, "late"),
    Row(
        (S.WAIT_ERR,),
        (E.COMMAND, E.CFR, E.FTT, E.CTR, E.DIS, E.DTC, E.FNV, E.UNKNOWN),
        "invalid_answer",
        INVALID,
        stays=True,
    ),
    # In every waiting state
    Row(_WAITING, (E.IDENT,), "ident", STAY, "CSI is kept, the final frame follows"),
    Row(_WAITING, (E.SIGNAL,), "signal", STAY, "the rest of the frame is waited for"),
    Row(_WAITING, (E.SIGNAL_LOST,), "signal_lost", STAY),
    Row(_WAITING, (E.LINE_LOST,), "line_lost", GONE),
    Row(_WAITING, (E.FAILED,), "device_failed", GONE),
    Row(_WAITING, (E.CANCEL,), "cancel", ENDING),
    Row(_WAITING, (E.READY, E.CONNECTED, E.DIAL_FAILED, E.GIVEN, E.SENT, E.ON_HOOK), "stale", STAY),
    # An answer came after its command had been repeated: its second copy may follow (T.30 has no sequence numbers)
    Row((S.SECOND_COPY,), (E.TIMEOUT,), "copy_passed", _AFTER_COPY),
    Row(
        (S.SECOND_COPY,),
        (E.DIS, E.DTC, E.CFR, E.FTT, E.CTR, E.MCF, E.RTP, E.RTN, E.PIP, E.PIN, E.PPR, E.RNR, E.ERR, E.CRP, E.FNV),
        "copy_passed",
        _AFTER_COPY,
        "an answer counts once",
    ),
    Row(
        (S.SECOND_COPY,),
        (E.IDENT, E.COMMAND, E.ECHO, E.UNKNOWN, E.BAD_FRAME),
        "listen_on",
        STAY,
    ),
    Row((S.SECOND_COPY,), (E.SIGNAL,), "signal", STAY),
    Row((S.SECOND_COPY,), (E.SIGNAL_LOST,), "signal_lost", STAY),
    Row((S.SECOND_COPY,), (E.DCN,), "left_after_answer", GONE),
    Row((S.SECOND_COPY,), (E.LINE_LOST,), "line_lost", GONE),
    Row((S.SECOND_COPY,), (E.FAILED,), "device_failed", GONE),
    Row((S.SECOND_COPY,), (E.CANCEL,), "cancel", (S.SEND_DCN,)),
    Row((S.SECOND_COPY,), (E.READY, E.CONNECTED, E.DIAL_FAILED, E.GIVEN, E.SENT, E.ON_HOOK), "stale", STAY),
    # In every sending state
    Row(_SENDING, (E.LINE_LOST,), "line_lost", GONE),
    Row(_SENDING, (E.FAILED,), "device_failed", GONE),
    Row(_SENDING, (E.TIMEOUT,), "device_silent", GONE, "the line promises an end; this is for a driver that breaks it"),
    Row(_SENDING_FRAMES, (E.CANCEL,), "cancel_after_sent", (S.STOP,)),
    Row(_SENDING_DATA, (E.CANCEL,), "cancel_data", (S.STOP,)),
    Row(_SENDING, FRAMES, "deaf", STAY),
    Row(_SENDING, (E.SIGNAL, E.SIGNAL_LOST), "deaf", STAY),
    Row(_SENDING, (E.READY, E.CONNECTED, E.DIAL_FAILED, E.ON_HOOK), "stale", STAY),
    Row((*_SENDING_FRAMES, S.SEND_TCF), (E.GIVEN,), "stale", STAY, "only an image counts"),
    # The end
    Row((S.STOP,), (E.SENT,), "send_dcn", (S.SEND_DCN,)),
    Row((S.STOP,), (E.LINE_LOST, E.FAILED, E.TIMEOUT), "hang_up", GONE),
    Row((S.SEND_DCN,), (E.SENT, E.LINE_LOST, E.FAILED, E.TIMEOUT), "hang_up", GONE),
    Row((S.HANG_UP,), (E.ON_HOOK, E.TIMEOUT, E.FAILED), "end", (S.ENDED,)),
    Row(_LEAVING, FRAMES, "over", STAY),
    Row(_LEAVING, (E.SIGNAL, E.SIGNAL_LOST), "over", STAY),
    Row(_LEAVING, (E.CANCEL,), "over", STAY, "it is ending already"),
    Row(_LEAVING, (E.READY, E.CONNECTED, E.DIAL_FAILED, E.GIVEN), "stale", STAY),
    Row((S.STOP, S.SEND_DCN), (E.ON_HOOK,), "stale", STAY),
    Row((S.HANG_UP,), (E.SENT, E.LINE_LOST), "stale", STAY),
    Row((S.ENDED,), (E.SENT, E.LINE_LOST, E.FAILED, E.ON_HOOK, E.TIMEOUT), "over", STAY),
)

TRANSITIONS: dict[tuple[S, E], Row] = {
    (state, event): row for row in ROWS for state in row.states for event in row.events
}
