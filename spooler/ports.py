"""Ports: supervises one port process and the calls that it is given.

What always holds: a port process is found by its lock, adopted when it lives and started when it does not; a call is in
the database and its plan on disk before the process hears of it; a call is settled from its journal alone, after the
journal's end or the certain death of its writer; a process is never ended while its call goes on, not even when we end.

Must not: block the event loop (the client of the process and the files are used on threads).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from fax.types import JobId
from fax.types import Port as PortShown
from modem import journal
from modem.outcome import Cause, Outcome
from modem.plan import CallPlan
from modem.port import client as port_client
from modem.port.client import CallAnswer, PortClient, PortError, PortState
from spooler import store_calls
from spooler.jobs import RetryRules
from spooler.ledger import KEPT_KINDS
from spooler.planning import JOURNAL_NAME, PLAN_NAME, damaged_files, plan_for, write_plan
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_calls import CallOrder, OpenCall

log = logging.getLogger(__name__)
TAIL_S = 0.15
LOOK_S = 1.0
LOOK_STARTING_S = 0.2
LAUNCH_PAUSES_S = (3.0, 3.0, 5.0, 10.0, 30.0)  # until the next start; a process takes a while to take its lock
WITHDRAWN_NAME = "withdrawn.json"  # a plan that nobody is to begin
SILENT_LOOKS = 7  # looks at a journal that brings nothing before its writer is looked for


@dataclass
class _Running:
    """A call between its intent and its settlement."""

    call: str
    jobs: tuple[int, ...]
    folder: Path
    offset: int = 0
    started: bool = False  # the process has it, or had it
    planned: bool = True  # its plan is written, or was given up
    fault: str | None = None  # why it cannot be made
    cancelling: bool = False
    silent: int = 0

    @property
    def plan(self) -> Path:
        return self.folder / PLAN_NAME

    @property
    def withdrawn(self) -> Path:
        return self.folder / WITHDRAWN_NAME

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL_NAME


class Port:
    """One port. ``changed(port)`` is called when it may be ready, ``over(job)`` when a job's call is settled.

    ``settings`` None: a port that is no longer in the settings; its calls are settled and its process is ended.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        store: Store,
        spool: Spool,
        changed: Callable[[Port], None],
        over: Callable[[int], None],
    ) -> None:
        self.name = name
        self.settings: PortSettings | None = next((port for port in settings.ports if port.name == name), None)
        self.state = PortState.STARTING
        self.detail = ""
        self._all = settings
        self._rules = retry_rules(settings)
        self._store = store
        self._spool = spool
        self._changed = changed
        self._over = over
        self._folder = spool.port(name)
        self._client = PortClient(self._folder)
        self._calls: list[_Running] = []
        self._wake = asyncio.Event()
        self._launches = 0
        self._launch_after = 0.0

    @property
    def free(self) -> bool:
        """Ready for a call."""
        return self.state is PortState.IDLE and not self._calls and self.settings is not None

    def shown(self) -> PortShown:
        """As the API shows it."""
        running = self._calls[0] if self._calls else None
        return PortShown(
            name=self.name,
            device=self.settings.device if self.settings else "",
            state=PortState.SENDING.value if running and running.started else self.state.value,
            detail=self.detail,
            job=JobId(running.jobs[0]) if running and running.jobs else None,
        )

    def adopt(self, call: OpenCall) -> None:
        """A call that an earlier daemon began."""
        folder = self._spool.call(call.call)
        self._calls.append(
            _Running(call.call, call.jobs, folder, call.offset, started=call.offset > 0, cancelling=call.cancelling)
        )
        self._wake.set()

    async def begin(self, order: CallOrder) -> None:
        """Make the call that was intended; one whose plan cannot be written is given back. Raises nothing of that: from
        here on the call is ours, and a wish to cancel it finds it."""
        assert self.settings is not None
        running = _Running(order.call, (order.job,), self._spool.call(order.call), planned=False)
        self._calls.append(running)
        try:
            plan = plan_for(order, self.settings, self._all, self._spool, datetime.now(UTC))
            await asyncio.to_thread(write_plan, plan, running.folder)
        except OSError as error:
            running.fault = f"The call could not be planned: {error.strerror or error}"
        except Exception:
            log.exception("Call %s cannot be planned", order.call)
            running.fault = "The call could not be planned: an internal fault of the fax server"
        running.planned = True
        self._wake.set()

    def cancel(self, call: str) -> None:
        """End this call as soon as the process can be told."""
        for running in self._calls:
            if running.call == call:
                running.cancelling = True
                self._wake.set()

    async def run(self) -> None:
        """Supervise, until cancelled; a port out of the settings ends by itself."""
        while True:
            try:
                if self._calls:
                    await self._attend(self._calls[0])
                else:
                    await self._look()
                    if self.settings is None and self.state is PortState.DOWN:
                        return
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("Port %s", self.name)
                await asyncio.sleep(LOOK_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pause_s())
            self._wake.clear()

    def _pause_s(self) -> float:
        if self._calls:
            return TAIL_S
        return LOOK_STARTING_S if self.state is PortState.STARTING else LOOK_S

    def _set(self, state: PortState, detail: str = "") -> None:
        if (state, detail) != (self.state, self.detail):
            log.info("Port %s is %s%s", self.name, state.value, f": {detail}" if detail else "")
        self.state, self.detail = state, detail
        self._changed(self)

    async def _look(self) -> None:
        """See to it that the process lives, and how it is."""
        if not await asyncio.to_thread(port_client.is_locked, self._folder):
            await self._launch()
            return
        try:
            status = await asyncio.to_thread(self._client.status)
        except PortError as error:
            self._set(PortState.DOWN, str(error))
            return
        if status is None:
            self._set(PortState.STARTING, self.detail)
            return
        if self.settings is None or status.device != self.settings.device:
            # It goes by settings of another day; it ends after the call that it may be in.
            if not status.quitting:
                await asyncio.to_thread(self._client.quit)
            self._set(PortState.STARTING, "the port process is being replaced")
            return
        self._launches = 0 if status.state is PortState.IDLE else self._launches
        self._set(PortState.STARTING if status.quitting else status.state, status.reason)

    async def _launch(self) -> None:
        if self.settings is None:
            self._set(PortState.DOWN, "not in the settings")
            return
        now = asyncio.get_running_loop().time()
        if now < self._launch_after:
            return
        pause_s = LAUNCH_PAUSES_S[min(self._launches, len(LAUNCH_PAUSES_S) - 1)]
        self._launches += 1
        self._launch_after = now + pause_s
        try:
            pid = await asyncio.to_thread(
                port_client.launch, self.name, self.settings.device, self._folder, Path(self.settings.lock_folder)
            )
        except OSError as error:
            self._set(PortState.DOWN, f"the port process cannot be started: {error.strerror or error}")
            return
        log.info("Port %s: started process %d", self.name, pid)
        ended = "the port process ended; see " + str(self._folder / "log") if self._launches > 2 else ""
        self._set(PortState.DOWN if ended else PortState.STARTING, ended)

    async def _attend(self, running: _Running) -> None:
        """One look at a call."""
        if not running.planned:
            return
        if running.fault is not None:
            await self._give_back(running, running.fault)
            return
        if not running.started and not await self._start(running):
            return
        await self._tail(running)

    async def _start(self, running: _Running) -> bool:
        """Hand the call over, as often as need be; True when its journal is what matters from now on."""
        if await asyncio.to_thread(running.journal.exists):
            running.started = True
            return True
        if running.cancelling or await asyncio.to_thread(running.withdrawn.exists):
            return await self._withdraw(running)
        if not await asyncio.to_thread(running.plan.exists):
            # The plan is written before the process hears of the call.
            await self._give_back(running, "The fax server was restarted before it dialled", pause_s=0)
            return False
        if not await asyncio.to_thread(port_client.is_locked, self._folder):
            return await self._give_back_undialled(running, "The port process ended before it dialled")
        try:
            reply = await asyncio.to_thread(self._client.start_call, running.plan, running.journal)
        except PortError as error:
            log.warning("Port %s: %s", self.name, error)
            self._set(PortState.DOWN, str(error))
            return False
        if reply.answer in (CallAnswer.STARTED, CallAnswer.DONE, CallAnswer.DEAD):
            running.started = True
            self._set(PortState.SENDING)
            return True
        why = reply.reason or "another call is under way"
        started = await self._give_back_undialled(running, f"Port {self.name} could not make the call: {why}")
        if not started:
            self._set(PortState.DOWN, reply.reason)
        return started

    async def _give_back_undialled(self, running: _Running, reason: str) -> bool:
        """The process will not begin this call (any more). True: it had begun it; then its journal says what became of
        it, and nothing else does."""
        if await asyncio.to_thread(running.journal.exists):
            running.started = True
            return True
        await self._give_back(running, reason)
        return False

    async def _withdraw(self, running: _Running) -> bool:
        """Cancel a call that has no journal yet: without its plan it can never be begun. True: it just was."""
        with suppress(FileNotFoundError):
            await asyncio.to_thread(running.plan.rename, running.withdrawn)
        try:
            # The process answers one request after the other: it has done with what it was asked before.
            await asyncio.to_thread(self._client.status)
        except PortError as error:
            # It may have read the plan, and begin the call yet: we ask again.
            log.warning("Port %s: %s", self.name, error)
            return False
        if await asyncio.to_thread(running.journal.exists):
            with suppress(FileNotFoundError):
                await asyncio.to_thread(running.withdrawn.rename, running.plan)
            running.started = True
            return True
        await self._give_back(running, "Cancelled before it dialled", pause_s=0)
        return False

    async def _tail(self, running: _Running) -> None:
        if running.cancelling:
            try:
                await asyncio.to_thread(self._client.cancel, running.call)
            except PortError as error:
                log.debug("Port %s: %s", self.name, error)
        lines, offset = await asyncio.to_thread(journal.read, running.journal, running.offset)
        if offset != running.offset:
            running.silent = 0
            await self._take_in(running, lines, offset)
            return
        running.silent += 1
        if running.silent >= SILENT_LOOKS and not await asyncio.to_thread(journal.is_being_written, running.journal):
            # Nobody writes it; a second look, since the end may have come between the two questions.
            lines, offset = await asyncio.to_thread(journal.read, running.journal, running.offset)
            if offset != running.offset:
                await self._take_in(running, lines, offset)
            else:
                await self._settle(running)
            return
        if running.silent >= SILENT_LOOKS:
            running.silent = 0

    async def _take_in(self, running: _Running, lines: list[journal.Line], offset: int) -> None:
        if any(line.kind in KEPT_KINDS for line in lines):
            work = partial(store_calls.take_in, call=running.call, lines=lines, offset=offset)
            projection = await self._store.run(work)
            if projection.ended:
                await self._settle(running)
        # Frames and progress alone are not worth a commit; the next daemon reads over them again.
        running.offset = offset

    async def _settle(self, running: _Running) -> None:
        """The journal says all that it will ever say."""
        outcome = await self._outcome(running)
        log.info("Call %s ended: %s", running.call, outcome.text)
        damaged: frozenset[str] = frozenset()
        if outcome.cause is Cause.PLAN_INVALID:
            plan = await self._store.run(partial(store_calls.plan_remembered, call=running.call))
            damaged = await asyncio.to_thread(damaged_files, plan, self._spool.root)
        work = partial(
            store_calls.settle,
            call=running.call,
            outcome=outcome,
            ended=datetime.now(UTC),
            rules=self._rules,
            damaged=damaged,
        )
        await self._store.run(work)
        self._done(running)

    async def _outcome(self, running: _Running) -> Outcome:
        written, _ = await asyncio.to_thread(journal.read, running.journal)
        # Where the disk lost what it had said, the database still knows what was taken in.
        known = {line.n: line for line in await self._store.run(partial(store_calls.lines_taken_in, call=running.call))}
        known.update((line.n, line) for line in written)
        lines = [known[n] for n in sorted(known)]
        try:
            plan = await asyncio.to_thread(CallPlan.load, running.plan)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            log.error("Call %s: its plan cannot be read, the database must do: %s", running.call, error)
            plan = await self._store.run(partial(store_calls.plan_remembered, call=running.call))
        return journal.outcome_after_death(lines, plan)

    async def _give_back(self, running: _Running, reason: str, pause_s: float | None = None) -> None:
        log.warning("Call %s: %s", running.call, reason)
        pause_s = self._all.device_delay_s if pause_s is None else pause_s
        until = datetime.now(UTC) + timedelta(seconds=pause_s)
        await self._store.run(partial(store_calls.give_back, call=running.call, reason=reason, until=until))
        self._done(running)

    def _done(self, running: _Running) -> None:
        self._calls.remove(running)
        self._set(PortState.STARTING)
        for job in running.jobs:
            self._over(job)
        self._wake.set()


def retry_rules(settings: Settings) -> RetryRules:
    return RetryRules(
        retries=settings.retries,
        retry_delay_s=settings.retry_delay_s,
        busy_delay_s=settings.busy_delay_s,
        device_delay_s=settings.device_delay_s,
    )
