"""platen cover: templates listed, shown, checked, previewed, installed and removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import platen
from tests.spooler.rig import Rig

GOOD = 'title = "Ours"\n[[block]]\nkind = "text"\ntext = "To {recipient.name}"\nsize = 40\n'


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("covers"), port=False) as rig:
        yield rig


def test_the_list_names_title_kind_and_octets(rig: Rig) -> None:
    done = platen("cover", "list", "--json", socket=rig.socket)
    found = {each["name"]: each for each in json.loads(done.stdout)}
    assert found["confidential"]["title"] == "Confidential"
    assert 0 < found["confidential"]["octets"] < 25_000
    assert "built-in" in platen("cover", "list", socket=rig.socket).stdout


def test_a_file_is_checked_without_a_server(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(GOOD)
    bad.write_text(GOOD.replace("{recipient.name}", "{recipient.nmae}") + "colour = 1\n")
    done = platen("cover", "check", good, bad)
    assert done.returncode == 4
    first, *rest = done.stdout.splitlines()
    assert first == f"{good}: right"
    assert len(rest) == 1
    assert rest[0].startswith(f"{bad}:6: ")
    assert "colour" in rest[0]
    assert platen("cover", "check", good).returncode == 0


def test_a_file_and_a_name_are_previewed_as_they_arrive(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(GOOD)
    assert platen("cover", "install", file, "--common", socket=rig.socket).returncode == 0
    fields = ("--field", "recipient.name=Jo", "--field", "subject=Offer")
    for name, out in ((file, "here.png"), ("ours", "there.png")):
        done = platen("cover", "preview", name, *fields, "-o", tmp_path / out, socket=rig.socket)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "here.png").read_bytes() == (tmp_path / "there.png").read_bytes()
    with Image.open(tmp_path / "here.png") as picture:
        assert picture.size == (1728, 2286)
    later = (*fields, "--field", "continued_from=3", "--field", "continued_of=4")
    for name, out in ((file, "here-later.png"), ("ours", "there-later.png")):
        done = platen("cover", "preview", name, *later, "-o", tmp_path / out, socket=rig.socket)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "here-later.png").read_bytes() == (tmp_path / "there-later.png").read_bytes()
    assert (tmp_path / "here-later.png").read_bytes() != (tmp_path / "here.png").read_bytes()
    assert platen("cover", "show", "ours", socket=rig.socket).stdout == GOOD
    assert platen("cover", "remove", "ours", socket=rig.socket).returncode == 0
    assert platen("cover", "show", "ours", socket=rig.socket).returncode == 4


def test_one_s_own_template_is_installed_and_sent_with_no_document(rig: Rig, tmp_path: Path) -> None:
    file = tmp_path / "letter.toml"
    file.write_text(GOOD)
    assert "own/letter: installed" in platen("cover", "install", file, socket=rig.socket).stdout
    done = platen("send", "--to", "5552001", "--cover=own/letter", "--subject", "Hi", socket=rig.socket)
    assert done.returncode == 0, done.stderr
    assert "job" in done.stdout
    nothing = platen("send", "--to", "5552001", socket=rig.socket)
    assert nothing.returncode == 2
    assert "nothing to send" in nothing.stderr


def test_a_glyph_that_no_font_has_is_told_at_the_preview(rig: Rig, tmp_path: Path) -> None:
    done = platen(
        "cover", "preview", "plain", "--field", "subject=\U0001d2e0", "-o", tmp_path / "x.png", socket=rig.socket
    )
    assert done.returncode == 4
    assert "U+1D2E0" in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_a_field_that_there_is_not_is_refused(rig: Rig) -> None:
    done = platen("cover", "preview", "plain", "--field", "recipient.shoe=9", socket=rig.socket)
    assert done.returncode == 2
    assert "recipient.shoe" in done.stderr
