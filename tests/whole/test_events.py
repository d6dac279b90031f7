"""What a client of the Windows fax service hears of a fax that goes through at the second call."""

from __future__ import annotations

import time
from collections.abc import Callable

from fax import Event, JobState
from fax.ports import DeviceState
from modem.soft.farend import FarEnd
from script.house import House
from spooler.event_codes import Code
from tests.whole.conftest import NUMBER, letter, submit, wait_for_end


def test_a_fax_tells_each_step_of_each_call_in_order_and_the_line_shows_it(build: Callable[..., House]) -> None:
    house = build(FarEnd(number=NUMBER, busy_calls=1))
    limit = time.monotonic() + 180
    while house.client.ports()[0].status.state is not DeviceState.AVAILABLE:
        assert time.monotonic() < limit
        time.sleep(0.02)
    job = submit(house, letter(house, pages=2))
    seen: list[tuple[DeviceState, int | None, int | None]] = []
    while not house.client.job(job).state.ended:
        assert time.monotonic() < limit
        status = house.client.ports()[0].status
        seen.append((status.state, status.current_page, status.total_pages))
        time.sleep(0.02)
    assert wait_for_end(house, job).state is JobState.DONE
    sending = [pages for state, *pages in seen if state is DeviceState.SENDING and pages[0] is not None]
    assert sending
    assert {total for _, total in sending} == {2}
    assert [page for page, _ in sending] == sorted(page or 0 for page, _ in sending)

    told: list[Event] = []
    while not told or told[-1].code != Code.IDLE:
        assert time.monotonic() < limit
        told = list(house.client.events())
        time.sleep(0.02)
    codes = [event.code for event in told if event.code is not None]
    assert codes[codes.index(Code.JOB_QUEUED) :] == [
        Code.JOB_QUEUED,
        *(Code.INITIALIZING, Code.DIALING, Code.BUSY, Code.IDLE),
        *(Code.INITIALIZING, Code.DIALING, Code.SENDING, Code.SENDING, Code.COMPLETED),
        Code.DELETED,
        Code.IDLE,
    ]
    assert [event.page for event in told if event.code == Code.SENDING] == [1, 2]
    (counted,) = house.client.port_statistics()
    assert (counted.calls, counted.answered, counted.sent, counted.pages) == (2, 1, 1, 2)
    assert counted.outcomes == {"busy": 1, "ok": 1}
    assert counted.line_seconds > 0
