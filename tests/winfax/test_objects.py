"""The objects of the COM generation against a running daemon, each shown by what it does there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import winfax
from fax.types import JobState, ReportKind, ScheduleAction
from tests.spooler.rig import REPORT, Rig, wait_for

GONE = "a fax is not in the queue any more"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A daemon with a line whose number is always busy; programs find it by $PLATEN_SOCKET."""
    with pytest.MonkeyPatch.context() as patch, Rig(tmp_path_factory.mktemp("office"), "retry_delay_s = 600") as rig:
        patch.setenv("PLATEN_SOCKET", str(rig.socket))
        yield rig


@pytest.fixture
def server(office: Rig) -> Iterator[winfax.FaxServer]:
    made = winfax.Dispatch("FaxServer.FaxServer")
    assert isinstance(made, winfax.FaxServer)
    made.Connect("")
    yield made
    made.Disconnect()


@pytest.fixture
def paused(server: winfax.FaxServer) -> Iterator[None]:
    server.PauseServerQueue = True
    yield
    server.PauseServerQueue = False


def _refused(code: int) -> pytest.RaisesExc[winfax.com_error]:
    return pytest.raises(winfax.com_error, match=f"0x{0x80070000 | code:08X}")


def test_nothing_works_before_connect_and_after_disconnect(office: Rig) -> None:
    server = winfax.FaxServer()
    for act in (server.GetJobs, server.GetPorts, lambda: server.Retries, server.Disconnect):
        with _refused(winfax.ERROR_INVALID_HANDLE):
            act()
    server.Connect()
    assert server.GetPorts().Count == 1
    server.Disconnect()
    with _refused(winfax.ERROR_INVALID_HANDLE):
        server.GetPorts()


def test_only_this_machine_can_be_connected_to(office: Rig) -> None:
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        winfax.FaxServer().Connect("another-machine")
    server = winfax.FaxServer()
    server.Connect(os.uname().nodename)
    server.Connect(None)
    server.Disconnect()


def test_settings_act_on_the_server_and_leave_the_others_alone(office: Rig, server: winfax.FaxServer) -> None:
    before = office.client.configuration()
    server.Retries = before.retries + 2
    server.RetryDelay = 17
    server.Branding = not before.branding
    server.UseDeviceTsid = not before.use_device_tsid
    server.ServerCoverpage = not before.server_cover_only
    server.ServerMapiProfile = "reception"
    server.DirtyDays = -1
    server.DiscountRateStartHour, server.DiscountRateStartMinute = 22, 30
    server.DiscountRateEndHour, server.DiscountRateEndMinute = 5, 15
    now = office.client.configuration()
    assert (now.retries, now.retry_delay_s) == (before.retries + 2, 17 * 60)
    assert now.branding is not before.branding
    assert now.use_device_tsid is not before.use_device_tsid
    assert now.server_cover_only is not before.server_cover_only
    assert (now.inbound_profile, now.dirty_days) == ("reception", None)
    assert (f"{now.discount_start:%H:%M}", f"{now.discount_stop:%H:%M}") == ("22:30", "05:15")
    assert (server.DirtyDays, server.RetryDelay, server.ServerMapiProfile) == (-1, 17, "reception")
    assert (server.DiscountRateStartMinute, server.DiscountRateEndHour) == (30, 5)
    server.ServerCoverpage = before.server_cover_only
    server.DirtyDays = 3
    assert office.client.configuration().dirty_days == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DiscountRateStartHour", 24),
        ("DiscountRateEndMinute", 60),
        ("Retries", -1),
        ("DirtyDays", -2),
        ("RetryDelay", "x"),
    ],
)
def test_a_value_out_of_range_changes_nothing(office: Rig, server: winfax.FaxServer, name: str, value: object) -> None:
    before = office.client.configuration()
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        setattr(server, name, value)
    assert office.client.configuration() == before


