"""Builds the extension modules ``codec._t4`` and ``codec._t85`` out of the C files beside it (cffi, API mode).

What always holds: the declarations are taken from the headers themselves, so that header and binding cannot differ.
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
    "t4_preview.c",
    "t4_deflate.c",
    "t4_turn.c",
    "t4_octets.c",
)


def declarations(header: str) -> str:
    """What of a header cffi is to know: all but comments and the preprocessor's lines."""
    text = (HERE / header).read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def builder(module: str, header: str, sources: tuple[str, ...], libraries: list[str]) -> FFI:
    ffi = FFI()
    ffi.cdef(declarations(header))
    ffi.set_source(
        module,
        f'#include "{header}"',
        sources=[f"codec/{name}" for name in sources],
        depends=[str(path.relative_to(HERE.parent)) for path in sorted(HERE.glob("*.h"))],
        include_dirs=["codec"],
        libraries=libraries,
        extra_compile_args=["-O3", "-fno-strict-overflow"],
    )
    return ffi


t4 = builder("codec._t4", "t4.h", SOURCES, [])
t85 = builder("codec._t85", "t85.h", ("t85.c",), ["jbig"])
