"""The log's entry for each fax of a call that has ended: what an accountant or an administrator looks for.

What always holds: one line for each fax of each call, with its billing code.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from fax.errors import FaxError
from fax.types import Job, JobState
from modem.outcome import Outcome
from spooler import store_jobs
from spooler.store import Store, Transaction

log = logging.getLogger(__name__)


async def write(store: Store, port: str, call: str, jobs: Sequence[int], outcome: Outcome) -> None:
    """Log what became of ``jobs`` in ``call``, which has been settled."""
    try:
        found = await store.run(partial(_jobs, ids=jobs))
    except FaxError as error:
        log.error("Call %s on %s could not be logged: %s", call, port, error)
        return
    for job in found:
        severity = logging.WARNING if job.state is JobState.FAILED else logging.INFO
        log.log(severity, "%s", entry(job, port, call, outcome))


def entry(job: Job, port: str, call: str, outcome: Outcome) -> str:
    """The entry's text."""
    pages = "?" if job.pages_total is None else str(job.pages_total)
    seconds = "" if outcome.figures.line_seconds is None else f", {outcome.figures.line_seconds:.0f} s on the line"
    facts = [
        f"Fax {job.id} of {job.user} to {job.recipient.number or 'nobody'} on {port} (call {call}): {job.state.value}",
        f"{job.pages_confirmed} of {pages} pages{seconds}",
        outcome.cause.value,
        f"billing code {_plain(job.billing_code)}" if job.billing_code else "no billing code",
    ]
    return "; ".join(facts)


def _plain(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text)


def _jobs(tx: Transaction, ids: Sequence[int]) -> list[Job]:
    return [store_jobs.job_of(store_jobs.row(tx, id)) for id in ids]
