"""Submissions: taken in whole, or refused.

What always holds: the answer goes out after the commit is on disk; the same key of the same user gives the first
answer again.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

from fastapi import Request, Response

from fax.errors import FaxError
from fax.types import Accepted, Submission
from spooler import access, store_submissions
from spooler.access_table import who_asks
from spooler.admission import admit, admit_own_cover
from spooler.api_common import Parameter, Routes, answer, body_of
from spooler.daemon import Daemon
from spooler.store_pages import CoverOrder
from spooler.submission import check_key, checked, with_cover_rules, with_profile

MANY = 50  # recipients
KEY = Parameter("Idempotency-Key", str, "At most 255 printable ASCII characters; one key is one submission", "header")


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store = daemon.store

    @routes.request(
        "POST", "/v1/submissions", gives=Accepted, takes=Submission, status=201, statuses=(200,), parameters=(KEY,)
    )
    async def submit(request: Request) -> Response:
        """Take a fax in, one job per recipient. 200: the key was known, and this is the first answer."""
        who = who_asks(request)
        key = request.headers.get("idempotency-key")
        if key is not None:
            check_key(key)
        submission = await body_of(request, Submission)
        owner = access.submission_owner(who, submission.user)
        user = owner.user
        access.check_submit(who, owner, await daemon.callers.rights_of(user))
        try:
            daemon.health.check_new_work()
            submission = with_profile(
                submission, await daemon.profiles.of(user), await daemon.callers.names_of(user), owner.claimed
            )
            submission = with_cover_rules(
                submission,
                daemon.live.configuration.cover_rules,
                user,
                await daemon.callers.groups_of(user),
                bool((await daemon.profiles.of(user)).cover),
            )
            submission = checked(
                submission, daemon.settings.dialling, datetime.now(UTC), daemon.live.configuration.port_groups
            )
            admit(submission, daemon.live.configuration)
            admit_own_cover(submission.cover, user, owner.claimed)
            if submission.cover is not None:
                await asyncio.to_thread(try_cover, submission, user, daemon)
        except FaxError:
            # What was taken in once is answered again, whatever is said of it now.
            before = None if key is None else await store.run(partial(store_submissions.known, user=user, key=key))
            if before is None:
                raise
            return answer(before.accepted)
        async with daemon.intake.fresh.claimed(submission.documents) as fresh:
            work = partial(
                store_submissions.submit,
                submission=submission,
                user=user,
                key=key,
                submitter=who.user,
                claimed=owner.claimed,
                fresh=fresh,
            )
            acceptance = await store.run(work)
        return answer(acceptance.accepted, 201 if acceptance.fresh else 200)

    return routes


def try_cover(submission: Submission, user: str, daemon: Daemon) -> None:
    """A cover page that cannot be drawn is refused at once, not at dispatch. Raises RequestError."""
    assert submission.cover is not None
    order = CoverOrder(
        job=0,
        recipient=submission.recipients[0],
        sender=submission.sender,
        cover=submission.cover,
        resolution=submission.resolution,
        title=submission.title,
        document_pages=0,
        user=user,
        billing_code=submission.billing_code,
        priority=submission.priority,
    )
    daemon.covers.check(order, submission.recipients, datetime.now(UTC))
