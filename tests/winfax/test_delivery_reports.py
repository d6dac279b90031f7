"""Delivery reports by DeliveryReportType: what the program says counts, and what it does not say is the profile's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import winfax
from fax.book import Profile
from fax.types import JobId, Report, ReportKind
from tests.spooler.rig import Rig
from tests.winfax.sends import letter, params, send
from winfax.handles import ServerHandle

__all__ = ["letter", "send"]
Send = Callable[..., int]


@pytest.fixture(autouse=True)
def profile(rig: Rig) -> Iterator[Profile]:
    """The sender wants reports at an address, one for all recipients."""
    made = Profile(report=Report(kind=ReportKind.EMAIL, address="root@example.org", together=True))
    before = rig.client.profile()
    rig.client.set_profile(made)
    yield made
    rig.client.set_profile(before)


def report_of(rig: Rig, job: int) -> Report:
    return rig.client.job(JobId(job)).report


def test_drt_none_is_no_report_whatever_the_profile_says(rig: Rig, send: Send) -> None:
    assert report_of(rig, send(DeliveryReportType=winfax.DRT_NONE)).kind is ReportKind.NONE


def test_what_the_profile_says_comes_with_faxcompletejobparams(
    rig: Rig, handle: ServerHandle, letter: Path, profile: Profile
) -> None:
    ok, job, _ = winfax.FaxCompleteJobParams()
    assert ok and job is not None
    assert job.DeliveryReportType == winfax.DRT_EMAIL | winfax.DRT_GRP_PARENT
    job.RecipientNumber = "5552001"
    ok, id = winfax.FaxSendDocument(handle, str(letter), job)
    assert ok, winfax.last_error_text()
    assert report_of(rig, id) == profile.report
    with winfax.connect() as server:
        assert report_of(rig, server.send(letter, "5552001")) == profile.report


def test_drt_grp_parent_is_one_report_for_a_broadcast(rig: Rig, handle: ServerHandle, letter: Path) -> None:
    def callback(handle: object, number: int, context: object, job: winfax.FAX_JOB_PARAM, cover: object) -> bool:
        job.RecipientNumber = f"555200{number}"
        job.DeliveryReportType = winfax.DRT_INBOX | winfax.DRT_GRP_PARENT
        return number <= 3

    ok, first = winfax.FaxSendDocumentForBroadcast(handle, str(letter), callback)
    assert ok, winfax.last_error_text()
    about = rig.client.job(JobId(first))
    assert about.report == Report(kind=ReportKind.INBOX, together=True)
    assert len(rig.client.jobs(submission=about.submission)) == 3
    assert winfax.FaxGetJob(handle, first)[1].DeliveryReportType == winfax.DRT_INBOX  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [winfax.DRT_MSGBOX, winfax.DRT_EMAIL | winfax.DRT_ATTACH_FAX, 3, -1, "1", None])
def test_a_kind_of_report_that_there_is_not(
    handle: ServerHandle, letter: Path, refused: Callable[[object], int], kind: Any
) -> None:
    asked = params(DeliveryReportType=kind, DeliveryReportAddress="ann@example.org")
    assert refused(winfax.FaxSendDocument(handle, str(letter), asked)) == winfax.ERROR_INVALID_PARAMETER
