"""What a fax machine at frame level is like, what it keeps, and the small parts that it is made of.

What always holds: frames and bit streams here are made and read by code of their own, apart from the FCS, so that a
mistake in ``modem.t30`` is not made twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from codec.page import Coding
from modem.t30.frames import fcs

DIS, CSI, NSF, DCS, TSI, CFR, FTT, CTR, CTC = 0x80, 0x40, 0x20, 0x82, 0x42, 0x84, 0x44, 0xC4, 0x12
EOM, MPS, EOP, PPS, EOR, RR = 0x8E, 0x4E, 0x2E, 0xBE, 0xCE, 0x6E
MCF, RTP, RTN, PIP, PIN, PPR, RNR, ERR, DCN, CRP = 0x8C, 0xCC, 0x4C, 0xAC, 0x2C, 0xBC, 0xEC, 0x1C, 0xFA, 0x1A
NAMES: Final = {
    MCF: "MCF",
    RTP: "RTP",
    RTN: "RTN",
    PIP: "PIP",
    PIN: "PIN",
    PPR: "PPR",
    RNR: "RNR",
    ERR: "ERR",
    CFR: "CFR",
    FTT: "FTT",
}
RATES: Final = {1: 9600, 3: 7200, 8: 14400, 10: 12000, 9: 9600, 11: 7200, 2: 4800, 0: 2400}
_FLAG_BITS: Final = "01111110"


class Odd(Enum):
    """What a far end may do in place of an answer."""

    DCN = "DCN"
    VANISH = "vanish"  # on-hook without a word
    SILENT = "silent"  # this once
    CRP = "CRP"
    UNKNOWN = "unknown"  # a frame that T.30 does not name
    WRONG = "wrong"  # a frame that is no answer here, and confirms nothing
    FLAGS = "flags"  # and no frame
    DIS = "DIS"


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What this machine is like. ``odd``: what happens in place of the n-th burst, from 0."""

    dis: bytes = bytes.fromhex("00EEFAC48011")
    ident: bytes = b"1002 555 1+         "
    facilities: bool = False
    answer_s: float = 0.13  # from the end of a command's frame to the answer
    refused_tcfs: int = 0
    refused_rates: frozenset[int] = frozenset()  # rates that never train
    non_ecm_answers: tuple[int, ...] = ()  # for the first pages, in place of the honest one: RTN, RTP, PIP, PIN
    always_rtn: bool = False
    always_ppr: bool = False
    not_ready: int = 0  # so many RNRs before each answer to a PPS
    leaves_without_dcn: bool = False
    vanishes_at_page: int = 0  # from 1: on-hook without a word in place of the MCF to this page
    odd: dict[int, Odd] = field(default_factory=dict)


@dataclass
class HeldPage:
    """A page that came. ``code``: in line order; ``sent``: what had been sent, before the line's faults."""

    coding: Coding
    width: int
    dpi_y: int
    ecm: bool
    code: bytes
    sent: bytes | bytearray = b""
    damaged: bool = False  # a block was given up by EOR
    answer: str = ""  # the last answer for it that left


def frame_of(code: int, fif: bytes = b"", *, final: bool = True) -> bytes:
    body = bytes((0xFF, 0x13 if final else 0x03, code)) + fif
    return body + fcs(body)


def longest_zeros(octets: bytearray) -> int:
    """Bits in the longest run of zero octets."""
    return 8 * max((len(run) for run in bytes(octets.translate(_ZERO)).split(b"x")), default=0)


_ZERO: Final = bytes((0x30,)) + b"x" * 255


def deframed(octets: bytes) -> list[tuple[int, bytes]]:
    """Number and data of each good FCD in a bit stream: between two flags, zeros after five ones taken out."""
    bits = f"{int.from_bytes(octets, 'little'):0{8 * len(octets)}b}"[::-1] if octets else ""
    found = []
    for piece in bits.split(_FLAG_BITS):
        if len(piece) < 48 or "1111111" in piece:
            continue
        plain = piece.replace("111110", "11111")
        if len(plain) % 8:
            continue
        frame = int(plain[::-1], 2).to_bytes(len(plain) // 8, "little")
        if frame[:3] == b"\xff\x03\x06" and len(frame) in (70, 262) and fcs(frame[:-2]) == frame[-2:]:
            found.append((frame[3], frame[4:-2]))
    return found
