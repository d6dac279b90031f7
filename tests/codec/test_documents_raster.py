"""Text and pictures on the page: nothing lost, nothing enlarged, everything upright."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from codec.limits import Limits
from codec.page import Bitmap, Resolution
from codec.raster_ghostscript import PageRun, clear_margins, fitted
from codec.raster_image import bitmap
from codec.raster_paper import PageWidth, Paper, geometry, paper_for, paper_named
from codec.raster_text import COLUMNS, LINES_PER_PAGE, Typewriter, columns, pages, wrapped
from tests.codec import corpus
from tests.codec.corpus import written

FINE = geometry(Paper.A4, Resolution.FINE)


def ink(page: Bitmap) -> Image.Image:
    return Image.frombytes("1", (page.width, page.rows), page.data)


def share(page: Bitmap) -> float:
    """Black pixels of all."""
    return ink(page).convert("L").histogram()[255] / (page.width * page.rows)


# Text


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\f\t", exclude_categories=["Cc", "Cs"]), max_size=400)
)
def test_a_line_is_wrapped_and_nothing_of_it_is_lost(line: str) -> None:
    pieces = list(wrapped(line))
    assert all(sum(map(columns, piece)) <= COLUMNS for piece in pieces)
    assert len("".join(pieces)) == len(line)
    assert all(a == b or b == "\ufffd" for a, b in zip(line, "".join(pieces), strict=True))


def test_tabs_go_to_every_eighth_column() -> None:
    assert list(wrapped("a\tb\t\tc")) == ["a       b               c"]
    assert list(wrapped("x" * 79 + "\ty")) == ["x" * 79 + " ", "y"]
    assert list(wrapped("x" * 80 + "\ty")) == ["x" * 80, "y"]


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert [len(piece) for piece in wrapped("漢" * 50)] == [40, 10]
    assert list(wrapped("e\u0301" * 80)) == ["e\u0301" * 80]


@pytest.mark.parametrize(
    ("text", "lines_per_page"),
    [
        ("one", [1]),
        ("one\n", [1]),
        ("one\r\ntwo\rthree\n", [3]),
        ("x\n" * 66, [66]),
        ("x\n" * 67, [66, 1]),
        ("a\n\fb\n", [1, 1]),
        ("a\f\fb", [1, 0, 1]),
        ("a\f", [1]),
        ("x\n" * 66 + "\f" + "y", [66, 1]),
        ("x" * 80 * 66 + "y", [66, 1]),
    ],
)
def test_pages_end_after_66_lines_or_at_a_form_feed(text: str, lines_per_page: list[int]) -> None:
    assert [len(page) for page in pages(text)] == lines_per_page


def test_all_66_lines_and_80_columns_stand_on_the_page() -> None:
    for resolution in Resolution:
        shape = geometry(Paper.A4, resolution)
        full = ink(Typewriter(shape, resolution).draw(["H" * COLUMNS] * LINES_PER_PAGE))
        left, top, right, bottom = full.getbbox() or (0, 0, 0, 0)
        assert 100 < left < right < 1728 - 100
        assert 0.02 * shape.rows < top < bottom < 0.98 * shape.rows
        inked = [full.crop((0, y, 1728, y + 1)).getbbox() is not None for y in range(shape.rows)]
        assert sum(now and not before for before, now in zip([False, *inked], inked, strict=False)) == LINES_PER_PAGE


def test_a_character_looks_the_same_wherever_it_stands() -> None:
    typewriter = Typewriter(FINE, Resolution.FINE)
    shown = ink(typewriter.draw(["m" * COLUMNS] * 3))
    columns_seen = {
        shown.crop((typewriter.margin + n * 18, 0, typewriter.margin + n * 18 + 18, 250)).tobytes()
        for n in range(COLUMNS)
    }
    assert len(columns_seen) == 1


def test_each_letter_is_itself_and_unknown_characters_are_visible() -> None:
    typewriter = Typewriter(FINE, Resolution.FINE)
    letters = "ABCabc019ÄÖÜßéñçøåşžЖщΩλ€„“–…@{}[]\\|~^"
    assert len({typewriter.draw([letter]).data for letter in letters}) == len(letters)
    blank = typewriter.draw([])
    assert share(blank) == 0
    assert typewriter.draw(["漢"]) != blank


def test_text_written_from_the_right_is_put_in_order() -> None:
    typewriter = Typewriter(FINE, Resolution.FINE)
    # The first letter of an Arabic word stands at its right, joined to the second.
    assert typewriter.draw(["سلام"]) != typewriter.draw(["مالس"])
    assert share(typewriter.draw(["سلام"])) > 0


# Pictures


def drawn(data: bytes, tmp_path: Path, resolution: Resolution = Resolution.FINE) -> Bitmap:
    return bitmap(written(tmp_path, "picture", data), resolution, PageWidth.A4, Limits())


def saved(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    made = io.BytesIO()
    picture.save(made, form, **options)
    return made.getvalue()


@pytest.mark.parametrize("resolution", Resolution)
def test_a_picture_with_a_density_has_its_true_size(resolution: Resolution, tmp_path: Path) -> None:
    shape = geometry(Paper.A4, resolution)
    # 600 x 900 at 300 dpi: 50.8 x 76.2 mm.
    page = drawn(saved(Image.new("L", (600, 900), 0), dpi=(300, 300)), tmp_path, resolution)
    left, top, right, bottom = ink(page).getbbox() or (0, 0, 0, 0)
    assert (right - left, bottom - top) == (round(2 * shape.density_x), round(3 * shape.density_y))
    assert abs(left - (1728 - right)) <= 1
    assert abs(top - (shape.rows - bottom)) <= 1


def test_a_small_picture_is_not_enlarged_and_a_large_one_fills_the_page(tmp_path: Path) -> None:
    small = ink(drawn(saved(Image.new("L", (96, 96), 0)), tmp_path)).getbbox() or (0, 0, 0, 0)
    assert (small[2] - small[0], small[3] - small[1]) == pytest.approx((204, 196), abs=1)
    large = ink(drawn(saved(Image.new("L", (2480, 3508), 0)), tmp_path)).getbbox() or (0, 0, 0, 0)
    assert (large[2] - large[0], large[3] - large[1]) == pytest.approx((1687, 2286), abs=3)


def test_a_scan_in_letter_size_gets_a_letter_page(tmp_path: Path) -> None:
    assert drawn(saved(Image.new("L", (1700, 2200), 0), dpi=(200, 200)), tmp_path).rows == 2150


def test_a_density_that_makes_no_sense_is_not_believed(tmp_path: Path) -> None:
    plain = drawn(saved(Image.new("L", (96, 96), 0)), tmp_path)
    for dpi in ((1, 1), (100_000, 100_000)):
        assert drawn(saved(Image.new("L", (96, 96), 0), dpi=dpi), tmp_path) == plain


def half(size: tuple[int, int]) -> Image.Image:
    """White, the upper left quarter black."""
    picture = Image.new("L", size, 255)
    picture.paste(0, (0, 0, size[0] // 2, size[1] // 2))
    return picture


def test_a_broad_picture_is_turned_to_the_left(tmp_path: Path) -> None:
    left, top, right, bottom = ink(drawn(saved(half((1600, 800))), tmp_path)).getbbox() or (0, 0, 0, 0)
    # The upper left corner stands at the bottom left.
    assert top > 1100
    assert right < 900
    assert bottom - top > right - left


@pytest.mark.parametrize(
    ("mark", "turn"),
    [
        (1, None),
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_270),
        (8, Image.Transpose.ROTATE_90),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (5, Image.Transpose.TRANSPOSE),
    ],
)
def test_a_photograph_is_turned_as_the_camera_was_held(mark: int, turn: Image.Transpose | None, tmp_path: Path) -> None:
    upright = half((400, 640))
    # The stored picture is such that turning it as the mark says gives the upright one.
    back = {
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
    }
    stored = upright if turn is None else upright.transpose(back.get(turn, turn))
    exif = Image.Exif()
    exif[0x0112] = mark
    turned = drawn(saved(stored, "JPEG", exif=exif, quality=95, dpi=(96, 96)), tmp_path)
    expected = drawn(saved(upright, "JPEG", quality=95, dpi=(96, 96)), tmp_path)
    unlike = sum(bin(a ^ b).count("1") for a, b in zip(turned.data, expected.data, strict=True))
    assert unlike < 0.01 * expected.width * expected.rows


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (200, 200, 400, 400))
    solid = Image.new("L", (600, 600), 255)
    solid.paste(0, (200, 200, 400, 400))
    assert drawn(saved(clear), tmp_path) == drawn(saved(solid), tmp_path)
    indexed = solid.convert("P")
    assert drawn(saved(indexed, transparency=0), tmp_path) == drawn(saved(Image.new("L", (600, 600), 255)), tmp_path)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_gives_the_same_grey(mode: str, tmp_path: Path) -> None:
    flat = Image.new("L", (400, 400), 255)
    flat.paste(0, (100, 100, 300, 300))
    shown = flat.convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else flat.convert(mode)
    assert drawn(saved(shown), tmp_path) == drawn(saved(flat), tmp_path)


def test_cmyk_and_progressive_jpegs_are_read(tmp_path: Path) -> None:
    plain = drawn(saved(corpus.picture((600, 400)), "JPEG", quality=95), tmp_path)
    progressive = drawn(saved(corpus.picture((600, 400)), "JPEG", quality=95, progressive=True), tmp_path)
    assert progressive == plain
    assert share(drawn(saved(corpus.picture((600, 400)).convert("CMYK"), "JPEG"), tmp_path)) > 0


@pytest.mark.parametrize("resolution", Resolution)
def test_grey_prints_as_so_much_black(resolution: Resolution, tmp_path: Path) -> None:
    shares = []
    for grey in (255, 245, 200, 150, 100, 50, 20, 0):
        page = drawn(saved(Image.new("L", (2480, 3508), grey)), tmp_path, resolution)
        shares.append(share(page) / (1687 / 1728))
    assert shares == sorted(shares)
    assert shares[:2] == [0, 0]
    assert shares[-2:] == pytest.approx([1, 1], abs=0.01)
    assert shares[3] == pytest.approx(105 / 255, abs=0.1)


def test_a_black_and_white_picture_is_not_screened(tmp_path: Path) -> None:
    line_art = Image.new("1", (1728, 2286), 1)
    line_art.paste(0, (400, 400, 403, 2000))
    shown = ink(drawn(saved(line_art, dpi=(204, 196)), tmp_path))
    assert shown.getbbox() == pytest.approx((400, 400, 403, 2000), abs=4)
    assert share(drawn(saved(line_art, dpi=(204, 196)), tmp_path)) == pytest.approx(3 * 1600 / (1728 * 2286), rel=0.4)


# Paper


@pytest.mark.parametrize(
    ("head", "paper"),
    [
        (b"%!PS\n%%DocumentMedia: Letter 612 792 75 white ( )\n", Paper.LETTER),
        (b"%!PS\n<< /PageSize [612 1008] >> setpagedevice", Paper.LEGAL),
        (b"%!PS\n<</PageSize[595 842]>>setpagedevice", Paper.A4),
        (b"%!PS\n%%DocumentMedia: Odd 1.2.3 4\n", Paper.A4),
        (b"%!PS\nshowpage", Paper.A4),
    ],
)
def test_the_paper_that_a_postscript_program_names(head: bytes, paper: Paper) -> None:
    assert paper_named(head) is paper


def test_papers_are_told_by_their_sides_in_either_order() -> None:
    assert paper_for(612, 792) is paper_for(792, 612) is Paper.LETTER
    assert paper_for(610, 1010) is Paper.LEGAL
    assert paper_for(595, 842) is paper_for(100, 100) is paper_for(5000, 9000) is Paper.A4
    assert paper_for(612, 792, PageWidth.B4) is Paper.B4
    assert paper_for(612, 792, PageWidth.A3) is Paper.A3


@given(st.floats(2, 14_000), st.floats(2, 14_000), st.integers(0, 2**32))
def test_margins_are_cleared_and_the_page_is_left_as_it_is(width: float, height: float, seed: int) -> None:
    import random

    shape = geometry(Paper.A4, Resolution.STANDARD)
    fit = fitted(PageRun(1, 1, width, height), shape)
    assert 0 <= fit.left < fit.right <= shape.width
    assert 0 <= fit.top < fit.bottom <= shape.rows
    before = random.Random(seed).randbytes(shape.octets)
    frame = bytearray(before)
    clear_margins(frame, shape, fit)
    expected = Image.new("1", (shape.width, shape.rows), 0)
    box = (fit.left, fit.top, fit.right, fit.bottom)
    expected.paste(Image.frombytes("1", expected.size, before).crop(box), box)
    assert bytes(frame) == expected.tobytes()
