"""A call that goes out, from its plan to its end: what the supervisor of its port does at each look.

What always holds: the plan is on disk before the process hears of the call; whether a call was begun is told by its
journal, and what became of it by nothing else; a call is settled once, after the journal's end or the certain death of
its writer.

Must not: block the event loop, or start and end processes (``ports`` does).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from modem import journal
from modem.outcome import Cause, Outcome
from modem.plan import CallPlan
from modem.port import client as port_client
from modem.port.client import CallAnswer, PortClient, PortError, PortState
from spooler import store_calls, transmissions
from spooler.configuration import Live
from spooler.ledger import KEPT_KINDS
from spooler.planning import damaged_files
from spooler.port_call import RunningCall
from spooler.port_news import PortNews
from spooler.port_status import Progress, went_on
from spooler.schedule_rules import retry_rules
from spooler.spool import Spool
from spooler.store import Store

log = logging.getLogger(__name__)
SILENT_LOOKS = 7  # looks at a journal that brings nothing before its writer is looked for


class Attendance:
    """Of one port's calls. ``state(state, detail)``: what the port is by what was found; ``done(call, dialled)``: the
    call is over, and all that is known of it in the database."""

    def __init__(
        self,
        name: str,
        folder: Path,
        client: PortClient,
        store: Store,
        spool: Spool,
        live: Live,
        news: PortNews,
        state: Callable[[PortState, str], None],
        done: Callable[[RunningCall, bool], None],
    ) -> None:
        self.name = name
        self._folder = folder
        self._client = client
        self._store = store
        self._spool = spool
        self._live = live
        self._news = news
        self._set = state
        self._done = done

    async def look(self, running: RunningCall) -> None:
        """One look at a call."""
        if not running.planned:
            return
        if running.fault is not None:
            await self._give_back(running, running.fault)
            return
        if not running.started and not await self._start(running):
            return
        await self._tail(running)

    async def _start(self, running: RunningCall) -> bool:
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
            self._set(PortState.SENDING, "")
            return True
        why = reply.reason or "another call is under way"
        self._news.tell("line-unavailable", f"{self.name} could not make the call: {why}", job=running.jobs[0])
        started = await self._give_back_undialled(running, f"Port {self.name} could not make the call: {why}")
        if not started:
            self._set(PortState.DOWN, reply.reason)
        return started

    async def _give_back_undialled(self, running: RunningCall, reason: str) -> bool:
        """The process will not begin this call (any more). True: it had begun it; then its journal says what became of
        it, and nothing else does."""
        if await asyncio.to_thread(running.journal.exists):
            running.started = True
            return True
        await self._give_back(running, reason)
        return False

    async def _withdraw(self, running: RunningCall) -> bool:
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

    async def _tail(self, running: RunningCall) -> None:
        if running.cancelling:
            try:
                await asyncio.to_thread(self._client.cancel, running.call)
            except PortError as error:
                log.debug("Port %s: %s", self.name, error)
        if running.progress is None:
            known = await asyncio.to_thread(journal.read, running.journal)
            running.progress = went_on(Progress(), known[0])
            running.tsid = next((str(line.fields.get("tsid", "")) for line in known[0] if line.kind == "begin"), "")
        lines, offset = await asyncio.to_thread(journal.read, running.journal, running.offset)
        if offset != running.offset:
            running.silent = 0
            running.progress = went_on(running.progress, lines)
            await self._take_in(running, lines, offset)
            return
        running.silent += 1
        if running.silent >= SILENT_LOOKS and not await asyncio.to_thread(journal.is_being_written, running.journal):
            # Nobody writes it; a second look, since the end may have come between the two questions.
            lines, offset = await asyncio.to_thread(journal.read, running.journal, running.offset)
            if offset != running.offset:
                await self._take_in(running, lines, offset)
            elif offset or await self._is_abandoned(running):
                await self._settle(running)
            return
        if running.silent >= SILENT_LOOKS:
            running.silent = 0

    async def _is_abandoned(self, running: RunningCall) -> bool:
        """Whether nobody will ever write this journal, in which nothing stands. A process may be held up between making
        it and locking it; it answers one request after the other, so its answer comes when it is done with that."""
        if not await asyncio.to_thread(port_client.is_locked, self._folder):
            return True
        if not await asyncio.to_thread(running.journal.exists):
            running.started = False  # it could not be made after all
            return False
        try:
            reply = await asyncio.to_thread(self._client.start_call, running.plan, running.journal)
        except PortError as error:
            log.warning("Port %s: %s", self.name, error)
            return False
        return reply.answer is CallAnswer.DEAD

    async def _take_in(self, running: RunningCall, lines: list[journal.Line], offset: int) -> None:
        if any(line.kind in KEPT_KINDS for line in lines):
            work = partial(store_calls.take_in, call=running.call, lines=lines, offset=offset)
            projection = await self._store.run(work)
            if projection.ended:
                await self._settle(running)
        # Frames and progress alone are not worth a commit; the next daemon reads over them again.
        running.offset = offset

    async def _settle(self, running: RunningCall) -> None:
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
            rules=retry_rules(self._live.configuration),
            damaged=damaged,
        )
        await self._store.run(work)
        await transmissions.write(self._store, self.name, running.call, running.jobs, outcome)
        self._done(running, True)

    async def _outcome(self, running: RunningCall) -> Outcome:
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

    async def _give_back(self, running: RunningCall, reason: str, pause_s: float | None = None) -> None:
        log.warning("Call %s: %s", running.call, reason)
        pause_s = self._live.configuration.device_delay_s if pause_s is None else pause_s
        until = datetime.now(UTC) + timedelta(seconds=pause_s)
        await self._store.run(partial(store_calls.give_back, call=running.call, reason=reason, until=until))
        self._done(running, False)
