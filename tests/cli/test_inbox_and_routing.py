"""The commands of the inbox and of routing, with the real daemon and a fax that came in while it was away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from cli.exits import ExitCode
from codec.tiff import read_pages
from fax.types import JobState, JobType
from fax.wire import exchange
from tests.cli.command import platen
from tests.spooler.calling_in import TSID, call_in, sent
from tests.spooler.rig import PORT, Rig, wait_for

Run = Callable[..., str]


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Its line has no modem; a fax lies there from before."""
    with TemporaryDirectory(prefix="platen-") as folder:
        made = Rig(Path(folder))
        call_in(made.spool / "received" / "gone", "in-1", sent(sub_address="77"))
        with made:
            wait_for(made.client.inbox, "the fax being taken in")
            yield made


@pytest.fixture
def run(rig: Rig) -> Run:
    def act(*words: object, code: int = 0, octets: bytes = b"") -> str:
        done = platen(*map(str, words), socket=rig.socket, octets=octets)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return act


def test_a_fax_that_came_in_is_listed_shown_and_saved(rig: Rig, run: Run, tmp_path: Path) -> None:
    (job,) = json.loads(run("inbox", "list", "--json"))
    assert TSID in run("inbox", "list")
    assert run("inbox", "list", "--type", "fail-receive") == ""
    assert run("jobs", "--all") == "", "what came in is no fax to be sent"
    shown = run("inbox", "show", job["id"])
    assert f"TSID: {TSID}" in shown and "subaddress: 77" in shown and "confirmed" in shown
    run("inbox", "save", job["id"], tmp_path / "fax.tif")
    assert [page.digest for page in read_pages(tmp_path / "fax.tif")] == sent(sub_address="77").digests
    run("inbox", "save", job["id"], tmp_path / "fax.pdf")
    assert (tmp_path / "fax.pdf").read_bytes().startswith(b"%PDF")
    assert len(rig.client.inbox(type=JobType.RECEIVE)) == 1
    with exchange(rig.socket, "GET", f"/v1/jobs/{job['id']}/pages/2.png", timeout_s=60) as picture:
        assert picture.whole().startswith(b"\x89PNG")


def test_methods_have_an_order_and_targets_per_line(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "faxes"
    out.mkdir()
    assert "Store in a folder" in run("routing", "methods")
    assert run("routing", "order", "folder", 1).splitlines()[0] == "1 Store in a folder"
    said = run("routing", "set", PORT, "folder", out, "--option", "format=pdf")
    assert said == f"{PORT}: Store in a folder is enabled, {out} format=pdf\n"
    assert f"Store in a folder: {out} (port {PORT})" in run("routing", "test", PORT)
    assert "disabled" in run("routing", "disable", PORT, "folder")
    assert "nowhere" in run("routing", "test", PORT)
    assert "enabled" in run("routing", "enable", PORT, "folder")
    assert "is not a folder" in run("routing", "set", PORT, "folder", tmp_path / "none", code=ExitCode.REFUSED)
    assert "no method has this name" in run("routing", "enable", PORT, "pigeon", code=ExitCode.REFUSED)
    assert f"{out} format=pdf" in run("routing", "show", PORT)
    run("routing", "disable", PORT, "folder")


def test_rules_are_added_moved_tried_and_removed(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "sales"
    out.mkdir()
    run("routing", "rule", "add", "sales", "--sub", "77", "--folder", out, "--user", "eve", "--day", "mon")
    run("routing", "rule", "add", "all", "--printer", "nowhere", "--tsid", "*", code=ExitCode.REFUSED)
    run("routing", "rule", "add", "night", "--begin", "22:00", "--end", "06:00", "--user", "bob", "--instead")
    rows = [line.split("\t") for line in run("routing", "rules").splitlines()]
    assert [row[1] for row in rows] == ["sales", "night"]
    assert rows[0][3:] == ["sub=77 day=mon", f"folder={out} user=eve"]
    monday = ("routing", "test", PORT, "--sub", "77", "--at", "2026-11-23T12:00")
    assert run(*monday) == f"Store in a folder: {out} (rule sales)\nin the inbox of eve\n"
    assert "nowhere" in run("routing", "test", PORT, "--sub", "77", "--at", "2026-11-24T12:00")
    assert "in the inbox of bob" in run("routing", "test", PORT, "--at", "2026-11-24T23:00")
    assert run("routing", "rule", "move", "night", 1) == "1 night\n2 sales\n"
    run("routing", "rule", "disable", "night")
    assert "nowhere" in run("routing", "test", PORT, "--at", "2026-11-24T23:00")
    kept = run("routing", "rules", "--json")
    run("routing", "rule", "remove", "night")
    assert "no rule" in run("routing", "rule", "remove", "night", code=ExitCode.REFUSED)
    assert run("routing", "rules", "--set", "-", "--json", octets=kept.encode()) == kept
    run("routing", "rules", "--set", "-", octets=b"[]")
    assert "no port" in run("routing", "rule", "add", "x", "--port", "fax9", code=ExitCode.REFUSED)


def test_a_fax_is_routed_again_where_the_rules_say_now_and_then_deleted(rig: Rig, run: Run, tmp_path: Path) -> None:
    (job,) = rig.client.inbox()
    out = tmp_path / "again"
    out.mkdir()
    run("routing", "rule", "add", "again", "--sub", "77", "--folder", out)
    assert run("inbox", "route", job.id) == f"job {job.id}: 1 to be delivered\n"
    rig.until(job.id, JobState.DONE)
    (stored,) = out.iterdir()
    assert stored.name.endswith(f"-{job.id}-1.tif")
    assert "Stored as" in run("inbox", "show", job.id)
    assert "Nothing of fax" in run("inbox", "route", job.id, "--failed", code=ExitCode.REFUSED)
    assert "came in" in run("hold", job.id, code=ExitCode.REFUSED)
    assert "came in" in run("resend", job.id, code=ExitCode.REFUSED)
    run("inbox", "delete", job.id)
    assert run("inbox", "list") == ""
