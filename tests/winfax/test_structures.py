"""The structures: their sizes, their members, and what becomes of them when they are freed."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest

import winfax
from winfax.memory import FaxArray
from winfax.structures import Structure

# The sizes that MS-FAX and the headers give: 32-bit, 64-bit.
SIZES = {
    "FAX_CONFIGURATION": (52, 64),
    "FAX_CONTEXT_INFO": (40, 48),
    "FAX_COVERPAGE_INFO": (128, 240),
    "FAX_DEVICE_STATUS": (88, 144),
    "FAX_EVENT": (24, 24),
    "FAX_GLOBAL_ROUTING_INFO": (28, 48),
    "FAX_JOB_ENTRY": (92, 136),
    "FAX_JOB_PARAM": (80, 136),
    "FAX_LOG_CATEGORY": (12, 16),
    "FAX_PORT_INFO": (36, 48),
    "FAX_PRINT_INFO": (44, 88),
    "FAX_ROUTING_METHOD": (36, 64),
    "FAX_TIME": (4, 4),
}
WITHOUT_SIZE = {"FAX_LOG_CATEGORY", "FAX_TIME"}


@pytest.mark.parametrize("name", SIZES)
def test_a_structure_has_the_size_that_it_has_in_c(name: str) -> None:
    structure = getattr(winfax, name)
    assert SIZES[name] == (structure.SIZE_32, structure.SIZE_64)
    assert winfax.sizeof(structure) == SIZES[name][sys.maxsize > 1 << 32]
    first = fields(structure)[0]
    assert (first.name == "SizeOfStruct") == (name not in WITHOUT_SIZE)
    if name not in WITHOUT_SIZE:
        assert structure.SizeOfStruct == structure().SizeOfStruct == winfax.sizeof(structure)


@pytest.mark.parametrize("name", SIZES)
def test_what_was_freed_gives_nothing_out_any_more(name: str) -> None:
    structure = getattr(winfax, name)
    member = fields(structure)[-1].name
    made = structure()
    winfax.FaxFreeBuffer(made)
    with pytest.raises(winfax.FreedError):
        getattr(made, member)
    with pytest.raises(winfax.FreedError):
        setattr(made, member, None)
    with pytest.raises(winfax.FreedError):
        winfax.FaxFreeBuffer(made)
    assert repr(made) == "<freed>"
    assert fields(structure()), "another one is not touched"


def test_an_array_is_freed_as_one_block_with_all_that_is_in_it() -> None:
    array = FaxArray([winfax.FAX_TIME(Hour=hour) for hour in range(3)])
    second = array[1]
    with pytest.raises(ValueError):
        winfax.FaxFreeBuffer(second)
    assert [each.Hour for each in array] == [0, 1, 2] and len(array) == 3 and array[1:][0] is second
    winfax.FaxFreeBuffer(array)
    for use in (lambda: array[0], lambda: len(array), lambda: list(array), lambda: second.Hour, lambda: bool(array)):
        with pytest.raises(winfax.FreedError):
            use()


def test_octets_are_freed_too() -> None:
    buffer = winfax.FaxBuffer(b"abc")
    assert bytes(buffer) == b"abc" == buffer and len(buffer) == 3 and buffer[0] == 97 and buffer[1:] == b"bc"
    winfax.FaxFreeBuffer(buffer)
    with pytest.raises(winfax.FreedError):
        bytes(buffer)
    with pytest.raises(winfax.FreedError):
        buffer == b"abc"  # noqa: B015


def test_null_may_be_freed_and_nothing_else_that_is_no_buffer() -> None:
    winfax.FaxFreeBuffer(None)
    with pytest.raises(ValueError):
        winfax.FaxFreeBuffer(b"abc")  # type: ignore[arg-type]


def test_members_are_set_by_name_and_by_position_in_the_order_of_c() -> None:
    assert winfax.FAX_TIME(7, 30) == winfax.FAX_TIME(Hour=7, Minute=30)
    params = winfax.FAX_JOB_PARAM(RecipientNumber="5552001")
    assert params.RecipientName is None and params.ScheduleTime == winfax.SYSTEMTIME()
    configuration = winfax.FAX_CONFIGURATION(Reserved="profile")
    assert configuration.InboundProfile == "profile"
    configuration.InboundProfile = None
    assert configuration.Reserved is None


def test_every_structure_is_one_of_the_documented() -> None:
    assert {each.__name__ for each in Structure.__subclasses__()} - {"Other"} == set(SIZES)


def test_times_go_both_ways() -> None:
    at = datetime(2026, 10, 2, 22, 15, 30, 123000, tzinfo=UTC)
    system = winfax.SYSTEMTIME.from_datetime(at)
    assert system == winfax.SYSTEMTIME(2026, 10, 5, 2, 22, 15, 30, 123)
    assert system.to_datetime() == at
    east = timezone(timedelta(hours=2))
    assert winfax.SYSTEMTIME.from_datetime(at, east).wDay == 3
    assert winfax.SYSTEMTIME.from_datetime(at, east).to_datetime(east) == at
    assert winfax.SYSTEMTIME().to_datetime() is None
    with pytest.raises(ValueError):
        winfax.SYSTEMTIME(wYear=2026, wMonth=13, wDay=1).to_datetime()
    file = winfax.FILETIME.from_datetime(at)
    assert file.to_datetime() == at
    assert winfax.FILETIME.from_datetime(datetime(1970, 1, 1, tzinfo=UTC)).ticks == 116444736000000000
    assert winfax.FILETIME().to_datetime() is None and winfax.FILETIME.from_datetime(None) == winfax.FILETIME()


def test_each_thread_has_a_last_error_of_its_own() -> None:
    winfax.SetLastError(winfax.ERROR_BAD_UNIT)
    seen: list[int] = []

    def other() -> None:
        seen.append(winfax.GetLastError())
        winfax.SetLastError(winfax.ERROR_INVALID_DATA)
        seen.append(winfax.GetLastError())

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [0, winfax.ERROR_INVALID_DATA]
    assert winfax.GetLastError() == winfax.ERROR_BAD_UNIT
    assert winfax.last_error_text() == ""


def test_importing_it_brings_in_neither_a_database_nor_a_web_framework_nor_what_only_a_call_needs() -> None:
    program = "import winfax, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    heavy = {"sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "numpy", "PIL", "reportlab", "cups", "asyncio"}
    ours = {"spooler", "modem", "cli", "backend", "codec", "coverpage"}
    assert not {name.partition(".")[0] for name in modules} & (heavy | ours)
    assert not modules & {"fax.types", "fax.client", "msgspec", "http.client", "ssl", "winfax.pythonic"}
