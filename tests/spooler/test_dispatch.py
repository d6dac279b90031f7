"""The schedule at work in a real daemon: settings act at once, times are kept, jobs that share a call part again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fax.errors import RequestError
from fax.ports import PortChange
from fax.settings import OutboundRule, PortGroup
from fax.types import Job, JobId, JobState, Priority, Recipient, Schedule, ScheduleAction, Submission
from spooler.schedule_types import WaitReason
from tests.spooler.rig import PORT, Rig, wait_for
from tests.spooler.test_ports import dialling, idle


def submit(rig: Rig, *numbers: str, schedule: Schedule | None = None, group: str = "") -> list[JobId]:
    submission = Submission(
        documents=(rig.text(),),
        recipients=tuple(Recipient(number=number) for number in numbers),
        schedule=schedule or Schedule(),
        port_group=group,
    )
    return list(rig.client.submit(submission).jobs)


def waits_for(rig: Rig, job: JobId, reason: WaitReason) -> Job:
    wait_for(lambda: rig.client.job(job).wait == reason.value, f"job {job} waiting for {reason.value}")
    return rig.client.job(job)


def test_the_queue_is_paused_and_goes_on_without_a_restart(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running() as modem:
        idle(rig)
        rig.client.change_configuration({"queue_paused": True})
        (job,) = submit(rig, "5552001")
        assert waits_for(rig, job, WaitReason.QUEUE_PAUSED).reason == "The queue is paused"
        assert modem.dialled == 0
        rig.client.change_configuration({"queue_paused": False})
        rig.until(job, JobState.FAILED)
        assert modem.dialled == 1


def test_a_port_that_may_not_send_is_not_used_until_it_may(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        idle(rig)
        (port,) = rig.client.ports()
        rig.client.change_port(port.id, PortChange(send=False))
        (job,) = submit(rig, "5552001")
        waits_for(rig, job, WaitReason.NO_PORTS)
        rig.client.change_port(port.id, PortChange(send=True))
        rig.until(job, JobState.FAILED)


def test_groups_and_outbound_rules_act_at_once(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        idle(rig)
        before = rig.client.configuration()
        empty = (PortGroup(name="sales", ports=("elsewhere",)),)
        rig.client.set_configuration(replace(before, port_groups=empty))
        (job,) = submit(rig, "5552001", group="sales")
        waits_for(rig, job, WaitReason.NO_SUCH_GROUP)
        nowhere = OutboundRule(country="44", port="elsewhere")
        groups = (PortGroup(name="sales", ports=(PORT,)),)
        rig.client.set_configuration(replace(before, port_groups=groups, outbound_rules=(nowhere,)))
        rig.until(job, JobState.FAILED)
        (abroad,) = submit(rig, "+442012345678")
        assert waits_for(rig, abroad, WaitReason.NO_SUCH_GROUP).reason == "No port that may send belongs to elsewhere"
        rig.client.set_configuration(before)
        rig.until(abroad, JobState.FAILED)


def test_a_job_for_a_later_time_says_so_and_goes_at_that_time(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running() as modem:
        later = datetime.now(UTC) + timedelta(days=1)
        (job,) = submit(rig, "5552001", schedule=Schedule(action=ScheduleAction.AT, at=later))
        assert waits_for(rig, job, WaitReason.SEND_TIME).until == later
        soon = datetime.now(UTC) + timedelta(seconds=2)
        (next_job,) = submit(rig, "5552001", schedule=Schedule(action=ScheduleAction.AT, at=soon))
        call = rig.until(next_job, JobState.FAILED).calls[0]
        assert call.started >= soon
        assert modem.dialled == 1


def test_a_job_for_the_discount_period_waits_for_it_and_goes_when_the_period_is_set_to_be_now(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        now = datetime.now()
        start, stop = now + timedelta(hours=2), now + timedelta(hours=3)
        rig.client.change_configuration({"discount_start": f"{start:%H:%M}:00", "discount_stop": f"{stop:%H:%M}:00"})
        (job,) = submit(rig, "5552001", schedule=Schedule(action=ScheduleAction.DISCOUNT))
        until = waits_for(rig, job, WaitReason.DISCOUNT).until
        assert until is not None and timedelta(hours=1) < until - datetime.now(UTC) < timedelta(hours=3)
        rig.client.change_configuration({"discount_stop": f"{start:%H:%M}:00"})
        rig.until(job, JobState.FAILED)


def test_a_job_whose_time_is_up_fails_with_its_cause_though_no_port_is_there(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False) as rig:
        job: JobId | None = None
        for patience in (2, 20, 120):
            try:
                up = Schedule(give_up_at=datetime.now(UTC) + timedelta(seconds=patience))
                (job,) = submit(rig, "5552001", schedule=up)
                break
            except RequestError as error:
                assert "is past" in error.text, "on a slow machine it may be over by the time it is asked"
        assert job is not None
        failed = rig.until(job, JobState.FAILED)
        assert (failed.cause, failed.reason) == ("given-up", "Given up: its time was up before it could be called")


def test_when_one_fax_of_a_call_is_cancelled_the_others_are_called_again_and_lose_no_try(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in(None).running() as modem:
        first, second, third = submit(rig, "5552001", "5552001", "5552001")
        dialling(rig)
        assert {rig.until(job, JobState.SENDING).attempts for job in (first, second, third)} == {1}
        modem.dial = "BUSY"  # for the next call; this one is silent
        rig.client.cancel(second)
        rig.until(second, JobState.CANCELLED)
        for job in (first, third):
            ended = rig.until(job, JobState.FAILED)
            assert (ended.cause, [call.cause for call in ended.calls]) == ("busy", ["cancelled", "busy"])
            assert ended.tries == 1


def test_a_fax_that_is_held_in_its_call_comes_back_held_and_may_be_resumed_before(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 1", "busy_delay_s = 0") as rig, rig.plug_in(None).running() as modem:
        (job,) = submit(rig, "5552001")
        dialling(rig)
        wait_for(lambda: modem.dialled, "the modem's dialling")
        assert rig.client.hold(job).state is JobState.SENDING
        assert rig.client.resume(job).state is JobState.SENDING
        assert rig.client.hold(job).state is JobState.SENDING
        assert rig.client.hold(job).state is JobState.SENDING
        modem.say("BUSY")
        assert rig.until(job, JobState.HELD).tries == 1
        assert [event.text for event in rig.events(job) if event.kind == "held"][:2] == [
            "To be held when its call has ended"
        ] * 2
        modem.dial = "BUSY"
        rig.client.resume(job)
        assert rig.until(job, JobState.FAILED).tries == 2


@pytest.mark.parametrize("limit", [1])
def test_a_number_has_its_calls_of_the_day_over_a_restart_too(tmp_path: Path, limit: int) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running() as modem:
        rig.client.change_configuration({"number_calls_a_day": limit})
        (job,) = submit(rig, "5552001")
        rig.until(job, JobState.FAILED)
        rig.restart()
        (again,) = submit(rig, "555 2001")
        waiting = waits_for(rig, again, WaitReason.NUMBER_LIMIT)
        assert waiting.until is not None and waiting.until > datetime.now(UTC) + timedelta(hours=23)
        assert modem.dialled == limit


def test_a_call_of_several_faxes_is_adopted_after_the_daemon_was_killed(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in(None).running() as modem:
        jobs = submit(rig, "5552001", "5552001")
        dialling(rig)
        rig.restart()
        assert [rig.until(job, JobState.SENDING).attempts for job in jobs] == [1, 1]
        modem.say("BUSY")
        ended = [rig.until(job, JobState.FAILED) for job in jobs]
        assert [(job.cause, len(job.calls)) for job in ended] == [("busy", 1)] * 2
        assert modem.dialled == 1


def test_the_higher_priority_goes_first_though_it_came_last(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running():
        idle(rig)
        rig.client.change_configuration({"queue_paused": True})
        jobs: list[JobId] = []
        for number, priority in (("5552001", Priority.LOW), ("5552002", Priority.NORMAL), ("5552003", Priority.HIGH)):
            submission = Submission(documents=(rig.text(),), recipients=(Recipient(number=number),), priority=priority)
            jobs += rig.client.submit(submission).jobs
        for job in jobs:
            waits_for(rig, job, WaitReason.QUEUE_PAUSED)
        rig.client.change_configuration({"queue_paused": False})
        started = [rig.until(job, JobState.FAILED).calls[0].started for job in jobs]
        assert started == sorted(started, reverse=True)
