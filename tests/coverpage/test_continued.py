"""The cover page of a fax that is continued: it says so where nobody can miss it, and loses nothing by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codec.operations import same_pixels
from codec.page import Page, Resolution
from coverpage import CoverFields, CoverPageError
from coverpage.band import BAND_PT
from coverpage.sample import SAMPLE
from coverpage.studio import sheet_of
from tests.coverpage.picture import drawn, layout, picture_of, texts
from tests.coverpage.test_gallery import GALLERY, black, fitting, full, overlong, read_by_machine

HERE = replace(SAMPLE, page_count=None, document_pages=2)
LATER = replace(HERE, continued_from=3, continued_of=4)
NAMED = 'title = "x"\n[[block]]\nkind = "text"\ntext = "{recipient.name}"\n'
SAID = NAMED + '[[block]]\nkind = "text"\ntext = "goes on at {continued_from} of {continued_of}"\n'


def band(page: Page, resolution: Resolution = Resolution.FINE) -> int:
    """Rows of the band on top."""
    return sheet_of("a4", resolution).pixel(0, BAND_PT)[1]


def plain(name: str, fields: CoverFields) -> tuple[Page, Page]:
    """A cover without and with its band. The count of a strip's pages is said, since on a page of its own it is one
    more."""
    without = replace(fields, page_count=3, continued_from=None, continued_of=None)
    with_band = replace(without, continued_from=3, continued_of=4)
    return drawn(name, without).pages[0], drawn(name, with_band).pages[0]


@pytest.mark.parametrize("name", GALLERY)
@pytest.mark.parametrize("fill", [full, overlong], ids=["full", "overlong"])
def test_nothing_of_the_page_is_lost_under_it(name: str, fill: object) -> None:
    fields = fitting(name, fill("Latin"))  # type: ignore[operator]
    without, with_band = plain(name, fields)
    rows = band(with_band)
    top = picture_of(with_band).crop((0, 0, with_band.width, rows))
    ink = top.convert("L").histogram()[0]
    assert ink > 0
    assert black(with_band) == black(without) + ink
    assert with_band.rows <= without.rows + rows
    if not name.startswith("strip") and fill is full:
        assert with_band.rows == without.rows, "it takes the place of white rows"


@pytest.mark.parametrize(
    ("name", "words"), [("business", "CONTINUED FROM PAGE 3 OF 4"), ("memo-de", "FORTSETZUNG AB SEITE 3 VON 4")]
)
def test_a_machine_reads_it_at_standard_resolution(name: str, words: str, tmp_path: Path) -> None:
    (page,) = drawn(name, LATER, "a4", Resolution.STANDARD).pages
    picture = picture_of(page)
    said = read_by_machine(picture.resize((picture.width, picture.height * 2)), tmp_path, "eng")
    assert words in said, said


def test_it_counts_the_pages_of_its_call_and_a_strip_is_a_page_of_its_own() -> None:
    assert "3" in texts(layout("business", LATER)) and "3 pages" in texts(layout("strip", LATER))
    assert "2 pages" in texts(layout("strip", HERE))
    (strip,) = drawn("strip", LATER).pages
    assert strip.rows < sheet_of("a4", Resolution.FINE).shape.rows / 3


def test_a_template_that_says_it_itself_gets_no_band(tmp_path: Path) -> None:
    (tmp_path / "said.toml").write_text(SAID)
    (tmp_path / "silent.toml").write_text(NAMED)
    assert texts(layout("said", LATER, folder=tmp_path)) == ["Jordan Example", "goes on at 3 of 4"]
    assert texts(layout("said", HERE, folder=tmp_path)) == ["Jordan Example"], "in any other call the field is empty"
    (itself,) = drawn("said", LATER, folder=tmp_path).pages
    (silent,) = drawn("silent", LATER, folder=tmp_path).pages
    (before,) = drawn("silent", HERE, folder=tmp_path).pages
    assert same_pixels(itself, silent) is not None
    rows = band(silent)
    assert (
        picture_of(itself).crop((0, 0, 1728, rows)).tobytes() != picture_of(silent).crop((0, 0, 1728, rows)).tobytes()
    )
    assert black(silent) > black(before)


def test_a_condition_alone_does_not_say_it(tmp_path: Path) -> None:
    (tmp_path / "when.toml").write_text(NAMED + 'when = "not continued_from"\n')
    (page,) = drawn("when", LATER, folder=tmp_path).pages
    assert black(page) == picture_of(page).crop((0, 0, page.width, band(page))).convert("L").histogram()[0] > 0


def test_a_strip_has_no_more_room_by_being_continued() -> None:
    with pytest.raises(CoverPageError, match="strip"):
        drawn("strip", replace(LATER, note="line\n" * 90))
