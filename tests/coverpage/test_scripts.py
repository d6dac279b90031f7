"""Any script: shaped, in its direction, and never a missing glyph without a word."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from reportlab.pdfbase.ttfonts import TTFont

from codec.page import Resolution
from coverpage import CoverFields, CoverPageError, check_letters, fonts, lettering
from coverpage.fields import Values
from coverpage.formats import Formats
from coverpage.script import broken, is_right_to_left, stretches
from fax import Recipient
from tests.coverpage.picture import black, drawn, pictures, rules
from tests.coverpage.test_gallery import read_by_machine, squeezed


@pytest.fixture
def other_fonts() -> Iterator[None]:
    """The test says which fonts there are: nothing that was found before counts, nor does it later."""
    lettering.forget()
    yield
    lettering.forget()


def note_box(picture: Image.Image) -> tuple[int, int, int, int]:
    return (0, sum(rules(picture)[-1]), picture.width, picture.height)


def ink(picture: Image.Image) -> tuple[int, int, int, int]:
    """The box around everything black below the last rule."""
    below = picture.crop(note_box(picture)).convert("L")
    box = ImageChops.invert(below).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("resolution", [Resolution.STANDARD, Resolution.FINE])
def test_right_to_left_text_stands_at_the_right(resolution: Resolution) -> None:
    (latin,) = pictures("default", CoverFields(note="Good morning"), resolution=resolution)
    (hebrew,) = pictures("default", CoverFields(note="בוקר טוב"), resolution=resolution)
    assert ink(latin)[0] < 200
    assert ink(latin)[2] < latin.width / 2
    assert ink(hebrew)[0] > hebrew.width / 2
    assert ink(hebrew)[2] > hebrew.width - 200


@pytest.mark.parametrize("name", ["דנה כהן", "ليلى حسن"])
def test_a_telephone_number_among_right_to_left_letters_keeps_its_order(tmp_path: Path, name: str) -> None:
    text = '[[block]]\nkind = "text"\nsize = 20\ntext = ["{recipient.name}", "{recipient.office_phone}"]\n'
    (tmp_path / "one.toml").write_text(text)
    fields = CoverFields(recipient=Recipient(name=name, office_phone="+49 7551 2220"))
    (picture,) = pictures("one", fields, folder=tmp_path)
    assert "+4975512220" in squeezed(read_by_machine(picture, tmp_path, "eng"))
    values = Values(fields, Formats())
    assert values.filled(("{recipient.name}", "{recipient.office_phone}"), ", ") == f"{name}, \u200e+49 7551 2220\u200e"
    assert values.filled(("{recipient.office_phone}",), ", ") == "+49 7551 2220", "alone it needs no mark"


def test_its_order_is_the_same_where_the_line_has_several_fonts() -> None:
    line = "שלום, \u200e+49 7551 2220\u200e"
    parts = stretches(line, True, lambda one, two: True)
    assert [(line[first:last].strip("\u200e"), leftwards) for first, last, leftwards in parts] == [
        ("+49 7551 2220", False),
        ("שלום, ", True),
    ]


def test_a_right_to_left_paragraph_keeps_its_side_where_a_line_begins_with_latin() -> None:
    note = "שלום " * 12 + "printing works in Springfield"
    (picture,) = pictures("default", CoverFields(note=note))
    _, top, _, bottom = ink(picture)
    assert bottom - top > 196 / 72 * 20, "two lines"
    last = picture.crop(note_box(picture)).crop((0, bottom - 30, picture.width, bottom))
    box = ImageChops.invert(last.convert("L")).getbbox()
    assert box is not None
    assert box[2] > picture.width - 200


def test_arabic_letters_are_joined() -> None:
    (joined,) = pictures("default", CoverFields(note="بببب"))
    (apart,) = pictures("default", CoverFields(note="ب\u200cب\u200cب\u200cب"))
    joined_width, apart_width = (ink(page)[2] - ink(page)[0] for page in (joined, apart))
    assert joined_width < apart_width * 0.8


def test_hebrew_runs_from_right_to_left() -> None:
    """Lamed is the only tall letter here: it must stand where the direction puts it."""
    (first,) = pictures("default", CoverFields(note="למממממ"), resolution=Resolution.SUPERFINE)
    (last,) = pictures("default", CoverFields(note="מממממל"), resolution=Resolution.SUPERFINE)
    tops = []
    for picture in (first, last):
        left, top, right, _ = ink(picture)
        below = picture.crop(note_box(picture))
        middle = (left + right) // 2
        tops.append(black(below, (middle, top, right, top + 6)) > 0)
    assert tops == [True, False]


@pytest.mark.usefixtures("other_fonts")
def test_a_character_that_no_font_has_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "other_fonts", lambda: ())
    with pytest.raises(CoverPageError, match=r"山.*U\+5C71.*fonts-"):
        drawn("default", CoverFields(recipient=Recipient(name="Yamada 山田")))
    with pytest.raises(CoverPageError, match="U\\+5C71"):
        drawn("default", CoverFields(note="one\n山\ntwo"))
    with pytest.raises(CoverPageError, match="U\\+5C71"):
        check_letters([Recipient(name="Müller"), Recipient(company="山")])
    check_letters([Recipient(name="Müller", city="תל אביב", number="1"), Recipient(name="a\tb\x00")])


@pytest.mark.usefixtures("other_fonts")
def test_another_font_of_the_system_helps_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A font that has what the first one lacks is used for it, whatever is installed here."""
    bold, regular = (fonts.characters(fonts.dejavu(name)) for name in (fonts.BOLD, fonts.REGULAR))
    only_regular = next(chr(code) for code in sorted(regular - bold) if chr(code).isalpha())
    helper = tmp_path / "Helper.ttf"
    shutil.copy(fonts.dejavu(fonts.REGULAR), helper)
    monkeypatch.setattr(fonts, "other_fonts", lambda: (helper,))
    monkeypatch.setattr("coverpage.lettering.REGULAR", fonts.BOLD)
    runs = lettering._runs(f"a{only_regular}", True, False)
    assert [run.font for run in runs] == [fonts.dejavu(fonts.BOLD), helper]
    assert lettering.drawn(only_regular, 12, True, False, Resolution.FINE)


