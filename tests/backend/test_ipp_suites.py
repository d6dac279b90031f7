"""ipptool's suites of CUPS against the queue: counted, none failed; and what they print becomes faxes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.backend.desk import Desk, eventually
from tests.backend.recorder import Recorder

# How many titles pass against cupsd 2.4 with a queue that lacks nothing; the others of the suite are skipped.
SUITES = {"ipp-1.1": 30, "ipp-2.0": 31, "ipp-2.1": 32, "fax-job": 2}


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes(desk: Desk, recorder: Recorder, pdf: Path, suite: str) -> None:
    # cupsd itself tells some attributes twice of jobs with several documents, which other tests may have left.
    desk.run("cancel", "-a", "-x", desk.cups.queue)
    uri = f"ipp://{desk.cups.server}/printers/{desk.cups.queue}"
    done = subprocess.run(
        ["ipptool", "-V", "2.0", "-t", "-I", "-f", str(pdf), uri, f"{suite}.test"],
        capture_output=True,
        text=True,
        timeout=300,
        env=desk.cups.environment(),
        check=False,
    )
    verdicts = re.findall(r"^ +(\S.*?) +\[(PASS|FAIL|SKIP)\]", done.stdout, re.MULTILINE)
    assert [title for title, verdict in verdicts if verdict == "FAIL"] == [], done.stdout
    passed = [title for title, verdict in verdicts if verdict == "PASS"]
    assert len(passed) >= SUITES[suite], done.stdout
    assert done.returncode == 0
    # what the suite printed is not to arrive in the next test
    eventually(lambda: not desk.run("lpstat", "-o", desk.cups.queue).strip(), "jobs stay")
