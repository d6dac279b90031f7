"""What a frame says, in one line for people: for the journal and for reading calls.

What always holds: any frame has a meaning; passwords are never shown.
"""

from __future__ import annotations

from codec.page import Resolution
from modem.t30.capabilities import Abilities, Parameters, parse_dcs, parse_dis
from modem.t30.frames import Frame, Type, ident_text
from modem.t30.rates import BY_DCS

SECRET = frozenset((Type.PWD, Type.SID))
_IDENTS = {
    Type.CSI: "called station",
    Type.CIG: "polling station",
    Type.TSI: "sending station",
    Type.SUB: "sub-address",
    Type.SEP: "polled document",
    Type.PSA: "polled sub-address",
}
_PLAIN = {
    Type.CFR: "training was good, send the page",
    Type.FTT: "training failed",
    Type.CTR: "continue to correct",
    Type.EOM: "end of page, parameters may change",
    Type.MPS: "end of page, another follows",
    Type.EOP: "end of the last page",
    Type.PRI_EOM: "end of page, operator wanted",
    Type.PRI_MPS: "end of page, another follows, operator wanted",
    Type.PRI_EOP: "end of the last page, operator wanted",
    Type.RR: "ready to go on?",
    Type.MCF: "received",
    Type.RTP: "received, train again",
    Type.RTN: "not good, train again",
    Type.PIP: "received, operator wanted",
    Type.PIN: "not good, operator wanted",
    Type.RNR: "not ready yet",
    Type.ERR: "damage accepted",
    Type.DCN: "disconnect",
    Type.CRP: "repeat your command",
    Type.NSF: "non-standard facilities",
    Type.FNV: "a field is not valid",
    Type.RCP: "end of the partial page",
}
_PPS_ENDS = {0x00: "the page goes on"}


def describe_dis(can: Abilities) -> str:
    """One line: what the far end can."""
    parts = ["receives" if can.can_receive else "cannot receive"]
    if can.has_document:
        parts.append("has a document")
    parts.append("/".join(dict.fromkeys(rate.modulation.value for rate in can.rates)) + f" up to {can.rates[0].bps}")
    parts.append("ECM" if can.ecm else "no ECM")
    parts.append("/".join(coding.value.upper() for coding in can.codings) + ("/T.85" if can.t85 else ""))
    parts.append("/".join(resolution.value for resolution in Resolution if resolution in can.resolutions))
    parts.append(f"width {can.width}")
    parts.append("any length" if can.length_mm is None else f"{can.length_mm} mm")
    parts.append(f"{can.scan_time_ms(Resolution.STANDARD)}/{can.scan_time_ms(Resolution.FINE)} ms a line")
    return ", ".join(parts)


def describe_dcs(parameters: Parameters) -> str:
    """One line: what is sent."""
    form = parameters.format
    parts = [f"{parameters.rate.bps} {parameters.rate.modulation.value}", form.coding.value.upper()]
    parts.append(form.resolution.value)
    parts.append(f"ECM {form.frame_octets}" if form.ecm else f"no ECM, {form.scan_time_ms} ms a line")
    parts.append(f"width {form.width}")
    parts.append("any length" if form.length_mm is None else f"{form.length_mm} mm")
    return ", ".join(parts)


def _describe_end(frame: Frame) -> str:
    end = _PPS_ENDS.get(frame.fif[0]) or Frame(frame.control, frame.fif[0]).name if frame.fif else "?"
    if frame.type is Type.EOR or len(frame.fif) < 4:
        return end
    _, page, block, frames = frame.fif[:4]
    return f"{end}: page {page}, block {block}, {frames + 1} frames"


def describe(frame: Frame) -> str:
    """One line for any frame."""
    kind = frame.type
    if kind in (Type.DIS, Type.DTC):
        return describe_dis(parse_dis(frame.fif))
    if kind is Type.DCS:
        return describe_dcs(parse_dcs(frame.fif))
    if kind in _IDENTS:
        return f"{_IDENTS[kind]} {ident_text(frame.fif)!r}"
    if kind in SECRET:
        return "(hidden)"
    if kind in (Type.PPS, Type.EOR):
        return _describe_end(frame)
    if kind is Type.PPR:
        missing = sum(octet.bit_count() for octet in frame.fif)
        return f"{missing} bits set (frames that do not exist count too)"
    if kind is Type.CTC and len(frame.fif) >= 2:
        rate = BY_DCS.get(frame.fif[1] >> 2 & 0xF)
        return f"go on correcting at {rate.bps} {rate.modulation.value}" if rate else "go on correcting"
    if kind is None:
        return "unknown to T.30"
    return _PLAIN.get(kind, kind.label)
