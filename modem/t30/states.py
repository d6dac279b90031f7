"""The sender's states and events, and how a received frame becomes an event.

What always holds: every frame that can come in is exactly one event.
"""

from __future__ import annotations

from enum import Enum

from modem.outcome import Phase
from modem.t30.frames import Frame, Type


class State(Enum):
    """Where the sender stands. SEND states wait for the line to say Sent, WAIT states for the far end."""

    SET_UP = "set-up"
    DIAL = "dial"
    WAIT_DIS = "wait-dis"
    SEND_DCS = "send-dcs"
    SEND_TCF = "send-tcf"
    WAIT_CFR = "wait-cfr"
    SEND_PAGE = "send-page"
    SEND_PPM = "send-ppm"
    WAIT_PPM = "wait-ppm"
    WAIT_DIS_AGAIN = "wait-dis-again"  # after EOM: T2, then a new phase B
    SEND_BLOCK = "send-block"
    SEND_PPS = "send-pps"
    WAIT_PPS = "wait-pps"
    SEND_RR = "send-rr"
    WAIT_RR = "wait-rr"
    SEND_CTC = "send-ctc"
    WAIT_CTR = "wait-ctr"
    SEND_EOR = "send-eor"
    WAIT_ERR = "wait-err"
    SECOND_COPY = "second-copy"  # answered after a repeat: the answer's second copy may still come
    STOP = "stop"  # cancelled while sending: wait for the end of it
    SEND_DCN = "send-dcn"
    HANG_UP = "hang-up"
    ENDED = "ended"

    @property
    def phase(self) -> Phase:
        return _PHASES[self]


_PHASES = {
    State.SET_UP: Phase.SETUP,
    State.DIAL: Phase.A,
    State.WAIT_DIS: Phase.B,
    State.SEND_DCS: Phase.B,
    State.SEND_TCF: Phase.B,
    State.WAIT_CFR: Phase.B,
    State.WAIT_DIS_AGAIN: Phase.B,
    State.SEND_PAGE: Phase.C,
    State.SEND_BLOCK: Phase.C,
    State.SECOND_COPY: Phase.D,
    State.STOP: Phase.C,
    State.SEND_PPM: Phase.D,
    State.WAIT_PPM: Phase.D,
    State.SEND_PPS: Phase.D,
    State.WAIT_PPS: Phase.D,
    State.SEND_RR: Phase.D,
    State.WAIT_RR: Phase.D,
    State.SEND_CTC: Phase.D,
    State.WAIT_CTR: Phase.D,
    State.SEND_EOR: Phase.D,
    State.WAIT_ERR: Phase.D,
    State.SEND_DCN: Phase.E,
    State.HANG_UP: Phase.E,
    State.ENDED: Phase.E,
}


class Event(Enum):
    """What can happen to the sender."""

    # Frames
    IDENT = "ident"  # a non-final frame: CSI, NSF, CSA ...
    DIS = "DIS"
    DTC = "DTC"
    COMMAND = "command"  # a sender's command: the far end has lost its part
    CFR = "CFR"
    FTT = "FTT"
    CTR = "CTR"
    MCF = "MCF"
    RTP = "RTP"
    RTN = "RTN"
    PIP = "PIP"
    PIN = "PIN"
    PPR = "PPR"
    RNR = "RNR"
    ERR = "ERR"
    CRP = "CRP"
    FNV = "FNV"
    DCN = "DCN"
    ECHO = "echo"  # our own last frame, back from the line
    UNKNOWN = "unknown"
    BAD_FRAME = "bad-frame"
    # The line
    READY = "ready"
    CONNECTED = "connected"
    DIAL_FAILED = "dial-failed"
    SIGNAL = "signal"
    SIGNAL_LOST = "signal-lost"
    GIVEN = "given"  # the whole image may be on the line
    SENT = "sent"
    LINE_LOST = "line-lost"
    FAILED = "failed"
    ON_HOOK = "on-hook"
    # Ours
    TIMEOUT = "timeout"
    CANCEL = "cancel"


_FRAME_EVENTS = {
    Type.DIS: Event.DIS,
    Type.DTC: Event.DTC,
    Type.CFR: Event.CFR,
    Type.FTT: Event.FTT,
    Type.CTR: Event.CTR,
    Type.MCF: Event.MCF,
    Type.RTP: Event.RTP,
    Type.RTN: Event.RTN,
    Type.PIP: Event.PIP,
    Type.PIN: Event.PIN,
    Type.PID: Event.PIN,
    Type.PPR: Event.PPR,
    Type.RNR: Event.RNR,
    Type.ERR: Event.ERR,
    Type.CRP: Event.CRP,
    Type.FNV: Event.FNV,
    Type.DCN: Event.DCN,
} | dict.fromkeys(
    (
        Type.DCS,
        Type.CTC,
        Type.EOM,
        Type.MPS,
        Type.EOP,
        Type.PRI_EOM,
        Type.PRI_MPS,
        Type.PRI_EOP,
        Type.EOS,
        Type.PPS,
        Type.EOR,
        Type.RR,
    ),
    Event.COMMAND,
)


def event_of(frame: Frame, last_sent: tuple[bytes, ...]) -> Event:
    """The event that a frame with a good FCS is. ``last_sent``: octets of the frames of our last burst."""
    if frame.octets in last_sent:
        return Event.ECHO
    if not frame.final:
        return Event.IDENT
    kind = frame.type
    return _FRAME_EVENTS.get(kind, Event.UNKNOWN) if kind else Event.UNKNOWN
