"""T.30 frames: building, checking, naming (T.30 5.3).

What always holds: octets are in line order (the first bit on the line is the least significant), as a Class 1 modem
takes and gives them; ``Frame`` never holds the FCS. ``parse`` raises ``FrameError`` and nothing else, whatever comes
in. This file knows nothing about what a frame's information field means: see ``capabilities`` and ``meaning``.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from enum import Enum

ADDRESS = 0xFF
NON_FINAL = 0x03
FINAL = 0x13
IDENT_OCTETS = 20

_REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


class FrameError(Exception):
    """These octets are no T.30 frame, or their FCS is wrong."""


class Type(Enum):
    """Frame types; the value is the FCF octet in line order with X = 0 (T.30 5.3.6.1)."""

    DIS = 0x80
    CSI = 0x40
    NSF = 0x20
    CSA = 0x24
    DTC = 0x81
    CIG = 0x41
    NSC = 0x21
    PWD = 0xC1
    SEP = 0xA1
    PSA = 0x61
    CIA = 0xE1
    ISP = 0x11
    DCS = 0x82
    TSI = 0x42
    NSS = 0x22
    SUB = 0xC2
    SID = 0xA2
    TSA = 0x62
    IRA = 0xE2
    CTC = 0x12
    CFR = 0x84
    FTT = 0x44
    CTR = 0xC4
    EOM = 0x8E
    MPS = 0x4E
    EOP = 0x2E
    PRI_EOM = 0x9E
    PRI_MPS = 0x5E
    PRI_EOP = 0x3E
    EOS = 0x1E
    PPS = 0xBE
    EOR = 0xCE
    RR = 0x6E
    MCF = 0x8C
    RTP = 0xCC
    RTN = 0x4C
    PIP = 0xAC
    PIN = 0x2C
    PID = 0x6C
    PPR = 0xBC
    RNR = 0xEC
    ERR = 0x1C
    FDM = 0xFC
    DCN = 0xFA
    CRP = 0x1A
    FNV = 0xCA
    TNR = 0xEA
    TR = 0x6A
    FCD = 0x06
    CCD = 0x46
    RCP = 0x86

    @property
    def label(self) -> str:
        return self.name.replace("_", "-")


# Their first bit is no X: it tells two types apart or is always 0 (T.30 5.3.6.1.1, 5.3.6.1.2, Annex A).
_FIXED = frozenset(
    (
        Type.DIS,
        Type.CSI,
        Type.NSF,
        Type.DTC,
        Type.CIG,
        Type.NSC,
        Type.PWD,
        Type.SEP,
        Type.PSA,
        Type.CIA,
        Type.ISP,
        Type.FCD,
        Type.CCD,
        Type.RCP,
    )
)
_BY_CODE = {kind.value: kind for kind in Type} | {kind.value | 1: kind for kind in Type if kind not in _FIXED}


@dataclass(frozen=True)
class Frame:
    """One frame without its FCS. ``type`` is None for an FCF that T.30 does not name."""

    control: int
    fcf: int
    fif: bytes = b""

    @property
    def type(self) -> Type | None:
        return _BY_CODE.get(self.fcf)

    @property
    def final(self) -> bool:
        """The P/F bit: no other frame follows in this burst."""
        return bool(self.control & 0x10)

    @property
    def x(self) -> int:
        return self.fcf & 1

    @property
    def name(self) -> str:
        kind = self.type
        return kind.label if kind else f"FCF {self.fcf:02X}"

    @property
    def octets(self) -> bytes:
        """Address to FIF, without FCS: what a Class 1 modem is given."""
        return bytes((ADDRESS, self.control, self.fcf)) + self.fif


def build(kind: Type, fif: bytes = b"", *, final: bool = True, x: int = 1) -> Frame:
    """A frame of ours. ``x`` = 1 at the station that received the DIS, for the whole call (T.30 5.3.6.1)."""
    code = kind.value if kind in _FIXED else kind.value | x
    return Frame(FINAL if final else NON_FINAL, code, fif)


def fcs(octets: bytes) -> bytes:
    """The two FCS octets in line order (T.30 5.3.7)."""
    value = binascii.crc_hqx(octets.translate(_REVERSED), 0xFFFF) ^ 0xFFFF
    return value.to_bytes(2, "big").translate(_REVERSED)


def parse(octets: bytes) -> Frame:
    """A frame from the octets that a modem gave, FCS at the end. Raises FrameError."""
    if len(octets) < 5:
        raise FrameError(f"too short: {len(octets)} octets")
    body = octets[:-2]
    if fcs(body) != octets[-2:]:
        raise FrameError("the FCS is wrong")
    if body[0] != ADDRESS:
        raise FrameError(f"address {body[0]:02X}")
    if body[1] & ~0x10 != NON_FINAL:
        raise FrameError(f"control {body[1]:02X}")
    return Frame(body[1], body[2], body[3:])


def ident_fif(text: str) -> bytes:
    """The 20 octets of an identification: last character first, then spaces (T.30 5.3.6.2.4).

    Raises ValueError when the text is longer than 20 characters or not printable ASCII.
    """
    if len(text) > IDENT_OCTETS or not text.isascii() or not text.isprintable():
        raise ValueError(f"not an identification of at most 20 printable ASCII characters: {text!r}")
    return text[::-1].encode("ascii").ljust(IDENT_OCTETS)


def ident_text(fif: bytes) -> str:
    """The identification as people read it. Accepts any length, padding with spaces or zeros."""
    text = "".join(chr(octet) if 0x20 <= octet < 0x7F else " " for octet in reversed(fif[:IDENT_OCTETS]))
    return text.strip()
