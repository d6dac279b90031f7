"""Searching the archive: every way gives what looking at each fax would give, in the same order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fax.archive import ArchivedFax, ArchiveQuery, ArchiveResult, ArchiveSort, Direction
from fax.types import JobId
from spooler import archive_terms, store_archive_index
from spooler.access import SERVER
from spooler.archive_terms import Field, Way, Word, digits, folded, search_of, terms_of, texts_of
from spooler.store import Store, Transaction

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("Jürgen Groß", "Anna Maria", "anna müller-lüdenscheidt", "株式会社 富士", "O'Neil", "", "100% Öl", "x_y")
SUBJECTS = ("Rechnung 4711", "RECHNUNG 4712 vom 1.2.", "Angebot", "", "Größe \\ Maß", "an Anna", "re: Rechnung")
NUMBERS = ("+49301234567", "+4930123", "0301234", "+14085551234", "4711", "")
USERS = ("ann", "bob", "an")


def fax_of(id: int, dice: random.Random) -> ArchivedFax:
    return ArchivedFax(
        id=JobId(id),
        direction=dice.choice(list(Direction)),
        result=dice.choice(list(ArchiveResult)),
        at=BEGAN + timedelta(hours=dice.randint(0, 400), microseconds=dice.randint(0, 3)),
        users=tuple(dice.sample(USERS, dice.randint(0, 2))),
        number=dice.choice(NUMBERS),
        name=dice.choice(NAMES),
        company=dice.choice(NAMES),
        ident=dice.choice(("+49 30 1234", "ACME FAX", "", "0049 30/77")),
        subject=dice.choice(SUBJECTS),
        title=dice.choice(SUBJECTS),
        sender_name=dice.choice(NAMES),
        pages=dice.randint(1, 4),
        octets=dice.randint(1, 1000),
        port=dice.choice(("line1", "line2")),
        billing_code=dice.choice(("", "K1", "K12")),
    )


class Shelf:
    """An index of many faxes that are much alike."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        dice = random.Random(7)
        self.faxes = {id: fax_of(id, dice) for id in range(1, 401)}
        for fax in self.faxes.values():
            self.store.call(partial(store_archive_index.put, fax=fax, folder="/archive", file=f"{fax.id}.tif"))

    def found(self, query: ArchiveQuery, owner: str | None = None, limit: int = 1000) -> list[int]:
        """All of the list, in parts of ``limit``."""
        wanted = search_of(query, owner)
        ids: list[int] = []
        after = None
        while True:
            search = partial(
                store_archive_index.search,
                wanted=wanted,
                sort=query.sort,
                descending=query.descending,
                after=after,
                limit=limit,
            )
            part = self.store.call(search)
            ids += [fax.id for fax in part.faxes]
            assert len(part.faxes) <= limit
            after = part.next
            if after is None:
                return ids

    def wanted(self, query: ArchiveQuery, owner: str | None = None) -> list[int]:
        """The same by looking at each fax."""
        search = search_of(query, owner)
        found = [fax for fax in self.faxes.values() if answers(fax, query, search.words, owner)]
        in_order = sorted(found, key=lambda fax: (place(fax, query.sort), fax.id), reverse=query.descending)
        return [int(fax.id) for fax in in_order]


def place(fax: ArchivedFax, sort: ArchiveSort) -> Any:
    match sort:
        case ArchiveSort.TIME:
            return fax.at
        case ArchiveSort.NUMBER:
            return digits(fax.number or fax.ident)
        case ArchiveSort.NAME:
            return folded(fax.name or fax.company or fax.ident)
        case ArchiveSort.PAGES:
            return fax.pages


def answers(fax: ArchivedFax, query: ArchiveQuery, words: tuple[Word, ...], owner: str | None) -> bool:
    texts = texts_of(fax)

    def has(word: Word) -> bool:
        among = [texts[field] for field in (Field if word.field is None else (word.field,))]
        if len(word.text) < 3:
            return any(part.startswith(word.text) for text in among for part in text.split())
        return any(word.text in text for text in among)

    return (
        all(map(has, words))
        and query.direction in (None, fax.direction)
        and query.result in (None, fax.result)
        and query.port in (None, fax.port)
        and query.billing_code in (None, fax.billing_code)
        and (query.user is None or query.user in fax.users)
        and (owner is None or owner in fax.users)
        and (query.since is None or fax.at >= query.since)
        and (query.until is None or fax.at < query.until)
    )


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    made = Shelf(tmp_path_factory.mktemp("archive") / "platen.db")
    yield made
    made.store.close()


