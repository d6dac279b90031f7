"""Deliveries that are made again: what the methods are told of earlier tries, what comes of a cancelled one, and that
waiting for a slow one costs nothing."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from fax.received import DeliveryState
from fax.types import JobState
from spooler import store_deliveries
from spooler.routing import Routing
from spooler.routing_method import Order, Outcome, hopeless
from spooler.store import Transaction
from tests.spooler.test_routing import FIRST, House, Told, ended, house, until, with_engine

__all__ = ["house"]


def test_after_a_person_s_wish_a_method_still_knows_that_it_was_tried_before(house: House) -> None:
    log: list[tuple[str, Order]] = []
    method = Told(FIRST, log, [hopeless("It did not answer, and may have it")])

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        job = house.come_in(routing)
        await until(lambda: house.job(job).state is JobState.FAILED)
        house.store.call(partial(routing.route_again, id=job, failed_only=True))
        await until(lambda: house.job(job).state is JobState.DONE)

    with_engine(house, [method], act)
    assert [(order.tries, order.tried) for _, order in log] == [(0, False), (0, True)]


def test_a_delivery_that_was_made_while_it_was_being_cancelled_is_told_as_made(house: House) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(order: Order) -> None:
        begun.set()
        await go_on.wait()

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        job = house.come_in(routing)
        await begun.wait()
        house.store.call(partial(store_deliveries.cancel, id=job))
        go_on.set()
        await until(lambda: house.job(job).received.deliveries[0].state is DeliveryState.DONE)  # type: ignore[union-attr]
        assert house.job(job).state is JobState.CANCELLED

    with_engine(house, [Told(FIRST, [], wait=wait)], act)


def test_a_slow_delivery_that_is_tried_again_is_waited_for_without_asking_again_and_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    due = store_deliveries.due

    def counted(tx: Transaction, **more: object) -> list[int]:
        nonlocal asked
        asked += 1
        return due(tx, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(store_deliveries, "due", counted)
    go_on = asyncio.Event()

    async def wait(order: Order) -> None:
        if order.tries:
            await go_on.wait()

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        job = house.come_in(routing)
        await until(lambda: house.job(job).until is not None)
        house.set_due()
        routing.wake()
        await until(lambda: house.job(job).received.deliveries[0].tries == 2)  # type: ignore[union-attr]
        before = asked
        # Several times as long as the engine's shortest sleep, and well below its longest.
        await asyncio.sleep(1.0)
        assert asked - before <= 3, "nothing was due meanwhile"
        go_on.set()
        await until(ended(house, job))

    with_engine(house, [Told(FIRST, [], [Outcome(done=False, text="not now")], wait)], act)


def test_a_fault_of_our_own_in_one_fax_is_told_and_does_not_run_wild(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin, tries = store_deliveries.begin, 0

    def spoilt(tx: Transaction, job: int, spool: Path, **more: object) -> object:
        nonlocal tries
        if job == first[0]:
            tries += 1
            raise ValueError("what the database holds of it cannot be read")
        return begin(tx, job, spool, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(store_deliveries, "begin", spoilt)
    first: list[int] = [0]
    log: list[tuple[str, Order]] = []

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        first[0] = house.come_in(routing, "in-1")
        await until(lambda: tries > 0)
        job = house.come_in(routing, "in-2")
        await until(ended(house, job))
        await asyncio.sleep(0.5)

    with_engine(house, [Told(FIRST, log)], act)
    assert tries <= 3
    assert "cannot be read" in caplog.text
