"""The receiver's states and events, and how a received frame becomes an event.

What always holds: every frame that can come in is exactly one event.
"""

from __future__ import annotations

from enum import Enum

from modem.outcome import Phase
from modem.t30.frames import Frame, Type


class State(Enum):
    """Where the receiver stands. WAIT states listen, SEND states wait for the line to say Sent."""

    SET_UP = "set-up"
    PICK_UP = "pick-up"  # off-hook, CED
    SEND_DIS = "send-dis"  # or DTC, by a caller that polls
    WAIT_DCS = "wait-dcs"
    WAIT_TCF = "wait-tcf"
    RECEIVE_TCF = "receive-tcf"
    SEND_ANSWER = "send-answer"  # CFR, FTT, MCF, PPR ...
    WAIT_RETRAIN = "wait-retrain"  # after FTT, RTP, RTN: a DCS is due
    WAIT_PAGE = "wait-page"
    RECEIVE_PAGE = "receive-page"
    WAIT_PPM = "wait-ppm"  # after an image: a post-page command is due
    RAISE_FLAGS = "raise-flags"  # the page is being stored, and the far end is to be held by flags
    HOLD = "hold"  # flags are on the line
    WAIT_RR = "wait-rr"
    WAIT_T2 = "wait-t2"  # after EOM's answer, before the new DIS
    WAIT_DCN = "wait-dcn"
    SEND_DCN = "send-dcn"
    HANG_UP = "hang-up"
    LAST_PAGES = "last-pages"  # on-hook, and a page is still being stored
    ENDED = "ended"

    @property
    def phase(self) -> Phase:
        return _PHASES[self]


_PHASES = {
    State.SET_UP: Phase.SETUP,
    State.PICK_UP: Phase.A,
    State.SEND_DIS: Phase.B,
    State.WAIT_DCS: Phase.B,
    State.WAIT_TCF: Phase.B,
    State.RECEIVE_TCF: Phase.B,
    State.WAIT_RETRAIN: Phase.B,
    State.WAIT_PAGE: Phase.C,
    State.RECEIVE_PAGE: Phase.C,
    State.SEND_ANSWER: Phase.D,
    State.WAIT_PPM: Phase.D,
    State.RAISE_FLAGS: Phase.D,
    State.HOLD: Phase.D,
    State.WAIT_RR: Phase.D,
    State.WAIT_T2: Phase.B,
    State.WAIT_DCN: Phase.E,
    State.SEND_DCN: Phase.E,
    State.HANG_UP: Phase.E,
    State.LAST_PAGES: Phase.E,
    State.ENDED: Phase.E,
}


class Event(Enum):
    """What can happen to the receiver."""

    # Frames
    IDENT = "ident"  # a non-final frame: TSI, SUB, PWD, NSS ...
    DIS = "DIS"
    DTC = "DTC"
    DCS = "DCS"
    PPM = "PPM"  # MPS, EOM, EOP, PRI-x, EOS
    PPS = "PPS"
    EOR = "EOR"
    CTC = "CTC"
    RR = "RR"
    CRP = "CRP"
    DCN = "DCN"
    RESPONSE = "response"  # a receiver's frame: the far end has lost its part
    ECHO = "echo"  # our own last frame, back from the line
    UNKNOWN = "unknown"
    BAD_FRAME = "bad-frame"
    # The line
    READY = "ready"
    FLAGS_UP = "flags-up"
    SIGNAL = "signal"
    SIGNAL_LOST = "signal-lost"
    CARRIER = "carrier"
    DATA = "data"
    DATA_END = "data-end"
    SENT = "sent"
    LINE_LOST = "line-lost"
    FAILED = "failed"
    ON_HOOK = "on-hook"
    # Ours
    STORED = "stored"  # all pages that were given out are on disk
    STORE_FAILED = "store-failed"
    TIMEOUT = "timeout"
    CANCEL = "cancel"


_FRAME_EVENTS = {
    Type.DIS: Event.DIS,
    Type.DTC: Event.DTC,
    Type.DCS: Event.DCS,
    Type.EOM: Event.PPM,
    Type.MPS: Event.PPM,
    Type.EOP: Event.PPM,
    Type.PRI_EOM: Event.PPM,
    Type.PRI_MPS: Event.PPM,
    Type.PRI_EOP: Event.PPM,
    Type.EOS: Event.PPM,
    Type.PPS: Event.PPS,
    Type.EOR: Event.EOR,
    Type.CTC: Event.CTC,
    Type.RR: Event.RR,
    Type.CRP: Event.CRP,
    Type.DCN: Event.DCN,
} | dict.fromkeys(
    (
        Type.CFR,
        Type.FTT,
        Type.CTR,
        Type.MCF,
        Type.RTP,
        Type.RTN,
        Type.PIP,
        Type.PIN,
        Type.PID,
        Type.PPR,
        Type.RNR,
        Type.ERR,
        Type.FNV,
        Type.FDM,
    ),
    Event.RESPONSE,
)
PAGE_ENDS = {
    Type.MPS: Type.MPS,
    Type.PRI_MPS: Type.MPS,
    Type.EOM: Type.EOM,
    Type.PRI_EOM: Type.EOM,
    Type.EOS: Type.EOM,
    Type.EOP: Type.EOP,
    Type.PRI_EOP: Type.EOP,
}
"""What a post-page command means, operators and selections apart."""


def event_of(frame: Frame, last_sent: tuple[bytes, ...]) -> Event:
    """The event that a frame with a good FCS is. ``last_sent``: octets of the frames of our last burst."""
    if frame.octets in last_sent:
        return Event.ECHO
    if not frame.final:
        return Event.IDENT
    kind = frame.type
    return _FRAME_EVENTS.get(kind, Event.UNKNOWN) if kind else Event.UNKNOWN
