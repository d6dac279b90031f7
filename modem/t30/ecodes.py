"""The customary E-codes of fax servers as labels: what administrators know from HylaFAX+ logs and search for.

What always holds: a label says nothing that cause, phase and last command do not say; an end for which no code is
customary has none. Nothing may decide by them.
"""

from __future__ import annotations

from modem.outcome import Cause, Phase

_BY_CAUSE = {
    Cause.BUSY: "E001",
    Cause.NO_CARRIER: "E002",
    Cause.NO_ANSWER: "E003",
    Cause.NO_DIAL_TONE: "E004",
    Cause.BLACKLISTED: "E010",
    Cause.DELAYED: "E010",
    Cause.CANNOT_RECEIVE: "E122",
    Cause.NO_FAX: "E126",
    Cause.NOTHING_TO_FETCH: "E266",
    Cause.CANNOT_TRAIN: "E137",
    Cause.NO_ANSWER_TO_TRAINING: "E136",
    Cause.PAGE_REFUSED: "E131",
    Cause.NOT_READY_TOO_LONG: "E138",
    Cause.LINE_TOO_BAD: "E143",
}
_NO_ANSWER_AFTER = {"MPS": "E150", "EOP": "E151", "PPS": "E147", "RR": "E139", "CTC": "E141", "EOR": "E144"}
_NONSENSE_AFTER = {"PPS": "E146", "RR": "E140", "CTC": "E142", "EOR": "E145"}


def ecode(cause: Cause, phase: Phase, after: str = "") -> str:
    """The label of an end, or "". ``after``: our last command."""
    match cause:
        case Cause.FAR_END_DISCONNECTED:
            return "E128" if phase is Phase.D else "E103" if after == "DCS" else "E124"
        case Cause.NO_ANSWER_TO_PAGE:
            return _NO_ANSWER_AFTER.get(after, "")
        case Cause.LINE_LOST if phase is Phase.D:
            return _NO_ANSWER_AFTER.get(after, "")
        case Cause.PROTOCOL_ERROR:
            return _NONSENSE_AFTER.get(after, "E134")
    return _BY_CAUSE.get(cause, "")
