"""Routing methods of faxes that come in: listed, ordered, set up and enabled, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import winfax
from fax.access import Right
from tests.spooler.calling_in import TSID, call_in, sent
from tests.spooler.rig import Rig, wait_for
from tests.winfax.conftest import Stranger, served
from tests.winfax.test_lines import info_of, line
from winfax.handles import PortHandle, ServerHandle

Refused = Callable[[object], int]
NOWHERE = "{00000000-0000-0000-0000-000000000000}"
FOLDER = winfax.MS_FAXROUTE_FOLDER_GUID


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Two lines without modems."""
    with served(tables='[[port]]\nname = "line2"\ndevice = "/nowhere/tty"\n') as running:
        yield running


@pytest.fixture
def opened(rig: Rig, handle: ServerHandle) -> Callable[..., PortHandle]:
    def act(name: str = "line1") -> PortHandle:
        ok, port = winfax.FaxOpenPort(handle, line(rig, name), winfax.PORT_OPEN_QUERY)
        assert ok and port is not None, winfax.last_error_text()
        return port

    return act


def test_every_routing_method_is_listed_in_the_order_in_which_they_run(rig: Rig, handle: ServerHandle) -> None:
    ok, methods, count = winfax.FaxEnumGlobalRoutingInfo(handle)
    assert ok and methods is not None and count == len(methods) >= 2
    assert [method.Priority for method in methods] == list(range(1, count + 1))
    built_in = {FOLDER, winfax.MS_FAXROUTE_PRINTING_GUID}
    assert built_in <= {method.Guid for method in methods}
    for method in methods:
        assert method.FriendlyName and method.FunctionName and method.ExtensionFriendlyName
        assert method.SizeOfStruct == winfax.sizeof(method)


def test_a_method_gets_another_place_and_the_others_shift(rig: Rig, handle: ServerHandle) -> None:
    _, before, count = winfax.FaxEnumGlobalRoutingInfo(handle)
    assert before is not None
    last = before[-1]
    guids = [method.Guid for method in before]
    wanted = winfax.FAX_GLOBAL_ROUTING_INFO(Priority=1, Guid=(last.Guid or "").upper(), FriendlyName="not looked at")
    assert winfax.FaxSetGlobalRoutingInfo(handle, wanted), winfax.last_error_text()
    _, after, _ = winfax.FaxEnumGlobalRoutingInfo(handle)
    assert after is not None and [method.Guid for method in after] == [guids[-1], *guids[:-1]]
    assert after[0].FriendlyName == last.FriendlyName
    assert winfax.FaxSetGlobalRoutingInfo(handle, winfax.FAX_GLOBAL_ROUTING_INFO(Priority=count, Guid=last.Guid))


def test_a_method_or_place_that_there_is_not(handle: ServerHandle, refused: Refused) -> None:
    make: Any = winfax.FAX_GLOBAL_ROUTING_INFO
    bad: Any
    for bad in (
        (None, make(Priority=1, Guid=FOLDER)),
        (handle, None),
        (handle, make(SizeOfStruct=1, Priority=1, Guid=FOLDER)),
        (handle, make(Priority=1)),
        (handle, make(Priority=0, Guid=FOLDER)),
        (handle, make(Priority=99, Guid=FOLDER)),
        (handle, make(Priority="first", Guid=FOLDER)),
    ):
        assert refused(winfax.FaxSetGlobalRoutingInfo(*bad)) == winfax.ERROR_INVALID_PARAMETER
    outcome = winfax.FaxSetGlobalRoutingInfo(handle, make(Priority=1, Guid=NOWHERE))
    assert refused(outcome) == winfax.ERROR_INVALID_DATA


def test_a_method_is_set_up_and_enabled_on_one_device(
    rig: Rig, handle: ServerHandle, opened: Callable[..., PortHandle], refused: Refused
) -> None:
    port, other = opened(), opened(name="line2")
    folder = rig.folder / "received"
    folder.mkdir()
    data = str(folder).encode("utf-16-le") + b"\0\0"
    assert winfax.FaxSetRoutingInfo(port, FOLDER, data + b"beyond", len(data)), winfax.last_error_text()
    ok, buffer, size = winfax.FaxGetRoutingInfo(port, FOLDER.upper())
    assert ok and buffer is not None and (bytes(buffer), size) == (data, len(data))
    assert winfax.FaxEnableRoutingMethod(port, FOLDER, True), winfax.last_error_text()

    def enabled(handle: PortHandle) -> set[str | None]:
        ok, methods, count = winfax.FaxEnumRoutingMethods(handle)
        assert ok and methods is not None and count == len(methods) >= 2
        assert {(each.DeviceId, each.DeviceName) for each in methods} == {(handle.id, info_of(handle).DeviceName)}
        return {method.Guid for method in methods if method.Enabled}

    assert (enabled(port), enabled(other)) == ({FOLDER}, set())
    missing = str(folder / "missing" / "below").encode()
    outcome = winfax.FaxSetRoutingInfo(port, FOLDER, missing, len(missing))
    assert refused(outcome) == winfax.ERROR_BAD_CONFIGURATION
    assert winfax.FaxEnableRoutingMethod(port, FOLDER, False)
    assert winfax.FaxSetRoutingInfo(port, FOLDER, winfax.FaxBuffer(b""), 0)
    assert enabled(port) == set()
    assert refused(winfax.FaxEnableRoutingMethod(port, FOLDER, True)) == winfax.ERROR_BAD_CONFIGURATION


