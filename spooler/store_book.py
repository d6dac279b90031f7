"""The address book and the senders' profiles in the database.

What always holds: a user sees what is shared and their own, and nobody else's; a group has members that all who see the
group see; what somebody is found by is their name and company, whatever the case; a change of what is shared has its
line in the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from fax.access import Right
from fax.book import Found, Group, GroupChange, Person, PersonChange, Profile
from fax.errors import Cause, RequestError
from fax.types import Recipient
from spooler.access import Caller, require
from spooler.store import Transaction
from spooler.store_access import write_audit
from spooler.store_tables import metadata

ENTRIES_LIMIT = 200_000
MEMBERS_LIMIT = 10_000
BOOK = "book:"

people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", Text),  # NULL: shared
    Column("name", Text, nullable=False),  # as it is compared
    Column("words", Text, nullable=False),  # " word word" of name and company, for the beginnings of words
    Column("recipient", Text, nullable=False),
    Column("email", Text, nullable=False, server_default=""),
    Column("user", Text, nullable=False, server_default=""),
    Index("people_by_name", "name"),
    sqlite_autoincrement=True,
)

groups = Table(
    "groups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", Text),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),  # as it is shown
    Index("groups_by_name", "name"),
    sqlite_autoincrement=True,
)

members = Table(
    "members",
    metadata,
    Column("group", ForeignKey("groups.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False),
    Index("members_by_person", "person"),
)

profiles = Table(
    "profiles",
    metadata,
    Column("user", Text, primary_key=True),
    Column("profile", Text, nullable=False),
)

PersonRow = Row[tuple[object, ...]]


def folded(text: str) -> str:
    """A name as it is compared: case and blanks do not count."""
    return " ".join(text.casefold().split())


def _visible(who: Caller, table: Table) -> ColumnElement[bool]:
    return or_(table.c.owner.is_(None), table.c.owner == who.user)


def may_change(who: Caller, shared: bool) -> None:
    """Raises RequestError NOT_ALLOWED."""
    if shared:
        require(who, Right.CONFIG_SET)


def _beginning(
    query: Select[tuple[object, ...]], column: ColumnElement[str], prefix: str
) -> Select[tuple[object, ...]]:
    pattern = folded(prefix)
    for mark in "\\%_":
        pattern = pattern.replace(mark, "\\" + mark)
    return query.where(column.like(f"% {pattern}%", escape="\\")) if pattern else query


def person_of(row: PersonRow) -> Person:
    recipient = msgspec.json.decode(row.recipient, type=Recipient)
    return Person(id=row.id, recipient=recipient, shared=row.owner is None, email=row.email, user=row.user)


def listed_people(tx: Transaction, who: Caller, prefix: str, after: int, limit: int) -> list[Person]:
    """By id; those with a word of their name or company that begins so."""
    query = select(people).where(_visible(who, people), people.c.id > after).order_by(people.c.id).limit(limit)
    return [person_of(row) for row in tx.connection.execute(_beginning(query, people.c.words, prefix))]


def shared_people(tx: Transaction, ids: Sequence[int]) -> list[Person]:
    """Those of the shared book that are there."""
    query = select(people).where(people.c.owner.is_(None), people.c.id.in_(ids)).order_by(people.c.id)
    return [person_of(row) for row in tx.connection.execute(query)]


def _row(tx: Transaction, who: Caller, table: Table, id: int) -> PersonRow:
    """Raises RequestError NO_SUCH_ENTRY."""
    query = select(table).where(_visible(who, table), table.c.id == id)
    found = tx.connection.execute(query).first() if 0 < id < 1 << 31 else None
    if found is None:
        raise RequestError(
            Cause.NO_SUCH_ENTRY, f"There is no {'person' if table is people else 'group'} {id} in the book"
        )
    return found


def _packed(wanted: PersonChange) -> dict[str, str]:
    recipient = wanted.recipient
    words = folded(f"{recipient.name} {recipient.company}")
    values = {
        "name": folded(recipient.name),
        "words": f" {words}",
        "recipient": msgspec.json.encode(recipient).decode(),
    }
    said = {"email": wanted.email, "user": wanted.user}
    return values | {name: text for name, text in said.items() if text is not None}


def _said(person: Person | PersonChange) -> str:
    """An entry in the audit."""
    whom = person.recipient
    return " ".join(filter(None, (whom.name, whom.company, whom.number, person.email, person.user)))


def add_person(tx: Transaction, who: Caller, wanted: PersonChange) -> Person:
    """``wanted`` was checked. Raises RequestError."""
    may_change(who, wanted.shared)
    owner = None if wanted.shared else who.user
    check_room(tx, owner, 1)
    return keep_person(tx, who, wanted)


def keep_person(tx: Transaction, who: Caller, wanted: PersonChange) -> Person:
    """As ``add_person``, by who may and where there is room."""
    owner = None if wanted.shared else who.user
    done = tx.connection.execute(insert(people).values(owner=owner, **_packed(wanted)))
    assert done.inserted_primary_key is not None
    id = int(done.inserted_primary_key[0])
    if wanted.shared:
        write_audit(tx, who, "book", f"person {id}", None, _said(wanted))
    return person_of(_row(tx, who, people, id))


def check_room(tx: Transaction, owner: str | None, more: int) -> None:
    """Raises RequestError."""
    if (tx.connection.scalar(select(func.count()).where(of(people, owner))) or 0) + more > ENTRIES_LIMIT:
        raise RequestError(Cause.BAD_REQUEST, f"The book is full: it has room for {ENTRIES_LIMIT} entries")


def of(table: Table, owner: str | None) -> ColumnElement[bool]:
    """Entries of this owner; None: the shared ones."""
    return table.c.owner.is_(None) if owner is None else table.c.owner == owner


def change_person(tx: Transaction, who: Caller, id: int, wanted: PersonChange) -> Person:
    """``wanted`` was checked. Raises RequestError."""
    before = _row(tx, who, people, id)
    may_change(who, before.owner is None)
    if (before.owner is None) != wanted.shared:
        raise RequestError(Cause.BAD_REQUEST, "An entry stays shared or one's own; add it anew where it is to be")
    tx.connection.execute(update(people).where(people.c.id == id).values(_packed(wanted)))
    after = person_of(_row(tx, who, people, id))
    if wanted.shared:
        write_audit(tx, who, "book", f"person {id}", _said(person_of(before)), _said(after))
    return after


def remove_person(tx: Transaction, who: Caller, id: int) -> None:
    """Out of the book and of its groups. Raises RequestError."""
    before = _row(tx, who, people, id)
    may_change(who, before.owner is None)
    tx.connection.execute(delete(members).where(members.c.person == id))
    tx.connection.execute(delete(people).where(people.c.id == id))
    if before.owner is None:
        write_audit(tx, who, "book", f"person {id}", _said(person_of(before)), None)


def _group(tx: Transaction, row: PersonRow) -> Group:
    query = select(members.c.person).where(members.c.group == row.id).order_by(members.c.position)
    ids = tuple(tx.connection.scalars(query))
    return Group(id=row.id, name=row.title, members=ids, shared=row.owner is None)


def listed_groups(tx: Transaction, who: Caller, prefix: str, after: int, limit: int) -> list[Group]:
    query = select(groups).where(_visible(who, groups), groups.c.id > after).order_by(groups.c.id).limit(limit)
    found = tx.connection.execute(_beginning(query, " " + groups.c.name, prefix)).all()
    return [_group(tx, row) for row in found]


def _check_group(tx: Transaction, who: Caller, wanted: GroupChange, id: int | None) -> None:
    """Raises RequestError."""
    may_change(who, wanted.shared)
    if not folded(wanted.name) or not wanted.name.isprintable() or len(wanted.name) > 200:
        raise RequestError(Cause.BAD_REQUEST, "A group needs a name, of at most 200 printable characters")
    if len(wanted.members) > MEMBERS_LIMIT or len(set(wanted.members)) < len(wanted.members):
        raise RequestError(Cause.BAD_REQUEST, f"A group has at most {MEMBERS_LIMIT} members, each once")
    for member in wanted.members:
        found = _row(tx, who, people, member)
        if wanted.shared and found.owner is not None:
            raise RequestError(Cause.BAD_REQUEST, f"Person {member} is your own and cannot be in a shared group")
    owner = None if wanted.shared else who.user
    query = select(groups.c.id).where(of(groups, owner), groups.c.name == folded(wanted.name))
    if tx.connection.scalar(query) not in (None, id):
        raise RequestError(Cause.BAD_REQUEST, f"There is a group {wanted.name!r} already")


def _set_members(tx: Transaction, id: int, ids: Sequence[int]) -> None:
    tx.connection.execute(delete(members).where(members.c.group == id))
    if ids:
        rows = [{"group": id, "position": position, "person": person} for position, person in enumerate(ids)]
        tx.connection.execute(insert(members), rows)


def add_group(tx: Transaction, who: Caller, wanted: GroupChange) -> Group:
    """Raises RequestError."""
    _check_group(tx, who, wanted, None)
    owner = None if wanted.shared else who.user
    done = tx.connection.execute(insert(groups).values(owner=owner, name=folded(wanted.name), title=wanted.name))
    assert done.inserted_primary_key is not None
    id = int(done.inserted_primary_key[0])
    _set_members(tx, id, wanted.members)
    if wanted.shared:
        write_audit(tx, who, "book", f"group {id} {wanted.name}", None, f"members {list(wanted.members)}")
    return Group(id=id, name=wanted.name, members=wanted.members, shared=wanted.shared)


def change_group(tx: Transaction, who: Caller, id: int, wanted: GroupChange) -> Group:
    """Raises RequestError."""
    row = _row(tx, who, groups, id)
    may_change(who, row.owner is None)
    before = _group(tx, row)
    if before.shared != wanted.shared:
        raise RequestError(Cause.BAD_REQUEST, "A group stays shared or one's own; add it anew where it is to be")
    _check_group(tx, who, wanted, id)
    tx.connection.execute(update(groups).where(groups.c.id == id).values(name=folded(wanted.name), title=wanted.name))
    _set_members(tx, id, wanted.members)
    if wanted.shared:
        subject = f"group {id} {wanted.name}"
        write_audit(tx, who, "book", subject, f"members {list(before.members)}", f"members {list(wanted.members)}")
    return Group(id=id, name=wanted.name, members=wanted.members, shared=wanted.shared)


def remove_group(tx: Transaction, who: Caller, id: int) -> None:
    """The group; its members stay in the book. Raises RequestError."""
    row = _row(tx, who, groups, id)
    may_change(who, row.owner is None)
    before = _group(tx, row)
    tx.connection.execute(delete(members).where(members.c.group == id))
    tx.connection.execute(delete(groups).where(groups.c.id == id))
    if before.shared:
        write_audit(tx, who, "book", f"group {id} {before.name}", f"members {list(before.members)}", None)


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """Something that a name may stand for."""

    found: Found
    label: str

    @property
    def numbers(self) -> frozenset[str | None]:
        return frozenset(recipient.number for recipient in self.found.recipients)


def find(tx: Transaction, who: Caller, name: str) -> Found:
    """Whom ``name`` stands for: a person's or a group's whole name, or ``book:ID`` of a person.

    Raises RequestError: NO_SUCH_ENTRY, or BAD_REQUEST where it could be several with different numbers.
    """
    if name.startswith(BOOK) and name.removeprefix(BOOK).isdecimal():
        person = person_of(_row(tx, who, people, int(name.removeprefix(BOOK)[:12])))
        return Found(name=person.recipient.name, group=False, recipients=(person.recipient,))
    wanted = folded(name)
    candidates = []
    for row in tx.connection.execute(select(people).where(_visible(who, people), people.c.name == wanted)):
        person = person_of(row)
        candidates.append(
            _Candidate(
                found=Found(name=person.recipient.name, group=False, recipients=(person.recipient,)),
                label=f"{_said(person)} ({BOOK}{person.id})",
            )
        )
    for row in tx.connection.execute(select(groups).where(_visible(who, groups), groups.c.name == wanted)).all():
        group = _group(tx, row)
        recipients = _of_group(tx, group)
        if not recipients:
            raise RequestError(Cause.BAD_REQUEST, f"The group {group.name} has no members")
        candidates.append(
            _Candidate(
                found=Found(name=group.name, group=True, recipients=recipients),
                label=f"the {'shared' if group.shared else 'own'} group {group.name} of {len(recipients)}",
            )
        )
    if not candidates:
        raise RequestError(Cause.NO_SUCH_ENTRY, f"There is nobody called {name!r} in the book")
    if len({candidate.numbers for candidate in candidates}) > 1 or len({each.found.group for each in candidates}) > 1:
        labels = ", ".join(sorted(candidate.label for candidate in candidates))
        raise RequestError(Cause.BAD_REQUEST, f"{name!r} could be several: {labels}; say which one")
    return candidates[0].found


def _of_group(tx: Transaction, group: Group) -> tuple[Recipient, ...]:
    query = (
        select(people.c.recipient)
        .join(members, members.c.person == people.c.id)
        .where(members.c.group == group.id)
        .order_by(members.c.position)
    )
    by_number: dict[str | None, Recipient] = {}
    for packed in tx.connection.scalars(query):
        recipient = msgspec.json.decode(packed, type=Recipient)
        by_number.setdefault(recipient.number, recipient)
    return tuple(by_number.values())


def profile(tx: Transaction, user: str) -> Profile:
    """The user's; an empty one where none was set."""
    kept = tx.connection.scalar(select(profiles.c.profile).where(profiles.c.user == user))
    return Profile() if kept is None else msgspec.json.decode(kept, type=Profile)


def set_profile(tx: Transaction, user: str, wanted: Profile) -> Profile:
    """``wanted`` was checked."""
    kept = msgspec.json.encode(wanted).decode()
    if tx.connection.execute(update(profiles).where(profiles.c.user == user).values(profile=kept)).rowcount == 0:
        tx.connection.execute(insert(profiles).values(user=user, profile=kept))
    return wanted
