"""Putting our programs into a CUPS: the backend and the filters.

What always holds: the program that is written was tried as the user that CUPS will run it as; it runs with the
interpreter that was named and finds our packages with ``-I``, whatever the environment. Modes decide under whom CUPS
runs a backend: 0755 as ``lp``, 0700 as root; anything a group could write is refused by CUPS.

Must not: print, or touch a queue (``backend.queue`` does).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("backend", "fax", "ipp", "ppd")
HOUSE = Path(__file__).resolve().parents[1]
"""The folder that holds our packages: the checkout, or site-packages."""
FILTERS = tuple(HOUSE / "ppd" / "filter" / name for name in ("platen-pass", "platen-pdf"))
KEEPER = "platen-keep"
SYSTEM_SERVERBIN = Path("/usr/lib/cups")

_SHEBANG_LIMIT = 120
_TRY = "import backend.main, backend.keeper, backend.hand_over, fax.client, fax.incoming"


class InstallError(Exception):
    """The printer cannot be set up; the text says what is missing and what to do."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A file that was put in place. ``note`` says what a person should know, or is empty."""

    path: Path
    mode: int
    note: str = ""


def install_backend(folder: Path, interpreter: Path | str = sys.executable, *, name: str = "platen") -> Installed:
    """Write the backend program for ``interpreter`` into ``folder`` (such as /usr/lib/cups/backend).

    As root, the mode is 0755, so that CUPS runs it as ``lp``; when ``lp`` cannot reach the interpreter or our packages,
    0700, so that CUPS runs it as root, and the note says so. InstallError when it cannot run at all.
    """
    python = Path(interpreter).absolute()
    paths = [str(HOUSE), _home_of("msgspec", python)]
    _compile(python)
    failure = _trial(python, paths, as_lp=False)
    if failure:
        raise InstallError(f"The backend does not run with {python}: {failure}")
    mode, note = 0o755, ""
    if os.geteuid() == 0 and (failure := _trial(python, paths, as_lp=True)):
        mode = 0o700
        note = f"The backend runs as root, since the user lp cannot run it: {failure}"
    program = _program(python, paths, "main", "A CUPS backend: hands print jobs to Platen")
    return Installed(path=_put(folder / name, program, mode), mode=mode, note=note)


def install_filters(folder: Path, interpreter: Path | str = sys.executable) -> tuple[Installed, ...]:
    """Put the filters into ``folder`` (such as /usr/lib/cups/filter), and beside them the program that they end in.

    CUPS runs filters as ``lp`` always: where ``lp`` cannot reach the interpreter or our packages, they do without it.
    """
    python = Path(interpreter).absolute()
    keeper = folder / KEEPER
    try:
        paths = [str(HOUSE), _home_of("msgspec", python)]
        failure = _trial(python, paths, as_lp=os.geteuid() == 0)
    except InstallError as error:
        failure = str(error)
    if failure:
        keeper.unlink(missing_ok=True)
    else:
        _put(keeper, _program(python, paths, "keeper", "The end of Platen's CUPS filters"), 0o755)
    return tuple(
        Installed(path=_put(folder / source.name, source.read_bytes(), 0o755), mode=0o755) for source in FILTERS
    )


def place_private(path: Path, octets: bytes) -> None:
    """Write a file that the backend's user may read and others not, in a folder that is made. InstallError."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise InstallError(f"{path.parent} cannot be made: {error.strerror}") from error
    _put(path, octets, 0o640, group="lp")


def remove_programs(serverbin: Path) -> None:
    """Take out what the two functions above put in place; what is not there is no fault. InstallError."""
    names = ["backend/platen", f"filter/{KEEPER}", *(f"filter/{source.name}" for source in FILTERS)]
    for name in names:
        try:
            (serverbin / name).unlink(missing_ok=True)
        except OSError as error:
            raise InstallError(f"{serverbin / name} cannot be removed: {error.strerror}") from error


def _program(python: Path, paths: list[str], module: str, what: str) -> bytes:
    lines = (
        f"# Written by backend/install.py. {what}. See backend/{module}.py.",
        "import sys",
        f"sys.path[:0] = {paths!r}",
        f"from backend.{module} import main",
        "from backend.main import end",
        "end(main(sys.argv))",
        "",
    )
    return (_start_lines(python) + "\n".join(lines)).encode()


def _start_lines(python: Path) -> str:
    path = str(python)
    if len(path) <= _SHEBANG_LIMIT and not any(character.isspace() for character in path):
        return f"#!{path} -IS\n"
    # The kernel takes neither blanks nor long paths in a first line: sh starts, Python sees a string and goes on.
    return f"#!/bin/sh\n'''exec' {shlex.quote(path)} -IS \"$0\" \"$@\"\n' '''\n"


def _home_of(package: str, python: Path) -> str:
    """The folder in which ``python`` finds ``package``."""
    code = f"import {package}, os; print(os.path.dirname(os.path.dirname({package}.__file__)))"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"{python} has no package {package}: {_last(done.stderr)}")
    return done.stdout.strip()


def _compile(python: Path) -> None:
    """Byte code beforehand: lp cannot write it, and would compile everything again for every print job."""
    folders = [str(HOUSE / package) for package in PACKAGES]
    subprocess.run([python, "-IS", "-m", "compileall", "-q", *folders], capture_output=True, check=False)


def _trial(python: Path, paths: list[str], *, as_lp: bool) -> str:
    """What goes wrong when the program's imports are tried; empty when nothing does."""
    command: list[str] = [str(python), "-IS", "-c", f"import sys; sys.path[:0] = {paths!r}; {_TRY}"]
    if as_lp:
        command = ["setpriv", "--reuid=lp", "--regid=lp", "--clear-groups", "--", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env={"LC_ALL": "C"})
    return _last(done.stderr) if done.returncode else ""


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def _put(path: Path, octets: bytes, mode: int, group: str = "root") -> Path:
    """Write ``path`` whole or not at all; CUPS may start the old one at any moment."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=mode & 0o700)
        part.write_bytes(octets)
        if os.geteuid() == 0:
            shutil.chown(part, "root", group)
        part.chmod(mode)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InstallError(f"{path} cannot be written: {error.strerror}") from error
    return path
