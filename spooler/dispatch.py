"""The dispatcher: keeps the schedule in step with the database and carries out what it decides.

What always holds: the schedule is told of every commit that changed a job, in order; a job that a decision could not be
carried out for goes back to the schedule; all of it runs on the event loop, the work itself on threads.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from codec.errors import CodecError, DocumentError
from fax.errors import Cause, FaxError, RequestError
from fax.types import Job, JobState
from fax.types import Port as PortShown
from modem.port.client import PortState
from spooler import store_calls, store_jobs, store_numbers, store_pages
from spooler.configuration import Live
from spooler.covers import Covers
from spooler.dialling import dial_string
from spooler.health import Health
from spooler.jobs import at_time
from spooler.numbers import NumberError, main_number
from spooler.planning import freeze_cover, master_file
from spooler.port_launch import Starts
from spooler.ports import Port
from spooler.reception import Reception
from spooler.schedule import Schedule
from spooler.schedule_rules import local_zone, rules_of
from spooler.schedule_types import Assignment, Candidate, Rules, WaitReason
from spooler.schedule_window import DAY
from spooler.schedule_words import sentence
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Changes, Store

log = logging.getLogger(__name__)
LONGEST_SLEEP_S = 5.0  # the wall clock may be set at any time
TOGETHER_S = 0.01
QUERY_LIMIT = 500


@dataclass(frozen=True)
class _Ended:
    """A call of these jobs that is settled. ``dialled`` False: it never left the house."""

    jobs: tuple[int, ...]
    dialled: bool


@dataclass(frozen=True)
class _Ready:
    """A job that can be called. ``master_file``: of its pages behind the cover page."""

    job: int
    number: str
    master_file: str


class Dispatcher:
    """Made on the event loop. ``start`` takes up what the last daemon left."""

    def __init__(
        self,
        store: Store,
        spool: Spool,
        settings: Settings,
        live: Live,
        health: Health,
        covers: Covers,
        reception: Reception,
        launcher_of: Callable[[str], Starts | None],
    ) -> None:
        """``launcher_of``: who starts a port's process, by the port's name; None: a modem's has its own."""
        self._store = store
        self._health = health
        self._covers = covers
        self._reception = reception
        self._launcher_of = launcher_of
        self._live = live
        self._spool = spool
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._schedule = Schedule(self._rules(), datetime.now(UTC))
        self._dirty_days = live.configuration.dirty_days
        self.ports: dict[str, Port] = {}
        self._changed_jobs: set[int] = set()
        self._ended: list[_Ended] = []
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._store.listen(self._committed)
        open_calls = await self._store.run(store_calls.open_calls)
        left = await asyncio.to_thread(lambda: [path.name for path in (self._spool.root / "ports").iterdir()])
        names = [port.name for port in self._settings.ports]
        names += sorted({*(call.port for call in open_calls), *left} - set(names))
        for name in names:
            self.ports[name] = self._port(name)
        since = datetime.now(UTC) - DAY
        for number, begun in await self._store.run(partial(store_numbers.calls_since, since=since)):
            self._schedule.recall(number, begun)
        for bar in await self._store.run(store_numbers.bars):
            self._schedule.bar(bar.number, bar.until)
        for call in open_calls:
            self._schedule.begin(call.jobs, main_number(call.number), call.port)
            self.ports[call.port].adopt(call)
        self._put(await self._store.run(partial(store_jobs.candidates, dirty_days=self._dirty_days)))
        # What waits stays for long: the collector need not look at all of it again and again.
        gc.collect()
        gc.freeze()
        self._live.listen(self._settings_changed)
        for port in self.ports.values():
            self._begin_task(port.run(), f"port {port.name}")
        self._begin_task(self._run(), "dispatcher")

    def _port(self, name: str) -> Port:
        return Port(
            name,
            self._settings,
            self._live,
            self._store,
            self._spool,
            self._reception,
            self._covers,
            self._port_changed,
            self._over,
            self._launcher_of(name),
        )

    async def enrol(self, fresh: Sequence[PortSettings]) -> None:
        """Ports that came while we run: devices that a provider has made."""
        self._settings = replace(self._settings, ports=(*self._settings.ports, *fresh))
        await self._live.enrol(self._settings.ports)
        for about in fresh:
            left = self.ports.get(about.name)
            if left is not None and left.in_use:
                left.come_back(about, self._launcher_of(about.name))
                continue
            if left is not None:
                left.retire()
            self.ports[about.name] = port = self._port(about.name)
            self._begin_task(port.run(), f"port {about.name}")
        self._settings_changed()

    async def stop(self) -> None:
        """Let go of everything; port processes go on with their calls."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look at everything again."""
        self._wake.set()

    def cancel_call(self, call: str) -> None:
        for port in self.ports.values():
            port.cancel(call)

    def shown_ports(self) -> tuple[PortShown, ...]:
        return tuple(port.shown() for port in self.ports.values() if port.settings is not None)

    def explained(self, job: Job) -> Job:
        """The job with the reason why it is not in a call and when it is tried next, as the schedule knows it."""
        if job.state is not JobState.WAITING:
            return job
        now = datetime.now(UTC)
        if (trouble := self._health.state.disk) is not None:
            return replace(job, wait="disk", reason=f"{trouble}. It goes on by itself", until=None)
        wait = self._schedule.why(job.id, now)
        if wait is None:
            # Committed a moment ago, and the schedule has not heard of it yet.
            return job if job.reason else replace(job, reason="It is about to be given a port")
        if wait.reason is WaitReason.RETRY and job.reason is not None:
            return replace(job, wait=wait.reason.value, until=wait.until)
        return replace(job, wait=wait.reason.value, reason=sentence(wait, now), until=wait.until)

    def _rules(self) -> Rules:
        return rules_of(self._live.configuration, self._live.ports, local_zone())

    def _settings_changed(self) -> None:
        self._schedule.set_rules(self._rules())
        for port in self.ports.values():
            self._port_changed(port)
        self._wake.set()

    def _put(self, candidates: Iterable[Candidate]) -> None:
        for candidate in candidates:
            self._schedule.put(candidate)

    def _begin_task(self, work: Coroutine[object, object, None], name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _committed(self, changes: Changes) -> None:
        """On the store's thread."""
        self._store.post(self._loop, self._heard, changes)

    def _heard(self, changes: Changes) -> None:
        self._changed_jobs |= changes.jobs
        self._wake.set()

    def _port_changed(self, port: Port) -> None:
        if port.settings is None:
            return
        down = None
        if port.state in (PortState.DOWN, PortState.STARTING):
            down = port.detail or port.state.value
        if self._schedule.set_port(port.name, free=port.free, down=down):
            self._wake.set()

    def _over(self, jobs: tuple[int, ...], dialled: bool) -> None:
        self._ended.append(_Ended(jobs, dialled))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._refresh()
                now = datetime.now(UTC)
                # Where nothing can be written down, nothing is begun: it is looked at again, and soon.
                while self._health.state.disk is None and self._decide(now):
                    await asyncio.sleep(0)
                wake_at = self._schedule.wake_at()
                sleep_s = LONGEST_SLEEP_S if wake_at is None else (wake_at - now).total_seconds()
            except FaxError as error:
                log.error("The schedule cannot be kept: %s", error)
                sleep_s = LONGEST_SLEEP_S
            except Exception:
                # Not foreseen. Without us no fax would ever go out, and nobody would say so.
                log.exception("The dispatcher failed; it goes on")
                sleep_s = LONGEST_SLEEP_S
            # Not wait_for: of Python 3.11 it may swallow that we are cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, min(sleep_s, LONGEST_SLEEP_S))):
                    await self._wake.wait()
            self._wake.clear()

    def _decide(self, now: datetime) -> bool:
        """One piece of a decision, begun to be carried out. Returns whether there may be more."""
        # No pause for the garbage collector within it: what it would find can wait.
        gc.disable()
        try:
            decision = self._schedule.decide(now)
        finally:
            gc.enable()
        for job in decision.expired:
            self._begin_task(self._give_up(job), f"job {job}")
        for assignment in decision.calls:
            self._begin_task(self._carry_out(assignment), f"job {assignment.jobs[0]}")
        return decision.more

    async def _refresh(self) -> None:
        """Bring the schedule in step with calls that ended and jobs that changed."""
        while self._ended:
            ended = self._ended[0]
            number = self._schedule.number_of(ended.jobs[0])
            if number is not None and ended.dialled:
                for bar in await self._store.run(partial(store_numbers.bars, of=(number,))):
                    self._schedule.bar(bar.number, bar.until)
            self._schedule.end(ended.jobs[0], dialled=ended.dialled)
            # What was heard of them while their call was open was left aside.
            self._changed_jobs.update(ended.jobs)
            del self._ended[0]
            for port in self.ports.values():
                self._port_changed(port)
        if self._dirty_days != self._live.configuration.dirty_days:
            self._dirty_days = self._live.configuration.dirty_days
            self._put(await self._store.run(partial(store_jobs.candidates, dirty_days=self._dirty_days)))
        while self._changed_jobs:
            ids = sorted(self._changed_jobs)[:QUERY_LIMIT]
            self._changed_jobs.difference_update(ids)
            try:
                found = await self._store.run(partial(store_jobs.candidates, dirty_days=self._dirty_days, ids=ids))
            except BaseException:
                self._changed_jobs.update(ids)
                raise
            for job in set(ids) - {candidate.job for candidate in found}:
                self._schedule.drop(job)
            self._put(found)

    async def _carry_out(self, assignment: Assignment) -> None:
        """Cover pages, intent, plan, call. Whatever fails, the jobs go back to the schedule."""
        called: tuple[int, ...] = ()
        try:
            called = await self._call(assignment)
        except FaxError as error:
            log.error("Job %d cannot be called: %s", assignment.jobs[0], error)
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("Job %d cannot be called", assignment.jobs[0])
            for job in assignment.jobs:
                await self._postpone(job, "an internal fault of the fax server")
        finally:
            for job in set(assignment.jobs) - set(called):
                self._schedule.leave(job)
                self._changed_jobs.add(job)
            self._port_changed(self.ports[assignment.port])
            self._wake.set()

    async def _call(self, assignment: Assignment) -> tuple[int, ...]:
        """Returns the jobs that are in the call: those that still want to be called, and so."""
        ready = [made for job in assignment.jobs if (made := await self._made_ready(job)) is not None]
        port = self.ports[assignment.port]
        if not ready or not port.free:
            return ()
        intent = partial(
            store_calls.intend,
            wanted=[each.job for each in ready],
            number=ready[0].number,
            port=assignment.port,
            master_files={each.job: each.master_file for each in ready},
        )
        order = await self._store.run(intent)
        if order is None:
            return ()
        await port.begin(order)
        return tuple(document.job for document in order.documents)

    async def _made_ready(self, job: int) -> _Ready | None:
        """See to the job's number and cover page. None: it is not to be called now."""
        try:
            about = await self._store.run(partial(store_jobs.row, id=job))
            number = about.number or ""
            dial_string(number, self._settings.dialling)
            order = await self._store.run(partial(store_pages.cover_order, id=job))
            if order is not None:
                frozen = await asyncio.to_thread(
                    freeze_cover,
                    order,
                    about.master,
                    self._store,
                    self._spool,
                    self._covers,
                    datetime.now(UTC),
                )
                if not frozen:
                    return None
            return _Ready(job, number, master_file(about.master, self._spool))
        except RequestError as error:
            # No such template (any more), no right to it, or one that cannot be drawn.
            await self._fail(job, Cause.COVER_PAGE.value, error.text)
        except DocumentError as error:
            # We made this document ourselves, out of the person's words.
            await self._fail(job, Cause.COVER_PAGE.value, f"The cover page: {error.text}")
        except NumberError as error:
            # The settings are others than when it was taken in.
            await self._fail(job, Cause.BAD_NUMBER.value, str(error))
        except (CodecError, OSError) as error:
            await self._postpone(job, str(error))
        return None

    async def _give_up(self, job: int) -> None:
        try:
            await self._store.run(partial(store_jobs.give_up, id=job))
            log.warning("Job %d: its time is up", job)
        except FaxError as error:
            log.error("Job %d cannot be given up: %s", job, error)
            await asyncio.sleep(1)
            self._changed_jobs.add(job)
            self._wake.set()

    async def _fail(self, job: int, cause: str, text: str) -> None:
        log.warning("Job %d failed: %s", job, text)
        await self._store.run(partial(store_jobs.fail_waiting, id=job, cause=cause, reason=text))

    async def _postpone(self, job: int, why: str) -> None:
        now = datetime.now(UTC)
        until = now + timedelta(seconds=self._live.configuration.device_delay_s)
        reason = f"The call could not be prepared: {why.rstrip('. ')}; next try {at_time(until, now)}"
        log.warning("Job %d: %s", job, reason)
        await self._store.run(partial(store_jobs.postpone, id=job, reason=reason, until=until))
