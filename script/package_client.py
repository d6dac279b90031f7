"""Builds the wheel of the client library: ``winfax`` and ``fax``, which need nothing of the server's.

What always holds: the wheel is pure Python, has the server's version, and holds exactly the packages that ``winfax``
imports; it is built in a folder of its own, from the files of this checkout.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("fax", "winfax")
PRINTING = ("pycups", "reportlab")

PROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "platen-client"
version = "{version}"
description = "The Windows fax client API in Python, for the fax server Platen"
readme = "README.md"
requires-python = "{python}"
license = "{license}"
license-files = ["LICENSE"]
dependencies = [{needs}]

[project.optional-dependencies]
print = [{printing}]

[tool.setuptools]
packages = [{packages}]

[tool.setuptools.package-data]
"*" = ["py.typed"]
"""


def build(out: Path) -> Path:
    """Build the wheel into the folder ``out``; its path. Raises SystemExit with pip's own words when it cannot."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = [need for need in about["dependencies"] if need.startswith("msgspec")]
    printing = [need for need in about["dependencies"] if need.startswith(PRINTING)]
    with tempfile.TemporaryDirectory(prefix="platen-client-") as name:
        folder = Path(name)
        for package in PACKAGES:
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "LICENSE", folder)
        shutil.copy(ROOT / "docs" / "winfax.md", folder / "README.md")
        project = PROJECT.format(
            version=about["version"],
            python=about["requires-python"],
            license=about["license"],
            needs=_quoted(needs),
            printing=_quoted(printing),
            packages=_quoted(PACKAGES),
        )
        (folder / "pyproject.toml").write_text(project)
        made = folder / "made"
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-build-isolation",
            "-q",
            "-w",
            str(made),
            name,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"The wheel could not be built:\n{done.stderr}")
        (wheel,) = made.glob("*.whl")
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, out))


def _quoted(words: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
