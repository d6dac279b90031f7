"""The dispatcher: keeps the schedule in step with the database and carries out what it decides.

What always holds: the schedule is told of every commit that changed a job, in order; a job that a decision could not be
carried out for goes back to the schedule; all of it runs on the event loop, the work itself on threads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from codec.errors import CodecError, DocumentError
from coverpage import CoverPageError
from fax.errors import Cause, FaxError
from fax.types import Job, JobState
from fax.types import Port as PortShown
from spooler import store_calls, store_jobs, store_pages
from spooler.jobs import at_time
from spooler.planning import freeze_cover, master_file
from spooler.ports import Port
from spooler.preparation import codec_limits
from spooler.schedule import Assignment, Candidate, Schedule
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Changes, Store

log = logging.getLogger(__name__)
LONGEST_SLEEP_S = 5.0  # the wall clock may be set at any time
QUERY_LIMIT = 500


class Dispatcher:
    """Made on the event loop. ``start`` takes up what the last daemon left."""

    def __init__(self, store: Store, spool: Spool, settings: Settings) -> None:
        self._store = store
        self._spool = spool
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._schedule = Schedule(tuple(port.name for port in settings.ports))
        self.ports: dict[str, Port] = {}
        self._changed_jobs: set[int] = set()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._store.listen(self._committed)
        open_calls = await self._store.run(store_calls.open_calls)
        left = await asyncio.to_thread(lambda: [path.name for path in (self._spool.root / "ports").iterdir()])
        names = [port.name for port in self._settings.ports]
        names += sorted({*(call.port for call in open_calls), *left} - set(names))
        for name in names:
            self.ports[name] = Port(name, self._settings, self._store, self._spool, self._port_changed, self._over)
        for call in open_calls:
            for job in call.jobs:
                self._schedule.begin(job, call.number, call.port)
            self.ports[call.port].adopt(call)
        for waiting in await self._store.run(store_jobs.waiting):
            self._schedule.put(Candidate(job=waiting.job, number=waiting.number, ready_at=waiting.until))
        for port in self.ports.values():
            self._begin_task(port.run(), f"port {port.name}")
        self._begin_task(self._run(), "dispatcher")

    async def stop(self) -> None:
        """Let go of everything; port processes go on with their calls."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cancel_call(self, call: str) -> None:
        for port in self.ports.values():
            port.cancel(call)

    def shown_ports(self) -> tuple[PortShown, ...]:
        return tuple(port.shown() for port in self.ports.values() if port.settings is not None)

    def explained(self, job: Job) -> Job:
        """The job with the reason why it is not in a call, where only the schedule knows it."""
        if job.state is not JobState.WAITING:
            return job
        why = self._schedule.why(job.id, datetime.now(UTC))
        return job if why is None else replace(job, reason=why, until=None)

    def _begin_task(self, work: Coroutine[object, object, None], name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _committed(self, changes: Changes) -> None:
        """On the store's thread."""
        with suppress(RuntimeError):  # the loop is closed: we are ending
            self._loop.call_soon_threadsafe(self._heard, changes)

    def _heard(self, changes: Changes) -> None:
        self._changed_jobs |= changes.jobs
        self._wake.set()

    def _port_changed(self, port: Port) -> None:
        if port.settings is None:
            return
        if self._schedule.set_port(port.name, free=port.free, down=port.detail or port.state.value):
            self._wake.set()

    def _over(self, job: int) -> None:
        self._schedule.end(job)
        # What was heard of it while its call was open was left aside.
        self._changed_jobs.add(job)
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._refresh()
                now = datetime.now(UTC)
                for assignment in self._schedule.decide(now):
                    self._begin_task(self._carry_out(assignment), f"job {assignment.job}")
                wake_at = self._schedule.wake_at()
                sleep_s = LONGEST_SLEEP_S if wake_at is None else (wake_at - now).total_seconds()
            except FaxError as error:
                log.error("The schedule cannot be kept: %s", error)
                sleep_s = LONGEST_SLEEP_S
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.01, min(sleep_s, LONGEST_SLEEP_S)))
            self._wake.clear()

    async def _refresh(self) -> None:
        """Bring the schedule in step with jobs that changed."""
        while self._changed_jobs:
            ids = sorted(self._changed_jobs)[:QUERY_LIMIT]
            self._changed_jobs.difference_update(ids)
            try:
                found = await self._store.run(partial(store_jobs.waiting, ids=ids))
            except BaseException:
                self._changed_jobs.update(ids)
                raise
            for job in set(ids) - {waiting.job for waiting in found}:
                self._schedule.drop(job)
            for waiting in found:
                self._schedule.put(Candidate(job=waiting.job, number=waiting.number, ready_at=waiting.until))

    async def _carry_out(self, assignment: Assignment) -> None:
        """Cover page, intent, plan, call. Whatever fails, the job goes back to the schedule."""
        begun = False
        try:
            begun = await self._call(assignment)
        except CoverPageError as error:
            await self._fail(assignment.job, error.cause.value, error.text)
        except DocumentError as error:
            # We made this document ourselves, out of the person's words.
            await self._fail(assignment.job, Cause.COVER_PAGE.value, f"The cover page: {error.text}")
        except (CodecError, OSError) as error:
            await self._postpone(assignment.job, str(error))
        except FaxError as error:
            log.error("Job %d cannot be called: %s", assignment.job, error)
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("Job %d cannot be called", assignment.job)
            await self._postpone(assignment.job, "an internal fault of the fax server")
        finally:
            if not begun:
                self._over(assignment.job)
                self._port_changed(self.ports[assignment.port])

    async def _call(self, assignment: Assignment) -> bool:
        """False: the job does not want to be called any more (or not so)."""
        job = assignment.job
        about = await self._store.run(partial(store_jobs.row, id=job))
        order = await self._store.run(partial(store_pages.cover_order, id=job))
        if order is not None:
            frozen = await asyncio.to_thread(
                freeze_cover,
                order,
                about.master,
                self._store,
                self._spool,
                self._settings,
                codec_limits(self._settings),
                datetime.now(UTC),
            )
            if not frozen:
                return False
        port = self.ports[assignment.port]
        if not port.free:
            return False
        intent = partial(
            store_calls.intend,
            job=job,
            number=assignment.number,
            port=assignment.port,
            master_file=master_file(about.master, self._spool),
        )
        call = await self._store.run(intent)
        if call is None:
            return False
        await port.begin(call)
        return True

    async def _fail(self, job: int, cause: str, text: str) -> None:
        log.warning("Job %d failed: %s", job, text)
        await self._store.run(partial(store_jobs.fail_waiting, id=job, cause=cause, reason=text))

    async def _postpone(self, job: int, why: str) -> None:
        now = datetime.now(UTC)
        until = now + timedelta(seconds=self._settings.device_delay_s)
        reason = f"The call could not be prepared: {why.rstrip('. ')}; next try {at_time(until, now)}"
        log.warning("Job %d: %s", job, reason)
        await self._store.run(partial(store_jobs.postpone, id=job, reason=reason, until=until))
