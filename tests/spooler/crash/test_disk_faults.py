"""A disk that is full, read-only or broken from some call on, under running programs; then it is well again.

Here from a few calls on; ``script/bench crash --faults`` looks at all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.spooler.crash.faulting import RUNS, FaultReport
from tests.spooler.crash.receiving_faults import receive

SHARES = [
    *(("submit", name, range(2, 1000, 23)) for name in ("full", "read-only", "I/O error", "I/O errors")),
    *(("start", name, range(1, 1000, 16)) for name in ("full", "I/O error")),
    *(("send", name, range(4, 1000, 61)) for name in ("full", "I/O error")),
    *(("cancel", name, range(9, 1000, 47)) for name in ("read-only", "I/O errors")),
    *(("receive", name, range(5, 1000, 19)) for name in ("full", "I/O error")),
]


@pytest.mark.parametrize(("run", "fault", "numbers"), SHARES, ids=[f"{run}, {fault}" for run, fault, _ in SHARES])
def test_a_failing_disk_loses_nothing_and_is_got_over_without_a_hand(
    tmp_path: Path, run: str, fault: str, numbers: range
) -> None:
    play: Callable[..., FaultReport] = {**RUNS, "receive": receive}[run]
    report = play(tmp_path, fault, numbers)
    print(report)
    assert report.points >= 1
    assert report.violations == []
