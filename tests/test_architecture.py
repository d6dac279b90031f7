"""Reads every import in the house and holds the arrows of docs/architecture.md."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ARROWS: dict[str, set[str]] = {
    "agent": set(),
    "backend": {"fax", "ipp", "ppd"},
    "cli": {"fax"},
    "codec": set(),
    "coverpage": {"codec", "fax"},
    "fax": set(),
    "ipp": set(),
    "modem": {"codec"},
    "ppd": set(),
    "spooler": {"fax", "ipp", "coverpage", "codec", "modem"},
    "winfax": {"fax"},
}
HOUSE = set(ARROWS)

# Commands that work without a daemon may import codec, coverpage and modem, those that set up CUPS backend, inside the
# functions that run them, or for types only.
INSIDE_ONLY = {"cli": {"backend", "codec", "coverpage", "modem"}}


def imported(tree: ast.AST) -> list[tuple[str, bool]]:
    """The house packages imported, each with whether the import stands inside a function or is for types only."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, inside: bool) -> None:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        found.extend((top, inside) for name in names if (top := name.partition(".")[0]) in HOUSE)
        within = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or for_types(node)
        for child in ast.iter_child_nodes(node):
            visit(child, within)

    visit(tree, False)
    return found


def for_types(node: ast.AST) -> bool:
    """Whether this is ``if TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize("package", sorted(ARROWS))
def test_imports_go_down_only(package: str) -> None:
    wrong: list[str] = []
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"{package} has no modules"
    for file in files:
        for target, inside in imported(ast.parse(file.read_text(), str(file))):
            allowed = ARROWS[package] | {package}
            if inside:
                allowed = allowed | INSIDE_ONLY.get(package, set())
            if target not in allowed:
                wrong.append(f"{file.relative_to(ROOT)} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_the_agent_needs_nothing_that_the_system_s_python_lacks() -> None:
    """It runs outside our environment: the standard library and gi only."""
    strange = {
        f"{file.name}: {name}"
        for file in (ROOT / "agent").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(), str(file)))
        for name in (
            [alias.name.partition(".")[0] for alias in node.names]
            if isinstance(node, ast.Import)
            else [(node.module or "").partition(".")[0]]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name not in sys.stdlib_module_names | {"agent", "gi", "__future__"}
    }
    assert not strange


def test_the_arrows_have_no_circle() -> None:
    done: set[str] = set()
    while remaining := HOUSE - done:
        free = {package for package in remaining if ARROWS[package] <= done}
        assert free, f"a circle among {sorted(remaining)}"
        done |= free


def test_every_package_is_shipped() -> None:
    import tomllib

    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    present = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for package in ARROWS
        for init in (ROOT / package).rglob("__init__.py")
    }
    assert listed == present
