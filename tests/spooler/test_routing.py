"""The routing engine: every method in its turn, tried again when it fails, nothing lost, nothing under two ids."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from codec.tiff import read_pages
from fax.errors import Cause, RequestError
from fax.received import DeliveryState
from fax.routing import Facts, MethodTarget, RoutingRule
from fax.types import Job, JobState, JobType
from spooler import store_deliveries, store_events, store_received, store_routing
from spooler.access import Caller
from spooler.api_jobs import job_whole
from spooler.configuration import Live
from spooler.reception import Reception
from spooler.routing import Routing
from spooler.routing_method import BuiltIn, MethodAbout, Order, Outcome, failed, hopeless
from spooler.settings import Dialling, PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from tests.spooler.calling_in import call_in, sent

PORT = "line1"
ADMIN = Caller(user="root", uid=0, admin=True, backend=False)
FIRST, SECOND, THIRD = (f"{{00000000-0000-0000-0000-00000000000{n}}}" for n in (1, 2, 3))
PATIENCE_S = 120.0


@dataclass
class Told(BuiltIn):
    """A method that writes down what it is given, and does what it is told: a list of outcomes, then success."""

    guid: str
    log: list[tuple[str, Order]]
    outcomes: list[Outcome | Exception] = field(default_factory=list)
    wait: Callable[[Order], Awaitable[None]] | None = None

    @property
    def about(self) -> MethodAbout:
        return MethodAbout(guid=self.guid, friendly_name=f"Method {self.guid[-2]}", function_name="Deliver")

    async def deliver(self, order: Order) -> Outcome:
        self.log.append((self.guid, order))
        if self.wait is not None:
            await self.wait(order)
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome(done=True, text="There it is")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass
class House:
    """Store, spool and what is set; an engine at a time."""

    store: Store
    spool: Spool
    live: Live

    def enable(self, *guids: str, data: bytes = b"") -> None:
        port = self.live.ports[0]
        for guid in guids:
            work = partial(store_routing.set_of_port, who=ADMIN, port=port, guid=guid, enabled=True, data=data)
            self.store.call(work)

    def job(self, id: int) -> Job:
        return self.store.call(partial(job_whole, id=id))

    def events(self, job: int) -> list[tuple[str, str]]:
        batch = self.store.call(partial(store_events.read, after=0, user=None, job=job, limit=1000))
        return [(event.kind, event.text) for event in batch.events]

    def come_in(self, routing: Routing, name: str = "in-1") -> int:
        """A fax comes in; its job."""
        reception = Reception(self.store, self.spool, routing, Dialling())
        assert reception.take_in(PORT, call_in(reception.folder(PORT), name))
        jobs = self.store.call(partial(store_received.inbox, user=None, type=None, since=None, after=0, limit=100))
        return next(job.id for job in jobs if job.received is not None and job.received.call == name)

    def set_due(self) -> None:
        """The time of every next try has come."""
        past = (datetime.now(UTC) - timedelta(days=1)).timestamp() * 1e6
        text = f"UPDATE deliveries SET until = {int(past)} WHERE until IS NOT NULL"
        self.store.call(lambda tx: tx.connection.exec_driver_sql(text).rowcount)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    spool = Spool(tmp_path)
    spool.prepare(None)
    store = Store(spool.database)
    yield House(store, spool, Live(store, Settings(spool=tmp_path, ports=(PortSettings(name=PORT, device="/dev/no"),))))
    store.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.01)


def with_engine(house: House, methods: list[Told], act: Callable[[Routing], Awaitable[None]]) -> None:
    async def play() -> None:
        routing = Routing(house.store, house.spool, house.live)
        for method in methods:
            routing.register(method)
        await routing.start()
        try:
            await act(routing)
        finally:
            await routing.stop()

    asyncio.run(play())


def ended(house: House, job: int) -> Callable[[], bool]:
    return lambda: house.job(job).state.ended


def test_methods_run_in_ascending_priority_with_the_fax_and_the_data_of_its_line(house: House) -> None:
    log: list[tuple[str, Order]] = []

    async def act(routing: Routing) -> None:
        house.store.call(partial(store_routing.set_priority, who=ADMIN, guid=THIRD, priority=1))
        house.enable(FIRST, THIRD, data=b"\x00\xff")
        job = await asyncio.to_thread(house.come_in, routing)
        await until(ended(house, job))
        found = house.job(job)
        assert (found.state, found.type) == (JobState.DONE, JobType.RECEIVE)
        assert [kind for kind, _ in house.events(job)] == ["received", "routing", "delivered", "delivered", "done"]

    with_engine(house, [Told(guid, log) for guid in (FIRST, SECOND, THIRD)], act)
    assert [guid for guid, _ in log] == [THIRD, FIRST]
    orders = [order for _, order in log]
    assert [order.data for order in orders] == [b"\x00\xff"] * 2
    assert [order.id for order in orders] == ["1-1", "1-2"]
    assert [page.digest for page in read_pages(orders[0].files[0].path)] == sent().digests
    assert (orders[0].tries, orders[0].retry_data, orders[0].fax.port) == (0, b"", PORT)


def test_a_method_that_fails_twice_is_tried_again_with_its_data_and_succeeds_under_one_id(house: House) -> None:
    log: list[tuple[str, Order]] = []
    outcomes: list[Outcome | Exception] = [failed("The disk is full", b"one"), OSError("No route to host")]

    async def act(routing: Routing) -> None:
        house.enable(FIRST, SECOND)
        job = await asyncio.to_thread(house.come_in, routing)
        await until(lambda: house.job(job).type is JobType.ROUTING and len(log) == 2)
        waiting = house.job(job)
        assert waiting.state is JobState.ROUTING
        assert waiting.until is not None and waiting.until > datetime.now(UTC) + timedelta(seconds=200)
        assert waiting.reason is not None and "The disk is full" in waiting.reason
        assert waiting.received is not None
        assert [each.state for each in waiting.received.deliveries] == [DeliveryState.WAITING, DeliveryState.DONE]
        house.set_due()
        routing.wake()
        await until(lambda: len(log) == 3 and "No route" in (house.job(job).reason or ""))
        house.set_due()
        routing.wake()
        await until(ended(house, job))
        found = house.job(job)
        assert (found.state, found.type, found.reason, found.until) == (JobState.DONE, JobType.RECEIVE, None, None)
        assert found.received is not None
        assert [each.tries for each in found.received.deliveries] == [3, 1]

    with_engine(house, [Told(FIRST, log, outcomes), Told(SECOND, log)], act)
    tried = [order for guid, order in log if guid == FIRST]
    assert {order.id for order in tried} == {"1-1"}
    assert [(order.tries, order.retry_data) for order in tried] == [(0, b""), (1, b"one"), (2, b"one")]
    assert [guid for guid, _ in log].count(SECOND) == 1, "what was delivered is not delivered again"


def test_after_its_limit_a_delivery_is_given_up_and_the_fax_says_so_until_a_person_tries_again(house: House) -> None:
    log: list[tuple[str, Order]] = []
    outcomes: list[Outcome | Exception] = [failed("No")] * 3
    house.live.configuration = replace(house.live.configuration, routing_retries=2, routing_delay_s=0)

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        job = await asyncio.to_thread(house.come_in, routing)
        await until(ended(house, job))
        found = house.job(job)
        assert (found.state, found.type, found.cause) == (JobState.FAILED, JobType.ROUTING, "routing-failed")
        assert found.reason is not None and "given up after 3 tries" in found.reason
        house.store.call(partial(routing.route_again, id=job, failed_only=True))
        await until(ended(house, job))
        assert house.job(job).state is JobState.DONE

    with_engine(house, [Told(FIRST, log, outcomes)], act)
    assert [order.id for _, order in log] == ["1-1"] * 4


def test_what_will_never_work_is_not_tried_again(house: House) -> None:
    log: list[tuple[str, Order]] = []

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        job = await asyncio.to_thread(house.come_in, routing)
        await until(ended(house, job))
        assert house.job(job).state is JobState.FAILED

    with_engine(house, [Told(FIRST, log, [hopeless("There is no such person")])], act)
    assert len(log) == 1


def test_a_fault_of_a_method_is_a_failure_of_its_delivery_alone(house: House) -> None:
    log: list[tuple[str, Order]] = []

    async def act(routing: Routing) -> None:
        house.enable(FIRST, SECOND)
        job = await asyncio.to_thread(house.come_in, routing)
        await until(lambda: len(log) == 2 and house.job(job).type is JobType.ROUTING)
        assert "ZeroDivisionError" in (house.job(job).reason or "")

    with_engine(house, [Told(FIRST, log, [ZeroDivisionError("x")]), Told(SECOND, log)], act)


def test_a_daemon_that_was_killed_in_a_delivery_makes_it_again_under_its_id_and_no_other(
    house: House,
) -> None:
    log: list[tuple[str, Order]] = []
    made: list[int] = []

    async def hang(order: Order) -> None:
        await asyncio.Event().wait()

    async def first(routing: Routing) -> None:
        house.enable(FIRST, SECOND)
        made.append(await asyncio.to_thread(house.come_in, routing))
        await until(lambda: len(log) == 2)

    with_engine(house, [Told(FIRST, log), Told(SECOND, log, wait=hang)], first)

    async def second(routing: Routing) -> None:
        await until(ended(house, made[0]))

    with_engine(house, [Told(FIRST, log), Told(SECOND, log)], second)
    assert [(guid, order.id, order.tries) for guid, order in log] == [
        (FIRST, "1-1", 0),
        (SECOND, "1-2", 0),
        (SECOND, "1-2", 1),
    ]
    assert house.job(made[0]).state is JobState.DONE


def test_a_method_whose_program_is_away_waits_for_it_and_keeps_its_place(house: House) -> None:
    log: list[tuple[str, Order]] = []
    made: list[int] = []

    async def nothing(routing: Routing) -> None:
        house.enable(FIRST)

    with_engine(house, [Told(FIRST, log)], nothing)

    async def away(routing: Routing) -> None:
        made.append(await asyncio.to_thread(house.come_in, routing))
        await until(lambda: house.job(made[0]).type is JobType.ROUTING)
        assert not routing.shown(house.store.call(store_routing.listing)[0]).working

    with_engine(house, [], away)
    house.set_due()

    async def back(routing: Routing) -> None:
        await until(ended(house, made[0]))

    with_engine(house, [Told(FIRST, log)], back)
    assert house.job(made[0]).state is JobState.DONE


def test_files_and_data_that_a_method_leaves_are_what_the_later_ones_get(house: House, tmp_path: Path) -> None:
    log: list[tuple[str, Order]] = []
    text = tmp_path / "text.txt"
    text.write_text("read")
    left = Outcome(done=True, added=(text,), changed_data={SECOND: b"changed"})
    gone = Outcome(done=True, removed=(0, 1))

    async def act(routing: Routing) -> None:
        house.enable(FIRST, SECOND, THIRD, data=b"set")
        job = await asyncio.to_thread(house.come_in, routing)
        await until(ended(house, job))

    with_engine(house, [Told(FIRST, log, [left]), Told(SECOND, log, [gone]), Told(THIRD, log)], act)
    first, second, third = (order for _, order in log)
    assert [file.owner for file in second.files] == ["", FIRST]
    assert second.files[1].path == text
    assert (second.data, third.data) == (b"changed", b"set")
    assert third.files == first.files, "the fax itself stays on the list"


def test_several_faxes_are_delivered_at_the_same_time_and_one_that_hangs_holds_up_no_other(house: House) -> None:
    log: list[tuple[str, Order]] = []
    go_on = asyncio.Event()

    async def hold(order: Order) -> None:
        if order.job == 1:
            await go_on.wait()

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        jobs = [await asyncio.to_thread(house.come_in, routing, f"in-{n}") for n in (1, 2, 3)]
        await until(lambda: all(house.job(job).state.ended for job in jobs[1:]))
        assert house.job(jobs[0]).state is JobState.ROUTING
        go_on.set()
        await until(ended(house, jobs[0]))

    with_engine(house, [Told(FIRST, log, wait=hold)], act)


def test_routing_again_decides_anew_and_gives_new_ids(house: House) -> None:
    log: list[tuple[str, Order]] = []

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        job = await asyncio.to_thread(house.come_in, routing)
        await until(ended(house, job))
        rule = RoutingRule(name="eve", methods=(MethodTarget(method=SECOND, data=b"x"),), users=("eve",), instead=True)
        house.store.call(partial(store_routing.set_rules, who=ADMIN, wanted=[rule], ports=house.live.ports))
        house.store.call(partial(routing.route_again, id=job, failed_only=False))
        await until(lambda: len(log) == 2 and house.job(job).state.ended)
        found = house.job(job)
        assert found.received is not None
        assert found.received.users == ("eve",)
        assert [each.id for each in found.received.deliveries] == ["1-1", "1-2"]
        with pytest.raises(RequestError) as error:
            house.store.call(partial(store_deliveries.retry, id=job))
        assert error.value.cause is Cause.WRONG_STATE

    with_engine(house, [Told(FIRST, log), Told(SECOND, log)], act)
    assert [(guid, order.id) for guid, order in log] == [(FIRST, "1-1"), (SECOND, "1-2")]


def test_a_fax_that_did_not_come_in_whole_is_routed_only_when_a_person_asks(house: House) -> None:
    log: list[tuple[str, Order]] = []
    call = sent()
    first = next(n for n, entry in enumerate(call.entries) if entry.kind == "page-confirmed")

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        reception = Reception(house.store, house.spool, routing, Dialling())
        cut = call_in(reception.folder(PORT), "in-1", call, first + 1)
        assert await asyncio.to_thread(reception.take_in, PORT, cut)
        found = house.job(1)
        assert (found.type, found.state) == (JobType.FAIL_RECEIVE, JobState.FAILED)
        assert found.received is not None and found.received.deliveries == ()
        house.store.call(partial(routing.route_again, id=1, failed_only=False))
        await until(lambda: house.job(1).state is JobState.DONE)

    with_engine(house, [Told(FIRST, log)], act)
    assert [len(read_pages(order.files[0].path)) for _, order in log] == [1]


def test_a_cancelled_routing_delivers_no_more_and_keeps_the_fax(house: House) -> None:
    log: list[tuple[str, Order]] = []

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        job = await asyncio.to_thread(house.come_in, routing)
        await until(lambda: house.job(job).type is JobType.ROUTING)
        house.store.call(partial(store_deliveries.cancel, id=job))
        found = house.job(job)
        assert found.state is JobState.CANCELLED
        assert found.received is not None
        assert [each.state for each in found.received.deliveries] == [DeliveryState.CANCELLED]
        house.set_due()
        routing.wake()

    with_engine(house, [Told(FIRST, log, [failed("No")])], act)
    assert len(log) == 1


def test_asking_where_a_fax_would_go_delivers_nothing(house: House) -> None:
    log: list[tuple[str, Order]] = []

    async def act(routing: Routing) -> None:
        house.enable(FIRST)
        rule = RoutingRule(name="sub", sub_addresses=("7",), methods=(MethodTarget(method=SECOND, data=b"x"),))
        house.store.call(partial(store_routing.set_rules, who=ADMIN, wanted=[rule], ports=house.live.ports))
        plain = house.store.call(partial(routing.decision, facts=Facts(port=PORT)))
        ruled = house.store.call(partial(routing.decision, facts=Facts(port=PORT, sub_address="7")))
        nowhere = house.store.call(partial(routing.decision, facts=Facts(port="another")))
        assert [step.method for step in plain.steps] == [FIRST]
        assert [(step.method, step.why) for step in ruled.steps] == [(FIRST, f"port {PORT}"), (SECOND, "rule sub")]
        assert nowhere.steps == ()

    with_engine(house, [Told(FIRST, log), Told(SECOND, log)], act)
    assert log == []
