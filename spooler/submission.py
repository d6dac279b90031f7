"""What a submission must be before it is taken in: pure checks, the same for the API and the incoming folder.

What always holds: a submission that passed has normalised numbers and at least one recipient (one without a number
waits until its recipient is named); an error names the recipient that is wrong.
"""

from __future__ import annotations

from dataclasses import replace

from fax.errors import Cause, RequestError
from fax.types import Recipient, Submission
from spooler.numbers import NumberError, normalise

KEY_LIMIT = 255
# One submission is one transaction, and everybody waits for it.
RECIPIENTS_LIMIT = 10_000
DOCUMENTS_LIMIT = 1000


def checked(submission: Submission) -> Submission:
    """The submission with its numbers normalised. Raises RequestError."""
    if not submission.documents and submission.cover is None:
        raise RequestError(Cause.BAD_REQUEST, "A fax needs a document or a cover page")
    if len(submission.recipients) > RECIPIENTS_LIMIT or len(submission.documents) > DOCUMENTS_LIMIT:
        text = f"A fax has at most {RECIPIENTS_LIMIT} recipients and {DOCUMENTS_LIMIT} documents"
        raise RequestError(Cause.BAD_REQUEST, text)
    recipients = submission.recipients or (Recipient(),)
    several = len(recipients) > 1
    return replace(
        submission,
        recipients=tuple(
            checked_recipient(recipient, position if several else None)
            for position, recipient in enumerate(recipients, 1)
        ),
    )


def checked_recipient(recipient: Recipient, position: int | None = None) -> Recipient:
    """The recipient with its number normalised; ``position`` is named in the error. Raises RequestError."""
    if recipient.number is None:
        return recipient
    try:
        return replace(recipient, number=normalise(recipient.number))
    except NumberError as error:
        who = " ".join(
            filter(None, (f"Recipient {position}" if position else "", recipient.name and _named(recipient)))
        )
        text = f"{who}: {error}" if who else str(error)
        raise RequestError(Cause.BAD_NUMBER, text, recipient.number) from error


def _named(recipient: Recipient) -> str:
    return f"({recipient.name})"


def check_key(key: str) -> str:
    """Raises RequestError."""
    if not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable()):
        raise RequestError(Cause.BAD_REQUEST, f"Idempotency-Key is not 1 to {KEY_LIMIT} printable ASCII characters")
    return key
