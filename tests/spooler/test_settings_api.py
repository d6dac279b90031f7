"""Settings and lines over the API of a running daemon: what they do, and who is refused."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fax.client import Client
from fax.errors import Cause
from fax.ports import DeviceState, DeviceStatus, PortChange
from fax.settings import Configuration, LogCategory, LogLevel, LogSetting
from fax.types import JobState, JobType
from modem.journal import Line
from modem.outcome import Cause as End
from modem.port.messages import PortState
from spooler.access import Caller
from spooler.api_ports import status_of
from spooler.port_status import PortNow, Progress, state_after, state_of, went_on
from tests.spooler.rig import PORT, ROOT, Rig, refusal, wait_for


def line(client: Client) -> int:
    return client.ports()[0].id


def test_settings_are_changed_whole_or_one_by_one(shared_rig: Rig) -> None:
    client = shared_rig.client
    first = client.configuration()
    assert first == replace(Configuration(), retry_delay_s=0.2, busy_delay_s=0.2, device_delay_s=0.2)
    assert client.change_configuration({"dirty_days": None, "header_from": "Ann"}).header_from == "Ann"
    assert client.configuration().dirty_days is None
    assert client.set_configuration(first) == first == client.configuration()


def test_a_setting_out_of_range_is_refused_with_its_name(shared_rig: Rig) -> None:
    before = shared_rig.client.configuration()
    error = refusal(lambda: shared_rig.client.change_configuration({"queue_paused": True, "retries": 100}))
    assert (error.cause, error.detail) == (Cause.BAD_SETTING, "retries")
    assert error.text == "retries is not a whole number from 0 to 99: 100"
    assert shared_rig.client.configuration() == before


def test_log_levels_are_set_by_category(shared_rig: Rig) -> None:
    wanted = [LogSetting(category=LogCategory.INBOUND, level=LogLevel.NONE)]
    found = {each.category: each for each in shared_rig.client.set_log_categories(wanted)}
    assert list(found) == list(LogCategory)
    assert found[LogCategory.INBOUND].level is LogLevel.NONE
    assert found[LogCategory.OUTBOUND].level is LogLevel.MED
    assert all(each.name for each in found.values())


def test_settings_and_the_ids_of_lines_survive_a_kill(rig: Rig) -> None:
    rig.client.change_configuration({"tsid": "+1 555 7"})
    rig.client.change_port(line(rig.client), PortChange(rings=5, csid="CSID"))
    before = rig.client.ports()[0]
    rig.restart()
    after = rig.client.ports()[0]
    assert rig.client.configuration().tsid == "+1 555 7"
    assert (after.id, after.name, after.rings, after.csid) == (before.id, PORT, 5, "CSID")


def test_a_line_without_a_modem_is_offline_and_says_why(rig: Rig) -> None:
    wait_for(lambda: rig.client.ports()[0].status.state is DeviceState.OFFLINE, "the line being offline")
    shown = rig.client.port(line(rig.client))
    assert str(rig.tty) in shown.status.detail
    assert shown.status.job_type is None
    assert shown.device == str(rig.tty)


def test_an_unknown_line_is_told(shared_rig: Rig) -> None:
    assert refusal(lambda: shared_rig.client.port(77)).cause is Cause.NO_SUCH_PORT
    assert refusal(lambda: shared_rig.client.lease_port(77)).cause is Cause.NO_SUCH_PORT


def test_a_line_that_is_not_to_send_gets_no_call_until_it_is(tmp_path: Path) -> None:
    with Rig(tmp_path, "busy_delay_s = 600") as rig, rig.plug_in("BUSY").running() as modem:
        rig.client.change_port(line(rig.client), PortChange(send=False))
        job = rig.until(rig.send("5552001").id, JobState.WAITING)
        wait_for(lambda: rig.client.ports()[0].status.state is DeviceState.AVAILABLE, "the modem")
        assert rig.client.job(job.id).attempts == 0
        assert modem.dialled == 0
        rig.client.change_port(line(rig.client), PortChange(send=True))
        wait_for(lambda: rig.client.job(job.id).cause == "busy", "the call")


def test_what_a_line_is_doing_is_shown_with_its_fax(tmp_path: Path) -> None:
    with Rig(tmp_path, 'tsid = "+1 555 1000"') as rig, rig.plug_in(None).running():
        job = rig.send("5552001")
        wait_for(lambda: rig.client.ports()[0].status.state is DeviceState.DIALING, "dialling")
        (shown,) = rig.client.ports()
        now = shown.status
        assert (now.job, now.job_type, now.phone_number) == (job.id, JobType.SEND, "5552001")
        assert (now.tsid, now.user, now.total_pages) == ("+1 555 1000", job.user, 1)
        assert now.submitted == job.created
        assert now.started is not None
        assert now.started >= job.created
        assert now.size == job.octets > 0
        error = refusal(lambda: rig.client.change_port(shown.id, PortChange(rings=3)))
        assert error.cause is Cause.PORT_BUSY
        rig.restart()
        goes_on = (job.id, DeviceState.DIALING)
        wait_for(
            lambda: (now := rig.client.ports()[0].status) and (now.job, now.state) == goes_on, "the call that goes on"
        )
        rig.client.cancel(job.id)
        wait_for(lambda: rig.client.ports()[0].status.state is DeviceState.AVAILABLE, "the end")
        assert rig.client.change_port(shown.id, PortChange(rings=3)).rings == 3


def test_calls_are_counted_by_line_and_by_number(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 1") as rig, rig.plug_in("BUSY").running():
        rig.until(rig.send("5552001").id, JobState.FAILED)
        rig.until(rig.send("5552002").id, JobState.FAILED)
        (port,) = rig.client.port_statistics()
        assert (port.name, port.calls, port.answered, port.pages, port.outcomes) == (PORT, 4, 0, 0, {"busy": 4})
        assert {one.name: one.calls for one in rig.client.number_statistics()} == {"5552001": 2, "5552002": 2}
        assert rig.client.number_statistics("555 2002")[0].outcomes == {"busy": 2}
        assert rig.client.number_statistics("5559")[0].calls == 0
        rig.client.delete(rig.client.jobs()[0].id)
        assert rig.client.port_statistics()[0].calls == 4


def test_a_lease_keeps_everybody_else_from_changing_the_line(rig: Rig) -> None:
    id = line(rig.client)
    with rig.client.lease_port(id) as lease:
        assert rig.client.port(id).leased
        assert refusal(lambda: rig.client.lease_port(id)).cause is Cause.PORT_LEASED
        assert refusal(lambda: rig.client.change_port(id, PortChange(rings=4))).cause is Cause.PORT_LEASED
        assert lease.change(PortChange(rings=6)).rings == 6
    assert not rig.client.port(id).leased, "what was given back is free at once"
    assert refusal(lambda: lease.change(PortChange(rings=7))).cause is Cause.WRONG_STATE
    with rig.client.lease_port(id) as another:
        assert another.change(PortChange(rings=8)).rings == 8


@pytest.mark.parametrize(("change", "name"), [(PortChange(rings=100), "rings"), (PortChange(tsid="ü"), "tsid")])
def test_a_line_refuses_what_is_out_of_range(rig: Rig, change: PortChange, name: str) -> None:
    error = refusal(lambda: rig.client.change_port(line(rig.client), change))
    assert (error.cause, error.detail) == (Cause.BAD_SETTING, name)


def test_a_lease_ends_with_the_life_of_who_holds_it(rig: Rig) -> None:
    id = line(rig.client)
    script = (
        "import sys; from fax.client import Client\n"
        "lease = Client(sys.argv[1]).lease_port(int(sys.argv[2]))\n"
        "print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(rig.socket), str(id)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert refusal(lambda: rig.client.lease_port(id)).cause is Cause.PORT_LEASED
        holder.kill()
    wait_for(lambda: not rig.client.port(id).leased, "the lease's end")
    rig.client.lease_port(id).close()


def test_whose_fax_a_line_sends_is_shown_only_to_who_may_see_it(rig: Rig) -> None:
    job = rig.send(None)
    now = PortNow(
        state=DeviceState.SENDING,
        detail="",
        modem="Modem 1",
        call="7-1",
        job=job.id,
        page=2,
        number="5552001",
        tsid="+1",
    )
    owner = Caller(user=job.user, uid=1, admin=False, backend=False)
    stranger = Caller(user="somebody else", uid=2, admin=False, backend=False)
    assert (status_of(now, job, owner).phone_number, status_of(now, job, owner).job) == ("5552001", job.id)
    seen = status_of(now, job, stranger)
    assert (seen.state, seen.job_type, seen.current_page, seen.modem) == (
        DeviceState.SENDING,
        JobType.SEND,
        2,
        "Modem 1",
    )
    assert replace(seen, current_page=None, job_type=None) == DeviceStatus(state=DeviceState.SENDING, modem="Modem 1")


@pytest.mark.parametrize(
    ("process", "progress", "more", "state"),
    [
        (PortState.STARTING, None, {}, DeviceState.INITIALIZING),
        (PortState.IDLE, None, {}, DeviceState.AVAILABLE),
        (PortState.IDLE, None, {"rings": 1}, DeviceState.RINGING),
        (PortState.RECEIVING, None, {}, DeviceState.RECEIVING),
        (PortState.DOWN, None, {}, DeviceState.OFFLINE),
        (PortState.DOWN, None, {"device_taken": True}, DeviceState.UNAVAILABLE),
        (PortState.IDLE, Progress(), {}, DeviceState.INITIALIZING),
        (PortState.SENDING, Progress(state=DeviceState.DIALING), {}, DeviceState.DIALING),
        (PortState.SENDING, Progress(state=DeviceState.DIALING), {"cancelling": True}, DeviceState.ABORTING),
        (PortState.SENDING, Progress(state=DeviceState.BUSY), {"cancelling": True}, DeviceState.BUSY),
    ],
)
def test_a_line_is_in_one_state(
    process: PortState, progress: Progress | None, more: dict[str, Any], state: DeviceState
) -> None:
    known = {"cancelling": False, "rings": 0, "device_taken": False} | more
    assert state_of(process, progress, **known) is state


def test_a_call_is_followed_by_its_journal() -> None:
    def line_of(kind: str, **fields: object) -> Line:
        return Line(kind, 0.0, dict(fields), False, 0)

    steps = [
        (line_of("begin"), Progress()),
        (line_of("dialling"), Progress(state=DeviceState.DIALING)),
        (line_of("far-end", ident=" +49 1 "), Progress(state=DeviceState.SENDING, far_ident="+49 1")),
        (
            line_of("page-intent", job=3, number=2),
            Progress(state=DeviceState.SENDING, far_ident="+49 1", job=3, page=2),
        ),
    ]
    now = Progress()
    for step, wanted in steps:
        now = went_on(now, [step])
        assert now == wanted
    for cause in End:
        ended = went_on(now, [line_of("end", outcome={"cause": cause.value})])
        assert ended == replace(now, state=state_after(cause.value))


def test_a_modem_that_another_program_has_is_unavailable(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig, rig.plug_in().running():
        wait_for(lambda: rig.client.ports()[0].status.state is DeviceState.AVAILABLE, "the modem")
        rig.kill()
        rig.kill_port()
        with rig.tty.open("rb+", buffering=0) as held:
            fcntl.ioctl(held, termios.TIOCEXCL)
            fcntl.flock(held, fcntl.LOCK_EX)
            rig.start()
            wait_for(
                lambda: rig.client.ports()[0].status.state is DeviceState.UNAVAILABLE, "the other program being told"
            )
