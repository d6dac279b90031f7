"""What a cover page shows, seen through the programs that read it: the text, and the pixels at fax resolution."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from coverpage import FIELD_NAMES, CoverFields, CoverPageError, PageSize, fields_for, render, templates
from fax import Cause, CoverPage, Recipient, Sender
from fax.errors import RequestError
from tests.coverpage.picture import black, pages_of, rules, text_of

RECIPIENT = Recipient(
    number="+49 30 5552001",
    name="Jürgen Müller",
    company="Wasserwerke Überlingen",
    street_address="Seepromenade 112",
    city="Überlingen",
    state="BW",
    zip="88662",
    country="Germany",
    title="Bookkeeper",
    department="Finance",
    office_location="Building C",
    home_phone="+49 7551 111",
    office_phone="+49 7551 2220",
)
SENDER = Sender(
    name="Ana Kovačić",
    fax_number="+1 555 2000",
    company="Riverside Printing",
    address="14 Mill Lane, Springfield",
    title="Estimator",
    department="Sales",
    office_location="Front office",
    home_phone="+1 555 3000",
    office_phone="+1 555 2001",
)
FULL = CoverFields(
    recipient=RECIPIENT,
    sender=SENDER,
    subject="Offer no. 4711",
    note="Dear Mr Müller,\n\nour offer follows.\nΚαλημέρα, добрый день.",
    time_sent="14 March 2025, 09:41",
    page_count=27,
)
LINE_HEIGHT_PT = 15


def test_there_are_13_fields_of_the_recipient_9_of_the_sender_and_4_of_the_fax() -> None:
    of_recipient = {name.removeprefix("recipient.") for name in FIELD_NAMES if name.startswith("recipient.")}
    assert len(of_recipient) == 13
    # What is for the far end's machine, a password above all, cannot get onto a page.
    assert {member.name for member in fields(Recipient)} - of_recipient == {"sub_address", "password"}
    assert len([name for name in FIELD_NAMES if name.startswith("sender.")]) == len(fields(Sender)) == 9
    assert FIELD_NAMES[22:] == ("subject", "note", "time_sent", "page_count")


@pytest.mark.parametrize("page", ["a4", "letter"])
def test_every_field_is_on_the_default_cover_page(page: PageSize) -> None:
    said = text_of(render("default", FULL, page=page))
    for name in FIELD_NAMES:
        for line in FULL.value(name).split("\n"):
            assert line in said, name
    assert "FAX" in said


@pytest.mark.parametrize(("page", "size"), [("a4", (595, 842)), ("letter", (612, 792))])
def test_the_page_has_the_size_asked_for(page: PageSize, size: tuple[int, int], tmp_path: Path) -> None:
    (picture,) = pages_of(render("default", FULL, page=page), tmp_path)
    assert abs(picture.width - size[0] * 204 / 72) < 2
    assert abs(picture.height - size[1] * 196 / 72) < 2


def test_empty_fields_leave_no_label_and_no_gap(tmp_path: Path) -> None:
    bare = CoverFields(recipient=Recipient(number="5552001"), time_sent="14 March 2025", page_count=2)
    said = text_of(render("default", bare)).split()
    assert said == ["FAX", "To", "Fax", "5552001", "Date", "14", "March", "2025", "Pages", "2"]
    (short,) = pages_of(render("default", bare), tmp_path)
    (long,) = pages_of(render("default", FULL), tmp_path)
    first, middle, last = (row for row, _ in rules(short))
    assert middle - first < 80 * 196 / 72
    assert last < rules(long)[-1][0] - 5 * LINE_HEIGHT_PT * 196 / 72


def test_nothing_at_all_still_says_fax() -> None:
    assert text_of(render("default", CoverFields())).split() == ["FAX"]


def test_separators_of_empty_parts_are_left_out() -> None:
    said = text_of(render("default", replace(FULL, recipient=replace(RECIPIENT, title="", city="", state=""))))
    assert re.search(r"^\s*Finance\b(?!,)", said, re.MULTILINE)
    assert re.search(r"^\s*88662\b", said, re.MULTILINE)


@pytest.mark.parametrize("dpi_y", [98, 196, 391])
def test_every_rule_is_at_least_one_row_and_its_full_width(dpi_y: int, tmp_path: Path) -> None:
    (picture,) = pages_of(render("default", FULL), tmp_path, dpi_y)
    heights = [rows for _, rows in rules(picture)]
    assert len(heights) == 3
    assert all(rows >= 1 for rows in heights)
    # 3 pt, 1 pt, 3 pt: the difference is still seen.
    assert heights[0] > heights[1] < heights[2]


def test_there_is_no_grey_and_no_black_area_to_pay_for(tmp_path: Path) -> None:
    (picture,) = pages_of(render("default", FULL), tmp_path)
    share = black(picture, (0, 0, *picture.size)) / (picture.width * picture.height)
    assert 0.005 < share < 0.06


def test_the_same_fields_give_the_same_octets_in_another_process() -> None:
    program = (
        "import hashlib; from coverpage import render, CoverFields; from fax import Recipient;"
        "print(hashlib.sha256(render('default', CoverFields(subject='שלום Ž', note='a\\nb'))).hexdigest())"
    )
    said = {
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert len(said) == 1
    assert render("default", FULL) == render("default", FULL)


def test_a_long_value_is_made_smaller_then_takes_more_lines() -> None:
    name = "Bartholomäus Maximilian von und zu Hohenstein-Wittgenstein der Jüngere, Kanzler der Akademie"
    said = text_of(render("default", replace(FULL, recipient=Recipient(name=name, number="1"))))
    assert set(name.split()) <= set(said.split())


def test_a_word_without_a_blank_is_broken_and_not_cut() -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
    said = text_of(render("default", CoverFields(subject=word)))
    assert word in "".join(said.replace("Subject", "").split())


def test_an_endless_value_ends_in_an_ellipsis() -> None:
    said = text_of(render("default", CoverFields(subject="word " * 500)))
    assert said.split()[-1].endswith("…")


def test_a_long_note_flows_on_to_a_second_page_and_the_count_knows(tmp_path: Path) -> None:
    note = "\n".join(f"line {number} of the note" for number in range(60))
    cover = fields_for(
        RECIPIENT,
        SENDER,
        CoverPage(subject="Long", note=note),
        time_sent="14 March 2025, 09:41",
        document_pages=3,
    )
    pdf = render("default", cover)
    first, second, rest = text_of(pdf).split("\f")
    assert rest == ""
    assert re.search(r"Pages\s+5\b", first)
    assert "continued" in second
    numbers = [int(number) for number in re.findall(r"line (\d+) of the note", first + second)]
    assert numbers == list(range(60))
    for picture in pages_of(pdf, tmp_path):
        # Nothing runs into the bottom margin.
        assert black(picture, (0, picture.height - 130, picture.width, picture.height)) == 0


def test_a_note_without_end_is_refused() -> None:
    for note in ("a\n" * 1000, "a" * 50_000):
        with pytest.raises(CoverPageError):
            render("default", CoverFields(note=note))


def test_values_are_data_and_never_a_template() -> None:
    said = text_of(render("default", replace(FULL, subject="{sender.name} {note} {x.y} <b>")))
    assert "{sender.name} {note} {x.y} <b>" in said


def test_control_characters_are_left_out() -> None:
    said = text_of(render("default", CoverFields(subject="a\x1b[31mb\x00c\td\u2028e", note="one\r\ntwo\rthree")))
    assert "a[31mbc d e" in said
    assert [line for line in said.split("\n") if line.strip()][-3:] == ["one", "two", "three"]


def test_an_unknown_template_is_refused_with_the_names_there_are() -> None:
    assert "default" in templates()
    for name in ("letterhead", "../default", "", "default.toml", "/etc/passwd"):
        with pytest.raises(CoverPageError, match="default") as caught:
            render(name, FULL)
        assert isinstance(caught.value, RequestError)
        assert caught.value.cause is Cause.COVER_PAGE
