"""The archive's index in the database: faxes entered, found, counted and let go of.

What always holds: a fax is entered once, in the transaction that says that its file is in its place; what it stands
under goes with it, and its file is written down as waste in the same transaction; every way of a search gives the same
faxes in the same order. Portable SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from fax.archive import ArchivedFax, ArchiveSort
from fax.errors import Cause, RequestError
from spooler.access import Caller
from spooler.archive_cleanup import Kept
from spooler.archive_terms import (
    Field,
    Plan,
    Search,
    Word,
    digits,
    facts,
    folded,
    plan_from,
    plan_of,
    rarest,
    terms_of,
    texts_of,
)
from spooler.store import Transaction
from spooler.store_access import write_audit
from spooler.store_tables import Instant, metadata, waste
from spooler.store_waste import ARCHIVE, Waste, throw_away

COUNT_LIMIT = 5000  # faxes under a term that are counted: with so many, how many exactly changes little
MANY = 500  # faxes with a word that are counted
FEW = 200  # faxes that are read rather than counted
KEY_LIMIT = 80

archive = Table(
    "archive",
    metadata,
    Column("job", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("octets", BigInteger, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("number_key", String(KEY_LIMIT), nullable=False),  # what a list by number, by name goes by
    Column("name_key", String(KEY_LIMIT), nullable=False),
    Column("number_text", Text, nullable=False),  # as they are compared: spooler/archive_terms.py
    Column("name_text", Text, nullable=False),
    Column("subject_text", Text, nullable=False),
    Column("folder", Text, nullable=False),  # the archive's when the fax was put in
    Column("file", Text, nullable=False),  # relative to it
    Column("about", Text, nullable=False),  # fax.archive.ArchivedFax as JSON
    Index("archive_by_time", "at", "job", "octets"),
    Index("archive_by_number", "number_key", "job"),
    Index("archive_by_name", "name_key", "job"),
    Index("archive_by_pages", "pages", "job"),
)

archive_terms = Table(
    "archive_terms",
    metadata,
    Column("term", Text, primary_key=True),
    Column("job", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

_UNDER = select(func.count()).select_from(
    select(archive_terms.c.job).where(archive_terms.c.term == bindparam("term")).limit(COUNT_LIMIT).subquery()
)

_ORDERS: dict[ArchiveSort, ColumnElement[Any]] = {
    ArchiveSort.TIME: type_coerce(archive.c.at, BigInteger()),
    ArchiveSort.NUMBER: archive.c.number_key,
    ArchiveSort.NAME: archive.c.name_key,
    ArchiveSort.PAGES: archive.c.pages,
}


@dataclass(frozen=True)
class Place:
    """A fax's place in a list: what the list goes by, and its number."""

    value: int | str  # times in microseconds since 1970
    job: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """Part of a list. ``next``: the place behind which more follows; None: nothing does."""

    faxes: tuple[ArchivedFax, ...]
    next: Place | None


def put(tx: Transaction, fax: ArchivedFax, folder: str, file: str) -> bool:
    """Enter a fax whose file is in its place. False: it was entered before, and stays as it is."""
    if tx.connection.scalar(select(archive.c.job).where(archive.c.job == fax.id)) is not None:
        return False
    texts = texts_of(fax)
    tx.connection.execute(
        insert(archive).values(
            job=fax.id,
            at=fax.at,
            octets=fax.octets,
            pages=fax.pages,
            number_key=digits(fax.number or fax.ident)[:KEY_LIMIT],
            name_key=folded(fax.name or fax.company or fax.ident)[:KEY_LIMIT],
            folder=folder,
            file=file,
            about=_packed(fax),
            **{field.value: texts[field] for field in Field},
        )
    )
    tx.connection.execute(insert(archive_terms), [{"term": term, "job": fax.id} for term in sorted(terms_of(fax))])
    return True


def _packed(fax: ArchivedFax) -> str:
    return msgspec.json.encode(replace(fax, file="")).decode()


def _fax(row: Row[*tuple[Any, ...]]) -> ArchivedFax:
    return replace(msgspec.json.decode(row.about, type=ArchivedFax), file=str(Path(row.folder) / row.file))


