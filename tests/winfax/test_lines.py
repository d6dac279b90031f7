"""Ports: listed, opened, read, changed; and what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import winfax
from fax.access import Right
from fax.ports import DeviceState, DeviceStatus, PortChange, PortInfo
from fax.types import JobState
from tests.modem.port.scripted import ScriptedModem
from tests.spooler.rig import Rig, wait_for
from tests.winfax.conftest import Stranger, served
from winfax.handles import PortHandle, ServerHandle
from winfax.ports import shown

Refused = Callable[[object], int]
QUERY, MODIFY = winfax.PORT_OPEN_QUERY, winfax.PORT_OPEN_MODIFY
FOLDER = winfax.MS_FAXROUTE_FOLDER_GUID


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Two lines: line1 with a modem that finds every number busy, line2 without one."""
    other = '[[port]]\nname = "line2"\ndevice = "/nowhere/tty"\n'
    with served("retries = 0", tables=other) as running, running.plug_in("BUSY").running():
        wait_for(lambda: state(running) is DeviceState.AVAILABLE, "the modem")
        yield running


def state(rig: Rig) -> DeviceState:
    return rig.client.port(line(rig)).status.state


def settings_of(rig: Rig) -> PortInfo:
    """What is set of line1, whatever it does at the moment."""
    return replace(rig.client.port(line(rig)), status=DeviceStatus(state=DeviceState.AVAILABLE))


def line(rig: Rig, name: str = "line1") -> int:
    return next(port.id for port in rig.client.ports() if port.name == name)


@pytest.fixture
def opened(rig: Rig, handle: ServerHandle) -> Iterator[Callable[..., PortHandle]]:
    """Opens ports, which are closed, and as they were before, afterwards."""
    before = rig.client.ports()
    made: list[PortHandle] = []

    def act(flags: int = QUERY, name: str = "line1") -> PortHandle:
        ok, port = winfax.FaxOpenPort(handle, line(rig, name), flags)
        assert ok and port is not None, winfax.last_error_text()
        made.append(port)
        return port

    yield act
    for port in made:
        port.close()
    for was in before:
        rig.client.change_port(
            was.id,
            PortChange(
                send=was.send, receive=was.receive, rings=was.rings, priority=was.priority, tsid=was.tsid, csid=was.csid
            ),
        )


def info_of(port: PortHandle) -> winfax.FAX_PORT_INFO:
    ok, info = winfax.FaxGetPort(port)
    assert ok and info is not None, winfax.last_error_text()
    return info


def test_every_port_is_listed_by_its_priority(rig: Rig, handle: ServerHandle) -> None:
    states = winfax.FPS_AVAILABLE, winfax.FPS_OFFLINE
    wait_for(lambda: tuple(port.State for port in winfax.FaxEnumPorts(handle)[1] or ()) == states, "the lines' states")
    ok, ports, count = winfax.FaxEnumPorts(handle)
    assert ok and ports is not None and count == len(ports) == 2
    assert [(port.DeviceName, port.Priority) for port in ports] == [("line1", 1), ("line2", 2)]
    first = ports[0]
    assert first.DeviceId == line(rig) and first.Rings == 2 and first.Flags == winfax.FPF_SEND
    assert first.SizeOfStruct == winfax.sizeof(winfax.FAX_PORT_INFO)


def test_a_service_provider_s_device_is_told_as_a_virtual_one() -> None:
    about = PortInfo(
        id=7,
        name="virtual0",
        device="provider:tests#1",
        send=True,
        receive=True,
        rings=1,
        priority=3,
        tsid="",
        csid="",
        status=DeviceStatus(state=DeviceState.AVAILABLE),
    )
    both = winfax.FPF_SEND | winfax.FPF_RECEIVE
    assert [shown(replace(about, virtual=each)).Flags for each in (True, False)] == [both | winfax.FPF_VIRTUAL, both]


