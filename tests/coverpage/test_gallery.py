"""The built-in templates: whatever the fields hold, in any script, nothing overlaps or is cut, and all can be read."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from codec.coder import bitmap_of
from codec.operations import overlay
from codec.page import Bitmap, Page, Resolution
from coverpage import CoverFields, CoverPageError, PaperName, lettering
from coverpage.items import PlacedText
from coverpage.layout import PAPERS
from coverpage.shelf import BUILT_IN
from coverpage.studio import sheet_of
from fax import Priority, Recipient, Sender
from tests.coverpage.picture import drawn, layout, picture_of, shelf, studio, texts

GALLERY = sorted(path.stem for path in BUILT_IN.glob("*.toml"))
KINDS = ("plain", "business", "urgent", "confidential", "medical", "memo", "form", "strip")
AT = datetime(2026, 3, 14, 9, 41)
MOST_OCTETS = 25_000

# A name, a company, a subject, a sentence.
SCRIPTS = {
    "Latin": ("Martin Fellner", "Harbour Supplies", "Delivery of paper", "The quick brown fox jumps over the dog."),
    "Cyrillic": ("Анна Иванова", "Морские перевозки", "Поставка бумаги", "Съешь ещё этих мягких французских булок."),
    "Hebrew": ("דנה כהן", "נייר ודפוס בע״מ", "משלוח נייר 12", "שלום רב, ההצעה שלנו מצורפת (עמוד 3)."),
    "Arabic": ("ليلى حسن", "شركة الورق", "توريد الورق 12", "السلام عليكم، تجدون عرضنا مرفقا."),
    "Chinese": (
        "山田太郎",
        "東京製紙株式会社",
        "用紙の納品について",
        "いつもお世話になっております。見積書をお送りします。",
    ),
    "Greek": ("Νίκος Παππάς", "Χαρτοποιία Αιγαίου", "Παράδοση χαρτιού", "Καλημέρα, σας στέλνουμε την προσφορά μας."),
}
NUMBER = "+49 30 5552001"


def full(script: str) -> CoverFields:
    name, company, subject, sentence = SCRIPTS[script]
    there = Recipient(
        number=NUMBER,
        name=name,
        company=company,
        street_address=f"{company} 12",
        city=name.split()[0],
        state="BW",
        zip="88662",
        country="Germany",
        title=subject,
        department=company,
        office_location="B 12",
        home_phone="+49 7551 111",
        office_phone="+49 7551 2220",
    )
    here = Sender(
        name=name,
        fax_number="+1 555 2000",
        company=company,
        address=f"{company}, {name}",
        title=subject,
        department=company,
        office_location="Front office",
        home_phone="+1 555 3000",
        office_phone="+1 555 2001",
    )
    return CoverFields(
        recipient=there,
        sender=here,
        subject=subject,
        note=f"{sentence}\n\n{sentence}",
        time_sent=AT,
        document_pages=26,
        job_id=100_812,
        billing_code="K-22",
        priority=Priority.HIGH,
        confidential=True,
        title="offer.pdf",
    )


def empty(script: str) -> CoverFields:
    name, _, _, sentence = SCRIPTS[script]
    return CoverFields(recipient=Recipient(name=name), note=sentence)


def overlong(script: str) -> CoverFields:
    """Every field as long as somebody who tests us would make it."""
    long = " ".join(SCRIPTS[script]).replace(".", "")
    text = (long + " ") * 3
    word = SCRIPTS[script][1].replace(" ", "") * 5

    def every(one: Recipient | Sender, count: int) -> dict[str, str]:
        names = [member.name for member in fields(one) if member.name not in ("sub_address", "password")]
        return {name: (word if number % 3 == 2 else text)[:count] for number, name in enumerate(names)}

    note = "\n".join([(SCRIPTS[script][3] + " ") * 4] * 6)
    return replace(
        full(script),
        recipient=Recipient(**every(Recipient(), 90)),
        sender=Sender(**every(Sender(), 90)),
        subject=text[:190],
        note=note,
    )


FILLS = {"full": full, "empty": empty, "overlong": overlong}


def fitting(name: str, cover: CoverFields) -> CoverFields:
    """A strip is for a line or two: it has no second page for an endless note."""
    return replace(cover, note=cover.note.split("\n")[0][:300]) if name.startswith("strip") else cover


def black(page: Page | Bitmap) -> int:
    data = page.data if isinstance(page, Bitmap) else bitmap_of(page).data
    return sum(octet.bit_count() for octet in data)


def check_nothing_overlaps(name: str, cover: CoverFields, paper: PaperName, resolution: Resolution) -> None:
    """The black of the page is the black of its parts: no dot of one lies on a dot of another, or outside."""
    made = layout(name, cover, paper)
    sheet = sheet_of(paper, resolution)
    template = shelf().find(name).template
    for number, (items, page) in enumerate(zip(made.pages, drawn(name, cover, paper, resolution).pages, strict=True)):
        parts = 0
        pieces: list[tuple[Bitmap, int, int]] = []
        for item in items:
            if not isinstance(item, PlacedText):
                continue
            assert item.y < PAPERS[paper][1] - template.margins.bottom + 0.3 * item.size, (number, item)
            x, y = sheet.pixel(item.x, item.y)
            for piece in lettering.drawn(item.text, item.size, item.bold, item.right_to_left, resolution):
                pieces.append((piece.bitmap, x + piece.left, y + piece.top))
                parts += black(piece.bitmap)
        rules = [item for item in items if not isinstance(item, PlacedText)]
        lines = studio()._base(shelf().find(name), rules, sheet, False)
        assert black(overlay(lines, pieces)) == parts + black(lines), (number, "overlap, or outside of the page")
        assert black(page) == parts + black(lines), (number, "something of it is not drawn")


def check_nothing_is_cut(name: str, cover: CoverFields) -> None:
    """Name, subject and note are there with every letter, wherever their lines break."""
    made = layout(name, cover)
    said = squeezed("".join(item.text for page in made.pages for item in page if isinstance(item, PlacedText)))
    for text in (cover.recipient.name, cover.subject, *cover.note.split("\n")):
        assert squeezed(text) in said, text


def test_there_are_eight_kinds_in_two_languages() -> None:
    assert {f"{kind}{tongue}" for kind in KINDS for tongue in ("", "-de")} <= set(GALLERY)
    for name in GALLERY:
        template = shelf().find(name).template
        assert template.title and template.about
        assert template.language == ("de" if name.endswith("-de") else "en")


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", GALLERY)
def test_nothing_overlaps_and_nothing_is_cut(name: str, fill: str) -> None:
    """In a script of each kind; all of them and all resolutions in the slow tier."""
    script = ["Latin", "Cyrillic", "Hebrew", "Chinese"][GALLERY.index(name) % 4]
    cover = fitting(name, FILLS[fill](script))
    check_nothing_is_cut(name, cover)
    check_nothing_overlaps(name, cover, "a4" if fill == "full" else "letter", Resolution.STANDARD)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", GALLERY)
def test_nothing_overlaps_in_any_script_on_any_paper(name: str, script: str) -> None:
    for fill in FILLS.values():
        cover = fitting(name, fill(script))
        check_nothing_is_cut(name, cover)
        check_nothing_overlaps(name, cover, "a4", Resolution.FINE)
        check_nothing_overlaps(name, cover, "letter", Resolution.STANDARD)


def read_by_machine(picture: Image.Image, folder: Path, language: str) -> str:
    file = folder / "page.png"
    picture.save(file)
    command = ["tesseract", str(file), "-", "--psm", "4", "-l", language]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, capture_output=True, check=True, text=True, env=environment).stdout


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def check_legible(name: str, cover: CoverFields, resolution: Resolution, folder: Path, language: str = "eng") -> None:
    picture = picture_of(drawn(name, cover, "a4", resolution).pages[0])
    if resolution is Resolution.STANDARD:
        # As it is printed: its rows are twice as high as its dots are wide.
        picture = picture.resize((picture.width, picture.height * 2), Image.Resampling.NEAREST)
    said = squeezed(read_by_machine(picture, folder, language))
    for wanted in (cover.recipient.name, cover.recipient.number or "", cover.subject):
        # In a line of both directions the machine gives words, and the sign before a number, in an order of its own.
        parts = [word.strip("+") for word in wanted.split()] if "heb" in language else [squeezed(wanted)]
        assert all(part in said for part in parts), (wanted, said)


@pytest.mark.parametrize("name", GALLERY)
def test_a_machine_reads_name_number_and_subject_at_standard_resolution(name: str, tmp_path: Path) -> None:
    check_legible(name, fitting(name, full("Latin")), Resolution.STANDARD, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", GALLERY)
def test_a_machine_reads_them_at_fine_resolution_and_in_other_scripts(name: str, tmp_path: Path) -> None:
    check_legible(name, fitting(name, full("Latin")), Resolution.FINE, tmp_path)
    for script, language in (("Cyrillic", "rus+eng"), ("Greek", "ell+eng"), ("Hebrew", "heb+eng")):
        check_legible(name, fitting(name, full(script)), Resolution.STANDARD, tmp_path, language)


@pytest.mark.parametrize("name", GALLERY)
def test_a_cover_costs_at_most_25_kb_at_fine_resolution(name: str) -> None:
    cover = drawn(name, fitting(name, full("Latin")), "a4", Resolution.FINE)
    assert sum(len(page.data) for page in cover.pages) <= MOST_OCTETS


@pytest.mark.parametrize("name", GALLERY)
def test_a_fax_of_one_page_has_no_plural(name: str) -> None:
    said = " ".join(texts(layout(name, replace(full("Latin"), page_count=1))))
    assert "1 pages" not in said and "1 Seiten" not in said
    assert re.search(r"\b(1 page|1 Seite|Pages 1|Seiten 1)\b", said), said


@pytest.mark.parametrize("name", ["strip", "strip-de"])
def test_a_strip_refuses_what_has_no_room_in_it(name: str) -> None:
    with pytest.raises(CoverPageError, match="strip"):
        drawn(name, replace(full("Latin"), note="line\n" * 90))
