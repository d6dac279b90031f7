"""The same octets as libtiff, libspandsp and jbigkit make, and the same pixels out of theirs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench._coder_pages import pages as bench_pages
from codec.choice import LineCoding, code_for_line, coded_sizes, smallest
from codec.coder import bitmap_of, decode, encode, page_from_bitmap
from codec.errors import CodeError
from codec.page import Bitmap, BitOrder, Coding
from codec.t85 import decode_t85, encode_t85
from codec.tiff import read_pages, write_pages
from tests.codec.oracle import libtiff, spandsp
from tests.codec.oracle.pages import WIDTHS, alternating, blobs, letter, noise, single_pixels, solid

PAGES = bench_pages()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("coding", list(Coding))
def test_libtiff_makes_the_same_octets_of_the_benchs_pages(tmp_path: Path, name: str, coding: Coding) -> None:
    page = PAGES[name]
    # libtiff writes no RTC in a file, but an EOFB; K is 4 at this resolution.
    mine = encode(page, coding, k=4, rtc=coding is Coding.MMR, order=BitOrder.MSB)
    assert libtiff.encode(tmp_path / "theirs.tif", page, coding) == mine
    assert libtiff.decode(tmp_path / "mine.tif", mine, coding, page.width, page.rows).bitmap == page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("coding", list(Coding))
def test_libtiff_makes_the_same_octets_of_pathological_pages(tmp_path: Path, width: int, coding: Coding) -> None:
    pages = (
        solid(width, 4, False),
        solid(width, 4, True),
        single_pixels(width),
        alternating(width, 6),
        noise(width, 9, 0.3),
    )
    for page in pages:
        for order in BitOrder:
            mine = encode(page, coding, rtc=coding is Coding.MMR, order=order)
            assert libtiff.encode(tmp_path / "theirs.tif", page, coding, order=order) == mine


@pytest.mark.parametrize("coding", [Coding.MH, Coding.MR])
def test_libtiff_aligns_eols_in_the_same_places(tmp_path: Path, coding: Coding) -> None:
    page = blobs(1728, 200, 3)
    mine = encode(page, coding, rtc=False, eol_aligned=True, order=BitOrder.MSB)
    assert libtiff.encode(tmp_path / "theirs.tif", page, coding, aligned=True) == mine
    assert decode(mine, coding, 1728, order=BitOrder.MSB).bitmap == page


def significant(code: bytes, coding: Coding) -> bytes:
    """Code in line order without what fills up its last octet: libspandsp leaves anything there."""
    bits = decode(code, coding, 1728).bits_used
    assert bits > len(code) * 8 - 8
    return code[:-1] + bytes([code[-1] & (1 << (bits - 1) % 8 + 1) - 1])


@pytest.mark.parametrize("coding", list(Coding))
@pytest.mark.parametrize("fill", [0, 288])
def test_libspandsp_makes_the_same_octets_with_rtc_and_fill(tmp_path: Path, coding: Coding, fill: int) -> None:
    file = tmp_path / "mine.tif"
    for name, bitmap in PAGES.items():
        page = page_from_bitmap(bitmap, 204, 196)
        write_pages(file, [page])
        bits = 0 if coding is Coding.MMR else fill
        (theirs,) = spandsp.send(file, coding, min_row_bits=bits)
        mine = encode(bitmap, coding, min_row_bits=bits)
        assert significant(theirs, coding) == mine, name
        assert mine == code_for_line(page, LineCoding(coding.value), min_row_bits=fill)


@pytest.mark.parametrize("coding", list(Coding))
def test_libspandsp_reads_our_code_without_a_bad_row(tmp_path: Path, coding: Coding) -> None:
    for bitmap in PAGES.values():
        got = spandsp.receive(tmp_path / "theirs.tif", encode(bitmap, coding), coding, 1728)
        assert (got.rows, got.bad_rows) == (bitmap.rows, 0)
        assert [bitmap_of(page) for page in read_pages(tmp_path / "theirs.tif")] == [bitmap]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("stripe", "window", "two_lines"), [(128, 127, False), (128, 0, True), (2292, 8, False)])
def test_jbigkit_makes_the_same_octets_in_t85(
    tmp_path: Path, name: str, stripe: int, window: int, two_lines: bool
) -> None:
    page = PAGES[name]
    pbm, jbig = tmp_path / "page.pbm", tmp_path / "page.jbg"
    pbm.write_bytes(b"P4\n%d %d\n" % (page.width, page.rows) + page.data)
    options = ["-s", str(stripe), "-m", str(window), "-p", "72" if two_lines else "8"]
    subprocess.run(["pbmtojbg85", *options, str(pbm), str(jbig)], check=True)
    mine = encode_t85(page, stripe_rows=stripe, at_window=window, two_lines=two_lines)
    assert jbig.read_bytes() == mine
    back = decode_t85(mine)
    assert back.bitmap == page
    assert back.complete
    assert back.octets_used == len(mine)


def test_jbigkit_reads_our_t85(tmp_path: Path) -> None:
    for width, page in ((w, blobs(w, 300, w)) for w in (1, 7, 64, 1728, 2432)):
        (tmp_path / "page.jbg").write_bytes(encode_t85(page))
        subprocess.run(["jbgtopbm85", str(tmp_path / "page.jbg"), str(tmp_path / "page.pbm")], check=True)
        assert (tmp_path / "page.pbm").read_bytes().endswith(page.data), width


@pytest.mark.parametrize("width", [1, 8, 63, *WIDTHS])
def test_pathological_pages_come_back_from_t85(width: int) -> None:
    for page in (
        solid(width, 1, False),
        solid(width, 130, True),
        single_pixels(width),
        alternating(width, 5),
        noise(width, 4, 0.5),
    ):
        for window in (0, 127):
            assert decode_t85(encode_t85(page, at_window=window)).bitmap == page


def test_the_bih_is_as_fax_wants_it() -> None:
    head = encode_t85(letter(), at_window=127)[:20]
    width, rows, stripe = (int.from_bytes(head[at : at + 4], "big") for at in (4, 8, 12))
    assert head[:4] == bytes([0, 0, 1, 0])  # DL, D, P, fill
    assert (width, rows, stripe) == (1728, 2292, 128)
    assert head[16:] == bytes([127, 0, 0, 8])  # MX, MY, order, TPBON


def test_t85_cut_off_gives_the_rows_before_the_cut_and_says_so() -> None:
    page, code = letter(), encode_t85(letter())
    for cut in range(25, len(code), 997):
        try:
            found = decode_t85(code[:cut])
        except CodeError:
            assert cut < 1000  # not one row yet
            continue
        assert not found.complete
        assert page.data.startswith(found.bitmap.data)


@pytest.mark.parametrize("code", [b"", bytes(19), bytes(20), b"\xff" * 40, b"P4 no JBIG at all, but text"])
def test_what_is_no_t85_is_refused(code: bytes) -> None:
    with pytest.raises(CodeError):
        decode_t85(code)


def test_a_t85_head_that_promises_a_vast_page_costs_no_memory() -> None:
    code = bytearray(encode_t85(solid(1728, 10, False)))
    code[8:12] = b"\xff\xff\xff\xff"  # rows
    assert decode_t85(bytes(code)).bitmap.rows <= 70_000
    code[4:8] = b"\x7f\xff\xff\xff"  # width
    with pytest.raises(CodeError):
        decode_t85(bytes(code))


@pytest.mark.parametrize("wrong", [{"stripe_rows": 0}, {"at_window": 128}, {"at_window": -1}])
def test_impossible_t85_parameters_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(CodeError):
        encode_t85(solid(8, 1, False), **wrong)  # type: ignore[arg-type]
    with pytest.raises(CodeError):
        encode_t85(Bitmap(8, 0, b""))


def test_the_smallest_coding_of_those_that_the_far_end_takes_is_chosen() -> None:
    everything = list(LineCoding)
    for name, bitmap in PAGES.items():
        page = page_from_bitmap(bitmap, 204, 196)
        sizes = coded_sizes(page)
        coding, code = smallest(page, everything)
        assert len(code) == min(sizes.values()) == sizes[coding], name
        assert coding is LineCoding.T85
        without = [one for one in everything if one is not LineCoding.T85]
        # A halftone is shorter row by row, text is shorter by what stands above.
        assert smallest(page, without)[0] is (LineCoding.MH if name == "halftone" else LineCoding.MMR)
        assert smallest(page, [LineCoding.MR])[0] is LineCoding.MR
    with pytest.raises(CodeError):
        smallest(page, [])


def test_fill_for_the_minimum_scan_line_time_counts_when_choosing() -> None:
    page = page_from_bitmap(PAGES["letter"], 204, 196)
    assert coded_sizes(page, [LineCoding.MR], min_row_bits=288)[LineCoding.MR] >= 2292 * 288 // 8
    assert coded_sizes(page, [LineCoding.MMR], min_row_bits=288) == coded_sizes(page, [LineCoding.MMR])


def test_of_equals_the_simplest_wins() -> None:
    page = page_from_bitmap(solid(1728, 1, False), 204, 196)
    sizes = coded_sizes(page)
    best = min(sizes.values())
    assert smallest(page, list(LineCoding))[0] is next(coding for coding in LineCoding if sizes[coding] == best)
