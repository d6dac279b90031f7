"""Times as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import typer

FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%H:%M")


def instant(text: str, option: str, now: datetime | None = None) -> datetime:
    """``14:30`` (the next time that the clock says so) or ``2026-12-24 14:30``, local time, as an instant.

    Raises typer.BadParameter, which names ``option``.
    """
    local = (now or datetime.now(UTC)).astimezone()
    for form in FORMS:
        try:
            said = datetime.strptime(text.strip(), form)
        except ValueError:
            continue
        if form != "%H:%M":
            return said.astimezone().astimezone(UTC)
        today = local.replace(hour=said.hour, minute=said.minute, second=0, microsecond=0)
        # Not the next day's by adding 24 hours: the clock may be set in between.
        there = today if today > local else (today + timedelta(days=1)).replace(tzinfo=None).astimezone()
        return there.astimezone(UTC)
    raise typer.BadParameter(f"{text!r} is not a time like 14:30 or 2026-12-24 14:30", param_hint=option)


def past(text: str, option: str) -> datetime:
    """``2026-11-20`` (its beginning), or ``2026-11-20 14:30``, local time, as an instant.

    Raises typer.BadParameter, which names ``option``.
    """
    for form in ("%Y-%m-%d", *FORMS[:2]):
        try:
            return datetime.strptime(text.strip(), form).astimezone().astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise typer.BadParameter(f"{text!r} is not a time like 2026-11-20 or 2026-11-20 14:30", param_hint=option)
