"""Broken templates: each error names the file, the line, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from coverpage import CoverPageError, TemplateError, load
from coverpage.positions import positions

TEXT = '[[block]]\nkind = "text"\ntext = "x"\n'
SIDE = '[[block]]\nkind = "columns"\n[[block.column]]\n[[block.column.block]]\n'

# Name: (the file, the line, words of what is wrong, words of the remedy).
BROKEN: dict[str, tuple[str, int, str, str]] = {
    "brackets that do not close": ("[[block]\n", 1, "expected ']]'", "[[block]]"),
    "a value without quotes": ("[[block]]\nkind = text\n", 2, "invalid value", "quotes"),
    "a text over two lines": ('[[block]]\nkind = "text"\ntext = "one\ntwo"\n', 3, "illegal character", '"""'),
    "a key twice": (TEXT + 'text = "y"\n', 4, "overwrite", "remove one"),
    "a list that does not end": ('block = [\n{ kind = "line" },\n', 2, "at the end", "bracket ]"),
    "a line that says nothing": (TEXT + "size 12\n", 4, "expected '='", "name = value"),
    "no blocks": ('title = "Empty"\n', 1, "no blocks", "[[block]]"),
    "no kind": ('[[block]]\ntext = "x"\n', 1, "no kind", "text, fact, line"),
    "a kind that there is not": (TEXT + '[[block]]\nkind = "txet"\n', 5, "'txet'", "write text"),
    "a key that there is not": (TEXT + "bolt = true\n", 4, "'bolt'", "write bold"),
    "a key at the top that there is not": ('titel = "x"\n' + TEXT, 1, "'titel'", "write title"),
    "a key that is missing": ('[[block]]\nkind = "fact"\ntext = "x"\n', 1, "'label'", 'label = "To"'),
    "a size too small to read": (TEXT + "size = 4\n", 4, "size = 4", "at least 7"),
    "a length in feet": (TEXT + 'before = "1 ft"\n', 4, "no length", '"25 mm"'),
    "a line too thin": ('[[block]]\nkind = "line"\nthickness = 0.2\n', 3, "thickness", "at least 0.75"),
    "a number for a text": ('[[block]]\nkind = "text"\ntext = 12\n', 3, "text = 12", "text"),
    "a word for a flag": (TEXT + 'bold = "yes"\n', 4, "'yes'", "true or false"),
    "an alignment that there is not": (TEXT + 'align = "middle"\n', 4, "'middle'", "left or right or centre"),
    "a field misspelt": (TEXT.replace('"x"', '"To {recipient.nmae}"'), 3, "{recipient.nmae}", "recipient.name"),
    "a field in capitals": (TEXT.replace('"x"', '"{Subject}"'), 3, "{Subject}", "small letters"),
    "a field whose brace does not close": (TEXT.replace('"x"', '"{subject"'), 3, "{subject", "braces"),
    "a field misspelt in a list": (
        TEXT.replace('"x"', '[\n  "{subject}",\n  "{sender.firm}",\n]'),
        5,
        "{sender.firm}",
        "sender.",
    ),
    "a format that there is not": (TEXT.replace('"x"', '"{time_sent:day}"'), 3, "'day'", "[formats.dates]"),
    "a date's directive that there is not": (
        '[formats]\ntime_sent = "%d.%Q"\n' + TEXT,
        2,
        "%Q",
        "%d",
    ),
    "a condition over no field": (TEXT + 'when = "sender.compny"\n', 4, "sender.compny", "sender.company"),
    "a condition that does not end": (TEXT + 'when = "subject and"\n', 4, "missing at the end", "write a field"),
    "a condition whose quotes do not close": (TEXT + "when = 'subject is \"New'\n", 4, "closing quotes", 'in "quotes"'),
    "a style that there is not": (TEXT + 'style = "small"\n', 4, "'small'", "[style]"),
    "a note in a column": (SIDE + 'kind = "note"\n', 5, "'note' cannot stand here", "outside"),
    "a picture elsewhere": (
        '[[block]]\nkind = "image"\nfile = "../a.png"\nheight = 9\n',
        3,
        "not beside",
        "put the file",
    ),
    "a picture that is not there": (
        '[[block]]\nkind = "image"\nfile = "logo.png"\nheight = 9\n',
        3,
        "no file 'logo.png'",
        "put it beside",
    ),
    "a background that is no PDF": ('background = "form.doc"\n' + TEXT, 1, "no kind that goes here", ".pdf"),
    "a row with too few cells": (
        '[[block]]\nkind = "table"\nshare = [1, 2]\nrow = [\n  ["a", "b"],\n  ["c"],\n]\n',
        6,
        "1 cells",
        "2 numbers",
    ),
    "a tick at no box": (
        '[[block]]\nkind = "check"\nlabel = ["Urgent"]\nticked = { urgent = "subject" }\n',
        4,
        "'urgent'",
        "write Urgent",
    ),
    "margins without room": ("[margins]\nleft = 500\n" + TEXT, 1, "no room", "at most 500"),
    "a strip with an area": (
        'strip = true\n[[block]]\nkind = "area"\nx = 1\ny = 1\nwidth = 9\nheight = 9\nblock = []\n',
        2,
        "no areas",
        "remove",
    ),
    "a language that is none": ('language = "English"\n' + TEXT, 1, "'English'", "as en"),
    "eleven months": ("[formats]\nmonths = [" + '"x", ' * 11 + "]\n" + TEXT, 2, "11 months", "all 12"),
}


