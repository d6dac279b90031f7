"""Every coding against itself, its plain twin, and on pages that no one would draw."""

from __future__ import annotations

import threading
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.coder import MAX_WIDTH, End, bitmap_of, decode, encode, most_rows, page_from_bitmap, transcode
from codec.errors import CodeError
from codec.page import Bitmap, BitOrder, Coding, Page
from tests.codec.oracle import t4 as twin
from tests.codec.oracle.pages import (
    WIDTHS,
    alternating,
    blobs,
    from_rows,
    letter,
    noise,
    row_octets,
    single_pixels,
    solid,
)
from tests.codec.oracle.tables import DIGEST, digest

CODINGS = list(Coding)
ODD_WIDTHS = (1, 2, 3, 7, 8, 9, 31, 63, 64, 65, 127, 128, 1727, 2561, 2623, 2624, 2625, 5185)

bitmaps = st.builds(
    lambda width, rows, seed, share: noise(width, rows, share, seed),
    st.integers(1, 300),
    st.integers(0, 12),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.9, 1.0]),
)


def test_the_twin_has_the_code_words_of_the_recommendation() -> None:
    assert digest() == DIGEST


@pytest.mark.parametrize("colour", [0, 1])
def test_every_run_up_to_4864_has_the_code_word_of_the_recommendation(colour: int) -> None:
    runs = [*range(1, 130), *range(1700, 1860), *range(2550, 2700), 4863, 4864]
    for run in runs:
        width = run + 1
        page = from_rows(width, ["0" * run + "1" if not colour else "1" * run + "0"])
        assert encode(page, Coding.MH, rtc=False) == twin.encode(page, Coding.MH, rtc=False), run


@settings(max_examples=150, deadline=None)
@given(
    bitmaps,
    st.sampled_from(CODINGS),
    st.integers(1, 5),
    st.sampled_from([0, 48, 288]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(list(BitOrder)),
)
def test_code_is_octet_for_octet_the_twins_and_comes_back(
    page: Bitmap, coding: Coding, k: int, fill: int, rtc: bool, aligned: bool, order: BitOrder
) -> None:
    code = encode(page, coding, k=k, min_row_bits=fill, rtc=rtc, eol_aligned=aligned, order=order)
    assert code == twin.encode(page, coding, k=k, min_row_bits=fill, rtc=rtc, eol_aligned=aligned, order=order)
    back = decode(code, coding, page.width, rows=None if rtc else page.rows, order=order)
    assert back.bitmap == page
    assert back.clean
    if rtc:
        assert back.end is End.MARK
        assert twin.decode(code, coding, page.width, order=order).bitmap == page


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 60), st.integers(0, 10**6), st.sampled_from(CODINGS))
def test_pages_that_look_like_a_fax_are_the_twins_too(width: int, rows: int, seed: int, coding: Coding) -> None:
    page = blobs(width, rows, seed)
    code = encode(page, coding)
    assert code == twin.encode(page, coding)
    assert decode(code, coding, width).bitmap == page


@pytest.mark.parametrize("width", [*WIDTHS, *ODD_WIDTHS])
@pytest.mark.parametrize("coding", CODINGS)
def test_pathological_pages_come_back(width: int, coding: Coding) -> None:
    pages = (
        solid(width, 5, False),
        solid(width, 5, True),
        solid(width, 0, False),
        single_pixels(width),
        alternating(width, 7),
        noise(width, 3, 0.5),
        blobs(width, 40, width),
    )
    for page, order in product(pages, BitOrder):
        code = encode(page, coding, order=order)
        back = decode(code, coding, width, order=order)
        assert back.bitmap == page
        assert back.clean
        assert back.end is End.MARK
        # Padding apart, all of it was understood.
        assert len(code) * 8 - 7 <= back.bits_used <= len(code) * 8


@pytest.mark.parametrize("coding", CODINGS)
def test_a_page_of_twenty_thousand_rows_comes_back(coding: Coding) -> None:
    few = blobs(1728, 250, 9)
    page = Bitmap(1728, 20_000, few.data * 80)
    assert decode(encode(page, coding), coding, 1728).bitmap == page


@pytest.mark.parametrize(("source", "target"), list(product(CODINGS, CODINGS)))
def test_transcoding_is_decoding_and_encoding(source: Coding, target: Coding) -> None:
    for page in (letter(), blobs(2432, 200, 3), solid(1728, 0, False), solid(64, 3, True)):
        for fill, k, order in ((0, 4, BitOrder.LSB), (288, 2, BitOrder.MSB)):
            code = encode(page, source, order=BitOrder.MSB)
            got = transcode(code, source, target, page.width, page.rows, k=k, min_row_bits=fill, order=order)
            assert got == encode(page, target, k=k, min_row_bits=fill, order=order)


def test_rows_are_filled_up_to_the_minimum_scan_line_time_and_rtc_is_not() -> None:
    page = blobs(1728, 100, 5)
    for coding, eol in ((Coding.MH, 12), (Coding.MR, 13)):
        bits = twin.unpacked(encode(page, coding, min_row_bits=288), BitOrder.LSB)
        ends, at = [], 0
        while (found := bits.find("00000000000" + "1", at)) >= 0:
            at = found + eol
            ends.append(at)
        rows, rtc = ends[: page.rows + 1], ends[page.rows :]
        assert min(after - before for before, after in pairwise(rows)) == 288
        assert [after - before for before, after in pairwise(rtc)] == [eol] * 5


def test_aligned_eols_end_on_octets() -> None:
    page = blobs(1728, 50, 6)
    bits = twin.unpacked(encode(page, Coding.MR, eol_aligned=True, rtc=False, order=BitOrder.MSB), BitOrder.MSB)
    at, count = 0, 0
    while (found := bits.find("000000000001", at)) >= 0:
        # More zeros may stand in front: it is the EOL's last bit that counts.
        at = found + 12
        assert at % 8 == 0
        count += 1
    assert count == page.rows


