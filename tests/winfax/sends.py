"""Faxes sent by the calls of Windows, for tests of what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import winfax
from winfax.handles import ServerHandle

Refused = Callable[[object], int]
NUMBER = "5552001"
AT = datetime(2099, 12, 31, 23, 58, 59, tzinfo=UTC)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    file.chmod(0o644)
    return file


def params(**members: Any) -> winfax.FAX_JOB_PARAM:
    return winfax.FAX_JOB_PARAM(**({"RecipientNumber": NUMBER} | members))


@pytest.fixture
def send(handle: ServerHandle, letter: Path) -> Callable[..., int]:
    def act(cover: winfax.FAX_COVERPAGE_INFO | None = None, file: Path = letter, **members: Any) -> int:
        ok, job = winfax.FaxSendDocument(handle, str(file), params(**members), cover)
        assert ok and job > 0, winfax.last_error_text()
        return job

    return act


def entry_of(handle: ServerHandle, job: int) -> winfax.FAX_JOB_ENTRY:
    ok, entry = winfax.FaxGetJob(handle, job)
    assert ok and entry is not None, winfax.last_error_text()
    return entry
