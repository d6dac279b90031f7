"""The pages as they go out: header line, resolution, coding by size, fill."""

from __future__ import annotations

import pytest

from codec.coder import bitmap_of, decode, page_from_bitmap
from codec.header import header_strip, strip_rows
from codec.operations import crop, prepend, reduce_rows, same_pixels
from codec.page import Bitmap, BitOrder, Coding, Page, Resolution
from codec.t85 import decode_t85
from modem.plan import TooLong
from modem.t30.capabilities import PAGE_CODINGS, T85, Abilities, Bits, PageCoding, PageFormat, parse_dis
from modem.t30.notes import IncompatibleError
from modem.t30.rates import RATES
from modem.t30.supply import CodedPages, Header, Sheet, min_row_bits
from tests.modem.t30.play import page

RATE = RATES[0]


def abilities(*bits: int) -> Abilities:
    fif = Bits()
    fif.set(10)
    for bit in bits:
        fif.set(bit)
    return parse_dis(fif.fif())


ALL = abilities(15, 16, 20, 21, 22, 23, 27, 31, 41, 78)
A4 = abilities(15, 16, 21, 22, 23, 27, 31, 41)


def decoded(code: bytes, form: PageFormat) -> tuple[int, bytes]:
    if form.coding is T85:
        whole = decode_t85(code)
        assert whole.complete
        return whole.bitmap.rows, whole.bitmap.data
    found = decode(code, form.coding, form.width)
    assert found.clean
    return found.rows, found.bitmap.data


def pixels(of: Page) -> tuple[int, bytes]:
    found = decode(of.data, Coding.MMR, of.width, order=BitOrder.MSB)
    return found.rows, found.bitmap.data


@pytest.mark.parametrize("coding", PAGE_CODINGS)
def test_each_coding_holds_the_same_pixels(coding: PageCoding) -> None:
    source = page(rows=77)
    supply = CodedPages([Sheet(source)], (coding.value,))
    form = supply.format(0, ALL, True, RATE)
    assert form.coding is coding
    assert decoded(supply.code(0, form, RATE), form) == pixels(source)


def test_the_header_line_stands_above_the_page_and_changes_nothing_below() -> None:
    source = page(rows=77)
    header = Header("2030-01-02 03:04   Us", "Them", "page 1 of 9")
    supply = CodedPages([Sheet(source, header)])
    form = supply.format(0, ALL, True, RATE)
    strip = header_strip(1728, 196, header.left, header.middle, header.right)
    expected = prepend(source, strip)
    assert decoded(supply.code(0, form, RATE), form) == pixels(expected)
    assert any(strip.data)


def test_a_header_line_over_the_page_takes_its_topmost_rows_and_leaves_its_length() -> None:
    source = page(rows=77)
    header = Header("2030-01-02 03:04   Us", "Them", "page 1 of 9", over=True)
    supply = CodedPages([Sheet(source, header)])
    form = supply.format(0, ALL, True, RATE)
    strip = header_strip(1728, 196, header.left, header.middle, header.right)
    expected = prepend(crop(source, strip.rows), strip)
    assert expected.rows == source.rows
    assert decoded(supply.code(0, form, RATE), form) == pixels(expected)


def test_a_page_that_is_as_long_as_the_far_end_takes_is_not_made_smaller_by_a_header_line_over_it() -> None:
    source = page(rows=2292)
    can = abilities(15)
    above, over = (CodedPages([Sheet(source, Header("a", "b", "c", over=over))]) for over in (False, True))
    whole = decoded(over.code(0, over.format(0, can, False, RATE), RATE), over.format(0, can, False, RATE))
    strip = header_strip(1728, 196, "a", "b", "c")
    assert whole == pixels(prepend(crop(source, strip.rows), strip))
    assert decoded(above.code(0, above.format(0, can, False, RATE), RATE), above.format(0, can, False, RATE)) != whole


