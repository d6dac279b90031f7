"""HDLC as the host must do it in ECM's phase C: flags, zero insertion, FCS (T.30 Annex A, T.4 Annex A).

What always holds: streams are octets in line order (first bit on the line = least significant bit); a block is built
whole, before its carrier is asked for, so that nothing can starve in the middle of a frame. All bit work is done on
whole blocks by string and integer operations that run in C: a 64 KB block takes some milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from modem.t30.frames import ADDRESS, NON_FINAL, Type, fcs

FLAG = 0x7E
_FLAG_BITS = "01111110"
_RCP = bytes((ADDRESS, NON_FINAL, Type.RCP.value))
RCP_COUNT = 3
# A flag, or an abort: content between two of these that is not empty is a frame.
_BOUNDARY = re.compile("01{6}(?=0)")


def _bits(octets: bytes) -> str:
    count = 8 * len(octets)
    return f"{int.from_bytes(octets, 'little'):0{count}b}"[::-1] if count else ""


def _octets(bits: str) -> bytes:
    """Bits in line order to octets; the last octet is filled up with ones, which no receiver takes for data."""
    bits += "1" * (-len(bits) % 8)
    return int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")


def _stuffed(octets: bytes) -> str:
    return _bits(octets + fcs(octets)).replace("11111", "111110")


def fcd(number: int, data: bytes) -> bytes:
    """A facsimile coded data frame without FCS: number 0-255, 64 or 256 octets of data."""
    return bytes((ADDRESS, NON_FINAL, Type.FCD.value, number)) + data


def stream(frames: Iterable[bytes], lead_flags: int, trail_flags: int = 2) -> bytes:
    """Frames (without FCS) as a bit stream: ``lead_flags`` flags, the frames with one flag between, ``trail_flags``."""
    parts = [_FLAG_BITS * lead_flags]
    for frame in frames:
        parts.append(_stuffed(frame))
        parts.append(_FLAG_BITS)
    parts.append(_FLAG_BITS * (trail_flags - 1))
    return _octets("".join(parts))


def block_stream(frames: Sequence[tuple[int, bytes]], rate_bps: int) -> bytes:
    """One (partial) page's frames as the modem sends them: 200 ms of flags, FCD frames, three RCP, two flags."""
    lead_flags = rate_bps // 40 + 1
    octets = [fcd(number, data) for number, data in frames] + [_RCP] * RCP_COUNT
    return stream(octets, lead_flags)


def deframe(octets: bytes) -> list[bytes]:
    """All frames with a good FCS in a received bit stream, without their FCS, in order; all else is dropped."""
    frames = []
    for piece in _BOUNDARY.split(_bits(octets)):
        bits = piece[1:].replace("111110", "11111")
        if len(bits) < 32 or len(bits) % 8 or "111111" in piece:
            continue
        frame = _octets(bits)
        if fcs(frame[:-2]) == frame[-2:]:
            frames.append(frame[:-2])
    return frames
