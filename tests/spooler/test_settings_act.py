"""Each setting does what it says, at once: a daemon is changed while it runs, and behaves differently."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, time
from pathlib import Path

import msgspec
import pytest

from codec.nursery import Nursery
from codec.tiff import read_pages
from fax.errors import Cause, ServerError
from fax.incoming import leave
from fax.ports import DeviceState, PortChange
from fax.settings import Configuration
from fax.types import CoverPage, Job, JobId, JobState, Recipient, Schedule, ScheduleAction, Submission
from modem.plan import CallPlan
from spooler import store_jobs
from spooler.access import Caller
from spooler.callers import Callers
from spooler.configuration import Live
from spooler.health import Health
from spooler.incoming import IncomingFolder
from spooler.intake import Intake
from spooler.planning import local_time, tsid_for
from spooler.profiles import Profiles
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store
from tests.spooler.rig import Rig, refusal, wait_for

NUMBER = "5552001"


def plan(rig: Rig, job: Job, attempt: int = 1) -> CallPlan:
    """The plan of the job's call."""
    file = rig.spool / "calls" / f"{job.id}-{attempt}" / "plan.json"
    wait_for(file.exists, "the plan")
    return CallPlan.load(file)


def pause_s(rig: Rig, job: JobId, cause: str) -> float:
    """How long the job waits after its first call, which ended so."""
    wait_for(lambda: rig.client.job(job).cause == cause, cause)
    found = rig.client.job(job)
    with closing(rig.database()) as database:
        ((pause,),) = database.execute("SELECT pause_s FROM jobs WHERE id = ?", (job,))
    assert found.until is not None and found.calls[0].ended is not None
    assert (found.until - found.calls[0].ended).total_seconds() >= pause
    return float(pause)


@pytest.mark.parametrize(
    ("answer", "setting", "cause"),
    [
        ("BUSY", "busy_delay_s", "busy"),
        ("NO CARRIER", "retry_delay_s", "no-carrier"),
        ("NO DIALTONE", "device_delay_s", "no-dial-tone"),
    ],
)
def test_each_kind_of_failure_has_its_own_pause(tmp_path: Path, answer: str, setting: str, cause: str) -> None:
    with Rig(tmp_path) as rig, rig.plug_in(answer).running():
        others = dict.fromkeys(("busy_delay_s", "retry_delay_s", "device_delay_s"), 900)
        rig.client.change_configuration(others | {setting: 300})
        assert pause_s(rig, rig.send(NUMBER).id, cause) == 300


