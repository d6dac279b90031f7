"""The API as a client sees it: a real daemon on a real Unix socket."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from codec.tiff import read_pages
from fax.errors import Cause
from fax.types import (
    CoverPage,
    DocumentId,
    Event,
    JobId,
    JobState,
    JobType,
    Recipient,
    Submission,
    SubmissionId,
)
from tests.spooler.described import Connection
from tests.spooler.rig import PATIENCE_S, REPORT, Rig, refusal, wait_for


@contextmanager
def raw(rig: Rig, method: str, target: str, body: bytes | None = None, **headers: str) -> Iterator[Any]:
    """A request by hand; gives the response and its JSON."""
    connection = Connection(rig.socket)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body=body, headers=names)
        response = connection.getresponse()
        yield response, json.loads(response.read() or b"null")
    finally:
        connection.close()


def test_the_status_tells_version_ports_jobs_and_space(shared_rig: Rig) -> None:
    status = shared_rig.client.status()
    assert status.version
    assert status.spool == str(shared_rig.spool)
    assert status.free_octets > 0
    assert set(status.jobs) == {state.value for state in JobState}


def test_a_document_is_checked_and_the_same_octets_give_the_same_id(shared_rig: Rig) -> None:
    first = shared_rig.client.upload(REPORT)
    assert (first.type, first.pages, first.octets) == ("application/pdf", 3, REPORT.stat().st_size)
    assert shared_rig.client.upload(REPORT, "another.pdf") == first
    kept = shared_rig.spool / "documents" / first.id[:2] / first.id
    assert kept.read_bytes() == REPORT.read_bytes()


@pytest.mark.parametrize(
    ("octets", "name", "cause", "status"),
    [
        (b"", "empty.pdf", Cause.DOCUMENT_EMPTY, 422),
        (b"just words\n", "report.pdf", Cause.DOCUMENT_TYPE, 422),
        (b"\x00\x01\x02\x03" * 100, "program", Cause.DOCUMENT_TYPE, 422),
        (b"%PDF-1.4\ntruncated", "cut.pdf", Cause.DOCUMENT_DAMAGED, 422),
    ],
)
def test_a_document_that_cannot_be_printed_is_refused_and_leaves_nothing(
    shared_rig: Rig, octets: bytes, name: str, cause: Cause, status: int
) -> None:
    shared_rig.client.upload(BytesIO(b"just words\n"), "words.txt")
    before = sorted((shared_rig.spool / "documents").glob("??/*"))
    error = refusal(lambda: shared_rig.client.upload(BytesIO(octets), name))
    assert error.cause is cause
    assert error.text
    assert sorted((shared_rig.spool / "documents").glob("??/*")) == before
    wait_for(lambda: not shared_rig.leftovers(), "tidying up")
    with raw(shared_rig, "POST", "/v1/documents", octets, X_Document_Name=name) as (response, problem):
        assert response.status == problem["status"] == status
        assert response.headers["content-type"] == "application/problem+json"
        assert problem["type"] == cause.value


def test_an_upload_that_breaks_off_leaves_nothing(shared_rig: Rig) -> None:
    before = sorted((shared_rig.spool / "documents").glob("??/*"))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(shared_rig.socket))
        connection.sendall(
            b"POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"words " * 500_000
        )
        wait_for(lambda: shared_rig.leftovers(), "the upload's folder")
    wait_for(lambda: not shared_rig.leftovers(), "tidying up")
    assert sorted((shared_rig.spool / "documents").glob("??/*")) == before


def test_several_pdfs_in_a_row_are_one_document(shared_rig: Rig) -> None:
    document = shared_rig.client.upload(BytesIO(REPORT.read_bytes() * 2), "twice.pdf")
    assert document.pages == 6
    job = shared_rig.send("1", documents=[document.id])
    assert shared_rig.until(job.id, JobState.WAITING).pages_total == 6


def test_two_recipients_are_two_jobs_of_one_preparation(shared_rig: Rig) -> None:
    document = shared_rig.text("For two people.")
    wait_for(lambda: not shared_rig.client.jobs(state=JobState.PREPARING), "the others' preparation")
    before = shared_rig.masters()
    job = shared_rig.send("5552001", "5552002", documents=[document])
    jobs = shared_rig.client.jobs(submission=job.submission)
    assert [other.recipient.number for other in jobs] == ["5552001", "5552002"]
    for other in jobs:
        assert shared_rig.until(other.id, JobState.WAITING).pages_total == 1
    assert len(shared_rig.masters()) == len(before) + 1
    again = shared_rig.send("5552003", documents=[document])
    assert again.state is JobState.WAITING, "prepared already"
    assert len(shared_rig.masters()) == len(before) + 1
    assert shared_rig.kinds(again.id) == ["accepted", "prepared"]


def test_a_job_without_a_number_waits_for_its_recipient_and_is_prepared_meanwhile(shared_rig: Rig) -> None:
    job = shared_rig.send(None)
    waiting = shared_rig.until(job.id, JobState.ADDRESS)
    assert waiting.pages_total == 1
    assert waiting.reason == "Waits for its recipient to be named"
    addressed = shared_rig.client.address(job.id, Recipient(number="(555) 2001", name="Bob"))
    assert (addressed.state, addressed.recipient.number) == (JobState.WAITING, "5552001")
    assert "addressed" in shared_rig.kinds(job.id)


def test_a_submission_without_recipients_is_a_job_without_a_number(shared_rig: Rig) -> None:
    job = shared_rig.send()
    assert shared_rig.until(job.id, JobState.ADDRESS).recipient == Recipient()


def test_a_bad_number_is_refused_and_its_recipient_named(shared_rig: Rig) -> None:
    document = shared_rig.text()
    recipients = (Recipient(number="5552001"), Recipient(number="55-FAX", name="Bob"))
    submission = Submission(documents=(document,), recipients=recipients)
    before = [job.id for job in shared_rig.client.jobs()]
    error = refusal(lambda: shared_rig.client.submit(submission))
    assert error.cause is Cause.BAD_NUMBER
    assert "Recipient 2 (Bob)" in error.text
    assert "'F'" in error.text
    assert [job.id for job in shared_rig.client.jobs()] == before


def test_a_document_that_is_not_there_is_refused(shared_rig: Rig) -> None:
    error = refusal(lambda: shared_rig.send("1", documents=[DocumentId("0" * 64)]))
    assert error.cause is Cause.NO_SUCH_DOCUMENT


def test_a_cover_page_that_cannot_be_drawn_is_refused_at_once(shared_rig: Rig) -> None:
    submission = Submission(
        documents=(), recipients=(Recipient(number="1"),), cover=CoverPage(template="no-such-template")
    )
    error = refusal(lambda: shared_rig.client.submit(submission))
    assert error.cause is Cause.COVER_PAGE


def test_a_fax_of_nothing_is_refused(shared_rig: Rig) -> None:
    submission = Submission(documents=(), recipients=(Recipient(number="1"),))
    assert refusal(lambda: shared_rig.client.submit(submission)).cause is Cause.BAD_REQUEST


def test_the_same_key_gives_the_first_answer(shared_rig: Rig) -> None:
    submission = Submission(documents=(shared_rig.text(),), recipients=(Recipient(number="1"),))
    first = shared_rig.client.submit(submission, key="key one")
    assert shared_rig.client.submit(submission, key="key one") == first
    body = json.dumps({"documents": [], "recipients": []}).encode()
    with raw(shared_rig, "POST", "/v1/submissions", body, Idempotency_Key="key one") as (response, answer):
        assert (response.status, answer["submission"]) == (200, first.submission)
    assert shared_rig.client.submit(submission, key="key two") != first
    with raw(shared_rig, "POST", "/v1/submissions", body, Idempotency_Key="k" * 256) as (response, problem):
        assert (response.status, problem["type"]) == (400, "bad-request")


def test_one_key_at_the_same_time_from_many_is_one_fax(shared_rig: Rig) -> None:
    submission = Submission(documents=(shared_rig.text(),), recipients=(Recipient(number="1"),))
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(shared_rig.client.submit(submission, key="rush")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1


def test_hold_and_resume(shared_rig: Rig) -> None:
    job = shared_rig.send("5552001", hold=True)
    assert job.state is JobState.HELD
    wait_for(lambda: shared_rig.client.job(job.id).pages_total, "preparation of a held job")
    assert shared_rig.client.resume(job.id).state is JobState.WAITING
    assert shared_rig.client.hold(job.id).state is JobState.HELD
    assert shared_rig.client.hold(job.id).state is JobState.HELD
    assert shared_rig.kinds(job.id).count("held") == 1


def test_what_the_state_forbids_is_refused_and_says_why(shared_rig: Rig) -> None:
    client = shared_rig.client
    job = shared_rig.send("5552001").id
    shared_rig.until(job, JobState.WAITING)
    assert refusal(lambda: client.resume(job)).cause is Cause.WRONG_STATE
    assert client.cancel(job).state is JobState.CANCELLED
    for act in (client.cancel, client.hold, client.resume, lambda id: client.address(id, Recipient(number="1"))):
        error = refusal(lambda act=act: act(job))  # type: ignore[misc]
        assert error.cause is Cause.WRONG_STATE
        assert f"Job {job} has been cancelled" in error.text
    assert shared_rig.kinds(job)[-1] == "cancelled"


def test_an_address_without_a_number_is_refused(shared_rig: Rig) -> None:
    job = shared_rig.send(None).id
    assert refusal(lambda: shared_rig.client.address(job, Recipient(name="Bob"))).cause is Cause.BAD_NUMBER
    assert refusal(lambda: shared_rig.client.address(job, Recipient(number="Bob"))).cause is Cause.BAD_NUMBER


def test_the_pages_of_a_job_are_what_the_master_holds(shared_rig: Rig, tmp_path: Path) -> None:
    document = shared_rig.client.upload(REPORT).id
    held = shared_rig.send("1", documents=[document], hold=True)
    wait_for(lambda: shared_rig.client.job(held.id).pages_total, "preparation")
    shared_rig.client.pages(held.id, tmp_path / "pages.tif")
    pages = read_pages(tmp_path / "pages.tif")
    shown = shared_rig.client.job(held.id).pages
    assert [(page.width, page.rows) for page in pages] == [(page.width, page.rows) for page in shown]
    assert len(pages) == 3
    (tmp_path / "first.tif").write_bytes(shared_rig.client.first_page(held.id))
    assert [page.digest for page in read_pages(tmp_path / "first.tif")] == [pages[0].digest]
    wait_for(lambda: not shared_rig.leftovers(), "tidying up")


def test_pages_that_are_not_prepared_are_refused(shared_rig: Rig, tmp_path: Path) -> None:
    endless = shared_rig.client.upload(BytesIO(b"%!PS\n{} loop\n"), "endless.ps").id
    job = shared_rig.send("1", documents=[endless])
    assert job.state is JobState.PREPARING
    assert refusal(lambda: shared_rig.client.pages(job.id, tmp_path / "x.tif")).cause is Cause.WRONG_STATE
    assert shared_rig.client.cancel(job.id).state is JobState.CANCELLED
    wait_for(lambda: not shared_rig.leftovers(), "the end of the conversion")


def test_jobs_are_listed_by_state_submission_and_place(shared_rig: Rig) -> None:
    client = shared_rig.client
    job = shared_rig.send("1", "2", "3")
    ids = [other.id for other in client.jobs(submission=job.submission)]
    assert ids == [job.id, job.id + 1, job.id + 2]
    assert [other.id for other in client.jobs(after=ids[0], submission=job.submission)] == ids[1:]
    assert [other.id for other in client.jobs(submission=job.submission, limit=1)] == ids[:1]
    client.cancel(ids[1])
    cancelled = client.jobs(state=JobState.CANCELLED, submission=job.submission)
    assert [other.id for other in cancelled] == [ids[1]]
    client.hold(ids[0])
    both = client.jobs(state=(JobState.CANCELLED, JobState.HELD), submission=job.submission)
    assert [other.id for other in both] == ids[:2]
    assert client.jobs(submission=SubmissionId("nothing")) == []


def test_jobs_are_listed_by_user_type_and_time(shared_rig: Rig) -> None:
    client = shared_rig.client
    job = shared_rig.send("1")
    later = job.created + timedelta(microseconds=1)
    zone = timezone(timedelta(hours=5))
    assert job.id in [other.id for other in client.jobs(since=job.created.astimezone(zone))]
    assert job.id not in [other.id for other in client.jobs(since=later)]
    assert job.id in [other.id for other in client.jobs(user=job.user, type=JobType.SEND)]
    assert client.jobs(user="nobody in particular") == []
    assert client.jobs(type=JobType.RECEIVE) == []


def test_a_job_that_is_not_there_is_refused(shared_rig: Rig) -> None:
    for id in (JobId(999_999), JobId(1 << 40), JobId(0)):
        assert refusal(lambda id=id: shared_rig.client.job(id)).cause is Cause.NO_SUCH_JOB  # type: ignore[misc]


def test_events_are_followed_as_they_happen(shared_rig: Rig) -> None:
    seen: list[Event] = []
    cursor = shared_rig.client.status().cursor
    job = shared_rig.send(None)

    def follow() -> None:
        for event in shared_rig.client.events(cursor, follow=True, job=job.id):
            seen.append(event)
            if event.kind == "cancelled":
                return

    reader = threading.Thread(target=follow)
    reader.start()
    wait_for(lambda: any(event.kind == "prepared" for event in seen), "the event")
    shared_rig.client.cancel(job.id)
    reader.join(PATIENCE_S)
    assert [event.kind for event in seen] == ["accepted", "prepared", "aborting", "cancelled"]
    assert [event.cursor for event in seen] == sorted(event.cursor for event in seen)
    assert seen[-1].state is JobState.CANCELLED
    assert list(shared_rig.client.events(seen[1].cursor, job=job.id)) == seen[2:]


@pytest.mark.parametrize(
    "target",
    [
        "/v1/jobs?state=splendid",
        "/v1/jobs?limit=0",
        "/v1/jobs?after=x",
        "/v1/jobs?since=2026-01-01T00:00:00",
        "/v1/jobs?type=letter",
        "/v1/events?after=-1",
        "/v1/events?follow=1",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(shared_rig: Rig, target: str) -> None:
    with raw(shared_rig, "GET", target) as (response, problem):
        assert (response.status, problem["type"]) == (400, "bad-request")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"documents": [1], "recipients": []}', b"\xff\xff"])
def test_a_body_that_makes_no_sense_is_refused(shared_rig: Rig, body: bytes) -> None:
    with raw(shared_rig, "POST", "/v1/submissions", body) as (response, problem):
        assert (response.status, problem["type"]) == (400, "bad-request")


def test_a_path_that_is_not_there_is_a_problem_document(shared_rig: Rig) -> None:
    with raw(shared_rig, "GET", "/v2/anything") as (response, problem):
        assert (response.status, problem["status"]) == (404, 404)
    with raw(shared_rig, "DELETE", "/v1/jobs") as (response, _):
        assert response.status == 405
