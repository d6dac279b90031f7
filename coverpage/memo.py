"""What blocks were set as before: in a broadcast most of a page is set alike for everybody.

What always holds: an entry is found only for the same block object with the same values of all fields that it names, at
the same place; so what is found is what would be set again. An entry holds its block, so that no other takes its id.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from coverpage.conditions import AllOf, AnyOf, Condition, Given, Not
from coverpage.fields import Values, placeholders
from coverpage.template import AnyBlock, Check, condition_of, every, texts_of

T = TypeVar("T")
MOST = 4096


class Memo(Generic[T]):
    """Bounded; when it is full it begins anew. Any thread may use it."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[object, T]] = {}

    def of(self, block: object, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for ``block`` under ``key`` before, else what ``make`` makes."""
        found = self._known.get((id(block), key))
        if found is not None:
            return found[1]
        made = make()
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[id(block), key] = (block, made)
        return made


_fields: Memo[tuple[tuple[tuple[str, str | None], ...], tuple[str, ...]]] = Memo()


def said(block: AnyBlock, values: Values) -> tuple[Any, ...]:
    """All that the fields which a block names say, in its texts and conditions."""
    texts, conditions = _fields.of(block, None, lambda: _named(block))
    return (*(values.of(*each) for each in texts), *(values.condition(name) for name in conditions))


def _named(block: AnyBlock) -> tuple[tuple[tuple[str, str | None], ...], tuple[str, ...]]:
    texts: dict[tuple[str, str | None], None] = {}
    conditions: dict[str, None] = {}
    for each in every((block,)):
        for text in texts_of(each):
            texts.update(dict.fromkeys(placeholders(text)))
        whens = [each.when, *(each.ticked.values() if isinstance(each, Check) else ())]
        for when in whens:
            conditions.update(dict.fromkeys(_names(condition_of(when))))
    return tuple(texts), tuple(conditions)


def _names(condition: Condition | None) -> list[str]:
    match condition:
        case None:
            return []
        case Given(name):
            return [name]
        case Not(part):
            return _names(part)
        case AllOf(parts) | AnyOf(parts):
            return [name for part in parts for name in _names(part)]
