"""Who may do what: rights and owner rules, as pure functions of who asks.

What always holds: administrators (root, the daemon's own user, those that the settings name) have every right;
everybody else has the sum of the grants that meet them; one's own faxes are seen and changed without a right; to see or
change another's takes one; only administrators and backends, known by the kernel and not by a token, speak for others,
and what they hand in for a named user is marked ``claimed``. A refusal names the right that is missing.

Must not: look anything up (``callers`` does), or be gone around: endpoints say in ``access_table`` what they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fax.access import EVERYBODY, FAX_ALL_ACCESS, NONE, Right, right_name, right_names
from fax.errors import Cause, RequestError
from fax.types import Job, Recipient, Sender
from spooler.settings import Users

DEFAULT_GRANTS: Mapping[str, Right] = {
    EVERYBODY: Right.JOB_SUBMIT | Right.READ_CONTROL | Right.CONFIG_QUERY | Right.PORT_QUERY
}
"""Of a fresh server: whoever reaches it may send, see their own faxes, and look at settings and lines."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person (or program) behind a request. ``uid`` None: known by a token or password, not by the kernel."""

    user: str
    uid: int | None
    admin: bool
    backend: bool
    groups: frozenset[str] = frozenset()
    rights: Right = NONE
    via: str = "socket"

    def has(self, right: Right) -> bool:
        """Whether all of the rights are there."""
        return right & ~self.rights == NONE


SERVER = Caller(user="platend", uid=None, admin=True, backend=False, via="server")
"""Who lets go of what was kept long enough, in the audit."""


def rights_of(user: str, groups: Iterable[str], grants: Mapping[str, Right]) -> Right:
    """The sum of the grants that meet a user; ``grants`` by subject."""
    mask = grants.get(EVERYBODY, NONE) | grants.get(f"user:{user}", NONE)
    for group in groups:
        mask |= grants.get(f"group:{group}", NONE)
    return mask


def caller(
    uid: int,
    user: str,
    rules: Users,
    daemon_uid: int,
    groups: frozenset[str] = frozenset(),
    grants: Mapping[str, Right] = DEFAULT_GRANTS,
) -> Caller:
    """Somebody whom the kernel names. ``user``: the name of ``uid``, or its number as text when it has none."""
    admin = uid in (0, daemon_uid) or user in rules.admins
    return Caller(
        uid=uid,
        user=user,
        admin=admin,
        backend=user in rules.backends,
        groups=groups,
        rights=FAX_ALL_ACCESS if admin else rights_of(user, groups, grants),
    )


def require(who: Caller, right: Right) -> None:
    """Raises RequestError NOT_ALLOWED, with the missing rights by name."""
    missing = right & ~who.rights
    if missing:
        raise RequestError(Cause.NOT_ALLOWED, f"{who.user} does not have the right {_listed(missing)}")


def require_admin(who: Caller) -> None:
    """Raises RequestError NOT_ALLOWED."""
    if not who.admin:
        raise RequestError(Cause.NOT_ALLOWED, f"{who.user} is no administrator")


def _listed(rights: Right) -> str:
    return " and ".join(right_name(right) for right in Right if right in rights)


def may_see(who: Caller, owner: str) -> bool:
    """Whether a fax of ``owner`` may be shown."""
    return who.user == owner or who.has(Right.JOB_QUERY)


def seen_user(who: Caller) -> str | None:
    """Whose faxes ``who`` sees in lists and events: None: everybody's."""
    return None if who.has(Right.JOB_QUERY) else who.user


def check_see(who: Caller, owner: str, job: int) -> None:
    """Raises RequestError NOT_ALLOWED."""
    if not may_see(who, owner):
        raise _others(who, job, "see", Right.JOB_QUERY)


def check_see_all(who: Caller, owner: str) -> None:
    """Whether all faxes of ``owner`` may be listed. Raises RequestError NOT_ALLOWED."""
    if not may_see(who, owner):
        text = f"To see the faxes of {owner}, {who.user} needs the right {right_name(Right.JOB_QUERY)}"
        raise RequestError(Cause.NOT_ALLOWED, text)


def check_change(who: Caller, owner: str, job: int, submitter: str | None = None) -> None:
    """``submitter``: may do it too, having submitted the job for its owner. Raises RequestError NOT_ALLOWED."""
    if who.user not in (owner, submitter) and not who.has(Right.JOB_MANAGE):
        raise _others(who, job, "change", Right.JOB_MANAGE)


def _others(who: Caller, job: int, act: str, right: Right) -> RequestError:
    text = f"Job {job} belongs to another user; to {act} it, {who.user} needs the right {right_name(right)}"
    return RequestError(Cause.NOT_ALLOWED, text)


def shown_to(who: Caller, job: Job) -> Job:
    """The job as ``who`` may see it: who may change a fax but not read it learns where it stands, not what it is."""
    if may_see(who, job.user) or (job.received is not None and who.user in job.received.users):
        return job
    return replace(
        job,
        recipient=Recipient(),
        sender=Sender(),
        title="",
        cover=None,
        billing_code="",
        poll=None,
        calls=(),
        pages=(),
        tsid="",
        received=None,
    )


@dataclass(frozen=True, kw_only=True)
class Owner:
    """For whom a submission counts. ``claimed``: the submitter (CUPS) says so; neither the kernel nor a token does."""

    user: str
    claimed: bool


def submission_owner(who: Caller, named: str | None) -> Owner:
    """Raises RequestError NOT_ALLOWED."""
    if named is None:
        return Owner(user=who.user, claimed=False)
    if who.uid is not None and (who.admin or who.backend):
        # Also when it is their own name: whoever printed as "lp" or "root" has only said so.
        return Owner(user=named, claimed=True)
    if named == who.user:
        return Owner(user=named, claimed=False)
    raise RequestError(Cause.NOT_ALLOWED, f"{who.user} may not submit a fax for {named}; only the CUPS backend may")


def check_submit(who: Caller, owner: Owner, owner_rights: Right) -> None:
    """Who hands in and whom it is for both need FAX_JOB_SUBMIT: a claimed name must neither add a right nor pass by
    one that was taken away. ``owner_rights``: those of ``owner.user``.

    Raises RequestError NOT_ALLOWED.
    """
    require(who, Right.JOB_SUBMIT)
    if owner.user != who.user and Right.JOB_SUBMIT not in owner_rights:
        raise RequestError(
            Cause.NOT_ALLOWED,
            f"{owner.user} does not have the right {_listed(Right.JOB_SUBMIT)} (submitted by {who.user})",
        )


def described(mask: Right) -> str:
    """A mask for people: the names of its rights, or ``none``."""
    return "FAX_ALL_ACCESS" if mask == FAX_ALL_ACCESS else " ".join(right_names(mask)) or "none"
