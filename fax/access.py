"""Rights: who may do what at the fax server, as bits that mean what they mean to the Windows fax service.

What always holds: the numbers are those of winfax.h and winnt.h, so that a mask from either side can be used as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag

from fax.errors import Cause, RequestError


class Right(IntFlag):
    """One right each. The last five are the standard rights of Windows, of which two mean something here."""

    JOB_SUBMIT = 0x0001  # send, upload
    JOB_QUERY = 0x0002  # see everybody's faxes; one's own are seen without it
    CONFIG_QUERY = 0x0004
    CONFIG_SET = 0x0008
    PORT_QUERY = 0x0010
    PORT_SET = 0x0020
    JOB_MANAGE = 0x0040  # change everybody's faxes; one's own are changed without it
    DELETE = 0x00010000
    READ_CONTROL = 0x00020000  # see who may do what
    WRITE_DAC = 0x00040000  # say who may do what: grants, tokens, passwords
    WRITE_OWNER = 0x00080000
    SYNCHRONIZE = 0x00100000


NONE = Right(0)
SPECIFIC = Right(0x7F)
FAX_READ = Right(0x00020016)
FAX_WRITE = Right(0x00020001)
FAX_ALL_ACCESS = Right(0x001F007F)
EVERYBODY = "everybody"

_GENERIC = {"FAX_READ": FAX_READ, "FAX_WRITE": FAX_WRITE, "FAX_ALL_ACCESS": FAX_ALL_ACCESS, "FAX_ALL": FAX_ALL_ACCESS}
_BARE = (Right.DELETE, Right.READ_CONTROL, Right.WRITE_DAC, Right.WRITE_OWNER, Right.SYNCHRONIZE)


def right_name(right: Right) -> str:
    """What a single right is called: ``FAX_JOB_SUBMIT``, ``WRITE_DAC``."""
    return str(right.name) if right in _BARE else f"FAX_{right.name}"


def right_names(mask: Right) -> tuple[str, ...]:
    """The single rights of a mask, by name."""
    return tuple(right_name(right) for right in Right if right in mask)


def mask_of(text: str) -> Right:
    """A mask from what a person writes: names in any case with ``-`` or ``_``, the prefix ``FAX_`` may be left out;
    generic ones (``read``, ``write``, ``all``) and numbers (``0x41``) too; several parted by commas; ``none``.

    Raises RequestError BAD_REQUEST.
    """
    mask = NONE
    known = {right_name(right): right for right in Right} | _GENERIC
    for word in filter(None, (part.strip() for part in text.split(","))):
        name = word.upper().replace("-", "_")
        if name == "NONE":
            continue
        right = known.get(name) or known.get(f"FAX_{name}")
        if right is None:
            try:
                number = int(word, 0)
            except ValueError:
                number = -1
            if number < 0 or number & ~FAX_ALL_ACCESS:
                raise RequestError(
                    Cause.BAD_REQUEST,
                    f"{word!r} is not a right; there are {', '.join(right_names(SPECIFIC))}, READ_CONTROL, WRITE_DAC,"
                    " and FAX_READ, FAX_WRITE, FAX_ALL_ACCESS",
                )
            right = Right(number)
        mask |= right
    return mask


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What one subject may do; what somebody may do is the sum of all grants that meet them."""

    subject: str  # "user:NAME", "group:NAME" or "everybody"
    mask: int  # bits of Right
    changed: datetime | None = None
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class GrantChange:
    """Body of PUT /v1/access/grants: the subject's whole mask from now on."""

    subject: str
    mask: int


@dataclass(frozen=True, kw_only=True)
class AccessAnswer:
    """The answer to whether the caller has all rights of a mask, and who the server takes the caller for."""

    granted: bool
    user: str
    mask: int  # all rights of the caller
    missing: tuple[str, ...] = ()  # by name, of those asked for
    groups: tuple[str, ...] = ()
    administrator: bool = False
    via: str = "socket"  # or "token", "password"


@dataclass(frozen=True, kw_only=True)
class Token:
    """What the server knows of a token: not the token itself."""

    id: int
    name: str  # what it is for
    user: str  # whom it stands for
    created: datetime
    by: str = ""
    expires: datetime | None = None  # None: never
    used: datetime | None = None  # last, to the minute


@dataclass(frozen=True, kw_only=True)
class TokenWanted:
    """Body of POST /v1/access/tokens. ``user`` None: for the caller."""

    name: str
    user: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TokenMade:
    """A new token; it is shown this once."""

    token: str
    about: Token


@dataclass(frozen=True, kw_only=True)
class PasswordChange:
    """Body of PUT /v1/access/passwords/USER."""

    password: str

    def __repr__(self) -> str:
        return "PasswordChange()"


@dataclass(frozen=True, kw_only=True)
class PasswordSet:
    """That a user has a password, and since when."""

    user: str
    changed: datetime
    by: str = ""
