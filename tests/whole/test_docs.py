"""The documentation says what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from fax.settings import Configuration
from spooler.settings import Dialling, DialRule, Limits, Listener, PortSettings, Settings, Users

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    kinds = (Settings, PortSettings, Users, Dialling, DialRule, Limits, Listener, Configuration)
    there = {field.name for kind in kinds for field in fields(kind)}
    # Tables of the file and what they are read into; and the first values, which are Configuration's.
    there -= {
        "ports",
        "users",
        "dialling",
        "limits",
        "rules",
        "listener",
        "first",
        "first_named",
        "first_levels",
        "provider",
    }
    named = set(re.findall(r"`([a-z][a-z_0-9]+)`", text))
    assert there - named == set()
    cells = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} - there == set()


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for file in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", file.read_text()):
            assert (file.parent / link).exists(), f"{file.name} links to {link}"


def test_every_command_is_documented_and_nothing_else_is() -> None:
    done = subprocess.run([sys.executable, "-m", "cli.main", "--help"], capture_output=True, text=True, check=True)
    commands = done.stdout.partition("Commands:")[2].partition("Exit codes:")[0]
    there = set(re.findall(r"^  ([a-z]+) ", commands, re.MULTILINE))
    tables = re.findall(r"^\| (`platen .*?) \|", (ROOT / "docs" / "command.md").read_text(), re.MULTILINE)
    named = {name for row in tables for name in re.findall(r"`(?:platen )?([a-z]+)[^`]*`", row)}
    assert there and named == there


BENCHES = sorted(file.stem for file in (ROOT / "bench").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", BENCHES)
def test_every_benchmark_starts_and_has_a_help_text(name: str) -> None:
    said = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 0, said.stderr
    assert "usage" in said.stdout.lower()