@pytest.mark.parametrize("id", [0, -1, 999, 1 << 31, 1 << 40])
def test_a_device_that_there_is_not(handle: ServerHandle, refused: Refused, id: int) -> None:
    assert refused(winfax.FaxOpenPort(handle, id, QUERY)) == winfax.ERROR_BAD_UNIT


@pytest.mark.parametrize("flags", [0, 4, -1, None])
def test_a_port_is_opened_to_read_or_to_change_and_in_no_other_way(
    rig: Rig, handle: ServerHandle, refused: Refused, flags: Any
) -> None:
    assert refused(winfax.FaxOpenPort(handle, line(rig), flags)) == winfax.ERROR_INVALID_PARAMETER


def test_many_may_read_a_port_and_one_may_change_it(
    rig: Rig, handle: ServerHandle, opened: Callable[..., PortHandle], refused: Refused
) -> None:
    first, second, modify = opened(), opened(), opened(MODIFY)
    assert refused(winfax.FaxOpenPort(handle, line(rig), MODIFY)) == winfax.ERROR_INVALID_HANDLE
    assert refused(winfax.FaxOpenPort(handle, line(rig), MODIFY | QUERY)) == winfax.ERROR_INVALID_HANDLE
    third, other = opened(), opened(MODIFY, "line2")
    for port in (first, second, third, modify):
        assert info_of(port).DeviceName == "line1"
    assert info_of(other).DeviceName == "line2"
    assert winfax.FaxClose(modify)
    assert winfax.FaxSetPort(opened(MODIFY | QUERY), info_of(first)), "as soon as it is closed"


def test_what_is_set_of_a_port_is_set_and_the_rest_is_not_looked_at(
    rig: Rig, opened: Callable[..., PortHandle]
) -> None:
    port = opened(MODIFY)
    info = info_of(port)
    info.Flags, info.Rings, info.Tsid, info.Csid = winfax.FPF_RECEIVE | winfax.FPF_VIRTUAL, 5, "+49 1", "+49 2"
    info.DeviceId, info.DeviceName, info.State = 99, "other", winfax.FPS_BUSY
    assert winfax.FaxSetPort(port, info), winfax.last_error_text()
    now = rig.client.port(line(rig))
    assert (now.name, now.send, now.receive, now.rings, now.tsid, now.csid) == (
        "line1",
        False,
        True,
        5,
        "+49 1",
        "+49 2",
    )
    info.Rings = 0
    assert winfax.FaxSetPort(port, info) and info_of(port).Rings == 1, "no ring at all is one"
    info.Flags, info.Rings = winfax.FPF_SEND, 1000
    assert winfax.FaxSetPort(port, info) and info_of(port).Rings == 1, "a port that is not to answer has no rings"


def test_a_new_rank_shifts_the_others(rig: Rig, opened: Callable[..., PortHandle]) -> None:
    port = opened(MODIFY, "line2")
    info = info_of(port)
    info.Priority = 1
    assert winfax.FaxSetPort(port, info)
    assert [each.name for each in rig.client.ports()] == ["line2", "line1"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("SizeOfStruct", 0),
        ("Rings", 100),
        ("Priority", 0),
        ("Priority", 3),
        ("Priority", None),
        ("Tsid", "x" * 21),
        ("Csid", "Köln"),
    ],
)
def test_a_value_that_a_port_cannot_have(
    rig: Rig, opened: Callable[..., PortHandle], refused: Refused, member: str, value: Any
) -> None:
    port = opened(MODIFY)
    info = info_of(port)
    info.Flags |= winfax.FPF_RECEIVE
    setattr(info, member, value)
    before = settings_of(rig)
    assert refused(winfax.FaxSetPort(port, info)) == winfax.ERROR_INVALID_PARAMETER
    assert settings_of(rig) == before


def test_what_was_opened_to_read_does_not_change(opened: Callable[..., PortHandle], refused: Refused) -> None:
    port = opened()
    assert refused(winfax.FaxSetPort(port, info_of(port))) == winfax.ERROR_ACCESS_DENIED


