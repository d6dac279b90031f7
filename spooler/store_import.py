"""The address book taken in from a file, and given out as one.

What always holds: an entry that is there already (the same name and company) is changed, not doubled; one that cannot
be taken in is named with its line and the reason, and the others are taken in all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from fax.book import GroupChange, Imported, Person, PersonChange, Refused
from fax.types import Recipient
from spooler import store_book
from spooler.access import Caller
from spooler.book import Entry
from spooler.store import Transaction
from spooler.store_book import folded, groups, members, people


@dataclass
class _Counts:
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)


def take_in(tx: Transaction, who: Caller, entries: Sequence[Entry], shared: bool) -> Imported:
    """``entries`` were checked. Raises RequestError: the caller may not, or the book is full."""
    owner = None if shared else who.user
    store_book.may_change(who, shared)
    known = _known(tx, owner)
    store_book.check_room(tx, owner, sum(not entry.why and _key(entry.recipient) not in known for entry in entries))
    counts = _Counts()
    wanted_groups: dict[str, tuple[str, list[int]]] = {}
    for entry in entries:
        if entry.why:
            counts.refused.append(Refused(line=entry.line, name=entry.recipient.name, why=entry.why))
            continue
        id = _keep(tx, who, known, entry, shared, counts)
        for name in entry.groups:
            wanted_groups.setdefault(folded(name), (name, []))[1].append(id)
    for name, ids in wanted_groups.values():
        _join(tx, who, name, ids, shared)
    return Imported(
        added=counts.added, changed=counts.changed, unchanged=counts.unchanged, refused=tuple(counts.refused)
    )


def _key(recipient: Recipient) -> tuple[str, str]:
    return folded(recipient.name), folded(recipient.company)


def _known(tx: Transaction, owner: str | None) -> dict[tuple[str, str], Person]:
    rows = tx.connection.execute(select(people).where(store_book.of(people, owner)))
    return {_key(each.recipient): each for each in map(store_book.person_of, rows)}


def _keep(
    tx: Transaction,
    who: Caller,
    known: dict[tuple[str, str], Person],
    entry: Entry,
    shared: bool,
    counts: _Counts,
) -> int:
    key = _key(entry.recipient)
    wanted = PersonChange(recipient=entry.recipient, shared=shared, email=entry.email, user=entry.user)
    before = known.get(key)
    if before is None:
        known[key] = store_book.keep_person(tx, who, wanted)
        counts.added += 1
    elif _says_the_same(entry, before):
        counts.unchanged += 1
    else:
        known[key] = store_book.change_person(tx, who, before.id, wanted)
        counts.changed += 1
    return known[key].id


def _says_the_same(entry: Entry, person: Person) -> bool:
    said = (entry.email, person.email), (entry.user, person.user)
    return entry.recipient == person.recipient and all(new in (None, old) for new, old in said)


def _join(tx: Transaction, who: Caller, name: str, ids: Sequence[int], shared: bool) -> None:
    """Have these people in the group, beside those who are."""
    owner = None if shared else who.user
    query = select(groups.c.id, groups.c.title).where(store_book.of(groups, owner), groups.c.name == folded(name))
    row = tx.connection.execute(query).first()
    if row is None:
        store_book.add_group(tx, who, GroupChange(name=name, members=tuple(dict.fromkeys(ids)), shared=shared))
        return
    there = tx.connection.scalars(
        select(members.c.person).where(members.c.group == row.id).order_by(members.c.position)
    ).all()
    wanted = tuple(dict.fromkeys((*there, *ids)))
    if wanted != tuple(there):
        store_book.change_group(tx, who, row.id, GroupChange(name=row.title, members=wanted, shared=shared))


def give_out(tx: Transaction, who: Caller, shared: bool) -> list[Entry]:
    """Everybody in the shared book, or in one's own, with the groups of that book that they are in."""
    owner = None if shared else who.user
    names: dict[int, list[str]] = {}
    query = (
        select(members.c.person, groups.c.title)
        .join(groups, groups.c.id == members.c.group)
        .where(store_book.of(groups, owner))
        .order_by(groups.c.id)
    )
    for row in tx.connection.execute(query):
        names.setdefault(row.person, []).append(row.title)
    found = tx.connection.execute(select(people).where(store_book.of(people, owner)).order_by(people.c.id))
    return [
        Entry(
            line=line,
            recipient=each.recipient,
            email=each.email,
            user=each.user,
            groups=tuple(names.get(each.id, ())),
        )
        for line, each in enumerate(map(store_book.person_of, found), 1)
    ]