TEXT = st.one_of(
    st.sampled_from(
        ["anna", "Grosz", "gross", "ann", "re", "4711", "+49 30", "030/123", "富士", "株", "%", "_y", "öl"]
    ),
    st.sampled_from(SUBJECTS),
    st.builds(
        lambda text, at, length: text[at : at + length], st.sampled_from(NAMES), st.integers(0, 8), st.integers(1, 6)
    ),
)
INSTANT = st.one_of(st.none(), st.integers(0, 400).map(lambda hours: BEGAN + timedelta(hours=hours)))
QUERIES = st.builds(
    ArchiveQuery,
    text=st.one_of(st.just(""), TEXT, st.tuples(TEXT, TEXT).map(" ".join)),
    number=st.sampled_from(["", "", "30123", "+49 30 1", "0", "12", "x"]),
    name=st.one_of(st.just(""), TEXT),
    subject=st.one_of(st.just(""), TEXT),
    direction=st.sampled_from([None, *Direction]),
    result=st.sampled_from([None, *ArchiveResult]),
    user=st.sampled_from([None, None, "ann", "an", "nobody"]),
    port=st.sampled_from([None, None, "line1"]),
    billing_code=st.sampled_from([None, None, "K1"]),
    since=INSTANT,
    until=INSTANT,
    sort=st.sampled_from(list(ArchiveSort)),
    descending=st.booleans(),
)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(query=QUERIES, owner=st.sampled_from([None, None, "bob"]), limit=st.sampled_from([3, 50, 1000]))
def test_a_search_finds_what_looking_at_each_fax_would_find(
    shelf: Shelf, query: ArchiveQuery, owner: str | None, limit: int
) -> None:
    assert shelf.found(query, owner, limit) == shelf.wanted(query, owner)


@pytest.mark.parametrize("way", ["along", "by-time", "by-term"])
def test_whichever_way_a_search_goes_it_finds_the_same(shelf: Shelf, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = archive_terms.plan_of

    def chosen(wanted: archive_terms.Search, *rest: object, **said: object) -> archive_terms.Plan:
        plan = real(wanted, *rest, **said)  # type: ignore[arg-type]
        terms = tuple(term for term in (*plan.terms, plan.way.driver) if term is not None)
        if way == "by-term" and terms:
            return archive_terms.Plan(way=Way(driver=terms[-1]), terms=terms[:-1])
        return archive_terms.Plan(way=Way(by_time=way == "by-time"), terms=terms)

    monkeypatch.setattr(store_archive_index, "plan_of", chosen)
    for sort in ArchiveSort:
        for text in ("rechnung", "anna 471", "re", ""):
            query = ArchiveQuery(text=text, user="ann", since=BEGAN + timedelta(hours=50), sort=sort)
            assert shelf.found(query, limit=7) == shelf.wanted(query)
            assert shelf.found(query, limit=7)


def test_case_accents_and_the_way_a_number_is_written_do_not_count(shelf: Shelf) -> None:
    jürgen = shelf.wanted(ArchiveQuery(name="Jürgen"))
    assert jürgen == shelf.found(ArchiveQuery(text="JURGEN GROSS")) != []
    berlin = [fax.id for fax in shelf.faxes.values() if fax.number == "+49301234567"]
    for written in ("+49 30 123 45 67", "(0)30/1234567", "030-1234567", "301234567"):
        assert set(berlin) <= set(shelf.found(ArchiveQuery(text=written)))
        assert set(berlin) <= set(shelf.found(ArchiveQuery(number=written)))


@given(st.integers(0, 10_000))
def test_a_fax_stands_under_every_term_of_a_word_of_its_texts(seed: int) -> None:
    fax = fax_of(1, random.Random(seed))
    terms = terms_of(fax)
    for text in texts_of(fax).values():
        for word in text.split():
            for length in range(1, len(word) + 1):
                assert set(Word(word[:length]).terms) <= terms
                if length >= 3:
                    assert set(Word(word[-length:]).terms) <= terms


def test_what_is_let_go_of_is_found_no_more_and_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "platen.db")
    fax = fax_of(5, random.Random(1))
    put = partial(store_archive_index.put, fax=fax, folder="/archive", file="5.tif")
    assert store.call(put)
    assert not store.call(put)
    store.call(partial(store_archive_index.show_to, id=5, user="zoe"))
    seen = store.call(partial(store_archive_index.search, wanted=search_of(ArchiveQuery(), "zoe"), limit=5))
    assert [found.users for found in seen.faxes] == [(*fax.users, "zoe")]
    store.call(partial(store_archive_index.remove, id=5, who=SERVER, why="quota"))

    def left(tx: Transaction) -> list[object]:
        tables = (store_archive_index.archive, store_archive_index.archive_terms)
        return [row for table in tables for row in tx.connection.execute(table.select())]

    assert store.call(left) == []
    store.close()


def test_what_a_fax_says_of_itself_comes_back_whole(shelf: Shelf) -> None:
    for id, fax in list(shelf.faxes.items())[:20]:
        assert shelf.store.call(partial(store_archive_index.get, id=id)) == replace(fax, file=f"/archive/{id}.tif")
