"""FaxPrintCoverPage at a private CUPS and a running daemon: what it refuses, and why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.private import PrivateCups
from tests.spooler.rig import ROOT, Rig
from tests.winfax.test_print_job import HEAD, TAIL

COVER = """
cover = FAX_COVERPAGE_INFO(CoverPageName="default", UseServerCoverPage=True, RecName="Ann", RecFaxNumber="5552001")
def put(info=cover, at=context):
    ok = FaxPrintCoverPage(at, info)
    return (ok, 0 if ok else GetLastError())
"""
Program = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="platen-cover-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def rig(folder: Path) -> Iterator[Rig]:
    with Rig(folder, port=False) as running:
        yield running


@pytest.fixture(scope="module")
def program(rig: Rig, folder: Path) -> Iterator[Program]:
    with PrivateCups(folder / "cups", daemon_socket=rig.socket, spool=rig.spool) as cups:

        def run(text: str, socket: Path = rig.socket) -> dict[str, Any]:
            done = subprocess.run(
                [sys.executable, "-c", HEAD + COVER + text + TAIL],
                cwd=ROOT,
                env={**os.environ, "CUPS_SERVER": str(cups.socket), "PLATEN_SOCKET": str(socket)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            told = json.loads(done.stdout)
            assert isinstance(told, dict)
            return told

        yield run


def test_it_needs_an_open_document_and_right_structures(program: Program) -> None:
    told = program(
        """
told["before"] = put()
start()
told["whole"] = put()
told["twice"] = put()
told["null"] = put(None), put(cover, None)
told["nameless"] = put(FAX_COVERPAGE_INFO(UseServerCoverPage=True))
wrong = FAX_COVERPAGE_INFO(CoverPageName="default", UseServerCoverPage=True)
wrong.SizeOfStruct = 7
told["size"] = put(wrong)
context.hDC.AbortDoc()
told["after"] = put()
"""
    )
    assert (told["before"], told["after"]) == ([False, 3003], [False, 3003])
    assert (told["whole"], told["twice"]) == ([True, 0], [True, 0])
    assert told["null"] == [[False, 87], [False, 87]]
    assert (told["nameless"], told["size"]) == ([False, 87], [False, 87])


def test_a_template_is_the_server_s_or_one_s_own_file(program: Program, rig: Rig, tmp_path: Path) -> None:
    own, broken = tmp_path / "own.toml", tmp_path / "broken.toml"
    own.write_text('title = "Mine"\n[[block]]\nkind = "text"\ntext = "For {recipient.name}"\n')
    broken.write_text('title = "Mine"\n[[block]]\nkind = "nonsense"\n')
    text = f"""
start()
told["own"] = put(FAX_COVERPAGE_INFO(CoverPageName={str(own)!r}, RecName="Ann"))
told["no such name"] = put(FAX_COVERPAGE_INFO(CoverPageName="nowhere", UseServerCoverPage=True))
told["no such file"] = put(FAX_COVERPAGE_INFO(CoverPageName="/nowhere/own.toml"))
told["broken"] = put(FAX_COVERPAGE_INFO(CoverPageName={str(broken)!r}))
context.hDC.AbortDoc()
"""
    told = program(text)
    assert told["own"] == [True, 0]
    assert (told["no such name"], told["no such file"]) == ([False, 2], [False, 2])
    assert told["broken"] == [False, 13]
    rig.client.change_configuration({"server_cover_only": True})
    try:
        assert program(text)["own"] == [False, 5]
    finally:
        rig.client.change_configuration({"server_cover_only": False})


def test_without_the_server_there_is_no_cover_page(program: Program) -> None:
    told = program("start(); told['cover'] = put(); context.hDC.AbortDoc()", socket=Path("/nowhere/api.sock"))
    assert (told["started"], told["cover"]) == (True, [False, 1722])