def test_routing_methods_that_there_are_not(opened: Callable[..., PortHandle], refused: Refused) -> None:
    port = opened()
    for outcome in (
        lambda: winfax.FaxGetRoutingInfo(port, NOWHERE),
        lambda: winfax.FaxSetRoutingInfo(port, NOWHERE, b"x", 1),
        lambda: winfax.FaxEnableRoutingMethod(port, NOWHERE, True),
    ):
        assert refused(outcome()) == winfax.ERROR_INVALID_DATA
    for outcome in (
        lambda: winfax.FaxGetRoutingInfo(port, None),
        lambda: winfax.FaxSetRoutingInfo(port, None, b"x", 1),
        lambda: winfax.FaxSetRoutingInfo(port, FOLDER, None, 0),
        lambda: winfax.FaxSetRoutingInfo(port, FOLDER, b"x", 2),
        lambda: winfax.FaxEnableRoutingMethod(port, "", True),
    ):
        assert refused(outcome()) == winfax.ERROR_INVALID_PARAMETER


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("w.FaxEnumRoutingMethods(port)", Right.PORT_QUERY),
        ("w.FaxGetRoutingInfo(port, w.MS_FAXROUTE_FOLDER_GUID)", Right.PORT_QUERY),
        ("w.FaxEnableRoutingMethod(port, w.MS_FAXROUTE_FOLDER_GUID, False)", Right.PORT_SET),
        ("w.FaxSetRoutingInfo(port, w.MS_FAXROUTE_FOLDER_GUID, b'', 0)", Right.PORT_SET),
        ("w.FaxEnumGlobalRoutingInfo(handle)", Right.CONFIG_QUERY),
        (
            "w.FaxSetGlobalRoutingInfo(handle, w.FAX_GLOBAL_ROUTING_INFO(Priority=1, Guid=w.MS_FAXROUTE_FOLDER_GUID))",
            Right.CONFIG_SET,
        ),
    ],
)
def test_methods_need_their_rights(rig: Rig, stranger: Stranger, expression: str, right: Right) -> None:
    order = [method.guid for method in rig.client.routing_methods()]
    stranger.may(Right.PORT_QUERY | Right.PORT_SET)
    opening = f"globals().update(port=w.FaxOpenPort(handle, {line(rig)}, w.PORT_OPEN_MODIFY)[1]) or port is not None"
    assert stranger.asked(opening)[0]
    assert stranger.asked("globals().update(info=w.FaxGetPort(port)[1]) or info is not None")[0]
    try:
        asked = expression.replace("{line}", str(line(rig)))
        stranger.may_all_but(right)
        assert stranger.asked(asked)[:2] == (False, winfax.ERROR_ACCESS_DENIED)
        stranger.may(right)
        assert stranger.asked(asked)[:2] == (True, 0)
    finally:
        stranger.may(Right.PORT_QUERY | Right.PORT_SET)
        assert stranger.asked("w.FaxClose(port)")[0]
        for place, guid in enumerate(order, 1):
            rig.client.set_method_priority(guid, place)


def test_faxes_that_came_in_are_jobs_until_they_are_delivered_or_taken_out(
    rig: Rig, handle: ServerHandle, opened: Callable[..., PortHandle], refused: Refused
) -> None:
    port, folder = opened(), rig.folder / "delivered"
    folder.mkdir()
    data = str(folder).encode()
    assert winfax.FaxSetRoutingInfo(port, FOLDER, data, len(data))
    assert winfax.FaxEnableRoutingMethod(port, FOLDER, True), winfax.last_error_text()
    folder.rmdir()
    received = rig.spool / "received" / "line1"
    whole = sent()
    call_in(received, "in-1", whole)
    first = next(place for place, entry in enumerate(whole.entries) if entry.kind == "page-received")
    call_in(received, "in-2", whole, first + 1)
    rig.restart()

    def entries() -> dict[int, winfax.FAX_JOB_ENTRY]:
        ok, found, _ = winfax.FaxEnumJobs(handle)
        assert ok and found is not None
        return {each.JobType: each for each in found}

    statuses = {winfax.JT_ROUTING: winfax.JS_RETRYING, winfax.JT_FAIL_RECEIVE: winfax.JS_FAILED}
    wait_for(lambda: {type: each.QueueStatus for type, each in entries().items()} == statuses, "both faxes")
    routing, partial = entries()[winfax.JT_ROUTING], entries()[winfax.JT_FAIL_RECEIVE]
    assert (routing.Tsid, routing.PageCount, partial.PageCount) == (TSID, 2, 1)
    ok, entry = winfax.FaxGetJob(handle, routing.JobId)
    assert ok and entry == routing
    assert refused(winfax.FaxGetPageData(handle, routing.JobId)) == winfax.ERROR_INVALID_DATA
    assert refused(winfax.FaxSetJob(handle, routing.JobId, winfax.JC_PAUSE)) == winfax.ERROR_INVALID_PARAMETER

    folder.mkdir()
    assert winfax.FaxSetJob(handle, routing.JobId, winfax.JC_RESTART), winfax.last_error_text()
    wait_for(lambda: list(folder.glob("*.tif")), "the fax in its folder")
    wait_for(lambda: winfax.JT_ROUTING not in entries() and winfax.JT_RECEIVE not in entries(), "its leaving")
    assert refused(winfax.FaxGetJob(handle, routing.JobId)) == winfax.ERROR_INVALID_PARAMETER
    assert winfax.FaxAbort(handle, partial.JobId), winfax.last_error_text()
    assert entries() == {}
