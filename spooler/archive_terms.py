"""How archived faxes are found: the texts of a fax, the terms that it stands under, and which way a search goes.

A term is a piece of text that many faxes may share: every three characters in a row of each word, how each word begins
(one and two characters, marked ``^``), and whole facts (``user:ann``). A word of three or more characters can only be
in a fax that stands under all of the word's threes; the texts themselves then have the last word. So a search never
reads the whole archive to find a part of a word.

What always holds: ``terms_of`` a fax holds every term of any query that the fax answers to; pure functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from fax.archive import ArchivedFax, ArchiveQuery

TEXT_LIMIT = 500  # characters of each of a fax's texts that are looked in
TERMS_LIMIT = 5  # of a word that are asked for: the texts have the last word all the same
_NUMBER = re.compile(r"[+0-9()/ .\-]*")


class Field(Enum):
    """A text of a fax, as it is compared."""

    NUMBER = "number_text"
    NAME = "name_text"
    SUBJECT = "subject_text"


@dataclass(frozen=True)
class Word:
    """A word that is looked for, folded. ``field`` None: in any of them."""

    text: str
    field: Field | None = None

    @property
    def is_beginning(self) -> bool:
        """It is short: it is found only where a word begins."""
        return len(self.text) < 3

    @property
    def terms(self) -> tuple[str, ...]:
        if self.is_beginning:
            return (f"^{self.text}",)
        return _spread([self.text[at : at + 3] for at in range(len(self.text) - 2)])

    @property
    def is_a_term(self) -> bool:
        """The term alone says it: no text has to be looked at."""
        return self.field is None and len(self.text) <= 3


@dataclass(frozen=True, kw_only=True)
class Search:
    """A query as the store needs it."""

    words: tuple[Word, ...] = ()
    facts: tuple[str, ...] = ()  # terms that stand for themselves
    since: datetime | None = None
    until: datetime | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """What a fax must stand under, without repetition; those first that are likely to be rare."""
        return tuple(dict.fromkeys([*(term for word in self.words for term in word.terms), *self.facts]))


def folded(text: str) -> str:
    """Text as it is compared: neither case nor accents nor the number of blanks count."""
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    return " ".join(unicodedata.normalize("NFKD", plain.casefold()).split())


def digits(text: str) -> str:
    """A number as it is compared: its digits, without the zeros that lead out of somewhere."""
    return "".join(mark for mark in text if mark in "0123456789").lstrip("0")


def texts_of(fax: ArchivedFax) -> dict[Field, str]:
    """The fax's texts, as they are compared."""
    numbers = (fax.number, fax.ident, fax.called)
    return {
        Field.NUMBER: " ".join(dict.fromkeys(filter(None, map(digits, numbers))))[:TEXT_LIMIT],
        Field.NAME: folded(" ".join((fax.name, fax.company, fax.ident, fax.sender_name)))[:TEXT_LIMIT],
        Field.SUBJECT: folded(f"{fax.subject} {fax.title if fax.title != fax.subject else ''}")[:TEXT_LIMIT],
    }


def terms_of(fax: ArchivedFax) -> frozenset[str]:
    """Every term that the fax stands under."""
    found: set[str] = set(facts(direction=fax.direction.value, result=fax.result.value, port=fax.port))
    found.update(facts(billing_code=fax.billing_code))
    for user in fax.users:
        found.update(facts(user=user))
    for text in texts_of(fax).values():
        for word in text.split():
            found.update((f"^{word[:1]}", f"^{word[:2]}"))
            found.update(_threes(word))
    return frozenset(found)


def facts(**said: str | None) -> tuple[str, ...]:
    """Terms for whole facts. Longer than three characters always, as no part of a word is."""
    return tuple(f"{name}:{value}" for name, value in said.items() if value)


def search_of(query: ArchiveQuery, owner: str | None = None) -> Search:
    """``owner``: only faxes of this user are looked at."""
    words = [Word(word, Field.NAME) for word in folded(query.name).split()]
    words += [Word(word, Field.SUBJECT) for word in folded(query.subject).split()]
    words += _free(query.text)
    if query.number:
        words.append(_number(query.number))
    said = {
        "direction": None if query.direction is None else query.direction.value,
        "result": None if query.result is None else query.result.value,
        "port": query.port,
        "billing_code": query.billing_code,
    }
    users = [facts(user=name) for name in (query.user, owner) if name is not None]
    return Search(
        words=tuple(dict.fromkeys(words)),
        facts=(*facts(**said), *(term for terms in users for term in terms)),
        since=query.since,
        until=query.until,
    )