def test_a_line_of_several_fonts_and_directions_is_in_the_order_that_is_read() -> None:
    """Hebrew beside what another font draws: neither may be where the other belongs."""

    def seen(text: str) -> list[str]:
        fonts_of = ["cjk" if character > "\u2e80" else "first" for character in text]
        right_to_left = is_right_to_left(text)
        found = stretches(text, right_to_left, lambda one, two: fonts_of[one] == fonts_of[two])
        return [text[first:last][:: -1 if leftwards else 1].strip() for first, last, leftwards in found]

    assert seen("abc 山田 def") == ["abc", "山田", "def"]
    assert seen("abc שלום 山田") == ["abc", "םולש", "", "山田"]
    # What is read first stands at the right; a number behind Chinese belongs to it.
    assert seen("שלום 山田 12") == ["山田", "12", "םולש"]
    assert seen("סכום 12.5 שקל 山") == ["山", "לקש", "12.5", "םוכס"]


@pytest.mark.parametrize(
    "text", ["Zwölf Ž ł", "Καλημέρα", "добрый день", "שלום עולם", "سلام عليكم", "山田太郎", "ひらがな", "한국어"]
)
def test_text_is_the_same_on_paper_at_every_resolution(text: str) -> None:
    def size(resolution: Resolution) -> tuple[int, int]:
        """Dots across, rows down."""
        found = lettering.drawn(text, 12, False, is_right_to_left(text), resolution)
        left, right = min(one.left for one in found), max(one.left + one.bitmap.width for one in found)
        return right - left, max(one.top + one.bitmap.rows for one in found) - min(one.top for one in found)

    (across, down), (fine_across, fine_down), (super_across, super_down) = (size(each) for each in Resolution)
    assert abs(across - fine_across) <= 2
    assert abs(super_across - fine_across) <= 2
    assert abs(2 * down - fine_down) <= 2
    assert abs(super_down - 2 * fine_down) <= 2


def test_what_a_font_covers_is_read_as_another_reader_reads_it() -> None:
    for name in (fonts.REGULAR, fonts.BOLD):
        known = set(TTFont("check", str(fonts.dejavu(name))).face.charToGlyph)
        assert fonts.characters(fonts.dejavu(name)) == known


@pytest.mark.parametrize("octets", [b"", b"ttcf", b"\0\1\0\0\0\xff" + b"\0" * 40, b"OTTO" + b"\xff" * 400])
def test_a_broken_font_file_covers_nothing(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "broken.ttf").write_bytes(octets)
    assert fonts.characters(tmp_path / "broken.ttf") == frozenset()


def test_without_dejavu_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fonts, "FONT_FOLDERS", (tmp_path,))
    with pytest.raises(CoverPageError, match="fonts-dejavu-core"):
        fonts.dejavu.__wrapped__("DejaVuSans.ttf")


def test_lines_are_never_wider_than_their_measure() -> None:
    for text in ("one two three " * 30, "x" * 500, "well-known half-hearted " * 20, "שלום עולם " * 30):
        lines = lettering.lines(text, 12, False, 200)
        assert len(lines) > 1
        assert max(lettering.width(line, 12, False, is_right_to_left(text)) for line in lines) <= 200
        assert "".join("".join(lines).split()) == "".join(text.split())


def test_ideographs_break_anywhere_but_before_a_full_stop_and_after_an_opening_bracket() -> None:
    assert broken("山田太郎。東京", lambda text: len(text) * 10, 40) == ["山田太", "郎。東京"]
    assert broken("山田太「東京」", lambda text: len(text) * 10, 40) == ["山田太", "「東京」"]