def test_decoding_stops_at_the_rows_asked_for() -> None:
    page = blobs(1728, 60, 7)
    for coding in CODINGS:
        code = encode(page, coding)
        some = decode(code, coding, 1728, rows=20)
        assert some.end is End.ROWS
        assert some.bitmap == Bitmap(1728, 20, page.data[: 20 * 216])
        assert decode(code, coding, 1728, rows=60).end is End.MARK
        assert decode(code, coding, 1728, rows=0).rows == 0


def test_the_first_row_may_come_without_an_eol_and_rubbish_before_the_first_eol_is_skipped() -> None:
    page = blobs(1728, 20, 8)
    bits = twin.unpacked(encode(page, Coding.MH, order=BitOrder.MSB), BitOrder.MSB)
    without = decode(twin.packed(bits[12:], BitOrder.MSB), Coding.MH, 1728, order=BitOrder.MSB)
    assert without.bitmap == page
    rubbish = decode(twin.packed("1101001110010110" + bits, BitOrder.MSB), Coding.MH, 1728, order=BitOrder.MSB)
    assert rubbish.bitmap == page
    assert rubbish.clean


def test_a_run_of_nothing_joins_its_neighbours() -> None:
    # White 3, black 0, white 5, then black to the end; and the same in horizontal mode.
    line = twin.run_word(0, 3) + twin.run_word(1, 0) + twin.run_word(0, 5) + twin.run_word(1, 8)
    code = twin.packed(twin.EOL + line + twin.EOL * 6, BitOrder.LSB)
    expected = from_rows(16, ["0" * 8 + "1" * 8])
    assert decode(code, Coding.MH, 16).bitmap == expected
    flat = "001" + twin.run_word(0, 3) + twin.run_word(1, 0) + "001" + twin.run_word(0, 5) + twin.run_word(1, 8)
    back = decode(twin.packed(flat + twin.EOL * 2, BitOrder.LSB), Coding.MMR, 16)
    assert back.bitmap == expected
    again = decode(twin.packed(flat + "1" * 2 + twin.EOL * 2, BitOrder.LSB), Coding.MMR, 16)
    assert again.bitmap == from_rows(16, ["0" * 8 + "1" * 8] * 2)


def test_a_page_is_its_bitmap() -> None:
    page = page_from_bitmap(letter(), 204, 196)
    assert (page.width, page.rows, page.dpi_x, page.dpi_y) == (1728, 2292, 204, 196)
    assert page.data == encode(letter(), Coding.MMR, order=BitOrder.MSB)
    assert bitmap_of(page) == letter()


def test_a_page_that_lacks_rows_is_refused() -> None:
    page = page_from_bitmap(blobs(1728, 30, 1), 204, 196)
    more = Page(page.width, 31, 204, 196, page.data)
    with pytest.raises(CodeError):
        bitmap_of(more)
    for target in CODINGS:
        with pytest.raises(CodeError):
            transcode(more.data, Coding.MMR, target, 1728, 31)


@pytest.mark.parametrize(
    "wrong",
    [
        Bitmap(0, 0, b""),
        Bitmap(-5, 1, b""),
        Bitmap(MAX_WIDTH + 1, 0, b""),
        Bitmap(8, -1, b""),
        Bitmap(8, 2, b"\0"),
        Bitmap(9, 1, b"\0"),
        Bitmap(8, 1, b"\0\0"),
    ],
)
def test_an_impossible_bitmap_is_refused(wrong: Bitmap) -> None:
    with pytest.raises(CodeError):
        encode(wrong, Coding.MMR)


def test_impossible_parameters_are_refused() -> None:
    page = solid(8, 1, False)
    for k, fill in ((0, 0), (-1, 0), (4, -1), (4, 2_000_000)):
        with pytest.raises(CodeError):
            encode(page, Coding.MR, k=k, min_row_bits=fill)
    for width, rows in ((0, 1), (MAX_WIDTH + 1, 1), (8, -1), (8, 2_000_000)):
        with pytest.raises(CodeError):
            decode(b"\0", Coding.MH, width, rows=rows)


def test_a_few_octets_cannot_ask_for_much_memory() -> None:
    # Every bit is a white row in MMR.
    bomb = decode(b"\xff" * 100_000, Coding.MMR, MAX_WIDTH)
    assert bomb.end is End.ROWS
    assert bomb.rows == most_rows(MAX_WIDTH)
    assert len(bomb.bitmap.data) <= 1 << 27


def test_no_octets_are_no_rows() -> None:
    for coding in CODINGS:
        nothing = decode(b"", coding, 1728)
        assert (nothing.rows, nothing.end, nothing.clean) == (0, End.DATA, True)


def test_spare_bits_of_the_last_octet_are_not_looked_at() -> None:
    width = 13
    clean = noise(width, 9, 0.5)
    dirty = Bitmap(width, 9, bytes(o | (0b111 if i % 2 else 0) for i, o in enumerate(clean.data)))
    assert row_octets(width) == 2
    for coding in CODINGS:
        assert encode(dirty, coding) == encode(clean, coding)


def test_threads_do_not_disturb_each_other() -> None:
    pages = [blobs(1728, 120, seed) for seed in range(4)]
    wanted = [encode(page, Coding.MR) for page in pages]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(40):
            if decode(encode(pages[number], Coding.MR), Coding.MR, 1728).bitmap != pages[number]:
                wrong.append(number)
            if encode(pages[number], Coding.MR) != wanted[number]:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
