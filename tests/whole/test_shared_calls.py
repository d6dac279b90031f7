"""Two faxes for one number over a real line: one call, two documents, two fates."""

from __future__ import annotations

from collections.abc import Callable

from fax import CoverPage, JobId, JobState, Recipient, Submission
from modem.soft.farend import FarEnd
from modem.soft.line import Moment
from script.house import House
from tests.whole.conftest import NUMBER, calls_of, differences, letter, sent_pages, wait_for, wait_for_end

Build = Callable[..., House]


def submit_two(house: House, pages: int) -> tuple[JobId, JobId]:
    """The same letter to two people at one number, each with a cover page of their own."""
    document = house.client.upload(letter(house, pages=pages)).id
    submission = Submission(
        documents=(document,),
        recipients=(Recipient(number=NUMBER, name="Ann Able"), Recipient(number=NUMBER, name="Bob Baker")),
        cover=CoverPage(),
    )
    first, second = house.client.submit(submission).jobs
    return first, second


def test_two_faxes_for_one_number_are_two_documents_of_one_call(build: Build) -> None:
    house = build()
    first, second = submit_two(house, pages=1)
    done = [wait_for_end(house, job) for job in (first, second)]
    assert [job.state for job in done] == [JobState.DONE, JobState.DONE]
    assert {call.id for job in done for call in job.calls} == {f"{first}-1"}
    (call,) = calls_of(house, first)
    assert [document.job for document in call.plan.documents] == [first, second]
    assert [document.header_to for document in call.plan.documents] == ["Ann Able", "Bob Baker"]
    assert differences(sent_pages(house, first) + sent_pages(house, second), house.received_pages(NUMBER)) == []


def test_a_line_that_is_lost_in_the_second_fax_leaves_the_first_one_done(build: Build) -> None:
    house = build(FarEnd(number=NUMBER, hang_up=Moment(what="page", nth=3, delay_s=2.5)), speed=6.0)
    first, second = submit_two(house, pages=1)
    wait_for(house.client, second, lambda found: bool(found.calls) and found.calls[0].cause is not None)
    assert house.client.job(first).state is JobState.DONE
    ended = wait_for_end(house, second)
    assert ended.state is JobState.DONE
    assert [call.id for call in ended.calls] == [f"{first}-1", f"{second}-2"]
    assert len(house.client.job(first).calls) == 1, "what was confirmed is never sent again"
    assert [page.number for page in calls_of(house, second)[1].plan.documents[0].pages] == [1, 2]
