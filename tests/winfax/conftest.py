"""Fixtures of the library's tests: a running daemon that it finds by itself, and another user's program."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import winfax
from fax.access import EVERYBODY, FAX_ALL_ACCESS, Right
from tests.spooler.rig import ROOT, Rig
from winfax.handles import ServerHandle

STRANGER = "nobody"


@contextmanager
def served(*settings: str, port: bool = True, tables: str = "") -> Iterator[Rig]:
    """A running daemon that others may reach, and which ``winfax`` connects to."""
    folder = Path(tempfile.mkdtemp(prefix="platen-winfax-"))
    folder.chmod(0o755)
    try:
        with pytest.MonkeyPatch.context() as patch, Rig(folder, *settings, port=port, tables=tables) as rig:
            patch.setenv("PLATEN_SOCKET", str(rig.socket))
            yield rig
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A running daemon with a line whose modem is not plugged in: nothing is ever called."""
    with served() as running:
        yield running


@pytest.fixture
def handle(rig: Rig) -> Iterator[ServerHandle]:
    ok, made = winfax.FaxConnectFaxServer(None)
    assert ok and made is not None
    yield made
    made.close()


class Stranger:
    """A program of a user who is no administrator. ``asked``: ok, last error, and what was given, as text."""

    def __init__(self, rig: Rig) -> None:
        about = pwd.getpwnam(STRANGER)
        self._rig = rig
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.winfax.outsider", str(rig.socket)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=about.pw_uid,
            group=about.pw_gid,
            extra_groups=[],
        )

    def may(self, rights: Right) -> None:
        """These rights and no others."""
        self._rig.client.grant(EVERYBODY, 0)
        self._rig.client.grant(f"user:{STRANGER}", rights)

    def may_all_but(self, right: Right) -> None:
        self.may(FAX_ALL_ACCESS & ~right)

    def asked(self, expression: str) -> tuple[bool, int, str]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(expression + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the stranger's program ended at {expression}"
        ok, error, text = json.loads(line)
        return ok, error, text

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def stranger(rig: Rig) -> Iterator[Stranger]:
    if os.geteuid() != 0:
        pytest.skip("only root can be several users")
    made = Stranger(rig)
    yield made
    made.close()


@pytest.fixture
def refused() -> Callable[[object], int]:
    """The last error of a call that failed, whose outcome (``ok``, or a tuple that begins with it) is handed over."""

    def code(outcome: object) -> int:
        ok, *others = outcome if isinstance(outcome, tuple) else (outcome,)
        assert ok is False, f"it succeeded: {outcome}"
        assert not any(others), f"what failed gives nothing: {outcome}"
        return winfax.GetLastError()

    return code
