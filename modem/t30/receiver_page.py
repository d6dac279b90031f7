"""What comes in on the fast carrier: a training check, a page row by row, or the frames of a page in ECM.

What always holds: octets may come in any pieces; memory is bounded; time is counted in bits at the rate of the line,
never by a clock. What it must not do: decide what is answered.
(T.4 4.1 for EOL and RTC, T.4 Annex A and T.30 Annex A for ECM.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codec.coder import Decoded, End, decode
from codec.errors import CodeError
from codec.page import Bitmap, Coding
from codec.t85 import decode_t85
from modem.t30.capabilities import T85, PageFormat
from modem.t30.frames import Type
from modem.t30.receiver_deframer import Deframer

ROW_S = 5.0  # no row takes longer on the line (T.4 4.1.2)
TCF_ZEROS_S = 1.0  # of the 1.5 s of zeros that a training check has
AFTER_RTC_S = 5.0  # fill that some senders put behind their RTC
FLAGS_S = 60.0  # ECM senders may wait with flags for their data
PAGE_OCTETS = 32_000_000
_RTC_EOLS = 3
_EOL_ZEROS = 11
_MAP_OCTETS = 32


def zeros_s(octets: bytes, bps: int) -> float:
    """Seconds of the longest row of zero bits in a training check."""
    longest = max((match.end() - match.start() for match in re.finditer(b"\x00+", octets)), default=0)
    return longest * 8 / bps


def _eol_table() -> tuple[tuple[tuple[int, int], ...], ...]:
    """(zeros so far, octet) to (zeros behind it, bits up to an EOL's end in it, 0 for none)."""

    def look(zeros: int, octet: int) -> tuple[int, int]:
        end = 0
        for place in range(8):
            if octet >> place & 1:
                if zeros >= _EOL_ZEROS:
                    end = place + 1
                zeros = 0
            else:
                zeros = min(_EOL_ZEROS, zeros + 1)
        return zeros, end

    return tuple(tuple(look(zeros, octet) for octet in range(256)) for zeros in range(_EOL_ZEROS + 1))


_EOLS = _eol_table()


class RowStream:
    """A page without ECM. Watches its EOLs, so that a page that stands still is known while it comes in."""

    def __init__(self, form: PageFormat, bps: int) -> None:
        self.rtc = False
        self.stood_still = False  # a row took longer than any may
        self._form = form
        self._bps = bps
        self._data = bytearray()
        self._bits = 0  # so many have come in
        self._zeros = 0
        self._last_eol = 0
        self._row = 0  # consecutive EOLs

    def feed(self, octets: bytes) -> None:
        zeros, bits = self._zeros, self._bits
        for octet in octets:
            zeros, end = _EOLS[zeros][octet]
            if end and not self.rtc:
                at = bits + end
                self._row = self._row + 1 if at - self._last_eol <= _EOL_ZEROS + 2 and self._row else 1
                self._too_long(at)
                self._last_eol = at
                if self._row >= _RTC_EOLS:
                    self.rtc = True
            bits += 8
        self._zeros, self._bits = zeros, bits
        if not self.rtc:
            self._too_long(bits)
        if len(self._data) < PAGE_OCTETS:
            self._data += octets

    def _too_long(self, at: int) -> None:
        if at - self._last_eol > ROW_S * self._bps:
            self.stood_still = True

    @property
    def endless(self) -> bool:
        """Whether the carrier has brought nothing for so long that it is given up."""
        return (self._bits - self._last_eol) / self._bps > (AFTER_RTC_S if self.rtc else FLAGS_S)

    @property
    def ended(self) -> bool:
        """Whether the sender has said that the page is whole: three EOLs of the six that RTC has (T.4 4.1.4).

        Two are not enough, though nothing came behind them: behind the EOL of a row what a dying carrier says may look
        like one, and a page that lacks its foot must not be confirmed. A sender whose RTC is as short as that is
        believed when the same page comes again.
        """
        return self.rtc

    @property
    def octets(self) -> int:
        return len(self._data)

    def decoded(self) -> Decoded:
        coding = self._form.coding
        found = decode(bytes(self._data), Coding.MH if coding is T85 else coding, self._form.width)
        if found.end is End.DATA and not self.rtc:
            return _without_cut_row(found)
        return found


def _decoded_t85(octets: bytes, width: int) -> Decoded:
    """T.85 as a page with its report; code that is no T.85 is a page without rows."""
    try:
        found = decode_t85(octets)
    except CodeError:
        return Decoded(Bitmap(width, 0, b""), (), 0, End.CODE, 0)
    end = End.MARK if found.complete else End.CODE
    return Decoded(found.bitmap, (), 0, end, 8 * found.octets_used)


def _without_cut_row(found: Decoded) -> Decoded:
    """Behind the last EOL of a page that was cut off there is at most a part of a row, or what a dying carrier says."""
    rows = found.rows
    bad = set(found.bad_rows)
    while rows and rows - 1 in bad:
        rows -= 1
    size = (found.bitmap.width + 7) // 8
    kept = tuple(row for row in found.bad_rows if row < rows)
    bitmap = Bitmap(found.bitmap.width, rows, found.bitmap.data[: rows * size])
    return Decoded(bitmap, kept, _longest_run(kept), found.end, found.bits_used)


def _longest_run(rows: tuple[int, ...]) -> int:
    longest = run = 0
    before = -2
    for row in rows:
        run = run + 1 if row == before + 1 else 1
        longest = max(longest, run)
        before = row
    return longest


@dataclass(frozen=True)
class Missing:
    """What a PPS has found wanting. ``map``: the FIF of the PPR."""

    map: bytes
    frames: int


class EcmPage:
    """A page in ECM: the blocks that are whole, and the frames of the one that is coming in."""

    def __init__(self, form: PageFormat, bps: int) -> None:
        self.damaged = False  # frames were given up
        self.rcp = False
        self.bps = bps
        self._size = form.frame_octets
        self._data = bytearray()
        self._frames: dict[int, bytes] = {}
        self._count = 0  # frames that the block has, as far as is known
        self._deframer = Deframer()
        self._idle_octets = 0  # since the last good frame

    def carrier(self, bps: int) -> None:
        """A new carrier: frames of the block are coming in, for the first time or again."""
        self.bps = bps
        self.rcp = False
        self._deframer = Deframer()
        self._idle_octets = 0

    def feed(self, octets: bytes) -> None:
        self._idle_octets += len(octets)
        for frame in self._deframer.feed(octets):
            if frame[2] == Type.FCD.value and len(frame) > 4:
                data = frame[4:]
                if len(data) <= self._size:
                    self._frames[frame[3]] = data
                    self._idle_octets = 0
            elif frame[2] == Type.RCP.value:
                if not self.rcp:
                    self._idle_octets = 0
                self.rcp = True

    @property
    def endless(self) -> bool:
        return self._idle_octets * 8 / self.bps > (AFTER_RTC_S if self.rcp else FLAGS_S)

    @property
    def ended(self) -> bool:
        return self.rcp

    @property
    def fresh(self) -> bool:
        """Whether nothing of this block has come in."""
        return not self._frames

    @property
    def begun(self) -> bool:
        """Whether anything of the page is here."""
        return bool(self._data or self._frames)

    @property
    def octets(self) -> int:
        return len(self._data) + sum(map(len, self._frames.values()))

    def missing(self, frames: int) -> Missing | None:
        """What a PPS that speaks of so many frames leaves to ask for; None: the block is whole.

        A PPS after a repetition counts the frames of that alone: the block does not shrink by it.
        """
        self._count = max(self._count, frames, max(self._frames, default=-1) + 1)
        wanting = [
            number
            for number in range(self._count)
            if number not in self._frames or (len(self._frames[number]) < self._size and number != self._count - 1)
        ]
        if not wanting:
            return None
        bits = (1 << 8 * _MAP_OCTETS) - (1 << self._count)
        for number in wanting:
            bits |= 1 << number
        return Missing(bits.to_bytes(_MAP_OCTETS, "little"), len(wanting))

    def close_block(self) -> None:
        """Take the block into the page; frames that are not there are left out, and the page is damaged."""
        if self.missing(self._count) is not None:
            self.damaged = True
        for number in sorted(self._frames):
            if len(self._data) < PAGE_OCTETS:
                self._data += self._frames[number]
        self.drop_block()

    def drop_block(self) -> None:
        """What has come in of this block does not count."""
        self._frames = {}
        self._count = 0
        self.rcp = False

    def restart(self) -> None:
        """The page begins anew with what has come in of this block."""
        self._data.clear()
        self.damaged = False

    def take_what_is_there(self) -> None:
        """The call is over in the middle of the block: what can be read of it is its beginning."""
        for number in range(256):
            if number not in self._frames:
                break
            self._data += self._frames[number]
        self._frames = {}

    def decoded(self, form: PageFormat) -> Decoded:
        if form.coding is T85:
            return _decoded_t85(bytes(self._data), form.width)
        found = decode(bytes(self._data), form.coding, form.width)
        if found.end is not End.MARK and form.coding is not Coding.MMR:
            return _without_cut_row(found)
        return found
