"""The incoming folder: complete or not there."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import msgspec
import pytest

from fax import Cause, CoverPage, Incoming, Recipient, ServerError, Submission, leave
from fax.types import DocumentId

SUBMISSION = Submission(
    documents=(DocumentId("ignored"),), recipients=(Recipient(number="5552001"),), cover=CoverPage(subject="Zwölf")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "incoming"
    made.mkdir()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_left_is_what_the_api_page_says(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    ready = leave(folder, SUBMISSION, [tmp_path / "a.pdf", io.BytesIO(b"x" * 200_000)], key="urn:uuid:1", user="ann")
    assert ready.parent == folder
    assert ready.name.endswith(".ready")
    assert sorted(path.name for path in ready.iterdir()) == ["document-1", "document-2", "submission.json"]
    assert (ready / "document-1").read_bytes() == b"%PDF-1.4"
    assert (ready / "document-2").stat().st_size == 200_000
    said = msgspec.json.decode((ready / "submission.json").read_bytes(), type=Incoming)
    assert (said.key, said.user) == ("urn:uuid:1", "ann")
    assert said.submission.documents == ("document-1", "document-2")
    assert said.submission.cover == SUBMISSION.cover
    assert list(folder.iterdir()) == [ready]


def test_only_the_owner_may_look(folder: Path) -> None:
    old = os.umask(0)
    try:
        ready = leave(folder, SUBMISSION, [io.BytesIO(b"x")], key="1", user="ann")
    finally:
        os.umask(old)
    assert mode(ready) == 0o700
    assert {mode(path) for path in ready.iterdir()} == {0o600}


def test_in_a_set_group_id_folder_the_group_may_take_it(folder: Path) -> None:
    folder.chmod(0o2770)
    old = os.umask(0o077)
    try:
        ready = leave(folder, SUBMISSION, [io.BytesIO(b"x")], key="1", user="ann")
    finally:
        os.umask(old)
    assert mode(ready) & 0o777 == 0o770
    assert {mode(path) for path in ready.iterdir()} == {0o660}
    assert {path.stat().st_gid for path in (ready, *ready.iterdir())} == {folder.stat().st_gid}


def test_the_same_key_again_is_the_same_fax(folder: Path) -> None:
    first = leave(folder, SUBMISSION, [io.BytesIO(b"x")], key="1", user="ann")
    assert leave(folder, SUBMISSION, [io.BytesIO(b"x")], key="1", user="ann") == first
    assert leave(folder, SUBMISSION, [io.BytesIO(b"x")], key="2", user="ann") != first
    assert len(list(folder.iterdir())) == 2


def test_a_name_that_someone_else_has_taken_does_not_stop_the_fax(folder: Path) -> None:
    first = leave(folder, SUBMISSION, [io.BytesIO(b"x")], key="1", user="ann")
    for path in first.iterdir():
        path.unlink()
    first.rmdir()
    first.write_text("in the way")
    second = leave(folder, SUBMISSION, [io.BytesIO(b"x")], key="1", user="ann")
    assert second != first
    assert second.name.endswith(".ready")
    assert (second / "document-1").read_bytes() == b"x"


class _Breaks:
    def __init__(self) -> None:
        self.first = True

    def read(self, size: int, /) -> bytes:
        if not self.first:
            raise OSError(5, "Input/output error")
        self.first = False
        return b"x"


def test_a_document_that_cannot_be_read_leaves_nothing(folder: Path) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        leave(folder, SUBMISSION, [io.BytesIO(b"x"), _Breaks()], key="1", user="ann")
    assert list(folder.iterdir()) == []


def test_a_missing_folder_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="incoming") as caught:
        leave(tmp_path / "incoming", SUBMISSION, [], key="1", user="ann")
    assert caught.value.cause is Cause.STORAGE


def test_a_failure_at_any_sync_leaves_nothing_that_is_ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync
    for failing in range(4):  # document, submission.json, the .part folder, the incoming folder
        calls = iter(range(100))

        def fsync(handle: int, failing: int = failing, calls: object = calls) -> None:
            if next(calls) == failing:  # type: ignore[call-overload]
                raise OSError(28, "No space left on device")
            real(handle)

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(ServerError) as caught:
            leave(folder, SUBMISSION, [io.BytesIO(b"x")], key=str(failing), user="ann")
        assert caught.value.cause is Cause.STORAGE
        # Only a name that may not be on disk yet can be there: leaving the same key again then makes it so.
        assert [path.suffix for path in folder.iterdir()] == ([".ready"] if failing == 3 else [])


def test_everything_is_synced_before_it_is_renamed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    real_sync, real_rename = os.fsync, Path.rename

    def fsync(handle: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().name.rpartition('.')[2]}")
        real_sync(handle)

    def rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return real_rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    leave(folder, SUBMISSION, [io.BytesIO(b"x"), io.BytesIO(b"y")], key="1", user="ann")
    assert done == ["sync document-1", "sync document-2", "sync json", "sync part", "rename", "sync incoming"]
