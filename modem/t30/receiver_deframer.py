"""Frames out of an ECM image as it comes in: flags, zero deletion, FCS, octet by octet from a table (T.30 Annex A).

What always holds: octets may come in any pieces; each is looked up once, in a table of (ones seen so far) x (octet);
nothing that comes in can raise; no more is kept than one frame of ``FRAME_MAX`` octets. Frames come out in order,
without FCS, when their FCS is good; all else is dropped.
"""

from __future__ import annotations

from modem.t30.frames import fcs

FRAME_MAX = 300
_FLAG_SEEN, _ABORT = -1, -2
# One step: so many data bits with this value, and then a flag, an abort, or nothing (0).
Step = tuple[int, int, int]


def _steps(ones: int, octet: int) -> tuple[int, tuple[Step, ...]]:
    """What an octet (first bit on the line least significant) is after ``ones`` ones; 7 stands for an abort."""
    steps: list[Step] = []
    count = value = 0
    for place in range(8):
        bit = octet >> place & 1
        if ones >= 6:
            if bit:
                if ones == 6:
                    steps.append((count, value, _ABORT))
                    count = value = 0
                ones = 7
            else:
                if ones == 6:
                    steps.append((count, value, _FLAG_SEEN))
                    count = value = 0
                ones = 0
        elif ones == 5:
            ones = 6 if bit else 0  # a one is no data yet; a zero was put in by the sender
        else:
            value |= bit << count
            count += 1
            ones = ones + 1 if bit else 0
    if count:
        steps.append((count, value, 0))
    return ones, tuple(steps)


_TABLE = tuple(tuple(_steps(ones, octet) for octet in range(256)) for ones in range(8))


class Deframer:
    """Feed it the octets of a received image; ``feed`` gives the frames that they complete."""

    def __init__(self) -> None:
        self._ones = 0
        self._inside = False  # a flag has been seen, and no abort since
        self._octets = bytearray()
        self._bits = 0  # data bits that are no whole octet yet
        self._value = 0

    def feed(self, octets: bytes) -> list[bytes]:
        frames: list[bytes] = []
        ones, bits, value, body = self._ones, self._bits, self._value, self._octets
        for octet in octets:
            ones, steps = _TABLE[ones][octet]
            for count, more, mark in steps:
                value |= more << bits
                bits += count
                if bits >= 8:
                    body.append(value & 0xFF)
                    value >>= 8
                    bits -= 8
                if mark:
                    # A flag's zero and its first five ones were taken for data: six bits too many.
                    if mark == _FLAG_SEEN and self._inside and bits == 6 and 4 <= len(body) <= FRAME_MAX:
                        frame = bytes(body)
                        if fcs(frame[:-2]) == frame[-2:]:
                            frames.append(frame[:-2])
                    self._inside = mark == _FLAG_SEEN
                    body.clear()
                    bits = value = 0
            if len(body) > FRAME_MAX:
                self._inside = False
                body.clear()
        self._ones, self._bits, self._value = ones, bits, value
        return frames
