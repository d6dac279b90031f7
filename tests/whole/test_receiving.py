"""Faxes that come in, from an independent fax machine through the line to folders, printers and inboxes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from codec.operations import same_pixels
from codec.tiff import read_pages, write_pages
from fax import Job, JobState, NotRunningError
from fax.ports import DeviceState, PortChange
from fax.received import Delivery, DeliveryState
from fax.routing import FOLDER_GUID, PRINT_GUID, RoutingRule, data_of
from fax.types import JobType
from modem.port.client import PortClient, PortState
from modem.soft.farend import Incoming
from script.house import House
from spooler.event_codes import Code
from tests.modem.port.bench import PAGES

MODEM = "100"
LIMIT_S = 150.0
SPEED = 4.0
APART_S = 30.0 * SPEED  # of line time
Build = Callable[..., House]


def until(house: House, true: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < limit, f"waited in vain for {what}\n{house.log_tail()}"
        time.sleep(0.05)


def callers(folder: Path) -> tuple[Incoming, ...]:
    """A fax machine that rings until somebody answers; and others, should its call fail on a machine under load."""
    sent = folder / "sent.tif"
    write_pages(sent, PAGES)
    return tuple(
        Incoming(to=MODEM, send=str(sent), number=f"555900{n}", ident="+49 555 9000", rings=9000, after_s=n * APART_S)
        for n in range(4)
    )


def answers(house: House) -> None:
    """Have the line receive."""
    until(house, lambda: bool(house.client.ports()), "the line")
    (line,) = house.client.ports()
    house.client.change_port(line.id, PortChange(receive=True, rings=2, csid="+49 555 1"))


def inbox(house: House) -> list[Job]:
    with suppress(NotRunningError):
        return [house.client.job(job.id) for job in house.client.inbox()]
    return []


def whole(house: House) -> list[Job]:
    """Faxes that came in whole."""
    return [job for job in inbox(house) if job.type is not JobType.FAIL_RECEIVE]


def deliveries(house: House) -> list[Delivery]:
    return [each for job in whole(house)[:1] if job.received is not None for each in job.received.deliveries]


def assert_arrived(tiff: Path) -> None:
    pages = read_pages(tiff)
    assert len(pages) == len(PAGES)
    assert all(same_pixels(ours, theirs) is None for ours, theirs in zip(PAGES, pages, strict=True))


@pytest.fixture
def outside() -> Iterator[Path]:
    with TemporaryDirectory(prefix="platen-out-") as folder:
        yield Path(folder)


def test_a_fax_reaches_a_folder_a_printer_and_an_inbox_though_each_refuses_it_twice(
    build: Build, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = build(cups=True, speed=SPEED, incoming=callers(outside))
    lpadmin = ["lpadmin", "-h", house.cups_server, "-p", "paper", "-v", "file:///dev/null", "-m", "raw"]
    subprocess.run(lpadmin, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["cupsaccept", "-h", house.cups_server, "paper"], check=True)
    monkeypatch.setenv("CUPS_SERVER", house.cups_server)
    house.kill_daemon()
    house.start_daemon()
    client, out = house.client, outside / "faxes"
    out.mkdir()
    (line,) = client.ports()
    client.change_configuration({"routing_delay_s": 0.3, "routing_retries": 1000})
    client.change_port_method(line.id, FOLDER_GUID, enabled=True, data=data_of(str(out), name="{id}"))
    client.change_port_method(line.id, PRINT_GUID, enabled=True, data=b"paper")
    client.set_routing_rules([RoutingRule(name="ours", tsids=("+49555*",), users=("eve",))])
    out.rmdir()
    subprocess.run(["cupsreject", "-h", house.cups_server, "paper"], check=True)
    answers(house)

    until(house, lambda: [each.tries >= 3 for each in deliveries(house)] == [True, True], "two failures of each")
    job = whole(house)[0]
    assert (job.type, job.state) == (JobType.ROUTING, JobState.ROUTING)
    assert job.reason is not None and "no such folder" in job.reason.lower() and "paper" in job.reason
    out.mkdir()
    subprocess.run(["cupsaccept", "-h", house.cups_server, "paper"], check=True)
    until(house, lambda: whole(house)[0].state.ended, "the delivery")

    job = whole(house)[0]
    assert (job.type, job.state, job.pages_confirmed) == (JobType.RECEIVE, JobState.DONE, 2)
    assert job.received is not None
    assert (job.received.tsid, job.received.csid, job.received.users) == ("+49 555 9000", "+49 555 1", ("eve",))
    assert {each.state for each in job.received.deliveries} == {DeliveryState.DONE}
    assert_arrived(out / f"{job.id}-1.tif")
    assert [path.name for path in out.glob(f"{job.id}-*")] == [f"{job.id}-1.tif"], "once, under its id"
    listed = ["lpstat", "-h", house.cups_server, "-W", "all", "-o", "paper"]
    printed = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(printed) == len(whole(house)), printed
    told = list(client.events())
    (end,) = (at for at, event in enumerate(told) if event.job == job.id and event.code == Code.COMPLETED)
    begin = max(at for at, event in enumerate(told[:end]) if event.code == Code.RINGING)
    codes = [event.code for event in told[begin : end + 1] if event.code is not None]
    assert codes == [Code.RINGING, Code.ANSWERED, Code.RECEIVING, Code.RECEIVING, Code.COMPLETED]
    assert [event.code for event in told if event.job == job.id and event.code is not None] == [
        Code.COMPLETED,
        Code.ROUTING,
        Code.DELETED,
    ]


def test_a_fax_that_comes_in_while_the_daemon_is_away_is_routed_when_it_is_back(build: Build, outside: Path) -> None:
    house = build(incoming=callers(outside), speed=SPEED)
    out = outside / "faxes"
    out.mkdir()
    until(house, lambda: bool(house.client.ports()), "the line")
    (line,) = house.client.ports()
    house.client.change_port_method(line.id, FOLDER_GUID, enabled=True, data=data_of(str(out), name="{id}"))
    answers(house)
    receiving = (DeviceState.RECEIVING, DeviceState.ANSWERED)
    until(house, lambda: house.client.ports()[0].status.state in receiving, "the call")
    house.kill_daemon()
    port = PortClient(house.port_folder, 120.0)

    def over() -> bool:
        status = port.status()
        return status is not None and status.last_received is not None and status.state is PortState.IDLE

    until(house, over, "the end of the call")
    assert not list(out.iterdir())
    house.start_daemon()
    until(house, lambda: any(job.state.ended for job in whole(house)), "the fax")
    job = whole(house)[0]
    assert (job.type, job.state) == (JobType.RECEIVE, JobState.DONE)
    assert_arrived(out / f"{job.id}-1.tif")
    house.kill_daemon()
    house.start_daemon()
    assert house.client.job(job.id).state is JobState.DONE
    assert [path.name for path in out.glob(f"{job.id}-*")] == [f"{job.id}-1.tif"]


@pytest.mark.slow
def test_a_port_process_that_is_killed_in_a_call_leaves_what_it_confirmed(build: Build, outside: Path) -> None:
    house = build(incoming=callers(outside), speed=SPEED)
    answers(house)

    def one_page() -> bool:
        return any(path.exists() for path in (house.spool / "received" / "fax0").glob("*/pages.tif"))

    until(house, one_page, "a page")
    house.kill_port()
    until(house, lambda: any(job.state.ended for job in inbox(house)), "the fax")
    job = inbox(house)[0]
    assert job.pages_total and job.pages_total >= 1
    if job.type is JobType.FAIL_RECEIVE:
        assert job.state is JobState.FAILED
        assert job.received is not None and job.received.deliveries == ()
    else:
        assert job.pages_total == len(PAGES)
    house.client.pages(job.id, outside / "got.tif")
    for sent, got in zip(PAGES, read_pages(outside / "got.tif"), strict=False):
        assert same_pixels(sent, got) is None