def test_the_archive_takes_its_folder_and_then_its_faxes(office: Rig, server: winfax.FaxServer, tmp_path: Path) -> None:
    server.ArchiveDirectory = str(tmp_path)
    server.ArchiveOutboundFaxes = True
    now = office.client.configuration()
    assert (now.archive_outgoing, now.archive_folder) == (True, str(tmp_path))
    assert (server.ArchiveOutboundFaxes, server.ArchiveDirectory) == (True, str(tmp_path))
    server.ArchiveOutboundFaxes = False
    assert not office.client.configuration().archive_outgoing


@pytest.mark.usefixtures("paused")
def test_a_document_is_sent_with_all_that_was_said(office: Rig, server: winfax.FaxServer) -> None:
    document = server.CreateDocument(str(REPORT))
    document.FaxNumber = "5552001"
    document.RecipientName = "Ann Lee"
    document.RecipientCompany = "Lee & Sons"
    document.RecipientCity = "Berlin"
    document.DisplayName = "Our offer"
    document.BillingCode = "K 17"
    document.Tsid = "+49 30 1234567\u00e4 and what is too long"
    document.EmailAddress = "ann@example.org"
    document.DiscountSend = True
    document.SendCoverpage = document.ServerCoverpage = True
    document.CoverpageName = "default"
    document.CoverpageSubject, document.CoverpageNote = "Offer", "Please see below"
    document.SenderName, document.SenderCompany, document.SenderOffice = "Bo", "Praxis", "2.17"
    job = office.client.job(document.Send())  # type: ignore[arg-type]
    assert (job.recipient.number, job.recipient.name) == ("5552001", "Ann Lee")
    assert (job.recipient.company, job.recipient.city) == ("Lee & Sons", "Berlin")
    assert (job.title, job.billing_code, job.tsid) == ("Our offer", "K 17", "+49 30 1234567 and w")
    assert (job.report.kind, job.report.address) == (ReportKind.EMAIL, "ann@example.org")
    assert job.schedule.action is ScheduleAction.DISCOUNT
    assert job.cover is not None
    assert (job.cover.subject, job.cover.note) == ("Offer", "Please see below")
    assert (job.sender.name, job.sender.company, job.sender.office_location) == ("Bo", "Praxis", "2.17")


def test_a_document_without_file_or_number_is_not_sent(server: winfax.FaxServer) -> None:
    document = server.CreateDocument("")
    document.FaxNumber = "5552001"
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        document.Send()
    document.FileName, document.FaxNumber = str(REPORT), ""
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        document.Send()
    document.FileName, document.FaxNumber = "/nowhere/letter.pdf", "5552001"
    with _refused(winfax.ERROR_FILE_NOT_FOUND):
        document.Send()
    with pytest.raises(AttributeError):
        assert document.CallHandle
    document.FileName, document.CallHandle = str(REPORT), 7
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        document.Send()


@pytest.mark.usefixtures("paused")
def test_a_job_is_shown_held_let_go_and_deleted(office: Rig, server: winfax.FaxServer) -> None:
    document = server.CreateDocument(str(REPORT))
    document.FaxNumber, document.DisplayName, document.RecipientName = "5552001", "Shown", "Ann"
    number = document.Send()
    wait_for(lambda: office.client.job(number).pages_total, "preparation")  # type: ignore[arg-type]
    jobs = server.GetJobs()
    (job,) = [entry for entry in jobs if entry.JobId == number]
    assert (job.Type, job.FaxNumber, job.DisplayName, job.RecipientName) == (winfax.JT_SEND, "5552001", "Shown", "Ann")
    assert (job.QueueStatus, job.DeviceStatus, job.DiscountSend) == ("Pending", "Unknown", False)
    assert job.PageCount == 3
    assert job.UserName == office.client.job(number).user  # type: ignore[arg-type]
    job.SetStatus(winfax.JC_PAUSE)
    assert job.QueueStatus == "Pending", "it shows what it was told last"
    job.Refresh()
    assert job.QueueStatus == "Paused"
    job.SetStatus(winfax.JC_RESUME)
    job.Refresh()
    assert job.QueueStatus == "Pending"
    job.SetStatus(winfax.JC_DELETE)
    wait_for(lambda: office.client.job(number).state is JobState.CANCELLED, GONE)  # type: ignore[arg-type]
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        job.Refresh()
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        job.SetStatus(99)
    assert number not in [entry.JobId for entry in server.GetJobs()]


