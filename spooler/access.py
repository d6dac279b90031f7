"""Who may do what: the owner rules of the API, as pure functions of who asks.

What always holds: root and the daemon's own user are administrators; an administrator may do everything; everybody
else sees and changes their own jobs only; only administrators and backends speak for others.
"""

from __future__ import annotations

from dataclasses import dataclass

from fax.errors import Cause, RequestError
from spooler.settings import Users


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person (or program) behind a request, as the kernel names them."""

    uid: int
    user: str
    admin: bool
    backend: bool


def caller(uid: int, user: str, rules: Users, daemon_uid: int) -> Caller:
    """``user``: the name of ``uid``, or its number as text when it has none."""
    return Caller(
        uid=uid,
        user=user,
        admin=uid in (0, daemon_uid) or user in rules.admins,
        backend=user in rules.backends,
    )


def may_see(who: Caller, owner: str) -> bool:
    return who.admin or who.user == owner


def check_owner(who: Caller, owner: str, job: int, submitter: str | None = None) -> None:
    """``submitter``: may do it too, having submitted the job for its owner. Raises RequestError NOT_ALLOWED."""
    if not may_see(who, owner) and who.user != submitter:
        raise RequestError(Cause.NOT_ALLOWED, f"Job {job} belongs to another user")


def submitting_user(who: Caller, named: str | None) -> str:
    """For whom a submission counts. Raises RequestError NOT_ALLOWED."""
    if named is None or named == who.user:
        return who.user
    if not (who.admin or who.backend):
        raise RequestError(Cause.NOT_ALLOWED, f"{who.user} may not submit a fax for {named}")
    return named