def _free(text: str) -> list[Word]:
    """What is written as numbers are (``030/123 45``, ``+49 30``) is one number, all else is words."""
    said = text.strip()
    parted = any(mark in said for mark in "+()/ .-") or (said.startswith("0") and len(said) > 5)
    if _NUMBER.fullmatch(said) and parted and len(digits(said)) > 2:
        return [_number(said)]
    return [Word(word) for word in folded(text).split()]


def _number(text: str) -> Word:
    # What has no digits is no part of any number: it finds nothing.
    return Word(digits(text) or folded(text).replace(" ", "") or "-", Field.NUMBER)


def _threes(word: str) -> set[str]:
    return {word[at : at + 3] for at in range(len(word) - 2)}


def _spread(terms: Sequence[str]) -> tuple[str, ...]:
    """A few of them, from all of the word."""
    last = len(terms) - 1
    if last < TERMS_LIMIT:
        return tuple(dict.fromkeys(terms))
    return tuple(dict.fromkeys(terms[at * last // (TERMS_LIMIT - 1)] for at in range(TERMS_LIMIT)))


@dataclass(frozen=True)
class Way:
    """How a search goes: from the faxes under the term ``driver``, or from those of its times (``by_time``), or
    (neither) along the list's order until there are enough."""

    driver: str | None = None
    by_time: bool = False


ALONG = Way()
_FETCH = 3.0  # what it costs to read and order a fax, against one look whether it stands under a term
_LONGER = 0.5  # how many of the faxes under a longer word's rarest term have the word
_ASKED = 3  # terms of a word that are looked at: the text has the last word


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a search does. ``terms``: those that each fax is held against, rarest first, the driver's apart."""

    way: Way
    terms: tuple[str, ...]


def rarest(word: Word, counts: Mapping[str, int]) -> tuple[str, ...]:
    """The terms of a word that are looked at, rarest first."""
    return tuple(sorted(word.terms, key=lambda term: (counts[term], term))[:_ASKED])


def plan_from(wanted: Search, driver: str) -> Plan:
    """The way from a term that few faxes stand under: they are read, and nothing more is to be counted."""
    said = {*wanted.facts, *(term for word in wanted.words if word.is_a_term for term in word.terms)}
    return Plan(way=Way(driver=driver), terms=tuple(sorted(said - {driver})))


def plan_of(
    wanted: Search,
    counts: Mapping[str, int],
    together: Mapping[Word, int],
    in_time: int | None,
    total: int,
    limit: int,
    along_time: bool,
) -> Plan:
    """The cheapest way. ``counts``: faxes under each of the wanted terms; ``together``: under the ``rarest`` of a word
    at once, where that was counted; ``in_time``: of the wanted times (None: any); ``along_time``: the list goes by
    time, so that going along it sees only those. The faxes found are the same whichever way it goes, and whatever the
    counts say."""
    total = max(total, 1)
    expected = float(total)
    looked: set[str] = set(wanted.facts)
    for term in wanted.facts:
        expected *= min(1.0, counts[term] / total)
    for word in wanted.words:
        terms = rarest(word, counts)
        looked.update(terms)
        guess = counts[terms[0]] * (1.0 if word.is_a_term else _LONGER)
        expected *= min(1.0, together.get(word, guess) / total)
    if in_time is not None:
        expected *= min(1.0, in_time / total)
    looks = 1 + len(looked)
    seen = in_time if in_time is not None and along_time else total
    cost, way = seen * min(1.0, limit / max(expected, 0.01)) * looks, ALONG
    for term in sorted(looked):
        if (driven := counts[term] * looks + expected * _FETCH) < cost:
            cost, way = driven, Way(driver=term)
    if in_time is not None and not along_time and in_time * (looks + 1) + expected * _FETCH < cost:
        way = Way(by_time=True)
    others = sorted(looked - {way.driver or ""}, key=lambda term: (counts[term], term))
    return Plan(way=way, terms=tuple(others))
