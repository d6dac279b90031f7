"""The one question that the end of our filters asks for every print job, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from backend.document_count import document_count
from backend.install import HOUSE
from tests.backend.desk import Desk
from tests.backend.recorder import Recorder


def test_the_documents_of_a_job_are_counted_as_cupsd_counts_them(
    desk: Desk, recorder: Recorder, pdf: Path, other_pdf: Path
) -> None:
    server = str(desk.cups.socket)
    one = desk.lp("-o", "phone=5552001", pdf)
    three = desk.lp("-o", "phone=5552001", "-o", "job-sheets=standard", pdf, other_pdf)
    assert [document_count(server, str(job)) for job in (one, three)] == [1, 3]
    for job in (one, three):
        desk.wait(job)


def test_a_cupsd_that_does_not_tell_is_no_harm(desk: Desk, tmp_path: Path) -> None:
    assert document_count(str(desk.cups.socket), "999999") is None
    assert document_count(str(tmp_path / "none"), "1") is None
    assert document_count(desk.cups.server, "1") is None
    assert document_count(None, "1") is None


def test_what_runs_for_every_print_job_imports_little() -> None:
    """Each of these is a start of Python in every print job; what is heavy is imported where it is needed."""
    for module in ("backend.keeper", "backend.main", "backend.door"):
        code = f"import sys; sys.path.insert(0, {str(HOUSE)!r}); import {module}; print(*sys.modules)"
        done = subprocess.run([sys.executable, "-IS", "-c", code], capture_output=True, text=True, check=True)
        heavy = {"dataclasses", "datetime", "http", "json", "msgspec", "re", "socket", "subprocess", "typing"}
        assert heavy & set(done.stdout.split()) == set(), module
