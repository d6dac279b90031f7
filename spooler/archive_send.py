"""An archived fax becomes a new one: its pages go out as they are, to the same recipient or to others.

What always holds: nothing is drawn anew: the pages of the archive's file are the new fax's, each with its digest. All
of this blocks and is run on worker threads.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import partial
from pathlib import Path

from codec.errors import TiffError
from codec.page import Page
from codec.tiff import TiffReader, TiffWriter
from fax.archive import ArchivedFax, Direction, Forward
from fax.errors import Cause, RequestError, ServerError
from fax.types import Recipient, Resolution, Submission
from spooler import store_archive_send
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_pages import PreparedPage
from spooler.store_submissions import Acceptance

_FINE_DPI, _SUPERFINE_DPI = 150, 300  # rows per inch from which on a page is not standard, not fine any more


def forwarded(fax: ArchivedFax, wanted: Forward) -> Submission:
    """The submission that sends ``fax`` on, but for its pages. Raises RequestError."""
    if not wanted.recipients:
        raise RequestError(Cause.BAD_REQUEST, "Nobody is named whom the fax is to go to")
    return Submission(
        documents=(),
        recipients=wanted.recipients,
        title=wanted.title or fax.title or fax.subject or f"Fax {fax.id}",
        cover=wanted.cover,
        billing_code=wanted.billing_code,
        hold=wanted.hold,
    )


def sent_again(fax: ArchivedFax, recipient: Recipient | None = None) -> Submission:
    """The submission that sends ``fax`` once more, but for its pages. ``recipient``: as the fax was handed in, with its
    password, where that is still known. Raises RequestError."""
    if fax.direction is not Direction.SENT or fax.recipient is None:
        text = f"Fax {fax.id} came in; say to whom it is to be forwarded"
        raise RequestError(Cause.WRONG_STATE, text)
    submission = Submission(
        documents=(),
        recipients=(recipient or replace(fax.recipient, password=""),),
        title=fax.title,
        billing_code=fax.billing_code,
    )
    return submission if fax.sender is None else replace(submission, sender=fax.sender)


def hand_in(
    store: Store,
    spool: Spool,
    path: Path,
    first: int,
    submission: Submission,
    user: str,
    key: str | None,
) -> Acceptance:
    """Send the pages of the file ``path`` from ``first`` (from 0) on. Raises ServerError, RequestError, OSError."""
    master = uuid.uuid4().hex + uuid.uuid4().hex
    with spool.scratch("archive") as folder:
        out = folder / "master.tif"
        pages, resolution = _copy(path, out, first)
        octets = out.stat().st_size
        store.call(partial(store_archive_send.begin, key=master, resolution=resolution))
        try:
            spool.place(out, spool.master(master))
            return store.call(
                partial(
                    store_archive_send.finish,
                    key=master,
                    pages=pages,
                    octets=octets,
                    submission=replace(submission, resolution=resolution),
                    user=user,
                    idempotency_key=key,
                )
            )
        except Exception:
            store.call(partial(store_archive_send.forget, key=master))
            raise


def _copy(path: Path, out: Path, first: int) -> tuple[list[PreparedPage], Resolution]:
    """Raises ServerError, OSError."""
    pages: list[PreparedPage] = []
    finest = 0
    try:
        with TiffReader(path) as reader, TiffWriter(out) as writer:
            for index in range(first, len(reader)):
                page: Page = reader[index]
                writer.append(page)
                pages.append(PreparedPage(index=index - first, digest=page.digest, width=page.width, rows=page.rows))
                finest = max(finest, page.dpi_y)
    except TiffError as error:
        raise ServerError(Cause.STORAGE, f"The archived fax is damaged: {error}", str(path)) from error
    if not pages:
        raise RequestError(Cause.WRONG_STATE, "The fax has no page but its cover page, which was not wanted")
    if finest < _FINE_DPI:
        return pages, Resolution.STANDARD
    return pages, Resolution.FINE if finest < _SUPERFINE_DPI else Resolution.SUPERFINE
