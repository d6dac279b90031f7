"""Builds the extension module ``codec._t4`` out of the C files beside it (cffi, API mode).

What always holds: the declarations are taken from ``t4.h`` itself, between its first enum and its end, so that header
and binding cannot differ. What it must not do: be imported when the house runs; only ``setup.py`` uses it.
"""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
SOURCES = (
    "t4_tables.c",
    "t4_rows.c",
    "t4_encode.c",
    "t4_decode.c",
    "t4_page.c",
    "t4_lines.c",
    "t4_damage.c",
    "t4_convert.c",
    "t4_edit.c",
    "t4_bitmap.c",
)


def declarations() -> str:
    """What of ``t4.h`` cffi is to know: all but the preprocessor's lines."""
    text = (HERE / "t4.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


ffibuilder = FFI()
ffibuilder.cdef(declarations())
ffibuilder.set_source(
    "codec._t4",
    '#include "t4.h"',
    sources=[f"codec/{name}" for name in SOURCES],
    depends=["codec/t4.h", "codec/t4_internal.h"],
    include_dirs=["codec"],
    extra_compile_args=["-O3", "-fno-strict-overflow"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)