def test_items_are_counted_from_one(server: winfax.FaxServer) -> None:
    ports = server.GetPorts()
    assert ports.Item(ports.Count).Name == "line1"
    for wrong in (0, ports.Count + 1, -1, "1", True):
        with _refused(winfax.ERROR_INVALID_PARAMETER):
            ports.Item(wrong)  # type: ignore[arg-type]


def test_a_port_is_changed_at_once_by_one_at_a_time(office: Rig, server: winfax.FaxServer) -> None:
    port = server.GetPorts().Item(1)
    assert port.CanModify
    port.Tsid, port.Csid = "+49 30 7777", "+49 30 8888"
    port.Receive = True
    port.Rings = 5
    (now,) = office.client.ports()
    assert (now.tsid, now.csid, now.rings, now.receive) == ("+49 30 7777", "+49 30 8888", 5, True)
    assert (port.Tsid, port.Rings, port.Receive, port.Send, port.Priority) == ("+49 30 7777", 5, True, True, 1)
    port.Send = False
    assert not office.client.ports()[0].send
    port.Send, port.Receive = True, False
    for wrong in (0, 100):
        with _refused(winfax.ERROR_INVALID_PARAMETER):
            port.Rings = wrong
    with _refused(winfax.ERROR_INVALID_PARAMETER):
        port.Csid = "more than twenty characters"
    with office.client.lease_port(now.id):
        assert not port.CanModify
        with _refused(winfax.ERROR_INVALID_HANDLE):
            port.Rings = 3
    assert port.CanModify


def test_the_status_of_a_port_is_told(server: winfax.FaxServer) -> None:
    port = server.GetPorts().Item(1)
    status = port.GetStatus()
    assert (status.DeviceId, status.DeviceName) == (port.DeviceId, port.Name)
    assert status.Description in ("Offline", "Initializing")
    assert (status.Send, status.Receive, status.CurrentPage, status.Address) == (False, False, 0, "")
    assert (status.StartTime, status.SubmittedTime, status.ElapsedTime) == (None, None, timedelta())
    status.Refresh()
    assert status.DeviceName == port.Name


def test_routing_methods_are_enabled_for_one_port(office: Rig, server: winfax.FaxServer) -> None:
    methods = server.GetPorts().Item(1).GetRoutingMethods()
    guids = {method.Guid.lower() for method in methods}
    assert guids >= {winfax.MS_FAXROUTE_FOLDER_GUID, winfax.MS_FAXROUTE_PRINTING_GUID}
    (folder,) = [method for method in methods if method.Guid.lower() == winfax.MS_FAXROUTE_FOLDER_GUID]
    assert (folder.DeviceName, folder.RoutingData, folder.Enable) == ("line1", "", False)
    assert folder.FriendlyName and folder.FunctionName and folder.ExtensionName and folder.ImageName
    with _refused(winfax.ERROR_BAD_CONFIGURATION):
        folder.Enable = True


def test_only_parents_make_the_other_objects(office: Rig) -> None:
    with pytest.raises(winfax.com_error) as caught:
        winfax.Dispatch("FaxDoc.FaxDoc")
    assert caught.value.hresult == 0x80040154
    assert caught.value.winerror is None
    assert isinstance(winfax.Dispatch("faxtiff.FAXTIFF"), winfax.FaxTiff)
