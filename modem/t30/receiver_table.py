"""The receiver's transitions, as data: for every state and every event, what is done, and where each act may lead
(T.30 5.2, Annex A, figures 5-2).

What always holds: each pair of state and event has exactly one row, and no row stands for "all the rest": a row names
its states and events one by one. ``LEADS_TO`` names every state in which an act may leave the machine (``STAY``: the
one that it was in); tests play far ends of every kind and hold it against what happens. The acts are the methods of
``Receiver`` of the same name; four of them do nothing, each for its own reason:

``deaf``   we are sending, or an image comes in; half duplex, so no frame and no other carrier can be heard
``stale``  an event of an act of the line that has been given up; the line promises it to the act, not to this state
``later``  pages got to the disk, or did not: it is remembered, and looked at when an answer hangs on it
``over``   the call is ending: nothing that is said now changes what became of it
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
    ((S.SET_UP,), (E.FLAGS_UP, E.LINE_LOST), "stale"),
    ((S.PICK_UP,), (E.READY,), "stale"),
    (_BEGIN, (E.SIGNAL, E.SIGNAL_LOST, E.CARRIER, E.DATA, E.DATA_END), "deaf"),
    (_BEGIN, (E.SENT, E.ON_HOOK), "stale"),
    (_BEGIN, (E.STORED, E.STORE_FAILED), "later"),
    (_BEGIN, _FRAMES, "deaf"),
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
    ((S.WAIT_TCF,), (E.TIMEOUT, E.DATA_END), "no_tcf"),
    ((S.WAIT_TCF,), (E.PPM, E.PPS, E.EOR, E.CTC, E.RR, E.CRP), "listen_on"),
    ((S.RECEIVE_TCF,), (E.DATA,), "collect_tcf"),
    ((S.RECEIVE_TCF,), (E.DATA_END, E.TIMEOUT), "check_tcf"),
    ((S.WAIT_RETRAIN,), (E.TIMEOUT,), "begin_again"),
    # Phase C
    ((S.WAIT_PAGE,), (E.CARRIER,), "page_begins"),
    ((S.WAIT_PAGE,), (E.TIMEOUT,), "no_page"),
    ((S.WAIT_PAGE,), (E.DATA_END,), "image_missed"),
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
    ((S.RAISE_FLAGS,), (E.STORED, E.STORE_FAILED), "later"),  # asked again when the flags are up
    ((S.HOLD,), (E.STORED,), "confirm"),
    ((S.HOLD,), (E.TIMEOUT,), "hold_longer"),
    ((S.HOLD,), (E.FLAGS_UP,), "stale"),
    ((S.HOLD,), (E.STORE_FAILED,), "store_failed"),
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
    ((S.WAIT_DCS, S.WAIT_RETRAIN, S.WAIT_PPM, S.WAIT_RR, S.WAIT_T2, S.WAIT_DCN), (E.CARRIER,), "stale"),
    (_WAITING, (E.READY, E.FLAGS_UP, E.DATA, E.SENT, E.ON_HOOK), "stale"),
    ((S.WAIT_DCS, S.WAIT_RETRAIN, S.WAIT_PPM, S.WAIT_RR, S.WAIT_T2, S.WAIT_DCN), (E.DATA_END,), "stale"),
    (_WAITING, (E.STORED,), "later"),
    (
        (S.WAIT_DCS, S.WAIT_TCF, S.WAIT_RETRAIN, S.WAIT_PAGE, S.WAIT_PPM, S.WAIT_T2, S.WAIT_DCN),
        (E.STORE_FAILED,),
        "later",
    ),
    # While an image comes in: half duplex
    (_RECEIVING, _FRAMES, "deaf"),
    (_RECEIVING, (E.SIGNAL, E.SIGNAL_LOST, E.CARRIER), "deaf"),
    (_RECEIVING, (E.READY, E.FLAGS_UP, E.SENT, E.ON_HOOK), "stale"),
    (_RECEIVING, (E.STORED, E.STORE_FAILED), "later"),
    (_RECEIVING, (E.CANCEL,), "cancel_in_turn"),
    # While we send: half duplex
    (_SENDING + _FLAGS, _FRAMES, "deaf"),
    (_SENDING, (E.TIMEOUT,), "device_silent"),
    (_SENDING, (E.STORED, E.STORE_FAILED), "later"),
    (_SENDING, (E.FLAGS_UP,), "stale"),
    (_FLAGS, (E.SENT,), "stale"),
    (_SENDING + _FLAGS, (E.SIGNAL, E.SIGNAL_LOST, E.CARRIER, E.DATA, E.DATA_END), "deaf"),
    (_SENDING + _FLAGS, (E.READY, E.ON_HOOK), "stale"),
    (_SENDING + _FLAGS, (E.CANCEL,), "cancel_in_turn"),
    # Anywhere in the call
    (_WAITING + _RECEIVING + _SENDING + _FLAGS, (E.LINE_LOST,), "line_lost"),
    (_WAITING + _RECEIVING + _SENDING + _FLAGS, (E.FAILED,), "device_failed"),
    # The end
    ((S.SEND_DCN,), (E.SENT, E.LINE_LOST, E.FAILED, E.TIMEOUT), "hang_up"),
    ((S.SEND_DCN,), (E.ON_HOOK,), "over"),
    ((S.HANG_UP,), (E.ON_HOOK, E.TIMEOUT, E.FAILED), "on_hook"),
    ((S.HANG_UP,), (E.SENT, E.LINE_LOST), "over"),
    ((S.LAST_PAGES,), (E.STORED,), "end"),
    ((S.LAST_PAGES,), (E.STORE_FAILED, E.TIMEOUT), "last_page_lost"),
    ((S.LAST_PAGES, S.ENDED), (E.SENT, E.LINE_LOST, E.FAILED, E.ON_HOOK), "over"),
    ((S.ENDED,), (E.STORED, E.STORE_FAILED, E.TIMEOUT), "over"),
    ((S.SEND_DCN, S.HANG_UP), (E.STORED, E.STORE_FAILED), "later"),  # asked again when we are on-hook
    (_END, _FRAMES, "over"),
    (
        _END,
        (E.READY, E.FLAGS_UP, E.SIGNAL, E.SIGNAL_LOST, E.CARRIER, E.DATA, E.DATA_END, E.CANCEL),
        "over",
    ),
)

STAY = None
_REPLY = (S.SEND_ANSWER, S.SEND_DCN)
LEADS_TO: dict[str, frozenset[S | None]] = {
    act: frozenset(states)
    for act, states in (
        ("pick_up", (S.PICK_UP,)),
        ("picked_up", (S.SEND_DIS,)),
        ("nobody_there", (S.HANG_UP,)),
        ("device_failed", (S.HANG_UP,)),
        ("device_silent", (S.HANG_UP,)),
        ("cancel_at_once", (S.HANG_UP,)),
        ("await_dcs", (S.WAIT_DCS,)),
        ("take_dcs", (S.WAIT_TCF,)),
        ("dis_again", (S.SEND_DIS, S.SEND_DCN)),
        ("polled", (S.SEND_DIS, S.SEND_DCN, S.ENDED)),
        ("tcf_begins", (S.RECEIVE_TCF,)),
        ("no_tcf", _REPLY),
        ("collect_tcf", (STAY,)),
        ("check_tcf", _REPLY),
        ("begin_again", (S.SEND_DIS, S.SEND_DCN, S.HANG_UP)),
        ("page_begins", (S.RECEIVE_PAGE,)),
        ("no_page", (STAY, S.SEND_DCN)),
        ("collect_page", (STAY, S.WAIT_PPM, S.SEND_DCN)),
        ("image_ended", (S.WAIT_PPM,)),
        ("image_missed", (S.WAIT_PPM,)),
        ("image_given_up", (S.WAIT_PPM, S.SEND_DCN)),
        ("answered", (S.WAIT_PAGE, S.WAIT_T2, S.WAIT_RETRAIN, S.WAIT_DCN, S.WAIT_RR)),
        ("page_ended", (S.RAISE_FLAGS, *_REPLY)),
        ("block_ended", (STAY, S.RAISE_FLAGS, *_REPLY)),
        ("frames_given_up", (STAY, S.RAISE_FLAGS, *_REPLY)),
        ("correct_on", (STAY, *_REPLY)),
        ("command_without_image", (S.RAISE_FLAGS, *_REPLY)),
        ("command_again", (STAY, *_REPLY)),
        ("repeat_answer", (STAY, *_REPLY)),
        ("no_ppm", (S.SEND_DCN,)),
        ("flags_up", (S.HOLD, *_REPLY)),
        ("confirm", _REPLY),
        ("hold_longer", _REPLY),
        ("store_failed", (S.SEND_DCN,)),
        ("still_waiting", (S.RAISE_FLAGS, *_REPLY)),
        ("no_rr", (S.SEND_DCN,)),
        ("all_received", (S.HANG_UP,)),
        ("far_end_left", (S.HANG_UP,)),
        ("line_lost", (S.HANG_UP,)),
        ("hang_up", (S.HANG_UP,)),
        ("on_hook", (S.LAST_PAGES, S.ENDED)),
        ("end", (S.ENDED,)),
        ("last_page_lost", (S.ENDED,)),
        ("ident", (STAY,)),
        ("listen_on", (STAY,)),
        ("signal", (STAY,)),
        ("signal_lost", (STAY,)),
        ("cancel_in_turn", (STAY,)),
        ("deaf", (STAY,)),
        ("stale", (STAY,)),
        ("later", (STAY,)),
        ("over", (STAY,)),
    )
}

TRANSITIONS: dict[tuple[S, E], str] = {
    (state, event): act for states, events, act in ROWS for state in states for event in events
}
