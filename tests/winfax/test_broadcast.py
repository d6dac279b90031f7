"""A broadcast by callback: one document, one submission, a job for each recipient."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import winfax
from fax.access import Right
from fax.types import JobId, JobState
from tests.spooler.rig import Rig, wait_for
from tests.winfax.conftest import Stranger
from winfax.handles import ServerHandle

Refused = Callable[[object], int]
MANY = 1000


@pytest.fixture
def letter(tmp_path: Path) -> str:
    file = tmp_path / "letter.txt"
    file.write_text("A letter to all.\n")
    return str(file)


def test_a_thousand_recipients_are_one_submission_with_one_document(
    rig: Rig, handle: ServerHandle, letter: str
) -> None:
    asked: list[int] = []

    def callback(handle: object, number: int, context: Any, params: Any, cover: Any) -> bool:
        asked.append(number)
        assert context == "the context"
        params.RecipientNumber = f"555{number:04}"
        params.RecipientName = f"Recipient {number}"
        params.SenderName = "All of us"
        return number <= MANY

    masters = len(rig.masters())
    ok, first = winfax.FaxSendDocumentForBroadcast(handle, letter, callback, "the context")
    assert ok, winfax.last_error_text()
    assert asked == list(range(1, MANY + 2))
    submission = rig.client.job(JobId(first)).submission
    jobs = rig.client.jobs(submission=submission, limit=2 * MANY)
    assert [job.recipient.number for job in jobs] == [f"555{number:04}" for number in range(1, MANY + 1)]
    assert jobs[0].id == first
    wait_for(lambda: rig.client.job(jobs[-1].id).pages_total, "preparation")
    assert len(rig.masters()) == masters + 1
    with rig.database() as database:
        (count,) = database.execute("select count(distinct master) from jobs where submission = ?", (submission,))
    assert count == (1,)


def test_recipients_of_different_wishes_share_the_document_and_get_what_each_wished(
    rig: Rig, handle: ServerHandle, letter: str
) -> None:
    def callback(handle: object, number: int, context: Any, params: Any, cover: Any) -> int:
        params.RecipientNumber = f"556{number:04}"
        params.BillingCode = f"code {number % 2}"
        if number == 3:
            cover.CoverPageName, cover.UseServerCoverPage, cover.Note = "default", True, "For the third"
        return number < 5

    ok, first = winfax.FaxSendDocumentForBroadcast(handle, letter, callback)
    assert ok
    jobs = rig.client.jobs(limit=10_000)
    found = {number: job for job in jobs if (number := job.recipient.number or "").startswith("556")}
    assert sorted(found) == [f"556{number:04}" for number in range(1, 5)]
    assert [found[f"556{number:04}"].billing_code for number in range(1, 5)] == ["code 1", "code 0"] * 2
    covers = [found[f"556{number:04}"].cover for number in range(1, 5)]
    assert [None if cover is None else cover.note for cover in covers] == [None, None, "For the third", None]
    assert found["5560001"].id == first
    assert len({job.submission for job in found.values()}) == 3


def test_when_one_recipient_cannot_be_none_is_sent_to(
    rig: Rig, handle: ServerHandle, letter: str, refused: Refused
) -> None:
    def naming(numbers: dict[int, str | None], **members: Any) -> Callable[..., bool]:
        def callback(handle: object, number: int, context: Any, params: Any, cover: Any) -> bool:
            params.RecipientNumber = numbers.get(number, "5570001")
            params.BillingCode = str(number)  # a submission for each
            for name, value in members.items():
                setattr(params, name, value)
            return number <= 3

        return callback

    for callback in (
        naming({3: None}),
        naming({3: "Ann"}),
        naming({}, SizeOfStruct=1),
        naming({}, Tsid="x" * 21),
    ):
        outcome = winfax.FaxSendDocumentForBroadcast(handle, letter, callback)
        assert refused(outcome) == winfax.ERROR_INVALID_PARAMETER
    mine = [job for job in rig.client.jobs(limit=10_000) if job.recipient.number == "5570001"]
    assert all(job.state is JobState.CANCELLED for job in mine)


def test_what_the_callback_raises_comes_out_and_nothing_is_sent(rig: Rig, handle: ServerHandle, letter: str) -> None:
    def callback(handle: object, number: int, context: Any, params: Any, cover: Any) -> bool:
        params.RecipientNumber = "5580001"
        if number == 2:
            raise KeyError("the caller's own")
        return True

    with pytest.raises(KeyError):
        winfax.FaxSendDocumentForBroadcast(handle, letter, callback)
    assert not [job for job in rig.client.jobs(limit=10_000) if job.recipient.number == "5580001"]


def test_a_broadcast_that_makes_no_sense(
    rig: Rig, handle: ServerHandle, letter: str, tmp_path: Path, refused: Refused
) -> None:
    def nobody(*_: object) -> int:
        return 0

    def somebody(handle: object, number: int, context: Any, params: Any, cover: Any) -> bool:
        params.RecipientNumber = "1"
        return number == 1

    send = winfax.FaxSendDocumentForBroadcast
    assert refused(send(None, letter, somebody)) == winfax.ERROR_INVALID_PARAMETER
    assert refused(send(handle, None, somebody)) == winfax.ERROR_INVALID_PARAMETER
    assert refused(send(handle, letter, None)) == winfax.ERROR_INVALID_PARAMETER
    assert refused(send(handle, letter, nobody)) == winfax.ERROR_INVALID_PARAMETER
    assert refused(send(handle, str(tmp_path / "missing"), somebody)) == winfax.ERROR_FILE_NOT_FOUND
    (tmp_path / "torn.pdf").write_bytes(b"%PDF-1.7\n")
    assert refused(send(handle, str(tmp_path / "torn.pdf"), somebody)) == winfax.ERROR_INVALID_DATA
    rig.client.change_configuration({"recipients_limit": 1})
    try:
        ok, _ = send(handle, letter, somebody)
        assert ok
        two = lambda *given: somebody(*given) or given[1] == 2  # noqa: E731
        assert refused(send(handle, letter, two)) == winfax.FAX_ERR_RECIPIENTS_LIMIT
    finally:
        rig.client.change_configuration({"recipients_limit": 0})


def test_a_broadcast_needs_the_right_to_send(rig: Rig, stranger: Stranger) -> None:
    file = rig.folder / "all.txt"
    file.write_text("A letter to all.\n")
    file.chmod(0o644)
    callback = "lambda h, n, c, p, v: setattr(p, 'RecipientNumber', '5590001') or n == 1"
    expression = f"w.FaxSendDocumentForBroadcast(handle, {str(file)!r}, {callback}, None)"
    stranger.may_all_but(Right.JOB_SUBMIT)
    assert stranger.asked(expression)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
    stranger.may(Right.JOB_SUBMIT)
    assert stranger.asked(expression)[:2] == (True, 0)
