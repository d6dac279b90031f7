"""Damaged code: what is marked bad, what is not, and what libtiff and libspandsp make of the same octets."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from codec.coder import Decoded, End, bitmap_of, decode, encode
from codec.page import Bitmap, BitOrder, Coding
from codec.tiff import read_pages
from tests.codec.oracle import libtiff, spandsp
from tests.codec.oracle import t4 as twin
from tests.codec.oracle.pages import blobs, from_rows, letter, noise, row_octets


def rows_of(bitmap: Bitmap) -> list[bytes]:
    octets = row_octets(bitmap.width)
    return [bitmap.data[at : at + octets] for at in range(0, len(bitmap.data), octets)]


def crop(bitmap: Bitmap, top: int, rows: int) -> Bitmap:
    octets = row_octets(bitmap.width)
    return Bitmap(bitmap.width, rows, bitmap.data[top * octets : (top + rows) * octets])


def lines_of_text() -> Bitmap:
    """A line of the letter, 400 pixels wide, with blank rows around it."""
    blank, text = bytes(50), crop(letter(), 330, 30)
    rows = [row[20:70] for row in rows_of(text)]
    return Bitmap(400, 37, blank * 3 + b"".join(rows) + blank * 4)


def flipped(code: bytes, *bits: int) -> bytes:
    damaged = bytearray(code)
    for bit in bits:
        damaged[bit >> 3] ^= 0x80 >> (bit & 7)
    return bytes(damaged)


def eols(text: str, coding: Coding) -> list[tuple[int, int]]:
    """Where the EOLs stand, with their tags."""
    return [found.span() for found in re.finditer("0{11,}1" + "[01]" * (coding is Coding.MR), text)]


def beside_eols(code: bytes, coding: Coding, chance: random.Random, tries: int) -> Iterator[tuple[int, bytes]]:
    """Wrong bits that leave every EOL as it was: the bit's number and the damaged code."""
    before = eols(twin.unpacked(code, BitOrder.MSB), coding)
    for _ in range(tries):
        bit = chance.randrange(len(code) * 8)
        damaged = flipped(code, bit)
        if eols(twin.unpacked(damaged, BitOrder.MSB), coding) == before and not any(a <= bit < b for a, b in before):
            yield bit, damaged


@dataclass(frozen=True)
class Case:
    page: Bitmap
    coding: Coding
    k: int
    min_row_bits: int
    rtc: bool

    @property
    def code(self) -> bytes:
        return encode(
            self.page, self.coding, k=self.k, min_row_bits=self.min_row_bits, rtc=self.rtc, order=BitOrder.MSB
        )


def verdict(case: Case, found: Decoded) -> str:
    """Empty when the damage of one bit is where it may be; else what is wrong."""
    if found.rows != case.page.rows:
        return f"{found.rows} rows instead of {case.page.rows}"
    whole, got = rows_of(case.page), rows_of(found.bitmap)
    touched = {number for number, (a, b) in enumerate(zip(whole, got, strict=True)) if a != b} | set(found.bad_rows)
    if len(found.bad_rows) > case.k or (touched and max(touched) - min(touched) >= case.k):
        return f"rows {sorted(touched)} are touched, {found.bad_rows} are marked"
    if case.rtc and found.end is not End.MARK:
        return "RTC was not found"
    return ""