def test_handles_of_the_wrong_kind(handle: ServerHandle, opened: Callable[..., PortHandle], refused: Refused) -> None:
    port, info = opened(MODIFY), winfax.FAX_PORT_INFO()
    assert refused(winfax.FaxSetPort(handle, info)) == winfax.ERROR_INVALID_DATA
    assert refused(winfax.FaxEnumPorts(port)) == winfax.ERROR_INVALID_HANDLE
    assert refused(winfax.FaxSetPort(port, None)) == winfax.ERROR_INVALID_PARAMETER
    port.close()
    assert refused(winfax.FaxSetPort(port, info)) == winfax.ERROR_INVALID_HANDLE
    of_port: tuple[Callable[[Any], object], ...] = (
        winfax.FaxGetPort,
        winfax.FaxGetDeviceStatus,
        winfax.FaxEnumRoutingMethods,
        lambda port: winfax.FaxGetRoutingInfo(port, FOLDER),
        lambda port: winfax.FaxSetRoutingInfo(port, FOLDER, b"", 0),
        lambda port: winfax.FaxEnableRoutingMethod(port, FOLDER, True),
    )
    for use in of_port:
        assert refused(use(port)) == winfax.ERROR_INVALID_HANDLE
        assert refused(use(handle)) == winfax.ERROR_INVALID_HANDLE
        assert refused(use(None)) == winfax.ERROR_INVALID_PARAMETER
    assert refused(winfax.FaxSetPort(None, info)) == winfax.ERROR_INVALID_PARAMETER


def test_a_handle_that_may_change_is_worth_nothing_after_the_daemon_s_end(tmp_path: Path, refused: Refused) -> None:
    with served(port=True) as rig:
        _, server = winfax.FaxConnectFaxServer()
        ok, port = winfax.FaxOpenPort(server, line(rig), MODIFY)
        assert ok and port is not None
        info = info_of(port)
        rig.restart()
        assert refused(winfax.FaxSetPort(port, info)) == winfax.ERROR_INVALID_HANDLE
        assert info_of(port).DeviceName == info.DeviceName, "to read, it still serves"
        assert winfax.FaxClose(port)
        assert winfax.FaxOpenPort(server, line(rig), MODIFY)[0]


def test_an_idle_device_says_that_it_is_idle(rig: Rig, opened: Callable[..., PortHandle]) -> None:
    wait_for(lambda: state(rig) is DeviceState.AVAILABLE, "the modem")
    ok, status = winfax.FaxGetDeviceStatus(opened())
    assert ok and status is not None
    assert (status.Status, status.JobType, status.DeviceName) == (winfax.FPS_AVAILABLE, winfax.JT_UNKNOWN, "line1")
    assert (status.PhoneNumber, status.CurrentPage, status.StatusString) == (None, 0, None)
    assert status.StartTime.ticks == status.SubmittedTime.ticks == 0


def test_a_device_in_a_call_tells_of_it_and_is_not_changed(
    rig: Rig, handle: ServerHandle, opened: Callable[..., PortHandle], refused: Refused, tmp_path: Path
) -> None:
    modem = rig.modem
    assert isinstance(modem, ScriptedModem)
    port, began = opened(MODIFY), datetime.now(UTC)
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    modem.dial = None
    try:
        params = winfax.FAX_JOB_PARAM(RecipientNumber="5552001", RecipientName="Ann", DocumentName="Offer")
        _, job = winfax.FaxSendDocument(handle, str(file), params)
        wait_for(lambda: state(rig) is DeviceState.DIALING, "dialling")
        ok, status = winfax.FaxGetDeviceStatus(port)
        assert ok and status is not None
        assert (status.Status, status.JobType) == (winfax.FPS_DIALING, winfax.JT_SEND)
        assert (status.PhoneNumber, status.RecipientName, status.UserName) == ("5552001", "Ann", "root")
        assert (status.DocumentName, status.Size, status.TotalPages) == ("Offer", 10, 1)
        started, submitted = status.StartTime.to_datetime(), status.SubmittedTime.to_datetime()
        assert started is not None and submitted is not None and began <= submitted <= started
        _, entry = winfax.FaxGetJob(handle, job)
        assert entry is not None
        assert (entry.QueueStatus, entry.Status) == (winfax.JS_INPROGRESS, winfax.FPS_DIALING)
        info = info_of(port)
        assert info.State == winfax.FPS_DIALING
        info.Tsid = "other"
        assert refused(winfax.FaxSetPort(port, info)) == winfax.ERROR_DEVICE_IN_USE
        # A job that is paused in its call stays out of the next one.
        assert winfax.FaxSetJob(handle, job, winfax.JC_PAUSE)
        _, entry = winfax.FaxGetJob(handle, job)
        assert entry is not None and entry.QueueStatus == winfax.JS_INPROGRESS
        assert winfax.FaxAbort(handle, job)
    finally:
        modem.dial = "BUSY"
    rig.until(job, JobState.CANCELLED)  # type: ignore[arg-type]
    wait_for(lambda: state(rig) is DeviceState.AVAILABLE, "the modem")
    info = info_of(port)
    assert winfax.FaxSetPort(port, info), "it is idle again"


