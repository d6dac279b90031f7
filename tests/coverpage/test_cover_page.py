"""What a cover page shows: its text as it is set, and the pixels that a fax has of it."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from codec.page import Resolution
from codec.raster_paper import Paper, geometry
from coverpage import FIELD_NAMES, CoverFields, CoverPageError, PaperName, fields_for
from coverpage.fields import Values
from fax import Cause, CoverPage, Recipient, Sender
from fax.errors import RequestError
from tests.coverpage.picture import black, drawn, layout, pictures, rules, shelf, texts
from tests.coverpage.samples import FULL, RECIPIENT, SENDER

LINE_HEIGHT_PT = 15
OF_THE_FAX = ("subject", "note", "time_sent", "page_count")


def test_there_are_13_fields_of_the_recipient_9_of_the_sender_4_of_the_fax_5_of_the_job_and_2_of_the_call() -> None:
    of_recipient = {name.removeprefix("recipient.") for name in FIELD_NAMES if name.startswith("recipient.")}
    assert len(of_recipient) == 13
    # What is for the far end's machine, a password above all, cannot get onto a page.
    assert {member.name for member in fields(Recipient)} - of_recipient == {"sub_address", "password"}
    assert len([name for name in FIELD_NAMES if name.startswith("sender.")]) == len(fields(Sender)) == 9
    assert FIELD_NAMES[22:26] == OF_THE_FAX
    assert FIELD_NAMES[26:31] == ("job_id", "billing_code", "priority", "confidential", "title")
    assert FIELD_NAMES[31:] == ("continued_from", "continued_of")


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_every_field_of_recipient_sender_and_fax_is_on_the_default_cover_page(paper: PaperName) -> None:
    said = "\n".join(texts(layout("default", FULL, paper)))
    values = Values(FULL, shelf().find("default").template.written())
    for name in FIELD_NAMES[:26]:
        for line in values.of(name).split("\n"):
            assert line in said, name
    assert "FAX" in said


@pytest.mark.parametrize(("paper", "size"), [("a4", Paper.A4), ("letter", Paper.LETTER)])
@pytest.mark.parametrize("resolution", list(Resolution))
def test_the_page_has_the_pixels_of_its_paper(paper: PaperName, size: Paper, resolution: Resolution) -> None:
    (page,) = drawn("default", FULL, paper, resolution).pages
    shape = geometry(size, resolution)
    assert (page.width, page.rows, page.dpi_x, page.dpi_y) == (shape.width, shape.rows, 204, resolution.dpi_y)


def test_empty_fields_leave_no_label_and_no_gap() -> None:
    bare = CoverFields(recipient=Recipient(number="5552001"), time_sent=FULL.time_sent, page_count=2)
    assert texts(layout("default", bare)) == [
        "FAX",
        "To",
        "Fax",
        "5552001",
        "Date",
        "14 March 2025, 09:41",
        "Pages",
        "2",
    ]
    (short,) = pictures("default", bare)
    (long,) = pictures("default", FULL)
    first, middle, last = (row for row, _ in rules(short))
    assert middle - first < 80 * 196 / 72
    assert last < rules(long)[-1][0] - 5 * LINE_HEIGHT_PT * 196 / 72


def test_nothing_at_all_still_says_fax() -> None:
    assert texts(layout("default", CoverFields())) == ["FAX"]


def test_separators_of_empty_parts_are_left_out() -> None:
    said = texts(layout("default", replace(FULL, recipient=replace(RECIPIENT, title="", city="", state=""))))
    assert "Finance" in said
    assert "88662" in said


@pytest.mark.parametrize("resolution", list(Resolution))
def test_every_rule_is_as_many_rows_high_as_its_thickness_wherever_it_stands(resolution: Resolution) -> None:
    (picture,) = pictures("default", FULL, resolution=resolution)
    heights = [rows for _, rows in rules(picture)]
    assert len(heights) == 3
    # 3 pt, 1 pt, 3 pt.
    assert heights[0] == heights[2] > heights[1] >= 1
    bare = CoverFields(recipient=Recipient(number="5552001"), page_count=2)
    (other,) = pictures("default", bare, resolution=resolution)
    assert [rows for _, rows in rules(other)] == heights


def test_there_is_no_grey_and_no_black_area_to_pay_for() -> None:
    (picture,) = pictures("default", FULL)
    share = black(picture, (0, 0, *picture.size)) / (picture.width * picture.height)
    assert 0.005 < share < 0.06


def test_the_same_fields_give_the_same_page_in_another_process() -> None:
    program = (
        "from coverpage import *; from codec.page import Resolution;"
        "found = Shelf().find('default');"
        "print(Studio().cover(found, CoverFields(subject='שלום Ž', note='a\\nb')).pages[0].digest)"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    assert said == drawn("default", CoverFields(subject="שלום Ž", note="a\nb")).pages[0].digest
    assert len(said) == len(hashlib.sha256().hexdigest())


def test_a_long_value_is_made_smaller_then_takes_more_lines() -> None:
    name = "Bartholomäus Maximilian von und zu Hohenstein-Wittgenstein der Jüngere, Kanzler der Akademie"
    said = " ".join(texts(layout("default", replace(FULL, recipient=Recipient(name=name, number="1")))))
    assert set(name.split()) <= set(said.split())


def test_a_word_without_a_blank_is_broken_and_not_cut() -> None:
    word = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3
    said = texts(layout("default", CoverFields(subject=word)))
    assert word in "".join(part for part in said if part != "Subject")


def test_an_endless_value_ends_in_an_ellipsis() -> None:
    assert texts(layout("default", CoverFields(subject="word " * 500)))[-1].endswith("…")


def test_a_long_note_flows_on_to_a_second_page_and_the_count_knows() -> None:
    note = "\n".join(f"line {number} of the note" for number in range(60))
    cover = fields_for(
        RECIPIENT, SENDER, CoverPage(subject="Long", note=note), time_sent=FULL.time_sent, document_pages=3
    )
    made = layout("default", cover)
    first, second = texts(made, 0), texts(made, 1)
    assert len(made.pages) == 2
    assert first[first.index("Pages") + 1] == "5"
    assert "continued" in " ".join(second)
    numbers = [int(number) for number in re.findall(r"line (\d+) of the note", "\n".join(first + second))]
    assert numbers == list(range(60))
    for picture in pictures("default", cover):
        # Nothing runs into the bottom margin.
        assert black(picture, (0, picture.height - 130, picture.width, picture.height)) == 0


def test_a_note_without_end_is_refused() -> None:
    for note in ("a\n" * 1000, "a" * 50_000):
        with pytest.raises(CoverPageError):
            drawn("default", CoverFields(note=note))


def test_values_are_data_and_never_a_template() -> None:
    said = texts(layout("default", replace(FULL, subject="{sender.name} {note} {x.y} <b>")))
    assert "{sender.name} {note} {x.y} <b>" in said


def test_control_characters_are_left_out() -> None:
    said = texts(layout("default", CoverFields(subject="a\x1b[31mb\x00c\td\u2028e", note="one\r\ntwo\rthree")))
    assert "a[31mbc d e" in said
    assert said[-3:] == ["one", "two", "three"]


def test_an_unknown_template_is_refused_with_the_names_there_are() -> None:
    assert "default" in shelf().names()
    for name in ("letterhead", "../default", "", "default.toml", "/etc/passwd", "own/default"):
        with pytest.raises(CoverPageError, match="default") as caught:
            shelf().find(name)
        assert isinstance(caught.value, RequestError)
        assert caught.value.cause is Cause.COVER_PAGE
