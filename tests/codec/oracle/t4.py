"""A twin of ``codec.coder`` in plain Python: the same interface, written from T.4 and T.6 for clarity alone.

What always holds: it shares nothing with the C part but the types. Bits are text of 0 and 1. Damage is handled in the
simplest way of T.4: what is between two EOLs is a row; a row that is not whole is bad and shows the one above; in MR
all is bad until the next one-dimensional row. (The C part knows more about damaged EOLs.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from codec.page import Bitmap, BitOrder, Coding
from tests.codec.oracle.tables import BLACK, WHITE

EOL = "000000000001"
_WORDS = ({word: run for run, word in WHITE.items()}, {word: run for run, word in BLACK.items()})
_VERTICAL = {0: "1", 1: "011", 2: "000011", 3: "0000011", -1: "010", -2: "000010", -3: "0000010"}
_MODES = {word: delta for delta, word in _VERTICAL.items()} | {"001": "H", "0001": "P"}


@dataclass(frozen=True)
class TwinDecoded:
    bitmap: Bitmap
    bad_rows: tuple[int, ...]
    marked: bool
    """RTC or EOFB was found."""


def row_changes(bits: str) -> list[int]:
    return [i for i, bit in enumerate(bits) if bit != (bits[i - 1] if i else "0")]


def rows_of(bitmap: Bitmap) -> Iterator[list[int]]:
    octets = (bitmap.width + 7) // 8
    for at in range(0, bitmap.rows * octets, octets):
        bits = "".join(f"{octet:08b}" for octet in bitmap.data[at : at + octets])[: bitmap.width]
        yield row_changes(bits)


def bitmap_from(rows: list[list[int]], width: int) -> Bitmap:
    data = bytearray()
    for changes in rows:
        edges = [*changes, width]
        bits = "".join(
            ("1" if i % 2 else "0") * (edge - before)
            for i, (before, edge) in enumerate(zip([0, *edges], edges, strict=False))
        ).ljust(width, "0")
        bits = bits.ljust((width + 7) // 8 * 8, "0")
        data += int(bits, 2).to_bytes(len(bits) // 8, "big")
    return Bitmap(width, len(rows), bytes(data))


def run_word(colour: int, run: int) -> str:
    table = BLACK if colour else WHITE
    word = ""
    while run >= 2624:
        word += table[2560]
        run -= 2560
    if run >= 64:
        word += table[run // 64 * 64]
    return word + table[run % 64]


def line_1d(changes: list[int], width: int) -> str:
    edges = [*changes, width]
    return "".join(
        run_word(i % 2, edge - before) for i, (before, edge) in enumerate(zip([0, *edges], edges, strict=False))
    )


def line_2d(changes: list[int], above: list[int], width: int) -> str:
    def after(edges: list[int], place: int, colour: int) -> int:
        """The first change behind ``place`` to the colour opposite to ``colour``."""
        return next((edge for i, edge in enumerate(edges) if edge > place and i % 2 == colour), width)

    word, a0, colour = "", -1, 0
    while a0 < width:
        a1 = after(changes, a0, colour)
        b1 = after(above, a0, colour)
        b2 = next((edge for edge in above if edge > b1), width)
        if b2 < a1:
            word += "0001"
            a0 = b2
        elif abs(a1 - b1) <= 3:
            word += _VERTICAL[a1 - b1]
            a0, colour = a1, 1 - colour
        else:
            a2 = next((edge for edge in changes if edge > a1), width)
            word += "001" + run_word(colour, a1 - max(a0, 0)) + run_word(1 - colour, a2 - a1)
            a0 = a2
    return word


def packed(bits: str, order: BitOrder) -> bytes:
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    return reverse(data) if order is BitOrder.LSB else data


def reverse(data: bytes) -> bytes:
    return bytes(int(f"{octet:08b}"[::-1], 2) for octet in data)


def unpacked(data: bytes, order: BitOrder) -> str:
    return "".join(f"{octet:08b}" for octet in (reverse(data) if order is BitOrder.LSB else data))


def encode(
    bitmap: Bitmap,
    coding: Coding,
    *,
    k: int = 4,
    min_row_bits: int = 0,
    rtc: bool = True,
    eol_aligned: bool = False,
    order: BitOrder = BitOrder.LSB,
) -> bytes:
    bits = ""
    above: list[int] = []
    if coding is Coding.MMR:
        for changes in rows_of(bitmap):
            bits += line_2d(changes, above, bitmap.width)
            above = changes
        return packed(bits + EOL * 2 * rtc, order)

    def eol(one_dimensional: bool) -> str:
        fill = "0" * (-(len(bits) + 12) % 8) if eol_aligned else ""
        return fill + EOL + ("" if coding is Coding.MH else "1" if one_dimensional else "0")

    for number, changes in enumerate(rows_of(bitmap)):
        one_dimensional = coding is Coding.MH or number % k == 0
        bits += eol(one_dimensional)
        line = line_1d(changes, bitmap.width) if one_dimensional else line_2d(changes, above, bitmap.width)
        bits += line.ljust(min_row_bits - (12 if coding is Coding.MH else 13), "0")
        above = changes
    if rtc:
        bits += eol(True) + (EOL if coding is Coding.MH else EOL + "1") * 5
    return packed(bits, order)


class _BadCode(Exception):
    pass


class _Bits:
    def __init__(self, bits: str) -> None:
        self.bits, self.at = bits, 0

    def word(self, words: dict[str, int] | dict[str, int | str]) -> int | str:
        for length in range(1, 14):
            found = words.get(self.bits[self.at : self.at + length])
            if found is not None and self.at + length <= len(self.bits):
                self.at += length
                return found
        raise _BadCode

    def run(self, colour: int) -> int:
        total = 0
        while True:
            part = int(self.word(_WORDS[colour]))
            total += part
            if part < 64:
                return total


def read_1d(bits: _Bits, width: int) -> list[int]:
    edges: list[int] = []
    place, colour = 0, 0
    while place < width:
        place += bits.run(colour)
        edges.append(place)
        colour = 1 - colour
    return settled(edges, width)


def settled(edges: list[int], width: int) -> list[int]:
    """The edges without pairs at one place (runs of 0), and without those at the row's end."""
    kept: list[int] = []
    for edge in edges:
        if edge > width:
            raise _BadCode
        if kept and kept[-1] == edge:
            kept.pop()
        else:
            kept.append(edge)
    while kept and kept[-1] == width:
        kept.pop()
    return kept


