"""What a submission must be before it is taken in: pure checks, the same for the API and the incoming folder.

What always holds: a submission that passed has numbers that may be called, in the form that is kept (``dialling``), and
at least one recipient (one without a number waits until its recipient is named); its schedule, report and identifiers
can act; an error names the recipient or the field that is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import datetime

from coverpage import OWN
from fax.book import Profile
from fax.errors import Cause, RequestError
from fax.mail import is_mail_address
from fax.settings import CoverRule, PortGroup
from fax.types import CoverPage, Poll, Recipient, Report, ReportKind, Schedule, ScheduleAction, Sender, Submission
from spooler import dialling
from spooler.numbers import NumberError
from spooler.settings import Dialling

KEY_LIMIT = 255
# One submission is one transaction, and everybody waits for it.
RECIPIENTS_LIMIT = 10_000
DOCUMENTS_LIMIT = 1000
RETRIES_MOST = 99
RETRY_DELAY_MOST_S = 31 * 86400.0
IDENT_LIMIT = 20
BILLING_LIMIT = 255
MASK = "********"  # stands for a password in answers


def checked(submission: Submission, rules: Dialling, now: datetime, groups: Sequence[PortGroup] = ()) -> Submission:
    """The submission with its numbers as they are kept. ``groups``: of ports, that there are.

    Raises RequestError.
    """
    if submission.poll is None and not submission.documents and submission.cover is None:
        raise _refused("A fax needs a document or a cover page")
    if submission.poll is not None and (submission.documents or submission.cover is not None):
        raise _refused("A call that fetches a document has neither documents nor a cover page of its own")
    if len(submission.recipients) > RECIPIENTS_LIMIT or len(submission.documents) > DOCUMENTS_LIMIT:
        raise _refused(f"A fax has at most {RECIPIENTS_LIMIT} recipients and {DOCUMENTS_LIMIT} documents")
    _check_fields(submission, now)
    if submission.port_group and submission.port_group not in {group.name for group in groups}:
        raise _refused(f"There is no group of ports {submission.port_group!r}")
    recipients = submission.recipients or (Recipient(),)
    several = len(recipients) > 1
    for position, recipient in enumerate(recipients, 1):
        if recipient.password == MASK:
            raise _refused(f"{_who(recipient, position if several else None)}{MASK} only stands for a password")
    return replace(
        submission,
        recipients=tuple(
            checked_recipient(recipient, rules, position if several else None)
            for position, recipient in enumerate(recipients, 1)
        ),
    )


def with_profile(
    submission: Submission, profile: Profile, own_names: Collection[str] = (), claimed: bool = False
) -> Submission:
    """The submission with what it leaves unsaid taken from its user's profile.

    A sender of another name than the profile's and ``own_names`` (what the system calls the user, which doors fill in)
    is somebody else, of whom the profile says nothing. ``claimed``: CUPS said whose it is; then what concerns the user
    alone (home telephone, billing code) stays out, since anybody may say so.
    """
    theirs = replace(profile.sender, home_phone="") if claimed else profile.sender
    sender = submission.sender
    if sender.name in ("", theirs.name, *own_names):
        sender = replace(sender, name=theirs.name or sender.name)
        said = {field.name: getattr(sender, field.name) or getattr(theirs, field.name) for field in fields(Sender)}
        sender = Sender(**said)
    cover = submission.cover
    usual = "" if claimed and profile.cover.startswith(OWN) else profile.cover
    if cover is not None and not cover.layout and cover.template == CoverPage().template and usual:
        cover = replace(cover, template=usual)
    report = submission.report
    if report in (Report(), Report(together=True)):
        report = replace(profile.report, together=profile.report.together or report.together)
    return replace(
        submission,
        sender=sender,
        cover=cover,
        billing_code=submission.billing_code or ("" if claimed else profile.billing_code),
        report=report,
    )


def with_cover_rules(
    submission: Submission, rules: Sequence[CoverRule], user: str, groups: Collection[str], said_by_profile: bool
) -> Submission:
    """The submission with the cover page that its user's or group's rule gives it. ``said_by_profile``: the user's
    profile has said what the default template stands for."""
    rule = next((rule for rule in rules if rule.user in ("", user) and (not rule.group or rule.group in groups)), None)
    cover = submission.cover
    if rule is None or submission.poll is not None:
        return submission
    if rule.forced:
        return replace(submission, cover=replace(cover or CoverPage(), template=rule.template, layout=""))
    usual = cover is not None and not cover.layout and cover.template == CoverPage().template
    if cover is None or not usual or said_by_profile:
        return submission
    return replace(submission, cover=replace(cover, template=rule.template))


def checked_recipients(recipients: Sequence[Recipient], rules: Dialling) -> list[Recipient]:
    """Recipients for a fax that waits for its first, with their numbers as they are kept. Raises RequestError."""
    if not 0 < len(recipients) <= RECIPIENTS_LIMIT:
        raise _refused(f"A fax has at least one recipient and at most {RECIPIENTS_LIMIT}")
    several = len(recipients) > 1
    found = [
        checked_recipient(recipient, rules, position if several else None)
        for position, recipient in enumerate(recipients, 1)
    ]
    for position, recipient in enumerate(found, 1):
        if recipient.number is None:
            who = _who(recipient, position if several else None)
            raise RequestError(Cause.BAD_NUMBER, f"{who}The recipient has no number")
    return found


def checked_recipient(recipient: Recipient, rules: Dialling, position: int | None = None) -> Recipient:
    """The recipient with its number as it is kept; ``position`` is named in the error. Raises RequestError."""
    who = _who(recipient, position)
    check_ident(f"{who}The subaddress", recipient.sub_address)
    check_ident(f"{who}The password", recipient.password)
    if recipient.number is None:
        return recipient
    try:
        return replace(recipient, number=dialling.checked(recipient.number, rules).number)
    except NumberError as error:
        raise RequestError(Cause.BAD_NUMBER, f"{who}{error}", recipient.number) from error


def _who(recipient: Recipient, position: int | None) -> str:
    words = (f"Recipient {position}" if position else "", recipient.name and f"({recipient.name})")
    who = " ".join(filter(None, words))
    return f"{who}: " if who else ""


def _check_fields(submission: Submission, now: datetime) -> None:
    _check_schedule(submission.schedule, now)
    check_report(submission.report)
    check_ident("The identifier (tsid)", submission.tsid)
    if submission.poll is not None:
        _check_poll(submission.poll)
    if submission.retries is not None and not 0 <= submission.retries <= RETRIES_MOST:
        raise _refused(f"A fax is tried again 0 to {RETRIES_MOST} times, not {submission.retries}")
    delay_s = submission.retry_delay_s
    if delay_s is not None and not (math.isfinite(delay_s) and 0 <= delay_s <= RETRY_DELAY_MOST_S):
        raise _refused(f"The pause between tries is 0 to {RETRY_DELAY_MOST_S:.0f} seconds, not {delay_s:g}")
    if len(submission.billing_code) > BILLING_LIMIT or not submission.billing_code.isprintable():
        raise _refused(f"A billing code is one line of at most {BILLING_LIMIT} characters")


def _check_schedule(schedule: Schedule, now: datetime) -> None:
    for what, at in (("at", schedule.at), ("give_up_at", schedule.give_up_at)):
        if at is None:
            continue
        if at.tzinfo is None:
            raise _refused(f"schedule.{what} has no time zone: write it in UTC, as {at:%Y-%m-%dT%H:%M:%SZ}")
    if schedule.action is ScheduleAction.AT and schedule.at is None:
        raise _refused("A fax that is sent at a time needs schedule.at")
    if schedule.action is not ScheduleAction.AT and schedule.at is not None:
        raise _refused(f"schedule.at goes with the action {ScheduleAction.AT.value} only")
    if schedule.give_up_at is not None:
        if schedule.give_up_at <= now:
            raise _refused("schedule.give_up_at is past: the fax would be given up at once")
        if schedule.at is not None and schedule.give_up_at <= schedule.at:
            raise _refused("schedule.give_up_at comes before schedule.at: the fax would never be sent")


def check_report(report: Report) -> None:
    if report.kind is ReportKind.EMAIL:
        check_mail_address(report.address)
    elif report.address:
        raise _refused(f"report.address goes with the kind {ReportKind.EMAIL.value} only")


def check_mail_address(address: str) -> None:
    """Whether a report could be sent there. Raises RequestError."""
    if not is_mail_address(address):
        raise _refused(f"{address!r} is not a mail address for reports")


def _check_poll(poll: Poll) -> None:
    check_ident("poll.selection", poll.selection)
    check_ident("poll.password", poll.password)
    if poll.password == MASK:
        raise _refused(f"poll.password: {MASK} only stands for a password")


def check_ident(what: str, text: str) -> None:
    """Whether ``text`` fits into a field of T.30's. Raises RequestError."""
    if len(text) > IDENT_LIMIT or not (text.isascii() and text.isprintable()):
        raise _refused(f"{what} is not at most {IDENT_LIMIT} printable ASCII characters")


def check_key(key: str) -> str:
    """Raises RequestError."""
    if not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable()):
        raise _refused(f"Idempotency-Key is not 1 to {KEY_LIMIT} printable ASCII characters")
    return key


def _refused(text: str) -> RequestError:
    return RequestError(Cause.BAD_REQUEST, text)
