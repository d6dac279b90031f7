"""The routing engine: faxes that came in go where they were decided to go.

What always holds: deliveries of one fax run one after the other, in the order of their methods' priority, those of
several faxes at the same time; one that fails does not hold up the others and is tried again by itself; what a daemon
that was killed had begun is begun again under the same id; deciding is done once, when a fax is taken in or a person
asks, in the transaction that writes it down.

Must not: know what a method does.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fax.errors import FaxError
from fax.received import DeliveryState
from fax.routing import Decision, Facts, PortMethod, RoutingMethod
from spooler import store_deliveries, store_received, store_routing
from spooler.configuration import Live
from spooler.routing_method import Method, Order, Outcome, failed
from spooler.routing_rules import decide
from spooler.schedule_rules import local_zone
from spooler.spool import Spool
from spooler.store import Changes, Store, Transaction
from spooler.store_deliveries import DeliveryRules
from spooler.store_ports import named

log = logging.getLogger(__name__)
AT_ONCE = 8  # faxes that are delivered at the same time
LONGEST_SLEEP_S = 5.0  # the wall clock may be set at any time
STUCK_S = 60.0  # a fax that we fail at ourselves is left alone for so long


class Routing:
    """Made on the event loop. ``register`` before ``start``."""

    def __init__(self, store: Store, spool: Spool, live: Live) -> None:
        self._store = store
        self._spool = spool
        self._live = live
        self._loop = asyncio.get_running_loop()
        self._methods: dict[str, Method] = {}
        self._wake = asyncio.Event()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._stuck: dict[int, float] = {}  # faxes that we failed at, and until when they are left alone
        self._task: asyncio.Task[None] | None = None

    def register(self, method: Method) -> None:
        """Have this run deliveries of its GUID from now on."""
        self._methods[method.about.guid] = method

    async def enrol(self) -> None:
        """Give what was registered its place among the methods; new ones come last, as they were registered."""
        await self._store.run(partial(store_routing.enrol, methods=[each.about for each in self._methods.values()]))
        self._wake.set()

    def withdraw(self, guid: str) -> None:
        """What runs this method is gone; its deliveries fail, and are tried again, until it is back."""
        self._methods.pop(guid, None)

    def method(self, guid: str) -> Method | None:
        return self._methods.get(guid)

    def shown(self, method: RoutingMethod) -> RoutingMethod:
        """With whether anything runs it."""
        return replace(method, working=method.guid in self._methods)

    def told(self, decision: Decision) -> Decision:
        """As it is shown: what a method of others has as its data may be a secret."""
        steps = (step if self._is_text(step.method) else replace(step, data=b"") for step in decision.steps)
        return replace(decision, steps=tuple(steps))

    def _is_text(self, guid: str) -> bool:
        runs = self._methods.get(guid)
        return runs is not None and runs.about.text_data

    async def with_data(self, method: PortMethod) -> PortMethod:
        """With its data as the method itself tells them."""
        runs = self._methods.get(method.guid)
        return method if runs is None else replace(method, data=await runs.data(method.device, method.data))

    async def start(self) -> None:
        await self.enrol()
        self._store.listen(self._committed)
        self._task = asyncio.create_task(self._run(), name="routing")

    async def stop(self) -> None:
        """Let go of what is being delivered; the next daemon begins it again."""
        tasks = [*self._running.values(), *([self._task] if self._task is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look at what is due again."""
        self._wake.set()

    def decision(self, tx: Transaction, facts: Facts) -> Decision:
        """Where a fax with these facts goes. Run on the store's thread."""
        at = (facts.at or datetime.now(UTC)).astimezone(local_zone())
        port = named(self._live.ports, facts.port)
        methods = [] if port is None else store_routing.of_port(tx, port)
        if port is None:
            methods = store_routing.of_no_port(tx, facts.port)
        rules = store_routing.rules(tx)
        people = store_routing.readers(tx, [id for rule in rules for id in rule.people])
        found = decide(facts, at, methods, rules, people)
        steps = tuple(replace(step, working=step.method in self._methods) for step in found.steps)
        return replace(found, steps=steps)

    def route_again(self, tx: Transaction, id: int, failed_only: bool) -> None:
        """Decide anew where a fax goes, or try again what failed. Raises RequestError."""
        store_deliveries.check_inbound(tx, id)
        if failed_only:
            store_deliveries.retry(tx, id)
            return
        store_deliveries.check_ended(tx, id)
        facts = store_received.facts_of(tx, id)
        assert facts is not None
        store_deliveries.ensure_file(tx, id)
        wanted = Facts(
            port=facts.port,
            caller_id=facts.caller_id,
            tsid=facts.tsid,
            sub_address=facts.sub_address,
            digits=facts.digits,
            at=facts.started,
        )
        store_received.plan(tx, id, self.decision(tx, wanted), facts.port)

    def _committed(self, changes: Changes) -> None:
        """On the store's thread."""
        if changes.jobs:
            self._store.post(self._loop, self._wake.set)

    async def _run(self) -> None:
        while True:
            sleep_s = LONGEST_SLEEP_S
            try:
                sleep_s = await self._begin_due()
            except FaxError as error:
                log.error("Received faxes cannot be delivered now: %s", error)
            except Exception:
                log.exception("Routing failed; it goes on")
            # Not wait_for: of Python 3.11 it may swallow that we are cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(sleep_s):
                    await self._wake.wait()
            self._wake.clear()

    async def _begin_due(self) -> float:
        """Begin what is due; how long nothing will be, in seconds."""
        now = datetime.now(UTC)
        room = AT_ONCE - len(self._running)
        if room > 0:
            self._stuck = {job: until for job, until in self._stuck.items() if until > self._loop.time()}
            without = frozenset((*self._running, *self._stuck))
            find = partial(store_deliveries.due, now=now, limit=room, without=without)
            for job in await self._store.run(find):
                task = asyncio.create_task(self._deliver(job), name=f"routing {job}")
                self._running[job] = task
                task.add_done_callback(partial(self._ended, job))
        until = await self._store.run(partial(store_deliveries.next_due, now=now))
        if until is None:
            return LONGEST_SLEEP_S
        return max(0.05, min(LONGEST_SLEEP_S, (until - now).total_seconds()))

    def _ended(self, job: int, task: asyncio.Task[None]) -> None:
        self._running.pop(job, None)
        self._wake.set()

    async def _deliver(self, job: int) -> None:
        """Make every delivery of a fax that is due, once each."""
        behind = 0
        try:
            while True:
                find = partial(
                    store_deliveries.begin, job=job, spool=self._spool.root, now=datetime.now(UTC), behind=behind
                )
                if (found := await self._store.run(find)) is None:
                    return
                guid, behind, order = found
                outcome = await self._tried(guid, order)
                work = partial(
                    store_deliveries.record,
                    job=job,
                    number=behind,
                    outcome=outcome,
                    rules=self._rules(),
                    spool=self._spool.root,
                )
                state = await self._store.run(work)
                level = logging.INFO if state is DeliveryState.DONE else logging.WARNING
                log.log(
                    level,
                    "Fax %d, delivery %s: %s",
                    job,
                    order.id,
                    outcome.text or ("done" if outcome.done else "failed"),
                )
        except FaxError as error:
            log.error("Fax %d cannot be delivered now: %s", job, error)
            await asyncio.sleep(1)
        except Exception:
            log.exception("Fax %d cannot be delivered; it is tried again in %.0f s", job, STUCK_S)
            self._stuck[job] = self._loop.time() + STUCK_S

    async def _tried(self, guid: str, order: Order) -> Outcome:
        method = self._methods.get(guid)
        if method is None:
            return failed("What runs this routing method is not there", order.retry_data)
        try:
            await asyncio.to_thread(_make_folder, order.folder)
            return await method.deliver(order)
        except (FaxError, OSError) as error:
            return failed(str(error), order.retry_data)
        except Exception as error:
            log.exception("Delivery %s", order.id)
            return failed(f"An internal fault: {type(error).__name__}: {error}", order.retry_data)

    def _rules(self) -> DeliveryRules:
        now = self._live.configuration
        return DeliveryRules(retries=now.routing_retries, delay_s=now.routing_delay_s)


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