def test_a_job_that_is_paused_in_its_call_comes_back_paused(rig: Rig, handle: ServerHandle, tmp_path: Path) -> None:
    modem = rig.modem
    assert modem is not None
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    rig.client.change_configuration({"retries": 1})
    before = modem.dialled
    modem.dial = None
    try:
        _, job = winfax.FaxSendDocument(handle, str(file), winfax.FAX_JOB_PARAM(RecipientNumber="5552001"))
        wait_for(lambda: state(rig) is DeviceState.DIALING, "dialling")
        assert winfax.FaxSetJob(handle, job, winfax.JC_PAUSE)
        assert rig.client.job(job).state is JobState.SENDING  # type: ignore[arg-type]
        wait_for(lambda: modem.dialled > before, "the modem's dialling")
        modem.say("BUSY")
        rig.until(job, JobState.HELD)  # type: ignore[arg-type]
        _, entry = winfax.FaxGetJob(handle, job)
        assert entry is not None and entry.QueueStatus == winfax.JS_PAUSED | winfax.JS_RETRYING
        modem.dial = "BUSY"
        assert winfax.FaxSetJob(handle, job, winfax.JC_RESUME)
        rig.until(job, JobState.FAILED)  # type: ignore[arg-type]
    finally:
        modem.dial = "BUSY"
        rig.client.change_configuration({"retries": 0})


def test_a_fax_is_tried_as_often_and_as_soon_as_the_settings_say(
    rig: Rig, handle: ServerHandle, tmp_path: Path
) -> None:
    before = rig.client.configuration()
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    _, settings = winfax.FaxGetConfiguration(handle)
    assert settings is not None
    settings.Retries, settings.RetryDelay = 2, 30
    assert winfax.FaxSetConfiguration(handle, settings)
    try:
        _, job = winfax.FaxSendDocument(handle, str(file), winfax.FAX_JOB_PARAM(RecipientNumber="5552001"))
        wait_for(lambda: rig.client.job(job).wait == "retry", "the first call")  # type: ignore[arg-type]
        about = rig.client.job(job)  # type: ignore[arg-type]
        assert about.until is not None and 28 <= (about.until - datetime.now(UTC)).total_seconds() / 60 <= 30
        _, entry = winfax.FaxGetJob(handle, job)
        assert entry is not None and entry.QueueStatus == winfax.JS_RETRYING
        assert winfax.FaxAbort(handle, job)
        settings.RetryDelay = 0
        assert winfax.FaxSetConfiguration(handle, settings)
        _, job = winfax.FaxSendDocument(handle, str(file), winfax.FAX_JOB_PARAM(RecipientNumber="5552001"))
        assert len(rig.until(job, JobState.FAILED).calls) == 3  # type: ignore[arg-type]
    finally:
        rig.client.set_configuration(before)


