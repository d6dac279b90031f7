"""The queue: faxes are listed, changed, shown, taken out; nobody is called."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import winfax
from codec.tiff import read_pages
from fax.access import Right
from fax.types import JobId, JobState, Recipient
from tests.spooler.rig import REPORT, Rig, wait_for
from tests.winfax.conftest import Stranger
from tests.winfax.sends import NUMBER, Refused, entry_of, letter, send
from winfax.handles import ServerHandle

__all__ = ["letter", "send"]


def test_every_job_of_the_queue_is_listed_until_it_has_left_it(
    rig: Rig, handle: ServerHandle, send: Callable[..., int]
) -> None:
    mine = [send(DocumentName=f"Letter {number}") for number in range(3)]
    ok, entries, count = winfax.FaxEnumJobs(handle)
    assert ok and entries is not None and count == len(entries)
    assert [entry.JobId for entry in entries if entry.JobId in mine] == mine
    assert winfax.FaxAbort(handle, mine[1])
    ok, entries, _ = winfax.FaxEnumJobs(handle)
    assert entries is not None and [each.JobId for each in entries if each.JobId in mine] == [mine[0], mine[2]]
    winfax.FaxFreeBuffer(entries)
    with pytest.raises(winfax.FreedError):
        len(entries)


def test_a_job_is_paused_and_resumed(rig: Rig, handle: ServerHandle, send: Callable[..., int]) -> None:
    job = send()
    assert winfax.FaxSetJob(handle, job, winfax.JC_PAUSE, None)
    assert entry_of(handle, job).QueueStatus == winfax.JS_PAUSED
    assert rig.client.job(JobId(job)).state is JobState.HELD
    assert winfax.FaxSetJob(handle, job, winfax.JC_PAUSE, winfax.FAX_JOB_ENTRY())
    assert winfax.FaxSetJob(handle, job, winfax.JC_RESUME, None)
    wait_for(lambda: rig.client.job(JobId(job)).state is JobState.WAITING, "resuming")
    assert not entry_of(handle, job).QueueStatus & winfax.JS_PAUSED
    assert winfax.FaxSetJob(handle, job, winfax.JC_RESUME, None), "what is not paused goes on as it does"


@pytest.mark.parametrize("by_command", [True, False])
def test_a_job_is_deleted(rig: Rig, handle: ServerHandle, send: Callable[..., int], by_command: bool) -> None:
    job = send()
    assert winfax.FaxSetJob(handle, job, winfax.JC_DELETE) if by_command else winfax.FaxAbort(handle, job)
    assert rig.client.job(JobId(job)).state is JobState.CANCELLED


def test_a_job_that_has_left_the_queue_is_none(
    handle: ServerHandle, send: Callable[..., int], refused: Refused
) -> None:
    job = send()
    assert winfax.FaxAbort(handle, job)
    for outcome in (
        lambda id: winfax.FaxGetJob(handle, id),
        lambda id: winfax.FaxAbort(handle, id),
        lambda id: winfax.FaxGetPageData(handle, id),
        lambda id: winfax.FaxSetJob(handle, id, winfax.JC_DELETE),
        lambda id: winfax.FaxSetJob(handle, id, winfax.JC_PAUSE),
        lambda id: winfax.FaxSetJob(handle, id, winfax.JC_RESTART),
    ):
        for id in (job, 0, -1, 1 << 31, 1 << 40, None, "1"):
            assert refused(outcome(id)) == winfax.ERROR_INVALID_PARAMETER


def test_a_command_that_there_is_not(handle: ServerHandle, send: Callable[..., int], refused: Refused) -> None:
    job = send()
    for command in (winfax.JC_UNKNOWN, 4, -1, None):
        assert refused(winfax.FaxSetJob(handle, job, command)) == winfax.ERROR_INVALID_PARAMETER  # type: ignore[arg-type]
    wrong: Any = "entry"
    assert refused(winfax.FaxSetJob(handle, job, winfax.JC_PAUSE, wrong)) == winfax.ERROR_INVALID_PARAMETER


def test_the_first_page_is_given_as_a_tiff_in_group_4(
    rig: Rig, handle: ServerHandle, send: Callable[..., int], tmp_path: Path
) -> None:
    job = send(file=REPORT)
    ok, buffer, size, width, height = winfax.FaxGetPageData(handle, job)
    assert ok and buffer is not None and size == len(buffer), winfax.last_error_text()
    (tmp_path / "first.tif").write_bytes(bytes(buffer))
    with Image.open(BytesIO(bytes(buffer))) as image:
        assert (image.size, image.info["compression"], getattr(image, "n_frames", 1)) == ((width, height), "group4", 1)
    rig.client.pages(JobId(job), tmp_path / "all.tif")
    (first,) = read_pages(tmp_path / "first.tif")
    pages = read_pages(tmp_path / "all.tif")
    assert len(pages) > 1 and first.digest == pages[0].digest
    winfax.FaxFreeBuffer(buffer)
    with pytest.raises(winfax.FreedError):
        bytes(buffer)


def test_what_is_no_outgoing_fax_has_no_page_to_show(rig: Rig, handle: ServerHandle, refused: Refused) -> None:
    from fax.types import Poll, Submission

    fetch = Submission(documents=(), recipients=(Recipient(number=NUMBER),), poll=Poll())
    job = rig.client.submit(fetch).jobs[0]
    assert refused(winfax.FaxGetPageData(handle, job)) == winfax.ERROR_INVALID_DATA


def test_the_queue_needs_its_rights(
    rig: Rig, handle: ServerHandle, stranger: Stranger, send: Callable[..., int]
) -> None:
    job = send()
    for expression in ("w.FaxEnumJobs(handle)", f"w.FaxGetJob(handle, {job})", f"w.FaxGetPageData(handle, {job})"):
        stranger.may(Right.JOB_QUERY)
        assert stranger.asked(expression)[:2] == (True, 0)
        stranger.may_all_but(Right.JOB_QUERY)
        assert stranger.asked(expression)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
    for expression in (
        f"w.FaxSetJob(handle, {job}, w.JC_PAUSE, None)",
        f"w.FaxSetJob(handle, {job}, w.JC_RESUME, None)",
        f"w.FaxAbort(handle, {job})",
    ):
        stranger.may_all_but(Right.JOB_MANAGE)
        assert stranger.asked(expression)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
        stranger.may(Right.JOB_MANAGE)
        assert stranger.asked(expression)[:2] == (True, 0)
    assert rig.client.job(JobId(job)).state is JobState.CANCELLED
