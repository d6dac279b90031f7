"""Jobs that have ended: sent again, or deleted.

What always holds: only the job's owner may, and who may change everybody's; nothing is sent again that was not asked
for here.
"""

from __future__ import annotations

from fastapi import Request, Response

from fax.types import Job
from spooler import access, store_again, store_jobs, store_received, store_retention
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.api_common import Routes, answer
from spooler.api_jobs import job_whole
from spooler.api_submissions import KEY
from spooler.daemon import Daemon
from spooler.store import Transaction
from spooler.store_access import audit_job
from spooler.submission import check_key


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store = daemon.store

    @routes.request("POST", "/v1/jobs/{id:int}/restart", gives=Job)
    async def restart(request: Request, id: int) -> Response:
        """Let a failed or cancelled job go on at the first page not confirmed."""
        who = who_asks(request)

        def work(tx: Transaction) -> Job:
            _check(tx, id, who, "restarted")
            store_again.restart(tx, id)
            return job_whole(tx, id)

        return answer(access.shown_to(who, daemon.dispatcher.explained(await store.run(work))))

    @routes.request("POST", "/v1/jobs/{id:int}/resend", gives=Job, status=201, statuses=(200,), parameters=(KEY,))
    async def resend(request: Request, id: int) -> Response:
        """Send everything again as a new job, which is the answer. 200: the key was known, and this is its job."""
        who = who_asks(request)
        key = request.headers.get("idempotency-key")
        if key is not None:
            check_key(key)

        def work(tx: Transaction) -> tuple[Job, bool]:
            _check(tx, id, who, "sent again")
            new, fresh = store_again.resend(tx, id, key, who.user)
            return job_whole(tx, new), fresh

        job, fresh = await store.run(work)
        return answer(access.shown_to(who, daemon.dispatcher.explained(job)), 201 if fresh else 200)

    @routes.request("DELETE", "/v1/jobs/{id:int}", gives=Job)
    async def delete(request: Request, id: int) -> Response:
        """Delete a job that has ended, with its pages and journals. The answer is the job as it was."""
        who = who_asks(request)

        def work(tx: Transaction) -> Job:
            _check(tx, id, who, "deleted")
            job = job_whole(tx, id)
            store_retention.remove(tx, id)
            return job

        return answer(access.shown_to(who, await store.run(work)))

    return routes


def _check(tx: Transaction, id: int, who: Caller, done: str) -> None:
    owner = store_received.sole_owner_for(tx, store_jobs.row(tx, id), who)
    access.check_change(who, owner, id)
    audit_job(tx, who, done, id, owner)