CASES = [
    Case(lines_of_text(), Coding.MH, 1, 0, True),
    Case(lines_of_text(), Coding.MH, 1, 100, True),
    Case(lines_of_text(), Coding.MH, 1, 100, False),
    Case(lines_of_text(), Coding.MR, 2, 0, True),
    Case(lines_of_text(), Coding.MR, 2, 100, False),
    Case(lines_of_text(), Coding.MR, 4, 0, False),
    Case(lines_of_text(), Coding.MR, 4, 100, True),
    Case(noise(300, 24, 0.2, 3), Coding.MH, 1, 0, True),
    Case(noise(300, 24, 0.2, 3), Coding.MR, 2, 0, True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.coding.value}-{case.k}-{case.min_row_bits}-{case.rtc}")
def test_any_one_wrong_bit_marks_at_most_k_rows_and_touches_no_row_outside_them(case: Case) -> None:
    code = case.code
    wrong = {}
    for bit in range(len(code) * 8):
        found = decode(flipped(code, bit), case.coding, case.page.width, order=BitOrder.MSB)
        if said := verdict(case, found):
            wrong[bit] = said
    assert not wrong


@pytest.mark.parametrize(("coding", "k"), [(Coding.MH, 1), (Coding.MR, 2), (Coding.MR, 4)])
@pytest.mark.parametrize("min_row_bits", [0, 144])
def test_wrong_bits_in_a_whole_page_cost_no_row(coding: Coding, k: int, min_row_bits: int) -> None:
    case = Case(crop(letter(), 250, 500), coding, k, min_row_bits, True)
    code, chance = case.code, random.Random(7)
    for _ in range(150):
        bit = chance.randrange(len(code) * 8)
        found = decode(flipped(code, bit), coding, 1728, order=BitOrder.MSB)
        assert not verdict(case, found), bit


@pytest.mark.parametrize(("coding", "k"), [(Coding.MH, 1), (Coding.MR, 4)])
def test_twenty_wrong_bits_cost_at_most_k_rows_each_and_rtc_is_found(coding: Coding, k: int) -> None:
    page = letter()
    code = encode(page, coding, k=k, order=BitOrder.MSB)
    # One for every twentieth of the page, so that no two share a row.
    span = len(code) * 8 // 20
    damaged = flipped(code, *(i * span + span // 2 for i in range(20)))
    found = decode(damaged, coding, 1728, order=BitOrder.MSB)
    assert found.rows == page.rows
    assert found.end is End.MARK
    assert 10 <= len(found.bad_rows) <= 20 * k
    assert 1 <= found.longest_bad_run <= k
    if coding is Coding.MH:
        same = [a == b for a, b in zip(rows_of(page), rows_of(found.bitmap), strict=True)]
        assert all(same[row] for row in range(page.rows) if row not in found.bad_rows)


def test_a_bad_row_shows_the_good_one_above_and_the_first_shows_white() -> None:
    page = blobs(1728, 20, 4)
    rows = [twin.EOL + twin.line_1d(changes, 1728) for changes in twin.rows_of(page)]
    rows[0] = twin.EOL + "0000000010101010"
    rows[7] = rows[8] = twin.EOL + "0000000011111111"
    found = decode(twin.packed("".join(rows) + twin.EOL * 6, BitOrder.LSB), Coding.MH, 1728)
    assert found.bad_rows == (0, 7, 8)
    assert found.longest_bad_run == 2
    got, whole = rows_of(found.bitmap), rows_of(page)
    assert got[0] == bytes(216)
    assert got[7] == got[8] == whole[6]
    assert [got[i] for i in range(20) if i not in (0, 7, 8)] == [whole[i] for i in range(20) if i not in (0, 7, 8)]


def test_in_mr_all_is_bad_until_the_next_one_dimensional_row() -> None:
    page = blobs(1728, 24, 5)
    code = encode(page, Coding.MR, k=4, order=BitOrder.MSB)
    bits = twin.unpacked(code, BitOrder.MSB)
    pieces = bits.split(twin.EOL)
    # Row 5 is the second of its group; the uncompressed mode's extension is no code word here.
    pieces[6] = "0" + "0000001111"
    found = decode(twin.packed(twin.EOL.join(pieces), BitOrder.MSB), Coding.MR, 1728, order=BitOrder.MSB)
    assert found.bad_rows == (5, 6, 7)
    assert found.longest_bad_run == 3
    assert rows_of(found.bitmap)[8:] == rows_of(page)[8:]


def test_mmr_stops_at_the_wrong_code_word_and_says_where() -> None:
    page = from_rows(64, ["0" * 20 + "1" * 10 + "0" * 34] * 10)
    rows = [
        "".join(twin.line_2d(c, a, 64)) for c, a in zip(twin.rows_of(page), [[], *twin.rows_of(page)], strict=False)
    ]
    assert rows[1:] == ["111"] * 9
    good = "".join(rows[:6]) + "1"
    found = decode(twin.packed(good + "0000001111" + twin.EOL * 2, BitOrder.MSB), Coding.MMR, 64, order=BitOrder.MSB)
    assert found.end is End.CODE
    assert not found.clean
    assert found.bits_used == len(good)
    assert found.bitmap == Bitmap(64, 6, page.data[: 6 * 8])


def test_a_wrong_bit_in_mmr_leaves_all_rows_before_it_whole() -> None:
    page = crop(letter(), 250, 500)
    code = encode(page, Coding.MMR, order=BitOrder.MSB)
    whole = rows_of(page)
    ends = [len(encode(crop(page, 0, rows), Coding.MMR, rtc=False)) * 8 for rows in range(0, 500, 50)]
    chance, stopped = random.Random(8), 0
    for _ in range(150):
        bit = chance.randrange(len(code) * 8 - 32)
        found = decode(flipped(code, bit), Coding.MMR, 1728, rows=500, order=BitOrder.MSB)
        before = 50 * (sum(end <= bit for end in ends) - 1)
        assert rows_of(found.bitmap)[:before] == whole[:before]
        if found.end is End.CODE:
            stopped += 1
            assert bit - 13 <= found.bits_used
            assert found.rows < 500
    assert stopped > 100


def test_code_cut_off_anywhere_gives_the_rows_before_the_cut() -> None:
    page = crop(letter(), 300, 60)
    for coding in Coding:
        code = encode(page, coding, order=BitOrder.MSB)
        for cut in range(0, len(code), 7):
            found = decode(code[:cut], coding, 1728, order=BitOrder.MSB)
            good = found.rows - len(found.bad_rows)
            assert found.end in (End.DATA, End.MARK)
            assert len(found.bad_rows) <= (0 if coding is Coding.MMR else 1)
            assert rows_of(found.bitmap)[:good] == rows_of(page)[:good]


def test_what_follows_rtc_or_eofb_is_not_looked_at() -> None:
    page = blobs(1728, 30, 2)
    for coding in Coding:
        code = encode(page, coding)
        found = decode(code + b"\x35\xa7" * 500 + bytes(20), coding, 1728)
        assert found.bitmap == page
        assert found.clean
        assert found.bits_used <= len(code) * 8


def test_two_eols_at_the_end_of_the_data_are_an_end_too() -> None:
    page = blobs(1728, 10, 3)
    bits = twin.unpacked(encode(page, Coding.MR, rtc=False, order=BitOrder.MSB), BitOrder.MSB).rstrip("0")
    body = twin.unpacked(encode(page, Coding.MR, order=BitOrder.MSB), BitOrder.MSB)
    two = body[: body.index((twin.EOL + "1") * 6)] + (twin.EOL + "1") * 2
    assert two.startswith(bits)
    found = decode(twin.packed(two, BitOrder.MSB), Coding.MR, 1728, order=BitOrder.MSB)
    assert found.bitmap == page
    assert found.end is End.MARK


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_damage_within_a_rows_data_is_seen_as_the_plain_twin_sees_it(coding: Coding) -> None:
    page = blobs(300, 40, 11)
    code = encode(page, coding, k=2, order=BitOrder.MSB)
    compared = 0
    for bit, damaged in beside_eols(code, coding, random.Random(9), 400):
        mine = decode(damaged, coding, 300, order=BitOrder.MSB)
        plain = twin.decode(damaged, coding, 300, order=BitOrder.MSB)
        assert mine.bad_rows == plain.bad_rows, bit
        assert mine.bitmap == plain.bitmap, bit
        compared += 1
    assert compared > 100


def test_libtiff_reads_the_same_rows_outside_the_damage(tmp_path: Path) -> None:
    page = crop(letter(), 300, 200)
    code = encode(page, Coding.MH, rtc=False, order=BitOrder.MSB)
    whole, compared, lost = rows_of(page), 0, 0
    for bit, damaged in beside_eols(code, Coding.MH, random.Random(10), 80):
        mine = decode(damaged, Coding.MH, 1728, order=BitOrder.MSB)
        theirs = libtiff.decode(tmp_path / "damaged.tif", damaged, Coding.MH, 1728, 200)
        got = rows_of(theirs.bitmap)
        if sum(a != b for a, b in zip(got, whole, strict=True)) > 1:
            lost += 1  # it read on over the next EOL, and all rows below stand one too high
            continue
        pairs = zip(rows_of(mine.bitmap), got, strict=True)
        assert {i for i, (a, b) in enumerate(pairs) if a != b} <= set(mine.bad_rows), bit
        compared += 1
    assert compared > 40
    assert lost < 10


def test_libspandsp_counts_the_same_bad_rows_in_mh_where_it_keeps_count_of_the_rows(tmp_path: Path) -> None:
    page = crop(letter(), 300, 200)
    code = encode(page, Coding.MH, order=BitOrder.MSB)
    chance, compared, same = random.Random(12), 0, 0
    for _ in range(80):
        damaged = flipped(code, chance.randrange(300, len(code) * 8 - 100))
        mine = decode(damaged, Coding.MH, 1728, order=BitOrder.MSB)
        assert mine.rows == 200
        theirs = spandsp.receive(tmp_path / "damaged.tif", twin.reverse(damaged), Coding.MH, 1728)
        if theirs.rows != 200:
            continue  # it took a damaged EOL for none, or for one too many
        compared += 1
        # It marks some rows bad that an EOL with a wrong bit follows; we find that EOL again.
        assert len(mine.bad_rows) <= theirs.bad_rows
        if len(mine.bad_rows) == theirs.bad_rows:
            same += 1
            got = rows_of(bitmap_of(read_pages(tmp_path / "damaged.tif")[0]))
            pairs = zip(got, rows_of(mine.bitmap), strict=True)
            assert {i for i, (a, b) in enumerate(pairs) if a != b} <= set(mine.bad_rows)
    assert compared > 60
    assert same > 50


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_clean_code_of_any_encoder_is_never_second_guessed(coding: Coding) -> None:
    """Fill of any length anywhere, K that changes, EOLs aligned now and then, RTC with fill, without RTC."""
    chance = random.Random(21)
    for number in range(500):
        width = chance.choice((1, 8, 64, 200, 1728))
        if chance.random() < 0.6:
            page = blobs(width, chance.randrange(1, 40), number)
        else:
            page = noise(width, chance.randrange(1, 25), chance.choice((0, 0.02, 0.3)), number)
        most = chance.choice((0, 1, 3, 8, 12, 40, 300))
        often = chance.choice((0.05, 0.5, 1.0))
        k = chance.choice((1, 2, 4, 99, 0))
        text, above = "", list[int]()
        for row, changes in enumerate(twin.rows_of(page)):
            one_dimensional = coding is Coding.MH or row == 0 or (row % k == 0 if k else chance.random() < 0.4)
            text += twin.EOL + ("" if coding is Coding.MH else "1" if one_dimensional else "0")
            text += twin.line_1d(changes, width) if one_dimensional else twin.line_2d(changes, above, width)
            text += "0" * (chance.randrange(most + 1) if chance.random() < often else 0)
            above = changes
        ended = chance.choice((0, 1, 2, 6))
        gap = "0" * chance.choice((0, 0, 3, 4, 20))
        text += (gap + twin.EOL + ("1" if coding is Coding.MR else "")) * ended
        found = decode(twin.packed(text, BitOrder.MSB), coding, width, order=BitOrder.MSB)
        assert found.bad_rows == (), number
        assert found.bitmap == page, number
        assert found.end is (End.MARK if ended >= 2 else End.DATA), number
