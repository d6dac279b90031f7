"""Whose job it is decides who may see and change it; the kernel says who asks."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fax.errors import Cause, RequestError
from fax.types import JobId
from spooler.access import caller, check_owner, may_see, submitting_user
from spooler.settings import Users
from tests.spooler.rig import ROOT, Rig

RULES = Users(admins=("ann",), backends=("lp",))
ANN = caller(1000, "ann", RULES, 500)
BOB = caller(1001, "bob", RULES, 500)
LP = caller(7, "lp", RULES, 500)


def test_root_the_daemon_s_user_and_named_ones_are_administrators() -> None:
    assert ANN.admin
    assert caller(0, "root", Users(), 500).admin
    assert caller(500, "fax", Users(), 500).admin
    assert not BOB.admin
    assert not LP.admin


def test_everybody_sees_their_own_jobs_and_administrators_all() -> None:
    assert may_see(BOB, "bob")
    assert not may_see(BOB, "ann")
    assert may_see(ANN, "bob")
    with pytest.raises(RequestError) as refused:
        check_owner(BOB, "ann", 7)
    assert refused.value.cause is Cause.NOT_ALLOWED


def test_only_administrators_and_the_backend_speak_for_others() -> None:
    assert submitting_user(LP, "bob") == "bob"
    assert submitting_user(ANN, "bob") == "bob"
    assert submitting_user(BOB, None) == "bob"
    assert submitting_user(BOB, "bob") == "bob"
    with pytest.raises(RequestError, match="may not submit"):
        submitting_user(BOB, "ann")


@pytest.fixture(scope="module")
def open_rig() -> Iterator[Rig]:
    """A daemon whose socket other users can reach."""
    if os.geteuid() != 0:
        pytest.skip("only root can be several users")
    folder = Path(tempfile.mkdtemp(prefix="platen-access-"))
    folder.chmod(0o755)
    try:
        with Rig(folder, port=False) as running:
            yield running
    finally:
        shutil.rmtree(folder)


def ask(rig: Rig, user: str, *request: str) -> Any:
    """What the daemon answers ``user``."""
    about = pwd.getpwnam(user)
    done = subprocess.run(
        [sys.executable, "-m", "tests.spooler.asks", str(rig.socket), *request],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        user=about.pw_uid,
        group=about.pw_gid,
        extra_groups=[],
    )
    return json.loads(done.stdout)


def test_the_job_of_another_user_can_neither_be_seen_nor_changed(open_rig: Rig) -> None:
    mine = ask(open_rig, "nobody", "submit")
    other = open_rig.send(None).id
    assert open_rig.client.job(mine).user == "nobody"
    assert ask(open_rig, "nobody", "show", str(mine))["id"] == mine
    for request in ("show", "cancel", "events-of"):
        assert ask(open_rig, "nobody", request, str(other))["refused"] == "not-allowed"
    assert mine in ask(open_rig, "nobody", "jobs")
    assert other not in ask(open_rig, "nobody", "jobs")
    assert set(ask(open_rig, "nobody", "events")) == {mine}
    assert {mine, other} <= {job.id for job in open_rig.client.jobs()}
    assert ask(open_rig, "nobody", "cancel", str(mine))["state"] == "cancelled"


def test_the_backend_submits_for_others_and_nobody_else_does(open_rig: Rig) -> None:
    job = ask(open_rig, "lp", "submit", "nobody")
    assert open_rig.client.job(JobId(job)).user == "nobody"
    assert ask(open_rig, "nobody", "submit", "root")["refused"] == "not-allowed"
    assert ask(open_rig, "lp", "show", str(job))["refused"] == "not-allowed"


def test_the_backend_cancels_what_it_submitted_and_nothing_else(open_rig: Rig) -> None:
    submitted = ask(open_rig, "lp", "submit", "nobody")
    other = ask(open_rig, "nobody", "submit")
    assert ask(open_rig, "lp", "cancel", str(submitted))["state"] == "cancelled"
    assert ask(open_rig, "lp", "cancel", str(other))["refused"] == "not-allowed"


def test_the_spool_is_closed_to_others_but_the_backend_may_leave_a_fax(open_rig: Rig) -> None:
    for name in ("documents", "masters", "calls", "refused", "tmp"):
        assert (open_rig.spool / name).stat().st_mode & 0o077 == 0
    assert (open_rig.spool / "platen.db").stat().st_mode & 0o077 == 0
    incoming = (open_rig.spool / "incoming").stat()
    assert incoming.st_gid == pwd.getpwnam("lp").pw_gid
    assert incoming.st_mode & 0o7777 == 0o3770