def get(tx: Transaction, id: int) -> ArchivedFax:
    """Raises RequestError NO_SUCH_JOB."""
    query = select(archive.c.about, archive.c.folder, archive.c.file).where(archive.c.job == id)
    found = tx.connection.execute(query).first() if 0 < id < 1 << 31 else None
    if found is None:
        raise RequestError(Cause.NO_SUCH_JOB, f"There is no fax {id} in the archive")
    return _fax(found)


def file_of(tx: Transaction, id: int) -> tuple[str, str]:
    """The folder that the archive had when the fax was put in, and its file relative to that. Raises RequestError."""
    found = tx.connection.execute(select(archive.c.folder, archive.c.file).where(archive.c.job == id)).first()
    if found is None:
        raise RequestError(Cause.NO_SUCH_JOB, f"There is no fax {id} in the archive")
    return found.folder, found.file


def show_to(tx: Transaction, id: int, user: str) -> None:
    """Let ``user`` find the fax too, if it is in the archive."""
    about = tx.connection.scalar(select(archive.c.about).where(archive.c.job == id))
    if about is None:
        return
    fax = msgspec.json.decode(about, type=ArchivedFax)
    if user not in fax.users:
        fax = replace(fax, users=(*fax.users, user))
        tx.connection.execute(update(archive).where(archive.c.job == id).values(about=_packed(fax)))
        tx.connection.execute(insert(archive_terms), [{"term": term, "job": id} for term in facts(user=user)])


def remove(tx: Transaction, id: int, who: Caller, why: str) -> ArchivedFax:
    """Let go of a fax: its file is waste from then on, and the audit says who did it. Raises RequestError."""
    fax = get(tx, id)
    tx.connection.execute(
        delete(archive_terms).where(archive_terms.c.job == id, archive_terms.c.term.in_(sorted(terms_of(fax))))
    )
    tx.connection.execute(delete(archive).where(archive.c.job == id))
    throw_away(tx, ARCHIVE, fax.file)
    owner = ", ".join(fax.users) or "nobody"
    far = " ".join(filter(None, (fax.number or fax.ident, fax.name))) or "an unknown number"
    before = f"{fax.direction.value} {fax.at:%Y-%m-%d %H:%M:%SZ}, {far}, pages {fax.pages}"
    write_audit(tx, who, "archive delete", f"fax {id} of {owner}", before, why)
    return fax


def waste_files(tx: Transaction, limit: int) -> list[Waste]:
    """Files of faxes that were let go of."""
    query = select(waste).where(waste.c.kind == ARCHIVE).order_by(waste.c.id).limit(limit)
    return [Waste(id=found.id, kind=found.kind, name=found.name) for found in tx.connection.execute(query)]


def usage(tx: Transaction) -> tuple[int, int, datetime | None]:
    """Faxes, octets, and the time of the oldest."""
    counted = select(func.count(), func.sum(archive.c.octets), func.min(archive.c.at))
    faxes, octets, oldest = tx.connection.execute(counted).one()
    return faxes, int(octets or 0), oldest


def oldest(tx: Transaction, after: Kept | None, limit: int) -> list[Kept]:
    """Faxes behind ``after``, oldest first."""
    query = select(archive.c.job, archive.c.at, archive.c.octets).order_by(archive.c.at, archive.c.job).limit(limit)
    if after is not None:
        behind = or_(archive.c.at > after.at, archive.c.job > after.id)
        query = query.where(archive.c.at >= after.at, behind)
    return [Kept(id=row.job, at=row.at, octets=row.octets) for row in tx.connection.execute(query)]


