"""Connecting, closing, and asking what one may do."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import winfax
from fax.access import Right
from tests.spooler.rig import Rig
from tests.winfax.conftest import Stranger
from winfax.handles import ServerHandle

Refused = Callable[[object], int]


@pytest.mark.parametrize("name", [None, "", ".", "localhost", socket.gethostname(), rf"\\{socket.gethostname()}"])
def test_a_program_connects_to_its_own_machine(rig: Rig, name: str | None) -> None:
    ok, handle = winfax.FaxConnectFaxServer(name)
    assert ok and handle is not None
    assert winfax.FaxClose(handle)


def test_another_machine_is_a_bad_parameter(rig: Rig, refused: Refused) -> None:
    assert refused(winfax.FaxConnectFaxServer("fax.example.org")) == winfax.ERROR_INVALID_PARAMETER
    assert "fax.example.org" in winfax.last_error_text()


def test_a_server_that_does_not_answer_is_said_to_be_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    monkeypatch.setenv("PLATEN_SOCKET", str(tmp_path / "nothing.sock"))
    assert refused(winfax.FaxConnectFaxServer()) == winfax.RPC_S_SERVER_UNAVAILABLE
    assert "platend" in winfax.last_error_text()


def test_who_may_not_reach_the_server_is_denied(rig: Rig, stranger: Stranger) -> None:
    rig.socket.chmod(0o600)
    try:
        ok, error, _ = stranger.asked("w.FaxConnectFaxServer()")
        assert (ok, error) == (False, winfax.ERROR_ACCESS_DENIED)
    finally:
        rig.socket.chmod(0o666)
    assert stranger.asked("w.FaxConnectFaxServer()")[:2] == (True, 0)


def test_a_handle_is_closed_once_and_is_worth_nothing_afterwards(rig: Rig, refused: Refused) -> None:
    _, handle = winfax.FaxConnectFaxServer()
    assert winfax.FaxClose(handle)
    assert refused(winfax.FaxClose(handle)) == winfax.ERROR_INVALID_HANDLE
    assert refused(winfax.FaxClose(None)) == winfax.ERROR_INVALID_HANDLE
    assert refused(winfax.FaxClose("handle")) == winfax.ERROR_INVALID_HANDLE  # type: ignore[arg-type]
    for use in (
        winfax.FaxEnumPorts,
        winfax.FaxEnumJobs,
        winfax.FaxGetConfiguration,
        winfax.FaxGetLoggingCategories,
        winfax.FaxEnumGlobalRoutingInfo,
        lambda handle: winfax.FaxAccessCheck(handle, 0),
        lambda handle: winfax.FaxOpenPort(handle, 1, winfax.PORT_OPEN_QUERY),
    ):
        assert refused(use(handle)) == winfax.ERROR_INVALID_HANDLE
        assert refused(use(None)) == winfax.ERROR_INVALID_PARAMETER


def test_closing_one_s_own_handle_needs_no_right(rig: Rig, stranger: Stranger) -> None:
    stranger.may(Right(0))
    assert stranger.asked("w.FaxClose(w.FaxConnectFaxServer()[1])")[:2] == (True, 0)


def test_a_handle_outlives_the_daemon(rig: Rig, handle: ServerHandle, refused: Refused) -> None:
    rig.kill()
    assert refused(winfax.FaxEnumPorts(handle)) == winfax.RPC_S_SERVER_UNAVAILABLE
    rig.start()
    ok, _, count = winfax.FaxEnumPorts(handle)
    assert (ok, count) == (True, 1)


def test_the_access_check_says_no_without_an_error(rig: Rig, handle: ServerHandle, stranger: Stranger) -> None:
    winfax.SetLastError(winfax.ERROR_BAD_UNIT)
    assert winfax.FaxAccessCheck(handle, winfax.FAX_ALL_ACCESS)
    assert winfax.GetLastError() == winfax.ERROR_BAD_UNIT, "success leaves it alone"
    assert not winfax.FaxAccessCheck(handle, 0x8000)
    assert winfax.GetLastError() == 0
    assert not winfax.FaxAccessCheck(handle, 1 << 40)


@pytest.mark.parametrize("right", [right for right in Right if right <= Right.JOB_MANAGE])
def test_the_access_check_tells_the_truth_of_each_right(rig: Rig, stranger: Stranger, right: Right) -> None:
    mask = f"w.FAX_{right.name}"
    stranger.may(right)
    assert stranger.asked(f"w.FaxAccessCheck(handle, {mask})")[:2] == (True, 0)
    assert stranger.asked("w.FaxAccessCheck(handle, w.FAX_ALL_ACCESS)")[:2] == (False, 0)
    stranger.may_all_but(right)
    assert stranger.asked(f"w.FaxAccessCheck(handle, {mask})")[:2] == (False, 0)


def test_a_generic_right_is_all_of_its_rights(rig: Rig, stranger: Stranger) -> None:
    stranger.may(Right(winfax.FAX_READ))
    assert stranger.asked("w.FaxAccessCheck(handle, w.FAX_READ)")[:2] == (True, 0)
    assert stranger.asked("w.FaxAccessCheck(handle, w.FAX_WRITE)")[:2] == (False, 0)
    stranger.may(Right(winfax.FAX_WRITE))
    assert stranger.asked("w.FaxAccessCheck(handle, w.FAX_WRITE)")[:2] == (True, 0)
    assert stranger.asked("w.FaxAccessCheck(handle, w.FAX_READ)")[:2] == (False, 0)