def test_there_are_thirty_of_them() -> None:
    assert len(BROKEN) >= 30


@pytest.mark.parametrize("name", BROKEN)
def test_an_error_names_file_line_and_remedy(name: str, tmp_path: Path) -> None:
    text, line, wrong, remedy = BROKEN[name]
    file = tmp_path / "letter.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert wrong in problem.text
    assert remedy in problem.remedy
    for part in (str(file), f"line {line}", problem.text, problem.remedy):
        assert part in caught.value.text


def test_all_problems_are_told_at_once_in_order(tmp_path: Path) -> None:
    file = tmp_path / "letter.toml"
    file.write_text(TEXT.replace('"x"', '"{a}"') + 'when = "b"\n' + TEXT.replace('"x"', '"{c.d}"'), encoding="utf-8")
    with pytest.raises(TemplateError) as caught:
        load(file)
    assert [problem.line for problem in caught.value.problems] == [3, 4, 7]
    assert "(2 more)" in caught.value.text


@pytest.mark.parametrize("octets", [b"\xff\xfe[", b"title = '\xe4'\n", b"#" * 300_000])
def test_what_is_no_text_or_endless_is_refused(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_bytes(octets)
    with pytest.raises(CoverPageError, match=r"odd\.toml"):
        load(tmp_path / "odd.toml")


def test_positions_are_those_of_keys_tables_and_elements() -> None:
    text = '''# a comment with [brackets] and "quotes"
title = "a # b"   # not in the text
"quoted key" = 1
margins = { left = 1, right = [2,
  3] }
long = """
[[no table]]
x = 1 \\"""
end"""
plain = \'\'\'
it's\'\'\'

[style.head]
size = 3
[[block]]
kind = "a"
[[block]]
[[block.column]]
share = 2
[[block.column.block]]
kind = "x"
[[block.column]]
[block.column.more]
deep.er = true
'''
    found = positions(text)
    assert found[("title",)] == 2
    assert found[("quoted key",)] == 3
    assert found[("margins", "right")] == 4
    assert found[("margins", "right", 1)] == 5
    assert found[("plain",)] == 10
    assert found[("style", "head")] == 13
    assert found[("style", "head", "size")] == 14
    assert found[("block", 0, "kind")] == 16
    assert found[("block", 1, "column", 0, "share")] == 19
    assert found[("block", 1, "column", 0, "block", 0, "kind")] == 21
    assert found[("block", 1, "column", 1)] == 22
    assert found[("block", 1, "column", 1, "more", "deep", "er")] == 24
    assert ("x",) not in found
