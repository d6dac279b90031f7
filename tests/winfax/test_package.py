"""The client library as a wheel of its own, in an environment that holds nothing else but what it needs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from script.package_client import build
from tests.spooler.rig import REPORT, Rig


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The interpreter of an environment with the wheel, and msgspec as pip unpacks it."""
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next((folder / "lib").glob("python3*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    shutil.copytree(Path(msgspec.__file__).parent, packages / "msgspec")
    yield folder / "bin" / "python"
    shutil.rmtree(folder)


def _told(python: Path, program: str, **environment: str) -> object:
    done = subprocess.run(
        [str(python), "-I", "-c", program], cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_wheel_is_pure_python_and_holds_the_client_only(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        about = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        text = archive.read(about).decode()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"fax", "winfax"}
    needs = [line.split()[1] for line in text.splitlines() if line.startswith("Requires-Dist:") and "extra" not in line]
    assert [need.partition(">")[0] for need in needs] == ["msgspec"]


def test_the_library_works_where_nothing_else_is(python: Path, tmp_path: Path) -> None:
    program = """
import json, sys, winfax
from winfax import *
told = {}
told["answer"] = FaxConnectFaxServer(None)[0], GetLastError()
told["print"] = FaxStartPrintJob(None, FAX_PRINT_INFO(RecipientNumber="1"), FAX_CONTEXT_INFO())[0], last_error_text()
told["made"] = type(Dispatch("FaxServer.FaxServer")).__name__, type(Dispatch("FaxTiff.FaxTiff")).__name__
told["strange"] = sorted(name for name in sys.modules if name in ("codec", "coverpage", "spooler", "sqlalchemy", "PIL"))
print(json.dumps(told))
"""
    told = _told(python, program, PLATEN_SOCKET=str(tmp_path / "none.sock"))
    assert told == {
        "answer": [False, 1722],
        "print": [False, "printing needs the Python package pycups"],
        "made": ["FaxServer", "FaxTiff"],
        "strange": [],
    }


def test_it_sends_to_a_running_server(python: Path, tmp_path: Path) -> None:
    program = f"""
import json
from winfax import *
ok, server = FaxConnectFaxServer(None)
ok, params, cover = FaxCompleteJobParams()
params.RecipientNumber, params.ScheduleAction = "5552001", JSA_NOW
ok, job = FaxSendDocument(server, {str(REPORT)!r}, params, None)
print(json.dumps([ok, job, FaxGetJob(server, job)[1].RecipientNumber]))
"""
    with Rig(tmp_path, port=False) as rig:
        told = _told(python, program, PLATEN_SOCKET=str(rig.socket))
        (job,) = rig.client.jobs()
    assert told == [True, job.id, "5552001"]
