"""Templates of the site: data, checked when they are read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from codec.operations import same_pixels
from codec.page import Resolution
from coverpage import CoverFields, CoverPageError, Place, Shelf, Studio
from coverpage.template import schema
from fax import Priority, Recipient
from tests.coverpage.picture import black, drawn, layout, pictures, shelf, studio, texts
from tests.coverpage.samples import FULL, RECIPIENT

TEXT = '[[block]]\nkind = "text"\n'


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def said(folder: Path, text: str, fields: CoverFields = FULL) -> list[str]:
    write(folder, "one", text)
    return texts(layout("one", fields, folder=folder))


def test_a_template_of_the_site_is_found_beside_the_built_in_ones(tmp_path: Path) -> None:
    write(tmp_path, "short", TEXT + 'text = "An {recipient.name}"\n')
    assert set(shelf(tmp_path).names()) == {*shelf().names(), "short"}
    cover = CoverFields(recipient=Recipient(name="Jo"))
    assert texts(layout("short", cover, folder=tmp_path)) == ["An Jo"]
    with pytest.raises(CoverPageError):
        drawn("short", cover)


def test_a_template_of_the_site_goes_before_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, "default", TEXT + 'text = "Ours"\n')
    assert texts(layout("default", CoverFields(), folder=tmp_path)) == ["Ours"]


def test_one_s_own_template_is_meant_by_its_full_name_only(tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "template.toml").write_text(TEXT + 'text = "Mine"\n')
    mine = Shelf((), tmp_path)
    assert "own/letter" in mine.names()
    assert mine.find("own/letter").name == "own/letter"
    for wrong in ("letter", "own/own/letter", "own/../letter", "own/"):
        with pytest.raises(CoverPageError, match="There is no cover page template"):
            mine.find(wrong)
    with pytest.raises(CoverPageError):
        shelf().find("own/letter")
    assert dict(mine.listed())["own/letter"] == "own"


def test_a_template_that_is_changed_is_read_again(tmp_path: Path) -> None:
    for text in ("first", "second"):
        assert said(tmp_path, TEXT + f'text = "{text}"\n') == [text]


def test_lengths_may_be_written_with_a_unit(tmp_path: Path) -> None:
    write(tmp_path, "inches", 'margins = { left = "1 in", top = "25.4 mm" }\n' + TEXT + 'text = "x"\nsize = "10 mm"\n')
    ((item,),) = layout("inches", FULL, folder=tmp_path).pages
    assert item[0] == 72
    assert item[3] == pytest.approx(28.35, abs=0.01)


def test_a_style_gives_its_keys_to_the_blocks_that_name_it(tmp_path: Path) -> None:
    style = '[style.head]\nsize = 30\nalign = "right"\n'
    write(
        tmp_path,
        "styled",
        style + TEXT + 'text = "x"\nstyle = "head"\n' + TEXT + 'text = "y"\nstyle = "head"\nsize = 8\n',
    )
    ((first, second),) = layout("styled", FULL, folder=tmp_path).pages
    assert (first[3], second[3]) == (30, 8)
    assert first[0] > 400


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ("sender.company", True),
        ("not sender.company", False),
        ("billing_code and recipient", True),
        ("confidential or priority is high", True),
        ("confidential and priority is high", False),
        ('recipient.city is "überlingen"', True),
        ("not confidential and not recipient.home_phone is 1", True),
        ("recipient.city is Berlin", False),
    ],
)
def test_a_block_is_there_when_its_condition_holds(tmp_path: Path, when: str, shown: bool) -> None:
    fields = replace(FULL, priority=Priority.HIGH)
    assert (said(tmp_path, TEXT + f"text = \"x\"\nwhen = '{when}'\n", fields) == ["x"]) is shown


@pytest.mark.parametrize(
    "when", ["page_count is 1234", 'recipient.number is "+49305552001"', "confidential is yes", "priority is high"]
)
def test_a_condition_asks_for_the_field_as_it_came_however_it_is_written(tmp_path: Path, when: str) -> None:
    formats = 'language = "de"\n[formats]\nthousands = "."\ntelephone = "international"\n'
    recipient = replace(RECIPIENT, number="+49305552001")
    fields = replace(FULL, page_count=1234, recipient=recipient, confidential=True, priority=Priority.HIGH)
    text = TEXT + 'text = ["{confidential}", "{priority}"]\nwhen = \'' + when + "'\n"
    assert said(tmp_path, formats + text, fields) == ["ja, hoch"]


def test_dates_and_numbers_are_written_as_the_template_says(tmp_path: Path) -> None:
    text = (
        'language = "de"\n[formats]\nthousands = "."\ntelephone = "international"\n'
        'time_sent = "%-d.%-m.%y"\n[formats.dates]\nday = "%A, %-d. %B %Y"\nclock = "%-I:%M %p"\n'
        + TEXT
        + 'text = ["{time_sent}", "{time_sent:day}", "{time_sent:clock}", "{page_count}", "{job_id}",'
        ' "{recipient.number}", "{priority}"]\nmax_lines = 9\njoin = "\\n"\n'
    )
    fields = replace(FULL, page_count=1234, recipient=replace(RECIPIENT, number="+49305552001"))
    assert said(tmp_path, text, fields) == [
        "14.3.25",
        "Freitag, 14. März 2025",
        "9:41 am",
        "1.234",
        "100812",
        "+49 30 5552001",
        "normal",
    ]


def test_a_number_whose_groups_nobody_knows_stays_as_it_was_written(tmp_path: Path) -> None:
    text = '[formats]\ntelephone = "international"\n' + TEXT + 'text = "{recipient.number}"\n'
    for number in ("+1 555 2000", "030 5552001", "extension 12"):
        fields = replace(FULL, recipient=replace(RECIPIENT, number=number))
        assert said(tmp_path, text, fields) == [number]


def test_a_table_leaves_out_rows_without_content(tmp_path: Path) -> None:
    text = """
    [[block]]
    kind = "table"
    share = [1, 3]
    row = [
        ["Name", "{recipient.name}"],
        ["State", "{recipient.state}"],
        ["Signature", ""],
    ]
    """
    fields = replace(FULL, recipient=replace(RECIPIENT, state=""))
    assert said(tmp_path, text, fields) == ["Name", "Jürgen Müller", "Signature"]
    assert said(tmp_path, text, CoverFields()) == ["Signature"]


def test_a_box_to_tick_is_ticked_under_its_condition(tmp_path: Path) -> None:
    text = '[[block]]\nkind = "check"\nlabel = ["Urgent", "For review"]\nticked = { Urgent = "priority is high" }\n'
    assert said(tmp_path, text) == ["Urgent", "For review"]
    assert said(tmp_path, text, replace(FULL, priority=Priority.HIGH)).count("X") == 1


def test_an_image_is_drawn_in_black_and_white_on_paper(tmp_path: Path) -> None:
    logo = Image.new("RGBA", (100, 50), (0, 0, 0, 0))
    logo.paste((0, 0, 0, 255), (0, 0, 50, 50))
    logo.save(tmp_path / "logo.png")
    write(
        tmp_path,
        "logo",
        'margins = { left = 72, top = 72 }\n[[block]]\nkind = "image"\nfile = "logo.png"\nheight = 36\n',
    )
    (picture,) = pictures("logo", CoverFields(), tmp_path)
    left = 204 + 20
    inside = black(picture, (left, 196, left + 102, 196 + 98))
    assert inside > 0.95 * 102 * 98
    assert black(picture, (0, 0, *picture.size)) < 1.05 * 102 * 98


def test_a_damaged_image_is_the_template_s_fault(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    write(tmp_path, "broken", '[[block]]\nkind = "image"\nfile = "logo.png"\nheight = 36\n')
    with pytest.raises(CoverPageError, match=r"broken cannot be drawn"):
        drawn("broken", CoverFields(), folder=tmp_path)


def form(path: Path) -> None:
    """A page with a black square of an inch, an inch from the left and top edge."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595.28, 841.89))
        pdf.pages[0].Contents = pdf.make_stream(b"72 697.89 72 72 re f")
        pdf.save(path)