def read_2d(bits: _Bits, above: list[int], width: int) -> list[int]:
    edges: list[int] = []
    a0, colour = -1, 0
    while a0 < width:
        b1 = next((edge for i, edge in enumerate(above) if edge > a0 and i % 2 == colour), width)
        b2 = next((edge for edge in above if edge > b1), width)
        before = bits.at
        mode = bits.word(_MODES)
        if mode == "P":
            a0 = b2
        elif mode == "H":
            first = max(a0, 0) + bits.run(colour)
            a0 = first + bits.run(1 - colour)
            if a0 > width:
                raise _BadCode
            edges += [first, a0]
        else:
            a1 = b1 + int(mode)
            if not a0 < a1 <= width:
                bits.at = before
                raise _BadCode
            edges.append(a1)
            a0, colour = a1, 1 - colour
    return settled(edges, width)


def decode(
    data: bytes, coding: Coding, width: int, *, rows: int | None = None, order: BitOrder = BitOrder.LSB
) -> TwinDecoded:
    text = unpacked(data, order)
    done: list[list[int]] = []
    bad: list[int] = []
    if coding is Coding.MMR:
        bits = _Bits(text)
        marked = False
        while rows is None or len(done) < rows:
            marked = text.startswith(EOL * 2, bits.at)
            if marked:
                break
            try:
                done.append(read_2d(bits, done[-1] if done else [], width))
            except _BadCode:
                break
        return TwinDecoded(bitmap_from(done, width), (), marked or text.startswith(EOL * 2, bits.at))
    pattern = "0{11,}1([01])" if coding is Coding.MR else "0{11,}1()"
    pieces = list(re.finditer(pattern, text))
    eols, suspect = 0, False
    for number, piece in enumerate(pieces):
        end = pieces[number + 1].start() if number + 1 < len(pieces) else len(text)
        body = text[piece.end() : end]
        eols += 1
        if not body.strip("0"):
            if eols >= 3 or number + 1 == len(pieces):
                break
            continue
        if rows is not None and len(done) == rows:
            break
        eols = 0
        one_dimensional = piece[1] in ("1", "")
        try:
            if suspect and not one_dimensional:
                raise _BadCode
            # The row's own last zeros were taken for the EOL's first ones.
            bits = _Bits(body + "0" * 10)
            row = read_1d(bits, width) if one_dimensional else read_2d(bits, done[-1] if done else [], width)
            if body[bits.at :].strip("0"):
                raise _BadCode
            suspect = False
        except _BadCode:
            bad.append(len(done))
            row = done[-1] if done else []
            suspect = coding is Coding.MR
        done.append(row)
    return TwinDecoded(bitmap_from(done, width), tuple(bad), eols >= 2)
