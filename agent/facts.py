"""What the agent knows of faxes and people, and how it reads that from the API's JSON.

What always holds: values only, no I/O; a field that a newer server adds is passed over, one that it leaves out
is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ADDRESS = "address"
"""The state of a fax that waits for its recipient."""


class Refusal(Exception):
    """The server refused, or could not be reached. ``cause``: its keyword; ``text``: for people."""

    def __init__(self, cause: str, text: str) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text


class Unreachable(Refusal):
    """Nothing was heard of the server: it is not known whether it did what it was asked."""

    def __init__(self, text: str) -> None:
        super().__init__("not-running", text)


@dataclass(frozen=True, kw_only=True)
class Cover:
    """A cover page as a person fills it in."""

    template: str = "default"
    subject: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a fax can be for."""

    number: str = ""
    name: str = ""
    company: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Several people of the address book under one name. ``count``: how many."""

    name: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Fax:
    """A fax of this user. ``pages``: None until they are prepared; the cover page counts."""

    id: int
    user: str
    title: str
    state: str
    pages: int | None = None
    recipient: Person = Person()
    cover: Cover | None = None
    said: Mapping[str, object] | None = None  # the recipient with all its fields, as the server gave it


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened, as far as the agent cares. ``state``: of the fax after it."""

    cursor: int
    kind: str
    fax: int | None = None
    state: str | None = None


def fax_of(said: object) -> Fax:
    """A ``Job`` of the API."""
    job = _object(said)
    recipient, cover = job.get("recipient"), job.get("cover")
    pages = job.get("pages_total")
    return Fax(
        id=_whole(job.get("id")),
        user=_text(job.get("user")),
        title=_text(job.get("title")),
        state=_text(job.get("state")),
        pages=pages if isinstance(pages, int) else None,
        recipient=person_of(recipient),
        cover=None if cover is None else _cover_of(cover),
        said=_object(recipient),
    )


def person_of(said: object) -> Person:
    """A ``Recipient`` of the API."""
    found = _object(said)
    return Person(number=_text(found.get("number")), name=_text(found.get("name")), company=_text(found.get("company")))


def group_of(said: object) -> Group:
    """A ``Group`` of the API."""
    found = _object(said)
    members = found.get("members")
    return Group(name=_text(found.get("name")), count=len(members) if isinstance(members, list) else 0)


def event_of(said: object) -> Event:
    """An ``Event`` of the API."""
    found = _object(said)
    fax, state = found.get("job"), found.get("state")
    return Event(
        cursor=_whole(found.get("cursor")),
        kind=_text(found.get("kind")),
        fax=fax if isinstance(fax, int) else None,
        state=state if isinstance(state, str) else None,
    )


def _cover_of(said: object) -> Cover:
    found = _object(said)
    return Cover(
        template=_text(found.get("template")) or "default",
        subject=_text(found.get("subject")),
        note=_text(found.get("note")),
    )


def _object(said: object) -> dict[str, object]:
    return said if isinstance(said, dict) else {}


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""


def _whole(said: object) -> int:
    return said if isinstance(said, int) else 0
