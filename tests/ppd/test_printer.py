"""The printer's description: what cupstestppd says of it, and that nothing from outside breaks it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.install import FILTERS
from ppd.printer import ENTRIES_LIMIT, Printer, description
from ppd.words import MESSAGE, NAME_OCTETS, PAPERS, SENDING, TEXTS

PEOPLE = (("b01", "Dr. Änne Müller: Praxis / Labor"), ("b02", 'Ωmega <x> "y"'), ("b03", "x" * 300), ("b04", "\n\t"))


def _faults(folder: Path, text: str) -> list[str]:
    """What cupstestppd does not like. It looks for the filters below a root that it is given."""
    programs = folder / "usr" / "lib" / "cups" / "filter"
    programs.mkdir(parents=True, exist_ok=True)
    for source in FILTERS:
        target = programs / source.name
        target.write_bytes(source.read_bytes())
        target.chmod(0o755)
    file = folder / "printer.ppd"
    file.write_text(text, "utf-8")
    done = subprocess.run(
        ["cupstestppd", "-R", str(folder), "-I", "filters", "-v", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.strip() for line in done.stdout.splitlines() if "FAIL" in line or "WARN" in line]
    return found if found or not done.returncode else [done.stdout + done.stderr]


@pytest.mark.parametrize("fax", [True, False], ids=["fax", "plain"])
@pytest.mark.parametrize("people", [(), PEOPLE], ids=["nobody", "people"])
def test_every_description_passes_cupstestppd(tmp_path: Path, fax: bool, people: tuple[tuple[str, str], ...]) -> None:
    text = description(
        Printer(fax=fax, covers=("default", "letter_2"), entries=people, defaults={"PageSize": "Letter"})
    )
    assert _faults(tmp_path, text) == []


def test_a_wrong_description_would_be_found(tmp_path: Path) -> None:
    text = description(Printer()).replace("*DefaultPageSize: A4", "*DefaultPageSize: A9")
    assert _faults(tmp_path, text)


def test_only_the_fax_queue_is_a_fax() -> None:
    fax, plain = description(Printer()), description(Printer(fax=False))
    assert fax.replace("*cupsFax: True\n", "") == plain != fax


def test_what_is_chosen_is_kept_where_it_is_still_a_choice() -> None:
    text = description(
        Printer(covers=("default", "letter"), defaults={"FaxCover": "letter", "PageSize": "B4", "FaxBook": "b9"})
    )
    assert "*DefaultFaxCover: letter\n" in text
    assert "*DefaultPageSize: B4\n" in text
    assert "*DefaultImageableArea: B4\n" in text
    assert "*DefaultFaxCover: None\n" in description(Printer(defaults={"FaxCover": "letter"}))


def test_every_name_is_in_english_and_german() -> None:
    text = description(Printer(entries=PEOPLE))
    for option in (*TEXTS, *MESSAGE, *SENDING):
        assert f"*en.Translation {option.keyword}/{option.english}: " in text
        assert f"*de.Translation {option.keyword}/{option.german}: " in text
        for choice in option.choices:
            assert f"*de.{option.keyword} {choice.keyword}/{choice.german}: " in text
    assert {paper.keyword for paper in PAPERS} == {"A4", "Letter", "Legal", "B4", "A3"}


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_no_name_breaks_out_of_its_line(name: str) -> None:
    usual = description(Printer(covers=(), entries=(("b1", "Anna"),))).splitlines()
    lines = description(Printer(covers=(), entries=(("b1", name),))).split("\n")[:-1]
    assert len(lines) == len(usual)
    for line in lines:
        if found := re.match(r"\*(?:(?:en|de)\.)?FaxBook b1/(.*): \"\"$", line):
            assert not re.search(r'[<>:/"\x00-\x1f\x7f]', found[1])
            assert 0 < len(found[1].encode()) <= NAME_OCTETS


@pytest.mark.parametrize("keyword", ["", "a b", "x" * 41, "-x", "ü"])
def test_a_keyword_that_cups_would_not_take_is_an_error(keyword: str) -> None:
    with pytest.raises(ValueError, match="cannot be a choice"):
        description(Printer(entries=((keyword, "Anna"),)))


def test_too_many_entries_are_an_error() -> None:
    with pytest.raises(ValueError, match="at most"):
        description(Printer(entries=tuple((f"b{number}", "x") for number in range(ENTRIES_LIMIT + 1))))
