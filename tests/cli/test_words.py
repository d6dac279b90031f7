"""Jobs in plain words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli import words
from fax.types import Job, JobId, JobState, Recipient, Resolution, Sender, SubmissionId


@pytest.mark.parametrize("reason", ["The number is busy", "The number is busy; next try at 12:22", None])
def test_when_it_is_tried_again_is_said_once(reason: str | None) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    job = Job(
        id=JobId(1),
        submission=SubmissionId("s"),
        user="ann",
        title="letter",
        state=JobState.WAITING,
        recipient=Recipient(number="5552001"),
        sender=Sender(),
        cover=None,
        resolution=Resolution.FINE,
        created=now,
        reason=reason,
        until=now,
    )
    assert words.why(job).count("next try") == 1
