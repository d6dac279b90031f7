"""The server's settings and its log: read, set, refused, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import winfax
from fax.access import Right
from fax.settings import Configuration
from fax.types import JobId
from tests.spooler.rig import Rig, wait_for
from tests.winfax.conftest import Stranger
from winfax.handles import ServerHandle

Refused = Callable[[object], int]
DOCUMENT = "A letter.\n"


@pytest.fixture
def settings(rig: Rig, handle: ServerHandle) -> Iterator[winfax.FAX_CONFIGURATION]:
    """The settings in force, which are so again afterwards."""
    before = rig.client.configuration()
    ok, found = winfax.FaxGetConfiguration(handle)
    assert ok and found is not None
    yield found
    rig.client.set_configuration(before)


def test_settings_that_were_got_and_set_again_change_nothing(
    rig: Rig, handle: ServerHandle, settings: winfax.FAX_CONFIGURATION
) -> None:
    rig.client.change_configuration({"retry_delay_s": 90.5, "tsid": "123", "dirty_days": None, "recipients_limit": 7})
    before = rig.client.configuration()
    _, found = winfax.FaxGetConfiguration(handle)
    assert found is not None and (found.RetryDelay, found.DirtyDays) == (2, winfax.DIRTY_DAYS_NEVER)
    assert winfax.FaxSetConfiguration(handle, found)
    assert rig.client.configuration() == before


def test_every_member_stands_for_a_setting_of_the_server(
    rig: Rig, handle: ServerHandle, settings: winfax.FAX_CONFIGURATION, tmp_path: Path
) -> None:
    wanted = winfax.FAX_CONFIGURATION(
        Retries=7,
        RetryDelay=4,
        DirtyDays=1,
        Branding=False,
        UseDeviceTsid=True,
        ServerCp=True,
        PauseServerQueue=True,
        StartCheapTime=winfax.FAX_TIME(21, 5),
        StopCheapTime=winfax.FAX_TIME(6, 55),
        ArchiveOutgoingFaxes=True,
        ArchiveDirectory=str(tmp_path),
        Reserved="a profile",
    )
    assert winfax.FaxSetConfiguration(handle, wanted)
    assert winfax.FaxGetConfiguration(handle) == (True, wanted)
    now = rig.client.configuration()
    assert (now.retries, now.retry_delay_s, now.dirty_days, now.branding) == (7, 240.0, 1, False)
    assert now.busy_delay_s == 240.0
    assert (now.use_device_tsid, now.server_cover_only, now.queue_paused) == (True, True, True)
    assert (now.archive_outgoing, now.archive_folder, now.inbound_profile) == (True, str(tmp_path), "a profile")
    assert f"{now.discount_start:%H:%M}-{now.discount_stop:%H:%M}" == "21:05-06:55"


def test_an_archive_that_is_off_keeps_its_folder(
    rig: Rig, handle: ServerHandle, settings: winfax.FAX_CONFIGURATION, tmp_path: Path
) -> None:
    rig.client.change_configuration({"archive_folder": str(tmp_path)})
    settings.ArchiveDirectory = None
    assert winfax.FaxSetConfiguration(handle, settings)
    assert rig.client.configuration().archive_folder == str(tmp_path)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("SizeOfStruct", 0),
        ("SizeOfStruct", winfax.FAX_CONFIGURATION.SizeOfStruct + 1),
        ("Retries", 100),
        ("Retries", -1),
        ("Retries", "three"),
        ("RetryDelay", -1),
        ("RetryDelay", None),
        ("DirtyDays", 0),
        ("StartCheapTime", winfax.FAX_TIME(24, 0)),
        ("StopCheapTime", winfax.FAX_TIME(0, 60)),
    ],
)
def test_a_value_that_cannot_be_is_a_bad_parameter(
    rig: Rig,
    handle: ServerHandle,
    settings: winfax.FAX_CONFIGURATION,
    refused: Refused,
    member: str,
    value: Any,
) -> None:
    before = rig.client.configuration()
    setattr(settings, member, value)
    assert refused(winfax.FaxSetConfiguration(handle, settings)) == winfax.ERROR_INVALID_PARAMETER
    assert rig.client.configuration() == before


def test_an_archive_that_cannot_be_written_to_is_a_bad_parameter(
    rig: Rig, handle: ServerHandle, settings: winfax.FAX_CONFIGURATION, refused: Refused
) -> None:
    settings.ArchiveOutgoingFaxes = True
    for folder in (None, "", "relative", "/no/such/folder"):
        settings.ArchiveDirectory = folder
        assert refused(winfax.FaxSetConfiguration(handle, settings)) == winfax.ERROR_INVALID_PARAMETER


def test_null_is_a_bad_parameter(rig: Rig, handle: ServerHandle, refused: Refused) -> None:
    assert refused(winfax.FaxSetConfiguration(handle, None)) == winfax.ERROR_INVALID_PARAMETER
    assert refused(winfax.FaxSetConfiguration(None, winfax.FAX_CONFIGURATION())) == winfax.ERROR_INVALID_PARAMETER
    wrong: Any = winfax.FAX_PORT_INFO()
    assert refused(winfax.FaxSetConfiguration(handle, wrong)) == winfax.ERROR_INVALID_PARAMETER


def test_the_settings_need_their_rights(rig: Rig, stranger: Stranger) -> None:
    before = rig.client.configuration()
    stranger.may(Right.CONFIG_QUERY)
    assert stranger.asked("w.FaxGetConfiguration(handle)")[:2] == (True, 0)
    change = "w.FaxSetConfiguration(handle, w.FAX_CONFIGURATION(Retries=1, DirtyDays=1))"
    stranger.may_all_but(Right.CONFIG_QUERY)
    assert stranger.asked("w.FaxGetConfiguration(handle)")[:2] == (False, winfax.ERROR_ACCESS_DENIED)
    stranger.may_all_but(Right.CONFIG_SET)
    assert stranger.asked(change)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
    assert rig.client.configuration() == before
    stranger.may(Right.CONFIG_SET)
    assert stranger.asked(change)[:2] == (True, 0)
    assert rig.client.configuration().retries == 1
    rig.client.set_configuration(before)


def sent(handle: ServerHandle, folder: Path, action: int = winfax.JSA_NOW) -> int:
    file = folder / "letter.txt"
    file.write_text(DOCUMENT)
    ok, job = winfax.FaxSendDocument(
        handle, str(file), winfax.FAX_JOB_PARAM(RecipientNumber="5552001", ScheduleAction=action)
    )
    assert ok, winfax.last_error_text()
    return job


def waits_for(rig: Rig, job: int, *what: str) -> None:
    wait_for(lambda: rig.client.job(JobId(job)).wait in what, f"job {job} waiting for {what}")


def test_a_queue_that_is_paused_holds_everything_back(
    rig: Rig, handle: ServerHandle, settings: winfax.FAX_CONFIGURATION, tmp_path: Path
) -> None:
    settings.PauseServerQueue = True
    assert winfax.FaxSetConfiguration(handle, settings)
    job = sent(handle, tmp_path)
    waits_for(rig, job, "queue-paused")
    _, entry = winfax.FaxGetJob(handle, job)
    assert entry is not None and entry.QueueStatus == winfax.JS_PENDING
    settings.PauseServerQueue = False
    assert winfax.FaxSetConfiguration(handle, settings)
    waits_for(rig, job, "ports-down")
    _, entry = winfax.FaxGetJob(handle, job)
    assert entry is not None and entry.QueueStatus == winfax.JS_NOLINE
    winfax.FaxAbort(handle, job)


def test_the_discount_period_holds_jobs_back_and_lets_them_go(
    rig: Rig, handle: ServerHandle, settings: winfax.FAX_CONFIGURATION, tmp_path: Path
) -> None:
    # Half a day on, so that no clock of a test comes near it.
    begins = datetime.now() + timedelta(hours=12)
    settings.StartCheapTime = winfax.FAX_TIME(begins.hour, 0)
    settings.StopCheapTime = winfax.FAX_TIME((begins.hour + 1) % 24, 0)
    assert winfax.FaxSetConfiguration(handle, settings)
    job, other = sent(handle, tmp_path, winfax.JSA_DISCOUNT_PERIOD), sent(handle, tmp_path)
    waits_for(rig, job, "discount-period")
    waits_for(rig, other, "ports-down")
    settings.StopCheapTime = settings.StartCheapTime
    assert winfax.FaxSetConfiguration(handle, settings)
    waits_for(rig, job, "ports-down", "number-in-call")
    for each in (job, other):
        winfax.FaxAbort(handle, each)


def test_only_the_server_s_cover_pages_when_it_says_so(
    rig: Rig, handle: ServerHandle, settings: winfax.FAX_CONFIGURATION, tmp_path: Path, refused: Refused
) -> None:
    file, own = tmp_path / "letter.txt", tmp_path / "own.cov"
    file.write_text(DOCUMENT)
    own.write_text('[[block]]\nkind = "text"\ntext = "For {recipient.name}"\n')
    params = winfax.FAX_JOB_PARAM(RecipientNumber="5552001")
    personal = winfax.FAX_COVERPAGE_INFO(CoverPageName=str(own), RecName="Ann")
    ok, job = winfax.FaxSendDocument(handle, str(file), params, personal)
    assert ok
    winfax.FaxAbort(handle, job)
    settings.ServerCp = True
    assert winfax.FaxSetConfiguration(handle, settings)
    assert refused(winfax.FaxSendDocument(handle, str(file), params, personal)) == winfax.ERROR_ACCESS_DENIED
    common = winfax.FAX_COVERPAGE_INFO(CoverPageName="default.cov", UseServerCoverPage=True, RecName="Ann")
    ok, job = winfax.FaxSendDocument(handle, str(file), params, common)
    assert ok
    winfax.FaxAbort(handle, job)


def test_the_log_says_as_much_as_is_asked_for(rig: Rig, handle: ServerHandle) -> None:
    ok, categories, count = winfax.FaxGetLoggingCategories(handle)
    assert ok and categories is not None and count == len(categories) == 4
    assert [each.Category for each in categories] == [1, 2, 3, 4] and all(each.Name for each in categories)
    before = [(each.Category, each.Level) for each in categories]

    def set_all(level: int) -> None:
        wanted = [winfax.FAX_LOG_CATEGORY(Category=number, Level=level) for number in range(1, 5)]
        assert winfax.FaxSetLoggingCategories(handle, wanted, 4)
        _, found, _ = winfax.FaxGetLoggingCategories(handle)
        assert found is not None and [each.Level for each in found] == [level] * 4

    def lines() -> int:
        """Lines of the log once it has said what there is to say of a fax that is taken in and prepared."""
        job = rig.send("5552001", hold=True)
        wait_for(lambda: rig.client.job(job.id).pages_total, "preparation")
        rig.client.delete(rig.client.cancel(job.id).id)
        return len(rig.log.read_text().splitlines())

    set_all(winfax.FAXLOG_LEVEL_NONE)
    quiet = lines()
    assert lines() == quiet
    set_all(winfax.FAXLOG_LEVEL_MAX)
    wait_for(lambda: lines() > quiet, "a line of the log")
    assert winfax.FaxSetLoggingCategories(
        handle, [winfax.FAX_LOG_CATEGORY(Category=category, Level=level) for category, level in before], 4
    )


def test_so_many_categories_as_are_said_are_set(rig: Rig, handle: ServerHandle) -> None:
    wanted = [winfax.FAX_LOG_CATEGORY(Category=2, Level=3), winfax.FAX_LOG_CATEGORY(Category=3, Level=3)]
    _, before, _ = winfax.FaxGetLoggingCategories(handle)
    assert before is not None
    assert winfax.FaxSetLoggingCategories(handle, wanted, 1)
    _, after, _ = winfax.FaxGetLoggingCategories(handle)
    assert after is not None and after[1].Level == 3 and after[2] == before[2]
    assert winfax.FaxSetLoggingCategories(handle, before, 4)


def test_what_is_no_category_is_a_bad_parameter(rig: Rig, handle: ServerHandle, refused: Refused) -> None:
    good = winfax.FAX_LOG_CATEGORY(Category=1, Level=1)
    bad: Any
    for bad in (
        (handle, None, 1),
        (handle, [good], 0),
        (handle, [good], 2),
        (handle, [winfax.FAX_LOG_CATEGORY(Category=5, Level=1)], 1),
        (handle, [winfax.FAX_LOG_CATEGORY(Category=1, Level=4)], 1),
        (handle, ["init"], 1),
        (None, [good], 1),
    ):
        assert refused(winfax.FaxSetLoggingCategories(*bad)) == winfax.ERROR_INVALID_PARAMETER


def test_the_log_s_levels_need_their_rights(rig: Rig, stranger: Stranger) -> None:
    read = "w.FaxGetLoggingCategories(handle)"
    change = "w.FaxSetLoggingCategories(handle, [w.FAX_LOG_CATEGORY(Category=1, Level=3)], 1)"
    stranger.may(Right.CONFIG_QUERY)
    assert stranger.asked(read)[:2] == (True, 0)
    stranger.may_all_but(Right.CONFIG_QUERY)
    assert stranger.asked(read)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
    stranger.may_all_but(Right.CONFIG_SET)
    assert stranger.asked(change)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
    stranger.may(Right.CONFIG_SET)
    assert stranger.asked(change)[:2] == (True, 0)


def test_the_defaults_of_a_fresh_server_are_those_that_windows_had() -> None:
    fresh = Configuration()
    assert (fresh.retries, fresh.retry_delay_s, fresh.dirty_days) == (3, 600.0, 30)
    assert fresh.branding and not (fresh.use_device_tsid or fresh.server_cover_only or fresh.queue_paused)
