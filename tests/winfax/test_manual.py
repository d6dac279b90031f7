"""docs/winfax.md: its programs are programs, what they name is there, and every function has its place in it."""

from __future__ import annotations

import ast
import re

import pytest

import winfax
from tests.spooler.rig import ROOT
from tests.winfax.specification_functions import FUNCTIONS

TEXT = (ROOT / "docs" / "winfax.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_the_manual_names_what_is_there(program: str) -> None:
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "winfax":
            assert hasattr(winfax, node.attr), node.attr


def test_the_manual_tells_the_right_that_each_function_needs() -> None:
    rows = TEXT.partition("## Who may do what")[2].partition("\n## ")[0]
    named = set(re.findall(r"\bFax[A-Z]\w+", rows)) - {"FaxUnregister"}
    assert named == set(FUNCTIONS)


def test_the_error_codes_that_the_manual_names_are_there() -> None:
    for name, value in re.findall(r"\b((?:ERROR|RPC|FAX_ERR)_\w+)(?: \((\d+)\))?", TEXT):
        assert hasattr(winfax, name), name
        assert not value or getattr(winfax, name) == int(value)
