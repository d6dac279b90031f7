"""SIGKILL at random moments of printing: each print job becomes one fax."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.backend.killing import Killing


@pytest.mark.parametrize("rounds", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_random_kills_lose_no_print_job_and_double_none(open_folder: Path, rounds: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="kills-", dir=open_folder))
    folder.chmod(0o755)
    report = Killing(folder, rounds=rounds, seed=rounds).run()
    print(report)
    assert report.violations == []
    assert report.accepted >= rounds / 2
    assert sum(report.hits.values()) >= rounds / 2
