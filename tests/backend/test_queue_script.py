"""What ``script/queue`` runs: the printer put into a CUPS and taken out again."""

from __future__ import annotations

from pathlib import Path

import pytest

from script.queue_setup import main
from tests.backend.desk import Desk


def test_a_queue_is_added_set_anew_and_removed(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("backend", "filter"):
        (tmp_path / name).mkdir()
    cups = ["--server", str(desk.cups.socket)]
    for uri in ("platen:/fax?to=5552001", "platen:/fax?to=5552002"):
        assert main(["add", "office", "--uri", uri, "--serverbin", str(tmp_path), *cups]) == 0
        assert f"device for office: {uri}" in desk.run("lpstat", "-v")
    assert (tmp_path / "backend" / "platen").stat().st_mode & 0o555 == 0o555
    assert "lp -d office -o phone=NUMBER FILE" in capsys.readouterr().out
    assert main(["remove", "office", *cups]) == 0
    assert "office" not in desk.run("lpstat", "-v")
    assert main(["remove", "office", *cups]) == 1
    assert capsys.readouterr().err.startswith("queue: ")
