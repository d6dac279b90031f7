"""The receiver's transitions, as data: for every state and every event, what is done (T.30 5.2, Annex A, figures 5-2).

What always holds: each pair of state and event has exactly one row; a test holds this. The acts are the methods of
``Receiver`` of the same name; ``listen_on`` keeps the state and its timer, ``ignore`` does nothing at all.
"""

from __future__ import annotations

from modem.t30.receiver_states import Event as E
from modem.t30.receiver_states import State as S

_FRAMES = (
    E.IDENT,
    E.DIS,
    E.DTC,
    E.DCS,
    E.PPM,
    E.PPS,
    E.EOR,
    E.CTC,
    E.RR,
    E.CRP,
    E.DCN,
    E.RESPONSE,
    E.ECHO,
    E.UNKNOWN,
    E.BAD_FRAME,
)
_WAITING = (
    S.WAIT_DCS,
    S.WAIT_TCF,
    S.WAIT_RETRAIN,
    S.WAIT_PAGE,
    S.WAIT_PPM,
    S.WAIT_RR,
    S.WAIT_T2,
    S.WAIT_DCN,
)
_RECEIVING = (S.RECEIVE_TCF, S.RECEIVE_PAGE)
_SENDING = (S.SEND_DIS, S.SEND_ANSWER)
_FLAGS = (S.RAISE_FLAGS, S.HOLD)
_END = (S.SEND_DCN, S.HANG_UP, S.LAST_PAGES, S.ENDED)
_BEGIN = (S.SET_UP, S.PICK_UP)

Row = tuple[tuple[S, ...], tuple[E, ...], str]

