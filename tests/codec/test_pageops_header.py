"""The header line: its size, its texts, its scripts, and that no glyph is cut."""

from __future__ import annotations

import unicodedata

import pytest

from codec.errors import CodeError
from codec.header import header_strip, shortened, strip_rows
from codec.page import Bitmap


def columns(strip: Bitmap) -> list[int]:
    octets = strip.width // 8
    united = [0] * octets
    for at in range(0, len(strip.data), octets):
        united = [a | b for a, b in zip(united, strip.data[at : at + octets], strict=True)]
    return [x for x in range(strip.width) if united[x // 8] >> (7 - x % 8) & 1]


def ink(strip: Bitmap) -> int:
    return sum(octet.bit_count() for octet in strip.data)


@pytest.mark.parametrize(("dpi_y", "rows"), [(98, 12), (196, 24), (391, 48)])
@pytest.mark.parametrize("width", [1728, 2048, 2432])
def test_the_strip_is_as_wide_as_the_page_and_an_eighth_of_an_inch_high(dpi_y: int, rows: int, width: int) -> None:
    strip = header_strip(width, dpi_y, "left", "middle", "right")
    assert (strip.width, strip.rows, len(strip.data)) == (width, rows, rows * width // 8)
    assert strip_rows(dpi_y) == rows


@pytest.mark.parametrize("dpi_y", [98, 196, 391])
def test_the_three_texts_stand_left_in_the_middle_and_right(dpi_y: int) -> None:
    for texts, low, high in (
        (("2026-11-20 12:00", "", ""), 35, 400),
        (("", "To: somebody", ""), 700, 1028),
        (("", "", "page 1 of 3"), 1500, 1693),
    ):
        found = columns(header_strip(1728, dpi_y, *texts))
        assert found, texts
        assert low <= found[0], texts
        assert found[-1] <= high, texts
    centre = columns(header_strip(1728, dpi_y, "", "To: somebody", ""))
    assert abs((centre[0] + centre[-1]) / 2 - 864) < 4


def test_the_same_line_has_about_the_same_ink_per_area_at_every_resolution() -> None:
    shares = []
    for dpi_y in (98, 196, 391):
        strip = header_strip(1728, dpi_y, "The quick brown fox 0123456789", "jumps over", "page 2 of 2")
        shares.append(ink(strip) / strip.rows)
    assert max(shares) < 1.15 * min(shares)


@pytest.mark.parametrize(
    "text",
    ["Müller & Söhne", "Γιάννης", "Пётр Чайковский", "שלום עולם", "مرحبا بالعالم", "Łódź ő ű ğ", "→ € № ½"],
)
def test_any_script_that_a_font_here_covers_is_drawn_and_not_as_boxes(text: str) -> None:
    missing = header_strip(1728, 196, "\U0010fffd" * len(text), "", "")
    strip = header_strip(1728, 196, text, "", "")
    assert ink(strip) > 100
    assert strip != missing


def test_arabic_is_joined_and_hebrew_runs_from_the_right() -> None:
    from PIL import features

    if not features.check("raqm"):
        pytest.skip("this Pillow shapes no complex scripts")
    joined, apart = (columns(header_strip(1728, 196, text, "", ""))[-1] for text in ("سلام", "س ل ا م"))
    assert joined < apart - 20
    mirrored = header_strip(1728, 196, "אב", "", "")
    alone = header_strip(1728, 196, "א", "", "")
    # The first letter is drawn last, so that what is leftmost is the second.
    assert columns(mirrored)[:5] != columns(alone)[:5] or mirrored.data[:216] != alone.data[:216]


def test_texts_that_are_too_long_are_shortened_and_do_not_touch() -> None:
    for left, middle, right in (
        ("L" * 300, "m" * 300, "page 3 of 12"),
        ("short", "m" * 300, "page 3 of 12"),
        ("L" * 300, "", "page 3 of 12"),
        ("L" * 300, "short", "page 3 of 12"),
    ):
        strip = header_strip(1728, 196, left, middle, right)
        found = columns(strip)
        assert found[0] >= 38
        assert found[-1] <= 1728 - 38
        # The right text stands whole where it stands alone.
        alone = header_strip(1728, 196, "", "", right)
        begin = columns(alone)[0] // 8 * 8
        assert all(of_row(strip, row, begin // 8) == of_row(alone, row, begin // 8) for row in range(24))
        # A gap of white stands before it.
        assert not any(x in found for x in range(begin - 16, begin - 4))


def of_row(strip: Bitmap, row: int, octet: int) -> bytes:
    return strip.data[row * strip.width // 8 + octet : (row + 1) * strip.width // 8]


def test_only_a_right_text_that_is_too_long_alone_is_shortened() -> None:
    strip = header_strip(1728, 196, "left", "middle", "r" * 500)
    found = columns(strip)
    assert found[0] >= 38
    assert found[-1] <= 1728 - 38


def test_shortening_ends_with_an_ellipsis_and_parts_no_mark_from_its_letter() -> None:
    text = "e\u0301" * 20 + "\u05d0\u05b8" * 5
    for room in range(60):
        got = shortened(text, room, len)
        assert len(got) <= max(room, 0) or got == ""
        if got and got != text:
            assert got.endswith("\u2026")
            body = got[:-1]
            assert text.startswith(body)
            assert not unicodedata.combining(text[len(body)])
    assert shortened("abc", 3, len) == "abc"
    assert shortened("abcd", 3, len) == "ab\u2026"
    assert shortened("abcd", 0, len) == ""


def test_control_characters_and_line_ends_become_spaces() -> None:
    assert header_strip(1728, 196, "a\r\nb\tc\x00d\u2028e", "", "") == header_strip(1728, 196, "a b c d e", "", "")


def test_empty_texts_are_a_white_strip() -> None:
    assert ink(header_strip(1728, 98, "", " ", "\n")) == 0


@pytest.mark.parametrize(("width", "dpi_y"), [(100, 196), (70_000, 196), (1728, 5), (1728, 20_000)])
def test_an_impossible_strip_is_refused(width: int, dpi_y: int) -> None:
    with pytest.raises(CodeError):
        header_strip(width, dpi_y, "a", "b", "c")
