"""Faxes that have ended and are sent again because a person asks.

What always holds: a restarted job goes on at the first page not confirmed, with the pages it was frozen with; a page
that may have been printed stays marked; what is sent again whole is a new job, and the old one stays as it ended.
"""

from __future__ import annotations

from sqlalchemy import insert, select, update

from fax.errors import Cause, RequestError
from fax.types import JobId, JobState
from spooler.store import Transaction
from spooler.store_events import emit
from spooler.store_jobs import JobRow, check_outgoing, refuse_state, restate, row
from spooler.store_pages import OTHER_PAGES, PreparedPage, holds, outgoing
from spooler.store_submissions import known, new_submission, prepared_text, want_master
from spooler.store_tables import job_pages, jobs, master_pages

# What a job is about, and goes over to the new one when it is sent again whole.
CONTENT = (
    "user",
    "title",
    "number",
    "recipient",
    "sender",
    "cover",
    "resolution",
    "master",
    "type",
    "priority",
    "retries",
    "retry_delay_s",
    "billing_code",
    "tsid",
    "report",
    "report_address",
    "report_together",
    "port_group",
    "poll",
    "octets",
    "claimed",
)


def restart(tx: Transaction, id: int) -> None:
    """Let a job that failed or was cancelled go on at the first page not confirmed; its tries are counted anew.

    Raises RequestError WRONG_STATE.
    """
    about = row(tx, id)
    check_outgoing(about, "sent")
    if about.state not in (JobState.FAILED.value, JobState.CANCELLED.value):
        raise refuse_state(id, about.state, "restarted")
    prepared, pages = _prepared(tx, about)
    values: dict[str, object] = {
        "state": JobState.WAITING.value,
        "held": False,
        "prepared": prepared,
        "cancelling": False,
        "tries": 0,
        "reason": None,
        "cause": None,
        "until": None,
        "queued": tx.now,
        "ended": None,
        "give_up_at": None if about.give_up_at is None or about.give_up_at <= tx.now else about.give_up_at,
    }
    if prepared and about.master is not None and about.frozen and not holds(tx, id, _of_master(tx, about.master)):
        if any(page.kept for page in outgoing(tx, id)):
            raise RequestError(Cause.WRONG_STATE, f"Job {id} cannot be restarted. {OTHER_PAGES}")
        values["frozen"] = False
    if not about.frozen and pages is not None:
        values["pages_total"] = pages + (about.cover is not None)
    tx.connection.execute(update(jobs).where(jobs.c.id == id).values(values))
    # What was refused too often is tried as often again.
    tx.connection.execute(update(job_pages).where(job_pages.c.job == id).values(refusals=0))
    emit(tx, "restarted", id, text="Restarted", state=restate(tx, id))


def resend(tx: Transaction, id: int, key: str | None, submitter: str) -> tuple[JobId, bool]:
    """Send a job that has ended again whole, at once, as a new job of the same user.

    ``key``: names this act, as a submission's does. Returns the new job, and whether it was made by this call. Raises
    RequestError WRONG_STATE.
    """
    about = row(tx, id)
    if key is not None and (before := known(tx, about.user, key)) is not None:
        return before.accepted.jobs[0], False
    check_outgoing(about, "sent again")
    if not JobState(about.state).ended:
        raise refuse_state(id, about.state, "sent again")
    prepared, pages = _prepared(tx, about)
    values = {name: about._mapping[name] for name in CONTENT}
    values |= {
        "submission": new_submission(tx, about.user, key, submitter=submitter),
        "submitter": submitter,
        "state": JobState.WAITING.value,
        "held": False,
        "prepared": prepared,
        "pages_total": None if pages is None else pages + (about.cover is not None),
        "created": tx.now,
    }
    done = tx.connection.execute(insert(jobs).values(values))
    assert done.inserted_primary_key is not None
    new = int(done.inserted_primary_key[0])
    state = restate(tx, new)
    emit(tx, "accepted", new, text=f"Job {id} is sent again", state=state)
    if prepared:
        total = values["pages_total"]
        emit(tx, "prepared", new, text=prepared_text(total or 0), pages=total, state=state)
    return JobId(new), True


def _prepared(tx: Transaction, about: JobRow) -> tuple[bool, int | None]:
    """Whether the job's document is prepared, and its pages if known; it is wanted from now on. Raises RequestError."""
    if about.master is None:
        if about.cover is None and about.poll is None:
            raise RequestError(Cause.WRONG_STATE, f"Job {about.id} has no document: what was to be sent was refused")
        return True, 0
    pages = want_master(tx, about.master)
    return pages is not None, pages


def _of_master(tx: Transaction, key: str) -> list[PreparedPage]:
    query = select(master_pages).where(master_pages.c.master == key).order_by(master_pages.c.position)
    return [
        PreparedPage(index=page.position, digest=page.digest, width=page.width, rows=page.rows)
        for page in tx.connection.execute(query)
    ]