ROWS: tuple[Row, ...] = (
    # Phase A
    ((S.SET_UP,), (E.READY,), "pick_up"),
    ((S.PICK_UP,), (E.FLAGS_UP,), "picked_up"),
    ((S.PICK_UP,), (E.LINE_LOST,), "nobody_there"),
    (_BEGIN, (E.FAILED,), "device_failed"),
    (_BEGIN, (E.TIMEOUT,), "device_silent"),
    (_BEGIN, (E.CANCEL,), "cancel_at_once"),
    ((S.SET_UP,), (E.FLAGS_UP, E.LINE_LOST), "ignore"),
    ((S.PICK_UP,), (E.READY,), "ignore"),
    (_BEGIN, (E.SIGNAL, E.SIGNAL_LOST, E.CARRIER, E.DATA, E.DATA_END, E.SENT, E.ON_HOOK), "ignore"),
    (_BEGIN, (E.STORED, E.STORE_FAILED), "ignore"),
    (_BEGIN, _FRAMES, "ignore"),
    # Phase B
    ((S.SEND_DIS,), (E.SENT,), "await_dcs"),
    (
        (
            S.WAIT_DCS,
            S.WAIT_TCF,
            S.WAIT_RETRAIN,
            S.WAIT_PAGE,
            S.WAIT_PPM,
            S.WAIT_RR,
            S.WAIT_T2,
            S.WAIT_DCN,
        ),
        (E.DCS,),
        "take_dcs",
    ),
    ((S.WAIT_DCS,), (E.TIMEOUT, E.CRP), "dis_again"),
    ((S.WAIT_DCS, S.WAIT_RETRAIN, S.WAIT_T2), (E.DTC, E.DIS), "polled"),
    ((S.WAIT_TCF, S.WAIT_PAGE, S.WAIT_PPM, S.WAIT_RR, S.WAIT_DCN), (E.DTC, E.DIS), "listen_on"),
    ((S.WAIT_TCF,), (E.CARRIER,), "tcf_begins"),
    ((S.WAIT_TCF,), (E.TIMEOUT,), "no_tcf"),
    ((S.WAIT_TCF,), (E.PPM, E.PPS, E.EOR, E.CTC, E.RR, E.CRP), "listen_on"),
    ((S.RECEIVE_TCF,), (E.DATA,), "collect_tcf"),
    ((S.RECEIVE_TCF,), (E.DATA_END, E.TIMEOUT), "check_tcf"),
    ((S.WAIT_RETRAIN,), (E.TIMEOUT,), "begin_again"),
    # Phase C
    ((S.WAIT_PAGE,), (E.CARRIER,), "page_begins"),
    ((S.WAIT_PAGE,), (E.TIMEOUT,), "no_page"),
    ((S.RECEIVE_PAGE,), (E.DATA,), "collect_page"),
    ((S.RECEIVE_PAGE,), (E.DATA_END,), "image_ended"),
    ((S.RECEIVE_PAGE,), (E.TIMEOUT,), "image_given_up"),
    # Phase D
    ((S.SEND_ANSWER,), (E.SENT,), "answered"),
    ((S.WAIT_PPM,), (E.PPM,), "page_ended"),
    ((S.WAIT_PPM, S.WAIT_PAGE), (E.PPS,), "block_ended"),
    ((S.WAIT_PPM, S.WAIT_PAGE), (E.EOR,), "frames_given_up"),
    ((S.WAIT_PPM, S.WAIT_PAGE), (E.CTC,), "correct_on"),
    ((S.WAIT_PAGE,), (E.PPM,), "command_without_image"),
    ((S.WAIT_DCS, S.WAIT_RETRAIN, S.WAIT_T2, S.WAIT_DCN), (E.PPM, E.PPS, E.EOR), "command_again"),
    ((S.WAIT_DCS,), (E.RR, E.CTC), "listen_on"),
    ((S.WAIT_RETRAIN, S.WAIT_T2, S.WAIT_DCN), (E.CTC,), "listen_on"),
    ((S.WAIT_RETRAIN, S.WAIT_PAGE, S.WAIT_PPM, S.WAIT_T2, S.WAIT_DCN), (E.RR, E.CRP), "repeat_answer"),
    ((S.WAIT_PPM,), (E.TIMEOUT,), "no_ppm"),
    ((S.RAISE_FLAGS,), (E.FLAGS_UP,), "flags_up"),
    ((S.RAISE_FLAGS,), (E.TIMEOUT,), "device_silent"),
    ((S.RAISE_FLAGS,), (E.STORED,), "ignore"),  # asked again when the flags are up
    ((S.HOLD,), (E.STORED,), "confirm"),
    ((S.HOLD,), (E.TIMEOUT,), "hold_longer"),
    ((S.HOLD,), (E.FLAGS_UP,), "ignore"),
    (_FLAGS, (E.STORE_FAILED,), "store_failed"),
    ((S.WAIT_RR,), (E.RR, E.PPM, E.PPS, E.EOR, E.CTC, E.CRP), "still_waiting"),
    ((S.WAIT_RR,), (E.TIMEOUT,), "no_rr"),
    ((S.WAIT_RR,), (E.STORE_FAILED,), "store_failed"),
    ((S.WAIT_T2,), (E.TIMEOUT,), "begin_again"),
    # Phase E
    ((S.WAIT_DCN,), (E.DCN, E.TIMEOUT), "all_received"),
    (
        (S.WAIT_DCS, S.WAIT_TCF, S.WAIT_RETRAIN, S.WAIT_PAGE, S.WAIT_PPM, S.WAIT_RR, S.WAIT_T2),
        (E.DCN,),
        "far_end_left",
    ),
    # In every waiting state
    (_WAITING, (E.IDENT,), "ident"),
    (_WAITING, (E.RESPONSE, E.ECHO, E.UNKNOWN, E.BAD_FRAME), "listen_on"),
    (_WAITING, (E.SIGNAL,), "signal"),
    (_WAITING, (E.SIGNAL_LOST,), "signal_lost"),
    (_WAITING, (E.CANCEL,), "cancel_in_turn"),
    ((S.WAIT_DCS, S.WAIT_RETRAIN, S.WAIT_PPM, S.WAIT_RR, S.WAIT_T2, S.WAIT_DCN), (E.CARRIER,), "ignore"),
    (_WAITING, (E.READY, E.FLAGS_UP, E.DATA, E.DATA_END, E.SENT, E.ON_HOOK, E.STORED), "ignore"),
    (
        (S.WAIT_DCS, S.WAIT_TCF, S.WAIT_RETRAIN, S.WAIT_PAGE, S.WAIT_PPM, S.WAIT_T2, S.WAIT_DCN),
        (E.STORE_FAILED,),
        "ignore",
    ),
    # While an image comes in: half duplex
    (_RECEIVING, _FRAMES, "ignore"),
    (_RECEIVING, (E.READY, E.FLAGS_UP, E.SIGNAL, E.SIGNAL_LOST, E.CARRIER, E.SENT, E.ON_HOOK), "ignore"),
    (_RECEIVING, (E.STORED, E.STORE_FAILED), "ignore"),
    (_RECEIVING, (E.CANCEL,), "cancel_in_turn"),
    # While we send: half duplex
    (_SENDING + _FLAGS, _FRAMES, "ignore"),
    (_SENDING, (E.TIMEOUT,), "device_silent"),
    (_SENDING, (E.FLAGS_UP, E.STORED, E.STORE_FAILED), "ignore"),
    (_FLAGS, (E.SENT,), "ignore"),
    (_SENDING + _FLAGS, (E.READY, E.SIGNAL, E.SIGNAL_LOST, E.CARRIER, E.DATA, E.DATA_END, E.ON_HOOK), "ignore"),
    (_SENDING + _FLAGS, (E.CANCEL,), "cancel_in_turn"),
    # Anywhere in the call
    (_WAITING + _RECEIVING + _SENDING + _FLAGS, (E.LINE_LOST,), "line_lost"),
    (_WAITING + _RECEIVING + _SENDING + _FLAGS, (E.FAILED,), "device_failed"),
    # The end
    ((S.SEND_DCN,), (E.SENT, E.LINE_LOST, E.FAILED, E.TIMEOUT), "hang_up"),
    ((S.SEND_DCN,), (E.ON_HOOK,), "ignore"),
    ((S.HANG_UP,), (E.ON_HOOK, E.TIMEOUT, E.FAILED), "on_hook"),
    ((S.HANG_UP,), (E.SENT, E.LINE_LOST), "ignore"),
    ((S.LAST_PAGES,), (E.STORED, E.TIMEOUT), "end"),
    ((S.LAST_PAGES,), (E.STORE_FAILED,), "last_page_lost"),
    ((S.LAST_PAGES, S.ENDED), (E.SENT, E.LINE_LOST, E.FAILED, E.ON_HOOK), "ignore"),
    ((S.ENDED,), (E.STORED, E.STORE_FAILED, E.TIMEOUT), "ignore"),
    ((S.SEND_DCN, S.HANG_UP), (E.STORED, E.STORE_FAILED), "ignore"),  # asked again when we are on-hook
    (_END, _FRAMES, "ignore"),
    (
        _END,
        (E.READY, E.FLAGS_UP, E.SIGNAL, E.SIGNAL_LOST, E.CARRIER, E.DATA, E.DATA_END, E.CANCEL),
        "ignore",
    ),
)

TRANSITIONS: dict[tuple[S, E], str] = {
    (state, event): act for states, events, act in ROWS for state in states for event in events
}
