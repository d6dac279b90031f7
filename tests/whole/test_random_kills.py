"""SIGKILL at random moments, with people at work on the faxes: each page keeps one fate, and each fax comes to an end.

``script/bench kills`` does it a thousand times.
"""

from __future__ import annotations

from pathlib import Path

from tests.spooler.crash.killing import Killing


def test_random_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    report = Killing(tmp_path, rounds=50, seed=50).run()
    print(report)
    assert report.violations == []
    assert report.rounds == 50
    assert {"daemon", "port", "both"} <= set(report.killed)
    assert report.jobs >= 10
