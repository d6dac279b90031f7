"""When a block is shown: small sentences over the fields, such as ``sender.company and not confidential``.

What always holds: a sentence is parsed when its template is read, so that a wrong one is an error there and never a
surprise on a page; ``not`` binds closer than ``and``, ``and`` closer than ``or``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

_WORD = re.compile(r'\s*("[^"]*"|[^\s"]+)')
_JOINS = ("and", "or", "not", "is")


@dataclass(frozen=True)
class Given:
    """A field, or a group of fields, that is not empty; with ``value``: that says just this, however it is cased."""

    name: str
    value: str | None = None


@dataclass(frozen=True)
class Not:
    part: Condition


@dataclass(frozen=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple[Condition, ...]


Condition: TypeAlias = Given | Not | AllOf | AnyOf


class ConditionError(ValueError):
    """The sentence is none; ``remedy`` says what to write."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


def parsed(text: str, names: Collection[str]) -> Condition:
    """The condition that ``text`` says over fields of these ``names``. Raises ConditionError."""
    if text.count('"') % 2:
        raise ConditionError("the closing quotes are missing", 'put a value of several words in "quotes"')
    words = _WORD.findall(text)
    if not words:
        raise ConditionError("an empty condition", 'name a field, as in when = "sender.company"')
    found, rest = _any_of(words, names)
    if rest:
        raise ConditionError(f"{rest[0]!r} cannot stand here", "join fields by and, or, not, is")
    return found


def _any_of(words: list[str], names: Collection[str]) -> tuple[Condition, list[str]]:
    part, words = _all_of(words, names)
    parts = [part]
    while words[:1] == ["or"]:
        part, words = _all_of(words[1:], names)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else AnyOf(tuple(parts))), words


def _all_of(words: list[str], names: Collection[str]) -> tuple[Condition, list[str]]:
    part, words = _one(words, names)
    parts = [part]
    while words[:1] == ["and"]:
        part, words = _one(words[1:], names)
        parts.append(part)
    return (parts[0] if len(parts) == 1 else AllOf(tuple(parts))), words


def _one(words: list[str], names: Collection[str]) -> tuple[Condition, list[str]]:
    if not words or words[0] in ("and", "or", "is"):
        raise ConditionError(
            f"a field is missing {'before ' + repr(words[0]) if words else 'at the end'}",
            "write a field there, as in sender.company",
        )
    if words[0] == "not":
        part, words = _one(words[1:], names)
        return Not(part), words
    name, words = words[0], words[1:]
    if name not in names:
        raise ConditionError(f"there is no field {name!r}", f"write {suggested(name, names)}")
    if words[:1] != ["is"]:
        return Given(name), words
    if len(words) < 2 or words[1] in _JOINS:
        raise ConditionError("nothing stands behind 'is'", 'write a value, as in priority is high, or in "quotes"')
    return Given(name, words[1].strip('"')), words[2:]


def suggested(wrong: str, right: Collection[str]) -> str:
    """The words that may be meant, or all of them."""
    close = difflib.get_close_matches(wrong, list(right), n=2, cutoff=0.6)
    return " or ".join(close) if close else "one of: " + ", ".join(right)


def holds(condition: Condition, value: Callable[[str], str]) -> bool:
    """``value`` gives what a field says, "" for an empty one; for a group: of any of its fields."""
    match condition:
        case Given(name, None):
            return bool(value(name))
        case Given(name, wanted):
            assert wanted is not None
            return value(name).casefold() == wanted.casefold()
        case Not(part):
            return not holds(part, value)
        case AllOf(parts):
            return all(holds(part, value) for part in parts)
        case AnyOf(parts):
            return any(holds(part, value) for part in parts)
