"""What the library hands out and the program gives back: arrays, octets, structures; and giving them back.

What always holds: what was freed gives nothing out any more, nor does anything that came with it; using it raises
``FreedError``. A part of an array cannot be freed by itself.

Must not: matter to a program that never frees; nothing is held but by references.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, NoReturn, TypeVar, overload

__all__ = [
    "FaxArray",
    "FaxBuffer",
    "FaxFreeBuffer",
    "FreedError",
    "LocalFree",
]


class FreedError(RuntimeError):
    """Something was used that the program has freed."""


class Freeable:
    """What ``FaxFreeBuffer`` takes."""

    def _free(self) -> None:
        # As _Freed it answers nothing, whatever it was.
        self.__dict__.clear()
        self.__class__ = _Freed


class _Freed(Freeable):
    """What a freed object has become."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise FreedError("This was freed with FaxFreeBuffer, and cannot be used any more")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FreedError("This was freed with FaxFreeBuffer, and cannot be written to any more")

    def _refuse(self, *_: object) -> NoReturn:
        raise FreedError("This was freed with FaxFreeBuffer, and cannot be used any more")

    __bool__ = __len__ = __iter__ = __getitem__ = __bytes__ = __eq__ = _refuse
    __hash__ = _refuse

    def __repr__(self) -> str:
        return "<freed>"


T = TypeVar("T", bound=Freeable)


class FaxArray(Freeable, Sequence[T], Generic[T]):
    """The array of an enumeration: one block, freed as one, with everything in it."""

    def __init__(self, entries: Iterable[T]) -> None:
        self._entries = tuple(entries)
        for entry in self._entries:
            entry.__dict__["_in_array"] = True

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"FaxArray({list(self._entries)!r})"

    def _free(self) -> None:
        for entry in self._entries:
            entry._free()
        super()._free()


class FaxBuffer(Freeable, Sequence[int]):
    """Octets that a function gave: ``bytes(buffer)``."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> bytes: ...
    def __getitem__(self, index: int | slice) -> int | bytes:
        return self._octets[index]

    def __len__(self) -> int:
        return len(self._octets)

    def __bytes__(self) -> bytes:
        return self._octets

    def __eq__(self, other: object) -> bool:
        return self._octets == (bytes(other) if isinstance(other, FaxBuffer) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<FaxBuffer of {len(self._octets)} octets>"


def FaxFreeBuffer(Buffer: Freeable | None) -> None:
    """Free what FaxCompleteJobParams, a FaxEnum… or a FaxGet… function gave; using it afterwards raises FreedError.

    None is taken and nothing is done. Raises FreedError when it was freed before, and ValueError for a part of an
    array (free the array) and for what is no buffer at all.
    """
    if Buffer is None:
        return
    if type(Buffer) is _Freed:
        raise FreedError("This was freed before")
    if not isinstance(Buffer, Freeable):
        raise ValueError(f"{Buffer!r} is not what a fax function gave")
    if "_in_array" in Buffer.__dict__:
        raise ValueError("This is a part of an array, which is freed as a whole")
    Buffer._free()


LocalFree = FaxFreeBuffer
"""Frees a FAX_EVENT that came through a queue."""
