"""The audit: one line for every change of settings, rights, lines and faxes of others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """Who did what, and what it was before. ``subject``: what was changed (``user:ann``, ``port line1 rings``)."""

    id: int
    at: datetime
    user: str
    via: str  # how the server knew the user: "socket", "token", "password"
    action: str
    subject: str
    before: str | None = None
    after: str | None = None
