"""A program of the Windows fax client API, a real call, and what arrives at the far end."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import winfax
from codec.coder import page_from_bitmap
from codec.operations import crop, same_pixels
from codec.page import Resolution
from codec.tiff import TiffWriter, read_pages
from modem.soft.farend import FarEnd
from script.house import House
from tests.codec.oracle.pages import blobs
from tests.whole.conftest import NUMBER
from winfax.events import registered

PATIENCE_S = 120.0
Events = queue.Queue[tuple[object, winfax.FAX_EVENT]]


def until_idle(events: Events, job: int) -> list[winfax.FAX_EVENT]:
    """The events up to the line's being idle after the job has gone."""
    told: list[winfax.FAX_EVENT] = []
    gone = False
    while not (gone and told[-1].EventId == winfax.FEI_IDLE):
        told.append(events.get(timeout=PATIENCE_S)[1])
        gone = gone or (told[-1].EventId, told[-1].JobId) == (winfax.FEI_DELETED, job)
    return told


def test_what_a_program_sets_is_what_the_far_end_sees_and_what_it_hears_is_what_happens(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = build(FarEnd(number=NUMBER))
    monkeypatch.setenv("PLATEN_SOCKET", str(house.socket))
    pages = [page_from_bitmap(blobs(1728, 300, seed), 204, 98) for seed in (1, 2)]
    file, archive = house.folder / "fax.tif", house.folder / "archive"
    archive.mkdir()
    with TiffWriter(file) as writer:
        for page in pages:
            writer.append(page)

    ok, server = winfax.FaxConnectFaxServer()
    assert ok and server is not None
    _, ports, _ = winfax.FaxEnumPorts(server)
    limit = time.monotonic() + PATIENCE_S
    while not ports or ports[0].State != winfax.FPS_AVAILABLE:
        assert time.monotonic() < limit
        time.sleep(0.05)
        _, ports, _ = winfax.FaxEnumPorts(server)
    device = ports[0].DeviceId
    _, port = winfax.FaxOpenPort(server, device, winfax.PORT_OPEN_MODIFY)
    _, info = winfax.FaxGetPort(port)
    assert info is not None
    info.Tsid = "+49 30 PORT"
    assert winfax.FaxSetPort(port, info), winfax.last_error_text()

    def send(*, branding: bool, device_tsid: bool) -> list[winfax.FAX_EVENT]:
        _, settings = winfax.FaxGetConfiguration(server)
        assert settings is not None
        settings.Branding, settings.UseDeviceTsid = branding, device_tsid
        settings.ArchiveOutgoingFaxes, settings.ArchiveDirectory = not branding, str(archive)
        assert winfax.FaxSetConfiguration(server, settings), winfax.last_error_text()
        events: Events = queue.Queue()
        assert winfax.FaxInitializeEventQueue(server, events, None), winfax.last_error_text()
        params = winfax.FAX_JOB_PARAM(RecipientNumber=NUMBER, RecipientName="Ann", Tsid="+49 30 JOB")
        ok, job = winfax.FaxSendDocument(server, str(file), params)
        assert ok, winfax.last_error_text()
        told = until_idle(events, job)
        registration = registered(server)
        assert registration is not None
        registration.end()
        assert not winfax.FaxGetJob(server, job)[0]
        return told

    told = send(branding=False, device_tsid=True)
    # What the line said of itself before may still come in between.
    of_job = [event for event in told if event.JobId != winfax.NO_JOB]
    assert [event.EventId for event in of_job] == [
        winfax.FEI_JOB_QUEUED,
        winfax.FEI_INITIALIZING,
        winfax.FEI_DIALING,
        winfax.FEI_SENDING,
        winfax.FEI_SENDING,
        winfax.FEI_COMPLETED,
        winfax.FEI_DELETED,
    ]
    assert told[-1].EventId == winfax.FEI_IDLE
    assert {event.DeviceId for event in of_job[1:6]} == {device}
    assert arrived(house) == [None, None], "without a header line the pages arrive as they are"
    assert [call["far_ident"] for call in house.calls(NUMBER)] == ["+49 30 PORT"]
    limit = time.monotonic() + PATIENCE_S
    while not (kept := sorted(archive.rglob("*.tif"))):
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert [same_pixels(*pair) for pair in zip(pages, read_pages(kept[0]), strict=True)] == [None, None]

    send(branding=True, device_tsid=False)
    calls = house.calls(NUMBER)
    assert [str(call["far_ident"]).strip() for call in calls] == ["+49 30 PORT", "+49 30 JOB"]
    second = house.received_pages(NUMBER, Resolution.STANDARD)[2:]
    strips = [page.rows - sent.rows for page, sent in zip(second, pages, strict=True)]
    assert all(strip > 0 for strip in strips), "a header line stands above each page"
    below = [crop(page, top=strip) for page, strip in zip(second, strips, strict=True)]
    assert [same_pixels(*pair) for pair in zip(pages, below, strict=True)] == [None, None]
    assert sorted(archive.rglob("*.tif")) == kept, "the archive is off again"


def arrived(house: House) -> list[int | None]:
    """Where the pages that arrived differ from those of the file that was sent, of the first call."""
    sent = read_pages(Path(house.folder / "fax.tif"))
    return [same_pixels(*pair) for pair in zip(sent, house.received_pages(NUMBER, Resolution.STANDARD), strict=True)]
