"""A fax that waits for its recipient and gets several."""

from __future__ import annotations

import pytest

from fax.errors import Cause
from fax.types import CoverPage, JobId, JobState, Recipient, Submission
from tests.spooler.rig import Rig, refusal

THREE = [
    Recipient(number="(555) 2001", name="Ann"),
    Recipient(number="5552002", name="Bob"),
    Recipient(number="5552003", company="Carol & Co"),
]


@pytest.fixture
def waiting(shared_rig: Rig) -> JobId:
    submission = Submission(
        documents=(shared_rig.text(),), recipients=(Recipient(),), title="Of all", cover=CoverPage(subject="News")
    )
    return shared_rig.until(shared_rig.client.submit(submission).jobs[0], JobState.ADDRESS).id


def test_it_becomes_one_fax_for_each(shared_rig: Rig, waiting: JobId) -> None:
    made = shared_rig.client.address_all(waiting, THREE)
    assert made[0].id == waiting
    assert [job.recipient.number for job in made] == ["5552001", "5552002", "5552003"]
    assert [job.recipient.name or job.recipient.company for job in made] == ["Ann", "Bob", "Carol & Co"]
    assert {(job.state, job.title, job.cover, job.pages_total) for job in made} == {
        (JobState.WAITING, "Of all", CoverPage(subject="News"), 2)
    }
    assert len({job.submission for job in made}) == 1
    assert shared_rig.kinds(made[0].id) == ["accepted", "prepared", "addressed"]
    assert shared_rig.kinds(made[2].id) == ["accepted", "prepared"]
    for job in made:
        shared_rig.client.cancel(job.id)


def test_asked_for_a_second_time_it_waits_no_longer(shared_rig: Rig, waiting: JobId) -> None:
    made = shared_rig.client.address_all(waiting, THREE[:1])
    assert [job.id for job in made] == [waiting]
    assert refusal(lambda: shared_rig.client.address_all(waiting, THREE)).cause is Cause.WRONG_STATE
    assert len(shared_rig.client.jobs(submission=made[0].submission)) == 1
    shared_rig.client.cancel(waiting)


@pytest.mark.parametrize(
    ("recipients", "cause"),
    [
        ([], Cause.BAD_REQUEST),
        ([*THREE, Recipient(name="Dan")], Cause.BAD_NUMBER),
        ([*THREE, Recipient(number="Dan")], Cause.BAD_NUMBER),
    ],
)
def test_one_that_cannot_be_makes_none(
    shared_rig: Rig, waiting: JobId, recipients: list[Recipient], cause: Cause
) -> None:
    assert refusal(lambda: shared_rig.client.address_all(waiting, recipients)).cause is cause
    job = shared_rig.client.job(waiting)
    assert job.state is JobState.ADDRESS
    assert len(shared_rig.client.jobs(submission=job.submission)) == 1
    shared_rig.client.cancel(waiting)


def test_there_are_no_more_than_a_fax_may_have(shared_rig: Rig, waiting: JobId) -> None:
    shared_rig.client.change_configuration({"recipients_limit": 2})
    try:
        assert refusal(lambda: shared_rig.client.address_all(waiting, THREE)).cause is Cause.RECIPIENTS_LIMIT
        assert len(shared_rig.client.address_all(waiting, THREE[:2])) == 2
    finally:
        shared_rig.client.change_configuration({"recipients_limit": 0})
