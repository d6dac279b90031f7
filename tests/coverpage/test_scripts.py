"""Any script: shaped, in its direction, and never a missing glyph without a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from reportlab.pdfbase.ttfonts import TTFont

from coverpage import CoverFields, CoverPageError, fonts, render
from coverpage.lettering import PlainFace, ShapedFace, broken, face_for
from fax import Recipient
from tests.coverpage.picture import black, pages_of, rules


def note_box(picture: Image.Image) -> tuple[int, int, int, int]:
    return (0, sum(rules(picture)[-1]), picture.width, picture.height)


def ink(picture: Image.Image) -> tuple[int, int, int, int]:
    """The box around everything black below the last rule."""
    below = picture.crop(note_box(picture)).convert("L")
    box = ImageChops.invert(below).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("dpi_y", [98, 196])
def test_right_to_left_text_stands_at_the_right(tmp_path: Path, dpi_y: int) -> None:
    (latin,) = pages_of(render("default", CoverFields(note="Good morning")), tmp_path, dpi_y)
    (hebrew,) = pages_of(render("default", CoverFields(note="בוקר טוב")), tmp_path, dpi_y)
    assert ink(latin)[0] < 200
    assert ink(latin)[2] < latin.width / 2
    assert ink(hebrew)[0] > hebrew.width / 2
    assert ink(hebrew)[2] > hebrew.width - 200


def test_a_right_to_left_paragraph_keeps_its_side_where_a_line_begins_with_latin(tmp_path: Path) -> None:
    note = "שלום " * 12 + "printing works in Springfield"
    (picture,) = pages_of(render("default", CoverFields(note=note)), tmp_path)
    _, top, _, bottom = ink(picture)
    assert bottom - top > 196 / 72 * 20, "two lines"
    last = picture.crop(note_box(picture)).crop((0, bottom - 30, picture.width, bottom))
    box = ImageChops.invert(last.convert("L")).getbbox()
    assert box is not None
    assert box[2] > picture.width - 200


def test_arabic_letters_are_joined(tmp_path: Path) -> None:
    (joined,) = pages_of(render("default", CoverFields(note="بببب")), tmp_path)
    (apart,) = pages_of(render("default", CoverFields(note="ب\u200cب\u200cب\u200cب")), tmp_path)
    joined_width, apart_width = (ink(page)[2] - ink(page)[0] for page in (joined, apart))
    assert joined_width < apart_width * 0.8


def test_hebrew_runs_from_right_to_left(tmp_path: Path) -> None:
    """Lamed is the only tall letter here: it must stand where the direction puts it."""
    (first,) = pages_of(render("default", CoverFields(note="למממממ")), tmp_path, 391)
    (last,) = pages_of(render("default", CoverFields(note="מממממל")), tmp_path, 391)
    tops = []
    for picture in (first, last):
        left, top, right, _ = ink(picture)
        below = picture.crop(note_box(picture))
        middle = (left + right) // 2
        tops.append(black(below, (middle, top, right, top + 6)) > 0)
    assert tops == [True, False]


def test_scripts_that_need_no_shaping_are_drawn_with_the_embedded_font() -> None:
    for text in ("plain", "Zwölf Ž ł", "Καλημέρα", "добрый день", "100 € – “x”"):
        assert isinstance(face_for(text, bold=False), PlainFace), text
    for text in ("שלום", "سلام", "a\u0301\u0323"):
        assert isinstance(face_for(text, bold=False), ShapedFace), text


def test_a_character_that_no_font_has_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "other_fonts", lambda: ())
    with pytest.raises(CoverPageError, match=r"山.*U\+5C71.*fonts-"):
        render("default", CoverFields(recipient=Recipient(name="Yamada 山田")))
    with pytest.raises(CoverPageError, match="U\\+5C71"):
        render("default", CoverFields(note="one\n山\ntwo"))


def test_another_font_of_the_system_helps_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A font that has what the first one lacks is used for it, whatever is installed here."""
    bold, regular = (fonts.characters(fonts.dejavu(name)) for name in (fonts.BOLD, fonts.REGULAR))
    only_regular = next(chr(code) for code in sorted(regular - bold) if chr(code).isalpha())
    helper = tmp_path / "Helper.ttf"
    shutil.copy(fonts.dejavu(fonts.REGULAR), helper)
    monkeypatch.setattr(fonts, "other_fonts", lambda: (helper,))
    monkeypatch.setattr("coverpage.lettering.REGULAR", fonts.BOLD)
    face = face_for(f"a{only_regular}", bold=True)
    assert isinstance(face, ShapedFace)
    assert face.fonts == (fonts.dejavu(fonts.BOLD), helper)
    (picture,) = pages_of(render("default", CoverFields(note=f"{only_regular}")), tmp_path)
    assert black(picture, note_box(picture)) > 0


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
        face = face_for(text, bold=False)
        lines = broken(text, face, 12, 200)
        assert max(face.width(line, 12) for line in lines) <= 200
        assert "".join("".join(lines).split()) == "".join(text.split())


def test_ideographs_break_anywhere_but_before_a_full_stop() -> None:
    class Square:
        def width(self, text: str, size_pt: float) -> float:
            return len(text) * size_pt

        def draw(self, canvas: object, text: str, x: float, baseline: float, size_pt: float) -> None:
            raise AssertionError

    assert broken("山田太郎。東京", Square(), 10, 40) == ["山田太", "郎。東京"]
