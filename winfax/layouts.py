"""The C types that members are declared with, and the sizes of structures that follow from them.

What always holds: a size is what a C compiler makes of the same members in the same order, reckoned with ctypes, for
pointers of 32 and of 64 bits.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from typing import Any, TypeAlias

from winfax.times import FILETIME, SYSTEMTIME

DWORD: TypeAlias = int
WORD: TypeAlias = int
BOOL: TypeAlias = int
STR: TypeAlias = str | None
HDC: TypeAlias = Any
HCALL: TypeAlias = int
NAME16: TypeAlias = str
THREE_POINTERS: TypeAlias = tuple[int, int, int]

POINTER_BITS = 64 if sys.maxsize > 1 << 32 else 32
_POINTERS = {32: ctypes.c_uint32, 64: ctypes.c_uint64}
_PLAIN: dict[str, Any] = {
    "DWORD": ctypes.c_uint32,
    "HCALL": ctypes.c_uint32,
    "WORD": ctypes.c_uint16,
    "BOOL": ctypes.c_int32,
    "NAME16": ctypes.c_uint16 * 16,  # WCHAR[MAX_COMPUTERNAME_LENGTH + 1]
    "SYSTEMTIME": ctypes.c_uint16 * 8,
    "FILETIME": ctypes.c_uint32 * 2,
    "FAX_TIME": ctypes.c_uint16 * 2,
}
_WITH_POINTERS = {"STR": 1, "HDC": 1, "THREE_POINTERS": 3}

__all__ = [
    "BOOL",
    "DWORD",
    "FILETIME",
    "HCALL",
    "HDC",
    "NAME16",
    "POINTER_BITS",
    "STR",
    "SYSTEMTIME",
    "THREE_POINTERS",
    "WORD",
    "size_of",
]


def size_of(members: Mapping[str, str], pointer_bits: int) -> int:
    """The octets of a structure whose members, in order, have these types, by the names that stand here."""
    pointer = _POINTERS[pointer_bits]

    def kind(name: str) -> Any:
        if name in _PLAIN:
            return _PLAIN[name]
        count = _WITH_POINTERS[name]
        return pointer if count == 1 else pointer * count

    fields = [(member, kind(name)) for member, name in members.items()]
    return ctypes.sizeof(type("Layout", (ctypes.Structure,), {"_fields_": fields}))
