"""A mapping of very many entries in which no single change takes long. Pure.

What always holds: a dict that is full moves all of its entries at once, which takes milliseconds when there are
100,000; here each part moves alone. While it is small it is one dict. The order of its entries means nothing.

Must not: be changed while it is gone through, like a dict.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
WHOLE = 250  # entries: more are kept in parts
PARTS = 256  # a power of two


class Table(Generic[K, V]):
    """What a dict does by these names. None is no value; ``pop`` gives it for what is not there."""

    __slots__ = ("_mask", "_parts")

    def __init__(self) -> None:
        self._mask = 0
        self._parts: list[dict[K, V]] = [{}]

    def __getitem__(self, key: K) -> V:
        return self._parts[hash(key) & self._mask][key]

    def get(self, key: K) -> V | None:
        return self._parts[hash(key) & self._mask].get(key)

    def __setitem__(self, key: K, value: V) -> None:
        part = self._parts[hash(key) & self._mask]
        part[key] = value
        if not self._mask and len(part) > WHOLE:
            self._mask = PARTS - 1
            self._parts = [{} for _ in range(PARTS)]
            for each, known in part.items():
                self._parts[hash(each) & self._mask][each] = known

    def setdefault(self, key: K, value: V) -> V:
        known = self._parts[hash(key) & self._mask].get(key)
        if known is None:
            self[key] = known = value
        return known

    def pop(self, key: K) -> V | None:
        return self._parts[hash(key) & self._mask].pop(key, None)

    def __delitem__(self, key: K) -> None:
        del self._parts[hash(key) & self._mask][key]

    def __iter__(self) -> Iterator[K]:
        for part in self._parts:
            yield from part

    def values(self) -> Iterator[V]:
        for part in self._parts:
            yield from part.values()

    def __bool__(self) -> bool:
        return any(self._parts)
