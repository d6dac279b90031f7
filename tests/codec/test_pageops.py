"""Operations on pages, each beside the same thing done pixel by pixel with numpy."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from codec.coder import bitmap_of, page_from_bitmap
from codec.errors import CodeError
from codec.operations import (
    crop,
    crop_white_foot,
    overlay,
    prepend,
    reduce_rows,
    resample,
    rotate90,
    same_pixels,
    scaled_to_width,
    to_png,
    with_width,
)
from codec.page import Bitmap, Page, Resolution
from tests.codec.oracle.pages import WIDTHS, blobs, letter, noise, solid

Pixels = npt.NDArray[np.uint8]


def pixels(of: Page | Bitmap) -> Pixels:
    bitmap = bitmap_of(of) if isinstance(of, Page) else of
    octets = (bitmap.width + 7) // 8
    packed = np.frombuffer(bitmap.data, np.uint8).reshape(bitmap.rows, octets)
    return np.unpackbits(packed, axis=1)[:, : bitmap.width]


def bitmap(of: Pixels) -> Bitmap:
    return Bitmap(of.shape[1], of.shape[0], np.packbits(of, axis=1).tobytes())


def page(of: Bitmap, dpi_y: int = 196) -> Page:
    return page_from_bitmap(of, 204, dpi_y)


some_pages = st.builds(
    lambda width, rows, seed, share: noise(width, rows, share, seed),
    st.integers(1, 200),
    st.integers(1, 40),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.02, 0.3, 1.0]),
)


@settings(max_examples=60, deadline=None)
@given(
    some_pages,
    st.sampled_from([(391, Resolution.FINE, 2), (391, Resolution.STANDARD, 4), (196, Resolution.STANDARD, 2)]),
)
def test_fewer_rows_are_black_where_any_of_theirs_is(source: Bitmap, case: tuple[int, Resolution, int]) -> None:
    dpi_y, to, step = case
    got = reduce_rows(page(source, dpi_y), to)
    padded = np.pad(pixels(source), ((0, -source.rows % step), (0, 0)))
    assert (pixels(got) == padded.reshape(-1, step, source.width).max(axis=1)).all()
    assert (got.dpi_x, got.dpi_y) == (204, to.dpi_y)


def test_a_hairline_survives_the_way_from_superfine_to_standard() -> None:
    ink = np.zeros((403, 300), np.uint8)
    ink[::40] = 1
    ink[:, 100] = 1
    got = pixels(reduce_rows(page(bitmap(ink), 391), Resolution.STANDARD))
    assert (got[::10] == 1).all()
    assert (got[:, 100] == 1).all()


def test_reducing_to_the_same_resolution_is_nothing_and_to_a_higher_one_is_refused() -> None:
    same = page(letter(), 98)
    assert reduce_rows(same, Resolution.STANDARD) is same
    with pytest.raises(CodeError):
        reduce_rows(same, Resolution.FINE)


def test_standard_to_fine_repeats_rows_and_back_again_is_the_same() -> None:
    source = page(blobs(1728, 150, 1), 98)
    up = resample(source, 204, 196)
    assert (pixels(up) == pixels(source).repeat(2, axis=0)).all()
    assert reduce_rows(up, Resolution.STANDARD) == source


@settings(max_examples=60, deadline=None)
@given(some_pages, st.integers(50, 500), st.integers(50, 500))
def test_resampling_keeps_size_and_loses_no_black_run(source: Bitmap, dpi_x: int, dpi_y: int) -> None:
    got = resample(page(source, 200), dpi_x, dpi_y)
    assert got.rows == -(-source.rows * dpi_y // 200)
    assert got.width == max(1, round(source.width * dpi_x / 204))
    before, after = pixels(source), pixels(got)
    # Rows: those that a row of the result stands for, together, then columns the same way.
    for row in range(got.rows):
        top = min(row * 200 // dpi_y, source.rows - 1)
        bottom = max(top + 1, min((row + 1) * 200 // dpi_y, source.rows))
        assert after[row].any() == before[top:bottom].any()


def test_metric_to_inch_is_what_a_ruler_says() -> None:
    ink = np.zeros((770, 1728), np.uint8)
    ink[385:389, 804:808] = 1  # at 100 mm, 50 mm at 8.04 pixels and 7.7 lines per mm
    got = pixels(resample(page_from_bitmap(bitmap(ink), 204, 196), 300, 300))
    rows, columns = np.flatnonzero(got.max(axis=1)), np.flatnonzero(got.max(axis=0))
    assert abs(rows[0] - 385 * 300 / 196) <= 1
    assert abs(columns[0] - 804 * 300 / 204) <= 1
    assert 5 <= len(rows) <= 7
    assert 5 <= len(columns) <= 7


@settings(max_examples=60, deadline=None)
@given(some_pages, st.integers(0, 10), st.integers(0, 10**6))
def test_a_strip_stands_above_the_page_and_changes_nothing_below(source: Bitmap, rows: int, seed: int) -> None:
    strip = noise(source.width, rows, 0.3, seed)
    got = prepend(page(source), strip)
    assert bitmap_of(got) == Bitmap(source.width, rows + source.rows, strip.data + source.data)


def test_a_strip_of_another_width_is_refused() -> None:
    with pytest.raises(CodeError):
        prepend(page(letter()), solid(1727, 12, False))


@settings(max_examples=60, deadline=None)
@given(some_pages, st.data())
def test_cropping_keeps_the_rows_asked_for(source: Bitmap, data: st.DataObject) -> None:
    top = data.draw(st.integers(0, source.rows))
    rows = data.draw(st.none() | st.integers(0, source.rows - top))
    got = crop(page(source), top, rows)
    end = None if rows is None else top + rows
    assert got == page(bitmap(pixels(source)[top:end]))


@pytest.mark.parametrize(("top", "rows"), [(-1, None), (41, None), (0, 41), (30, 11), (0, -1)])
def test_cropping_what_is_not_there_is_refused(top: int, rows: int | None) -> None:
    with pytest.raises(CodeError):
        crop(page(blobs(64, 40)), top, rows)


@pytest.mark.parametrize("foot", [0, 1, 57])
@pytest.mark.parametrize("keep", [0, 10])
def test_a_white_foot_is_cut_off(foot: int, keep: int) -> None:
    ink = np.zeros((60 + foot, 100), np.uint8)
    ink[3:60, 7] = 1
    source = page(bitmap(ink))
    got = crop_white_foot(source, keep)
    assert got.rows == min(60 + keep, 60 + foot)
    assert same_pixels(got, crop(source, rows=got.rows)) is None


def test_of_a_white_page_one_row_stays() -> None:
    assert crop_white_foot(page(solid(1728, 500, False))) == page(solid(1728, 1, False))


@settings(max_examples=60, deadline=None)
@given(some_pages, st.integers(1, 300), st.integers(-150, 150))
def test_another_width_cuts_or_fills_with_white(source: Bitmap, width: int, shift: int) -> None:
    wide = np.zeros((source.rows, 1000), np.uint8)
    wide[:, 400 + shift : 400 + shift + source.width] = pixels(source)
    assert with_width(page(source), width, shift) == page(bitmap(wide[:, 400 : 400 + width]))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_squeezed_or_stretched_to_a_width_class_keeps_its_shape(width: int) -> None:
    source = page(blobs(1728, 200, 3))
    got = scaled_to_width(source, width)
    assert got.width == width
    assert abs(got.rows / source.rows - width / 1728) < 0.01
    assert (got.dpi_x, got.dpi_y) == (204, 196)


@settings(max_examples=80, deadline=None)
@given(some_pages, st.booleans())
def test_a_quarter_turn_is_a_quarter_turn(source: Bitmap, clockwise: bool) -> None:
    turned = np.rot90(pixels(source), -1 if clockwise else 1)
    assert rotate90(page(source), clockwise) == page_from_bitmap(bitmap(turned), 196, 204)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("clockwise", [True, False])
def test_a_whole_page_is_turned_pixel_by_pixel(width: int, clockwise: bool) -> None:
    for source in (blobs(width, 700, 8), noise(width, 131, 0.4), solid(width, 65, True)):
        turned = np.rot90(pixels(source), -1 if clockwise else 1)
        assert rotate90(page(source), clockwise) == page_from_bitmap(bitmap(turned), 196, 204)


def test_four_quarter_turns_are_none() -> None:
    turned = page(letter())
    for _ in range(4):
        turned = rotate90(turned)
    assert turned == page(letter())


@pytest.mark.parametrize("rows", [0, 65_536])
def test_a_page_without_rows_or_of_more_than_a_row_has_pixels_cannot_be_turned(rows: int) -> None:
    with pytest.raises(CodeError):
        rotate90(page(solid(8, rows, True)))


def test_a_page_of_as_many_rows_as_can_be_is_turned() -> None:
    source = page(solid(3, 65_535, True))
    assert rotate90(source) == page_from_bitmap(solid(65_535, 3, True), 196, 204)


def test_the_first_row_that_differs_is_found() -> None:
    source = page(letter())
    assert same_pixels(source, source) is None
    for row in (0, 1, 1000, 2291):
        data = bytearray(letter().data)
        data[row * 216 + 100] ^= 1
        assert same_pixels(source, page(Bitmap(1728, 2292, bytes(data)))) == row


def test_pages_of_other_sizes_differ() -> None:
    source = page(letter())
    assert same_pixels(source, crop(source, rows=2000)) == 2000
    assert same_pixels(crop(source, rows=2000), source) == 2000
    assert same_pixels(source, with_width(source, 2048)) == 0
    # Resolution is no pixel.
    assert same_pixels(source, Page(source.width, source.rows, 1, 1, source.data)) is None


@settings(max_examples=60, deadline=None)
@given(some_pages, st.lists(st.tuples(some_pages, st.integers(-60, 250), st.integers(-20, 50)), max_size=4))
def test_fields_are_drawn_over_the_page(source: Bitmap, fields: list[tuple[Bitmap, int, int]]) -> None:
    sheet = np.zeros((source.rows + 300, source.width + 600), np.uint8)
    sheet[100 : 100 + source.rows, 200 : 200 + source.width] = pixels(source)
    for field, x, y in fields:
        part = sheet[100 + y : 100 + y + field.rows, 200 + x : 200 + x + field.width]
        part |= pixels(field)[: part.shape[0], : part.shape[1]]
    cut = sheet[100 : 100 + source.rows, 200 : 200 + source.width]
    assert overlay(page(source), fields) == page(bitmap(cut))


def test_no_fields_change_nothing_and_impossible_ones_are_refused() -> None:
    source = page(letter())
    assert overlay(source, []) == source
    with pytest.raises(CodeError):
        overlay(source, [(solid(8, 8, True), 2_000_000, 0)])
    with pytest.raises(CodeError):
        overlay(source, [(Bitmap(8, 8, b""), 0, 0)])


@pytest.mark.parametrize(("dpi_y", "rows"), [(98, 1146), (196, 2292), (391, 4584)])
@pytest.mark.parametrize("box", [1, 2, 4])
def test_a_preview_has_the_shape_that_the_page_has_on_paper(dpi_y: int, rows: int, box: int) -> None:
    ink = np.zeros((rows, 1728), np.uint8)
    ink[: rows // 2, :864] = 1
    with Image.open(io.BytesIO(to_png(page(bitmap(ink), dpi_y), box))) as preview:
        preview.load()
        assert preview.mode == "L"
        assert preview.width == 1728 // box
        paper = (rows / dpi_y) / (1728 / 204)
        assert abs(preview.height / preview.width - paper) < 0.06 * paper
        assert preview.getpixel((5, 5)) == 0
        assert preview.getpixel((preview.width - 5, preview.height - 5)) == 255


@settings(max_examples=40, deadline=None)
@given(some_pages, st.integers(1, 9))
def test_a_previews_grey_is_the_share_of_white(source: Bitmap, box: int) -> None:
    preview = Image.open(io.BytesIO(to_png(page(source, 204), box)))
    got = np.asarray(preview)
    ink = pixels(source)
    for y in range(got.shape[0]):
        for x in range(got.shape[1]):
            part = ink[y * box : (y + 1) * box, x * box : (x + 1) * box]
            assert abs(int(got[y, x]) - 255 * (1 - part.mean())) <= 9  # of 16 greys


@pytest.mark.parametrize("width", [1, 2, 3, 65_534, 65_535])
@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("dpi_y", [98, 196])
def test_a_preview_pixel_by_pixel_is_the_page(width: int, share: float, dpi_y: int) -> None:
    """However long runs and rows are: what is repeated is not written again, and a repetition has its bounds."""
    source = noise(width, 7, share)
    ink = np.concatenate([pixels(source)] * 3 + [np.zeros((900 if width < 4 else 5, width), np.uint8)])
    with Image.open(io.BytesIO(to_png(page(bitmap(ink), dpi_y), 1))) as preview:
        assert (np.asarray(preview) == 255 - 255 * np.repeat(ink, 196 // dpi_y, axis=0)).all()


def test_a_page_that_no_preview_can_show_in_its_shape_is_refused() -> None:
    with pytest.raises(CodeError):
        to_png(page_from_bitmap(letter(), 100_000, 1))


@pytest.mark.parametrize("box", [0, -1, 65])
def test_an_impossible_preview_is_refused(box: int) -> None:
    with pytest.raises(CodeError):
        to_png(page(letter()), box)


OPERATIONS: list[Callable[[Page], object]] = [
    lambda of: reduce_rows(of, Resolution.STANDARD),
    lambda of: resample(of, 300, 300),
    lambda of: prepend(of, solid(1728, 24, True)),
    lambda of: crop(of, 5),
    crop_white_foot,
    lambda of: with_width(of, 2048),
    lambda of: scaled_to_width(of, 2432),
    lambda of: same_pixels(of, of),
    lambda of: overlay(of, []),
    rotate90,
    to_png,
]


@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_every_operation_refuses_a_damaged_page(number: int) -> None:
    whole = page(letter())
    broken = Page(whole.width, whole.rows, 204, 196, whole.data[: len(whole.data) // 2])
    longer = Page(whole.width, whole.rows + 1, 204, 196, whole.data)
    for wrong in (broken, longer):
        with pytest.raises(CodeError):
            OPERATIONS[number](wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda of: resample(of, 0, 100),
        lambda of: resample(of, 100, 200_000),
        lambda of: with_width(of, 0x1FFFF),
        lambda of: with_width(of, 1728, 1 << 40),
        lambda of: scaled_to_width(of, 70_000),
    ],
)
def test_impossible_geometry_is_refused(wrong: Callable[[Page], object]) -> None:
    with pytest.raises(CodeError):
        wrong(page(letter()))
