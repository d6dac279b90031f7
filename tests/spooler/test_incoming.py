"""The incoming folder: what a door left while the daemon was away."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path

import pytest

from fax.incoming import leave
from fax.types import JobState, Recipient, Submission
from tests.spooler.rig import REPORT, Rig, wait_for

ONE = Submission(documents=(), recipients=(Recipient(number="555-2001"),), title="Left")


def taken(rig: Rig) -> None:
    wait_for(lambda: not list((rig.spool / "incoming").iterdir()), "taking in")


def test_what_was_left_while_the_daemon_was_away_is_taken_in_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, port=False)
    rig.start()
    rig.kill()
    leave(rig.spool / "incoming", ONE, [REPORT], key="uuid-1", user="ann")
    with rig:
        taken(rig)
        (job,) = rig.client.jobs()
        assert (job.user, job.title, job.recipient.number) == ("ann", "Left", "5552001")
        assert rig.until(job.id, JobState.WAITING).pages_total == 3
        leave(rig.spool / "incoming", ONE, [REPORT], key="uuid-1", user="ann")
        taken(rig)
        document = rig.client.upload(REPORT).id
        again = Submission(documents=(document,), recipients=ONE.recipients, user="ann")
        assert rig.client.submit(again, key="uuid-1").jobs == (job.id,)
        assert len(rig.client.jobs()) == 1
        wait_for(lambda: not rig.leftovers(), "tidying up")


@pytest.mark.parametrize(
    ("octets", "number", "cause"),
    [(b"", "1", "document-empty"), (b"words\n", "letters", "bad-number")],
)
def test_what_cannot_be_taken_in_is_kept_with_the_reason_and_reported_once(
    rig: Rig, octets: bytes, number: str, cause: str
) -> None:
    submission = Submission(documents=(), recipients=(Recipient(number=number),), title="Bad")
    for _ in range(2):
        leave(rig.spool / "incoming", submission, [BytesIO(octets)], key="uuid-2", user="ann")
        taken(rig)
    (job,) = rig.client.jobs()
    assert (job.state, job.cause, job.user, job.title) == (JobState.FAILED, cause, "ann", "Bad")
    kept = sorted((rig.spool / "refused").iterdir())
    assert len(kept) == 2
    for folder in kept:
        assert (folder / "refused.txt").read_text().strip() == job.reason
        assert (folder / "document-1").read_bytes() == octets
    assert rig.kinds(job.id) == ["failed"]


@pytest.mark.parametrize("name", [b"odd", b"o\xffd\x1b\n2026", b"o" * 249])
def test_an_entry_that_makes_no_sense_is_kept_and_reported(rig: Rig, name: bytes) -> None:
    for _ in range(2):
        part = rig.spool / "incoming" / f"{os.fsdecode(name)}.part"
        part.mkdir()
        (part / "submission.json").write_text("{")
        part.rename(part.with_suffix(".ready"))
        taken(rig)
    (job,) = rig.client.jobs()
    assert (job.state, job.cause) == (JobState.FAILED, "bad-request")
    assert (rig.spool / "refused" / f"{os.fsdecode(name)}.ready" / "refused.txt").exists()
    assert len(list((rig.spool / "refused").iterdir())) == 2


NONSENSE = {
    "not text": b'{"key": "k", "user": "\xff", "submission": {"documents": [], "recipients": []}}',
    "too deep": b'{"key": "k", "user": "u", "more": ' + b"[" * 100_000,
    "wrong types": b'{"key": 1, "user": [], "submission": "none"}',
    "half a character": b'{"key": "k", "user": "\\ud800", "submission": {"documents": [], "recipients": []}}',
    "a NUL in a name": (
        b'{"key": "k", "user": "ann", "submission": {"documents": ["a\\u0000"], "recipients": [{"number": "1"}]}}'
    ),
    "too many recipients": (
        b'{"key": "k", "user": "ann", "submission": {"documents": ["document-1"], "recipients": ['
        + b",".join([b"{}"] * 20_000)
        + b"]}}"
    ),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_whatever_a_manifest_holds_its_entry_is_refused_once_and_others_go_on(rig: Rig, what: str) -> None:
    part = rig.spool / "incoming" / "odd.part"
    part.mkdir()
    (part / "document-1").write_text("words\n")
    (part / "submission.json").write_bytes(NONSENSE[what])
    part.rename(part.with_suffix(".ready"))
    leave(rig.spool / "incoming", ONE, [BytesIO(b"words\n")], key="uuid-3", user="ann")
    taken(rig)
    assert sorted(job.state is JobState.FAILED for job in rig.client.jobs()) == [False, True]
    assert (rig.spool / "refused" / "odd.ready" / "refused.txt").exists()


def test_an_entry_that_nobody_finished_goes_away_after_a_day(rig: Rig) -> None:
    old, new = rig.spool / "incoming" / "old.part", rig.spool / "incoming" / "new.part"
    for part in (old, new):
        part.mkdir()
        (part / "document-1").write_text("words\n")
    for path in (old / "document-1", old):
        os.utime(path, (0, 0))
    os.utime(new, (0, 0))
    wait_for(lambda: not old.exists(), "tidying up")
    assert (new / "document-1").exists(), "it is still being written"
    assert rig.client.jobs() == []


def test_an_entry_leads_nowhere_else(rig: Rig, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours\n")
    for name, documents in (("linked", ["document-1"]), ("climbing", ["../../../secret.txt"])):
        part = rig.spool / "incoming" / f"{name}.part"
        part.mkdir()
        (part / "document-1").symlink_to(secret)
        submission = {"documents": documents, "recipients": [{"number": "1"}]}
        (part / "submission.json").write_text(json.dumps({"key": name, "user": "ann", "submission": submission}))
        part.rename(part.with_suffix(".ready"))
    taken(rig)
    assert [job.state for job in rig.client.jobs()] == [JobState.FAILED, JobState.FAILED]
    assert list((rig.spool / "documents").glob("??/*")) == []


def test_a_file_in_the_folder_is_set_aside_and_an_unfinished_entry_is_left_alone(rig: Rig) -> None:
    (rig.spool / "incoming" / "later.part").mkdir()
    (rig.spool / "incoming" / "file.ready").write_text("words")
    wait_for(lambda: (rig.spool / "refused" / "file.ready").exists(), "setting aside")
    assert (rig.spool / "incoming" / "later.part").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
def test_an_entry_speaks_for_another_user_only_if_its_owner_may(rig: Rig) -> None:
    import pwd

    for owner, key in (("lp", "a"), ("nobody", "b")):
        part = rig.spool / "incoming" / f"{owner}.part"
        part.mkdir()
        (part / "document-1").write_text("words\n")
        submission = {"documents": ["document-1"], "recipients": [{"number": None}]}
        (part / "submission.json").write_text(json.dumps({"key": key, "user": "ann", "submission": submission}))
        about = pwd.getpwnam(owner)
        for path in (part / "document-1", part / "submission.json", part):
            os.chown(path, about.pw_uid, about.pw_gid)
        part.rename(part.with_suffix(".ready"))
        taken(rig)
    believed, refused = rig.client.jobs()
    assert (believed.user, believed.state.ended) == ("ann", False)
    assert (refused.user, refused.state, refused.cause) == ("nobody", JobState.FAILED, "not-allowed")
