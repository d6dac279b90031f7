"""Whether a new fax is let in as the server is set up: a pure check, the same for the API and the incoming folder.

Must not: look at what the fax says (``submission`` does).
"""

from __future__ import annotations

from coverpage import OWN as OWN_COVERS
from fax.errors import Cause, RequestError, ServerError
from fax.settings import Configuration
from fax.types import CoverPage, Submission


def admit_cover(cover: CoverPage, configuration: Configuration) -> None:
    """Raises RequestError NOT_ALLOWED."""
    own = bool(cover.layout) or cover.template.startswith(OWN_COVERS)
    if own and configuration.server_cover_only:
        raise RequestError(Cause.NOT_ALLOWED, "This fax server allows its own cover pages only")


def admit_own_cover(cover: CoverPage | None, user: str, claimed: bool) -> None:
    """A template of one's own is not for whom CUPS only names. Raises RequestError NOT_ALLOWED."""
    if claimed and cover is not None and cover.template.startswith(OWN_COVERS) and not cover.layout:
        text = f"{cover.template} is {user}'s own, and nothing but the print job says that {user} sent this"
        raise RequestError(Cause.NOT_ALLOWED, text)


def admit(submission: Submission, configuration: Configuration) -> None:
    """Raises ServerError QUEUE_BLOCKED (it may be handed in later), RequestError RECIPIENTS_LIMIT, NOT_ALLOWED."""
    if configuration.queue_blocked:
        raise ServerError(
            Cause.QUEUE_BLOCKED, "The fax server takes no new faxes at present; its administrator says so"
        )
    if submission.cover is not None:
        admit_cover(submission.cover, configuration)
    admit_recipients(len(submission.recipients), configuration)


def admit_recipients(wanted: int, configuration: Configuration) -> None:
    """Raises RequestError RECIPIENTS_LIMIT."""
    limit = configuration.recipients_limit
    if limit and wanted > limit:
        text = f"A fax goes to at most {limit} recipient{'s' if limit > 1 else ''} on this server, not to {wanted}"
        raise RequestError(Cause.RECIPIENTS_LIMIT, text)
