"""Commands and rules: what stands in a document's text, by itself and in real documents."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.documents import Piece
from backend.embedded import look
from backend.first_page import FirstPage, read_first_page
from backend.print_job import AskedError
from backend.rules import Rule, RulesError, commands, read_rules, ruled

COMMAND = '@@fax to=+49 30 123456 name="Dr. Müller" cover=default@@'


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("no command, only @@ signs", {}),
        ("a fax@@example.com @@faxing to=1@@", {}),
        ("@@fax to=5552001@@", {"to": ("5552001",)}),
        ("x @@ FAX to=+49 30 123456 @@ y", {"to": ("+49 30 123456",)}),
        ("@@fax to=1 to=2@@ @@fax to=3 to=1@@", {"to": ("1", "2", "3")}),
        (
            '@@fax to="1"\n name="Dr.\n Müller" retries=5@@',
            {"to": ("1",), "name": ("Dr. Müller",), "number-of-retries": ("5",)},
        ),
        ("@@fax to=1 name=„Eva“ subject=“a = b”@@", {"to": ("1",), "name": ("Eva",), "subject": ("a = b",)}),
        ("@@fax to=1 name=A@@@@fax name=B@@", {"to": ("1",), "name": ("A",)}),
        ("@@fax@@ @@fax name=@@", {}),
    ],
)
def test_commands_are_read(text: str, fields: dict[str, tuple[str, ...]]) -> None:
    assert commands(text).fields == fields


@pytest.mark.parametrize("text", ["@@fax 5552001@@", "@@fax nmae=Eva@@", '@@fax name="Eva@@'])
def test_a_command_that_is_not_understood_is_refused_without_what_it_says(text: str) -> None:
    with pytest.raises(AskedError, match="not understood") as caught:
        commands(text)
    assert "Eva" not in str(caught.value)
    assert "555" not in str(caught.value)


@given(st.text())
def test_no_text_does_harm(text: str) -> None:
    for given_text in (text, f"@@fax {text}@@"):
        try:
            commands(given_text, remove=True)
        except AskedError:
            continue


def test_rules_find_fields_and_add_others(tmp_path: Path) -> None:
    file = tmp_path / "erp.toml"
    file.write_text(
        """
        [[rule]]
        pattern = '(?m)^Fax-Nr\\.?: *(?P<to>[+\\d][\\d ()/-]{4,})$'
        set = { cover = "default" }
        remove = true

        [[rule]]
        pattern = 'An: (?P<name>[^\\n]+)'
        """
    )
    text = "Invoice\nFax-Nr.: +49 (30) 555-1\nAn: Eva  Muster\nAn: Bob\nFax-Nr: 5552002\n"
    found = ruled(text, read_rules(file))
    assert found.fields == {"to": ("+49 (30) 555-1", "5552002"), "cover": ("default",), "name": ("Eva Muster",)}
    assert [text[start:end] for start, end in found.remove] == ["Fax-Nr.: +49 (30) 555-1", "Fax-Nr: 5552002"]
    assert ruled("nothing", read_rules(file)).fields == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense", "Expected"),
        ("[[rule]]\n", "there is no pattern"),
        ("[[rule]]\npattern = '('\n", "the pattern is wrong"),
        ("[[rule]]\npattern = '(?P<number>x)'\n", "number is no field"),
        ("[[rule]]\npattern = 'x'\nset = { color = 'red' }\n", "color is no field"),
        ("[[rule]]\npattern = 'x'\nremove = 1\n", "remove is true or false"),
        ("[[rule]]\npattern = 'x'\nreplace = true\n", "replace is not known"),
        ("[rules]\n", "and nothing else"),
    ],
)
def test_a_wrong_rule_file_is_told(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "erp.toml"
    file.write_text(text)
    with pytest.raises(RulesError, match=re.escape(why)) as caught:
        read_rules(file)
    assert str(file) in str(caught.value)


def _piece(file: Path) -> Piece:
    handle = os.open(file, os.O_RDONLY)
    return Piece(handle, 0, file.stat().st_size)


def _document(folder: Path, *, rotate: int = 0) -> Path:
    import pikepdf
    from reportlab.pdfgen.canvas import Canvas

    file = folder / "letter.pdf"
    canvas = Canvas(str(file), pagesize=(595, 842), invariant=True)
    canvas.setFont("Helvetica", 12)
    canvas.drawString(72, 780, COMMAND)
    canvas.drawString(72, 700, "Fax-Nr: 5552002")
    canvas.showPage()
    canvas.drawString(72, 780, "@@fax to=999@@")
    canvas.showPage()
    canvas.save()
    if rotate:
        with pikepdf.open(file, allow_overwriting_input=True) as pdf:
            pdf.pages[0].Rotate = rotate
            pdf.save(file)
    return file


def _as_postscript(file: Path) -> Path:
    import subprocess

    made = file.with_suffix(".ps")
    subprocess.run(["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=ps2write", f"-sOutputFile={made}", file], check=True)
    return made


@pytest.mark.parametrize("rotate", [0, 90])
def test_the_command_of_a_real_document_is_found_and_taken_out_of_the_first_page(tmp_path: Path, rotate: int) -> None:
    piece = _piece(_document(tmp_path, rotate=rotate))
    kept = look([piece], [("commands", "keep")])
    assert kept.commands == {"to": ("+49 30 123456",), "name": ("Dr. Müller",), "cover": ("default",)}
    assert kept.pieces == (piece,)
    before = _ink(piece)
    found = look([piece, piece], [("commands", "remove")])
    assert found.commands == kept.commands
    assert found.pieces[1] is piece
    after = _ink(found.pieces[0])
    # two lines stood on the first page, one does now; the second page is as it was
    assert 0.1 < after[0] / before[0] < 0.5
    assert after[1] == pytest.approx(before[1], rel=0.02)


def _ink(piece: Piece) -> list[int]:
    """Black pixels of each page."""
    import subprocess
    import tempfile

    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "page-%d.pbm"
        command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pbmraw", "-r72", f"-sOutputFile={out}", "-"]
        subprocess.run(command, input=piece.rewind().read(piece.octets), check=True)
        counts = []
        for file in sorted(Path(folder).iterdir()):
            with Image.open(file) as page:
                counts.append(page.convert("L").histogram()[0])
        return counts


def test_postscript_is_read_as_well(tmp_path: Path) -> None:
    piece = _piece(_as_postscript(_document(tmp_path)))
    found = look([piece], [("commands", "remove")])
    assert found.commands["to"] == ("+49 30 123456",)
    assert found.pieces[0].read(5) == b"%PDF-"


def test_rules_take_out_what_they_found(tmp_path: Path) -> None:
    rules = tmp_path / "erp.toml"
    rules.write_text("[[rule]]\npattern = 'Fax-Nr: (?P<to>.*)'\nremove = true\n")
    piece = _piece(_document(tmp_path))
    found = look([piece], [("rules", str(rules))])
    assert (found.commands, found.ruled) == ({}, {"to": ("5552002",)})
    assert _ink(found.pieces[0])[0] < _ink(piece)[0]


def test_without_the_queues_wish_nothing_is_looked_into(tmp_path: Path) -> None:
    piece = _piece(_document(tmp_path))
    for said in ([], [("commands", "no")], [("rules", "")]):
        found = look([piece], said)
        assert (found.commands, found.ruled, found.pieces) == ({}, {}, (piece,))


@pytest.mark.parametrize(
    "octets",
    [b"%!PS\n{ } loop\n", b"%PDF-1.4\nnothing", b"II*\0 no text", b"", b"%!PS\n(x) (/etc/passwd) (r) file\n"],
    ids=["endless", "broken", "tiff", "empty", "curious"],
)
def test_a_document_that_does_not_end_or_is_none_has_no_text(
    tmp_path: Path, octets: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.first_page.TIME_S", 2)
    file = tmp_path / "document"
    file.write_bytes(octets)
    assert read_first_page(_piece(file)) == FirstPage("", ())


def test_a_rule_may_have_no_groups() -> None:
    rule = Rule(pattern=re.compile("Mahnung"), set={"priority": "high"})
    assert ruled("2. Mahnung", [rule]).fields == {"priority": ("high",)}
