"""A file that was placed in the spool is there after a crash, whoever made the folder that it stands in."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spooler.crash.disk import Disk
from tests.spooler.crash.recording import Recorder
from tests.spooler.rig import ROOT

PLACE = """
import sys
from pathlib import Path
from spooler.spool import Spool
root, before = Path(sys.argv[1]), sys.argv[2]
if before:
    (root / before).mkdir()
(root / "tmp" / "one").write_bytes(b"a document")
(root / "tmp" / "two").write_bytes(b"a document")
spool = Spool(root)
spool.place(root / "tmp" / "one", root / "documents" / "ab" / "one")
spool.place(root / "tmp" / "two", root / "documents" / "ab" / "two")
"""


@pytest.mark.parametrize("before", ["", "documents/ab"], ids=["nobody", "who was killed before the sync"])
def test_a_placed_file_is_there_after_a_crash_whoever_made_its_folder(tmp_path: Path, before: str) -> None:
    root = tmp_path / "spool"
    for name in ("tmp", "documents"):
        (root / name).mkdir(parents=True)
    recorder = Recorder(tmp_path / "recorder", root)
    disk = Disk(root)
    recorder.record()
    subprocess.run([*recorder.prefix, sys.executable, "-c", PLACE, str(root), before], cwd=ROOT, check=True)
    for operation in recorder.operations():
        disk.follow(operation)
    for state in disk.states(random.Random(1), 8):
        for name in ("one", "two"):
            assert state.entries.get(f"documents/ab/{name}") == b"a document", state.how


def test_a_spool_that_was_just_made_is_there_after_a_crash(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "recorder", tmp_path / "var")
    (tmp_path / "var").mkdir()
    disk = Disk(tmp_path / "var")
    recorder.record()
    make = "import sys; from pathlib import Path; from spooler.spool import make_public; make_public(Path(sys.argv[1]))"
    command = [sys.executable, "-c", make, str(tmp_path / "var" / "spool" / "platen")]
    subprocess.run([*recorder.prefix, *command], cwd=ROOT, check=True)
    for operation in recorder.operations():
        disk.follow(operation)
    for state in disk.states(random.Random(1), 4):
        assert "spool/platen" in state.entries, state.how
