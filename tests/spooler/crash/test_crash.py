"""A run cut after its operations: on every disk that a crash may leave, a daemon wakes up and keeps the promises.

Here a share of the points, from places that a seed says; ``script/bench crash`` looks at all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spooler.crash.cutting import ALL, cut
from tests.spooler.crash.recording import Kind

SHARE = {"submit": 48, "prepare": 60, "send": 96, "receive": 6, "cancel": 56}


@pytest.mark.parametrize("name", SHARE)
def test_a_crash_at_any_moment_breaks_no_promise(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    played = ALL[name](tmp_path / "run")
    report = cut(played, tmp_path, every=SHARE[name], samples=1, seed=7, thorough_every=15)
    print(report)
    assert report.points >= 5
    assert report.disks > report.points
    assert report.violations == []


def test_without_syncs_the_promises_are_broken_and_it_is_noticed(tmp_path: Path) -> None:
    """The same run on a system whose syncs do nothing."""
    (tmp_path / "run").mkdir()
    played = ALL["submit"](tmp_path / "run")
    barriers = (Kind.SYNC, Kind.SYNC_FOLDER)
    played.operations = [each for each in played.operations if each.kind not in barriers]
    accepted = next(n for n, each in enumerate(played.operations, 1) if each.kind is Kind.MARK)
    played.operations = played.operations[:accepted]
    report = cut(played, tmp_path, every=10_000, samples=0, thorough_every=1000)
    assert report.points == 1
    assert any(violation.what.startswith("P1") for violation in report.violations)
