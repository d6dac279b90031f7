"""Templates of the site: data, checked when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from coverpage import CoverFields, CoverPageError, render, templates
from fax import Recipient
from tests.coverpage.picture import black, pages_of, text_of


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def test_a_template_of_the_site_is_found_beside_the_built_in_ones(tmp_path: Path) -> None:
    write(tmp_path, "short", '[[block]]\nkind = "text"\ntext = "An {recipient.name}"\n')
    assert templates(tmp_path) == ["default", "short"]
    cover = CoverFields(recipient=Recipient(name="Jo"))
    assert text_of(render("short", cover, folder=tmp_path)).split() == ["An", "Jo"]
    with pytest.raises(CoverPageError):
        render("short", cover)


def test_a_template_of_the_site_goes_before_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, "default", '[[block]]\nkind = "text"\ntext = "Ours"\n')
    assert text_of(render("default", CoverFields(), folder=tmp_path)).split() == ["Ours"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[block]", "not right"),
        ('[[block]]\nkind = "script"\n', "script"),
        ('[[block]]\nkind = "text"\ntext = "{recipient.shoe_size}"\n', r"recipient\.shoe_size"),
        ('[[block]]\nkind = "text"\ntext = "x"\ncolour = "red"\n', "colour"),
        ('[[block]]\nkind = "line"\nthickness_pt = 0.2\n', "0.75"),
        ('[[block]]\nkind = "line"\nwhen = ["nobody"]\n', "nobody"),
        ('[[block]]\nkind = "image"\nfile = "../../etc/logo.png"\nheight_pt = 10\n', "beside"),
        ('[[block]]\nkind = "image"\nfile = "none.png"\nheight_pt = 10\n', "none.png"),
        ('margin_left_pt = 500\n[[block]]\nkind = "line"\n', "margins"),
    ],
)
def test_a_wrong_template_is_refused_and_says_where_it_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "wrong", text)
    with pytest.raises(CoverPageError, match=said):
        render("wrong", CoverFields(), folder=tmp_path)


def test_an_image_is_drawn_in_black_and_white_on_paper(tmp_path: Path) -> None:
    logo = Image.new("RGBA", (100, 50), (0, 0, 0, 0))
    logo.paste((0, 0, 0, 255), (0, 0, 50, 50))
    logo.save(tmp_path / "logo.png")
    write(
        tmp_path,
        "logo",
        'margin_left_pt = 72\nmargin_top_pt = 72\n[[block]]\nkind = "image"\nfile = "logo.png"\nheight_pt = 36\n',
    )
    (picture,) = pages_of(render("logo", CoverFields(), folder=tmp_path), tmp_path)
    inside = black(picture, (204, 196, 204 + 102, 196 + 98))
    assert inside > 0.97 * 102 * 98
    assert black(picture, (0, 0, *picture.size)) < 1.05 * 102 * 98


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
    (with_both,) = pages_of(render("columns", CoverFields(recipient=Recipient(name="Jo")), folder=tmp_path), tmp_path)
    (alone,) = pages_of(render("columns", CoverFields(), folder=tmp_path), tmp_path)
    half = alone.width // 2
    second_line = (0, 48 * 196 // 72 + 45, half, 48 * 196 // 72 + 85)
    assert black(with_both, second_line) == 0
    assert black(alone, second_line) > 0