@pytest.mark.parametrize(
    ("dpi", "target"), [(391, Resolution.FINE), (391, Resolution.STANDARD), (196, Resolution.STANDARD)]
)
def test_rows_are_merged_for_a_far_end_that_lacks_the_resolution(dpi: int, target: Resolution) -> None:
    source = page(rows=80, dpi_y=dpi)
    can = abilities(*([15] if target is Resolution.FINE else []), 27, 31)
    supply = CodedPages([Sheet(source, Header("a", "b", "c"))])
    form = supply.format(0, can, True, RATE)
    assert form.resolution is target
    rows, data = decoded(supply.code(0, form, RATE), form)
    below = strip_rows(target.dpi_y)
    expected_rows, expected = pixels(reduce_rows(source, target))
    assert rows == expected_rows + below
    assert data[below * 216 :] == expected


def test_the_coding_with_the_fewest_octets_over_all_pages_alike_is_chosen_for_each_of_them() -> None:
    pages = [page(rows=200), page(rows=20, noise=1), page(rows=199)]
    supply = CodedPages([Sheet(each) for each in pages])
    forms = {supply.format(index, ALL, True, RATE) for index in range(3)}
    assert len(forms) == 1
    (form,) = forms
    sizes = {
        coding: sum(
            len(
                CodedPages([Sheet(each)], (coding.value,)).code(
                    0, CodedPages([Sheet(each)], (coding.value,)).format(0, ALL, True, RATE), RATE
                )
            )
            for each in pages
        )
        for coding in PAGE_CODINGS
    }
    assert form.coding is min(sizes, key=lambda coding: sizes[coding])


def test_t6_is_never_chosen_without_ecm() -> None:
    supply = CodedPages([Sheet(page(rows=200))])
    assert supply.format(0, ALL, False, RATE).coding is not Coding.MMR
    assert CodedPages([Sheet(page())], ("mmr",)).format(0, ALL, False, RATE).coding is Coding.MH


def test_fill_is_counted_when_codings_are_weighed_and_sent_when_lines_are_short() -> None:
    slow = abilities(15, 16)  # 20 ms
    supply = CodedPages([Sheet(page(rows=100))])
    form = supply.format(0, slow, False, RATE)
    assert min_row_bits(form, RATE) == 288
    assert len(supply.code(0, form, RATE)) * 8 >= 100 * 288
    assert decoded(supply.code(0, form, RATE), form) == pixels(page(rows=100))


def test_a_page_that_is_too_wide_is_made_smaller_both_ways() -> None:
    supply = CodedPages([Sheet(page(width=2048, rows=400))])
    form = supply.format(0, ALL, True, RATE)
    assert form.width == 1728
    rows, _ = decoded(supply.code(0, form, RATE), form)
    assert rows == 338  # 400 * 1728 / 2048, rounded up


def test_warming_up_changes_nothing() -> None:
    cold, warm = (CodedPages([Sheet(page(rows=50)), Sheet(page(rows=51))]) for _ in range(2))
    warm.warm_up()
    for index in range(2):
        form = cold.format(index, ALL, True, RATE)
        assert warm.format(index, ALL, True, RATE) == form
        assert warm.code(index, form, RATE) == cold.code(index, form, RATE)


# Pages longer than the far end takes: A4 is 2286 lines at 7.7 lines/mm, and real machines print 2.5 % more.


def tall(rows: int, black_to: int, width: int = 1728) -> Page:
    """White but for a bar at each side that ends at row ``black_to``."""
    size = width // 8
    bar = b"\xff" + bytes(size - 2) + b"\xff"
    return page_from_bitmap(Bitmap(width, rows, bar * black_to + bytes(size) * (rows - black_to)), 204, 196)


def sent(source: Page, far: Abilities, too_long: TooLong = TooLong.SCALE, header: Header | None = None) -> Page:
    supply = CodedPages([Sheet(source, header)], ("mmr",), too_long=too_long)
    form = supply.format(0, far, True, RATE)
    rows, data = decoded(supply.code(0, form, RATE), form)
    return page_from_bitmap(Bitmap(form.width, rows, data), 204, 196)


@pytest.mark.parametrize("rows", [100, 2151, 2286, 2343])
def test_pages_within_what_a_machine_with_a4_prints_are_left_alone(rows: int) -> None:
    source = tall(rows, rows)
    assert same_pixels(sent(source, A4), source) is None


def test_an_a4_page_of_ours_with_its_header_line_is_left_alone() -> None:
    rows = round(297 / 25.4 * 196)
    assert sent(tall(rows, rows), A4, header=Header("a", "b", "c")).rows == rows + strip_rows(196)