def test_a_page_of_a_pdf_lies_under_the_fields(tmp_path: Path) -> None:
    form(tmp_path / "form.pdf")
    text = (
        'background = "form.pdf"\n[[block]]\nkind = "area"\nx = "3 in"\ny = "1 in"\nwidth = 200\nheight = 20\n'
        '[[block.block]]\nkind = "text"\ntext = "{recipient.name}"\n'
    )
    write(tmp_path, "form", text)
    (picture,) = pictures("form", FULL, tmp_path)
    assert black(picture, (204 + 30, 196 + 10, 408 + 10, 392 - 10)) == (408 + 10 - 204 - 30) * 176
    assert black(picture, (3 * 204, 196, 5 * 204, 196 + 60)) > 200


def test_what_does_not_fit_its_place_is_made_smaller_and_then_goes_on_another_page(tmp_path: Path) -> None:
    text = (
        '[[continued]]\nkind = "text"\ntext = "continued"\n[[block]]\nkind = "area"\nx = 100\ny = 100\nwidth = 150\n'
        'height = 40\n[[block.block]]\nkind = "text"\ntext = "{recipient.name}"\nmax_lines = 2\n'
        '[[block.block]]\nkind = "text"\ntext = "{subject}"\nmax_lines = 9\n[[block]]\nkind = "space"\nheight = 700\n'
    )
    write(tmp_path, "place", text)
    short = layout("place", FULL, folder=tmp_path)
    assert [texts(short)] == [["Jürgen Müller", "Offer no. 4711"]]
    long = layout("place", replace(FULL, subject="a subject of many words " * 8), folder=tmp_path)
    assert texts(long) == ["Jürgen Müller"]
    assert " ".join(texts(long, 1)).startswith("continued a subject of many words")


