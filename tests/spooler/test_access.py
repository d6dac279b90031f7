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
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fax.access import FAX_ALL_ACCESS, FAX_READ, FAX_WRITE, NONE, Right, mask_of, right_names
from fax.errors import Cause, RequestError
from fax.types import CoverPage, Job, JobId, JobState, Recipient, Resolution, Sender, SubmissionId
from spooler.access import (
    Owner,
    caller,
    check_change,
    check_see,
    check_submit,
    may_see,
    require,
    rights_of,
    shown_to,
    submission_owner,
)
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


def test_administrators_have_every_right_and_others_what_was_granted_to_them_or_their_groups() -> None:
    assert ANN.rights == FAX_ALL_ACCESS
    grants = {"everybody": Right.JOB_SUBMIT, "user:bob": Right.PORT_QUERY, "group:fax": Right.JOB_QUERY}
    assert rights_of("bob", (), grants) == Right.JOB_SUBMIT | Right.PORT_QUERY
    assert rights_of("carol", ("staff", "fax"), grants) == Right.JOB_SUBMIT | Right.JOB_QUERY
    assert rights_of("fax", (), {"group:fax": Right.JOB_QUERY}) == NONE


def test_a_missing_right_is_refused_by_its_name() -> None:
    for right in Right:
        with pytest.raises(RequestError) as refused:
            require(caller(1001, "bob", RULES, 500, grants={}), right)
        assert refused.value.cause is Cause.NOT_ALLOWED
        assert refused.value.text == f"bob does not have the right {right_names(right)[0]}"
        require(caller(1001, "bob", RULES, 500, grants={"user:bob": right}), right)


def test_everybody_sees_and_changes_their_own_jobs_and_others_with_the_right() -> None:
    assert may_see(BOB, "bob")
    assert not may_see(BOB, "ann")
    assert may_see(ANN, "bob")
    check_change(BOB, "bob", 7)
    check_change(LP, "bob", 7, submitter="lp")
    with pytest.raises(RequestError, match="FAX_JOB_QUERY") as refused:
        check_see(BOB, "ann", 7)
    assert refused.value.cause is Cause.NOT_ALLOWED
    with pytest.raises(RequestError, match="FAX_JOB_MANAGE"):
        check_change(BOB, "ann", 7)
    reader = caller(1001, "bob", RULES, 500, grants={"user:bob": Right.JOB_QUERY})
    check_see(reader, "ann", 7)
    with pytest.raises(RequestError, match="FAX_JOB_MANAGE"):
        check_change(reader, "ann", 7)
    check_change(caller(1001, "bob", RULES, 500, grants={"user:bob": Right.JOB_MANAGE}), "ann", 7)


def test_who_may_change_a_fax_but_not_see_it_does_not_learn_what_it_is() -> None:
    job = Job(
        id=JobId(1),
        submission=SubmissionId("s"),
        user="ann",
        title="Diagnosis",
        state=JobState.WAITING,
        recipient=Recipient(number="5552001", name="Dr Who"),
        sender=Sender(name="Ann"),
        cover=CoverPage(note="Private"),
        resolution=Resolution.FINE,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        billing_code="B7",
    )
    shown = msgspec.json.encode(shown_to(LP, job)).decode()
    assert not [word for word in ("Diagnosis", "5552001", "Who", "Ann", "Private", "B7") if word in shown]
    assert shown_to(ANN, job) == job
    assert shown_to(caller(1002, "ann", Users(), 500, grants={}), job) == job


def test_only_administrators_and_the_backend_speak_for_others_and_then_it_is_a_claim() -> None:
    assert submission_owner(LP, "bob") == Owner(user="bob", claimed=True)
    assert submission_owner(LP, "lp") == Owner(user="lp", claimed=True)
    assert submission_owner(LP, None) == Owner(user="lp", claimed=False)
    assert submission_owner(ANN, "bob") == Owner(user="bob", claimed=True)
    assert submission_owner(BOB, None) == submission_owner(BOB, "bob") == Owner(user="bob", claimed=False)
    with pytest.raises(RequestError, match="may not submit"):
        submission_owner(BOB, "ann")


def test_a_token_speaks_for_its_own_user_only_whatever_the_user_is_called() -> None:
    for known in (ANN, LP):
        with pytest.raises(RequestError, match="may not submit"):
            submission_owner(replace(known, uid=None, via="token"), "bob")


def test_a_claimed_name_neither_adds_the_right_to_submit_nor_passes_by_its_loss() -> None:
    bob = Owner(user="bob", claimed=True)
    check_submit(LP, bob, Right.JOB_SUBMIT)
    with pytest.raises(RequestError, match="bob does not have the right FAX_JOB_SUBMIT"):
        check_submit(LP, bob, Right.JOB_QUERY)
    with pytest.raises(RequestError, match="lp does not have the right FAX_JOB_SUBMIT"):
        check_submit(caller(7, "lp", RULES, 500, grants={}), bob, FAX_ALL_ACCESS)


def test_masks_are_read_as_people_write_them() -> None:
    assert mask_of("job-submit, FAX_PORT_QUERY") == Right.JOB_SUBMIT | Right.PORT_QUERY
    assert mask_of("read") == FAX_READ == Right.READ_CONTROL | Right.JOB_QUERY | Right.CONFIG_QUERY | Right.PORT_QUERY
    assert mask_of("FAX_WRITE") == FAX_WRITE
    assert mask_of("all") == mask_of("0x1f007f") == FAX_ALL_ACCESS
    assert mask_of("none") == NONE
    for wrong in ("job-see", "0x80", "-1", "1e3"):
        with pytest.raises(RequestError, match="is not a right"):
            mask_of(wrong)


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
    # Beside one's own faxes, events of lines and of the server, which are nobody's.
    assert set(ask(open_rig, "nobody", "events")) - {None} == {mine}
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
