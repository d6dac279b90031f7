"""Ports and calls with a real port process and a modem that ends each call at dialling."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fax.types import CoverPage, JobState, Recipient, Submission
from modem.plan import CallPlan
from tests.spooler.rig import PORT, Rig, wait_for


def port_state(rig: Rig) -> tuple[str, str]:
    (port,) = rig.client.status().ports
    return port.state, port.detail


def idle(rig: Rig) -> None:
    wait_for(lambda: port_state(rig)[0] == "idle", "an idle port")


def dialling(rig: Rig, times: int = 1) -> None:
    assert rig.modem is not None
    modem = rig.modem
    wait_for(lambda: modem.dialled >= times, "dialling")


def test_a_missing_device_is_a_port_that_is_down_and_the_job_says_so_until_it_is_there(rig: Rig) -> None:
    wait_for(
        lambda: (now := port_state(rig)) and now[0] == "down" and str(rig.tty) in now[1], "the port being down for that"
    )
    job = rig.send("5552001")
    rig.until(job.id, JobState.WAITING)
    wait_for(lambda: str(rig.tty) in (rig.client.job(job.id).reason or ""), "the reason")
    assert "No port is ready" in (rig.client.job(job.id).reason or "")
    with rig.plug_in("BUSY").running():
        dialling(rig)


def test_a_busy_number_is_tried_again_and_given_up_with_the_cause(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 2") as rig, rig.plug_in("BUSY").running() as modem:
        job = rig.send("5552001")
        failed = rig.until(job.id, JobState.FAILED)
        assert modem.dialled == failed.attempts == 3
        assert failed.cause == "busy"
        assert failed.reason is not None
        assert failed.reason.endswith("given up after 3 tries")
        assert [call.cause for call in failed.calls] == ["busy"] * 3
        assert all(call.ended is not None and call.port == PORT for call in failed.calls)
        waiting = [event for event in rig.events(job.id) if event.kind == "waiting"]
        assert len(waiting) == 2
        assert all("next try at" in event.text for event in waiting)
        assert [kind for kind in rig.kinds(job.id) if kind != "waiting"] == [
            "accepted",
            "prepared",
            *["initializing", "dialling", "call-ended"] * 3,
            "failed",
        ]


def test_a_job_that_waits_for_its_next_try_says_why_and_until_when(tmp_path: Path) -> None:
    with Rig(tmp_path, "busy_delay_s = 600") as rig, rig.plug_in("BUSY").running():
        job = rig.send("5552001")
        wait_for(lambda: rig.client.job(job.id).cause == "busy", "the first try")
        waiting = rig.client.job(job.id)
        assert waiting.state is JobState.WAITING
        assert waiting.until is not None
        assert (waiting.until - waiting.created).total_seconds() > 590
        assert waiting.reason is not None
        assert "busy" in waiting.reason and "next try" in waiting.reason


def test_a_line_without_dial_tone_costs_no_try_and_the_fax_goes_when_it_is_back(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("NO DIALTONE").running() as modem:
        job = rig.send("5552001")
        wait_for(lambda: modem.dialled >= 2, "another try")
        assert rig.client.job(job.id).cause in ("no-dial-tone", None)
        modem.dial = "NO CARRIER"
        assert rig.until(job.id, JobState.FAILED).cause == "no-carrier"


def test_the_cover_page_is_made_once_and_the_same_in_every_try(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 1") as rig, rig.plug_in("BUSY").running():
        submission = Submission(
            documents=(rig.text(),),
            recipients=(Recipient(number="5552001", name="Bob"),),
            cover=CoverPage(subject="Hi"),
        )
        job = rig.client.submit(submission).jobs[0]
        failed = rig.until(job, JobState.FAILED)
        plans = [CallPlan.load(path) for path in sorted((rig.spool / "calls").glob("*/plan.json"))]
        assert [plan.call for plan in plans] == [call.id for call in failed.calls]
        first, second = (plan.documents[0] for plan in plans)
        assert first == second
        assert [page.number for page in first.pages] == [1, 2]
        assert Path(first.pages[0].file).parent == rig.spool / "covers"
        assert first.header_to == "Bob"
        assert len(list((rig.spool / "covers").iterdir())) == 1
        assert [page.cover for page in failed.pages] == [True, False]


def test_a_cover_page_only_is_a_fax_too(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 0") as rig, rig.plug_in("BUSY").running() as modem:
        submission = Submission(documents=(), recipients=(Recipient(number="5552001"),), cover=CoverPage(note="Hello"))
        failed = rig.until(rig.client.submit(submission).jobs[0], JobState.FAILED)
        assert modem.dialled == 1
        assert [page.cover for page in failed.pages] == [True]


def test_a_call_is_ended_when_its_job_is_cancelled(rig: Rig) -> None:
    with rig.plug_in(None).running():
        job = rig.send("5552001")
        dialling(rig)
        rig.until(job.id, JobState.SENDING)
        wait_for(lambda: port_state(rig)[0] == "sending", "the port's sending")
        assert rig.client.status().ports[0].job == job.id
        cancelled = rig.client.cancel(job.id)
        assert cancelled.state in (JobState.SENDING, JobState.CANCELLED)
        assert rig.until(job.id, JobState.CANCELLED).cause == "cancelled"
        idle(rig)


def test_a_fax_for_a_number_that_is_in_a_call_waits_for_its_end(tmp_path: Path) -> None:
    with Rig(tmp_path, "busy_delay_s = 60") as rig, rig.plug_in(None).running() as modem:
        first = rig.send("5552001")
        dialling(rig)
        second = rig.send("555 2001")
        rig.until(second.id, JobState.WAITING)
        why = "Waits for another fax to the same number"
        wait_for(lambda: rig.client.job(second.id).reason == why, "the reason")
        modem.dial = "BUSY"
        modem.say("BUSY")
        wait_for(lambda: rig.client.job(second.id).attempts == 1, "the second call")
        assert rig.client.job(first.id).attempts == 1


def test_a_port_process_that_is_killed_while_dialling_is_settled_and_replaced(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 1") as rig, rig.plug_in(None).running() as modem:
        job = rig.send("5552001")
        dialling(rig)
        modem.dial = "BUSY"
        rig.kill_port()
        failed = rig.until(job.id, JobState.FAILED)
        assert [call.cause for call in failed.calls] == ["port-died", "busy"]
        idle(rig)


def test_a_port_that_leaves_the_settings_is_ended_and_a_new_device_replaces_its_process(rig: Rig) -> None:
    with rig.plug_in("BUSY").running():
        idle(rig)
        first = rig.port_pid()
        other = rig.folder / "tty2"
        rig.config.write_text(rig.config.read_text().replace(str(rig.tty), str(other)))
        rig.restart()
        wait_for(lambda: rig.port_pid() not in (None, first), "another process")
        rig.config.write_text(rig.config.read_text().replace(f'name = "{PORT}"', 'name = "line2"'))
        rig.restart()
        wait_for(lambda: rig.port_pid() is None, "the end of the process")
        wait_for(lambda: [port.name for port in rig.client.status().ports] == ["line2"], "the new port")


def test_what_the_daemon_hands_over_is_what_the_settings_say(tmp_path: Path) -> None:
    tables = 'ecm = false\nmax_rate_bps = 9600\n[dialling]\ncountry_code = "1"\ntrunk_prefix = "91"\n'
    settings = ('tsid = "+1 555 1000"', 'header_from = "Example"', "retries = 0")
    with Rig(tmp_path, *settings, tables=tables) as rig, rig.plug_in("BUSY").running() as modem:
        rig.until(rig.send("+1 201 555 2001").id, JobState.FAILED)
        assert any(command.startswith("ATD") and command.endswith("912015552001") for command in modem.heard)
        (path,) = (rig.spool / "calls").glob("*/plan.json")
        plan = msgspec.json.decode(path.read_bytes(), type=CallPlan)
        assert (plan.tsid, plan.policy.ecm, plan.policy.max_rate_bps) == ("+1 555 1000", False, 9600)
        assert plan.documents[0].header_from == "Example"