def test_a_job_that_was_given_up_says_so_and_is_restarted(rig: Rig, handle: ServerHandle, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    _, job = winfax.FaxSendDocument(handle, str(file), winfax.FAX_JOB_PARAM(RecipientNumber="5552001"))
    rig.until(job, JobState.FAILED)  # type: ignore[arg-type]
    _, entry = winfax.FaxGetJob(handle, job)
    assert entry is not None and entry.QueueStatus == winfax.JS_RETRIES_EXCEEDED
    assert len(rig.client.job(job).calls) == 1  # type: ignore[arg-type]
    assert winfax.FaxSetJob(handle, job, winfax.JC_RESTART)
    wait_for(lambda: len(rig.client.job(job).calls) == 2, "a second call")  # type: ignore[arg-type]
    rig.until(job, JobState.FAILED)  # type: ignore[arg-type]
    assert winfax.FaxAbort(handle, job), "what is kept is taken out of the queue"
    assert not winfax.FaxGetJob(handle, job)[0]


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("w.FaxEnumPorts(handle)", Right.PORT_QUERY),
        ("w.FaxOpenPort(handle, {line}, w.PORT_OPEN_QUERY)", Right.PORT_QUERY),
        ("w.FaxGetPort(port)", Right.PORT_QUERY),
        ("w.FaxGetDeviceStatus(port)", Right.PORT_QUERY),
        ("w.FaxSetPort(port, info)", Right.PORT_SET),
    ],
)
def test_ports_need_their_rights(rig: Rig, stranger: Stranger, expression: str, right: Right) -> None:
    stranger.may(Right.PORT_QUERY | Right.PORT_SET)
    opening = f"globals().update(port=w.FaxOpenPort(handle, {line(rig)}, w.PORT_OPEN_MODIFY)[1]) or port is not None"
    assert stranger.asked(opening)[0]
    assert stranger.asked("globals().update(info=w.FaxGetPort(port)[1]) or info is not None")[0]
    try:
        asked = expression.replace("{line}", str(line(rig)))
        stranger.may_all_but(right)
        assert stranger.asked(asked)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
        if right is Right.PORT_SET:
            # The server took the lease back when the right went.
            stranger.may(Right.PORT_QUERY | right)
            assert stranger.asked(opening)[0]
        stranger.may(right)
        assert stranger.asked(asked)[:2] == (True, 0)
    finally:
        stranger.may(Right.PORT_QUERY | Right.PORT_SET)
        assert stranger.asked("w.FaxClose(port)")[0]


def test_to_open_a_port_to_change_it_one_must_be_allowed_to_change_it(rig: Rig, stranger: Stranger) -> None:
    stranger.may_all_but(Right.PORT_SET)
    asked = f"w.FaxOpenPort(handle, {line(rig)}, w.PORT_OPEN_MODIFY)"
    assert stranger.asked(asked)[:2] == (False, winfax.ERROR_ACCESS_DENIED)


def test_of_somebody_else_s_fax_a_device_s_status_tells_nothing(
    rig: Rig, handle: ServerHandle, stranger: Stranger, tmp_path: Path
) -> None:
    modem = rig.modem
    assert modem is not None
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    stranger.may(Right.PORT_QUERY)
    modem.dial = None
    try:
        params = winfax.FAX_JOB_PARAM(RecipientNumber="5552001", RecipientName="Secret", DocumentName="Secret")
        _, job = winfax.FaxSendDocument(handle, str(file), params)
        wait_for(lambda: state(rig) is DeviceState.DIALING, "dialling")
        asked = f"w.FaxGetDeviceStatus(w.FaxOpenPort(handle, {line(rig)}, w.PORT_OPEN_QUERY)[1])"
        ok, _, given = stranger.asked(asked)
        assert ok and f"Status={winfax.FPS_DIALING}" in given and "Secret" not in given and "5552001" not in given
        assert winfax.FaxAbort(handle, job)
    finally:
        modem.dial = "BUSY"
    rig.until(job, JobState.CANCELLED)  # type: ignore[arg-type]
