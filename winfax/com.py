"""What the objects of the COM generation share: how they fail, how they are made, and how a collection counts.

What always holds: a failure is a ``com_error`` with the HRESULT that COM would have given; a Win32 code ``c`` is
``0x80070000 | c``. A property that does not exist is an AttributeError, as everywhere in Python; one that can only be
read refuses to be written, and one that can only be written refuses to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

from winfax.constants import ERROR_INVALID_PARAMETER
from winfax.errors import GetLastError, last_error_text

__all__ = ["com_error"]

S_OK = 0
REGDB_E_CLASSNOTREG = 0x80040154
_FACILITY_WIN32 = 0x80070000

Member = TypeVar("Member")
Got = TypeVar("Got")


class com_error(Exception):  # the name that Python's programs for COM know
    """A method or property failed. ``hresult``: unsigned, 32 bit; ``winerror``: its Win32 code, or None."""

    def __init__(self, hresult: int, text: str = "") -> None:
        super().__init__(hresult, text)
        self.hresult = hresult
        self.strerror = text

    @property
    def winerror(self) -> int | None:
        return self.hresult & 0xFFFF if self.hresult & 0xFFFF0000 == _FACILITY_WIN32 else None

    def __str__(self) -> str:
        return f"0x{self.hresult:08X}" + (f": {self.strerror}" if self.strerror else "")


def failure(code: int, text: str = "") -> com_error:
    """The ``com_error`` of a Win32 code."""
    return com_error(_FACILITY_WIN32 | code, text)


def checked(ok: bool) -> None:
    """Raises the ``com_error`` of the last error where a function of the literal layer has failed."""
    if not ok:
        raise failure(GetLastError(), last_error_text())


def got(result: tuple[bool, Got | None]) -> Got:
    """What a function of the literal layer gave out. Raises the ``com_error`` of the last error."""
    checked(result[0])
    assert result[1] is not None
    return result[1]


class Collection(Generic[Member]):
    """A snapshot: ``Count`` and ``Item(1)`` to ``Item(Count)``; Python may iterate over it as well."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = tuple(members)

    @property
    def Count(self) -> int:
        return len(self._members)

    def Item(self, index: int) -> Member:
        """The ``index``-th, counted from 1. com_error: there is none."""
        if isinstance(index, bool) or not isinstance(index, int) or not 1 <= index <= len(self._members):
            raise failure(
                ERROR_INVALID_PARAMETER, f"there is no item {index!r}: they are counted from 1 to {self.Count}"
            )
        return self._members[index - 1]

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Member, ...]: ...
    def __getitem__(self, index: int | slice) -> Member | tuple[Member, ...]:
        """As a Python sequence, counted from 0."""
        return self._members[index]

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)
