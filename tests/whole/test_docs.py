"""The documentation says what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from spooler.settings import Dialling, Limits, PortSettings, Settings, Users

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    there = {field.name for kind in (Settings, PortSettings, Users, Dialling, Limits) for field in fields(kind)}
    there -= {"ports", "users", "dialling", "limits"}
    named = set(re.findall(r"`([a-z][a-z_0-9]+)`", text)) - {"true", "false", "platend"}
    assert there - named == set()
    assert named - there == set()


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
