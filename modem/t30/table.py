"""The sender's transitions, as data: for every state and every event, what is done (T.30 5.2, Annex A 5, figures 5-2).

What always holds: each pair of state and event has exactly one row; a test holds this. The acts are the methods of
``Sender`` of the same name; ``listen_on`` keeps the state and its timer, ``ignore`` does nothing at all.
"""

from __future__ import annotations

from modem.t30.states import Event as E
from modem.t30.states import State as S

_FRAMES = (
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
_SENDING_FRAMES = (S.SEND_DCS, S.SEND_PPM, S.SEND_PPS, S.SEND_RR, S.SEND_CTC, S.SEND_EOR)
_SENDING_DATA = (S.SEND_TCF, S.SEND_PAGE, S.SEND_BLOCK)
_WAITING = (
    S.WAIT_DIS,
    S.WAIT_CFR,
    S.WAIT_PPM,
    S.WAIT_DIS_AGAIN,
    S.WAIT_PPS,
    S.WAIT_RR,
    S.WAIT_CTR,
    S.WAIT_ERR,
)

Row = tuple[tuple[S, ...], tuple[E, ...], str]

ROWS: tuple[Row, ...] = (
    # Phase A
    ((S.SET_UP,), (E.READY,), "dial"),
    ((S.SET_UP,), (E.FAILED,), "device_failed"),
    ((S.SET_UP,), (E.TIMEOUT,), "device_silent"),
    ((S.SET_UP,), (E.CANCEL,), "cancel_at_once"),
    ((S.SET_UP,), (E.CONNECTED, E.DIAL_FAILED, E.SIGNAL, E.SIGNAL_LOST, E.SENT, E.LINE_LOST, E.ON_HOOK), "ignore"),
    ((S.DIAL,), (E.CONNECTED,), "connected"),
    ((S.DIAL,), (E.DIAL_FAILED,), "dial_failed"),
    ((S.DIAL,), (E.FAILED,), "device_failed"),
    ((S.DIAL,), (E.TIMEOUT,), "no_answer"),
    ((S.DIAL,), (E.CANCEL,), "cancel_at_once"),
    ((S.DIAL,), (E.LINE_LOST,), "line_lost"),
    ((S.DIAL,), (E.READY, E.SIGNAL, E.SIGNAL_LOST, E.SENT, E.ON_HOOK), "ignore"),
    ((S.SET_UP, S.DIAL), _FRAMES, "ignore"),
    # Waiting for a DIS
    ((S.WAIT_DIS, S.WAIT_DIS_AGAIN), (E.DIS, E.DTC), "negotiate"),
    ((S.WAIT_DIS, S.WAIT_DIS_AGAIN), (E.DCN,), "far_end_left"),
    ((S.WAIT_DIS,), (E.TIMEOUT,), "no_fax"),
    ((S.WAIT_DIS_AGAIN,), (E.TIMEOUT,), "no_dis_again"),
    (
        (S.WAIT_DIS, S.WAIT_DIS_AGAIN),
        (
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
            E.ECHO,
            E.UNKNOWN,
            E.BAD_FRAME,
        ),
        "listen_on",
    ),
    # Training
    ((S.SEND_DCS,), (E.SENT,), "send_tcf"),
    ((S.SEND_TCF,), (E.SENT,), "await_answer"),
    ((S.WAIT_CFR,), (E.CFR,), "trained"),
    ((S.WAIT_CFR,), (E.FTT,), "training_failed"),
    ((S.WAIT_CFR,), (E.DIS, E.DTC), "train_again_after_dis"),
    ((S.WAIT_CFR,), (E.CRP, E.TIMEOUT), "train_again"),
    ((S.WAIT_CFR,), (E.FNV,), "field_refused"),
    ((S.WAIT_CFR,), (E.DCN,), "left_in_training"),
    (
        (S.WAIT_CFR,),
        (
            E.COMMAND,
            E.CTR,
            E.MCF,
            E.RTP,
            E.RTN,
            E.PIP,
            E.PIN,
            E.PPR,
            E.RNR,
            E.ERR,
            E.ECHO,
            E.UNKNOWN,
            E.BAD_FRAME,
        ),
        "listen_on",
    ),
    # A page without ECM and its post-page command
    ((S.SEND_PAGE, S.SEND_BLOCK), (E.GIVEN,), "image_given"),
    ((S.SEND_PAGE,), (E.SENT,), "send_ppm"),
    ((S.SEND_PPM, S.SEND_PPS, S.SEND_RR, S.SEND_CTC, S.SEND_EOR), (E.SENT,), "await_answer"),
    ((S.WAIT_PPM,), (E.MCF, E.PIP), "page_confirmed"),
    ((S.WAIT_PPM,), (E.RTP,), "page_confirmed_train"),
    ((S.WAIT_PPM,), (E.RTN, E.PIN), "page_refused"),
    ((S.WAIT_PPM, S.WAIT_PPS), (E.DIS, E.DTC), "dis_after_page"),
    ((S.WAIT_PPM, S.WAIT_PPS, S.WAIT_CTR, S.WAIT_ERR), (E.CRP, E.TIMEOUT), "repeat_command"),
    ((S.WAIT_PPM,), (E.COMMAND, E.CFR, E.FTT, E.CTR, E.PPR, E.RNR, E.ERR, E.FNV, E.UNKNOWN), "invalid_answer"),
    ((S.WAIT_PPM, S.WAIT_PPS, S.WAIT_RR, S.WAIT_CTR, S.WAIT_ERR), (E.ECHO, E.BAD_FRAME), "listen_on"),
    ((S.WAIT_PPM, S.WAIT_PPS, S.WAIT_RR, S.WAIT_CTR, S.WAIT_ERR), (E.DCN,), "left_after_page"),
    # ECM
    ((S.SEND_BLOCK,), (E.SENT,), "send_pps"),
    ((S.WAIT_PPS,), (E.MCF, E.PIP, E.RTP), "block_confirmed"),
    ((S.WAIT_PPS,), (E.PPR,), "frames_missing"),
    ((S.WAIT_PPS, S.WAIT_CTR, S.WAIT_ERR), (E.RNR,), "not_ready"),
    ((S.WAIT_PPS, S.WAIT_RR, S.WAIT_CTR, S.WAIT_ERR), (E.RTN, E.PIN), "page_refused_in_ecm"),
    ((S.WAIT_PPS,), (E.CTR,), "listen_on"),  # late
    ((S.WAIT_PPS,), (E.COMMAND, E.CFR, E.FTT, E.ERR, E.FNV, E.UNKNOWN), "invalid_answer"),
    ((S.WAIT_RR,), (E.RNR,), "not_ready"),
    ((S.WAIT_RR,), (E.MCF, E.PIP, E.RTP, E.PPR, E.ERR, E.CTR), "ready_again"),
    ((S.WAIT_RR,), (E.CRP, E.TIMEOUT), "repeat_command"),
    ((S.WAIT_RR,), (E.COMMAND, E.CFR, E.FTT, E.DIS, E.DTC, E.FNV, E.UNKNOWN), "invalid_answer"),
    ((S.WAIT_CTR,), (E.CTR,), "correct_on"),
    ((S.WAIT_CTR,), (E.PPR, E.MCF, E.RTP, E.PIP), "listen_on"),  # late
    ((S.WAIT_CTR,), (E.COMMAND, E.CFR, E.FTT, E.ERR, E.DIS, E.DTC, E.FNV, E.UNKNOWN), "invalid_answer"),
    ((S.WAIT_ERR,), (E.ERR, E.MCF, E.PIP, E.RTP), "damage_accepted"),
    ((S.WAIT_ERR,), (E.PPR,), "listen_on"),  # late
    ((S.WAIT_ERR,), (E.COMMAND, E.CFR, E.FTT, E.CTR, E.DIS, E.DTC, E.FNV, E.UNKNOWN), "invalid_answer"),
    # In every waiting state
    (_WAITING, (E.IDENT,), "ident"),
    (_WAITING, (E.SIGNAL,), "signal"),
    (_WAITING, (E.SIGNAL_LOST,), "signal_lost"),
    (_WAITING, (E.LINE_LOST,), "line_lost"),
    (_WAITING, (E.FAILED,), "device_failed"),
    (_WAITING, (E.CANCEL,), "cancel"),
    (_WAITING, (E.READY, E.CONNECTED, E.DIAL_FAILED, E.SENT, E.ON_HOOK), "ignore"),
    # In every sending state: half duplex, nothing can be heard
    (_SENDING_FRAMES + _SENDING_DATA, (E.LINE_LOST,), "line_lost"),
    (_SENDING_FRAMES + _SENDING_DATA, (E.FAILED,), "device_failed"),
    (_SENDING_FRAMES + _SENDING_DATA, (E.TIMEOUT,), "device_silent"),
    (_SENDING_FRAMES, (E.CANCEL,), "cancel_after_sent"),
    (_SENDING_DATA, (E.CANCEL,), "cancel_data"),
    (_SENDING_FRAMES + _SENDING_DATA, _FRAMES, "ignore"),
    (
        _SENDING_FRAMES + _SENDING_DATA,
        (E.READY, E.CONNECTED, E.DIAL_FAILED, E.SIGNAL, E.SIGNAL_LOST, E.ON_HOOK),
        "ignore",
    ),
    (
        (S.SET_UP, S.DIAL, *_WAITING, *_SENDING_FRAMES, S.SEND_TCF, S.STOP, S.SEND_DCN, S.HANG_UP, S.ENDED),
        (E.GIVEN,),
        "ignore",
    ),
    # The end
    ((S.STOP,), (E.SENT,), "send_dcn"),
    ((S.STOP,), (E.LINE_LOST, E.FAILED, E.TIMEOUT), "hang_up"),
    ((S.STOP,), (E.CANCEL, E.READY, E.CONNECTED, E.DIAL_FAILED, E.SIGNAL, E.SIGNAL_LOST, E.ON_HOOK), "ignore"),
    ((S.SEND_DCN,), (E.SENT, E.LINE_LOST, E.FAILED, E.TIMEOUT), "hang_up"),
    ((S.SEND_DCN,), (E.CANCEL, E.READY, E.CONNECTED, E.DIAL_FAILED, E.SIGNAL, E.SIGNAL_LOST, E.ON_HOOK), "ignore"),
    ((S.HANG_UP,), (E.ON_HOOK, E.TIMEOUT, E.FAILED), "end"),
    (
        (S.HANG_UP,),
        (E.CANCEL, E.READY, E.CONNECTED, E.DIAL_FAILED, E.SIGNAL, E.SIGNAL_LOST, E.SENT, E.LINE_LOST),
        "ignore",
    ),
    ((S.STOP, S.SEND_DCN, S.HANG_UP, S.ENDED), _FRAMES, "ignore"),
    (
        (S.ENDED,),
        (
            E.READY,
            E.CONNECTED,
            E.DIAL_FAILED,
            E.SIGNAL,
            E.SIGNAL_LOST,
            E.SENT,
            E.LINE_LOST,
            E.FAILED,
            E.ON_HOOK,
            E.TIMEOUT,
            E.CANCEL,
        ),
        "ignore",
    ),
)

TRANSITIONS: dict[tuple[S, E], str] = {
    (state, event): act for states, events, act in ROWS for state in states for event in events
}
