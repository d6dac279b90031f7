"""The pages as they go out: header line, resolution, coding by size, fill."""

from __future__ import annotations

import pytest

from codec.coder import decode
from codec.header import header_strip, strip_rows
from codec.operations import prepend, reduce_rows
from codec.page import BitOrder, Coding, Page, Resolution
from modem.t30.capabilities import Abilities, Bits, PageFormat, parse_dis
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


ALL = abilities(15, 16, 20, 21, 22, 23, 27, 31, 41)


def decoded(code: bytes, form: PageFormat) -> tuple[int, bytes]:
    found = decode(code, form.coding, form.width)
    assert found.clean
    return found.rows, found.bitmap.data


def pixels(of: Page) -> tuple[int, bytes]:
    found = decode(of.data, Coding.MMR, of.width, order=BitOrder.MSB)
    return found.rows, found.bitmap.data


@pytest.mark.parametrize("coding", list(Coding))
def test_each_coding_holds_the_same_pixels(coding: Coding) -> None:
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
        for coding in Coding
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


def test_a_page_that_is_too_wide_is_refused() -> None:
    supply = CodedPages([Sheet(page(width=2048))])
    with pytest.raises(IncompatibleError, match="2048"):
        supply.format(0, ALL, True, RATE)


def test_warming_up_changes_nothing() -> None:
    cold, warm = (CodedPages([Sheet(page(rows=50)), Sheet(page(rows=51))]) for _ in range(2))
    warm.warm_up()
    for index in range(2):
        form = cold.format(index, ALL, True, RATE)
        assert warm.format(index, ALL, True, RATE) == form
        assert warm.code(index, form, RATE) == cold.code(index, form, RATE)
