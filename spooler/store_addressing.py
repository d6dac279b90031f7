"""A fax that waits for its recipient gets several: one job for each.

What always holds: all of them are there afterwards, or none and the fax waits as before; whoever asks a second time is
refused, since it waits no longer.

Must not: check numbers or rights (the API has).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from fax.types import JobId, JobState, Recipient
from spooler.jobs import standing
from spooler.store import Transaction
from spooler.store_events import Said, emit_of
from spooler.store_jobs import address, check_outgoing, packed, refuse_state, row
from spooler.store_submissions import add_like, prepared_text
from spooler.store_tables import jobs
from spooler.submission import MASK


def address_all(tx: Transaction, id: int, recipients: Sequence[Recipient]) -> tuple[JobId, ...]:
    """Name the recipients (numbers normalised, at least one); the jobs in their order, the first is the one that
    waited. Raises RequestError."""
    about = row(tx, id)
    check_outgoing(about, "given several recipients")
    if about.state != JobState.ADDRESS.value:
        raise refuse_state(id, about.state, "given several recipients")
    said = msgspec.json.decode(about.recipient, type=Recipient)
    recipients = [replace(each, password=said.password) if each.password == MASK else each for each in recipients]
    address(tx, id, recipients[0])
    more = add_like(
        tx,
        about.submission,
        id,
        [
            {
                "number": recipient.number,
                "recipient": packed(recipient),
                "state": standing(in_call=False, held=False, prepared=True, number=recipient.number).value,
            }
            for recipient in recipients[1:]
        ],
    )
    told = [Said("accepted", "Accepted"), Said("prepared", prepared_text(about.pages_total or 0), about.pages_total)]
    for each in told if more else ():
        emit_of(tx, jobs.c.id.in_(more), each)
    return (JobId(id), *more)