def test_of_a_page_that_is_too_long_the_white_foot_goes_first() -> None:
    source = tall(2738, 2200)
    out = sent(source, A4)
    assert out.rows == 2343
    assert same_pixels(out, crop(source, rows=2343)) is None


def test_with_a_header_line_the_foot_gives_its_room() -> None:
    out = sent(tall(2738, 2200), A4, header=Header("a", "b", "c"))
    assert out.rows == 2343


def test_a_page_that_is_too_long_is_made_smaller_and_loses_nothing() -> None:
    source = tall(2738, 2700)
    out = sent(source, A4)
    assert 2320 < out.rows <= 2343
    bitmap = bitmap_of(out)
    size = 1728 // 8
    last = bitmap.data[-size:]
    assert any(last)  # the bars go down to the last row
    left = next(at for at in range(size) if last[at])
    right = next(at for at in range(size) if last[size - 1 - at])
    assert left == pytest.approx(right, abs=1)
    assert left * 8 == pytest.approx(1728 * (1 - 2343 / 2700) / 2, abs=10)  # its shape is kept


def test_a_page_that_is_too_long_may_be_cut_or_refused_instead() -> None:
    source = tall(2738, 2738)
    assert same_pixels(sent(source, A4, TooLong.CUT), crop(source, rows=2343)) is None
    with pytest.raises(IncompatibleError, match="2738"):
        sent(source, A4, TooLong.REFUSE)


def test_b4_takes_more_and_any_length_takes_all() -> None:
    b4 = abilities(15, 19, 21, 22, 23, 27, 31)
    assert sent(tall(2800, 2800), b4).rows == 2800
    assert sent(tall(9000, 9000), ALL).rows == 9000


# Inch and metric.


def inch(dpi_y: int) -> Page:
    plain = page(rows=80)
    return Page(plain.width, plain.rows, 200, dpi_y, plain.data)


@pytest.mark.parametrize(
    ("dpi", "resolution"), [(100, Resolution.STANDARD), (200, Resolution.FINE), (400, Resolution.SUPERFINE)]
)
def test_inch_pages_are_said_to_be_inch_where_the_far_end_knows_inches(dpi: int, resolution: Resolution) -> None:
    for far, expected in ((abilities(15, 41, 44), True), (abilities(15, 41, 44, 45), True), (abilities(15, 41), False)):
        form = CodedPages([Sheet(inch(dpi))]).format(0, far, False, RATE)
        assert (form.resolution, form.inch) == (resolution, expected)


def test_metric_pages_go_as_they_are_even_to_a_far_end_that_prefers_inches() -> None:
    form = CodedPages([Sheet(page())]).format(0, abilities(15, 44), False, RATE)
    assert not form.inch


def test_an_inch_page_is_halved_in_inches() -> None:
    supply = CodedPages([Sheet(inch(200))])
    form = supply.format(0, abilities(), False, RATE)
    assert form.resolution is Resolution.STANDARD
    assert decoded(supply.code(0, form, RATE), form)[0] == 40


# ECM with 64 octets.


@pytest.mark.parametrize(("asked", "policy", "octets"), [(False, False, 256), (True, False, 64), (False, True, 64)])
def test_small_frames_where_the_far_end_asks_or_the_policy_says(asked: bool, policy: bool, octets: int) -> None:
    far = abilities(15, 27, 31, *((7,) if asked else ()))
    supply = CodedPages([Sheet(page())], small_frames=policy)
    assert supply.format(0, far, True, RATE).frame_octets == octets
    assert supply.format(0, far, False, RATE).frame_octets == 256


def test_t85_is_taken_where_it_is_shortest() -> None:
    supply = CodedPages([Sheet(page(rows=2000))])
    form = supply.format(0, ALL, True, RATE)
    sizes = dict(supply.weighed)
    assert form.coding.value == min(sizes, key=lambda name: sizes[name])
    assert set(sizes) == {"mh", "mr", "mmr", "t85"}
    assert supply.format(0, A4, True, RATE).coding is not T85
    assert supply.format(0, ALL, False, RATE).coding is not T85
