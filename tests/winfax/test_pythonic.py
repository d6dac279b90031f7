"""The Pythonic layer: names, types, blocks and exceptions of Python's, and the rules of the literal layer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

import winfax
from fax.access import Right
from fax.book import Profile
from fax.types import JobId, JobState, Sender
from tests.spooler.rig import REPORT, Rig, wait_for
from tests.winfax.conftest import Stranger
from winfax import DeviceState, EventId, JobType, PortFlags, QueueStatus

AT = datetime(2099, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def server(rig: Rig) -> Iterator[winfax.Server]:
    with winfax.connect() as made:
        yield made


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    return file


def test_what_fails_raises_with_the_code_and_says_why(rig: Rig, server: winfax.Server, letter: Path) -> None:
    with pytest.raises(winfax.WinFaxError, match=r"example\.org") as caught:
        winfax.connect("fax.example.org")
    assert caught.value.winerror == winfax.ERROR_INVALID_PARAMETER
    assert caught.value.hresult == 0x80070057
    for act, code in (
        (lambda: server.job(1 << 30), winfax.ERROR_INVALID_PARAMETER),
        (lambda: server.open_port(99), winfax.ERROR_BAD_UNIT),
        (lambda: server.send("/no/such/file", "1"), winfax.ERROR_FILE_NOT_FOUND),
        (lambda: server.send(letter, "Ann"), winfax.ERROR_INVALID_PARAMETER),
        (lambda: server.broadcast(letter, ["1", "Ann"]), winfax.ERROR_INVALID_PARAMETER),
        (lambda: server.change_settings(retries=100), winfax.ERROR_INVALID_PARAMETER),
        (lambda: server.set_log_levels({9: 1}), winfax.ERROR_INVALID_PARAMETER),
        (lambda: server.pause(1 << 30), winfax.ERROR_INVALID_PARAMETER),
        (lambda: server.set_routing_priority("{}", 1), winfax.ERROR_INVALID_DATA),
    ):
        with pytest.raises(winfax.WinFaxError) as caught:
            act()
        assert caught.value.winerror == code
        assert caught.value.text


def test_a_handle_closes_with_its_block(rig: Rig) -> None:
    with winfax.connect() as server:
        with server.open_port(rig.client.ports()[0].id, modify=True) as port:
            assert port.info().name == "line1"
        with server.open_port(rig.client.ports()[0].id, modify=True):
            pass
        server.close()
    with pytest.raises(winfax.WinFaxError) as caught:
        list(server.ports())
    assert caught.value.winerror == winfax.ERROR_INVALID_HANDLE


def test_one_may_ask_what_one_is_allowed(server: winfax.Server) -> None:
    assert server.allows(winfax.FAX_JOB_SUBMIT | winfax.FAX_CONFIG_SET)
    assert not server.allows(0x8000)
    server.close()
    with pytest.raises(winfax.WinFaxError):
        server.allows(winfax.FAX_JOB_SUBMIT)


def test_a_fax_is_sent_and_followed(rig: Rig, server: winfax.Server, letter: Path) -> None:
    rig.client.set_profile(Profile(sender=Sender(name="Bob", company="Bob & Co"), billing_code="4711"))
    id = server.send(letter, "5552001", name="Ann", title="Offer", at=AT, report_to="bob@example.org")
    rig.until(JobId(id), JobState.WAITING)
    job = server.job(id)
    assert (job.type, job.status, job.device_state) == (JobType.SEND, QueueStatus.PENDING, DeviceState.NONE)
    assert (job.number, job.name, job.title, job.user) == ("5552001", "Ann", "Offer", "root")
    assert (job.sender_name, job.sender_company, job.billing_code) == ("Bob", "Bob & Co", "4711")
    assert (job.at, job.action, job.report, job.report_address) == (AT, 1, 1, "bob@example.org")
    assert job in list(server.jobs())
    server.pause(id)
    assert server.job(id).status & QueueStatus.PAUSED
    server.resume(id)
    server.abort(id)
    with pytest.raises(winfax.WinFaxError):
        server.job(id)
    assert server.job(server.send(letter, "1", discount=True)).action == winfax.JSA_DISCOUNT_PERIOD


def test_a_recipient_has_one_time_and_one_cover_page(tmp_path: Path) -> None:
    for wrong in (
        {"at": AT, "discount": True},
        {"at": datetime(2099, 1, 1)},
        {"cover": "default", "own_cover": tmp_path / "own.cov"},
    ):
        with pytest.raises(ValueError):
            winfax.Recipient("1", **wrong)


def test_a_broadcast_gives_every_job_in_the_order_of_the_recipients(
    rig: Rig, server: winfax.Server, letter: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.cov"
    own.write_text('[[block]]\nkind = "text"\ntext = "For {recipient.name}"\n')
    ids = server.broadcast(
        letter,
        [
            "5552001",
            winfax.Recipient("5552002", "Ann", cover="default", note="For Ann"),
            winfax.Recipient("5552003", "Bob", own_cover=own, cover_fields={"RecCity": "Berlin"}),
            "5552004",
        ],
    )
    jobs = [rig.client.job(JobId(id)) for id in ids]
    assert [job.recipient.number for job in jobs] == ["5552001", "5552002", "5552003", "5552004"]
    covers = [job.cover for job in jobs]
    assert covers[0] is covers[3] is None
    assert covers[1] is not None and (covers[1].template, covers[1].note) == ("default", "For Ann")
    assert covers[2] is not None and covers[2].layout == own.read_text()
    assert jobs[2].recipient.city == "Berlin"
    assert jobs[0].submission == jobs[3].submission != jobs[1].submission
    with pytest.raises(winfax.WinFaxError):
        server.broadcast(letter, [])


def test_the_first_page_is_a_tiff(rig: Rig, server: winfax.Server) -> None:
    page = server.first_page(server.send(REPORT, "5552001"))
    assert page.tiff[:2] in (b"II", b"MM") and page.width == 1728 and page.height > 1000


def test_settings_are_changed_by_name(rig: Rig, server: winfax.Server) -> None:
    before = rig.client.configuration()
    try:
        now = server.change_settings(retries=5, dirty_days=None, discount_start=time(22, 30), inbound_profile="me")
        assert (now.retries, now.dirty_days, now.discount_start) == (5, None, time(22, 30))
        assert (now.discount_stop, now.inbound_profile, now.branding) == (time(7, 0), "me", True)
        assert server.settings() == now
        assert rig.client.configuration().retry_delay_s == before.retry_delay_s
        with pytest.raises(TypeError):
            server.change_settings(no_such=1)
    finally:
        rig.client.set_configuration(before)


def test_log_levels_are_numbers_by_category(server: winfax.Server) -> None:
    before = server.log_levels()
    assert sorted(before) == [1, 2, 3, 4]
    server.set_log_levels({winfax.FAXLOG_CATEGORY_INBOUND: winfax.FAXLOG_LEVEL_MAX})
    assert server.log_levels() == before | {3: 3}
    server.set_log_levels(before)


def test_a_port_is_changed_by_name(rig: Rig, server: winfax.Server) -> None:
    wait_for(lambda: [each.state for each in server.ports()] == [DeviceState.OFFLINE], "the line being offline")
    (port,) = server.ports()
    assert (port.name, port.flags) == ("line1", PortFlags.SEND)
    with server.open_port(port.id, modify=True) as opened:
        assert opened.change(receive=True, rings=4, csid="+49 1").flags == PortFlags.SEND | PortFlags.RECEIVE
        assert (opened.info().rings, opened.info().csid) == (4, "+49 1")
        assert opened.change(receive=False).flags == PortFlags.SEND
        status = opened.status()
        assert (status.device, status.type, status.started, status.title) == (port.id, JobType.UNKNOWN, None, "")
    with server.open_port(port.id) as opened, pytest.raises(winfax.WinFaxError) as caught:
        opened.change(rings=3)
    assert caught.value.winerror == winfax.ERROR_ACCESS_DENIED


def test_events_are_an_iterator_that_ends_with_its_block(rig: Rig, server: winfax.Server) -> None:
    with server.events() as events:
        job = rig.send("5552001", hold=True)
        event = next(each for each in events if each.job is not None)
        assert (event.id, event.job) == (EventId.JOB_QUEUED, job.id)
        assert event.at is not None and event.at.tzinfo is UTC
        with pytest.raises(winfax.WinFaxError) as caught:
            server.events()
        assert caught.value.winerror == winfax.ERROR_INVALID_DATA
    with server.events() as others:
        seen: list[object] = []
        reader = threading.Thread(target=lambda: seen.extend(others))
        reader.start()
        others.close()
        reader.join(60)
        assert not reader.is_alive()


def test_events_end_with_the_service(rig: Rig, server: winfax.Server) -> None:
    with server.events() as events:
        rig.kill()
        assert [event.id for event in events][-1] == EventId.FAXSVC_ENDED
        assert list(events) == [], "it has ended"
        with pytest.raises(winfax.WinFaxError) as caught:
            server.events()
        assert caught.value.winerror == winfax.RPC_S_SERVER_UNAVAILABLE
        rig.start()
    with server.events():
        wait_for(lambda: rig.client.status(), "the daemon")


def test_one_s_own_queue_is_listed_without_a_right(rig: Rig, stranger: Stranger, server: winfax.Server) -> None:
    file = rig.folder / "theirs.txt"
    file.write_text("From somebody else.\n")
    file.chmod(0o644)
    stranger.may(Right.JOB_SUBMIT)
    job = server.send(file, "5552001")
    ok, _, own = stranger.asked(f"w.connect().send({str(file)!r}, '5552002')")
    assert ok
    seen = stranger.asked("[job.id for job in w.connect().jobs()]")[2]
    assert seen == f"[{own}]"
    assert {job, int(own)} <= {each.id for each in server.jobs()}