def test_the_number_of_tries_can_be_lowered_while_a_fax_waits(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 99", "busy_delay_s = 1") as rig, rig.plug_in("BUSY").running():
        job = rig.send(NUMBER)
        wait_for(lambda: rig.client.job(job.id).attempts > 0, "the first call")
        rig.client.change_configuration({"retries": 0})
        assert rig.until(job.id, JobState.FAILED).cause == "busy"


def test_header_line_and_identifier_of_the_next_call_follow_the_settings(tmp_path: Path) -> None:
    with Rig(tmp_path, "busy_delay_s = 600", 'tsid = "+1 555 1"') as rig, rig.plug_in("BUSY").running():
        first = plan(rig, rig.send("5552001"))
        assert first.policy.header_line and not first.policy.header_over
        assert (first.tsid, first.documents[0].header_from) == ("+1 555 1", "")
        rig.client.change_configuration({"header_place": "over", "header_from": "Clinic", "tsid": "+1 555 2"})
        second = plan(rig, rig.send("5552002"))
        assert second.policy.header_line and second.policy.header_over
        assert (second.tsid, second.documents[0].header_from) == ("+1 555 2", "Clinic")
        wait_for(lambda: not rig.client.ports()[0].status.call, "the line")
        rig.client.change_port(rig.client.ports()[0].id, PortChange(tsid="+1 555 3"))
        rig.client.change_configuration({"branding": False})
        third = plan(rig, rig.send("5552003"))
        assert not third.policy.header_line
        assert third.tsid == "+1 555 3"


@pytest.mark.parametrize(
    ("job", "port", "first", "expected"),
    [
        ("JOB", "PORT", False, "JOB"),
        ("JOB", "PORT", True, "PORT"),
        ("JOB", "", True, "JOB"),
        ("", "PORT", False, "PORT"),
        ("", "", True, "SERVER"),
    ],
)
def test_whose_identifier_counts(job: str, port: str, first: bool, expected: str) -> None:
    assert tsid_for(job, port, Configuration(tsid="SERVER", use_device_tsid=first)) == expected


def test_the_header_line_has_the_time_of_its_zone() -> None:
    at = datetime(2030, 7, 1, 22, 30, tzinfo=UTC)
    assert local_time(at, Configuration(header_zone="Asia/Kolkata")) == "2030-07-02 04:00"
    assert local_time(at, Configuration(header_zone="America/New_York")) == "2030-07-01 18:30"
    assert local_time(at, Configuration()) == f"{at.astimezone():%Y-%m-%d %H:%M}"


def test_a_blocked_queue_takes_nothing_until_it_is_not(rig: Rig) -> None:
    submission = Submission(documents=(rig.text(),), recipients=(Recipient(),))
    rig.client.change_configuration({"queue_blocked": True})
    error = refusal(lambda: rig.client.submit(submission))
    assert (error.cause, type(error)) == (Cause.QUEUE_BLOCKED, ServerError)
    assert rig.client.jobs() == []
    rig.client.change_configuration({"queue_blocked": False})
    assert rig.client.submit(submission).jobs


def test_what_doors_left_while_the_queue_is_blocked_waits_where_it_is(tmp_path: Path) -> None:
    settings, spool = Settings(spool=tmp_path / "spool"), Spool(tmp_path / "spool")
    spool.root.mkdir()
    spool.prepare(None)
    letter = tmp_path / "letter.txt"
    letter.write_text("A letter.\n")
    left = leave(spool.incoming, Submission(documents=(), recipients=(Recipient(),)), [letter], key="k", user="root")
    with closing(Store(spool.database)) as store:
        live = Live(store, settings)
        callers = Callers(store, settings.users, os.geteuid())
        incoming = IncomingFolder(
            store,
            spool,
            callers,
            Intake(store, spool, settings, Nursery(), Health(spool, live)),
            settings.dialling,
            live,
            Profiles(store),
        )

        def block(blocked: bool) -> None:
            said = msgspec.Raw(msgspec.json.encode(blocked))
            asyncio.run(live.change({"queue_blocked": said}, Caller(user="root", uid=0, admin=True, backend=False)))

        def there() -> int:
            return sum(store.call(store_jobs.counts).values())

        block(True)
        incoming.take_in()
        assert (left.exists(), there()) == (True, 0)
        block(False)
        incoming.take_in()
        assert (left.exists(), there()) == (False, 1)


@pytest.mark.parametrize(("limit", "wanted", "good"), [(2, 2, True), (2, 3, False), (0, 30, True)])
def test_a_submission_has_at_most_so_many_recipients(shared_rig: Rig, limit: int, wanted: int, good: bool) -> None:
    shared_rig.client.change_configuration({"recipients_limit": limit})
    numbers = tuple(Recipient(number=f"555{n:04}") for n in range(wanted))
    submission = Submission(documents=(shared_rig.text(),), recipients=numbers, hold=True)
    if good:
        assert len(shared_rig.client.submit(submission).jobs) == wanted
    else:
        error = refusal(lambda: shared_rig.client.submit(submission))
        assert (error.cause, "at most 2 recipients" in error.text) == (Cause.RECIPIENTS_LIMIT, True)
    shared_rig.client.change_configuration({"recipients_limit": 0})


def test_cover_pages_are_drawn_for_the_paper_that_is_set(tmp_path: Path) -> None:
    def cover_rows(rig: Rig, number: str) -> int:
        job = rig.client.submit(
            Submission(documents=(), recipients=(Recipient(number=number),), cover=CoverPage(subject="Hello"))
        ).jobs[0]
        wait_for(lambda: rig.client.job(job).attempts, "its call")
        out = tmp_path / f"{job}.tif"
        rig.client.pages(job, out)
        return read_pages(out)[0].rows

    with Rig(tmp_path, "busy_delay_s = 600") as rig, rig.plug_in("BUSY").running():
        a4 = cover_rows(rig, "5552001")
        rig.client.change_configuration({"paper": "letter"})
        letter = cover_rows(rig, "5552002")
    assert a4 == pytest.approx(297 / 25.4 * 196, rel=0.01)
    assert letter == pytest.approx(11 * 196, rel=0.01)


def _age(rig: Rig, sql: str) -> None:
    with closing(sqlite3.connect(rig.spool / "platen.db", timeout=30)) as database:
        database.execute(sql)
        database.commit()


@pytest.mark.parametrize(
    ("state", "setting", "other"),
    [("done", "sent_keep_days", "dirty_days"), ("failed", "dirty_days", "sent_keep_days")],
)
def test_faxes_that_have_ended_go_after_so_many_days(rig: Rig, state: str, setting: str, other: str) -> None:
    job = rig.send(None)
    rig.client.cancel(job.id)
    two_days_us = 2 * 86400 * 1_000_000
    rig.client.change_configuration({setting: None, other: 1})
    rig.kill()
    _age(rig, f"UPDATE jobs SET state = '{state}', ended = ended - {two_days_us}")
    rig.start()
    marker = rig.send(None)
    rig.client.cancel(marker.id)
    assert [one.id for one in rig.client.jobs()] == [job.id, marker.id]
    rig.client.change_configuration({setting: 1})
    rig.restart()
    wait_for(lambda: [one.id for one in rig.client.jobs()] == [marker.id], "tidying")


def test_a_paused_queue_takes_faxes_in_and_calls_nobody_until_it_goes_on(tmp_path: Path) -> None:
    with Rig(tmp_path, "busy_delay_s = 600") as rig, rig.plug_in("BUSY").running() as modem:
        rig.client.change_configuration({"queue_paused": True})
        wait_for(lambda: rig.client.ports()[0].status.state is DeviceState.AVAILABLE, "the line")
        job = rig.until(rig.send(NUMBER).id, JobState.WAITING)
        wait_for(lambda: "paused" in (rig.client.job(job.id).reason or ""), "the reason")
        assert (rig.client.job(job.id).attempts, modem.dialled) == (0, 0)
        rig.client.change_configuration({"queue_paused": False})
        wait_for(lambda: rig.client.job(job.id).cause == "busy", "the call")


def test_the_discount_period_can_be_moved_to_a_fax_that_waits_for_it(tmp_path: Path) -> None:
    with Rig(tmp_path, "busy_delay_s = 600") as rig, rig.plug_in("BUSY").running() as modem:
        hour = datetime.now().astimezone().hour
        start, stop = time((hour + 10) % 24), time((hour + 12) % 24)
        rig.client.change_configuration({"discount_start": start, "discount_stop": stop})
        submission = Submission(
            documents=(rig.text(),),
            recipients=(Recipient(number=NUMBER),),
            schedule=Schedule(action=ScheduleAction.DISCOUNT),
        )
        job = rig.client.submit(submission).jobs[0]
        rig.until(job, JobState.WAITING)
        wait_for(lambda: rig.client.ports()[0].status.state is DeviceState.AVAILABLE, "the line")
        wait_for(lambda: rig.client.job(job).until, "its time")
        assert modem.dialled == 0
        rig.client.change_configuration({"discount_stop": start})
        wait_for(lambda: rig.client.job(job).cause == "busy", "the call")