def test_a_strip_is_as_high_as_what_is_in_it_and_whole_rows_at_every_resolution(tmp_path: Path) -> None:
    write(tmp_path, "strip", "strip = true\nmargins = { top = 12 }\n" + TEXT + 'text = "To {recipient.name}"\n')
    rows = {}
    for resolution in Resolution:
        cover = drawn("strip", FULL, resolution=resolution, folder=tmp_path)
        assert cover.strip
        rows[resolution] = cover.pages[0].rows
    assert rows[Resolution.FINE] == 2 * rows[Resolution.STANDARD]
    assert rows[Resolution.SUPERFINE] == 4 * rows[Resolution.STANDARD]
    assert 30 < rows[Resolution.STANDARD] < 70
    with pytest.raises(CoverPageError, match="strip"):
        drawn("strip", FULL, folder=strip_with_note(tmp_path))


def strip_with_note(folder: Path) -> Path:
    write(folder, "strip", 'strip = true\n[[block]]\nkind = "note"\ntext = "' + "long " * 3000 + '"\n')
    return folder


def test_a_broadcast_s_pages_are_those_of_a_cover_sent_alone_and_the_template_is_drawn_once(tmp_path: Path) -> None:
    many = Studio(studio()._nursery)
    found = shelf().find("default")
    made = {}
    for number in range(12):
        who = replace(RECIPIENT, name=f"Reader {number}", number=f"+49 30 {number:05}")
        fields = replace(FULL, recipient=who, job_id=number)
        made[number] = fields, many.cover(found, fields).pages
    assert many.rasterised == 1
    for number in (0, 5, 11):
        fields, pages = made[number]
        alone = Studio(studio()._nursery).cover(found, fields).pages
        assert [same_pixels(one, two) for one, two in zip(pages, alone, strict=True)] == [None]
        assert [page.digest for page in pages] == [page.digest for page in alone]


def test_the_schema_takes_every_built_in_template() -> None:
    import tomllib

    import jsonschema

    from coverpage.shelf import BUILT_IN

    checker = jsonschema.Draft202012Validator(schema())
    for file in BUILT_IN.glob("*.toml"):
        checker.validate(tomllib.loads(file.read_text()))
    with pytest.raises(jsonschema.ValidationError):
        checker.validate({"block": [{"kind": "text", "text": "x", "size": "big"}]})


def test_places_of_one_name_go_in_their_order(tmp_path: Path) -> None:
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
        write(tmp_path / kind, "same", TEXT + f'text = "{kind}"\n')
    found = Shelf((Place("common", tmp_path / "b"), Place("site", tmp_path / "a"))).find("same")
    assert found.file.parent.name == "b"


def test_a_column_without_content_gives_its_room_to_the_others(tmp_path: Path) -> None:
    write(
        tmp_path,
        "columns",
        """
        [[block]]
        kind = "columns"
        [[block.column]]
        [[block.column.block]]
        kind = "text"
        text = "{recipient.name}"
        [[block.column]]
        [[block.column.block]]
        kind = "text"
        text = "right"
        align = "right"
        [[block.column.block]]
        kind = "text"
        text = "left"
        """,
    )
    (with_both,) = pictures("columns", CoverFields(recipient=Recipient(name="Jo")), tmp_path)
    (alone,) = pictures("columns", CoverFields(), tmp_path)
    half = alone.width // 2
    second_line = (0, 48 * 196 // 72 + 45, half, 48 * 196 // 72 + 85)
    assert black(with_both, second_line) == 0
    assert black(alone, second_line) > 0


def test_the_schema_in_the_docs_is_that_of_the_templates() -> None:
    import json

    file = Path(__file__).resolve().parents[2] / "docs" / "cover-template.schema.json"
    assert json.loads(file.read_text()) == json.loads(json.dumps(schema()))