def search(
    tx: Transaction,
    wanted: Search,
    *,
    sort: ArchiveSort = ArchiveSort.TIME,
    descending: bool = True,
    after: Place | None = None,
    limit: int,
) -> Part:
    """The faxes behind the place ``after`` that answer to ``wanted``, in order, at most ``limit``."""
    times = _times(wanted)
    counts = _counts(tx, wanted.terms)
    if 0 in counts.values():
        return Part(faxes=(), next=None)
    rare = min(counts, key=lambda term: counts[term], default="")
    if rare and counts[rare] <= FEW:
        plan = plan_from(wanted, rare)
    else:
        plan = _plan(tx, wanted, counts, limit, along_time=sort is ArchiveSort.TIME)
    way, order, key = plan.way, _ORDERS[sort], archive.c.job
    query = select(archive.c.about, archive.c.folder, archive.c.file, archive.c.job, order.label("place"))
    if way.driver is not None:
        driver = archive_terms.alias("driver")
        query = query.join(driver, driver.c.job == archive.c.job).where(driver.c.term == way.driver)
        key = driver.c.job
    for term in plan.terms:
        other = archive_terms.alias()
        query = query.where(exists().where(other.c.term == term, other.c.job == key))
    for word in wanted.words:
        if not word.is_a_term:
            query = query.where(_says(word))
    query = query.where(*times)
    if after is not None:
        query = query.where(_behind(order, after, descending))
    if way.driver is not None or way.by_time:
        # An expression is in no index: who goes by a driver shall not be led along the list's order all the same.
        order = order + "" if sort in (ArchiveSort.NUMBER, ArchiveSort.NAME) else order + 0
    query = query.order_by(order.desc() if descending else order, key.desc() if descending else key)
    rows = tx.connection.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return Part(faxes=tuple(_fax(row) for row in rows), next=Place(rows[-1].place, rows[-1].job) if more else None)


def _counts(tx: Transaction, terms: Sequence[str]) -> dict[str, int]:
    """How many faxes stand under each term, as far as they are counted, up to the first that few stand under."""
    found: dict[str, int] = {}
    for term in terms:
        found[term] = tx.connection.scalar(_UNDER, {"term": term}) or 0
        if found[term] <= FEW:
            break
    return found


def _plan(tx: Transaction, wanted: Search, counts: Mapping[str, int], limit: int, along_time: bool) -> Plan:
    times = _times(wanted)
    total = (tx.connection.scalar(select(func.count()).select_from(archive)) or 0) if counts or times else limit
    in_time = _count(tx, select(archive.c.job).where(*times)) if times else None
    return plan_of(
        wanted,
        {term: _guess(count, total) for term, count in counts.items()},
        _together(tx, wanted, counts),
        None if in_time is None else _guess(in_time, total),
        total,
        limit,
        along_time,
    )


def _together(tx: Transaction, wanted: Search, counts: Mapping[str, int]) -> dict[Word, int]:
    """How many faxes may have each of the longer words, where its terms alone do not say so and counting is cheap."""
    found: dict[Word, int] = {}
    for word in wanted.words:
        first, *others = rarest(word, counts)
        if others and counts[first] < COUNT_LIMIT:
            query = select(archive_terms.c.job).where(archive_terms.c.term == first)
            for term in others:
                other = archive_terms.alias()
                query = query.where(exists().where(other.c.term == term, other.c.job == archive_terms.c.job))
            count = _count(tx, query, MANY)
            if count < MANY:
                found[word] = count
    return found


def _guess(count: int, total: int) -> int:
    """A count that was broken off is taken for a third of all."""
    return count if count < COUNT_LIMIT else max(count, total // 3)


def _count(tx: Transaction, query: Select[Any], limit: int = COUNT_LIMIT) -> int:
    """How many there are, as far as they are counted."""
    return tx.connection.scalar(select(func.count()).select_from(query.limit(limit).subquery())) or 0


def _times(wanted: Search) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(archive.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(archive.c.at < wanted.until)
    return found


def _says(word: Word) -> ColumnElement[bool]:
    """Whether one of the texts has the word."""
    pattern = word.text
    for mark in "\\%_":
        pattern = pattern.replace(mark, "\\" + mark)
    columns = [archive.c[field.value] for field in (Field if word.field is None else (word.field,))]
    if word.is_beginning:
        return or_(*(literal(" ").concat(column).like(f"% {pattern}%", escape="\\") for column in columns))
    return or_(*(column.like(f"%{pattern}%", escape="\\") for column in columns))


def _behind(order: ColumnElement[Any], after: Place, descending: bool) -> ColumnElement[bool]:
    # Written so that an index may begin at the place.
    if descending:
        return and_(order <= after.value, or_(order < after.value, archive.c.job < after.job))
    return and_(order >= after.value, or_(order > after.value, archive.c.job > after.job))
